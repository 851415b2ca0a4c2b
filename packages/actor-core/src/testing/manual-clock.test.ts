import { expect, test } from "@jest/globals";
import { manualClock } from "./index.ts";

test("advancing wakes what falls due, each at its own time and in order", () => {
  const clock = manualClock();
  const woken: [string, number][] = [];
  const note = (name: string) => () => void woken.push([name, clock.nowMs()]);
  clock.schedule(30, note("late"));
  clock.schedule(10, () => {
    note("early")();
    clock.schedule(5, note("nested"));
  });
  clock.schedule(10, note("same time"));
  const cancel = clock.schedule(20, note("cancelled"));
  cancel();
  clock.advance(29);
  expect(woken).toEqual([
    ["early", 10],
    ["same time", 10],
    ["nested", 15],
  ]);
  expect([clock.nowMs(), clock.pending]).toEqual([29, 1]);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("advancing by %p is refused", (ms) => {
  expect(() => manualClock().advance(ms)).toThrow(RangeError);
});
