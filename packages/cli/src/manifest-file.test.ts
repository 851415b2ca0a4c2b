import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Failure } from "./failure.ts";
import { readManifestFile } from "./manifest-file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "solo-manifest-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string, name = "m.json") {
  writeFileSync(join(folder, name), text);
  return readManifestFile(name, folder);
}

async function problemOf(text: string, name?: string): Promise<Failure["facts"]> {
  try {
    await read(text, name);
  } catch (error) {
    if (error instanceof Failure) return error.facts;
    throw error;
  }
  throw new Error("it was accepted");
}

test("all that a manifest can say is read, with units or as bare numbers", async () => {
  const manifest = await read(
    JSON.stringify({
      environment: { MODE: "test" },
      log_level: "warn",
      restart: "temporary",
      max_restarts: 0,
      restart_period: 1_500,
      start_arguments: [1, { a: null }],
      limits: {
        memory: "128MiB",
        cpu_percent: 20,
        processes: 3,
        start_timeout: "2s",
        stop_timeout_ms: 400,
        mailbox_messages: 5,
        mailbox_bytes: 4_096,
        soft: { memory: "100MiB", mailbox_messages: 4 },
        actions: { reply_size: "warn" },
      },
    }),
  );
  expect(manifest).toEqual({
    environment: { MODE: "test" },
    grants: [],
    startArguments: ["1", '{"a":null}'],
    rules: { soft: { memory_bytes: 104_857_600, mailbox_messages: 4 }, actions: { reply_bytes: 3 } },
    numbers: {
      logLevel: 3,
      restart: 3,
      maxRestarts: 0,
      restartPeriodMs: 1_500,
      memoryBytes: 134_217_728,
      cpuPercent: 20,
      processes: 3,
      startTimeoutMs: 2_000,
      stopTimeoutMs: 400,
      mailboxMessages: 5,
      mailboxBytes: 4_096,
    },
  });
});

test("TOML says the same as JSON", async () => {
  const toml =
    'restart = "transient"\ngrants = ["kv/read on kv/carts/**"]\nstart_arguments = [1, { a = "x" }]\n[limits]\nmemory = "1MiB"\nprocesses = 3\n[environment]\nMODE = "test"\n';
  expect(await read(toml, "m.toml")).toEqual({
    environment: { MODE: "test" },
    grants: ["kv/read on kv/carts/**"],
    startArguments: ["1", '{"a":"x"}'],
    rules: { soft: {}, actions: {} },
    numbers: { restart: 2, memoryBytes: 1_048_576, processes: 3 },
  });
});

test("every problem is told at once, with the name that was meant", async () => {
  const facts = await problemOf(
    '{"restrat":"permanent","limits":{"memory":"much","cpu_percent":0,"processes":-1,"soft":{"memroy":1},"actions":{"memory":"warn"}},"environment":{"A":1,"b c":"x"},"start_arguments":{}}',
  );
  expect(facts).toMatchObject({ code: "usage", reason: "MANIFEST_INVALID" });
  expect(facts.found?.split("; ")).toEqual([
    "restrat is not known (did you mean restart?)",
    expect.stringMatching(/^limits\.memory is "much", wanted /),
    expect.stringMatching(/^limits\.cpu_percent is 0, wanted /),
    "limits.processes is -1, wanted a whole number, 1 or more",
    "limits.soft.memroy is not known (did you mean limits.soft.memory?)",
    'limits.actions.memory is "warn", wanted kill',
    "environment.A is 1, wanted a text",
    'environment has "b c", wanted names of letters, digits and _',
    "start_arguments is {}, wanted an array",
  ]);
});

test.each([
  ["[]", "m.json"],
  ["{", "m.json"],
  ["x: 1", "m.yaml"],
  ["x = ", "m.toml"],
  ['limits = "x"', "m.toml"],
  ['{"__proto__":{"a":1}}', "m.json"],
  ['{"limits":5}', "m.json"],
])("%j in %s is refused", async (text, name) => {
  expect((await problemOf(text, name)).reason).toBe("MANIFEST_INVALID");
});
