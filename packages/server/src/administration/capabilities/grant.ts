import { type Grant, type Holder, SigningRefused, type VerifiedCapability } from "@solo/capabilities";
import type { Authority, IssuedCapability, Prepared } from "../../authority/authority.ts";
import type { Permit } from "../../authority/authorize.ts";
import { formatGrant, grantForm } from "../../authority/grant-text.ts";
import { kernelTenant } from "../../authority/names.ts";
import { malformed } from "../../authority/read-grants.ts";
import type { RequestKey } from "../../deployment/requests.ts";
import { quoted, SoloError } from "../../errors.ts";
import type { CapabilityContext } from "./context.ts";

/** What somebody is to be granted. */
export interface Wish {
  readonly holder: Holder;
  /** Below the tenant. */
  readonly grants: readonly Grant[];
  readonly lifetimeSeconds: number;
  readonly label: string;
  readonly standing: boolean;
  readonly depth?: number | undefined;
}

export const defaultLifetimeSeconds = 3_600;

/** @throws {SoloError} `CAPABILITY_MALFORMED` */
export function readHolder(text: string): Holder {
  const [, kind, value] = /^(jkt|key):([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (kind === "jkt" && value !== undefined) return { kind: "thumbprint", thumbprint: value };
  if (kind === "key" && value !== undefined) return { kind: "key", jwk: { kty: "OKP", crv: "Ed25519", x: value } };
  throw malformed(
    "holder",
    text === "" ? "nothing" : quoted(text),
    "jkt:THUMBPRINT or key:X, 43 characters of base64url",
  );
}

/**
 * Signs what is wished as a part of what the caller holds; an administrator's own capability, which is above tenants, as a root.
 *
 * @throws {SoloError} `CAPABILITY_DENIED` if it is more than the caller holds, `CAPABILITY_MALFORMED`
 */
export async function prepareGrant(
  authority: Authority,
  { capability, tenant }: Permit,
  { grants, depth, ...wish }: Wish,
): Promise<Prepared> {
  if (capability === undefined) throw new TypeError("Cannot grant: it was not decided by a capability");
  const absolute = grants.map((grant) => ({ ...grant, resource: `solo://${tenant}/${grant.resource}` }));
  const issue = { ...wish, grants: absolute, ...(depth === undefined ? {} : { depth }) };
  try {
    return isAboveTenants(capability)
      ? await authority.prepare({ ...issue, tenant, grantedBy: capability.cids })
      : await authority.prepareFrom(capability, issue);
  } catch (error) {
    if (error instanceof SigningRefused) throw grantRefused(error, grants);
    throw error;
  }
}

/** An administrator's own capability, not a part of one: a root has no caveats that another root would lose. */
function isAboveTenants({ tenant, cids }: VerifiedCapability): boolean {
  if (tenant !== kernelTenant) return false;
  if (cids.length === 1) return true;
  throw new SoloError("CAPABILITY_DENIED", "Cannot grant in a tenant by a part of an administrator's capability", {
    found: `a capability of ${cids.length} links`,
    wanted: "the administrator's own, or a capability of the tenant",
    metadata: { code: "CAP_TENANT" },
  });
}

/** Grants, durably, before anybody hears of it. */
export function grantCapability(
  { authority, state, requests }: CapabilityContext,
  permit: Permit<"CapabilityService/GrantCapability">,
  key: RequestKey,
  wish: Wish,
): Promise<IssuedCapability> {
  return requests.once(permit, key, async (answering) => {
    const { issued, event: body, puts, taken } = await prepareGrant(authority, permit, wish);
    permit.assertLive();
    await state.commit({
      tenant: permit.tenant,
      events: [{ body, correlationId: permit.correlationId, actor: permit.caller.spiffeId }],
      puts: [...puts, ...answering.answered(issued)],
    });
    taken();
    return issued;
  });
}

function grantRefused({ code }: SigningRefused, grants: readonly Grant[]): SoloError {
  const found = grants.map(formatGrant).join("; ");
  if (code !== "CAP_WIDENING") return malformed("grants", `${found}, which cannot be signed (${code})`, grantForm);
  return new SoloError("CAPABILITY_DENIED", "Cannot grant more than you hold", {
    found,
    wanted: "grants that are each within one of your own, and a capability that may be handed on",
    field: "grants",
    command: "solo cap list",
    metadata: { code },
  });
}
