import { expect, test } from "@jest/globals";
import { defineServer, reply, stop } from "@solo/actor-core";
import { manualClock } from "@solo/actor-core/testing";
import { holderIn } from "../../test/permits.ts";
import { type InlineDefinition, openInlineSandbox } from "../cells/inline/inline-sandbox.ts";
import { deploy } from "../deployment/deploy.ts";
import { parseManifest } from "../deployment/manifest.ts";
import { startKernel } from "../kernel/kernel.ts";
import { sizeLimits } from "../limits.ts";
import { silentLogger } from "../observability/logger.ts";
import { noMetrics } from "../observability/metrics.ts";
import type { Manifest } from "../services/service-record.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { call, cast } from "./send.ts";

/** A kernel whose time stands still, and what a client of the tenant acme does with it. */
async function start() {
  const time = manualClock();
  const clock = { ...time, wallMs: () => time.nowMs() };
  const sandbox = openInlineSandbox({ clock });
  const kernel = await startKernel({
    clock,
    logger: silentLogger,
    metrics: noMetrics,
    version: "test",
    capacity: {
      memoryBytes: Number.POSITIVE_INFINITY,
      cpuPercent: Number.POSITIVE_INFINITY,
      memoryOvercommit: 1,
      cpuOvercommit: 1,
    },
    openStorage: () => openMemoryStorage({ clock }),
    openSandbox: async () => sandbox,
  });
  const { deployments, messaging, authority } = kernel.parts();
  const { permit: permitFor } = await holderIn(authority, "acme");
  const begin = (serviceId: string, definition: InlineDefinition, changed: Partial<Manifest> = {}) => {
    const permit = permitFor("DeploymentService/Deploy");
    const key = { requestId: serviceId, fingerprint: "f" };
    const manifest = { ...parseManifest(undefined), ...changed };
    const source = Buffer.from(sandbox.register(definition));
    return deploy(deployments, permit, key, {
      serviceId,
      source,
      form: { kind: "source", language: "typescript" },
      fileName: "a.ts",
      signature: "",
      manifest,
    });
  };
  const message = (serviceId: string, method: string, args: readonly unknown[] | string = []) => ({
    serviceId,
    method,
    args: Buffer.from(typeof args === "string" ? args : JSON.stringify(args)),
  });
  const waiting = { timeoutMs: 1_000, signal: new AbortController().signal };
  return {
    kernel,
    time,
    deploy: begin,
    mailbox: (serviceId: string) => deployments.directory.get("acme", serviceId).mailbox,
    call: async (serviceId: string, method: string, args: readonly unknown[] | string = [], options = waiting) => {
      const permit = permitFor("MessagingService/Call");
      return String(await call(messaging, permit, message(serviceId, method, args), options).then(Buffer.from));
    },
    cast: (serviceId: string, method: string, args: readonly unknown[] | string = [], options = waiting) =>
      cast(messaging, permitFor("MessagingService/Cast"), message(serviceId, method, args), options),
    async [Symbol.asyncDispose]() {
      const stopped = kernel.stop({ graceMs: 1 });
      await quiesce();
      time.advance(1);
      await stopped;
    },
  };
}

const quiesce = () => new Promise((resolve) => setImmediate(resolve));
const failing = (code: string, facts: object = {}) =>
  expect.objectContaining({ code, facts: expect.objectContaining(facts) });

const counter = defineServer({
  version: 1,
  init: () => 0,
  calls: {
    add: ({ state }, by: number) => reply(state + by, state + by),
    wait: () => new Promise<never>(() => undefined),
    crash: (): never => {
      throw new Error("asked to");
    },
    date: () => reply({ at: { day: new Date(0) } } as never, 0),
  },
  casts: { add: ({ state }, by: number) => state + by, leave: () => stop("normal") },
});

/** A service whose `init` waits until it is told what to do. */
function slow() {
  const gate = Promise.withResolvers<number>();
  const { calls, casts } = counter;
  return { gate, definition: { ...counter, init: () => gate.promise, calls, casts } as InlineDefinition };
}

test("a call brings the answer, and leaves nothing in the mailbox", async () => {
  await using server = await start();
  await server.deploy("counter", counter);
  await server.cast("counter", "add", [2]);
  expect(await server.call("counter", "add", [3])).toBe("5");
  expect(server.mailbox("counter")).toEqual({ messages: 0, bytes: 0 });
});

test("a message to a service that is starting waits for it", async () => {
  await using server = await start();
  const { gate, definition } = slow();
  const deployed = server.deploy("counter", definition);
  await quiesce();
  const answer = server.call("counter", "add", [1]);
  await quiesce();
  expect(server.mailbox("counter")).toEqual({ messages: 1, bytes: 3 });
  gate.resolve(40);
  expect([await answer, (await deployed).state]).toEqual(["41", "running"]);
});

test("who waits for a service that never comes to run hears so at once", async () => {
  await using server = await start();
  const { gate, definition } = slow();
  const deployed = server.deploy("counter", definition);
  await quiesce();
  const answer = server.call("counter", "add", [1]);
  const refusals = Promise.allSettled([deployed, answer]);
  gate.reject(new Error("no database"));
  expect(await refusals).toEqual([
    { status: "rejected", reason: failing("START_FAILED") },
    { status: "rejected", reason: failing("SERVICE_NOT_RUNNING", { found: "a service that is failed" }) },
  ]);
});

