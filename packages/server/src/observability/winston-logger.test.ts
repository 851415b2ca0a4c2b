import { Writable } from "node:stream";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { LogFields } from "./logger.ts";
import { redact } from "./redact.ts";
import { createLogger } from "./winston-logger.ts";

function collecting() {
  let text = "";
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream, lines: () => text.split("\n").slice(0, -1) };
}

const wallMs = () => Date.UTC(2026, 0, 2, 3, 4, 5, 6);

test("a json line has ts, level, message and fields, and fields cannot overwrite the others", () => {
  const { stream, lines } = collecting();
  createLogger({ level: "info", format: "json", stream, wallMs }).warn("Disk is slow", {
    level: "x",
    message: "y",
    ms: 12,
  });
  expect(lines().map((line) => JSON.parse(line))).toEqual([
    {
      ts: "2026-01-02T03:04:05.006Z",
      level: "warn",
      message: "Disk is slow",
      fields: { level: "x", message: "y", ms: 12 },
    },
  ]);
});

test("lines below the level are left out", () => {
  const { stream, lines } = collecting();
  const logger = createLogger({ level: "warn", format: "json", stream, wallMs });
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
  expect(lines().map((line) => JSON.parse(line).message)).toEqual(["c", "d"]);
});

test("a text line stays one line and cannot steer a terminal", () => {
  const { stream, lines } = collecting();
  createLogger({ level: "info", format: "text", stream, wallMs }).info("a\nb\u001b[2J", {
    id: "counter",
    note: "x y\u009b",
  });
  expect(lines()).toEqual(['2026-01-02T03:04:05.006Z info  a\\nb\\u001b[2J id=counter note="x y\\u009b"']);
});

test("secrets are blanked by name and by form, at any depth", () => {
  const pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----";
  const fields = {
    profile: { privateKeyPem: "k", apiToken: "t", password: "p", Authorization: "a", address: "here" },
    note: `before ${pem} after`,
    error: new Error(`failed with ${pem}`),
    bytes: new Uint8Array(3),
  };
  const { stream, lines } = collecting();
  createLogger({ level: "info", format: "json", stream, wallMs }).error("Failed", fields);
  const logged = JSON.parse(lines()[0] ?? "").fields;
  const gone = "[redacted]";
  expect(logged.profile).toEqual({
    privateKeyPem: gone,
    apiToken: gone,
    password: gone,
    Authorization: gone,
    address: "here",
  });
  expect(logged.note).toBe("before [redacted private key] after");
  expect(logged.bytes).toBe("[3 bytes]");
  expect(lines()[0]).not.toContain("MIIB");
});

test("an error is logged with its code, message and cause", () => {
  const error = Object.assign(new Error("outer", { cause: new Error("inner") }), { code: "E_OUTER" });
  expect(redact({ error })).toMatchObject({
    error: { message: "outer", code: "E_OUTER", cause: { message: "inner" } },
  });
});

test("a reader that does not read costs at most the backlog, and is told what it missed", () => {
  const waiting: (() => void)[] = [];
  let text = "";
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      waiting.push(done);
    },
    decodeStrings: false,
  });
  const logger = createLogger({ level: "info", format: "json", stream, wallMs });
  const line = "x".repeat(8_000);
  for (let i = 0; i < 1_000; i += 1) logger.info(line);
  expect(stream.writableLength).toBeLessThan(1.1 * 2 ** 20);

  // The reader wakes up: what waited goes out, then the next line tells the loss.
  while (waiting.length > 0) waiting.shift()?.();
  return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    while (waiting.length > 0 || stream.writableLength > 0) waiting.shift()?.();
    logger.info("awake");
    while (waiting.length > 0) waiting.shift()?.();
    const parsed = text
      .trim()
      .split("\n")
      .map((one) => JSON.parse(one));
    const kept = parsed.filter(({ message }) => message === line).length;
    expect(parsed.slice(-2).map(({ message, fields }) => [message, fields])).toEqual([
      ["Log lines dropped: the reader is too slow", { dropped: 1_000 - kept }],
      ["awake", {}],
    ]);
  });
});

test("a closed reader does not end the server", () => {
  const { stream } = collecting();
  const logger = createLogger({ level: "info", format: "json", stream, wallMs });
  stream.destroy(new Error("EPIPE"));
  logger.info("nobody hears");
  expect(stream.destroyed).toBe(true);
});

test("whatever is logged, the line is JSON and bounded", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const hostile = fc.constantFrom<unknown>(
    cyclic,
    new Proxy(
      {},
      {
        ownKeys: () => ["a"],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
        get: () => {
          throw new Error("no");
        },
      },
    ),
    10n,
    Symbol("s"),
    Number.NaN,
    new Date(Number.NaN),
    () => 1,
  );
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.anything({ withBigInt: true, withDate: true, withMap: true }), hostile)),
      (fields) => {
        const { stream, lines } = collecting();
        createLogger({ level: "info", format: "json", stream, wallMs }).info("m", fields as LogFields);
        expect(lines()).toHaveLength(1);
        expect(JSON.parse(lines()[0] ?? "").message).toBe("m");
      },
    ),
  );
});
