import { inspect, mayRevoke, type RevocationEvent, type VerifiedCapability } from "@solo/capabilities";
import { longestLifeSeconds } from "../../authority/authority.ts";
import type { Permit } from "../../authority/authorize.ts";
import { kernelTenant } from "../../authority/names.ts";
import { malformed } from "../../authority/read-grants.ts";
import type { RequestKey } from "../../deployment/requests.ts";
import { quoted, SoloError } from "../../errors.ts";
import type { EventBody } from "../../events/event.ts";
import { lockedOut } from "../locked-out.ts";
import type { CapabilityContext } from "./context.ts";

/** What is to be taken back. */
export type Subject =
  | { readonly kind: "link" | "children"; readonly cid: string }
  | { readonly kind: "holder"; readonly holder: string }
  | { readonly kind: "epoch" };

const idForm = /^[A-Za-z0-9_-]{43}$/;

/** @throws {SoloError} `CAPABILITY_MALFORMED` */
export function checkSubject(subject: Subject): void {
  if (subject.kind === "epoch") return;
  const id = "cid" in subject ? subject.cid : subject.holder;
  if (!idForm.test(id))
    throw malformed(subject.kind === "holder" ? "holder" : "cid", quoted(id), "43 characters of base64url");
}

/** @throws {SoloError} `ADMIN_IN_USE` if nobody would be left who may do anything. */
export function checkLeavesAdministrator(
  { authority, administrator }: Pick<CapabilityContext, "authority" | "administrator">,
  chainsOf: string,
  subject: Subject,
): void {
  if (chainsOf !== kernelTenant) return;
  const own = authority.standingOf(administrator).map(({ cid }) => cid);
  const isOwn =
    "cid" in subject ? own.includes(subject.cid) : subject.kind === "epoch" || subject.holder === administrator;
  if (isOwn) throw lockedOut();
}

/** Takes back. When it resolves nothing below begins any more, and what goes on was aborted. */
export function revokeCapability(
  context: CapabilityContext,
  permit: Permit<"CapabilityService/RevokeCapability">,
  key: RequestKey,
  { subject, reason }: { readonly subject: Subject; readonly reason: string },
): Promise<null> {
  checkSubject(subject);
  return context.requests.once<null>(permit, key, async (answering) => {
    permit.assertLive();
    await revoke(context, permit, { chainsOf: permit.tenant, subject, reason, puts: answering.answered(null) });
    return null;
  });
}

/**
 * Takes back what is the caller's own, or hangs below it: the bundle shows that, since each link names the one before it.
 *
 * @returns The cid of the link that has ended.
 * @throws {SoloError} `CAPABILITY_DENIED`
 */
export async function renounceCapability(
  context: CapabilityContext,
  permit: Permit<"CapabilityService/RenounceCapability">,
  key: RequestKey,
  given: { readonly capabilities: readonly VerifiedCapability[]; readonly bundle: string; readonly reason: string },
): Promise<string> {
  const { capabilities, bundle, reason } = given;
  const cid = renouncedBy(capabilities, bundle);
  const found = inspect(bundle);
  const chainsOf = found.kind === "inspected" ? found.tenant : permit.tenant;
  return context.requests.once(permit, key, async (answering) => {
    await revoke(context, permit, { chainsOf, subject: { kind: "link", cid }, reason, puts: answering.answered(cid) });
    return cid;
  });
}

/** The link that a bundle ends in, if it is one's own or hangs below that. @throws {SoloError} `CAPABILITY_DENIED` */
export function renouncedBy(capabilities: readonly VerifiedCapability[], bundle: string): string {
  const found = inspect(bundle);
  const cid = found.kind === "inspected" ? found.links.at(-1)?.cid : undefined;
  if (cid === undefined) throw malformed("bundle", "a text that is no capability", "a bundle of links joined by ~");
  if (!capabilities.some((capability) => mayRevoke(capability, { cid, bundle }))) {
    throw new SoloError("CAPABILITY_DENIED", "Cannot take back the capability: it does not hang below one of yours", {
      found: `the link ${cid}`,
      wanted: "your own capability, or one that was made below it",
      field: "bundle",
      metadata: { code: "CAP_RESOURCE" },
    });
  }
  return cid;
}

async function revoke(
  context: CapabilityContext,
  { tenant, correlationId, caller }: Permit,
  change: {
    /** The tenant in whose chains it is taken back. */
    readonly chainsOf: string;
    readonly subject: Subject;
    readonly reason: string;
    readonly puts: NonNullable<Parameters<CapabilityContext["authority"]["revoke"]>[2]["puts"]>;
  },
): Promise<void> {
  const { authority, clock } = context;
  const { chainsOf, subject, reason, puts } = change;
  checkLeavesAdministrator(context, chainsOf, subject);
  // A link that nobody here has seen may live as long as any.
  const latest = Math.floor(clock.wallMs() / 1_000) + longestLifeSeconds;
  const revocation = revocationOf(subject, {
    tenant: chainsOf,
    epoch: authority.epochOf(chainsOf) + 1,
    expiresAtSeconds:
      ("cid" in subject ? authority.find(chainsOf, subject.cid)?.expiresAtSeconds : undefined) ?? latest,
  });
  const id =
    "cid" in subject ? subject.cid : "holder" in subject ? subject.holder : String(authority.epochOf(chainsOf) + 1);
  const body: EventBody = {
    type: "capability.revoked",
    scope: subject.kind,
    id,
    reason: reason.slice(0, longestReason),
  };
  await authority.revoke(tenant, revocation, { event: { body, correlationId, actor: caller.spiffeId }, puts });
}

const longestReason = 500;

function revocationOf(
  subject: Subject,
  { tenant, epoch, expiresAtSeconds }: { tenant: string; epoch: number; expiresAtSeconds: number },
): RevocationEvent {
  switch (subject.kind) {
    case "link":
      return { kind: "link-revoked", cid: subject.cid, expiresAtSeconds, tenant };
    case "children":
      return { kind: "children-revoked", cid: subject.cid, expiresAtSeconds, tenant };
    case "holder":
      return { kind: "holder-revoked", holderId: subject.holder, tenant };
    case "epoch":
      return { kind: "epoch-raised", tenant, epoch };
  }
}
