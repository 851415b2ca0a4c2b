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

const PARTS = { head: 1, body: 2, end: 3, breakOff: 4, credit: 5 } as const;

export type HttpPart =
  /** JSON: an {@link HttpRequestHead} or an {@link HttpResponseHead}. */
  | { readonly kind: "head"; readonly json: Uint8Array }
  | { readonly kind: "body"; readonly chunk: Uint8Array }
  | { readonly kind: "end" }
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
    case "break-off":
      return [Uint8Array.of(PARTS.breakOff), new TextEncoder().encode(part.why)];
    case "credit": {
      const bytes = new Uint8Array(5);
      bytes[0] = PARTS.credit;
      new DataView(bytes.buffer).setUint32(1, part.bytes, true);
      return [bytes];
    }
  }
}

/** @throws {ProtocolError} For anything that {@link encodeHttpPart} does not make. */
export function decodeHttpPart(bytes: Uint8Array): HttpPart {
  const rest = bytes.subarray(1);
  switch (bytes[0]) {
    case PARTS.head:
      if (rest.length > MAX_HEAD_BYTES) throw new ProtocolError(`Cannot read HTTP head: it has ${rest.length} bytes`);
      return { kind: "head", json: rest };
    case PARTS.body:
      return { kind: "body", chunk: rest };
    case PARTS.end:
      return { kind: "end" };
    case PARTS.breakOff:
      return { kind: "break-off", why: new TextDecoder().decode(rest.subarray(0, 1_024)) };
    case PARTS.credit:
      if (rest.length !== 4) throw new ProtocolError("Cannot read HTTP credit: it has no number");
      return { kind: "credit", bytes: new DataView(rest.buffer, rest.byteOffset, 4).getUint32(0, true) };
    default:
      throw new ProtocolError(`Cannot read HTTP part: unknown kind ${bytes[0]}`);
  }
}
