import { decodeBase64url } from "./base64url.ts";
import { hasExactly } from "./canonical-json.ts";
import { sha256 } from "./digest.ts";
import { Refused } from "./refused.ts";

/** A public key as it stands in a token: Ed25519 and nothing else. */
export interface PublicJwk {
  readonly crv: "Ed25519";
  readonly kty: "OKP";
  readonly x: string;
}

/**
 * Reads a public key.
 *
 * @throws {Refused} `CAP_CLAIMS`, `CAP_ENCODING`, or `CAP_WEAK_KEY` for one of the 14 encodings of points of low order, with
 * which one signature fits any message, and for a second spelling of any other point.
 */
export function readPublicJwk(value: unknown): PublicJwk {
  if (!hasExactly(value, ["crv", "kty", "x"])) throw new Refused("CAP_CLAIMS");
  const { crv, kty, x } = value;
  if (crv !== "Ed25519" || kty !== "OKP" || typeof x !== "string" || x.length !== 43) throw new Refused("CAP_CLAIMS");
  const bytes = decodeBase64url(x);
  if (isWeak(bytes)) throw new Refused("CAP_WEAK_KEY");
  return Object.freeze({ crv, kty, x });
}

/** RFC 7638, as 43 characters of base64url. */
export function thumbprintOf({ x }: PublicJwk): string {
  return sha256(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);
}

/** The y coordinates of the points of order 1, 2, 4 and 8 that are below the prime, least significant byte first. */
const lowOrder: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function isWeak(bytes: Uint8Array): boolean {
  // The top bit is the sign of x; the point is of low order with either.
  const y = bytes.slice();
  y[31] = Number(y[31]) & 0x7f;
  // From the prime on: a point below it, spelt once more. Two of these are of low order too.
  const isAbovePrime = Number(y[0]) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff);
  return isAbovePrime || lowOrder.has([...y].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
}
