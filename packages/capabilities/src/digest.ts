import { sha256 as hash } from "@noble/hashes/sha2.js";
import { base64url } from "jose";

const encoder = new TextEncoder();

/**
 * SHA-256 of a text's UTF-8, as 43 characters of base64url.
 *
 * Not by WebCrypto: that answers with a promise, from another thread, which for half a kilobyte takes several times as long
 * as the hash itself. By the runtime where it answers at once, as Node, Deno and Bun do, in a tenth of the time.
 */
export const sha256: (text: string) => string = ofRuntime() ?? portably;

function portably(text: string): string {
  return base64url.encode(hash(encoder.encode(text)));
}

/** Asked for, not imported: a browser could not resolve that. */
function ofRuntime(): ((text: string) => string) | undefined {
  const { process } = globalThis as { readonly process?: { getBuiltinModule?(name: string): unknown } };
  const crypto = process?.getBuiltinModule?.("node:crypto") as { readonly hash?: OneShotHash } | undefined;
  const native = crypto?.hash;
  return native === undefined ? undefined : (text) => native("sha256", text, "base64url");
}

type OneShotHash = (algorithm: "sha256", text: string, encoding: "base64url") => string;
