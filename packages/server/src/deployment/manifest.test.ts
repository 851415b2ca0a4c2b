import { expect, test } from "@jest/globals";
import { LimitAction, LogLevel, RestartKind, Manifest as WireManifest } from "@solo/proto";
import fc from "fast-check";
import type { SoloError } from "../errors.ts";
import { serviceDefaults } from "../limits.ts";
import { parseManifest } from "./manifest.ts";

type Parts = Parameters<typeof WireManifest.fromPartial>[0];

/** As it comes off the wire. */
const parse = (parts: Parts) =>
  parseManifest(WireManifest.decode(WireManifest.encode(WireManifest.fromPartial(parts)).finish()));

function fault(parts: Parts) {
  try {
    parse(parts);
    return undefined;
  } catch (error) {
    return error as SoloError;
  }
}

const defaults = {
  environment: {},
  logLevel: "info",
  restart: "permanent",
  httpAccess: "tenant",
  maxRestarts: 3,
  restartPeriodMs: 5_000,
  startArguments: "",
  softLimits: {},
  limitActions: {},
  limits: {
    memoryBytes: 64 * 1024 * 1024,
    cpuPercent: 50,
    processes: 32,
    startTimeoutMs: 5_000,
    stopTimeoutMs: 30_000,
    mailboxMessages: 1_000,
    mailboxBytes: 8 * 1024 * 1024,
    messageBytes: 4_190_208,
    replyBytes: 4_190_208,
    callsInFlight: 1_000,
    logLinesPerSecond: 1_000,
    cpuTimeMs: 10_000,
    callTimeMs: 300_000,
    openFiles: 256,
    scratchBytes: 1024 * 1024,
  },
};

test("what a manifest leaves out has its default, in whole or in part", () => {
  expect([parseManifest(undefined), parse({}), parse({ limits: {} })]).toEqual([defaults, defaults, defaults]);
  expect(parse({ limits: { processes: 64 } }).limits).toEqual({ ...defaults.limits, processes: 64 });
});

test("an operator's defaults take the place of the built-in ones, and give way to the manifest", () => {
  const own = { ...serviceDefaults, maxRestarts: 7, cpuPercent: 10, processes: 9 };
  const wire = WireManifest.fromPartial({ limits: { processes: 64 } });
  expect(parseManifest(wire, own)).toMatchObject({ maxRestarts: 7, limits: { cpuPercent: 10, processes: 64 } });
});

test("everything that is said comes through", () => {
  const said = parse({
    environment: { GREETING: "hello\nthere", _1: "" },
    logLevel: LogLevel.LOG_LEVEL_DEBUG,
    restart: RestartKind.RESTART_KIND_TEMPORARY,
    maxRestarts: 0,
    restartPeriodMs: 1,
    startArguments: Buffer.from('["ä"]'),
    limits: {
      memoryBytes: 33_554_432n,
      cpuPercent: 1,
      processes: 8,
      startTimeoutMs: 1,
      stopTimeoutMs: 600_000,
      mailboxMessages: 10,
      mailboxBytes: 10n,
      messageBytes: 10,
      replyBytes: 1,
      callsInFlight: 10,
      logLinesPerSecond: 1,
      cpuTimeMs: 10,
      callTimeMs: 100,
      openFiles: 64,
      scratchBytes: 65_536,
      soft: { mailbox_messages: 5n, calls_in_flight: 10n },
      actions: { reply_bytes: LimitAction.LIMIT_ACTION_WARN, mailbox_messages: LimitAction.LIMIT_ACTION_KILL },
    },
  });
  expect(said).toEqual({
    environment: { GREETING: "hello\nthere", _1: "" },
    logLevel: "debug",
    restart: "temporary",
    httpAccess: "tenant",
    maxRestarts: 0,
    restartPeriodMs: 1,
    startArguments: '["ä"]',
    limits: {
      memoryBytes: 33_554_432,
      cpuPercent: 1,
      processes: 8,
      startTimeoutMs: 1,
      stopTimeoutMs: 600_000,
      mailboxMessages: 10,
      mailboxBytes: 10,
      messageBytes: 10,
      replyBytes: 1,
      callsInFlight: 10,
      logLinesPerSecond: 1,
      cpuTimeMs: 10,
      callTimeMs: 100,
      openFiles: 64,
      scratchBytes: 65_536,
    },
    softLimits: { mailboxMessages: 5, callsInFlight: 10 },
    limitActions: { replyBytes: "warn", mailboxMessages: "kill" },
  });
});

test("a mailbox smaller than a message lowers the default of the message", () => {
  expect(parse({ limits: { mailboxBytes: 1_000n } }).limits).toMatchObject({
    mailboxBytes: 1_000,
    messageBytes: 1_000,
  });
});

