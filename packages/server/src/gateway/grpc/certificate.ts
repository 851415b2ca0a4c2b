import {
  type Certificate,
  type CertificateServiceServer,
  InviteRequest,
  IssueRequest,
  type IssueResponse,
  type JoinRequest,
  KeyType,
  type ListCertificatesRequest,
  RenewRequest,
  RevokeCertificateRequest,
} from "@solo/proto";
import { invite, planInvitation } from "../../administration/invite.ts";
import {
  type IssueContext,
  issueCertificate,
  type NewIdentity,
  planCertificate,
} from "../../administration/issue-certificate.ts";
import { type JoinContext, join } from "../../administration/join.ts";
import { planRenewal, renewCertificate } from "../../administration/renew-certificate.ts";
import {
  planRevocation,
  type Revocation,
  type RevokeContext,
  revokeCertificates,
} from "../../administration/revoke-certificates.ts";
import type { WantedAuthority } from "../../administration/standing-authority.ts";
import type { Resource } from "../../authority/authorize.ts";
import { readGrants } from "../../authority/read-grants.ts";
import { SoloError } from "../../errors.ts";
import type { CertificateName, CertificateRecord } from "../../identity/certificate-register.ts";
import { fingerprintOf, formatSpiffeId } from "../../identity/index.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, unary } from "./method.ts";
import { fromPageToken, pageSize, toPageToken } from "./page.ts";
import { requestKey } from "./request-key.ts";

export type CertificateContext = IssueContext & JoinContext & RevokeContext;

/** `solo.v1.CertificateService`. The tenant of the certificate is the subject of the request, not where the caller acts. */
export const certificateService = (
  context: MethodContext,
  certificates: CertificateContext,
): MethodsOf<CertificateServiceServer> => ({
  issue: unary(
    context,
    "CertificateService/Issue",
    ({ tenant, holder }: IssueRequest) => about(tenant, holder || "agent"),
    async (request, { permit }): Promise<IssueResponse> => {
      const key = requestKey(permit.method, request.requestId, IssueRequest.encode(request).finish());
      const asked = parseNewIdentity(request);
      if (request.validateOnly) {
        await planCertificate(certificates, permit, asked);
        const spiffeId = formatSpiffeId({ ...asked, role: "agent" });
        return { certificateChainPem: "", privateKeyPem: "", rootPem: "", spiffeId, expiresAt: undefined };
      }
      const issued = await issueCertificate(certificates, permit, key, asked);
      return { ...issued, expiresAt: new Date(issued.expiresAtMs) };
    },
  ),

  renew: unary(
    context,
    "CertificateService/Renew",
    () => ({}),
    async (request: RenewRequest, { permit, leaf: leafOf }) => {
      const leaf = leafOf();
      if (leaf === undefined) throw connectionGone();
      // Whoever asks is all that a request says: the same id from another certificate is another request.
      const content = Buffer.concat([RenewRequest.encode(request).finish(), Buffer.from(fingerprintOf(leaf))]);
      const key = requestKey(permit.method, request.requestId, content);
      if (request.validateOnly) {
        planRenewal(certificates, permit, leaf);
        return { certificateChainPem: "", rootPem: "", spiffeId: permit.caller.spiffeId, expiresAt: undefined };
      }
      const { expiresAtMs, ...issued } = await renewCertificate(certificates, permit, key, leaf);
      return { ...issued, expiresAt: new Date(expiresAtMs) };
    },
  ),

  invite: unary(
    context,
    "CertificateService/Invite",
    ({ tenant, holder }: InviteRequest) => about(tenant, holder || "agent"),
    async (request, { permit }) => {
      const key = requestKey(permit.method, request.requestId, InviteRequest.encode(request).finish());
      const { tenant } = request;
      const invited = { tenant, holder: request.holder || "agent", authority: parseAuthority(request) };
      const code = request.validateOnly
        ? await planInvitation(certificates, permit, invited).then(() => undefined)
        : await invite(certificates, permit, key, invited);
      return {
        code: code?.code ?? "",
        expiresAt: code === undefined ? undefined : new Date(code.expiresAtMs),
        spiffeId: formatSpiffeId({ ...invited, role: "agent" }),
      };
    },
  ),

  join: unary(
    context,
    "CertificateService/Join",
    () => ({}),
    async ({ code, publicKeyPem }: JoinRequest, { permit, remote }) => {
      const { expiresAtMs, ...joined } = await join(certificates, permit, { code, publicKeyPem, remote });
      return { ...joined, expiresAt: new Date(expiresAtMs) };
    },
  ),

  listCertificates: unary(
    context,
    "CertificateService/ListCertificates",
    ({ tenant, holder }: ListCertificatesRequest) => about(tenant, holder),
    async (request, { permit: { tenant } }) => {
      const size = pageSize(request.pageSize);
      const after = fromPageToken(request.pageToken);
      const found = certificates.register
        .list(tenant)
        .filter(({ holder }) => request.holder === "" || holder === request.holder);
      // A certificate that has expired since cannot be gone on from: its page token begins anew.
      const begin = after === "" ? 0 : found.findIndex(({ serialNumber }) => serialNumber.toLowerCase() === after) + 1;
      const page = found.slice(begin, begin + size);
      const last = page.at(-1);
      const more = last !== undefined && begin + size < found.length;
      return {
        certificates: page.map(toCertificateMessage),
        nextPageToken: more ? toPageToken(last.serialNumber.toLowerCase()) : "",
      };
    },
  ),

  revokeCertificate: unary(
    context,
    "CertificateService/RevokeCertificate",
    (request: RevokeCertificateRequest) => about(request.tenant, holderOf(certificates, request)),
    async (request, { permit }) => {
      const key = requestKey(permit.method, request.requestId, RevokeCertificateRequest.encode(request).finish());
      const revocation: Revocation = { name: parseName(request), reason: request.reason };
      if (request.validateOnly) {
        return { certificates: planRevocation(certificates, permit, revocation).map(toCertificateMessage) };
      }
      const serialNumbers = await revokeCertificates(certificates, permit, key, revocation);
      const records = serialNumbers.flatMap((serialNumber) => certificates.register.find(serialNumber) ?? []);
      return { certificates: records.map(toCertificateMessage) };
    },
  ),
});

