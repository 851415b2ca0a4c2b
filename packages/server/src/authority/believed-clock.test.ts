import { expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import { believedClock } from "./believed-clock.ts";

const hour = 3_600_000;

function open() {
  const time = manualClock();
  const begun = 1_800_000_000_000;
  let aheadMs = 0;
  let asleepMs = 0;
  const clock = { ...time, wallMs: () => begun + time.nowMs() + asleepMs + aheadMs };
  const believed = believedClock(clock, () => time.nowMs() + asleepMs);
  return {
    advance: (ms: number) => time.advance(ms),
    sleep: (ms: number) => void (asleepMs += ms),
    step: (ms: number) => void (aheadMs += ms),
    /** Since it began. */
    read: () => believed.wallMs() - begun,
  };
}

test("it is the wall clock as long as that runs, is set back, or ahead by no more than an hour", () => {
  const clock = open();
  clock.advance(10 * hour);
  expect(clock.read()).toBe(10 * hour);
  clock.step(hour);
  expect(clock.read()).toBe(11 * hour);
  clock.step(-5 * hour);
  expect(clock.read()).toBe(6 * hour);
});

test("a step of more than an hour is not believed, and time goes on without it until it is taken back", () => {
  const clock = open();
  clock.step(24 * 365 * hour);
  expect(clock.read()).toBe(0);
  clock.advance(7);
  expect(clock.read()).toBe(7);
  clock.step(-24 * 365 * hour);
  clock.advance(3);
  expect(clock.read()).toBe(10);
});

test("a machine that has slept is believed", () => {
  const clock = open();
  clock.sleep(9 * hour);
  expect(clock.read()).toBe(9 * hour);
});
