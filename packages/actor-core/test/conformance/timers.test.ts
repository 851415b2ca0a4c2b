import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  createActorSystem,
  Exit,
  Exited,
  exitAfter,
  killAfter,
  runAfter,
  runEvery,
  type Self,
  sendAt,
  sendEvery,
  startTimer,
  TimerFired,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { obedient, startWorld } from "./world.ts";

test("TMR-001 a started timer sends its content with itself, at its time, and is spent", async () => {
  const { plain, pass } = await startWorld();
  const timer = startTimer(plain.self, 1_000, plain.pid, "plopp");
  await pass(999);
  expect(plain.messages).toEqual([]);
  await pass(1);
  expect(plain.messages).toEqual([expect.objectContaining({ content: "plopp" })]);
  const [fired] = plain.messages;
  expect(fired instanceof TimerFired && fired.timer).toBe(timer);
  expect([timer.remainingMs(), timer.cancel()]).toEqual([undefined, undefined]);
});

test("TMR-003 a message is sent at its time, bare, and the timer is spent", async () => {
  const { plain, pass } = await startWorld();
  const timer = plain.self.sendAfter(1_000, plain.pid, "plipp");
  await pass(999);
  expect(plain.messages).toEqual([]);
  await pass(1);
  expect(plain.messages).toEqual(["plipp"]);
  expect([timer.remainingMs(), timer.cancel()]).toEqual([undefined, undefined]);
});

test("TMR-002 cancelling tells what was left, once, and nothing is sent", async () => {
  const { plain, pass } = await startWorld();
  const timer = plain.self.sendAfter(1_000, plain.pid, "m");
  await pass(300);
  expect([timer.cancel(), timer.cancel()]).toEqual([700, undefined]);
  await pass(1_000);
  expect(plain.messages).toEqual([]);
});

test("TMR-004 messages come in the order of their times", async () => {
  const { plain, pass } = await startWorld();
  for (const ms of [500, 0, 200, 100, 300, 400]) {
    plain.self.sendAfter(ms, plain.pid, ms);
  }
  await pass(500);
  expect(plain.messages).toEqual([0, 100, 200, 300, 400, 500]);
});

test("TMR-005 a delay may be fractional and as long as a number can be", async () => {
  const { plain, pass } = await startWorld();
  plain.self.sendAfter(4.5, plain.pid, "fraction");
  const timer = plain.self.sendAfter(2 ** 64, plain.pid, "never");
  await pass(4);
  expect(plain.messages).toEqual([]);
  await pass(1);
  expect(plain.messages).toEqual(["fraction"]);
  expect(timer.remainingMs()).toBe(2 ** 64 - 5);
});

test("TMR-006 a spent timer can be read and cancelled, and tells nothing", async () => {
  const { plain, pass } = await startWorld();
  const timer = plain.self.sendAfter(1, plain.pid, "m");
  timer.cancel();
  await pass(1);
  expect([timer.remainingMs(), timer.cancel(), timer.remainingMs(), timer.cancel()]).toEqual(Array(4).fill(undefined));
  expect(plain.messages).toEqual([]);
});

test.each([-4, Number.NaN, Number.POSITIVE_INFINITY])("TMR-005 TMR-014 a delay of %p is refused", async (ms) => {
  const { plain, clock } = await startWorld();
  expect(() => plain.self.sendAfter(ms, plain.pid, "m")).toThrow(RangeError);
  expect(() => sendEvery(plain.self, ms, plain.pid, "m")).toThrow(RangeError);
  expect(() => plain.self.sendAfter("1" as unknown as number, plain.pid, "m")).toThrow(TypeError);
  expect(clock.pending).toBe(0);
});

test("TMR-007 TMR-008 a timer of 2^31 ms neither fires early nor minds being read", async () => {
  const { plain, pass } = await startWorld();
  const timer = plain.self.sendAfter(2 ** 31, plain.pid, "m");
  await pass(200);
  expect([timer.remainingMs(), timer.remainingMs(), timer.cancel()]).toEqual([
    2 ** 31 - 200,
    2 ** 31 - 200,
    2 ** 31 - 200,
  ]);
  expect(plain.messages).toEqual([]);
});

