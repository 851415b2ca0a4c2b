import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ProtocolError } from "../errors.ts";
import { encodeFrame, FrameDecoder, MAX_FRAME_BYTES } from "./frames.ts";

const frame = fc.record({ id: fc.nat(0xffff_ffff), payload: fc.uint8Array({ maxLength: 300 }) });

test("frames come out as they went in, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (frames, cuts) => {
        const stream = Buffer.concat(frames.map(({ id, payload }) => encodeFrame(id, [payload])));
        const found: { id: number; payload: Uint8Array }[] = [];
        const decoder = new FrameDecoder((id, payload) => found.push({ id, payload }));
        for (let offset = 0, turn = 0; offset < stream.length; turn += 1) {
          const end = offset + (cuts[turn % cuts.length] ?? 1);
          decoder.push(stream.subarray(offset, end));
          offset = end;
        }
        expect(found).toEqual(frames);
        expect(decoder.insideFrame).toBe(false);
      },
    ),
  );
});

test("parts are written one behind the other as one payload", () => {
  const found: Uint8Array[] = [];
  new FrameDecoder((_id, payload) => found.push(payload)).push(
    encodeFrame(1, [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)]),
  );
  expect(found).toEqual([Uint8Array.of(1, 2, 3)]);
});

test("a payload shares no memory with the chunk it came in", () => {
  const found: Uint8Array[] = [];
  const chunk = encodeFrame(1, [Uint8Array.of(7)]);
  new FrameDecoder((_id, payload) => found.push(payload)).push(chunk);
  chunk.fill(0);
  expect(found).toEqual([Uint8Array.of(7)]);
});

test("a frame of the largest size passes, and one byte more is refused at its header", () => {
  const sizes: number[] = [];
  const decoder = new FrameDecoder((_id, payload) => sizes.push(payload.length));
  decoder.push(encodeFrame(1, [new Uint8Array(MAX_FRAME_BYTES)]));
  expect(sizes).toEqual([MAX_FRAME_BYTES]);
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, MAX_FRAME_BYTES + 1, true);
  expect(() => decoder.push(header)).toThrow(ProtocolError);
  expect(() => encodeFrame(1, [new Uint8Array(MAX_FRAME_BYTES + 1)])).toThrow(RangeError);
});

test("hostile bytes give frames or a protocol error, nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
      const decoder = new FrameDecoder(() => {});
      try {
        for (const chunk of chunks) decoder.push(chunk);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
  );
});
