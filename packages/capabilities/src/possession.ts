import { base64url } from "jose";
import { decodeText, isCanonicalBase64url } from "./base64url.ts";
import type { Bundle, Chain } from "./bundle.ts";
import { hasExactly, parseCanonical } from "./canonical-json.ts";
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { DenialCode } from "./denial.ts";
import { sha256 } from "./digest.ts";
import { leewaySeconds, maxProofAgeSeconds, maxProofBytes } from "./limits.ts";
import { parseHeader, readId, readTime } from "./link.ts";
import { newId, type RandomBytes, randomBytes } from "./random.ts";
import { Refused } from "./refused.ts";
import { isSegment } from "./resource.ts";
import { importPublicJwk, isSignedBy, type SigningKey, sign } from "./signing-key.ts";

declare const brand: unique symbol;

/** A proof of possession as text: good for one bundle, one server and one connection. */
export type Proof = string & { readonly [brand]: "Proof" };

/**
 * What is known of a connection, and proves possession.
 *
 * - `mutual-tls`: the client showed a certificate, of whose key it holds the private part. `exporter`, where the TLS library
 *   gives it, lets a holder whose key is not the certificate's sign a proof.
 * - `tls`: the server alone showed one. A proof is signed.
 *
 * The exporter is TLS keying material for the label `EXPORTER-Channel-Binding` (RFC 9266), 32 bytes, no context.
 */
export type Channel =
  | {
      readonly kind: "mutual-tls";
      /** The tenant whose issuer signed the client's certificate. */
      readonly tenant: string;
      /** RFC 7638 thumbprint of the certificate's key, of whatever type. */
      readonly keyThumbprint: string;
      /** SHA-256 of the certificate's DER, in base64url. */
      readonly certificateSha256: string;
      readonly exporter?: Uint8Array;
      /** The service that the certificate names, for the caveat `via`. */
      readonly peer?: string;
    }
  | { readonly kind: "tls"; readonly exporter: Uint8Array };

const proofTyp = "solo-pop+jwt";

/** For whom and which connection a proof is. */
export interface ProofOptions {
  /** The service that verifies it. */
  readonly audience: string;
  /** The client's own end of {@link Channel}'s exporter. */
  readonly exporter: Uint8Array;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
}

/**
 * Signs that whoever is on this connection holds the key of a bundle's last link. Nobody can use it elsewhere.
 *
 * @throws {RangeError} If the exporter is shorter than 32 bytes, or the audience is no name of a service.
 */
export async function prove(bundle: Bundle, key: SigningKey, options: ProofOptions): Promise<Proof> {
  const { audience, clock = systemClock, random = randomBytes } = options;
  if (!isSegment(audience)) throw new RangeError("Cannot prove possession: the audience is no name of a service");
  const claims = {
    ath: sha256(bundle),
    aud: audience,
    cb: bindingOf(options.exporter),
    iat: Math.floor(clock.wallMs() / 1_000),
    jti: newId(random),
  };
  return (await sign(key, { typ: proofTyp }, claims)) as Proof;
}

/** @throws {RangeError} If it is shorter than 32 bytes: then it is not what binds to a channel. */
export function bindingOf(exporter: Uint8Array): string {
  if (exporter.byteLength < 32) {
    throw new RangeError(`Cannot bind to a channel: wanted 32 bytes or more of exporter, got ${exporter.byteLength}`);
  }
  return base64url.encode(exporter);
}

/** Whether the other end of a channel holds what a chain is for. @returns What is wrong. */
export async function objectionToHolder(
  chain: Chain,
  bundle: string,
  {
    channel,
    proof,
    audience,
    nowSeconds,
  }: {
    channel: Channel;
    proof: string | undefined;
    audience: string;
    nowSeconds: number;
  },
): Promise<DenialCode | undefined> {
  const { holder, holderId } = chain.links[chain.links.length - 1] ?? chain.links[0];
  if (channel.kind === "mutual-tls") {
    const shown = holder.kind === "certificate" ? channel.certificateSha256 : channel.keyThumbprint;
    if (shown === holderId) return undefined;
  }
  if (proof === undefined) return "CAP_PROOF_MISSING";
  if (holder.kind !== "key" || channel.exporter === undefined) return "CAP_PROOF_INVALID";
  const claims = readProof(proof);
  if (claims === undefined || claims.ath !== sha256(bundle) || claims.aud !== audience) return "CAP_PROOF_INVALID";
  const age = nowSeconds - claims.iat;
  if (age < -leewaySeconds || age > maxProofAgeSeconds) return "CAP_PROOF_INVALID";
  if (!(await isSignedBy(proof, () => importPublicJwk(holder.jwk)))) return "CAP_PROOF_INVALID";
  // Only a true proof can have been stolen from another connection.
  return claims.cb === bindingOf(channel.exporter) ? undefined : "CAP_PROOF_REPLAY";
}

/** @returns `undefined` if it has another form than {@link prove} gives it. */
function readProof(proof: string): { ath: string; aud: string; cb: string; iat: number } | undefined {
  try {
    if (typeof proof !== "string" || proof.length > maxProofBytes) return undefined;
    const [header, payload, signature, ...rest] = proof.split(".");
    if (header === undefined || payload === undefined || signature?.length !== 86 || rest.length > 0) return undefined;
    if (!isCanonicalBase64url(signature)) return undefined;
    parseHeader(header, [proofTyp], ["alg", "typ"]);
    const claims = parseCanonical(decodeText(payload));
    if (!hasExactly(claims, ["ath", "aud", "cb", "iat", "jti"])) return undefined;
    const { ath, aud, cb, iat, jti } = claims;
    if (!isSegment(aud) || typeof cb !== "string") return undefined;
    readId(jti, 22);
    return { ath: readId(ath, 43), aud, cb, iat: readTime(iat) };
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
