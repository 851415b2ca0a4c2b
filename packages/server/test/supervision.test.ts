// How services live and die, seen from outside.

import { status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Event, LogLevel, type LogsRequest, RestartKind, ServiceState } from "@solo/proto";
import { ask, type Connection, connect, isRunning, Reading, refusal } from "./client.ts";
import { footprintOf, groupsOfServer, processesIn, remainsOf } from "./footprint.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const source = (body: string): string => `
import { defineServer, noReply, reply, stop, stopReply } from "@solo/actor-core";
export default defineServer({ version: 1, ${body} });
`;

/** Does what it is told to, good or bad. */
const obedient = source(`
  init: (_, start = 0) => ({ count: start }),
  calls: {
    value: ({ state }) => reply(state.count, state),
    add: ({ state }, by) => reply(state.count + by, { count: state.count + by }),
    crash: () => { throw new Error("asked to crash"); },
    hang: ({ state }) => noReply(state),
    endReplying: (_, reason) => stopReply("ending", reason),
    exit: () => process.exit(3),
    log: ({ state, ctx }, level, text) => { ctx.log(level, text); return reply(null, state); },
    environment: ({ state }) => reply(process.env, state),
    flood: ({ state, ctx }, lines, length) => {
      for (let line = 1; line <= lines; line += 1) ctx.log("line " + line + " " + "x".repeat(length));
      return reply(null, state);
    },
    hog: ({ state }) => {
      const kept = [];
      for (;;) kept.push(new Uint8Array(4_000_000).fill(1));
    },
  },
  casts: { end: (_, reason) => stop(reason) },
`);

/** Remembers what others tell it. */
const witness = source(`
  init: () => ({ seen: [] }),
  calls: { seen: ({ state }) => reply(state.seen, state) },
  casts: { saw: ({ state }, what) => ({ seen: [...state.seen, what] }) },
