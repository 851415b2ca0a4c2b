import { sha256 as hash } from "@noble/hashes/sha2.js";
import { base64url } from "jose";

const encoder = new TextEncoder();

/**
 * SHA-256 of a text's UTF-8, as 43 characters of base64url.
 *
 * Not by WebCrypto: that answers with a promise, from another thread, which for half a kilobyte takes several times as long
 * as the hash itself.
 */
export function sha256(text: string): string {
  return base64url.encode(hash(encoder.encode(text)));
}
