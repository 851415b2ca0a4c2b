import { createHash, type KeyObject } from "node:crypto";

/** Members of a public key that RFC 7638 hashes, in its order, by the type of the key. */
const members: Readonly<Record<string, readonly string[]>> = {
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  RSA: ["e", "kty", "n"],
};

/** The RFC 7638 thumbprint of a public key, base64url: what capabilities are bound to, whatever certificate the key is in. */
export function keyThumbprint(key: KeyObject): string {
  const jwk: Readonly<Record<string, unknown>> = { ...key.export({ format: "jwk" }) };
  const named = (members[String(jwk.kty)] ?? []).map((name) => [name, jwk[name]]);
  return createHash("sha256")
    .update(JSON.stringify(Object.fromEntries(named)))
    .digest("base64url");
}
