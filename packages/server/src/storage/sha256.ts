import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";

const chunkBytes = 1024 * 1024;

/**
 * SHA-256 in lower-case hex.
 *
 * Lets the event loop turn after each megabyte (about 1 ms of work), so that a large artifact delays nobody.
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let from = 0; from < bytes.byteLength; from += chunkBytes) {
    if (from > 0) await setImmediate();
    hash.update(bytes.subarray(from, from + chunkBytes));
  }
  return hash.digest("hex");
}
