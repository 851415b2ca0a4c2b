/**
 * Frames on the pipe between the kernel and a cell: `[payload length u32 LE][id u32 LE][payload]`.
 *
 * Both sides use this file. A length is checked before anything is allocated for it, so a hostile peer makes the other
 * side hold at most one frame.
 */

import { ProtocolError } from "../errors.ts";

/** Largest payload of one frame in bytes. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

const HEADER_BYTES = 8;
/** A payload that is still incomplete grows from here, so that a claimed length alone reserves no memory. */
const FIRST_RESERVE_BYTES = 64 * 1024;

/**
 * Cuts a stream of bytes into frames.
 *
 * @example
 * const decoder = new FrameDecoder((id, payload) => console.log(id, payload));
 * decoder.push(encodeFrame(7, [new Uint8Array([1])]));
 */
export class FrameDecoder {
  readonly #onFrame: (id: number, payload: Uint8Array) => void;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;
  #payloadFilled = 0;
  #id = 0;

  /** @param onFrame Called in order, within `push`. It owns the payload, which shares no memory with the chunks. */
  constructor(onFrame: (id: number, payload: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /** True between the first byte of a frame and its last. */
  get insideFrame(): boolean {
    return this.#headerFilled > 0;
  }

  /**
   * Takes the next bytes of the stream, cut anywhere.
   *
   * @throws {ProtocolError} For a length above {@link MAX_FRAME_BYTES}. The decoder must not be used afterwards.
   */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#headerFilled < HEADER_BYTES) {
        const taken = Math.min(HEADER_BYTES - this.#headerFilled, chunk.length - offset);
        this.#header.set(chunk.subarray(offset, offset + taken), this.#headerFilled);
        this.#headerFilled += taken;
        offset += taken;
        if (this.#headerFilled < HEADER_BYTES) return;
        this.#readHeader();
      }
      const wanted = this.#payloadBytes - this.#payloadFilled;
      const taken = Math.min(wanted, chunk.length - offset);
      this.#append(chunk.subarray(offset, offset + taken));
      offset += taken;
      if (taken === wanted) this.#deliver();
    }
  }

  #readHeader(): void {
    const length = readU32(this.#header, 0);
    if (length > MAX_FRAME_BYTES) {
      throw new ProtocolError(
        `Cannot read frame: ${length} bytes are announced, at most ${MAX_FRAME_BYTES} are allowed`,
      );
    }
    this.#id = readU32(this.#header, 4);
    this.#payloadBytes = length;
    this.#payloadFilled = 0;
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const needed = this.#payloadFilled + bytes.length;
    if (this.#payload === undefined || this.#payload.length < needed) {
      const reserve = Math.max(needed, Math.min(this.#payloadBytes, Math.max(FIRST_RESERVE_BYTES, needed * 2)));
      const grown = new Uint8Array(Math.min(reserve, this.#payloadBytes));
      if (this.#payload !== undefined) grown.set(this.#payload.subarray(0, this.#payloadFilled));
      this.#payload = grown;
    }
    this.#payload.set(bytes, this.#payloadFilled);
    this.#payloadFilled = needed;
  }

  #deliver(): void {
    const payload = this.#payload ?? new Uint8Array(0);
    this.#payload = undefined;
    this.#headerFilled = 0;
    this.#payloadBytes = 0;
    this.#payloadFilled = 0;
    this.#onFrame(this.#id, payload);
  }
}

/**
 * One frame as one piece of memory, its parts written one behind the other as the payload.
 *
 * @throws {RangeError} When the parts are together larger than {@link MAX_FRAME_BYTES}.
 */
export function encodeFrame(id: number, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = payloadBytes(parts);
  const frame = new Uint8Array(HEADER_BYTES + length);
  writeU32(frame, 0, length);
  writeU32(frame, 4, id);
  let offset = HEADER_BYTES;
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

/** @throws {RangeError} When the parts are together larger than {@link MAX_FRAME_BYTES}. */
export function payloadBytes(parts: readonly Uint8Array[]): number {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > MAX_FRAME_BYTES) {
    throw new RangeError(`Cannot write frame: payload must be at most ${MAX_FRAME_BYTES} bytes, got ${length}`);
  }
  return length;
}

// By hand, since a view of a few bytes moves them out of the heap, which takes longer than all the rest.

function readU32(bytes: Uint8Array, place: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[place], bytes[place + 1], bytes[place + 2], bytes[place + 3]];
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

function writeU32(bytes: Uint8Array, place: number, value: number): void {
  for (let index = 0; index < 4; index += 1) bytes[place + index] = value >>> (8 * index);
}
