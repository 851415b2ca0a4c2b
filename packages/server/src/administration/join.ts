import type { KeyObject } from "node:crypto";
import { longestLifeSeconds, type Prepared } from "../authority/authority.ts";
import type { Permit } from "../authority/authorize.ts";
import type { Denials } from "../authority/denials.ts";
import { kernelTenant } from "../authority/names.ts";
import { SoloError } from "../errors.ts";
import { recordOf } from "../identity/certificate-register.ts";
import type { IssuedCertificate } from "../identity/index.ts";
import { keyThumbprint } from "../identity/key-thumbprint.ts";
import { hashOfCode, type Invitation } from "./invitations.ts";
import type { InviteContext } from "./invite.ts";
import { freeKey, readKey } from "./issue-certificate.ts";

export interface JoinContext extends InviteContext {
  readonly denials: Denials;
}

export interface Joining {
  readonly code: string;
  readonly publicKeyPem: string;
  /** `host:port` of who asks. */
  readonly remote: string;
}

/**
 * Gives a new client its first certificate. Who has no code that is good is refused before anything else it sends is read, and
 * put on record.
 *
 * @throws {SoloError} `INVITATION_UNKNOWN`, `INVITATION_EXPIRED`, `INVITATION_USED`, `JOIN_REFUSED`, `KEY_REFUSED`
 */
export async function join(
  context: JoinContext,
  permit: Permit<"CertificateService/Join">,
  joining: Joining,
): Promise<IssuedCertificate & { readonly tenant: string }> {
  const { invitations, register, denials } = context;
  const hash = hashOfCode(joining.code);
  const refuse = async (error: SoloError, tenant = kernelTenant): Promise<never> => {
    const { correlationId, method } = permit;
    // Refused whether it could be recorded or not.
    await denials.record({ tenant, actor: "unknown", correlationId, method, error }).catch(() => undefined);
    throw error;
  };
  const blockedForMs = invitations.blockedForMs(joining.remote);
  if (blockedForMs !== undefined) return refuse(tooOften(blockedForMs));
  if (hash === undefined || invitations.find(hash) === undefined) {
    invitations.guessed(joining.remote);
    return refuse(unknown(joining.code));
  }
  return register.inTurn(async () => {
    const invitation = invitations.find(hash) as Invitation;
    const { tenant, used, expiresAtMs } = invitation;
    const isLate = context.clock.wallMs() >= expiresAtMs;
    if (used === undefined && isLate) return refuse(expired(expiresAtMs), tenant);
    // The caller may not have got the answer.
    if (used !== undefined && (isLate || (await thumbprintOf(joining)) !== used.keyThumbprint)) {
      return refuse(alreadyUsed(), tenant);
    }
    if (used !== undefined) return { ...used.answer, tenant };
    return { ...(await admit(context, permit, { hash, invitation, publicKeyPem: joining.publicKeyPem })), tenant };
  });
}

async function admit(
  context: JoinContext,
  { correlationId }: Permit<"CertificateService/Join">,
  {
    hash,
    invitation,
    publicKeyPem,
  }: { readonly hash: string; readonly invitation: Invitation; readonly publicKeyPem: string },
): Promise<IssuedCertificate> {
  const { identity, register, invitations, state } = context;
  const { tenant, holder } = invitation;
  const key: KeyObject = await freeKey(context, publicKeyPem);
  const issued = await identity.issue({ tenant, holder, key });
  const record = recordOf(issued, context.clock.wallMs());
  const { spiffeId, serialNumber, expiresAtMs } = record;
  const held = await authorityOf(context, invitation, record.keyThumbprint);
  const used = { ...invitation, used: { keyThumbprint: record.keyThumbprint, answer: issued } };
  await state.commit({
    tenant,
    events: [
      { body: { type: "invitation.used", spiffeId, serialNumber, expiresAtMs }, correlationId, actor: spiffeId },
      ...(held === undefined ? [] : [{ body: held.event, correlationId, actor: spiffeId }]),
    ],
    puts: [...(held?.puts ?? []), register.put(record), invitations.put(hash, used)],
  });
  register.know(record);
  invitations.know(hash, used);
  held?.taken();
  return issued;
}

/** What the invitation promised. @throws {SoloError} If its inviter could no longer give it. */
async function authorityOf(
  { authority }: JoinContext,
  { tenant, holder, authority: promised }: Invitation,
  thumbprint: string,
): Promise<Prepared | undefined> {
  if (promised.kind === "none") return undefined;
  const issue = {
    holder: { kind: "thumbprint", thumbprint },
    grants: promised.grants,
    label: `agent ${holder}`,
    standing: true,
  } as const;
  if (promised.kind === "root") {
    const { grantedBy = [] } = promised;
    return authority.prepare({ ...issue, tenant, lifetimeSeconds: longestLifeSeconds, grantedBy });
  }
  const own = await authority.own(promised.bundle);
  return authority.prepareFrom(own, { ...issue, lifetimeSeconds: authority.secondsLeft(own) });
}

const thumbprintOf = async ({ publicKeyPem }: Joining): Promise<string> => keyThumbprint(await readKey(publicKeyPem));

const unknown = (code: string): SoloError =>
  new SoloError("INVITATION_UNKNOWN", "Cannot join: this server has given out no such code", {
    found: code === "" ? "no code" : `a code of ${code.length} characters`,
    wanted: "a code as `solo cert invite` of this server has printed it, whole",
    field: "code",
  });

const expired = (expiresAtMs: number): SoloError =>
  new SoloError("INVITATION_EXPIRED", "Cannot join: the code's time is over", {
    found: `a code that was good until ${new Date(expiresAtMs).toISOString()}`,
    wanted: "a code that was made less than 10 minutes ago",
    field: "code",
  });

const alreadyUsed = (): SoloError =>
  new SoloError("INVITATION_USED", "Cannot join: somebody has joined by this code", {
    found: "a code that was used, by another key",
    wanted: "a code that nobody has used",
    field: "code",
  });

const tooOften = (retryAfterMs: number): SoloError =>
  new SoloError("JOIN_REFUSED", "Cannot join: too many wrong codes have come from this address", {
    found: "10 wrong codes within a minute",
    wanted: "fewer",
    retryAfterMs: Math.ceil(retryAfterMs),
  });
