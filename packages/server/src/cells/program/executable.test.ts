import { expect, test } from "@jest/globals";
import { readExecutable } from "./executable.ts";

function elf({ bits = 2, order = 1, type = 2, machine = 62, bytes = 64 } = {}): Buffer {
  const header = Buffer.alloc(Math.max(bytes, 20));
  header.write("\u007fELF");
  header[4] = bits;
  header[5] = order;
  header.writeUInt16LE(type, 16);
  header.writeUInt16LE(machine, 18);
  return header.subarray(0, bytes);
}

test.each([
  ["an ELF program", elf(), { kind: "elf" }],
  ["a position-independent one", elf({ type: 3 }), { kind: "elf" }],
  ["a script", Buffer.from("#!/bin/sh\n"), { kind: "script", interpreter: "sh", arguments: [] }],
  ["with an argument", Buffer.from("#! /bin/sh -e\nx"), { kind: "script", interpreter: "sh", arguments: ["-e"] }],
  ["by env", Buffer.from("#!/usr/bin/env python3"), { kind: "script", interpreter: "python3", arguments: [] }],
  ["by env -S", Buffer.from("#!/usr/bin/env -S awk -f\n"), { kind: "script", interpreter: "awk", arguments: ["-f"] }],
])("%s is told", (_, bytes, told) => {
  expect(readExecutable(bytes, "x64")).toEqual(told);
});

test.each([
  ["nothing", Buffer.alloc(0), "0 bytes"],
  ["text", Buffer.from("hi"), "begins with the bytes 68 69"],
  ["an interpreter without name", Buffer.from("#!\n"), "names no interpreter"],
  ["env without name", Buffer.from("#!/usr/bin/env\n"), "names no interpreter"],
  ["a folder as interpreter", Buffer.from("#!/bin/\n"), "names no interpreter"],
  ["an odd name", Buffer.from("#!/bin/a;b\n"), "names no interpreter"],
  ["another processor", elf({ machine: 183 }), "ELF binary for arm64, 64 bit"],
  ["an unknown processor", elf({ machine: 4_711 }), "ELF binary for another processor"],
  ["32 bit", elf({ bits: 1, machine: 3 }), "ELF binary for ia32, 32 bit"],
  ["big endian", elf({ order: 2 }), "ELF binary"],
  ["a header cut off", elf({ bytes: 20 }), "ELF binary"],
  ["four bytes", elf({ bytes: 4 }), "ELF binary for another processor"],
  ["an object file", elf({ type: 1 }), "no program"],
])("%s is refused", (_, bytes, found) => {
  expect(readExecutable(bytes, "x64")).toMatchObject({ kind: "refused", found: expect.stringContaining(found) });
});