test("TMR-009 a message can be sent at a time of the clock, at once when that has passed", async () => {
  const { plain, pass, clock } = await startWorld();
  await pass(100);
  sendAt(plain.self, clock.nowMs() + 10, plain.pid, "in time");
  sendAt(plain.self, clock.nowMs() - 10, plain.pid, "at once");
  await pass(0);
  expect(plain.messages).toEqual(["at once"]);
  await pass(9);
  expect(plain.messages).toEqual(["at once"]);
  await pass(1);
  expect(plain.messages).toEqual(["at once", "in time"]);
});

test("TMR-010 what was left of a cancelled timer can be sent as a message", async () => {
  const { plain, pass } = await startWorld();
  const timer = plain.self.sendAfter(100_000, plain.pid, "m");
  plain.self.send(plain.pid, { cancelled: timer, remaining: timer.cancel() });
  await pass(100_000);
  expect(plain.messages).toEqual([{ cancelled: timer, remaining: 100_000 }]);
});

test("TMR-011 an interval repeats without drift until it is cancelled", async () => {
  const { plain, pass } = await startWorld();
  const timer = sendEvery(plain.self, 1_000, plain.pid, "tick");
  const counts: number[] = [];
  for (const ms of [999, 1, 500, 500, 3_000]) {
    await pass(ms);
    counts.push(plain.messages.length);
  }
  expect(counts).toEqual([0, 1, 1, 2, 5]);
  timer.cancel();
  await pass(5_000);
  expect(plain.messages).toEqual(Array(5).fill("tick"));
});

test("TMR-012 an interval to a name reaches whoever holds it, and nobody when it is free", async () => {
  const { system, plain, trapping, pass } = await startWorld();
  system.register("n", plain.pid);
  sendEvery(plain.self, 1_000, "n", "tick");
  await pass(1_000);
  system.unregister("n");
  await pass(1_000);
  system.register("n", trapping.pid);
  await pass(1_000);
  expect([plain.messages, trapping.messages]).toEqual([["tick"], ["tick"]]);
});

test("TMR-013 work is run at each interval, in a process of its own, until it is cancelled", async () => {
  const { system, plain, pass, reports } = await startWorld();
  const before = system.processes();
  const ran: unknown[] = [];
  const timer = runEvery(plain.self, 1_000, (self) => {
    ran.push(self.pid);
    throw new Error("concerns nobody else");
  });
  await pass(3_000);
  expect(new Set(ran).size).toBe(3);
  expect(reports).toHaveLength(3);
  timer.cancel();
  await pass(3_000);
  expect([ran.length, system.processes()]).toEqual([3, before]);
});

test.each(["pid", "name"])("TMR-015 an exit signal is sent later, to a %s", async (by) => {
  const { system, trapping, pass } = await startWorld();
  const pid = trapping.self.spawnLink(obedient, { name: "n" });
  exitAfter(system, 1_000, by === "pid" ? pid : "n", Exit.of("r"));
  await pass(999);
  expect(trapping.messages).toEqual([]);
  await pass(1);
  expect(trapping.messages).toEqual([new Exited(pid, Exit.of("r"))]);
});

test("TMR-016 a later exit signal to a free name does nothing, and timers go on", async () => {
  const { system, trapping, pass, reports } = await startWorld();
  exitAfter(system, 0, "nobody", Exit.of("r"));
  const pid = trapping.self.spawnLink(obedient);
  exitAfter(system, 1, pid, Exit.of("r"));
  await pass(1);
  expect([trapping.messages, reports]).toEqual([[new Exited(pid, Exit.of("r"))], []]);
});

test("TMR-017 a later kill arrives as killed", async () => {
  const { trapping, pass } = await startWorld();
  const pid = trapping.self.spawnLink(obedient);
  killAfter(trapping.self, 1_000, pid);
  await pass(1_000);
  expect(trapping.messages).toEqual([new Exited(pid, Exit.killed)]);
});

test("TMR-018 a timer cancelled at once never fires", async () => {
  const { system, plain, pass } = await startWorld();
  const before = system.processes();
  plain.self.sendAfter(1_000, plain.pid, "m").cancel();
  expect(runAfter(plain.self, 1_000, (self) => self.send(plain.pid, "ran")).cancel()).toBe(1_000);
  {
    using _timer = sendEvery(plain.self, 1_000, plain.pid, "tick");
  }
  await pass(2_000);
  expect([plain.messages, system.processes()]).toEqual([[], before]);
});

