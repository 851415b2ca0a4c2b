import type { Permit } from "../../authority/authorize.ts";
import { readGrants } from "../../authority/read-grants.ts";
import type { RequestKey } from "../../deployment/requests.ts";
import { quoted, SoloError } from "../../errors.ts";
import type { EventBody } from "../../events/event.ts";
import type { StoredRecord } from "../../ports/state-store.ts";
import type { CapabilityContext } from "./context.ts";
import { prepareGrant, readHolder } from "./grant.ts";

/** A wish for grants, and what became of it. */
export interface KeptWish {
  readonly id: string;
  readonly state: "pending" | "granted" | "refused";
  readonly spiffeId: string;
  /** As `readHolder` reads it. */
  readonly holder: string;
  readonly grants: readonly string[];
  readonly lifetimeSeconds: number;
  readonly reason: string;
  readonly requestedAtMs: number;
  readonly decidedAtMs?: number;
  readonly decidedBy?: string;
  readonly answer?: string;
  readonly cid?: string;
}

/** Wishes of one tenant that nobody has decided on yet. */
const mostPending = 100;
const keptMs = 7 * 86_400_000;
const longestText = 500;

/** Notes what somebody wants, for who may grant it. */
export function requestCapability(
  context: CapabilityContext,
  permit: Permit<"CapabilityService/RequestCapability">,
  key: RequestKey,
  wish: Pick<KeptWish, "holder" | "grants" | "lifetimeSeconds" | "reason">,
): Promise<KeptWish> {
  checkWish(wish);
  const { tenant, correlationId, caller } = permit;
  return context.requests.once(permit, key, async (answering) => {
    const pending = (await wishesOf(context, tenant)).filter(({ state }) => state === "pending");
    if (pending.length >= mostPending) throw tooMany(pending.length);
    const kept: KeptWish = {
      ...wish,
      id: key.requestId,
      state: "pending",
      reason: wish.reason.slice(0, longestText),
      spiffeId: caller.spiffeId,
      requestedAtMs: context.clock.wallMs(),
    };
    const { id, spiffeId, grants } = kept;
    const body: EventBody = { type: "capability.requested", id, spiffeId, grants, reason: kept.reason };
    await context.state.commit({
      tenant,
      events: [{ body, correlationId, actor: caller.spiffeId }],
      puts: [put(context, kept), ...answering.answered(kept)],
    });
    return kept;
  });
}

/** @throws {SoloError} `CAPABILITY_MALFORMED` */
export function checkWish({ grants }: Pick<KeptWish, "grants">): void {
  readGrants(grants);
}

/** Newest first. */
export async function wishesOf(
  { state }: Pick<CapabilityContext, "state">,
  tenant: string,
): Promise<readonly KeptWish[]> {
  const stored = await state.list({ tenant, collection: "capability-wish", limit: 1_000 });
  return stored.map(decode).sort((one, other) => other.requestedAtMs - one.requestedAtMs);
}

/** Grants a wish, as a part of what the decider holds, or refuses it; once. */
export function decideWish(
  context: CapabilityContext,
  permit: Permit<"CapabilityService/DecideCapabilityRequest">,
  key: RequestKey,
  decision: { readonly id: string; readonly grant: boolean; readonly answer: string },
): Promise<KeptWish> {
  const { tenant, correlationId, caller } = permit;
  return context.requests.once(permit, key, async (answering) => {
    const stored = await context.state.get(tenant, { collection: "capability-wish", key: decision.id });
    const wish = stored === undefined ? undefined : decode(stored);
    if (stored === undefined || wish === undefined) throw unknownWish(decision.id);
    if (wish.state !== "pending") throw decided(wish);
    const decidedAtMs = context.clock.wallMs();
    const answer = decision.answer.slice(0, longestText);
    const actor = caller.spiffeId;
    const by = { decidedAtMs, decidedBy: actor, answer };
    const expect = [{ collection: "capability-wish", key: decision.id, revision: stored.revision }] as const;
    const { id } = wish;
    permit.assertLive();
    if (!decision.grant) {
      const refused: KeptWish = { ...wish, ...by, state: "refused" };
      await context.state.commit({
        tenant,
        events: [{ body: { type: "capability.request-refused", id, answer }, correlationId, actor }],
        puts: [put(context, refused), ...answering.answered(refused)],
        expect,
      });
      return refused;
    }
    const prepared = await prepareGrant(context.authority, permit, {
      holder: readHolder(wish.holder),
      grants: readGrants(wish.grants),
      lifetimeSeconds: wish.lifetimeSeconds,
      label: `asked for as ${id}`,
      standing: true,
    });
    const granted: KeptWish = { ...wish, ...by, state: "granted", cid: prepared.issued.cid };
    await context.state.commit({
      tenant,
      events: [{ body: prepared.event, correlationId, actor }],
      puts: [put(context, granted), ...prepared.puts, ...answering.answered(granted)],
      expect,
    });
    prepared.taken();
    return granted;
  });
}

const put = ({ clock }: CapabilityContext, wish: KeptWish) => ({
  collection: "capability-wish" as const,
  key: wish.id,
  value: new TextEncoder().encode(JSON.stringify(wish)),
  expiresAtMs: clock.wallMs() + keptMs,
});

const decode = ({ value }: StoredRecord): KeptWish => JSON.parse(new TextDecoder().decode(value)) as KeptWish;

const unknownWish = (id: string): SoloError =>
  new SoloError("CAPABILITY_REQUEST_NOT_FOUND", `Cannot decide on the request ${quoted(id)}: there is none`, {
    found: quoted(id),
    wanted: "the id of a request of the last 7 days",
    field: "id",
    command: "solo cap requests --all",
  });

const decided = ({ id, state, decidedBy }: KeptWish): SoloError =>
  new SoloError("CAPABILITY_REQUEST_DECIDED", `Cannot decide on the request ${quoted(id)} again: it is ${state}`, {
    found: `a request that ${decidedBy ?? "somebody"} has ${state}`,
    wanted: "a request that is pending",
    field: "id",
    command: "solo cap requests --all",
  });

const tooMany = (used: number): SoloError =>
  new SoloError("CAPABILITY_REQUESTS_FULL", "Cannot take the request: too many of the tenant wait for a decision", {
    found: `${used} requests`,
    wanted: `fewer than ${mostPending}`,
    quota: { subject: "capability_requests", limit: mostPending, used },
  });