test.each<[string, Parts, string]>([
  [
    "manifest.limits.soft.memroy_bytes",
    { limits: { soft: { memroy_bytes: 1n } } },
    "is no limit (did you mean memory_bytes?)",
  ],
  [
    "manifest.limits.actions.x",
    { limits: { actions: { x: 1 } } },
    "is no limit: there are memory_bytes, cpu_percent, ",
  ],
  ["manifest.limits.actions.memory_bytes", { limits: { actions: { memory_bytes: 3 } } }, "must be kill"],
  [
    "manifest.limits.actions.log_lines_per_second",
    { limits: { actions: { log_lines_per_second: 9 as never } } },
    "must be throttle or warn or kill",
  ],
  [
    "manifest.limits.soft.processes",
    { limits: { processes: 10, soft: { processes: 11n } } },
    "must be at most the limit itself, 10 processes",
  ],
  [
    "manifest.limits.scratch_bytes",
    { limits: { memoryBytes: 33_554_432n, scratchBytes: 33_554_432 } },
    "must be below memory_bytes, 33554432 bytes",
  ],
  [
    "manifest.limits.message_bytes",
    { limits: { messageBytes: 11, mailboxBytes: 10n } },
    "must be at most mailbox_bytes, 10 bytes",
  ],
])("%s, which contradicts what there is, is named: %#", (field, parts, wanted) => {
  const found = fault(parts);
  expect(found).toMatchObject({ code: "MANIFEST_INVALID", facts: { field } });
  expect(found?.message).toContain(`${field} ${wanted}`);
});

const manyVariables = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`V${index}`, ""]));

test.each<[string, Parts, string]>([
  ["manifest.limits.memory_bytes", { limits: { memoryBytes: 33_554_431n } }, "must be 33554432 to 1099511627776 bytes"],
  [
    "manifest.limits.memory_bytes",
    { limits: { memoryBytes: 2n ** 64n - 1n } },
    "must be 33554432 to 1099511627776 bytes",
  ],
  ["manifest.limits.cpu_percent", { limits: { cpuPercent: 10_001 } }, "must be 1 to 10000 percent"],
  ["manifest.limits.processes", { limits: { processes: 7 } }, "must be 8 to 4096 processes"],
  ["manifest.limits.start_timeout_ms", { limits: { startTimeoutMs: 600_001 } }, "must be 1 to 600000 ms"],
  ["manifest.limits.stop_timeout_ms", { limits: { stopTimeoutMs: 600_001 } }, "must be 1 to 600000 ms"],
  ["manifest.limits.mailbox_messages", { limits: { mailboxMessages: 1_000_001 } }, "must be 1 to 1000000 messages"],
  ["manifest.limits.mailbox_bytes", { limits: { mailboxBytes: 2n ** 31n } }, "must be 1 to 1073741824 bytes"],
  ["manifest.max_restarts", { maxRestarts: 1_000_001 }, "must be 0 to 1000000 restarts"],
  ["manifest.restart_period_ms", { restartPeriodMs: 86_400_001 }, "must be 1 to 86400000 ms"],
  ["manifest.restart", { restart: 9 as never }, "must be permanent, transient or temporary"],
  ["manifest.log_level", { logLevel: 9 as never }, "must be debug, info, warn or error"],
  ["manifest.start_arguments", { startArguments: Buffer.from([0xff]) }, "must be UTF-8"],
  ["manifest.start_arguments", { startArguments: Buffer.alloc(65_537, "x") }, "must be at most 65,536 characters"],
  ["manifest.environment", { environment: manyVariables }, "must have at most 256 variables"],
  ["manifest.environment.NUL", { environment: { NUL: "a\0b" } }, "must not contain NUL"],
  ["manifest.environment.LONG", { environment: { LONG: "x".repeat(32_769) } }, "must be at most 32,768 characters"],
  [
    "manifest.environment.1ST",
    { environment: { "1ST": "" } },
    "must be named by at most 256 letters, digits and _, no digit first",
  ],
  [
    'manifest.environment."A B"',
    { environment: { "A B": "" } },
    "must be named by at most 256 letters, digits and _, no digit first",
  ],
])("%s out of its bounds is named: %#", (field, parts, wanted) => {
  const error = fault(parts);
  expect(error).toMatchObject({ code: "MANIFEST_INVALID", facts: { field, wanted: `${field} ${wanted}` } });
  expect(error?.message.replace(/, got \S+$/, "")).toBe(`Cannot use the manifest: ${field} ${wanted}`);
});

test("what was said stands beside what is wanted, but for the values of variables", () => {
  const facts = (parts: Parts) => fault(parts)?.facts.found;
  expect(facts({ limits: { processes: 7 } })).toBe("manifest.limits.processes is 7");
  expect(facts({ limits: { actions: { memory_bytes: 3 } } })).toBe("manifest.limits.actions.memory_bytes is warn");
  expect(facts({ restart: 9 as never, maxRestarts: 1_000_001 })).toBe(
    "manifest.restart is 9; manifest.max_restarts is 1000001",
  );
  expect(facts({ environment: { KEY: "secret\0" } })).toBe("manifest.environment.KEY must not contain NUL");
});

test("every field at fault is named, up to eight", () => {
  const some = fault({ maxRestarts: 1_000_001, limits: { processes: 7, cpuPercent: 10_001 } });
  for (const field of ["max_restarts", "limits.processes", "limits.cpu_percent"]) {
    expect(some?.message).toContain(`manifest.${field} must`);
  }
  const bad = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}`, ""]));
  expect(fault({ environment: bad })?.message).toMatch(/^(?:[^;]+; ){8}and 12 more$/);
});

test("whatever names the variables have, the message is short and printable ASCII", () => {
  const environment = fc.dictionary(fc.string({ unit: "binary", maxLength: 200 }), fc.constant(""), { maxKeys: 12 });
  fc.assert(
    fc.property(environment, (variables) => {
      expect(fault({ environment: variables })?.message ?? "none").toMatch(/^[\x20-\x7e]{1,2000}$/);
    }),
  );
});
