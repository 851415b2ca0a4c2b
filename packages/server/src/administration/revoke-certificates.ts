import { putOf } from "../authority/authority.ts";
import type { Permit } from "../authority/authorize.ts";
import { checkTenant } from "../authority/names.ts";
import type { RequestKey } from "../deployment/requests.ts";
import { quoted, SoloError } from "../errors.ts";
import type { CertificateName, CertificateRecord } from "../identity/certificate-register.ts";
import type { IssueContext } from "./issue-certificate.ts";
import { lockedOut } from "./locked-out.ts";

export interface RevokeContext
  extends Pick<IssueContext, "state" | "requests" | "register" | "clock" | "authority" | "identity"> {
  /** Ends at once every connection made with a certificate of that key. */
  readonly endConnections: (keyThumbprint: string) => void;
}

export interface Revocation {
  readonly name: CertificateName;
  readonly reason: string;
}

/** A transaction has room for more; this leaves some to the answer. */
const certificatesPerCommit = 400;
const longestReason = 200;

/** Certificates that a revocation would take back. @throws {SoloError} `CERTIFICATE_NOT_FOUND`, `TENANT_INVALID`, `ADMIN_IN_USE` */
export function planRevocation(
  { register, identity }: Pick<RevokeContext, "register" | "identity">,
  { tenant }: Permit<"CertificateService/RevokeCertificate">,
  { name }: Revocation,
): readonly CertificateRecord[] {
  if (name.kind === "holder") checkTenant(name.holder, "holder");
  const found = register.named(tenant, name);
  if (found.some(({ keyThumbprint }) => keyThumbprint === identity.adminKeyThumbprint)) throw lockedOut();
  if (found.length > 0) return found;
  const asked = { "serial-number": "serial number", fingerprint: "fingerprint", holder: "holder" }[name.kind];
  const value =
    name.kind === "holder" ? name.holder : name.kind === "fingerprint" ? name.fingerprint : name.serialNumber;
  throw new SoloError(
    "CERTIFICATE_NOT_FOUND",
    `Cannot revoke: tenant "${tenant}" has no certificate of the ${asked} ${quoted(value)}`,
    {
      found: `no certificate of the ${asked} ${quoted(value)} that is still valid`,
      wanted: "a certificate that was issued in this tenant and has not expired",
    },
  );
}

/**
 * Takes certificates back, with their keys. Once it is durable no call of theirs begins any more, and what is open has ended; so
 * has all that these keys hold, and what was made of it: what they handed on, and what the services that they deployed may do.
 *
 * @returns Their serial numbers.
 * @throws {SoloError} `CERTIFICATE_NOT_FOUND`
 */
export function revokeCertificates(
  context: RevokeContext,
  permit: Permit<"CertificateService/RevokeCertificate">,
  key: RequestKey,
  revocation: Revocation,
): Promise<readonly string[]> {
  const { authority, register, state, clock } = context;
  return context.requests.once<readonly string[]>(permit, key, (answering) =>
    register.inTurn(async () => {
      const found = planRevocation(context, permit, revocation);
      const reason = revocation.reason.slice(0, longestReason).toWellFormed();
      const revoked = { atMs: clock.wallMs(), reason };
      const left = found.filter((record) => record.revoked === undefined).map((record) => ({ ...record, revoked }));
      const serialNumbers = found.map(({ serialNumber }) => serialNumber);
      permit.assertLive();
      for (let at = 0; at === 0 || at < left.length; at += certificatesPerCommit) {
        const some = left.slice(at, at + certificatesPerCommit);
        const isLast = at + certificatesPerCommit >= left.length;
        const keys = [...new Set(some.map((record) => record.keyThumbprint))];
        const revocations = keys.map((holderId) => ({ kind: "holder-revoked", holderId }) as const);
        const origin = { correlationId: permit.correlationId, actor: permit.caller.spiffeId };
        await state.commit({
          tenant: permit.tenant,
          events: [
            ...some.map(({ spiffeId, serialNumber, keyThumbprint }) => ({
              body: { type: "certificate.revoked", spiffeId, serialNumber, keyThumbprint, reason } as const,
              ...origin,
            })),
            ...keys.map((id) => ({
              body: { type: "capability.revoked", scope: "holder", id, reason } as const,
              ...origin,
            })),
          ],
          puts: [
            ...some.map((record) => register.put(record)),
            ...revocations.map(putOf),
            ...(isLast ? answering.answered(serialNumbers) : []),
          ],
        });
        for (const record of some) register.know(record);
        for (const keyThumbprint of keys) context.endConnections(keyThumbprint);
        await Promise.all(revocations.map((revocation) => authority.revoked(revocation, origin)));
      }
      return serialNumbers;
    }),
  );
}
