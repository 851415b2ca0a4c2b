// What a service may use, and what becomes of it and its callers at each limit, seen from outside.

import { status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Health, LimitAction } from "@solo/proto";
import { type Connection, connect, type DeployOptions, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const obedient = `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({ held: [] }),
  calls: {
    echo: ({ state }, value) => reply(value, state),
    letters: ({ state }, count) => reply("x".repeat(count), state),
    hold: ({ state, from }) => noReply({ held: [...state.held, from] }),
    log: ({ state, ctx }, lines) => {
      for (let line = 0; line < lines; line += 1) ctx.log("line " + line);
      return reply(null, state);
    },
    askOften: async ({ state, ctx }, target, times) => {
      const answers = await Promise.allSettled(Array.from({ length: times }, () => ctx.call(target, "hold", [])));
      return reply(answers.map(({ reason }) => String(reason?.message)), state);
    },
  },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

beforeAll(async () => {
  server = await startServer(data.folder);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
});
afterAll(async () => {
  solo.close();
  await server.stop();
  data.remove();
});

type Limits = NonNullable<NonNullable<DeployOptions["manifest"]>["limits"]>;
const deploy = (serviceId: string, limits: Limits) =>
  solo.deploy(serviceId, obedient, { manifest: { limits, grants: ["svc/call,svc/cast on svc/*"] } });

async function eventsOf(serviceId: string, type: string): Promise<readonly Record<string, unknown>[]> {
  const events = await solo.history(serviceId);
  return events.filter((event) => event.type === `service.${type}`).map(({ dataJson }) => JSON.parse(dataJson));
}

/** Once the event is recorded: what a service reaches is told behind the answer to its caller. */
const untilEvent = (serviceId: string, type: string) =>
  until(`${type} of ${serviceId} is on record`, async () => (await eventsOf(serviceId, type))[0]);

/** The first time that a limit was reached, warnings left aside. */
const untilReached = (serviceId: string) =>
  until(`a limit of ${serviceId} is on record as reached`, async () =>
    (await eventsOf(serviceId, "limit-reached")).find(({ level }) => level === "hard"),
  );

const useOf = async (serviceId: string, limit: string) =>
  (await solo.status(serviceId)).limits.find((use) => use.limit === limit);

async function metric(line: RegExp): Promise<number> {
  const text = await solo.metrics();
  return Number(line.exec(text)?.[1] ?? 0);
}

describe("the mailbox", () => {
  test("over its bound the sender is told how much there is and how to get more", async () => {
    await deploy("patient", { mailboxMessages: 4 });
    const waiting = [1, 2, 3, 4].map(() => refusal(solo.call("patient", "hold")));
    await until("all are in", async () =>
      (await useOf("patient", "mailbox_messages"))?.used === 4n ? true : undefined,
    );
    const refused = await refusal(solo.call("patient", "echo", [1]));
    expect(refused).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
      reason: "MAILBOX_FULL",
      quota: { subject: "mailbox_messages", used: 4, allowed: 4 },
      metadata: { health: "degraded" },
    });
    expect(refused.hint?.fix).toContain("limits.mailbox_messages");
    const degraded = await solo.status("patient");
    expect(degraded).toMatchObject({ health: Health.HEALTH_DEGRADED });
    expect(degraded.healthReason).toContain("mailbox_messages");
    expect(await untilEvent("patient", "degraded")).toMatchObject({ limit: "mailbox_messages", used: 4, allowed: 4 });

    await refusal(solo.cast("patient", "echo"));
    expect(await eventsOf("patient", "degraded")).toHaveLength(1);
    await solo.kill("patient", { force: true });
    await Promise.all(waiting);
  });

  test("half empty again, the service is healthy", async () => {
    await deploy("relieved", { mailboxMessages: 2 });
    const waiting = [1, 2].map(() => refusal(solo.call("relieved", "hold", [], 20_000)));
    await until("both are in", async () =>
      (await useOf("relieved", "mailbox_messages"))?.used === 2n ? true : undefined,
    );
    await refusal(solo.call("relieved", "echo", [1]));
    expect((await solo.status("relieved")).health).toBe(Health.HEALTH_DEGRADED);
    await solo.restart("relieved");
    await Promise.all(waiting);
    await untilEvent("relieved", "healthy");
    expect((await solo.status("relieved")).health).toBe(Health.HEALTH_HEALTHY);
    expect(await solo.call("relieved", "echo", [1])).toBe(1);
  });

  test("with the action kill, the service ends for it and its callers hear of the limit", async () => {
    const actions = { mailbox_messages: LimitAction.LIMIT_ACTION_KILL };
    await deploy("strict", { mailboxMessages: 2, actions });
    const waiting = [1, 2].map(() => refusal(solo.call("strict", "hold")));
    await until("both are in", async () =>
      (await useOf("strict", "mailbox_messages"))?.used === 2n ? true : undefined,
    );
    expect(await refusal(solo.call("strict", "echo", [1]))).toMatchObject({ reason: "MAILBOX_FULL" });
    for (const each of await Promise.all(waiting)) {
      expect(each).toMatchObject({
        status: grpcStatus.RESOURCE_EXHAUSTED,
        reason: "LIMIT_REACHED",
        quota: { subject: "mailbox_messages", used: 2, allowed: 2 },
        metadata: { cause: "limit", limit: "mailbox_messages" },
      });
    }
    expect(await solo.call("strict", "echo", [1])).toBe(1);
    expect(await solo.status("strict")).toMatchObject({
      restarts: 1,
      lastCause: { kind: "limit", limit: "mailbox_messages" },
    });
  });

  test("a warning is given on the way, once", async () => {
    await deploy("warned", { mailboxMessages: 10, soft: { mailbox_messages: 1n } });
    const waiting = [1, 2, 3].map(() => refusal(solo.call("warned", "hold")));
    expect(await untilEvent("warned", "limit-reached")).toMatchObject({
      limit: "mailbox_messages",
      level: "soft",
      action: "warn",
      used: 2,
      allowed: 1,
    });
    await until("it was reached twice", async () =>
      (await useOf("warned", "mailbox_messages"))?.timesNeared === 2n ? true : undefined,
    );
    expect(await eventsOf("warned", "limit-reached")).toHaveLength(1);
    await solo.kill("warned", { force: true });
    await Promise.all(waiting);
  });
});

describe("sizes", () => {
  test("a message above the limit is refused before it reaches the service", async () => {
    await deploy("small", { messageBytes: 100 });
    expect(await solo.call("small", "echo", ["x".repeat(96)])).toHaveLength(96);
    expect(await refusal(solo.call("small", "echo", ["x".repeat(97)]))).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
      reason: "MESSAGE_TOO_LARGE",
      quota: { subject: "message_bytes", used: 101, allowed: 100 },
    });
    expect(await untilReached("small")).toMatchObject({ limit: "message_bytes", action: "throttle" });
    expect(await useOf("small", "message_bytes")).toMatchObject({ soft: 80n, timesNeared: 1n, timesReached: 1n });
  });

  test.each([
    ["throttle", 0, 1n],
    ["warn", LimitAction.LIMIT_ACTION_WARN, 1n],
  ] as const)("a reply above the limit, with the action %s", async (action, wire, times) => {
    const serviceId = `reply-${action}`;
    await deploy(serviceId, { replyBytes: 100, actions: { reply_bytes: wire } });
    const before = await metric(
      new RegExp(`^solo_limits_reached_total\\{limit="reply_bytes",level="hard",action="${action}"\\} (\\d+)`, "m"),
    );
    expect(await solo.call(serviceId, "letters", [98])).toHaveLength(98);
    const over = solo.call(serviceId, "letters", [99]);
    if (action === "warn") {
      expect(await over).toHaveLength(99);
    } else {
      expect(await refusal(over)).toMatchObject({
        status: grpcStatus.RESOURCE_EXHAUSTED,
        quota: { subject: "reply_bytes", used: 101, allowed: 100 },
      });
    }
    expect(await untilReached(serviceId)).toMatchObject({ limit: "reply_bytes", action, used: 101 });
    expect(await useOf(serviceId, "reply_bytes")).toMatchObject({ timesReached: times });
    const after = await metric(
      new RegExp(`^solo_limits_reached_total\\{limit="reply_bytes",level="hard",action="${action}"\\} (\\d+)`, "m"),
    );
    expect(after - before).toBe(1);
    expect(await solo.call(serviceId, "echo", [1])).toBe(1);
  });

  test("a reply above the limit ends the service where that is its action", async () => {
    await deploy("reply-kill", { replyBytes: 100, actions: { reply_bytes: LimitAction.LIMIT_ACTION_KILL } });
    expect(await refusal(solo.call("reply-kill", "letters", [99]))).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
    });
    expect(await untilEvent("reply-kill", "crashed")).toMatchObject({
      cause: { kind: "limit", limit: { name: "reply_bytes", used: 101, allowed: 100 } },
    });
  });
});

test("a service may have so many calls of its own open, and the next is refused", async () => {
  await deploy("holder", {});
  await deploy("asker", { callsInFlight: 3 });
  const asking = solo.call("asker", "askOften", ["holder", 5]);
  await untilEvent("asker", "limit-reached");
  await until("three are in", async () =>
    (await useOf("holder", "mailbox_messages"))?.used === 3n ? true : undefined,
  );
  await solo.kill("holder", { force: true });
  const answers = (await asking) as readonly string[];
  expect(answers.filter((answer) => answer.includes("calls_in_flight (3)"))).toHaveLength(2);
});

describe("log lines", () => {
  test("of a second that are too many are dropped and counted", async () => {
    await deploy("chatty", { logLinesPerSecond: 10 });
    await solo.call("chatty", "log", [500]);
    expect(await untilReached("chatty")).toMatchObject({
      limit: "log_lines_per_second",
      action: "throttle",
    });
  });

  test("end the service where that is its action", async () => {
    const actions = { log_lines_per_second: LimitAction.LIMIT_ACTION_KILL };
    await deploy("flooder", { logLinesPerSecond: 10, actions });
    await solo.call("flooder", "log", [500]).catch(() => undefined);
    expect(await untilEvent("flooder", "crashed")).toMatchObject({
      cause: { kind: "limit", limit: { name: "log_lines_per_second", allowed: 10 } },
    });
  });
});

test("status shows every limit, used against allowed", async () => {
  await deploy("shown", { processes: 40, soft: { processes: 20n } });
  const { limits } = await solo.status("shown");
  expect(limits.map(({ limit }) => limit)).toContain("memory_bytes");
  expect(limits.find(({ limit }) => limit === "processes")).toMatchObject({
    allowed: 40n,
    soft: 20n,
    action: LimitAction.LIMIT_ACTION_THROTTLE,
    keptBy: server.ready.limits,
    timesReached: 0n,
  });
  const [memory] = limits;
  expect(memory).toMatchObject({ limit: "memory_bytes", allowed: 67_108_864n, action: LimitAction.LIMIT_ACTION_KILL });
  expect(Number(memory?.used)).toBeGreaterThan(1_000_000);
});

describe("a service that has messages and is done with none", () => {
  const stuck = `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({ late: [] }),
  calls: {
    echo: ({ state }, value) => reply(value, state),
    loop: () => { for (;;); },
    microtasks: async () => { for (;;) await null; },
    await: async () => { await new Promise(() => {}); },
    later: ({ state, from }) => noReply({ late: [...state.late, from] }),
  },
  casts: {
    answer: ({ state }) => {
      for (const from of state.late) from.reply("late");
      return { late: [] };
    },
  },
});
`;

  test.each([
    ["loop", "cpu", "cpu_time_ms", { cpuTimeMs: 300 }],
    ["microtasks", "cpu", "cpu_time_ms", { cpuTimeMs: 300 }],
    ["await", "stalled", "call_time_ms", { callTimeMs: 2_500, soft: { call_time_ms: 1_000n } }],
  ] as const)(
    "%s: turns unhealthy, is ended for it, told apart, and starts again",
    async (stall, kind, limit, limits) => {
      const serviceId = `stuck-${stall}`;
      await solo.deploy(serviceId, stuck, { manifest: { limits } });
      const waiting = refusal(solo.call(serviceId, stall));
      expect(await untilEvent(serviceId, "unhealthy")).toMatchObject({ stall, limit, messages: 1 });
      expect(await waiting).toMatchObject({
        status: grpcStatus.RESOURCE_EXHAUSTED,
        reason: "LIMIT_REACHED",
        quota: { subject: limit },
        metadata: { cause: kind, limit },
      });
      expect(await untilEvent(serviceId, "crashed")).toMatchObject({ cause: { kind, stall, limit: { name: limit } } });
      await untilEvent(serviceId, "healthy");
      expect(await solo.call(serviceId, "echo", [1])).toBe(1);
      expect(await solo.status(serviceId)).toMatchObject({
        restarts: 1,
        health: Health.HEALTH_HEALTHY,
        lastCause: { kind, limit, stall },
      });
    },
  );

  test("with the action warn it stays unhealthy and lives", async () => {
    const limits = { callTimeMs: 600, actions: { call_time_ms: LimitAction.LIMIT_ACTION_WARN } };
    await solo.deploy("warned-stuck", stuck, { manifest: { limits } });
    const waiting = refusal(solo.call("warned-stuck", "await"));
    const hard = await until("the limit is reached", async () =>
      (await eventsOf("warned-stuck", "limit-reached")).find(({ level }) => level === "hard"),
    );
    expect(hard).toMatchObject({ limit: "call_time_ms", action: "warn" });
    expect(await solo.status("warned-stuck")).toMatchObject({ health: Health.HEALTH_UNHEALTHY, restarts: 0 });
    await solo.kill("warned-stuck", { force: true });
    await waiting;
  });

  test("one that takes messages and answers later is healthy", async () => {
    const limits = { callTimeMs: 1_000, soft: { call_time_ms: 200n } };
    await solo.deploy("later", stuck, { manifest: { limits } });
    await solo.deploy("really-stuck", stuck, { manifest: { limits } });
    const answer = solo.call("later", "later");
    // As long as another one needs to be found out.
    await refusal(solo.call("really-stuck", "await"));
    expect(await solo.status("later")).toMatchObject({ health: Health.HEALTH_HEALTHY, restarts: 0 });
    await solo.cast("later", "answer");
    expect(await answer).toBe("late");
  });
});

test("a service that comes near its memory, or to all processes it may have, is on record with that", async () => {
  const greedy = `
