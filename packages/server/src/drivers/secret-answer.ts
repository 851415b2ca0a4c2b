import { secretBuffer } from "../vault/envelope.ts";

/**
 * An answer that nobody but the service is told: it is recorded without its bytes, and wiped once it is sent. It never is a
 * string, which could not be wiped.
 */
export class SecretAnswer {
  /** JSON. */
  readonly bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /**
   * `{ value, ...beside }`.
   *
   * @param value Its owner's, who may wipe it from now on.
   * @param beside Nothing secret; JSON, with a member at least.
   */
  static of(value: Uint8Array, beside: Readonly<Record<string, unknown>>): SecretAnswer {
    const tail = Buffer.from(`"},${JSON.stringify(beside).slice(1)}`);
    const base64Bytes = Math.ceil(value.length / 3) * 4;
    const bytes = secretBuffer(head.length + base64Bytes + tail.length);
    head.copy(bytes);
    writeBase64(value, bytes.subarray(head.length, head.length + base64Bytes));
    tail.copy(bytes, head.length + base64Bytes);
    return new SecretAnswer(bytes);
  }

  wipe(): void {
    this.bytes.fill(0);
  }
}

/** As `encodeValue` writes bytes. */
const head = Buffer.from('{"value":{"$bytes":"');
const alphabet = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const padding = "=".charCodeAt(0);

/** What Node has for this goes by a string. */
function writeBase64(from: Uint8Array, into: Uint8Array): void {
  for (let read = 0, at = 0; read < from.length; read += 3, at += 4) {
    const [a = 0, b, c] = [from[read], from[read + 1], from[read + 2]];
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    into[at] = alphabet[bits >> 18] as number;
    into[at + 1] = alphabet[(bits >> 12) & 63] as number;
    into[at + 2] = b === undefined ? padding : (alphabet[(bits >> 6) & 63] as number);
    into[at + 3] = c === undefined ? padding : (alphabet[bits & 63] as number);
  }
}
