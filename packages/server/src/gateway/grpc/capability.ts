import {
  CapabilityRequestState,
  type CapabilityServiceServer,
  DecideCapabilityRequestRequest,
  GrantCapabilityRequest,
  RenounceCapabilityRequest,
  RequestCapabilityRequest,
  RevokeCapabilityRequest,
  RotateKeyRequest,
  type Capability as WireCapability,
  type CapabilityRequest as WireWish,
} from "@solo/proto";
import type { CapabilityContext } from "../../administration/capabilities/context.ts";
import {
  defaultLifetimeSeconds,
  grantCapability,
  prepareGrant,
  readHolder,
  type Wish,
} from "../../administration/capabilities/grant.ts";
import {
  checkLeavesAdministrator,
  checkSubject,
  renounceCapability,
  renouncedBy,
  revokeCapability,
  type Subject,
} from "../../administration/capabilities/revoke.ts";
import { checkRotation, rotateKey } from "../../administration/capabilities/rotate-key.ts";
import {
  checkWish,
  decideWish,
  type KeptWish,
  requestCapability,
  wishesOf,
} from "../../administration/capabilities/wishes.ts";
import type { IssuedCapability } from "../../authority/authority.ts";
import { explainFor } from "../../authority/explain.ts";
import { formatGrant } from "../../authority/grant-text.ts";
import { kernelTenant } from "../../authority/names.ts";
import { malformed, readGrants } from "../../authority/read-grants.ts";
import { quoted } from "../../errors.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, unary } from "./method.ts";
import { requestKey } from "./request-key.ts";

const tenantOf = ({ tenant }: { readonly tenant: string }) => (tenant === "" ? {} : { tenant });

/** The voucher is the kernel's. */
const ownerOfKey = (request: RotateKeyRequest) => (request.voucher ? { tenant: kernelTenant } : tenantOf(request));

/** `solo.v1.CapabilityService`. */
export const capabilityService = (
  context: MethodContext,
  capabilities: CapabilityContext,
): MethodsOf<CapabilityServiceServer> => ({
  grantCapability: unary(context, "CapabilityService/GrantCapability", tenantOf, async (request, { permit }) => {
    const key = requestKey(permit.method, request.requestId, GrantCapabilityRequest.encode(request).finish());
    const wish = wishOf(request);
    const issued = request.validateOnly
      ? (await prepareGrant(capabilities.authority, permit, wish)).issued
      : await grantCapability(capabilities, permit, key, wish);
    const { tenant } = permit;
    return {
      capability: toCapability(tenant, { ...issued, revoked: false }),
      bundle: request.validateOnly ? "" : issued.bundle,
    };
  }),

  revokeCapability: unary(context, "CapabilityService/RevokeCapability", tenantOf, async (request, { permit }) => {
    const key = requestKey(permit.method, request.requestId, RevokeCapabilityRequest.encode(request).finish());
    const subject = subjectOf(request.subject);
    checkSubject(subject);
    checkLeavesAdministrator(capabilities, permit.tenant, subject);
    if (!request.validateOnly) {
      await revokeCapability(capabilities, permit, key, { subject, reason: request.reason });
    }
    return {};
  }),

  rotateKey: unary(context, "CapabilityService/RotateKey", ownerOfKey, async (request, { permit }) => {
    const key = requestKey(permit.method, request.requestId, RotateKeyRequest.encode(request).finish());
    const terms = { isStolen: request.withdraw, isVoucher: request.voucher };
    checkRotation(permit.tenant, terms);
    return request.validateOnly ? { kid: "", previousKid: "" } : rotateKey(capabilities, permit, key, terms);
  }),

  renounceCapability: unary(
    context,
    "CapabilityService/RenounceCapability",
    () => ({}),
    async (request, { permit, holding, named }) => {
      const key = requestKey(permit.method, request.requestId, RenounceCapabilityRequest.encode(request).finish());
      const { bundle, reason } = request;
      const held = await holding.capabilities(named);
      if (request.validateOnly) return { cid: renouncedBy(held, bundle) };
      return { cid: await renounceCapability(capabilities, permit, key, { capabilities: held, bundle, reason }) };
    },
  ),

  listCapabilities: unary(
    context,
    "CapabilityService/ListCapabilities",
    tenantOf,
    async (_request, { permit: { tenant } }) => ({
      capabilities: capabilities.authority.list(tenant).map((issued) => toCapability(tenant, issued)),
    }),
  ),

  presentCapability: unary(
    context,
    "CapabilityService/PresentCapability",
    () => ({}),
    async ({ bundle, proof }, { holding }) => ({
      handle: await holding.present(bundle, proof === "" ? undefined : proof),
    }),
  ),

  explainCapability: unary(
    context,
    "CapabilityService/ExplainCapability",
    tenantOf,
    async ({ ability, resource }, { permit: { tenant }, holding, named }) =>
      explainFor(capabilities.authority.verifier, await holding.capabilities(named), {
        tenant,
        ability,
        path: resource,
      }),
  ),

  requestCapability: unary(
    context,
    "CapabilityService/RequestCapability",
    () => ({}),
    async (request, { permit, holding }) => {
      const key = requestKey(permit.method, request.requestId, RequestCapabilityRequest.encode(request).finish());
      const { grants, reason, validateOnly } = request;
      const lifetimeSeconds = request.lifetimeSeconds || defaultLifetimeSeconds;
      checkWish({ grants });
      const wish = { holder: `jkt:${holding.keyThumbprint}`, grants, lifetimeSeconds, reason };
      if (validateOnly) return { request: undefined };
      return { request: toWish(await requestCapability(capabilities, permit, key, wish)) };
    },
  ),

  listCapabilityRequests: unary(
    context,
    "CapabilityService/ListCapabilityRequests",
    tenantOf,
    async (request, granted) => {
      const { tenant, caller } = granted.permit;
      const wishes = await wishesOf(capabilities, tenant);
      const held = request.all ? await granted.holding.capabilities(granted.named) : [];
      if (request.all) {
        const { verifier } = capabilities.authority;
        explainFor(verifier, held, { tenant, ability: "cap/approve", path: "cap" }, { orThrow: true });
      }
      const shown = request.all ? wishes : wishes.filter(({ spiffeId }) => spiffeId === caller.spiffeId);
      return { requests: shown.map(toWish) };
    },
  ),

  decideCapabilityRequest: unary(
    context,
    "CapabilityService/DecideCapabilityRequest",
    tenantOf,
    async (request, { permit }) => {
      const key = requestKey(permit.method, request.requestId, DecideCapabilityRequestRequest.encode(request).finish());
      const { id, grant, answer } = request;
      if (request.validateOnly) return { request: undefined };
      return { request: toWish(await decideWish(capabilities, permit, key, { id, grant, answer })) };
    },
  ),
});

