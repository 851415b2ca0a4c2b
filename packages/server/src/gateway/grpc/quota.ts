import { nearestName, type TenantLimitName, tenantLimitNamed, tenantLimitNames, tenantLimitRow } from "@solo/notation";
import { LimitAction, type LimitUse, type QuotaServiceServer, SetQuotaRequest } from "@solo/proto";
import type { DeploymentContext } from "../../deployment/context.ts";
import { addPromises } from "../../deployment/promises.ts";
import { quoted, SoloError } from "../../errors.ts";
import type { InFlight } from "../in-flight.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, unary } from "./method.ts";
import { requestKey } from "./request-key.ts";
import { tenantResource } from "./resource.ts";

/** `solo.v1.QuotaService`. */
export const quotaService = (
  context: MethodContext,
  deployments: DeploymentContext,
  inFlight: InFlight,
): MethodsOf<QuotaServiceServer> => ({
  getQuota: unary(context, "QuotaService/GetQuota", tenantResource, async (_request, { permit: { tenant } }) => ({
    tenant,
    limits: await usesOf(deployments, inFlight, tenant),
  })),

  setQuota: unary(context, "QuotaService/SetQuota", tenantResource, async (request, { permit }) => {
    const { tenant } = permit;
    const key = requestKey(permit.method, request.requestId, SetQuotaRequest.encode(request).finish());
    const change = changeOf(request.limits);
    if (!request.validateOnly) await deployments.quotas.set(deployments, permit, key, change);
    return { tenant, limits: await usesOf(deployments, inFlight, tenant) };
  }),
});

async function usesOf(deployments: DeploymentContext, inFlight: InFlight, tenant: string): Promise<LimitUse[]> {
  const { directory, quotas } = deployments;
  const living = [...directory.of(tenant)].filter((service) => service.isLive);
  const promised = addPromises(living.map((service) => service.record.manifest.limits));
  const used = { ...promised, ...(await deployments.kept(tenant)), callsInFlight: inFlight.of(tenant) };
  return tenantLimitNames.map((name) => ({
    limit: tenantLimitRow(name).wireName,
    used: BigInt(used[name]),
    allowed: BigInt(quotas.allowed(tenant, name)),
    soft: undefined,
    action: LimitAction.LIMIT_ACTION_THROTTLE,
    keptBy: "kernel",
    timesNeared: 0n,
    timesReached: BigInt(quotas.timesReached(tenant, name)),
  }));
}

/** @throws {SoloError} `QUOTA_INVALID`, with the limits that there are. */
function changeOf(limits: { readonly [name: string]: bigint }): { [Name in TenantLimitName]?: number | undefined } {
  const entries = Object.entries(limits);
  if (entries.length === 0) {
    throw invalid("Cannot set a quota: no limit is named", "no limit", wantedNames, "limits");
  }
  const change: { [Name in TenantLimitName]?: number | undefined } = {};
  for (const [text, value] of entries) {
    const name = tenantLimitNamed(text);
    if (name === undefined) {
      const meant = nearestName(text, knownNames);
      const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
      throw invalid(
        `Cannot set a quota: there is no limit ${quoted(text)}${hint}`,
        quoted(text),
        wantedNames,
        "limits",
      );
    }
    const { wireName, most, unit } = tenantLimitRow(name);
    if (value > BigInt(most)) {
      const message = `Cannot set the quota of ${wireName}: it is too large`;
      throw invalid(
        message,
        `${value}`,
        `at most ${most} ${unit}, or 0 for the server's default`,
        `limits.${wireName}`,
      );
    }
    change[name] = value === 0n ? undefined : Number(value);
  }
  return change;
}

const knownNames = tenantLimitNames.map((name) => tenantLimitRow(name).wireName);
const wantedNames = `one of ${knownNames.join(", ")}`;

const invalid = (message: string, found: string, wanted: string, field: string): SoloError =>
  new SoloError("QUOTA_INVALID", message, { found, wanted, field });
