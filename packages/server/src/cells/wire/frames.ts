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
const BY_HAND_BYTES = 256;

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
      // Nearly all frames are short and come whole.
      const after = this.#headerFilled === 0 ? this.#takeWhole(chunk, offset) : undefined;
      if (after !== undefined) {
        offset = after;
        continue;
      }
      if (this.#headerFilled < HEADER_BYTES) {
        const taken = Math.min(HEADER_BYTES - this.#headerFilled, chunk.length - offset);
        this.#header.set(chunk.subarray(offset, offset + taken), this.#headerFilled);
        this.#headerFilled += taken;
        offset += taken;
        if (this.#headerFilled < HEADER_BYTES) return;
        this.#id = readU32(this.#header, 4);
        this.#payloadBytes = readLength(this.#header, 0);
        this.#payloadFilled = 0;
      }
      const wanted = this.#payloadBytes - this.#payloadFilled;
      const taken = Math.min(wanted, chunk.length - offset);
      this.#append(chunk.subarray(offset, offset + taken));
      offset += taken;
      if (taken === wanted) this.#deliver();
    }
  }

  /** @returns Where the next frame begins; undefined, with nothing taken, when this one goes on in the next chunk. */
  #takeWhole(chunk: Uint8Array, offset: number): number | undefined {
    const start = offset + HEADER_BYTES;
    if (start > chunk.length) return undefined;
    const end = start + readLength(chunk, offset);
    if (end > chunk.length) return undefined;
    this.#onFrame(readU32(chunk, offset + 4), copyOf(chunk, start, end));
    return end;
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

/** By hand where it is short: a view to copy from takes longer than a few hundred bytes. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  if (copy.length > BY_HAND_BYTES) copy.set(bytes.subarray(start, end));
  else for (let index = 0; index < copy.length; index += 1) copy[index] = bytes[start + index] ?? 0;
  return copy;
}

function readLength(header: Uint8Array, place: number): number {
  const length = readU32(header, place);
  if (length <= MAX_FRAME_BYTES) return length;
  throw new ProtocolError(`Cannot read frame: ${length} bytes are announced, at most ${MAX_FRAME_BYTES} are allowed`);
}

// By hand, since a view of a few bytes moves them out of the heap, which takes longer than all the rest.

function readU32(bytes: Uint8Array, place: number): number {
  const at = (index: number): number => bytes[place + index] ?? 0;
  return (at(0) | (at(1) << 8) | (at(2) << 16) | (at(3) << 24)) >>> 0;
}

function writeU32(bytes: Uint8Array, place: number, value: number): void {
  for (let index = 0; index < 4; index += 1) bytes[place + index] = value >>> (8 * index);
}
