import type { X509Certificate } from "node:crypto";
import type { Permit } from "../authority/authorize.ts";
import type { RequestKey } from "../deployment/requests.ts";
import { SoloError } from "../errors.ts";
import { recordOf } from "../identity/certificate-register.ts";
import { type IssuedCertificate, parseSpiffeId, type SpiffeId } from "../identity/index.ts";
import { keyThumbprint } from "../identity/key-thumbprint.ts";
import type { IssueContext } from "./issue-certificate.ts";

/** Certificates of one key that are good at a time: renewing early and often must not fill the memory. */
const mostOfKey = 8;

/** Who is to be renewed. @throws {SoloError} `CERTIFICATE_NOT_RENEWABLE` */
export function planRenewal(
  { register }: Pick<IssueContext, "register">,
  { caller }: Permit<"CertificateService/Renew">,
  { publicKey }: X509Certificate,
): SpiffeId {
  const id = parseSpiffeId(caller.spiffeId);
  // Nothing that a request can reach makes a certificate that stands above tenants.
  if (id === undefined || id.role !== "agent") throw notRenewable(`the identity ${caller.spiffeId}`);
  const live = register.ofKey(keyThumbprint(publicKey)).length;
  if (live >= mostOfKey) throw notRenewable(`a key with ${live} certificates that have not expired`);
  return id;
}

/** Makes a fresh certificate for the key and the name of the one that the caller connected with. */
export function renewCertificate(
  context: IssueContext,
  permit: Permit<"CertificateService/Renew">,
  key: RequestKey,
  leaf: X509Certificate,
): Promise<IssuedCertificate> {
  const { register, state } = context;
  return context.requests.once(permit, key, (answering) =>
    register.inTurn(async () => {
      const { tenant, holder } = planRenewal(context, permit, leaf);
      const issued = await context.identity.issue({ tenant, holder, key: leaf.publicKey });
      const record = recordOf(issued, context.clock.wallMs());
      if (register.isRevoked(record.keyThumbprint)) throw revokedMeanwhile();
      const { spiffeId, serialNumber, expiresAtMs } = record;
      const { correlationId } = permit;
      await state.commit({
        tenant,
        events: [
          {
            body: { type: "certificate.renewed", spiffeId, serialNumber, expiresAtMs },
            correlationId,
            actor: permit.caller.spiffeId,
          },
        ],
        puts: [register.put(record), ...answering.answered(issued)],
      });
      register.know(record);
      return issued;
    }),
  );
}

const notRenewable = (found: string): SoloError =>
  new SoloError("CERTIFICATE_NOT_RENEWABLE", `Cannot renew the certificate of ${found}`, {
    found,
    wanted: `an agent whose key has fewer than ${mostOfKey} certificates that have not expired`,
  });

const revokedMeanwhile = (): SoloError =>
  new SoloError("CERTIFICATE_REVOKED", "Cannot renew the certificate: it was revoked meanwhile", {
    found: "a certificate that was revoked",
    wanted: "a certificate that was not taken back",
  });
