import { createCipheriv, createDecipheriv, randomFillSync } from "node:crypto";

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const ivBytes = 12;
/** Without saying so, Node opens what carries a tag of 4 bytes, which takes an attacker no time to guess. */
const tagBytes = 16;
const options = { authTagLength: tagBytes } as const;

/** A random key of AES-256. Its owner wipes it. */
export function newKey(): Buffer {
  return randomFillSync(secretBuffer(keyBytes));
}

/** Memory for a secret: never a slice of a pool, which others read and which is not freed with it. */
export function secretBuffer(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes);
}

/** Forgets a secret in this memory. Copies that others have made are theirs. */
export function wipe(secret: Uint8Array | undefined): void {
  secret?.fill(0);
}

/**
 * AES-256-GCM with a random 96-bit nonce and a 128-bit tag.
 *
 * @param binding What it is bound to, see `bindingOf`.
 * @returns Nonce, tag and ciphertext, in this order.
 */
export function seal(key: Buffer, plaintext: Uint8Array, binding: Buffer): Buffer {
  const iv = randomFillSync(Buffer.allocUnsafe(ivBytes));
  const cipher = createCipheriv(algorithm, key, iv, options);
  cipher.setAAD(binding);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
}

/**
 * Opens what {@link seal} has made.
 *
 * @returns The plaintext, which its receiver wipes; undefined if a bit of it, the binding or the key is another one.
 */
export function open(key: Buffer, sealed: Uint8Array, binding: Buffer): Buffer | undefined {
  if (sealed.length < ivBytes + tagBytes) return undefined;
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivBytes), options);
  decipher.setAAD(binding);
  decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
  const plaintext = decipher.update(sealed.subarray(ivBytes + tagBytes));
  try {
    decipher.final();
    return plaintext;
  } catch {
    // What is not authentic is nobody's to see.
    wipe(plaintext);
    return undefined;
  }
}
