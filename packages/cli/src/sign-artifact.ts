import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import type { ArtifactKind, Packaging } from "@solo/proto";
import type { ArtifactFile } from "./artifact-file.ts";
import { filesInBundle } from "./bundle/bundle-file.ts";
import { usageFailure } from "./failure.ts";
import type { Profile } from "./profile.ts";

/** Behind the name of the file that was signed. */
export const signatureEnding = ".sig";

/** A program that is a file by itself, and not inside an archive. */
const executable: Packaging = 1;

const bundle: ArtifactKind = 2;

/** What is signed, and as what. */
export interface ArtifactClaims {
  readonly tenant: string;
  readonly serviceId: string;
  /** Of the service; the server takes none that is older than what it has. */
  readonly release: number;
  /** What it may be granted, each as in a manifest: a deploy with any other is refused. */
  readonly grants: readonly string[];
}

/**
 * Signs an artifact with the key of a profile: its name, size, mode and SHA-256, those of each file inside a bundle, and what it may
 * be granted, for one service of one tenant. The server takes it from a key that holds `deploy/sign` on the service.
 *
 * @returns A compact JWS of the type `solo-art+jwt`.
 */
export async function signArtifact(
  profile: Pick<Profile, "privateKey" | "capability">,
  artifact: Pick<ArtifactFile, "name" | "bytes" | "kind" | "program" | "path">,
  { tenant, serviceId, release, grants }: ArtifactClaims,
): Promise<string> {
  // Of all commands only this one signs.
  const { CompactSign } = await import("jose");
  const key = createPrivateKey(profile.privateKey);
  const { kty, crv, x, y } = createPublicKey(key).export({ format: "jwk" });
  const isEd25519 = key.asymmetricKeyType === "ed25519";
  const { name, bytes, kind, program, path } = artifact;
  const claims = {
    v: 1,
    tnt: tenant,
    svc: serviceId,
    rel: release,
    iat: Math.floor(Date.now() / 1_000),
    files: [
      {
        path: name,
        sha256: createHash("sha256").update(bytes).digest("hex"),
        size: bytes.length,
        mode: program?.packaging === executable ? 0o755 : 0o644,
      },
    ],
    ...(kind === bundle && { contents: contentsOf(path, bytes) }),
    ...(program === undefined || program.entry === "" ? {} : { entry: program.entry }),
    grants,
    ...(profile.capability === undefined ? {} : { cap: profile.capability }),
  };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({
      alg: isEd25519 ? "EdDSA" : "ES256",
      typ: "solo-art+jwt",
      jwk: isEd25519 ? { kty, crv, x } : { kty, crv, x, y },
    } as never)
    .sign(key);
}

function contentsOf(path: string, bytes: Buffer): ReturnType<typeof filesInBundle> {
  try {
    return filesInBundle(bytes);
  } catch (error) {
    throw usageFailure(`Cannot sign ${path}`, { found: String(error), wanted: "a bundle, as solo build makes it" });
  }
}
