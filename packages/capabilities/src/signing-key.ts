import { base64url, CompactSign, type CryptoKey, compactVerify, exportJWK, generateKeyPair, importJWK } from "jose";
import { hasExactly } from "./canonical-json.ts";
import type { Holder } from "./link.ts";
import { type PublicJwk, readPublicJwk, thumbprintOf } from "./public-key.ts";

const algorithm = "EdDSA";

/** A private key as text, to keep it or to hand it over. */
export interface PrivateJwk extends PublicJwk {
  readonly d: string;
}

let signer: (key: SigningKey) => CryptoKey;
let made: (key: CryptoKey, publicJwk: PublicJwk) => SigningKey;

/** A key that signs, for an issuer or a holder. The private part cannot be read out of it. */
export class SigningKey {
  readonly #key: CryptoKey;
  readonly publicJwk: PublicJwk;
  /** RFC 7638; as the name of an issuer's key it is the `kid`. */
  readonly thumbprint: string;

  private constructor(key: CryptoKey, publicJwk: PublicJwk) {
    this.#key = key;
    this.publicJwk = publicJwk;
    this.thumbprint = thumbprintOf(publicJwk);
  }

  /** This key as the one whom a capability is for. */
  get holder(): Holder {
    return { kind: "key", jwk: this.publicJwk };
  }

  static {
    signer = (key) => key.#key;
    made = (key, publicJwk) => new SigningKey(key, publicJwk);
  }
}

/** Makes a new Ed25519 key. It is gone with the program; see {@link generatePrivateJwk} for one to keep. */
export async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { crv: "Ed25519", extractable: false });
  return made(privateKey, publicPart(await exportJWK(publicKey)));
}

/** Makes a new Ed25519 key as text. Whoever reads it can sign with it. */
export async function generatePrivateJwk(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(algorithm, { crv: "Ed25519", extractable: true });
  const { d, ...rest } = await exportJWK(privateKey);
  return { ...publicPart(rest), d: String(d) };
}

/**
 * Makes a key that signs of its text.
 *
 * @throws {TypeError} If it is not a private Ed25519 key.
 */
export async function importSigningKey(jwk: PrivateJwk): Promise<SigningKey> {
  if (!hasExactly(jwk, ["crv", "kty", "x", "d"])) throw new TypeError("Cannot import key: wanted crv, kty, x and d");
  const { crv, kty, x, d } = jwk;
  const key = await importJWK({ crv, kty, x, d }, algorithm, { extractable: false });
  if (key instanceof Uint8Array) throw new TypeError("Cannot import key: it is not one of Ed25519");
  return made(key, publicPart({ crv, kty, x }));
}

function publicPart(jwk: object): PublicJwk {
  const { crv, kty, x } = jwk as PublicJwk;
  return readPublicJwk({ crv, kty, x });
}

/** Signs claims under a closed header. */
export function sign(key: SigningKey, header: { typ: string; kid?: string }, claims: object): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: algorithm, ...header })
    .sign(signer(key));
}

/** A public key that jose can check signatures with; its bytes as they are take half the time of a JWK. */
export async function importPublicJwk({ x }: PublicJwk): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", base64url.decode(x) as Uint8Array<ArrayBuffer>, "Ed25519", false, ["verify"]);
}

/** Whether a token is signed with a key, which may be made meanwhile: the one place where signatures are checked. */
export async function isSignedBy(jws: string, key: CryptoKey | (() => Promise<CryptoKey>)): Promise<boolean> {
  try {
    // One call would do for both, if its types were not apart.
    if (typeof key === "function") await compactVerify(jws, key, { algorithms: [algorithm] });
    else await compactVerify(jws, key, { algorithms: [algorithm] });
    return true;
  } catch {
    return false;
  }
}
