import { base64url } from "jose";
import { isCanonicalBase64url } from "./base64url.ts";
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
  if (!isCanonicalBase64url(x)) throw new Refused("CAP_ENCODING");
  if (weakKeys.has(x)) throw new Refused("CAP_WEAK_KEY");
  return Object.freeze({ crv, kty, x });
}

/** RFC 7638, as 43 characters of base64url. */
export function thumbprintOf({ x }: PublicJwk): string {
  return sha256(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);
}

/** The y coordinates of the points of order 1, 2, 4 and 8 that are below the prime, least significant byte first. */
const lowOrder = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/** From the prime, 2^255 - 19, on: each is a point below it spelt once more, two of them of low order. */
const abovePrime = Array.from({ length: 19 }, (_, index) => `${(0xed + index).toString(16)}${"ff".repeat(30)}7f`);

/** All of these as they stand in a token, with either sign of x, which is the top bit. */
const weakKeys: ReadonlySet<string> = new Set(
  [...lowOrder, ...abovePrime].flatMap((hex) => {
    const bytes = Uint8Array.from({ length: 32 }, (_, index) =>
      Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
    );
    const other = bytes.with(31, Number(bytes[31]) | 0x80);
    return [base64url.encode(bytes), base64url.encode(other)];
  }),
);
