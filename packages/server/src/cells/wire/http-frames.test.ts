import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ProtocolError } from "../errors.ts";
import { decodeHttpPart, encodeHttpPart, type HttpPart, MAX_HEAD_BYTES } from "./http-frames.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const part = fc.oneof(
  fc.record({ kind: fc.constant("head"), json: bytes }),
  fc.record({ kind: fc.constant("body"), chunk: bytes }),
  fc.record({ kind: fc.constant("end") }),
  fc.record({ kind: fc.constant("answer"), json: bytes, body: bytes }),
  fc.record({ kind: fc.constant("break-off"), why: fc.string({ maxLength: 40 }) }),
  fc.record({ kind: fc.constant("credit"), bytes: fc.nat(0xffff_ffff) }),
) as fc.Arbitrary<HttpPart>;

test("parts are read as they were written", () => {
  fc.assert(
    fc.property(part, (written) =>
      expect(decodeHttpPart(Uint8Array.from(Buffer.concat(encodeHttpPart(written))))).toEqual(written),
    ),
  );
});

test("hostile bytes give a part or a protocol error, nothing else", () => {
  fc.assert(
    fc.property(fc.nat(10), fc.uint8Array({ maxLength: 20 }), (kind, rest) => {
      try {
        decodeHttpPart(Uint8Array.of(kind, ...rest));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a head is bounded, whichever part it comes in", () => {
  const json = new Uint8Array(MAX_HEAD_BYTES + 1);
  for (const long of [
    { kind: "head", json },
    { kind: "answer", json, body: new Uint8Array(0) },
  ] as const) {
    expect(() => decodeHttpPart(Buffer.concat(encodeHttpPart(long)))).toThrow(ProtocolError);
  }
});