test("TMR-019 cancelling a spent timer disturbs no other", async () => {
  const { plain, pass } = await startWorld();
  const timer = plain.self.sendAfter(1, plain.pid, "first");
  plain.self.sendAfter(2, plain.pid, "second");
  await pass(1);
  expect(timer.cancel()).toBeUndefined();
  await pass(1);
  expect(plain.messages).toEqual(["first", "second"]);
});

test.each([-1, Number.NaN])("running work after %p ms is refused and leaves no process", async (ms) => {
  const { system, plain } = await startWorld();
  const before = system.processes();
  expect(() => runAfter(plain.self, ms, () => {})).toThrow(RangeError);
  expect(() => runEvery(plain.self, ms, () => {})).toThrow(RangeError);
  expect(system.processes()).toEqual(before);
});

test("TMR-020 timers to a process that has ended are gone", async () => {
  const { system, clock } = await startWorld();
  const pid = system.spawn(obedient);
  sendEvery(system, 1_000, pid, "tick");
  system.sendAfter(1_000, pid, "m");
  expect(clock.pending).toBe(1);
  system.exitSignal(pid, Exit.kill);
  await quiesce(system);
  expect(clock.pending).toBe(0);
});

test("TMR-021 no timer fires before its time, whatever is set and cancelled", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ ms: fc.integer({ min: 0, max: 500 }), cancelled: fc.boolean() }), { maxLength: 100 }),
      async (plans) => {
        const { system, pass, clock } = await startWorld();
        const fired: { due: number; at: number }[] = [];
        const pid = system.spawn({
          handle: (due) => {
            fired.push({ due: due as number, at: clock.nowMs() });
          },
        });
        const timers = plans.map(({ ms }) => system.sendAfter(ms, pid, ms));
        for (const [i, timer] of timers.entries()) {
          if (plans[i]?.cancelled) {
            timer.cancel();
          }
        }
        for (let i = 0; i < 50; i++) {
          await pass(10);
        }
        const expected = plans.filter(({ cancelled }) => !cancelled).map(({ ms }) => ms);
        expect(fired.map(({ due }) => due)).toEqual(expected.sort((a, b) => a - b));
        expect(fired.every(({ due, at }) => at >= due && at < due + 10)).toBe(true);
      },
    ),
    { numRuns: 20 },
  );
});

test("TMR-021 on the host's clock nothing comes early either", async () => {
  const system = createActorSystem();
  const beganMs = performance.now();
  const late: number[] = [];
  const collector = system.spawn(async (self: Self<number>) => {
    for (let left = 5; left > 0; left--) {
      const ms = await self.receive();
      late.push(performance.now() - beganMs - ms);
    }
  });
  for (const ms of [1, 5, 5, 10, 20]) {
    system.sendAfter(ms, collector, ms);
  }
  await system.exited(collector);
  expect(late).toHaveLength(5);
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
});

test("TMR-022 a thousand timers of one time all fire, in the order they were set", async () => {
  const { plain, pass } = await startWorld();
  for (let i = 0; i < 1_000; i++) {
    plain.self.sendAfter(10, plain.pid, i);
  }
  await pass(10);
  expect(plain.messages).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
});

test("TMR-022 the host gets its turns while many timers of one time are delivered", async () => {
  const system = createActorSystem({ budget: { messages: 100 } });
  let turns = 0;
  let turning = true;
  const turn = (): void => {
    turns += 1;
    if (turning) {
      setImmediate(turn);
    }
  };
  const counted: number[] = [];
  const collector = system.spawn(async (self: Self<number>) => {
    for (let left = 1_000; left > 0; left--) {
      counted.push(await self.receive());
      // From the first one on, whenever the host has come to it.
      if (left === 1_000) setImmediate(turn);
    }
  });
  for (let i = 0; i < 1_000; i++) {
    system.sendAfter(5, collector, i);
  }
  await system.exited(collector);
  turning = false;
  expect(counted).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  expect(turns).toBeGreaterThanOrEqual(5);
});
