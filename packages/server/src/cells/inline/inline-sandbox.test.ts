import { afterEach, expect, test } from "@jest/globals";
import { defineServer, noReply, reply, stop } from "@solo/actor-core";
import { GuestGone, type OutgoingMessage, openGuestSession, type SessionHandlers } from "../guest-session.ts";
import { usualBounds } from "../testing/usual-bounds.ts";
import { type InlineDefinition, openInlineSandbox } from "./inline-sandbox.ts";

const sandbox = openInlineSandbox({ clock: { nowMs: () => 0 } });
const LIMITS = { memoryBytes: 1, cpuPercent: 1, processes: 1 };
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

const open: { kill(): void }[] = [];
afterEach(() => {
  for (const session of open.splice(0)) session.kill();
});

async function start(source: InlineDefinition | string, args: readonly unknown[] = []) {
  const logs: string[] = [];
  const outgoing: OutgoingMessage[] = [];
  const handlers: SessionHandlers = {
    onLog: ({ level, text: line }) => logs.push(`${level} ${line}`),
    onOutgoing: (message) => outgoing.push(message),
    onLimit: () => {},
  };
  const session = openGuestSession(await sandbox.acquire(LIMITS), handlers, { bounds: usualBounds });
  open.push(session);
  const outcome = await session.start({
    serviceId: "a",
    tenant: "t",
    source: new TextEncoder().encode(typeof source === "string" ? source : sandbox.register(source)),
    language: "typescript",
    fileName: "a.ts",
    environment: {},
    logLevel: "info",
    drivers: { svc: { calls: ["call", "cast"], streams: [] }, log: { calls: ["write"], streams: [] } },
    startArguments: text(args),
  });
  const call = async (method: string, ...values: readonly unknown[]) => {
    const answer = await session.call({ method, args: text(values), timeoutMs: 1_000 });
    if (answer.kind === "over-limit") return answer;
    return answer.kind === "reply" ? JSON.parse(new TextDecoder().decode(answer.bytes)) : answer.error;
  };
  return { session, outcome, logs, outgoing, call };
}

const counter = defineServer({
  version: 1,
  init: ({ ctx }, begin: number) => {
    ctx.log("info", "from", begin);
    ctx.log("debug", "hidden", begin);
    return { count: begin };
  },
  calls: {
    add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }),
    fail: (): never => {
      throw new TypeError("no");
    },
    silent: ({ state }) => noReply<number, typeof state>(state),
    price: async ({ state, ctx }, item: string) => reply(await ctx.call("prices", "of", item), state),
  },
  casts: { leave: () => stop("normal") },
});

test("a registered definition runs with the conversation of a real cell", async () => {
  const { outcome, call, logs, session } = await start(counter, [40]);
  expect(outcome).toEqual({
    kind: "started",
    calls: ["add", "fail", "silent", "price"],
    casts: ["leave"],
    contract: "",
  });
  expect(await Promise.all([call("add", 1), call("add", 1)])).toEqual([41, 42]);
  expect(await call("subtract")).toMatchObject({ kind: "unknown-method" });
  expect(logs).toEqual(["info from 40"]);
  session.cast({ method: "leave", args: text([]) });
  expect(await session.exited).toEqual({ normal: true, cause: { kind: "stop", message: "Stopped: normal" } });
});

test("the same definition is the same source", () => {
  expect(sandbox.register(counter)).toBe(sandbox.register(counter));
});

test("a crash ends every open call with its cause", async () => {
  const { session, call } = await start(counter, [0]);
  const waiting = call("silent");
  await expect(Promise.all([waiting, call("fail")])).rejects.toThrow(GuestGone);
  await expect(waiting).rejects.toMatchObject({
    exit: { normal: false, cause: { kind: "crash", message: "TypeError: no" } },
  });
  await expect(call("add", 1)).rejects.toThrow(GuestGone);
  expect(session.usage()).toBeUndefined();
});

test("a call to another service goes out and comes back", async () => {
  const { call, outgoing } = await start(counter, [0]);
  const answer = call("price", "pear");
  await new Promise((resolve) => setImmediate(resolve));
  outgoing[0]?.answer({ kind: "reply", bytes: text({ euros: 4 }) });
  expect(await answer).toEqual({ euros: 4 });
});

test("a source that was not registered, and a definition that is none, do not start", async () => {
  expect((await start("export default 1")).outcome).toMatchObject({ kind: "failed", cause: { kind: "compile" } });
  const fake = { version: 1, calls: {}, casts: {} };
  expect((await start(fake)).outcome).toMatchObject({ kind: "failed", cause: { kind: "init" } });
});

test("a killed guest hears and says nothing more", async () => {
  const { session, call } = await start(counter, [0]);
  const waiting = call("silent");
  session.kill();
  await expect(waiting).rejects.toMatchObject({ exit: { cause: { kind: "kill" } } });
  await expect(session.cast({ method: "leave", args: text([]) })).resolves.toBe(false);
});
