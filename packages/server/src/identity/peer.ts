import "reflect-metadata";
import { createHash, type X509Certificate } from "node:crypto";
import { X509Certificate as ParsedCertificate, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { keyThumbprint } from "./key-thumbprint.ts";
import { parseSpiffeId, parseTenantId, type Role, systemTenant } from "./spiffe-id.ts";

/** What a peer showed in the handshake, and what OpenSSL thinks of it. */
export interface PresentedCertificate {
  /** `undefined` when the peer has none. */
  readonly leaf: X509Certificate | undefined;
  /** OpenSSL's reason to refuse, such as `CERT_HAS_EXPIRED`; `undefined` when it has none. */
  readonly opensslError: string | undefined;
}

/** The authorities that may vouch for a peer. */
export interface Trust {
  readonly roots: readonly X509Certificate[];
  /** Intermediates of that subject, as `X509Certificate` spells it, which this installation made and has not given up. */
  intermediatesNamed(subject: string): readonly X509Certificate[];
  /** Whether the certificates of that key were taken back. */
  isRevoked(keyThumbprint: string): boolean;
}

/** Who is at the other end of a connection, as proved by its certificate. */
export interface PeerIdentity {
  readonly spiffeId: string;
  readonly tenant: string;
  readonly role: Role;
  readonly holder: string;
  /** SHA-256 of the leaf, base64url without padding: the `x5t#S256` of RFC 8705. */
  readonly fingerprint: string;
  /** RFC 7638 thumbprint of the leaf's key: the same after a renewal. */
  readonly keyThumbprint: string;
  /** When the first certificate of the chain ends. */
  readonly expiresAtMs: number;
}

/** Why a peer has no identity. */
export type PeerRefusal =
  | "certificate-missing"
  | "certificate-untrusted"
  | "certificate-expired"
  | "certificate-revoked"
  | "certificate-not-yet-valid"
  | "certificate-purpose"
  | "identity-malformed"
  | "tenant-mismatch"
  | "role-not-allowed"
  | "connection-closed";

/** The answer to "who is this?". The message is safe to send to the peer. */
export type PeerVerdict =
  | { readonly kind: "identified"; readonly identity: PeerIdentity }
  | { readonly kind: "refused"; readonly reason: PeerRefusal; readonly message: string };

const clientAuth = "1.3.6.1.5.5.7.3.2";
const subjectAlternativeName = "2.5.29.17";

/**
 * Says who a peer is.
 *
 * OpenSSL's verdict is necessary, and then everything is checked again here: leaf, intermediate and root belong
 * together, are valid at `nowMs`, the intermediate is one of ours (whatever chain the peer sent: Node 24.21 does not
 * show it to a server), the leaf is a client's and carries exactly one URI name, and that name's tenant is the
 * tenant of the intermediate, so that a tenant's intermediate can never vouch for another tenant. Operators and servers
 * stand above tenants; only the system tenant's intermediate may vouch for them, and nothing that a request can reach
 * issues either. The common name is ignored.
 *
 * @param nowMs Wall clock.
 */
export function parsePeer(presented: PresentedCertificate, trust: Trust, nowMs: number): PeerVerdict {
  const { leaf } = presented;
  if (leaf === undefined) return refused("certificate-missing", "No client certificate was sent");
  if (presented.opensslError !== undefined) return refusedByOpenssl(presented.opensslError);

  const issuer = trust.intermediatesNamed(leaf.issuer).find((other) => isIssuedBy(leaf, other));
  const root = issuer && trust.roots.find((other) => isIssuedBy(issuer, other));
  if (issuer === undefined || root === undefined || !issuer.ca) {
    return refused("certificate-untrusted", "The client certificate was not issued by this server");
  }

  const chain = [leaf, issuer, root];
  const beginsAtMs = Math.max(...chain.map((certificate) => certificate.validFromDate.getTime()));
  const expiresAtMs = Math.min(...chain.map((certificate) => certificate.validToDate.getTime()));
  if (nowMs < beginsAtMs)
    return refused("certificate-not-yet-valid", `The client certificate is valid from ${iso(beginsAtMs)}`);
  if (nowMs >= expiresAtMs) return refusedAsExpired(expiresAtMs);
  if (leaf.ca || !leaf.keyUsage?.includes(clientAuth)) {
    return refused("certificate-purpose", "The certificate is not a client's");
  }

  const spiffeId = onlyUri(leaf);
  const id = spiffeId === undefined ? undefined : parseSpiffeId(spiffeId);
  if (spiffeId === undefined || id === undefined) {
    return refused("identity-malformed", "The client certificate must carry exactly one URI name, a SOLO identity");
  }
  const issuingTenant = parseTenantId(onlyUri(issuer) ?? "");
  if (issuingTenant !== id.tenant) {
    return refused(
      "tenant-mismatch",
      `The certificate claims tenant "${id.tenant}" but was not issued by that tenant's authority`,
    );
  }
  if (id.role !== "agent" && id.tenant !== systemTenant) {
    return refused("role-not-allowed", `Tenant "${id.tenant}" cannot have a certificate of role "${id.role}"`);
  }
  const thumbprint = keyThumbprint(leaf.publicKey);
  if (trust.isRevoked(thumbprint)) return refusedAsRevoked();
  return {
    kind: "identified",
    identity: { spiffeId, ...id, fingerprint: fingerprintOf(leaf), keyThumbprint: thumbprint, expiresAtMs },
  };
}

/** The `x5t#S256` of RFC 8705. */
export function fingerprintOf({ raw }: X509Certificate): string {
  return createHash("sha256").update(raw).digest("base64url");
}

/** The verdict on a certificate that was taken back. */
export function refusedAsRevoked(): PeerVerdict {
  return refused("certificate-revoked", "The client certificate was revoked");
}

/** The verdict on a certificate whose life is over. */
export function refusedAsExpired(expiresAtMs: number): PeerVerdict {
  return refused("certificate-expired", `The client certificate expired at ${iso(expiresAtMs)}`);
}

function refusedByOpenssl(code: string): PeerVerdict {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return refused("certificate-expired", "The client certificate has expired");
    case "CERT_NOT_YET_VALID":
      return refused("certificate-not-yet-valid", "The client certificate is not valid yet");
    case "INVALID_PURPOSE":
      return refused("certificate-purpose", "The certificate is not a client's");
    default:
      return refused("certificate-untrusted", `The client certificate cannot be verified (${code})`);
  }
}

function refused(reason: PeerRefusal, message: string): PeerVerdict {
  return { kind: "refused", reason, message };
}

function isIssuedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

/** The URI name of a certificate that has one such name in one extension; `undefined` otherwise. */
function onlyUri(certificate: X509Certificate): string | undefined {
  const extensions = new ParsedCertificate(certificate.raw).extensions.filter(
    ({ type }) => type === subjectAlternativeName,
  );
  const [extension] = extensions;
  if (extensions.length !== 1 || !(extension instanceof SubjectAlternativeNameExtension)) return undefined;
  const uris = extension.names.items.filter(({ type }) => type === "url");
  return uris.length === 1 ? uris[0]?.value : undefined;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
