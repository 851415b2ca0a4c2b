import { expect, test } from "@jest/globals";
import { type Answers, beginStandstill, kindOfStall, lookAgain, useOf } from "./progress.ts";

const none: Answers = { alive: false, reached: false, awaiting: false };
const reading = (nowMs: number, cpuMicros: number | undefined = 0, handled = 0) => ({ nowMs, cpuMicros, handled });

/** Looks every 500 ms, each time with so much more processor time. */
function standing(looks: number, cpuEachMicros: number, answers: Answers | undefined = undefined) {
  let standstill = beginStandstill(reading(0));
  for (let look = 1; look <= looks; look += 1) {
    standstill = lookAgain(standstill, reading(look * 500, look * cpuEachMicros), { answers, patienceMs: 30_000 });
  }
  return standstill;
}

test("while no message is done with, time and processor time add up", () => {
  expect(useOf(standing(4, 250_000), 2_000)).toEqual({ callTimeMs: 2_000, cpuTimeMs: 1_000 });
});

test("a message that is done with begins anew", () => {
  const next = lookAgain(standing(4, 250_000), reading(2_500, 1_100_000, 1), { answers: none, patienceMs: 30_000 });
  expect(useOf(next, 2_500)).toEqual({ callTimeMs: 0, cpuTimeMs: 0 });
});

test("a service that takes messages and merely owes answers does not stand still, and is asked less often", () => {
  const answers = { alive: true, reached: true, awaiting: false };
  const next = lookAgain(standing(4, 0), reading(2_500), { answers, patienceMs: 30_000 });
  expect(useOf(next, 2_500)).toEqual({ callTimeMs: 0, cpuTimeMs: 0 });
  expect(next.askAfterMs).toBe(30_000);
});

test("processor time that cannot be read counts from where it can", () => {
  const begun = beginStandstill({ nowMs: 0, handled: 0, cpuMicros: undefined });
  const blind = lookAgain(begun, { nowMs: 500, handled: 0, cpuMicros: undefined }, { answers: none, patienceMs: 1 });
  const seen = lookAgain(blind, reading(1_000, 7_000_000), { answers: none, patienceMs: 1 });
  const later = lookAgain(seen, reading(1_500, 7_250_000), { answers: none, patienceMs: 1 });
  expect([blind, seen, later].map((each) => useOf(each, 1_500).cpuTimeMs)).toEqual([0, 0, 250]);
});

test.each<[string, number, Answers, string]>([
  ["uses the processor and does not answer", 250_000, none, "loop"],
  [
    "uses the processor, does not answer, and its handler has returned",
    250_000,
    { ...none, awaiting: true },
    "microtasks",
  ],
  ["answers and uses nothing", 100, { ...none, alive: true, awaiting: true }, "await"],
  ["answers and uses the processor", 250_000, { ...none, alive: true, awaiting: true }, "busy"],
  ["neither answers nor uses anything", 0, none, "blocked"],
])("one that %s", (_, cpuEachMicros, answers, kind) => {
  expect(kindOfStall(standing(4, cpuEachMicros, answers), answers)).toBe(kind);
});
