import { nanoid } from "nanoid";
import type { Permit } from "../authority/authorize.ts";
import { checkNewTenant, checkTenant, kernelTenant } from "../authority/names.ts";
import type { RequestKey } from "../deployment/requests.ts";
import { formatSpiffeId } from "../identity/index.ts";
import { hashOfSecret, type Invitation, type Invitations } from "./invitations.ts";
import type { IssueContext } from "./issue-certificate.ts";
import { standingAuthority, type WantedAuthority } from "./standing-authority.ts";

export interface InviteContext extends IssueContext {
  readonly invitations: Invitations;
}

/** Who is invited, and to what. */
export interface Invited {
  readonly tenant: string;
  readonly holder: string;
  readonly authority: WantedAuthority;
}

/** What is kept of an answer: the code follows from the name. */
interface Made {
  readonly name: string;
  readonly expiresAtMs: number;
}

const lifeMs = 600_000;

/** Nobody's key, to see whether something could be signed for one. */
const someThumbprint = "A".repeat(43);

/** @throws {SoloError} `TENANT_INVALID`, `CAPABILITY_DENIED`, `CAPABILITY_MALFORMED` */
export async function planInvitation(
  { authority }: InviteContext,
  permit: Permit<"CertificateService/Invite">,
  { tenant, holder, authority: wanted }: Invited,
): Promise<Invitation["authority"]> {
  checkNewTenant(tenant);
  checkTenant(holder, "holder");
  const { capability } = permit;
  const held = await standingAuthority(authority, permit, {
    tenant,
    holder,
    thumbprint: someThumbprint,
    authority: wanted,
  });
  if (held === undefined || capability === undefined) return { kind: "none" };
  const { grants } = held.issued;
  if (capability.tenant === kernelTenant) return { kind: "root", grants, grantedBy: capability.cids };
  return { kind: "part", grants, bundle: await authority.entrust(capability, grants, `invitation of ${holder}`) };
}

/** Makes a code that is good once, for 10 minutes. The code itself is kept nowhere. */
export async function invite(
  context: InviteContext,
  permit: Permit<"CertificateService/Invite">,
  key: RequestKey,
  invited: Invited,
): Promise<{ readonly code: string; readonly expiresAtMs: number }> {
  const { identity, invitations, state } = context;
  const { tenant, holder } = invited;
  const { name, expiresAtMs } = await context.requests.once<Made>(permit, key, async (answering) => {
    const authority = await planInvitation(context, permit, invited);
    const answer = { name: nanoid(), expiresAtMs: context.clock.wallMs() + lifeMs };
    const hash = hashOfSecret(secretOf(identity, answer.name));
    const invitation: Invitation = { tenant, holder, authority, expiresAtMs: answer.expiresAtMs };
    const spiffeId = formatSpiffeId({ tenant, role: "agent", holder });
    permit.assertLive();
    await state.commit({
      tenant,
      events: [
        {
          body: { type: "invitation.made", spiffeId, expiresAtMs: answer.expiresAtMs },
          correlationId: permit.correlationId,
          actor: permit.caller.spiffeId,
        },
      ],
      puts: [invitations.put(hash, invitation), ...answering.answered(answer)],
    });
    invitations.know(hash, invitation);
    return answer;
  });
  return { code: `${secretOf(identity, name)}.${identity.rootFingerprint}`, expiresAtMs };
}

/** Worked out anew for an answer that is asked for again, so that it need not be kept. */
const secretOf = (identity: IssueContext["identity"], name: string): string =>
  identity.secretOf(`invitation/${name}`).toString("base64url");
