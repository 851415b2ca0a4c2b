import { base64url } from "jose";
import { Refused } from "./refused.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Whether a text is what encoding gives back after decoding it: RFC 4648 section 5 without padding, and zero in the bits
 * that the last character has to spare. Decoders take sixteen spellings of one signature; an identity has one.
 */
export function isCanonicalBase64url(text: string): boolean {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return false;
  const spare = [0, undefined, 4, 2][text.length % 4];
  return spare === 0 || (spare !== undefined && alphabet.indexOf(text.slice(-1)) % (1 << spare) === 0);
}

/** @throws {Refused} `CAP_ENCODING` */
export function decodeText(text: string): string {
  if (!isCanonicalBase64url(text)) throw new Refused("CAP_ENCODING");
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  // ASCII is its own UTF-8, and but for a label there is nothing else.
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  try {
    return utf8.decode(base64url.decode(text));
  } catch {
    throw new Refused("CAP_ENCODING");
  }
}
