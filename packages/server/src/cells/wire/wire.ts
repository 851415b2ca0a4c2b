import { encodeFrame, FrameDecoder } from "./frames.ts";
import { isTrace } from "./protocol.ts";

/** How frames look on the pipe of a cell. */
export interface Wire {
  /**
   * @param parts Together one payload, as the protocol makes it.
   * @throws {RangeError} When the parts are together larger than a frame may be.
   */
  encode(id: number, parts: readonly Uint8Array[]): Uint8Array;
  /** @param onFrame Called in order, within `push`; owns the payload. */
  decoder(onFrame: (id: number, payload: Uint8Array) => void): WireDecoder;
}

/** Cuts a stream of bytes into frames. */
export interface WireDecoder {
  /** @throws {ProtocolError} For bytes that are no frame. The decoder must not be used afterwards. */
  push(chunk: Uint8Array): void;
}

/** `[payload length u32 LE][id u32 LE][payload]`. */
export const frameWire: Wire = { encode: encodeFrame, decoder: (onFrame) => new FrameDecoder(onFrame) };

/**
 * The same for programs, which learn a trace by a frame of its own before the message: one that knows nothing of traces
 * passes it over.
 */
export const programWire: Wire = {
  encode(id, parts) {
    const [first, ...plain] = parts;
    if (first === undefined || !isTrace(first)) return encodeFrame(id, parts);
    return Buffer.concat([encodeFrame(id, [first]), encodeFrame(id, plain)]);
  },
  decoder: frameWire.decoder,
};
