import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ProtocolError } from "../errors.ts";
import {
  cutText,
  decodeGuestMessage,
  decodeKernelMessage,
  encodeGuestMessage,
  encodeKernelMessage,
  type GuestMessage,
  type KernelMessage,
  MAX_LINE_BYTES,
} from "./protocol.ts";

const bytes = fc.uint8Array({ maxLength: 50 });
const u32 = fc.nat(0xffff_ffff);
const text = fc.string({ unit: "grapheme", maxLength: 60 });
const level = fc.constantFrom("debug", "info", "warn", "error");
const optional = <T>(name: string, value: fc.Arbitrary<T>) => fc.oneof(fc.constant({}), fc.record({ [name]: value }));
const traced = <T extends object>(message: fc.Arbitrary<T>) =>
  fc
    .tuple(message, optional("trace", fc.string({ unit: fc.constantFrom(..."0123456789abcdef-"), maxLength: 55 })))
    .map(([plain, trace]) => ({ ...plain, ...trace }));

const guestMessage = fc.oneof(
  fc.record({ kind: fc.constant("ready"), version: fc.nat(255), landlock: fc.nat(255) }),
  fc.record({ kind: fc.constant("started"), calls: fc.array(text), casts: fc.array(text), contract: text }),
  fc.record({ kind: fc.constant("reply"), bytes }),
  fc.record({ kind: fc.constant("handled") }),
  fc
    .tuple(fc.record({ kind: text, message: text }), optional("path", text), optional("detail", text))
    .map(([fault, path, detail]) => ({ kind: "error", error: { ...fault, ...path, ...detail } })),
  traced(fc.record({ kind: fc.constant("log"), level, text })),
  traced(fc.record({ kind: fc.constant("send-call"), timeoutMs: u32, target: text, method: text, args: bytes })),
  traced(fc.record({ kind: fc.constant("send-cast"), target: text, method: text, args: bytes })),
  fc
    .tuple(
      fc.record({ kind: fc.constantFrom("compile", "init", "crash", "stop"), normal: fc.boolean(), message: text }),
      optional("detail", text),
      optional("location", fc.record({ file: text, line: u32, column: u32 })),
    )
    .map(([ending, detail, location]) => ({ kind: "exiting", ending: { ...ending, ...detail, ...location } })),
) as fc.Arbitrary<GuestMessage>;

const kernelMessage = fc.oneof(
  fc.constant({ kind: "rouse" }),
  fc.constant({ kind: "ask-rest" }),
  fc.record({
    kind: fc.constant("boot"),
    boot: fc.record({
      serviceId: text,
      tenant: text,
      fileName: text,
      language: fc.constantFrom("typescript", "javascript"),
      logLevel: level,
      environment: fc
        .dictionary(
          fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"),
          text,
        )
        .map((found) => ({ ...found })),
      sourceBytes: u32,
    }),
  }),
  fc.record({ kind: fc.constant("source"), chunk: bytes }),
  fc.record({ kind: fc.constant("run"), args: bytes }),
  traced(fc.record({ kind: fc.constant("call"), timeoutMs: u32, method: text, args: bytes })),
  traced(fc.record({ kind: fc.constant("cast"), method: text, args: bytes })),
  fc.record({ kind: fc.constant("stop") }),
  fc.record({ kind: fc.constant("answer"), bytes }),
  fc.record({ kind: fc.constant("refusal"), reason: text, message: text }),
) as fc.Arbitrary<KernelMessage>;

const joined = (parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

describe("messages", () => {
  test("of a guest are read as they were written", () => {
    fc.assert(
      fc.property(guestMessage, (message) =>
        expect(decodeGuestMessage(joined(encodeGuestMessage(message)))).toEqual(message),
      ),
    );
  });

  test("of the kernel are read as they were written", () => {
    fc.assert(
      fc.property(kernelMessage, (message) =>
        expect(decodeKernelMessage(joined(encodeKernelMessage(message)))).toEqual(message),
      ),
    );
  });
});

test("hostile bytes give a message or a protocol error, nothing else", () => {
  const kinds = fc.oneof(fc.constantFrom(65, 66, 67, 68, 69, 70, 71, 72, 1, 7, 13), fc.nat(255));
  fc.assert(
    fc.property(kinds, fc.uint8Array({ maxLength: 80 }), (kind, rest) => {
      for (const decode of [decodeGuestMessage, decodeKernelMessage]) {
        try {
          decode(Uint8Array.of(kind, ...rest));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a message that is cut short anywhere, or goes on behind its end, is refused", () => {
  const whole = joined(encodeGuestMessage({ kind: "log", level: "info", text: "hello" }));
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => decodeGuestMessage(whole.subarray(0, length))).toThrow(ProtocolError);
  }
  expect(() => decodeGuestMessage(Uint8Array.of(...whole, 0))).toThrow(ProtocolError);
});

test("text is cut to its bound in bytes, never inside a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.nat(60), (value, maxBytes) => {
      const cut = cutText(value, maxBytes);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
      expect(value.startsWith(cut)).toBe(true);
    }),
  );
  const long = decodeGuestMessage(
    joined(encodeGuestMessage({ kind: "log", level: "info", text: "é".repeat(MAX_LINE_BYTES) })),
  );
  expect(long).toEqual({ kind: "log", level: "info", text: "é".repeat(MAX_LINE_BYTES / 2) });
});

test("only what a handler sends may be part of a trace, and only of one", () => {
  const call = { kind: "send-call", timeoutMs: 1, target: "a", method: "b", args: new Uint8Array(0) } as const;
  const whole = Buffer.concat(encodeGuestMessage({ ...call, trace: "0" }));
  // The kind, a length of two bytes and the trace.
  const head = whole.subarray(0, 4);
  expect(decodeGuestMessage(whole)).toMatchObject({ ...call, trace: "0" });
  const many = Array.from({ length: 100_000 }, () => head);
  for (const wrong of [[head, whole], [...many, whole], [head, ...encodeGuestMessage({ kind: "handled" })], [head]]) {
    expect(() => decodeGuestMessage(Buffer.concat(wrong))).toThrow(ProtocolError);
  }
});
