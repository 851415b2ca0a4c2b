import { base64url } from "jose";

/** Where randomness comes from; what makes test vectors brings its own. */
export type RandomBytes = (length: number) => Uint8Array;

export const randomBytes: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

/** 128 random bits as a `jti`. */
export function newId(random: RandomBytes): string {
  return base64url.encode(random(16));
}