`);

/** It does not grow, so that what is to be on the host is known. */
const POOL_SIZE = 8;

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

async function open(): Promise<void> {
  server = await startServer(data.folder, ["--pool-most", String(POOL_SIZE)]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeAll(open);
afterAll(async () => {
  solo.close();
  await server.stop();
  data.remove();
});

const types = (events: readonly Event[]): readonly string[] => events.map(({ type }) => type.replace("service.", ""));

const crash = (serviceId: string) => refusal(solo.call(serviceId, "crash"));

async function untilState(serviceId: string, state: ServiceState) {
  return until(`${serviceId} is in state ${state}`, async () => {
    const now = await solo.status(serviceId);
    return now.state === state ? now : undefined;
  });
}

async function expectNothingLeft(footprint: ReturnType<typeof footprintOf>): Promise<void> {
  await until("nothing is left of it", () => (remainsOf(footprint).length === 0 ? true : undefined), 5_000).catch(
    () => undefined,
  );
  expect(remainsOf(footprint)).toEqual([]);
}

describe("restarts", () => {
  test("a service whose intensity allows it survives a crash loop of 100, every step of it on record", async () => {
    await solo.deploy("phoenix", obedient, { manifest: { maxRestarts: 1_000, restartPeriodMs: 600_000 } });
    for (let crashes = 1; crashes <= 100; crashes += 1) {
      expect(await crash("phoenix")).toMatchObject({ reason: "SERVICE_DIED", metadata: { cause: "crash" } });
    }
    expect(await solo.call("phoenix", "add", [1])).toBe(1);
    const after = await solo.status("phoenix");
    expect([after.state, after.restarts]).toEqual([ServiceState.SERVICE_STATE_RUNNING, 100]);

    // What happens by itself is written behind what people wait for.
    const story = await until("all of it is written", async () => {
      const written = await solo.history("phoenix");
      return written.length >= 302 ? written : undefined;
    });
    const loop = Array.from({ length: 100 }, () => ["crashed", "restarting", "started"]).flat();
    expect(types(story)).toEqual(["deployed", "started", ...loop]);
    // Each step names the one before it.
    expect(story.slice(1).map((event) => event.causationSequence)).toEqual(
      story.slice(0, -1).map((event) => event.sequence),
    );
    // A crash belongs to the message that brought it about, all else to the deployment.
    const deployment = story[0]?.correlationId;
    const ids = story.map(({ type, correlationId }) => (type === "service.crashed" ? correlationId : deployment));
    expect(story.map((event) => event.correlationId)).toEqual(ids);
    expect(new Set(ids).size).toBe(101);
    const all = await solo.history();
    expect(all.map((event) => Number(event.sequence))).toEqual(all.map((_, index) => index + 1));
    await solo.kill("phoenix", { force: true });
  });

  test("one more crash than the default intensity ends it as failed, with the reason (lesson 16)", async () => {
    await solo.deploy("fragile", obedient);
    for (let crashes = 1; crashes <= 4; crashes += 1) await crash("fragile");
    const failed = await untilState("fragile", ServiceState.SERVICE_STATE_FAILED);
    expect(failed.restarts).toBe(3);
    expect(failed.processId).toBe(0);
    expect(failed.lastCause).toMatchObject({
      kind: "crash",
      message: expect.stringMatching(/3 restarts.*3 within 5000 ms.*asked to crash/),
    });
    expect(await refusal(solo.call("fragile", "value"))).toMatchObject({
      status: grpcStatus.FAILED_PRECONDITION,
      reason: "SERVICE_NOT_RUNNING",
      hint: { found: expect.stringContaining("asked to crash"), command: "solo restart fragile" },
    });
    expect(types(await solo.history("fragile")).at(-1)).toBe("failed");
  });

  test("Restart brings a failed service back with a fresh budget", async () => {
    const back = await solo.restart("fragile");
    expect([back.state, back.restarts, back.version, back.lastCause]).toEqual([
      ServiceState.SERVICE_STATE_RUNNING,
      0,
      1,
      undefined,
    ]);
    for (let crashes = 1; crashes <= 3; crashes += 1) await crash("fragile");
    expect(await solo.call("fragile", "value")).toBe(0);
    await crash("fragile");
    await untilState("fragile", ServiceState.SERVICE_STATE_FAILED);
  });

  test("a transient service that ends normally is stopped, one that crashes comes back", async () => {
    await solo.deploy("worker", obedient, { manifest: { restart: RestartKind.RESTART_KIND_TRANSIENT } });
    await crash("worker");
    expect(await solo.call("worker", "value")).toBe(0);
    await solo.cast("worker", "end", "normal");
    const stopped = await untilState("worker", ServiceState.SERVICE_STATE_STOPPED);
    expect(stopped.lastCause?.kind).toBe("stop");
    expect((await refusal(solo.call("worker", "value"))).reason).toBe("SERVICE_NOT_RUNNING");
    expect(types(await solo.history("worker")).slice(-2)).toEqual(["ended", "stopped"]);
    expect((await solo.restart("worker")).state).toBe(ServiceState.SERVICE_STATE_RUNNING);
  });

  test("a temporary service is not started again, whether it ends or crashes", async () => {
    await solo.deploy("once", obedient, { manifest: { restart: RestartKind.RESTART_KIND_TEMPORARY } });
    await solo.cast("once", "end", "shutdown");
    await untilState("once", ServiceState.SERVICE_STATE_STOPPED);
    await solo.restart("once");
    await crash("once");
    const failed = await untilState("once", ServiceState.SERVICE_STATE_FAILED);
    expect([failed.restarts, failed.lastCause?.message]).toEqual([0, expect.stringContaining("asked to crash")]);
  });

  test("a permanent service comes back from a normal end too", async () => {
    await solo.deploy("eternal", obedient);
    await solo.cast("eternal", "end", "normal");
    await until("it was started again", async () => ((await solo.status("eternal")).restarts === 1 ? true : undefined));
    expect(await solo.call("eternal", "value")).toBe(0);
    expect(types(await solo.history("eternal"))).toEqual(["deployed", "started", "ended", "restarting", "started"]);
    await refusal(solo.call("eternal", "exit"));
    expect(await solo.call("eternal", "value")).toBe(0);
    expect((await solo.status("eternal")).lastCause?.kind).toBe("exit");
  });

  test("a handler that answers and stops has answered before anybody hears of its end", async () => {
    await solo.deploy("polite", obedient, { manifest: { restart: RestartKind.RESTART_KIND_TEMPORARY } });
    for (let round = 0; round < 3; round += 1) {
      expect(await solo.call("polite", "endReplying", ["normal"])).toBe("ending");
      await untilState("polite", ServiceState.SERVICE_STATE_STOPPED);
      await solo.restart("polite");
    }
  });

  test("a service that cannot start again is failed, with the reason, and starts when it can", async () => {
    const gate = source(`
      init: () => ({ open: true }),
      calls: { isOpen: ({ state }) => reply(state.open, state) },
      casts: { set: (_, open) => ({ open }) },
    `);
    const gated = source(`
      init: async ({ ctx }) => {
        if (!(await ctx.call("gate", "isOpen"))) throw new Error("the gate is shut");
        return {};
      },
      calls: { value: ({ state }) => reply("in", state), crash: () => { throw new Error("asked to crash"); } },
    `);
    await solo.deploy("gate", gate);
    await solo.deploy("gated", gated, { manifest: { grants: ["svc/call,svc/cast on svc/*"] } });
    await solo.cast("gate", "set", false);
    expect(await refusal(solo.restart("gated"))).toMatchObject({
      reason: "START_FAILED",
      message: expect.stringContaining("the gate is shut"),
    });
    const failed = await solo.status("gated");
    expect([failed.state, failed.lastCause?.kind]).toEqual([ServiceState.SERVICE_STATE_FAILED, "init"]);
    await solo.cast("gate", "set", true);
    await solo.restart("gated");
    expect(await solo.call("gated", "value")).toBe("in");

    // By itself too: each attempt counts against the intensity.
    await solo.cast("gate", "set", false);
    await crash("gated");
    const gaveUp = await untilState("gated", ServiceState.SERVICE_STATE_FAILED);
    expect(gaveUp.lastCause?.message).toContain("the gate is shut");
    expect(gaveUp.restarts).toBe(3);
    await solo.cast("gate", "set", true);
    await solo.restart("gated");
  });

  test("the restarted process is the one that status shows and kill ends (lesson 13)", async () => {
    await solo.deploy("tracked", obedient);
    const first = await solo.status("tracked");
    process.kill(first.processId, "SIGKILL");
    const second = await until("another process runs it", async () => {
      const now = await solo.status("tracked");
      return isRunning(now) && now.processId !== first.processId ? now : undefined;
    });
    const footprint = footprintOf(second.processId);
    expect(footprint.processes.length).toBeGreaterThan(0);
    await solo.kill("tracked");
    await expectNothingLeft(footprint);
  });
});

describe("kill", () => {
  const dying = source(`
    init: ({ ctx }, name) => ({ name }),
    calls: { value: ({ state }) => reply(1, state) },
    terminate: ({ state, ctx }) => { ctx.cast("witness", "saw", state.name); },
  `);

  test("in order lets terminate run; by force does not; neither is ever restarted (lesson 14)", async () => {
    await solo.deploy("witness", witness);
    for (const [serviceId, force] of [
      ["gentle", false],
      ["forced", true],
    ] as const) {
      const manifest = {
        startArguments: Buffer.from(JSON.stringify([serviceId])),
        grants: ["svc/call,svc/cast on svc/*"],
      };
      const { processId } = await solo.deploy(serviceId, dying, { manifest });
      const footprint = footprintOf(processId);
      const killed = await solo.kill(serviceId, { force });
      expect(killed.state).toBe(ServiceState.SERVICE_STATE_KILLED);
      // Answered only once nothing is left.
      expect(remainsOf(footprint)).toEqual([]);
      expect(types(await solo.history(serviceId))).toEqual(["deployed", "started", "kill-requested", "killed"]);
    }
    expect(await solo.call("witness", "seen")).toEqual(["gentle"]);
    expect((await solo.list()).map((service) => service.serviceId)).not.toContain("gentle");
    expect((await solo.status("forced")).state).toBe(ServiceState.SERVICE_STATE_KILLED);
  });

  test("a terminate that never ends is cut off at the stop time", async () => {
    const stuck = source("init: () => ({}), terminate: () => new Promise(() => {}),");
    await solo.deploy("stuck", stuck, { manifest: { limits: { stopTimeoutMs: 200 } } });
    const begunAt = performance.now();
    await solo.kill("stuck");
    expect(performance.now() - begunAt).toBeGreaterThan(150);
    expect(performance.now() - begunAt).toBeLessThan(5_000);
  });

  test("ends a crash loop for good, whatever moment it meets", async () => {
    const restless = source(`
      init: () => { setTimeout(() => { throw new Error("tick"); }, 5); return {}; },
    `);
    for (const force of [false, true]) {
      await solo.deploy("restless", restless, { manifest: { maxRestarts: 1_000_000, restartPeriodMs: 1_000 } });
      await until("it has crashed a few times", async () =>
        (await solo.status("restless")).restarts > 3 ? true : undefined,
      );
      expect((await solo.kill("restless", { force })).state).toBe(ServiceState.SERVICE_STATE_KILLED);
      expect(types(await solo.history("restless")).at(-1)).toBe("killed");
    }
  });

  test("of a service that was killed says so, and of one that never was says that", async () => {
    expect((await refusal(solo.kill("gentle"))).reason).toBe("SERVICE_NOT_RUNNING");
    expect((await refusal(solo.kill("nobody"))).reason).toBe("SERVICE_NOT_FOUND");
  });
});

describe("what takes long", () => {
  test("a slow start and a slow stop hold up nobody else (lesson 12)", async () => {
    const slowStart = refusal(
      solo.deploy("slow-start", "for (;;);", { manifest: { limits: { startTimeoutMs: 4_000 } } }),
    );
    const lingering = source("init: () => ({}), terminate: () => new Promise(() => {}),");
    await solo.deploy("slow-stop", lingering, { manifest: { limits: { stopTimeoutMs: 4_000 } } });
    const slowStop = solo.kill("slow-stop");
    let ended = 0;
    for (const slow of [slowStart, slowStop]) void slow.then(() => (ended += 1));
    for (let round = 0; round < 3; round += 1) {
      await solo.deploy("brisk", obedient);
      await solo.call("brisk", "add", [1]);
      await solo.kill("brisk");
    }
    // All of it while the two were still at it.
    expect(ended).toBe(0);
    expect((await solo.status("slow-stop")).state).toBe(ServiceState.SERVICE_STATE_STOPPING);
    expect((await slowStart).reason).toBe("START_TIMED_OUT");
    expect((await slowStop).state).toBe(ServiceState.SERVICE_STATE_KILLED);
  });

  test("a service that is being changed by hand refuses another change, and goes on with the first", async () => {
    const lingering = source("init: () => ({}), terminate: () => new Promise((done) => setTimeout(done, 500)),");
    await solo.deploy("changing", lingering);
    const killing = solo.kill("changing");
    await untilState("changing", ServiceState.SERVICE_STATE_STOPPING);
    expect((await refusal(solo.kill("changing"))).reason).toBe("SERVICE_BUSY");
    expect((await refusal(solo.restart("changing"))).reason).toBe("SERVICE_BUSY");
    expect((await refusal(solo.deploy("changing", obedient))).reason).toBe("SERVICE_EXISTS");
    expect((await killing).state).toBe(ServiceState.SERVICE_STATE_KILLED);
  });
});

describe("ids", () => {
  test("a live id is taken, and its service is left alone (lesson 15)", async () => {
    const before = await solo.deploy("taken", obedient);
    await solo.call("taken", "add", [7]);
    expect(await refusal(solo.deploy("taken", obedient))).toMatchObject({
      status: grpcStatus.ALREADY_EXISTS,
      reason: "SERVICE_EXISTS",
      metadata: { service_id: "taken", state: "running" },
    });
    expect(await solo.call("taken", "value")).toBe(7);
    expect((await solo.status("taken")).processId).toBe(before.processId);
  });

  test("of many deploys of one id at once, one wins", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => solo.deploy("race", obedient)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ reason: "SERVICE_EXISTS" });
    }
    expect(types(await solo.history("race"))).toEqual(["deployed", "started"]);
  });

  test("a killed id starts its next version", async () => {
    await solo.kill("taken");
    const next = await solo.deploy(
      "taken",
      source("init: () => ({}), calls: { version: ({ state }) => reply(2, state) },"),
    );
    expect([next.version, next.calls]).toEqual([2, ["version"]]);
    expect(await solo.call("taken", "version")).toBe(2);
    expect((await refusal(solo.call("taken", "value"))).reason).toBe("METHOD_NOT_FOUND");
  });
});

describe("what the manifest says", () => {
  test("arrives in the service: environment, log level, start arguments, limits (lesson 16)", async () => {
    await solo.deploy("told", obedient, {
      manifest: {
        environment: { GREETING: "good day", EMPTY: "" },
        logLevel: LogLevel.LOG_LEVEL_WARN,
        startArguments: Buffer.from("[41]"),
        limits: { memoryBytes: 96n * 1024n * 1024n, cpuPercent: 70, processes: 40, startTimeoutMs: 9_000 },
      },
    });
    expect(await solo.call("told", "value")).toBe(41);
    const environment = (await solo.call("told", "environment")) as Record<string, string>;
    expect(environment).toMatchObject({ GREETING: "good day", EMPTY: "" });
    // Nothing of the server's own environment.
    expect(Object.keys(environment).filter((name) => /^(HOME|USER|SOLO_|npm_|NODE_)/.test(name))).toEqual([]);

    await solo.call("told", "log", ["info", "not wanted"]);
    await solo.call("told", "log", ["error", "wanted"]);
    const lines = await readLogs({ serviceId: "told" });
    expect(lines.map(({ text, level }) => [text, level])).toEqual([["wanted", LogLevel.LOG_LEVEL_ERROR]]);

    const { manifest, usage } = await solo.status("told");
    expect(manifest?.limits).toMatchObject({ memoryBytes: 96n * 1024n * 1024n, cpuPercent: 70, processes: 40 });
    expect(manifest?.limits?.stopTimeoutMs).toBe(30_000);
    expect(manifest?.maxRestarts).toBe(3);
    expect(usage).toMatchObject({ memoryLimitBytes: 96n * 1024n * 1024n, processesLimit: 40 });
  });

  test("memory: a service that takes too much dies of it and comes back, and its neighbour does not notice", async () => {
    await solo.deploy("neighbour", obedient);
    const { processId } = await solo.deploy("hog", obedient);
    const footprint = footprintOf(processId);
    const hogging = refusal(solo.call("hog", "hog"));
    let slowestMs = 0;
    let over = false;
    void hogging.finally(() => {
      over = true;
    });
    while (!over) {
      const askedAt = performance.now();
      await solo.call("neighbour", "add", [1]);
      slowestMs = Math.max(slowestMs, performance.now() - askedAt);
    }
    expect(await hogging).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
      reason: "LIMIT_REACHED",
      metadata: { cause: "oom", limit: "memory_bytes" },
    });
    expect(slowestMs).toBeLessThan(2_000);
    expect(await solo.call("hog", "value")).toBe(0);
    expect((await solo.status("hog")).lastCause?.kind).toBe("oom");
    await expectNothingLeft(footprint);
  });

  test("mailbox: more unanswered messages than allowed are refused", async () => {
    await solo.deploy("patient", obedient, { manifest: { limits: { mailboxMessages: 2 } } });
    const waiting = [1, 2].map(() => refusal(solo.call("patient", "hang", [], 1_500)));
    await until("both are in", async () =>
      (await solo.status("patient")).usage?.mailboxMessages === 2 ? true : undefined,
    );
    expect(await refusal(solo.call("patient", "value"))).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
      reason: "MAILBOX_FULL",
    });
    for (const each of await Promise.all(waiting)) expect(each.status).toBe(grpcStatus.DEADLINE_EXCEEDED);
    await until(
      "there is room again",
      async () => (await solo.call("patient", "value").catch(() => undefined)) ?? undefined,
    );
  });
});

describe("services that talk", () => {
  const talker = source(`
    init: (_, other) => ({ other }),
    calls: {
      value: ({ state }) => reply(state.other, state),
      // Answers later, so that its next message is handled meanwhile.
      ask: ({ state, ctx, from }) => {
        ctx.call(state.other, "value").then((value) => from.reply(value), () => {});
        return noReply(state);
      },
      // Waits inside the handler.
      wait: async ({ state, ctx }, method) => {
        try {
          return reply(await ctx.call(state.other, method), state);
        } catch (error) {
          return reply({ refused: String(error.message), reason: error.reason ?? error.code ?? "" }, state);
        }
      },
      hang: ({ state }) => noReply(state),
    },
  `);
  const deployTalker = (serviceId: string, other: string) =>
    solo.deploy(serviceId, talker, {
      manifest: { startArguments: Buffer.from(JSON.stringify([other])), grants: ["svc/call,svc/cast on svc/*"] },
    });

  test("two that call each other at once both get their answer", async () => {
    await deployTalker("ann", "ben");
    await deployTalker("ben", "ann");
    const rounds = Array.from({ length: 20 }, () => [solo.call("ann", "ask"), solo.call("ben", "ask")]).flat();
    expect(new Set(await Promise.all(rounds))).toEqual(new Set(["ann", "ben"]));
  });

  test("a circle of waiting handlers ends at the caller's deadline, and all of them answer again", async () => {
    await deployTalker("cat", "dog");
    await deployTalker("dog", "cat");
    expect((await refusal(solo.call("cat", "wait", ["ask"], 500))).status).toBe(grpcStatus.DEADLINE_EXCEEDED);
    expect(await solo.call("cat", "value", [], 5_000)).toBe("dog");
    expect(await solo.call("dog", "value", [], 5_000)).toBe("cat");
  });

  test("a caller hears at once when the callee dies, be it a client or a service", async () => {
    const { processId } = await solo.status("ben");
    const byService = solo.call("ann", "wait", ["hang"]);
    const byClient = refusal(solo.call("ben", "hang"));
    await until("both calls are in", async () =>
      (await solo.status("ben")).usage?.mailboxMessages === 2 ? true : undefined,
    );
    const diedAt = performance.now();
    process.kill(processId, "SIGKILL");
    expect(await byClient).toMatchObject({ reason: "SERVICE_DIED", metadata: { cause: "signal" } });
    expect(JSON.stringify(await byService)).toMatch(/SERVICE_DIED|ended|died|SIGKILL/i);
    expect(performance.now() - diedAt).toBeLessThan(5_000);
  });
});

describe("what can be followed", () => {
  test("logs: from the beginning, the last ones, live ones, and how many are missing (lesson 8)", async () => {
    await solo.deploy("writer", obedient);
    const live = new Reading(solo.deployments.logs(logsRequest({ serviceId: "writer", follow: true })));
    await solo.call("writer", "flood", [3, 0]);
    await live.until("three lines came", (items) => (items.length === 3 ? true : undefined));
    expect((await readLogs({ serviceId: "writer", tailLines: 2 })).map(({ text }) => text.trim())).toEqual([
      "line 2",
      "line 3",
    ]);
    expect((await readLogs({ serviceId: "writer", afterSequence: 2n })).map(({ text }) => text.trim())).toEqual([
      "line 3",
    ]);

    // More text than is kept: the reader is told how many lines it cannot have.
    await solo.call("writer", "flood", [100, 4_000]);
    await live.until("the last line came", (items) => (items.at(-1)?.line?.sequence === 103n ? true : undefined));
    let before = 0n;
    for (const { line, droppedBefore } of live.items) {
      expect(line?.sequence).toBe(before + droppedBefore + 1n);
      before = line?.sequence ?? 0n;
    }
    await live.stop();
    const kept = new Reading(solo.deployments.logs(logsRequest({ serviceId: "writer" })));
    expect(await kept.ended).toBeUndefined();
    const [oldest] = kept.items;
    expect(Number(oldest?.droppedBefore)).toBe(Number(oldest?.line?.sequence) - 1);
    expect(Number(oldest?.droppedBefore)).toBeGreaterThan(10);
    expect(kept.items.slice(1).every(({ droppedBefore }) => droppedBefore === 0n)).toBe(true);
  });

  test("Watch brings events, log lines and usage as they happen, with all their fields (lessons 6, 7, 8)", async () => {
    const watch = new Reading(
      solo.deployments.watch({ tenant: "", serviceId: "", afterCursor: "", usageIntervalMs: 200 }),
    );
    await watch.until("the watch runs", (items) => items.find(({ item }) => item?.$case === "usage"));
    await solo.deploy("watched", obedient);
    await solo.call("watched", "log", ["warn", "hello"]);
    await crash("watched");
    const line = await watch.until(
      "the line came",
      (items) =>
        items.flatMap(({ item }) =>
          item?.$case === "logLine" && item.value.serviceId === "watched" ? [item.value] : [],
        )[0],
    );
    expect([line.text, line.level]).toEqual(["hello", LogLevel.LOG_LEVEL_WARN]);
    const crashed = await watch.until(
      "the crash came",
      (items) =>
        items.flatMap(({ item }) =>
          item?.$case === "event" && item.value.type === "service.crashed" ? [item.value] : [],
        )[0],
    );
    expect(crashed).toMatchObject({
      serviceId: "watched",
      actor: "kernel",
      tenant: (await solo.status("watched")).tenant,
    });
    expect(crashed.at?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(JSON.parse(crashed.dataJson)).toMatchObject({ version: 1, cause: { kind: "crash" } });
    const used = await watch.until(
      "usage came",
      (items) =>
        items.flatMap(({ item }) =>
          item?.$case === "usage" && item.value.serviceId === "watched" ? [item.value] : [],
        )[0],
    );
    expect(Number(used.usage?.memoryBytes)).toBeGreaterThan(100_000);
    await watch.stop();
  });

  test("a tail has no gap and no repetition where the past becomes the present, wherever it begins (lessons 8, 21)", async () => {
    const restless = source(`init: () => { setTimeout(() => { throw new Error("tick"); }, 1); return {}; },`);
    await solo.deploy("busy", restless, { manifest: { maxRestarts: 1_000_000, restartPeriodMs: 1_000 } });
    const before = await solo.history();
    const head = Number(before.at(-1)?.sequence);
    const cursors = ["", before[0]?.cursor, before.at(-1)?.cursor] as string[];
    const tails = cursors.map(
      (after) => new Reading(solo.events.tailEvents({ tenant: "", after, serviceId: "", onlyNew: false })),
    );
    const newOnly = new Reading(solo.events.tailEvents({ tenant: "", after: "", serviceId: "", onlyNew: true }));
    const last = head + 60;
    for (const [index, tail] of [...tails, newOnly].entries()) {
      const sequences = await tail.until("sixty more events came", (items) => {
        const found = items.map(({ event }) => Number(event?.sequence));
        return (found.at(-1) ?? 0) >= last ? found : undefined;
      });
      const first = [1, 2, head + 1][index] ?? (sequences[0] as number);
      expect(sequences).toEqual(sequences.map((_, place) => first + place));
      await tail.stop();
    }
    await solo.kill("busy", { force: true });
  });
});

describe("after a restart of the server", () => {
  test("a failed and a stopped service are shown and not started, and an ordinary one runs (lesson 20)", async () => {
    await solo.cast("worker", "end", "normal");
    await untilState("worker", ServiceState.SERVICE_STATE_STOPPED);
    const before = new Map((await solo.list()).map((service) => [service.serviceId, service]));
    solo.close();
    await server.kill();
    await open();
    const after = new Map((await solo.list()).map((service) => [service.serviceId, service]));
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [serviceId, service] of before) {
      expect([serviceId, after.get(serviceId)?.state, after.get(serviceId)?.version]).toEqual([
        serviceId,
        service.state,
        service.version,
      ]);
    }
    expect(after.get("fragile")?.lastCause?.message).toContain("gave up after 3 restarts");
    expect(after.get("fragile")?.processId).toBe(0);
    expect((await solo.restart("fragile")).state).toBe(ServiceState.SERVICE_STATE_RUNNING);
    expect(await solo.call("taken", "version")).toBe(2);
    expect(await solo.call("told", "value")).toBe(41);
  });

  test("a deploy that had not come to run is undone, and what it replaced is shown again", async () => {
    for (let crashes = 1; crashes <= 4; crashes += 1) await crash("fragile");
    await untilState("fragile", ServiceState.SERVICE_STATE_FAILED);
    const limits = { startTimeoutMs: 60_000 };
    const never = refusal(solo.deploy("fragile", "for (;;);", { manifest: { limits } }));
    await until("it is on record", async () =>
      types(await solo.history("fragile")).at(-1) === "deployed" ? true : undefined,
    );
    await server.kill();
    expect((await never).status).toBe(grpcStatus.UNAVAILABLE);
    solo.close();
    await open();
    const shown = await solo.status("fragile");
    expect([shown.state, shown.version]).toEqual([ServiceState.SERVICE_STATE_FAILED, 1]);
    expect(types(await solo.history("fragile")).at(-1)).toBe("failed");
    expect((await solo.deploy("fragile", obedient)).version).toBe(2);
  });

  test("recovery does not write the source into the history again (lesson 20)", async () => {
    const story = await solo.history("taken");
    expect(types(story)).toEqual([
      "deployed",
      "started",
      "kill-requested",
      "killed",
      "deployed",
      "started",
      "recovered",
      "started",
      "recovered",
      "started",
    ]);
    for (const event of story) expect(event.dataJson.length).toBeLessThan(1_000);
  });

  test("what is on the host is what runs: no process and no group too many", async () => {
    const running = (await solo.list()).filter(isRunning);
    if (server.ready.limits !== "enforced") return;
    const { warmCells } = await ask(solo.kernel, solo.kernel.doctor, {});
    const groups = groupsOfServer(data.folder);
    const cells = new Set(groups.map((group) => group.split("/").at(-1)).filter((name) => name?.startsWith("cell-")));
    // The pool may be filling.
    expect(cells.size).toBeGreaterThanOrEqual(running.length + warmCells);
    expect(cells.size).toBeLessThanOrEqual(running.length + POOL_SIZE);
    const inGroups = new Set(processesIn(groups));
    for (const { processId } of running) {
      expect(footprintOf(processId).processes.some(({ pid }) => inGroups.has(pid))).toBe(true);
    }
  });
});

function logsRequest(wanted: Partial<LogsRequest> & { readonly serviceId: string }): LogsRequest {
  return { tenant: "", afterSequence: 0n, follow: false, tailLines: 0, ...wanted };
}

async function readLogs(wanted: Parameters<typeof logsRequest>[0]) {
  const reading = new Reading(solo.deployments.logs(logsRequest(wanted)));
  expect(await reading.ended).toBeUndefined();
  return reading.items.map(({ line }) => ({ text: line?.text ?? "", level: line?.level }));
}
