import { beforeEach, describe, expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import type { Storage } from "../../ports/storage.ts";
import { openMemoryStorage } from "../../storage/index.ts";
import { readTimer, type SetOperation } from "./read-timer.ts";
import { noticeOf, type Timer, timerLimits } from "./timer.ts";
import { type Delivery, type TimerOwner, Timers } from "./timers.ts";

const owner: TimerOwner = { tenant: "acme", serviceId: "reports" };
const startMs = Date.UTC(2026, 0, 1);
const heard: Delivery = { kind: "heard" };

let time: ReturnType<typeof manualClock>;
let storage: Storage;
let timers: Timers;
let told: ReturnType<typeof noticeOf>[];
let deliver: (owner: TimerOwner, timer: Timer) => Promise<Delivery>;

const clock = () => ({ ...time, wallMs: () => startMs + time.nowMs() });

beforeEach(async () => {
  time = manualClock();
  told = [];
  deliver = async () => heard;
  storage = await openMemoryStorage({ clock: clock() });
  timers = await open();
});

const open = () =>
  Timers.open({
    state: storage.state,
    clock: clock(),
    deliver: (to, timer) => {
      told.push(noticeOf(timer));
      return deliver(to, timer);
    },
  });

/** As a server that was killed and is started again. */
const reopen = async (): Promise<void> => {
  timers.close();
  timers = await open();
};

const set = (operation: SetOperation, ...given: readonly unknown[]) =>
  timers.set(owner, readTimer(operation, given, startMs + time.nowMs()));

/** Moves the time, and lets what falls due be told and written. */
const advance = async (ms: number): Promise<void> => {
  time.advance(ms);
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

const events = async () =>
  (await storage.events.read({ tenant: "acme", after: 0, limit: 100 })).map(({ body }) => body.type);

describe("a timer", () => {
  test("is told once when it is due, and is gone", async () => {
    await set("after", 5_000, "wake", ["a"], { id: "once" });
    await advance(4_999);
    expect(told).toEqual([]);
    await advance(1);
    await advance(60_000);
    expect(told).toEqual([{ timer: "once", dueAtMs: startMs + 5_000, firing: 1 }]);
    expect(timers.list(owner)).toEqual([]);
    expect(await events()).toEqual(["timer.set", "timer.fired"]);
  });

  test("of a period comes again at its own times", async () => {
    await set("every", 10_000, "tick", [], { id: "tick" });
    await advance(10_000);
    await advance(10_000);
    expect(told.map(({ dueAtMs, firing }) => [dueAtMs - startMs, firing])).toEqual([
      [10_000, 1],
      [20_000, 2],
    ]);
  });

  test("by a pattern comes when that fits", async () => {
    await set("cron", "30 * * * *", "report");
    for (let minute = 0; minute < 91; minute += 1) await advance(60_000);
    expect(told.map(({ dueAtMs }) => (dueAtMs - startMs) / 60_000)).toEqual([30, 90]);
  });

  test("that is cancelled is not told", async () => {
    await set("after", 1_000, "wake", [], { id: "once" });
    expect(await timers.cancel(owner, "once")).toBe(true);
    expect(await timers.cancel(owner, "once")).toBe(false);
    await advance(2_000);
    expect(told).toEqual([]);
  });

  test("that is cancelled while it is being told does not come back", async () => {
    const done = Promise.withResolvers<Delivery>();
    deliver = () => done.promise;
    await set("every", 1_000, "tick", [], { id: "tick" });
    await advance(1_000);
    await timers.cancel(owner, "tick");
    done.resolve(heard);
    await advance(10_000);
    expect(told).toHaveLength(1);
    expect(timers.list(owner)).toEqual([]);
  });

  test("set anew as it was stays as it is; set otherwise it is replaced", async () => {
    await set("every", 10_000, "tick", [], { id: "tick" });
    await advance(6_000);
    await set("every", 10_000, "tick", [], { id: "tick" });
    expect(timers.list(owner)[0]?.dueAtMs).toBe(startMs + 10_000);
    await set("every", 10_000, "tick", ["other"], { id: "tick" });
    expect(timers.list(owner)).toMatchObject([{ dueAtMs: startMs + 16_000, args: '["other"]' }]);
    await advance(10_000);
    expect(told).toHaveLength(1);
  });

  test("is one service's own", async () => {
    await set("after", 1_000, "wake", [], { id: "once" });
    const other = { tenant: "acme", serviceId: "report" };
    expect(timers.list(other)).toEqual([]);
    expect(await timers.cancel(other, "once")).toBe(false);
  });
});

describe("after the server was killed", () => {
  test("timers go on, and what was missed is told once", async () => {
    await set("every", 10_000, "tick", [], { id: "tick" });
    timers.close();
    await advance(35_000);
    await reopen();
    await advance(0);
    expect(told).toEqual([{ timer: "tick", dueAtMs: startMs + 10_000, firing: 1 }]);
    await advance(5_000);
    expect(told.at(-1)).toEqual({ timer: "tick", dueAtMs: startMs + 40_000, firing: 2 });
  });

  test("a firing that was on its way comes again with its number", async () => {
    deliver = () => new Promise(() => undefined);
    await set("after", 1_000, "wake", [], { id: "once" });
    await advance(1_000);
    deliver = async () => heard;
    await reopen();
    await advance(0);
    expect(told).toEqual(Array(2).fill({ timer: "once", dueAtMs: startMs + 1_000, firing: 1 }));
    await reopen();
    await advance(60_000);
    expect(told).toHaveLength(2);
  });
});

describe("a service that", () => {
  test("cannot be told now is told later", async () => {
    deliver = async () => (told.length < 3 ? { kind: "not-now" } : heard);
    await set("after", 0, "wake", [], { id: "once" });
    await advance(0);
    await advance(1_000);
    await advance(2_000);
    expect(told.map(({ firing }) => firing)).toEqual([1, 1, 1]);
    expect(timers.list(owner)).toEqual([]);
  });

  test("ends each time it is told is not told for ever", async () => {
    deliver = async () => ({ kind: "unheard" });
    await set("after", 0, "wake");
    for (let turn = 0; turn < 10; turn += 1) await advance(60_000);
    expect(told).toHaveLength(3);
  });

  test("may not be told any more loses its timer, with an event", async () => {
    deliver = async () => ({ kind: "refused", reason: "CAPABILITY_DENIED" });
    await set("every", 1_000, "tick");
    await advance(1_000);
    await advance(10_000);
    expect(told).toHaveLength(1);
    expect(await events()).toEqual(["timer.set", "timer.dropped"]);
  });

  test("is gone takes its timers along", async () => {
    await set("after", 1_000, "wake");
    await set("every", 1_000, "tick");
    expect(timers.owners()).toEqual([owner]);
    const forgetting = timers.forget(owner);
    // The next service of the id sets its own meanwhile.
    await Promise.all([forgetting, set("after", 1_000, "wake", [], { id: "next" })]);
    await reopen();
    expect(timers.list(owner)).toMatchObject([{ id: "next" }]);
  });

  test("has as many timers as it may gets no more, also when it asks for them all at once", async () => {
    const setting = Array.from({ length: timerLimits.perService + 2 }, (_, index) =>
      set("after", 1_000 + index, "wake"),
    );
    const settled = await Promise.allSettled(setting);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(timerLimits.perService);
    expect(settled.at(-1)).toMatchObject({ reason: { code: "TOO_MANY_TIMERS" } });
  });
});

test("the wall clock may jump ahead while nothing is due", async () => {
  let aheadMs = 0;
  timers.close();
  const jumping = { ...time, wallMs: () => startMs + time.nowMs() + aheadMs };
  timers = await Timers.open({
    state: storage.state,
    clock: jumping,
    deliver: async (_to, timer) => {
      told.push(noticeOf(timer));
      return heard;
    },
  });
  await set("after", 3_600_000, "wake");
  aheadMs = 3_600_000;
  await advance(60_000);
  expect(told).toHaveLength(1);
});

describe("arguments that mean no timer", () => {
  test.each([
    ["after", [-1, "wake"]],
    ["after", [1.5, "wake"]],
    ["after", ["1000", "wake"]],
    ["after", [Number.MAX_SAFE_INTEGER, "wake"]],
    ["at", [Number.NaN, "wake"]],
    ["every", [999, "wake"]],
    ["cron", ["@daily", "wake"]],
    ["cron", [undefined, "wake"]],
    ["after", [1_000]],
    ["after", [1_000, ""]],
    ["after", [1_000, "a".repeat(257)]],
    ["after", [1_000, "wake", {}]],
    ["after", [1_000, "wake", ["a".repeat(timerLimits.argumentBytes)]]],
    ["after", [1_000, "wake", [], null]],
    ["after", [1_000, "wake", [], { id: "a/b" }]],
    ["after", [1_000, "wake", [], { id: "" }]],
    ["after", [1_000, "wake", [], { ID: "a" }]],
    ["after", [1_000, "wake", [], {}, 1]],
  ] as const)("%s, %#", (operation, given) => {
    expect(() => readTimer(operation, given, startMs)).toThrow(
      expect.objectContaining({ code: "DRIVER_ARGUMENTS_INVALID" }),
    );
  });
});