/** Longest label that a token takes. */
const longestLabel = 128;

function wishOf(request: GrantCapabilityRequest): Wish {
  const { holder, grants, lifetimeSeconds, label, standing, depth } = request;
  if (label.length > longestLabel || /\p{C}/u.test(label)) {
    throw malformed("label", quoted(label), `at most ${longestLabel} characters, none of them a control character`);
  }
  if (depth !== undefined && depth > 7) throw malformed("depth", String(depth), "0 to 7");
  return {
    holder: readHolder(holder),
    grants: readGrants(grants),
    lifetimeSeconds: lifetimeSeconds || defaultLifetimeSeconds,
    label,
    standing,
    depth,
  };
}

function subjectOf(subject: RevokeCapabilityRequest["subject"]): Subject {
  switch (subject?.$case) {
    case "cid":
      return { kind: "link", cid: subject.value };
    case "childrenOf":
      return { kind: "children", cid: subject.value };
    case "holder":
      return { kind: "holder", holder: subject.value };
    case "everything":
      return { kind: "epoch" };
    case undefined:
      throw malformed("subject", "nothing", "one of cid, children_of, holder and everything");
  }
}

function toCapability(tenant: string, issued: IssuedCapability & { readonly revoked: boolean }): WireCapability {
  const below = `solo://${tenant}/`;
  return {
    cid: issued.cid,
    holder: issued.holderId,
    label: issued.label,
    grants: issued.grants.map((grant) =>
      formatGrant({
        ...grant,
        resource: grant.resource.startsWith(below) ? grant.resource.slice(below.length) : grant.resource,
      }),
    ),
    issuedAt: new Date(issued.issuedAtMs),
    expiresAt: new Date(issued.expiresAtSeconds * 1_000),
    standing: issued.standing,
    revoked: issued.revoked,
    parents: [...issued.parents],
  };
}

const states = {
  pending: CapabilityRequestState.CAPABILITY_REQUEST_STATE_PENDING,
  granted: CapabilityRequestState.CAPABILITY_REQUEST_STATE_GRANTED,
  refused: CapabilityRequestState.CAPABILITY_REQUEST_STATE_REFUSED,
} as const;

const toWish = (wish: KeptWish): WireWish => ({
  id: wish.id,
  state: states[wish.state],
  spiffeId: wish.spiffeId,
  grants: [...wish.grants],
  lifetimeSeconds: wish.lifetimeSeconds,
  reason: wish.reason,
  requestedAt: new Date(wish.requestedAtMs),
  decidedAt: wish.decidedAtMs === undefined ? undefined : new Date(wish.decidedAtMs),
  decidedBy: wish.decidedBy ?? "",
  answer: wish.answer ?? "",
  cid: wish.cid ?? "",
});
