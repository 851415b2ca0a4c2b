import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { importSigningKey, type SigningKey } from "@solo/capabilities";
import { usageFailure } from "./failure.ts";
import type { Profile } from "./profile.ts";

/** What others grant to the key of a profile by. */
export interface CapabilityKey {
  /** `jkt:THUMBPRINT`, for a key of any type. */
  readonly thumbprint: string;
  /** `key:X`, for one that can sign links of its own; undefined for another. */
  readonly signing: string | undefined;
}

export function capabilityKeyOf(profile: Pick<Profile, "privateKey">): CapabilityKey {
  const { kty, crv, x, y } = createPublicKey(privateKeyOf(profile)).export({ format: "jwk" });
  // RFC 7638: the members that make the key, in order of their names.
  const members = kty === "OKP" ? { crv, kty, x } : { crv, kty, x, y };
  const thumbprint = createHash("sha256").update(JSON.stringify(members)).digest("base64url");
  return { thumbprint: `jkt:${thumbprint}`, signing: kty === "OKP" && crv === "Ed25519" ? `key:${x}` : undefined };
}

/** @throws {Failure} If the key cannot sign links: then the server does, by `solo cap grant`. */
export async function signingKeyOf(profile: Pick<Profile, "privateKey" | "folder">): Promise<SigningKey> {
  const { kty, crv, x, d } = privateKeyOf(profile).export({ format: "jwk" });
  if (kty === "OKP" && crv === "Ed25519" && x !== undefined && d !== undefined) {
    return importSigningKey({ kty, crv, x, d });
  }
  throw usageFailure("Cannot narrow the capability offline: the profile's key does not sign capabilities", {
    found: `a key of type ${kty} ${crv ?? ""} in ${profile.folder}`,
    wanted: "an Ed25519 key",
    fix: "Have the server narrow it with `solo cap grant`, or a certificate issued with --key-type ed25519",
  });
}

function privateKeyOf({ privateKey }: Pick<Profile, "privateKey">): KeyObject {
  try {
    return createPrivateKey(privateKey);
  } catch (error) {
    throw usageFailure("Cannot read the key of the profile", {
      reason: "PROFILE_INVALID",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a private key, PEM",
    });
  }
}
