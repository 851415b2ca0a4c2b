import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { FrameBoundary } from "./frame-boundary.ts";

/** A frame of a server or, with a mask, of a client. */
function frame(length: number, isMasked: boolean): Buffer {
  const wide = length > 0xffff ? 8 : length > 125 ? 2 : 0;
  const head = Buffer.alloc(2 + wide + (isMasked ? 4 : 0));
  head.writeUInt8(0x82, 0);
  head.writeUInt8((isMasked ? 128 : 0) + (wide === 8 ? 127 : wide === 2 ? 126 : length), 1);
  if (wide === 2) head.writeUInt16BE(length, 2);
  if (wide === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.alloc(length, 0x88)]);
}

test("is between frames after whole ones and nowhere else, however they are cut", () => {
  const lengths = fc.array(fc.tuple(fc.constantFrom(0, 1, 125, 126, 300, 0xffff, 70_000), fc.boolean()), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(lengths, fc.array(fc.nat(400), { maxLength: 20 }), (made, cuts) => {
      const frames = made.map(([length, isMasked]) => frame(length, isMasked));
      const whole = Buffer.concat(frames);
      const ends = new Set(frames.map((_, index) => Buffer.concat(frames.slice(0, index + 1)).length));
      const boundary = new FrameBoundary();
      expect(boundary.isBetween).toBe(true);
      let offset = 0;
      for (const cut of [...cuts, whole.length]) {
        boundary.push(whole.subarray(offset, offset + cut));
        offset = Math.min(whole.length, offset + cut);
        expect(boundary.isBetween).toBe(offset === 0 || ends.has(offset));
      }
    }),
  );
});
