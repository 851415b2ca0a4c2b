// What somebody reads who deploys what cannot be deployed: what failed, what was found, what is wanted, what to do; and nothing
// of it is left.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { groupsOfServer, programFolders } from "../../server/test/footprint.ts";
import { testWith } from "../../server/test/needs.ts";
import { makeDataFolder, type ServerProcess, startServer } from "../../server/test/server-process.ts";

// Each step is a process of its own, and the machine may be busy with other tests.
jest.setTimeout(90_000);

const data = makeDataFolder();
const work = join(data.folder, "work");
let server: ServerProcess;
let atRest: readonly string[];
beforeAll(async () => {
  server = await startServer(data.folder, ["--pool-size", "0", "--host-programs", "sh"]);
  atRest = groupsOfServer(data.folder);
  mkdirSync(work);
  writeFileSync(join(work, "counter.ts"), counter);
});
afterAll(async () => {
  await server.stop();
  data.remove();
});

const counter = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { add: ({ state }, by: number) => reply(state + by, state + by) } });
`;
const bin = fileURLToPath(new URL("../bin/solo.mjs", import.meta.url));

function solo(...argv: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, SOLO_PROFILE: server.ready.profile };
    const child = spawn(process.execPath, [bin, ...argv], { cwd: work, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (more: string) => (text += more));
    child.once("close", (code) => resolve({ code, text }));
  });
}

/** All four parts, each in a line of its own, and nothing left on the server or its host. */
async function expectRefusal(
  argv: readonly string[],
  said: { readonly found: RegExp; readonly wanted: RegExp; readonly reason: string },
) {
  const { code, text } = await solo("deploy", ...argv);
  expect(code).not.toBe(0);
  expect(text).toMatch(new RegExp(`^error: Cannot \\S.*\\[${said.reason}\\]$`, "m"));
  expect(/^ {2}found: +(.*)$/m.exec(text)?.[1]).toMatch(said.found);
  expect(/^ {2}wanted: +(.*)$/m.exec(text)?.[1]).toMatch(said.wanted);
  expect(/^ {2}fix: +(.*)$/m.exec(text)?.[1]).toMatch(/^[A-Z].{10,}/);
  expect((await solo("list")).text).toMatch(/^No services/);
  expect(groupsOfServer(data.folder)).toEqual(atRest);
  expect(programFolders(data.folder)).toEqual([]);
}

describe("a manifest", () => {
  test.each<[string, string, string, RegExp, RegExp]>([
    ["an unknown key", "a.toml", 'memory = "64MiB"', /^memory is not known/, /limits\.memory/],
    [
      "an unknown limit",
      "b.toml",
      '[limits]\nmemori = "64MiB"',
      /limits\.memori is not known \(did you mean limits\.memory\?\)/,
      /limits\.memory/,
    ],
    ["an unknown soft limit", "c.json", '{"limits":{"soft":{"cpu":1}}}', /^limits\.soft\.cpu is not known/, /any of/],
    [
      "a key of a prototype",
      "d.json",
      '{"__proto__":{"restart":"permanent"},"constructor":1}',
      /is not known/,
      /any of/,
    ],
    ["a negative limit", "e.toml", "[limits]\nprocesses = -1", /^limits\.processes is -1, wanted a whole number/, /./],
    [
      "an absurd limit",
      "f.toml",
      '[limits]\nmemory = "900000GiB"',
      /^(limits\.memory is "900000GiB"|manifest\.limits\.memory_bytes is \d+)/,
      /./,
    ],
    [
      "a limit below what anything needs",
      "g.toml",
      "[limits]\nprocesses = 1",
      /^manifest\.limits\.processes is 1$/,
      /must be 8 to 4096 processes/,
    ],
    [
      "a warning above the limit",
      "h.toml",
      '[limits]\nmemory = "64MiB"\nsoft = { memory = "90MiB" }',
      /soft\.memory_bytes is 94371840$/,
      /must be at most the limit itself, 67108864 bytes/,
    ],
    [
      "messages that no mailbox takes",
      "i.toml",
      '[limits]\nmessage_size = "2MiB"\nmailbox_size = "1MiB"',
      /message_bytes is 2097152$/,
      /must be at most mailbox_bytes, 1048576 bytes/,
    ],
    [
      "more scratch than memory",
      "j.toml",
      '[limits]\nscratch = "512MiB"',
      /scratch_bytes is 536870912$/,
      /must be below memory_bytes/,
    ],
    ["a text that ends too early", "k.toml", "[limits", /Invalid TOML/, /holds TOML/],
  ])("with %s", async (_, file, text, found, wanted) => {
    writeFileSync(join(work, file), text);
    await expectRefusal(["counter.ts", "--manifest", file], { found, wanted, reason: "MANIFEST_INVALID" });
  });
});

(testWith("bwrap") === test ? describe : describe.skip)("a program", () => {
  const elf = Buffer.alloc(256);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(process.arch === "arm64" ? 62 : 183, 18);
  test.each<[string, string, string | Buffer, readonly string[], string, RegExp, RegExp]>([
    [
      "of another architecture",
      "other",
      elf,
      [],
      "ARTIFACT_INVALID",
      /^an ELF binary for (arm64|x64), 64 bit$/,
      /^an ELF binary for (arm64|x64)/,
    ],
    ["of 0 bytes", "empty", "", [], "FILE_KIND_UNKNOWN", /^an empty file$/, /a program/],
    ["without interpreter", "none.sh", "#!\necho\n", [], "ARTIFACT_INVALID", /names no interpreter/, /#!\/bin\/sh/],
    [
      "whose interpreter is not allowed",
      "perl.pl",
      "#!/usr/bin/perl\n",
      [],
      "PROGRAM_NOT_ALLOWED",
      /script for perl/,
      /operator allows/,
    ],
    [
      "that ends at once",
      "ends.sh",
      "#!/bin/sh\nexit 7\n",
      ["--protocol", "lines"],
      "START_FAILED",
      /code 7/,
      /a service that starts/,
    ],
    ["that is only text", "text", "hello\n", [], "FILE_KIND_UNKNOWN", /no program/, /an ELF binary/],
  ])("%s", async (_, file, content, flags, reason, found, wanted) => {
    writeFileSync(join(work, file), content);
    await expectRefusal([file, ...flags], { found, wanted, reason });
  });
});