test("a message that is not delivered within its time says so", async () => {
  await using server = await start();
  const { gate, definition } = slow();
  const deployed = server.deploy("counter", definition);
  await quiesce();
  const answer = server.call("counter", "add", [1]);
  const refused = expect(answer).rejects.toEqual(
    failing("CALL_TIMED_OUT", { metadata: { service_id: "counter", delivered: "false" } }),
  );
  await quiesce();
  server.time.advance(1_000);
  await refused;
  expect(server.mailbox("counter")).toEqual({ messages: 0, bytes: 0 });
  gate.resolve(0);
  await deployed;
});

test("a caller that has gone is not told of a time-out", async () => {
  await using server = await start();
  const { gate, definition } = slow();
  const deployed = server.deploy("counter", definition);
  await quiesce();
  const gone = new AbortController();
  const options = { timeoutMs: 1_000, signal: gone.signal };
  const early = expect(server.call("counter", "wait", [], options)).rejects.toEqual(failing("CANCELLED"));
  await quiesce();
  gone.abort();
  await early;
  gate.resolve(0);
  await deployed;
  const leaving = new AbortController();
  const late = server.call("counter", "wait", [], { timeoutMs: 1_000, signal: leaving.signal });
  const refused = expect(late).rejects.toEqual(failing("CANCELLED"));
  await quiesce();
  leaving.abort();
  await refused;
});

test("a call that is not answered in time keeps its place in the mailbox until the service is done with it", async () => {
  await using server = await start();
  await server.deploy("counter", counter);
  const refused = expect(server.call("counter", "wait")).rejects.toEqual(
    failing("CALL_TIMED_OUT", { found: "no answer within 1000 ms" }),
  );
  await quiesce();
  server.time.advance(1_000);
  await refused;
  expect(server.mailbox("counter").messages).toBe(1);
});

test("a full mailbox refuses by count and by bytes, and says which", async () => {
  await using server = await start();
  const { limits } = parseManifest(undefined);
  await server.deploy("few", counter, { limits: { ...limits, mailboxMessages: 1 } });
  await server.deploy("small", counter, { limits: { ...limits, mailboxBytes: 10 } });
  server.call("few", "wait").catch(() => undefined);
  await expect(server.cast("few", "add", [1])).rejects.toEqual(
    failing("MAILBOX_FULL", {
      quota: expect.objectContaining({ subject: "mailbox_messages", limit: 1, used: 1 }),
    }),
  );
  await expect(server.cast("small", "add", [123_456_789])).rejects.toEqual(
    failing("MAILBOX_FULL", {
      quota: expect.objectContaining({ subject: "mailbox_bytes", limit: 10, used: 11 }),
    }),
  );
});

test("a caller that has heard of the end may ask again at once", async () => {
  await using server = await start();
  await server.deploy("counter", counter);
  await expect(server.call("counter", "crash")).rejects.toEqual(failing("SERVICE_DIED"));
  expect(await server.call("counter", "add", [1])).toBe("1");
});

test("messages that a dying service never took do not stay in its mailbox", async () => {
  await using server = await start();
  await server.deploy("counter", counter);
  const died = expect(server.call("counter", "crash")).rejects.toEqual(failing("SERVICE_DIED"));
  // Handed to the actor while the end of its guest is on the way to it.
  for (let turn = 0; turn < 20; turn += 1) {
    await server.cast("counter", "add", [1]);
    await Promise.resolve();
  }
  await died;
  await server.call("counter", "add", [0]);
  expect(server.mailbox("counter")).toEqual({ messages: 0, bytes: 0 });
});

test.each([
  ["no method", "", [], "METHOD_INVALID"],
  ["a method of 257 characters", "x".repeat(257), [], "METHOD_INVALID"],
  ["a method of 258 bytes", "語".repeat(86), [], "METHOD_INVALID"],
  ["an unknown call", "subtract", [], "METHOD_NOT_FOUND"],
  ["arguments that are no JSON", "add", "[1,", "ARGUMENTS_NOT_JSON"],
  ["arguments that are no array", "add", "{}", "ARGUMENTS_NOT_JSON"],
  ["arguments above the limit", "add", `["${"x".repeat(sizeLimits.frameBytes)}"]`, "MESSAGE_TOO_LARGE"],
  ["a reply that is no JSON", "date", [], "REPLY_NOT_JSON"],
  ["a handler that throws", "crash", [], "SERVICE_DIED"],
] as const)("%s: refused with its own reason", async (_, method, args, code) => {
  await using server = await start();
  await server.deploy("counter", counter);
  await expect(server.call("counter", method, args)).rejects.toEqual(failing(code));
});

test("a cast to a name that no cast has is refused, since nobody would hear of it later", async () => {
  await using server = await start();
  await server.deploy("counter", counter);
  await expect(server.cast("counter", "subtract")).rejects.toEqual(
    failing("METHOD_NOT_FOUND", { wanted: "one of add, leave" }),
  );
  expect(server.mailbox("counter")).toEqual({ messages: 0, bytes: 0 });
});

test("a service that has stopped says why it takes no messages; one that is not there, that it is not", async () => {
  await using server = await start();
  await server.deploy("counter", counter, { restart: "temporary" });
  await server.cast("counter", "leave");
  await quiesce();
  await expect(server.call("counter", "add", [1])).rejects.toEqual(
    failing("SERVICE_NOT_RUNNING", { found: "a service that is stopped: Stopped: normal" }),
  );
  await expect(server.call("other", "add", [1])).rejects.toEqual(failing("SERVICE_NOT_FOUND"));
});

test("the longest deadline is no short one", async () => {
  await using server = await start();
  await server.deploy("counter", counter);
  const options = { timeoutMs: 1e12, signal: new AbortController().signal };
  expect(await server.call("counter", "add", [1], options)).toBe("1");
});
