// The certificate library registers its parts through reflect-metadata, which must run first.
import "reflect-metadata";
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";
import { promisify } from "node:util";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as X509Name,
} from "@peculiar/x509";
import { formatSpiffeId, formatTenantId, type SpiffeId } from "./spiffe-id.ts";

/**
 * A certificate authority: the root, or the intermediate of one tenant.
 *
 * Keys of authorities are P-256; a leaf's may be Ed25519. Ends of life never outlive the issuer's. Certificates begin five minutes before they are made,
 * since clocks of two machines differ.
 */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
  /** Certificates that it had before a renewal and that are still valid. What they signed is still good. */
  readonly former: readonly X509Certificate[];
}

const dayMs = 86_400_000;
const lifeMs = { root: 3_650 * dayMs, tenant: 365 * dayMs, leaf: 90 * dayMs };
const clockDifferenceMs = 300_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Keys that a leaf may have. */
export type KeyType = "p256" | "ed25519";

/** Makes a private key. */
export async function generateKey(type: KeyType = "p256"): Promise<KeyObject> {
  if (type === "ed25519") return (await promisify(generateKeyPair)("ed25519")).privateKey;
  return (await promisify(generateKeyPair)("ec", { namedCurve: "P-256" })).privateKey;
}

/** Makes the root of an installation: 10 years, at most one intermediate below it. */
export async function createRoot(nowMs: number): Promise<Authority> {
  const privateKey = await generateKey();
  const certificate = await certify({
    subject: `CN=SOLO root ${randomBytes(4).toString("hex")}`,
    subjectKey: createPublicKey(privateKey),
    issuer: { privateKey },
    nowMs,
    lifeMs: lifeMs.root,
    extensions: authorityExtensions(1),
  });
  return { certificate, privateKey, former: [] };
}

/** Makes the intermediate of a tenant, with a new key: one year, issues leaves only. Takes the place of `before`. */
export async function createTenantAuthority(
  root: Authority,
  tenant: string,
  nowMs: number,
  before?: Authority,
): Promise<Authority> {
  const privateKey = await generateKey();
  const certificate = await certify({
    subject: `CN=SOLO tenant ${tenant}`,
    subjectKey: createPublicKey(privateKey),
    issuer: root,
    nowMs,
    lifeMs: lifeMs.tenant,
    extensions: [...authorityExtensions(0), alternativeNames([{ type: "url", value: formatTenantId(tenant) }])],
  });
  const past = before === undefined ? [] : [before.certificate, ...before.former];
  return { certificate, privateKey, former: past.filter(({ validToDate }) => validToDate.getTime() > nowMs) };
}

/** What a leaf is for. */
export interface LeafRequest {
  readonly id: SpiffeId;
  /** Public. */
  readonly key: KeyObject;
  /** Names and addresses a client may reach the holder by. Present for a server, and then the leaf is only a server's. */
  readonly hostNames?: readonly string[];
  readonly nowMs: number;
  /** Default: 90 days. */
  readonly lifeMs?: number;
}

/** Makes a leaf: exactly one SPIFFE id. */
export async function issueLeaf(authority: Authority, request: LeafRequest): Promise<X509Certificate> {
  const names: JsonGeneralName[] = [{ type: "url", value: formatSpiffeId(request.id) }];
  for (const host of request.hostNames ?? []) names.push({ type: isIP(host) === 0 ? "dns" : "ip", value: host });
  return certify({
    subject: `CN=${request.id.holder}`,
    subjectKey: request.key,
    issuer: authority,
    nowMs: request.nowMs,
    lifeMs: request.lifeMs ?? lifeMs.leaf,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([
        request.hostNames === undefined ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth,
      ]),
      alternativeNames(names),
    ],
  });
}

/** Whether two thirds of the certificate's life are over. */
export function isRenewalDue(certificate: X509Certificate, nowMs: number): boolean {
  const fromMs = certificate.validFromDate.getTime();
  const toMs = certificate.validToDate.getTime();
  return nowMs >= fromMs + ((toMs - fromMs) * 2) / 3;
}

/** Key, certificate and former certificates as one PEM text, so that one file holds all or nothing. */
export function formatAuthority({ privateKey, certificate, former }: Authority): string {
  return [formatKey(privateKey), certificate.toString(), ...former.map(String)].join("");
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g;

/**
 * Reads {@link formatAuthority}.
 *
 * @throws {Error} If either part is missing or broken, or if they do not belong together.
 */
export function parseAuthority(text: string): Authority {
  const privateKey = createPrivateKey(text);
  const [certificate, ...former] = text.match(certificateBlock)?.map((pem) => new X509Certificate(pem)) ?? [];
  if (!certificate?.ca) throw new Error("The certificate is not an authority's");
  if (!certificate.checkPrivateKey(privateKey)) throw new Error("The key is not the certificate's");
  return { certificate, privateKey, former };
}

/** A private key as PKCS #8 PEM. */
export function formatKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

interface CertificateRequest {
  readonly subject: string;
  /** Public. */
  readonly subjectKey: KeyObject;
  /** Without a certificate: the subject itself. */
  readonly issuer: Pick<Authority, "privateKey"> & Partial<Pick<Authority, "certificate">>;
  readonly nowMs: number;
  readonly lifeMs: number;
  readonly extensions: readonly Extension[];
}

async function certify(request: CertificateRequest): Promise<X509Certificate> {
  const { privateKey: issuerKey, certificate: issuer } = request.issuer;
  const subjectPublicKey = verifyingKey(request.subjectKey);
  const endMs = Math.min(request.nowMs + request.lifeMs, issuer?.validToDate.getTime() ?? Number.POSITIVE_INFINITY);
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: request.subject,
      // Taken from the issuer's bytes: a name encoded differently would break the chain.
      issuer: issuer === undefined ? request.subject : new X509Name(issuer.raw).subjectName,
      notBefore: new Date(request.nowMs - clockDifferenceMs),
      notAfter: new Date(endMs),
      publicKey: subjectPublicKey,
      signingKey: issuerKey.toCryptoKey(algorithm, true, ["sign"]),
      signingAlgorithm: algorithm,
      extensions: [
        ...request.extensions,
        await SubjectKeyIdentifierExtension.create(subjectPublicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(verifyingKey(createPublicKey(issuerKey)), false, webcrypto),
      ],
    },
    webcrypto,
  );
  return new X509Certificate(new Uint8Array(made.rawData));
}

function authorityExtensions(pathLength: number): Extension[] {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

function alternativeNames(names: JsonGeneralName[]): Extension {
  return new SubjectAlternativeNameExtension(names);
}

function verifyingKey(publicKey: KeyObject): webcrypto.CryptoKey {
  return publicKey.toCryptoKey(publicKey.asymmetricKeyType === "ed25519" ? "Ed25519" : algorithm, true, ["verify"]);
}

/** 127 random bits; the first byte is neither negative nor zero, as RFC 5280 4.1.2.2 asks. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