/** @throws {SoloError} `REQUEST_MALFORMED`, `CAPABILITY_MALFORMED` */
function parseNewIdentity(request: IssueRequest): NewIdentity {
  const { tenant, holder, keyType, publicKeyPem } = request;
  if (publicKeyPem !== "" && keyType !== KeyType.KEY_TYPE_UNSPECIFIED) {
    throw contradiction(
      "public_key_pem and key_type",
      "a key that is named, or the type of one that is made",
      "key_type",
    );
  }
  return {
    tenant,
    holder: holder === "" ? "agent" : holder,
    key:
      publicKeyPem === ""
        ? { kind: "new", type: keyType === KeyType.KEY_TYPE_ED25519 ? "ed25519" : "p256" }
        : { kind: "given", publicKeyPem },
    authority: parseAuthority(request),
  };
}

function parseAuthority({ grants, noAuthority }: Pick<IssueRequest, "grants" | "noAuthority">): WantedAuthority {
  if (noAuthority && grants.length > 0) {
    throw contradiction(
      "grants and no_authority",
      "what the identity may do, or that it may do nothing",
      "no_authority",
    );
  }
  if (noAuthority) return { kind: "none" };
  return grants.length === 0 ? { kind: "usual" } : { kind: "grants", grants: readGrants(grants) };
}

const contradiction = (found: string, wanted: string, field: string): SoloError =>
  new SoloError("REQUEST_MALFORMED", `Cannot tell what to issue: found ${found}`, { found, wanted, field });

const connectionGone = (): SoloError =>
  new SoloError("CERTIFICATE_MISSING", "Cannot renew the certificate: the connection is closed", {
    found: "a connection that is closed",
    wanted: "an open connection with a valid certificate",
  });

const about = (tenant: string, holder: string): Resource => ({
  ...(tenant === "" ? {} : { tenant }),
  ...(holder === "" ? {} : { name: holder }),
});

/** Whose certificate it is that a request means: what may be done with it may be granted for one holder alone. */
function holderOf({ register }: CertificateContext, { tenant, ...request }: RevokeCertificateRequest): string {
  if (request.holder !== "") return request.holder;
  const record =
    request.serialNumber === ""
      ? register.findByFingerprint(readFingerprint(request.fingerprint))
      : register.find(readSerialNumber(request.serialNumber));
  // Of another tenant than the one that is named, nothing is told.
  return record?.tenant === tenant ? record.holder : "";
}

/** @throws {SoloError} `REQUEST_MALFORMED` */
function parseName({ serialNumber, fingerprint, holder }: RevokeCertificateRequest): CertificateName {
  const given = [serialNumber, fingerprint, holder].filter((name) => name !== "");
  if (given.length !== 1) {
    throw new SoloError("REQUEST_MALFORMED", "Cannot tell which certificate is meant", {
      found: `${given.length} of serial_number, fingerprint and holder`,
      wanted: "exactly one of them",
      field: "serial_number",
    });
  }
  if (serialNumber !== "") return { kind: "serial-number", serialNumber: readSerialNumber(serialNumber) };
  if (fingerprint !== "") return { kind: "fingerprint", fingerprint: readFingerprint(fingerprint) };
  return { kind: "holder", holder };
}

/** As tools print it: in any case, with or without colons. */
const readSerialNumber = (text: string): string => text.replaceAll(":", "").toUpperCase();

function readFingerprint(text: string): string {
  const hex = text.replaceAll(":", "");
  return /^[0-9a-f]{64}$/i.test(hex) ? Buffer.from(hex, "hex").toString("base64url") : text;
}

const toCertificateMessage = ({ issuedAtMs, expiresAtMs, revoked, ...record }: CertificateRecord): Certificate => ({
  ...record,
  issuedAt: new Date(issuedAtMs),
  expiresAt: new Date(expiresAtMs),
  revokedAt: revoked === undefined ? undefined : new Date(revoked.atMs),
  revocationReason: revoked?.reason ?? "",
});
