/**
 * One HTTP exchange inside the frames of its id: `[part u8][bytes]`. Both sides use this file.
 *
 * The kernel sends a head, the body in pieces and its end; the guest answers with the same. Bodies are sent only as far as
 * the other side has given credit, so that neither holds more than a window of what nobody takes. Either side may break off,
 * and says no more then.
 */

import { ProtocolError } from "../errors.ts";

/** Bytes of a body that may be sent before the other side gives credit for more. */
export const HTTP_WINDOW_BYTES = 64 * 1024;
/** What a guest without `fetch` breaks off with. */
export const NO_HTTP = "no-http";
/** Longest head, in bytes of its JSON. */
export const MAX_HEAD_BYTES = 64 * 1024;

const PARTS = { head: 1, body: 2, end: 3, breakOff: 4, credit: 5, answer: 6 } as const;

export type HttpPart =
  /** JSON: an {@link HttpRequestHead} or an {@link HttpResponseHead}. */
  | { readonly kind: "head"; readonly json: Uint8Array }
  | { readonly kind: "body"; readonly chunk: Uint8Array }
  | { readonly kind: "end" }
  /** Of a guest: head, body and end at once, for what is short and there as a whole. */
  | { readonly kind: "answer"; readonly json: Uint8Array; readonly body: Uint8Array }
  /** Why, as text for people. */
  | { readonly kind: "break-off"; readonly why: string }
  | { readonly kind: "credit"; readonly bytes: number };

export interface HttpRequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly hasBody: boolean;
  /** The protocol that the connection is to go on in; after status 101 both bodies are its bytes, as they come. */
  readonly upgrade?: string;
}

export interface HttpResponseHead {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

/** The bytes of a part, for a frame. */
export function encodeHttpPart(part: HttpPart): readonly Uint8Array[] {
  switch (part.kind) {
    case "head":
      return [Uint8Array.of(PARTS.head), part.json];
    case "body":
      return [Uint8Array.of(PARTS.body), part.chunk];
    case "end":
      return [Uint8Array.of(PARTS.end)];
    case "answer":
      return [withNumber(PARTS.answer, part.json.length), part.json, part.body];
    case "break-off":
      return [Uint8Array.of(PARTS.breakOff), new TextEncoder().encode(part.why)];
    case "credit":
      return [withNumber(PARTS.credit, part.bytes)];
  }
}

function withNumber(kind: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, value, true);
  return bytes;
}

/** @throws {ProtocolError} For anything that {@link encodeHttpPart} does not make. */
export function decodeHttpPart(bytes: Uint8Array): HttpPart {
  const rest = bytes.subarray(1);
  switch (bytes[0]) {
    case PARTS.head:
      return { kind: "head", json: checkHead(rest) };
    case PARTS.body:
      return { kind: "body", chunk: rest };
    case PARTS.end:
      return { kind: "end" };
    case PARTS.answer: {
      const headBytes = readNumber(rest, "answer");
      if (rest.length < 4 + headBytes) throw new ProtocolError("Cannot read HTTP answer: it is shorter than its head");
      return { kind: "answer", json: checkHead(rest.subarray(4, 4 + headBytes)), body: rest.subarray(4 + headBytes) };
    }
    case PARTS.breakOff:
      return { kind: "break-off", why: new TextDecoder().decode(rest.subarray(0, 1_024)) };
    case PARTS.credit:
      return { kind: "credit", bytes: readNumber(rest, "credit") };
    default:
      throw new ProtocolError(`Cannot read HTTP part: unknown kind ${bytes[0]}`);
  }
}

function readNumber(bytes: Uint8Array, what: string): number {
  if (bytes.length < 4) throw new ProtocolError(`Cannot read HTTP ${what}: it has no number`);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function checkHead(json: Uint8Array): Uint8Array {
  if (json.length > MAX_HEAD_BYTES) throw new ProtocolError(`Cannot read HTTP head: it has ${json.length} bytes`);
  return json;
}
