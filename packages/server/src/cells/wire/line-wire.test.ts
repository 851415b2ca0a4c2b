import { expect, test } from "@jest/globals";
import { ProtocolError } from "../errors.ts";
import { MAX_FRAME_BYTES } from "./frames.ts";
import { lineWire } from "./line-wire.ts";
import { decodeGuestMessage, encodeKernelMessage, type GuestMessage, type KernelMessage } from "./protocol.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test.each<[KernelMessage, string]>([
  [{ kind: "run", args: utf8("") }, "run []\n"],
  [{ kind: "run", args: utf8('[1,"a b"]') }, 'run [1,"a b"]\n'],
  [{ kind: "call", timeoutMs: 500, method: "add", args: utf8("[\n  2\n]") }, "call 7 500 add [   2 ]\n"],
  [{ kind: "call", timeoutMs: 0, method: "a b%\n", args: utf8("[]") }, "call 7 0 a%20b%25%0A []\n"],
  [{ kind: "cast", method: "reset", args: utf8("") }, "cast 7 reset []\n"],
  [{ kind: "cast", method: "reset", args: utf8(""), trace: "00-a-b-01" }, "trace 7 00-a-b-01\ncast 7 reset []\n"],
  [{ kind: "stop" }, "stop\n"],
  [{ kind: "answer", bytes: utf8("") }, "answer 7 null\n"],
  [{ kind: "refusal", reason: "SERVICE_NOT_FOUND", message: "no\nsuch" }, "refusal 7 SERVICE_NOT_FOUND no such\n"],
])("the kernel's %j is one line", (message, line) => {
  expect(text(lineWire.encode(7, encodeKernelMessage(message)))).toBe(line);
});

function read(...chunks: readonly string[]): { readonly id: number; readonly message: GuestMessage }[] {
  const heard: { id: number; message: GuestMessage }[] = [];
  const decoder = lineWire.decoder((id, payload) => heard.push({ id, message: decodeGuestMessage(payload) }));
  for (const chunk of chunks) decoder.push(utf8(chunk));
  return heard;
}

test("a line says before it what trace it is part of, where it can be part of one", () => {
  const trace = "00-a-b-01";
  expect(read("traced 00-a-b-01 log info on the way\n", "traced 00-a-b-01 call 3 0 b c []\n")).toEqual([
    { id: 0, message: { kind: "log", level: "info", text: "on the way", trace } },
    { id: 3, message: { kind: "send-call", timeoutMs: 0, target: "b", method: "c", args: utf8("[]"), trace } },
  ]);
  for (const wrong of ["traced 00-a-b-01 handled 3\n", "traced 00-a-b-01 traced x log info y\n", "traced\n"]) {
    expect(() => read(wrong)).toThrow(ProtocolError);
  }
});

test.each<[string, number, GuestMessage]>([
  ["started add,get%20all reset", 0, { kind: "started", calls: ["add", "get all"], casts: ["reset"], contract: "" }],
  ["started - -", 0, { kind: "started", calls: [], casts: [], contract: "" }],
  ['reply 7 {"a": 1}', 7, { kind: "reply", bytes: utf8('{"a": 1}') }],
  ["reply 7", 7, { kind: "reply", bytes: utf8("") }],
  ["error 7 unknown-method no such", 7, { kind: "error", error: { kind: "unknown-method", message: "no such" } }],
  ["handled 7", 7, { kind: "handled" }],
  ["log warn it is late", 0, { kind: "log", level: "warn", text: "it is late" }],
  [
    'call 3 1000 prices of ["pear"]',
    3,
    { kind: "send-call", timeoutMs: 1000, target: "prices", method: "of", args: utf8('["pear"]') },
  ],
  ["cast prices drop [1]", 0, { kind: "send-cast", target: "prices", method: "drop", args: utf8("[1]") }],
  [
    'driver 9 4 kv put ["a b",1]',
    9,
    { kind: "driver-call", lentBy: 4, driver: "kv", operation: "put", args: utf8('["a b",1]') },
  ],
  ["exiting init no database", 0, { kind: "exiting", ending: { kind: "init", normal: false, message: "no database" } }],
])("a program's line %j is understood", (line, id, message) => {
  expect(read(`${line}\n`)).toEqual([{ id, message }]);
});

test("lines may be cut anywhere", () => {
  expect(read("hand", "led 1", "\nhandled 2\nhandl", "ed 3\n").map(({ id }) => id)).toEqual([1, 2, 3]);
});

test.each([
  "",
  "hello",
  "reply x 1",
  "reply -1 1",
  "reply 4294967296 1",
  "log loud hello",
  "exiting compile no",
  "driver 1 x kv get []",
  "driver x 0 kv get []",
  `started ${"a,".repeat(2_000)} -`,
  `started ${"a".repeat(600)} -`,
  `reply ${"1".repeat(70_000)}`,
])("a program's line %.40j is an error of the protocol", (line) => {
  expect(() => read(`${line}\n`)).toThrow(ProtocolError);
});

test("a line without end is given up at the size of a frame", () => {
  const decoder = lineWire.decoder(() => undefined);
  for (let sent = 0; sent < MAX_FRAME_BYTES; sent += 65_536) decoder.push(new Uint8Array(65_536).fill(0x61));
  expect(() => decoder.push(utf8("a"))).toThrow(/more than 4194304 bytes/);
});
