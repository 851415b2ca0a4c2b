import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createActorSystem, Exit } from "../../src/index.ts";
import { startProbe } from "../../src/testing/index.ts";
import { obedient, startWorld } from "./world.ts";

test("TMR-001 TMR-003 a message is sent at its time, bare, and the timer is spent", async () => {
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

test.each([-4, Number.NaN, Number.POSITIVE_INFINITY])("TMR-005 TMR-014 a delay of %p is refused", async (ms) => {
  const { plain, clock } = await startWorld();
  expect(() => plain.self.sendAfter(ms, plain.pid, "m")).toThrow(RangeError);
  expect(() => plain.self.sendEvery(ms, plain.pid, "m")).toThrow(RangeError);
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

test("TMR-011 an interval repeats without drift until it is cancelled", async () => {
  const { plain, pass } = await startWorld();
  const timer = plain.self.sendEvery(1_000, plain.pid, "tick");
  await pass(2_500);
  expect(plain.messages).toHaveLength(2);
  await pass(2_500);
  expect(plain.messages).toHaveLength(5);
  timer.cancel();
  await pass(5_000);
  expect(plain.messages).toHaveLength(5);
});

test("TMR-012 an interval to a name reaches whoever holds it, and nobody when it is free", async () => {
  const { system, plain, trapping, pass } = await startWorld();
  system.register("n", plain.pid);
  plain.self.sendEvery(1_000, "n", "tick");
  await pass(1_000);
  system.unregister("n");
  await pass(1_000);
  system.register("n", trapping.pid);
  await pass(1_000);
  expect([plain.messages, trapping.messages]).toEqual([["tick"], ["tick"]]);
});

test("TMR-018 a timer cancelled at once never fires", async () => {
  const { plain, pass } = await startWorld();
  plain.self.sendAfter(1_000, plain.pid, "m").cancel();
  await pass(2_000);
  expect(plain.messages).toEqual([]);
});

test("TMR-020 timers to a process that has ended are gone", async () => {
  const { system, clock } = await startWorld();
  const pid = system.spawn(obedient);
  system.sendEvery(1_000, pid, "tick");
  system.sendAfter(1_000, pid, "m");
  expect(clock.pending).toBe(1);
  system.exitSignal(pid, Exit.kill);
  await system.quiesce();
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
  const { pid, messages } = await startProbe(system);
  const beganMs = performance.now();
  const late: number[] = [];
  const collector = system.spawn({ handle: (ms) => void late.push(performance.now() - beganMs - (ms as number)) });
  for (const ms of [1, 5, 5, 10, 20]) {
    system.sendAfter(ms, collector, ms);
  }
  system.sendAfter(21, pid, "done");
  while (messages.length === 0 && performance.now() - beganMs < 5_000) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
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
