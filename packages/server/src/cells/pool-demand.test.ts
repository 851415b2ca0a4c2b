import { expect, test } from "@jest/globals";
import { NO_DEMAND, noteTaken, type PoolDemand, poolTarget } from "./pool-demand.ts";

const takenAt = (...times: readonly number[]): PoolDemand => times.reduce(noteTaken, NO_DEMAND);
const burst = (count: number, atMs: number) => Array.from({ length: count }, () => atMs);

test("a pool of which little is taken stays at its size", () => {
  expect(poolTarget(NO_DEMAND, { size: 8, most: 32, nowMs: 0 })).toBe(8);
  expect(poolTarget(takenAt(0, 1_000, 2_000), { size: 8, most: 32, nowMs: 2_000 })).toBe(8);
});

test("after a burst it holds as many as were taken, and gives half of the surplus back in ten seconds", () => {
  const demand = takenAt(...burst(20, 0));
  expect([0, 5_000, 10_000, 20_000].map((nowMs) => poolTarget(demand, { size: 8, most: 32, nowMs }))).toEqual([
    20, 14, 10, 8,
  ]);
});

test("a steady rate of starts holds a steady pool", () => {
  const demand = takenAt(...Array.from({ length: 600 }, (_, index) => index * 500));
  expect(poolTarget(demand, { size: 8, most: 32, nowMs: 300_000 })).toBe(28);
});

test("it never grows beyond the most allowed, and no pool stays none", () => {
  const demand = takenAt(...burst(1_000, 0));
  expect(poolTarget(demand, { size: 8, most: 32, nowMs: 0 })).toBe(32);
  expect(poolTarget(demand, { size: 0, most: 32, nowMs: 0 })).toBe(0);
});