import { defineServer, reply } from "@solo/actor-core";
const kept = [];
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    take: ({ state }, megabytes) => {
      for (let count = 0; count < megabytes; count += 1) kept.push(new Uint8Array(1 << 20).fill(1));
      return reply(kept.length, state);
    },
    wait: async ({ state }) => { await new Promise(() => {}); return reply(0, state); },
  },
});
`;
  await solo.deploy("greedy", greedy, { manifest: { limits: { soft: { memory_bytes: 33_554_432n, processes: 1n } } } });
  await solo.call("greedy", "take", [40]);
  const waiting = refusal(solo.call("greedy", "wait"));
  const found = await until("both are on record", async () => {
    const events = (await eventsOf("greedy", "limit-reached")).filter(({ level }) => level === "soft");
    return events.length === 2 ? events : undefined;
  });
  expect(found.map(({ limit }) => limit).sort()).toEqual(["memory_bytes", "processes"]);
  await solo.kill("greedy", { force: true });
  await waiting;
});

describe("what the host keeps", () => {
  const prober = (body: string): string => `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    run: async ({ state }, count) => {
      const { openSync, closeSync, writeFileSync } = process.getBuiltinModule("node:fs");
      ${body}
    },
  },
});
`;
  const opening = prober(`
      const open = [];
      try {
        for (let number = 0; number < count; number += 1) open.push(openSync("/proc/self/stat"));
        return reply("all", state);
      } catch (error) {
        return reply(error.code, state);
      } finally {
        open.forEach(closeSync);
      }`);
  const writing = prober(`
      try {
        writeFileSync("/tmp/file", new Uint8Array(count));
        return reply("all", state);
      } catch (error) {
        return reply(error.code, state);
      }`);
  const keptHere = async (serviceId: string, limit: string) => (await useOf(serviceId, limit))?.keptBy === "enforced";

  test.each([
    ["open_files", opening, { openFiles: 80 }, 64, 60, 90, "EMFILE"],
    ["scratch_bytes", writing, { scratchBytes: 262_144 }, 209_716, 200_000, 300_000, "ENOSPC"],
  ] as const)(
    "%s: as many as are allowed and no more, and other services have theirs",
    async (limit, source, limits, soonest, fits, over, code) => {
      const serviceId = limit.replace("_", "-");
      await solo.deploy(`usual-${serviceId}`, source);
      if (!(await keptHere(`usual-${serviceId}`, limit))) {
        console.warn(`Skipped: this host cannot keep ${limit}`);
        const refused = await refusal(solo.deploy(serviceId, source, { manifest: { limits } }));
        expect(refused).toMatchObject({ reason: "LIMIT_NOT_ENFORCEABLE" });
        return;
      }
      await solo.deploy(serviceId, source, { manifest: { limits } });
      expect(await solo.call(serviceId, "run", [fits])).toBe("all");
      const { used, soft } = (await useOf(serviceId, limit)) ?? {};
      expect(Number(used)).toBeGreaterThanOrEqual(limit === "scratch_bytes" ? fits : 3);
      expect(Number(soft)).toBe(soonest);
      expect(await solo.call(serviceId, "run", [over])).toBe(code);
      expect(await solo.call(`usual-${serviceId}`, "run", [over])).toBe("all");
      expect(await solo.status(serviceId)).toMatchObject({ restarts: 0 });
    },
  );
});

describe("the share of the processor", () => {
  const busy = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    echo: ({ state }, value) => reply(value, state),
    // Works on and on, and lets its event loop turn.
    work: async ({ state }) => {
      for (;;) {
        const end = Date.now() + 20;
        while (Date.now() < end);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  },
});
`;

  test.each([
    ["throttle", 0],
    ["warn", LimitAction.LIMIT_ACTION_WARN],
    ["kill", LimitAction.LIMIT_ACTION_KILL],
  ] as const)("at its limit, with the action %s", async (action, wire) => {
    const serviceId = `busy-${action}`;
    const limits = { cpuPercent: 5, cpuTimeMs: 3_600_000, actions: { cpu_percent: wire } };
    await solo.deploy(serviceId, busy, { manifest: { limits } });
    const working = refusal(solo.call(serviceId, "work"));
    if (server.ready.limits === "watched" && action === "throttle") return solo.kill(serviceId, { force: true });
    expect(await untilEvent(serviceId, "limit-reached")).toMatchObject({ limit: "cpu_percent", level: "hard", action });
    if (action === "kill") {
      expect(await untilEvent(serviceId, "crashed")).toMatchObject({
        cause: { kind: "limit", limit: { name: "cpu_percent", allowed: 5 } },
      });
      expect(await working).toMatchObject({ reason: "LIMIT_REACHED", quota: { subject: "cpu_percent" } });
      return solo.call(serviceId, "echo", [1]);
    }
    expect(Number((await useOf(serviceId, "cpu_percent"))?.used)).toBeGreaterThan(0);
    expect(await solo.status(serviceId)).toMatchObject({ restarts: 0 });
    await solo.kill(serviceId, { force: true });
    return working;
  });
});
