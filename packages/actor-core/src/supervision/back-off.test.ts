import { expect, test } from "@jest/globals";
import { completeBackOff, decideBackOff } from "./back-off.ts";

const delays = (policy: Parameters<typeof completeBackOff>[0], random: number, count: number): number[] => {
  const complete = completeBackOff(policy);
  return Array.from({ length: count }, (_, restarts) => {
    const decision = decideBackOff(complete, { restarts, ranMs: 0 }, random);
    return decision.kind === "restart" ? decision.afterMs : Number.NaN;
  });
};

test("each delay is longer than the one before, up to the longest", () => {
  expect(delays({ minMs: 100, maxMs: 1_000 }, 0, 6)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect(delays({ minMs: 100, maxMs: 1_000, factor: 3 }, 0, 4)).toEqual([100, 300, 900, 1_000]);
  expect(delays({ minMs: 100, maxMs: 1_000, factor: 1 }, 0, 3)).toEqual([100, 100, 100]);
});

test("jitter prolongs and never shortens", () => {
  expect(delays({ minMs: 100, maxMs: 300, jitter: 0.5 }, 1, 3)).toEqual([150, 300, 450]);
  expect(delays({ minMs: 100, maxMs: 300, jitter: 0.5 }, 0, 3)).toEqual([100, 200, 300]);
});

test("after ten thousand restarts the delay is still a number", () => {
  const policy = completeBackOff({ minMs: 1, maxMs: 60_000 });
  expect(decideBackOff(policy, { restarts: 10_000, ranMs: 0 }, 0)).toEqual({
    kind: "restart",
    afterMs: 60_000,
    restarts: 10_001,
  });
});

test("a child that has run long enough begins anew, also at its last restart", () => {
  const policy = completeBackOff({ minMs: 100, maxMs: 1_000, resetAfterMs: 500, maxRestarts: 2 });
  expect(decideBackOff(policy, { restarts: 2, ranMs: 499 }, 0)).toEqual({ kind: "give-up", restarts: 3 });
  expect(decideBackOff(policy, { restarts: 2, ranMs: 500 }, 0)).toEqual({ kind: "restart", afterMs: 100, restarts: 1 });
});

test.each([
  { minMs: 0, maxMs: 1 },
  { minMs: Number.NaN, maxMs: 1 },
  { minMs: 2, maxMs: 1 },
  { minMs: 1, maxMs: Number.POSITIVE_INFINITY },
  { minMs: 1, maxMs: 2, factor: 0.5 },
  { minMs: 1, maxMs: 2, jitter: -1 },
  { minMs: 1, maxMs: 2, resetAfterMs: Number.NaN },
  { minMs: 1, maxMs: 2, maxRestarts: 1.5 },
  { minMs: 1, maxMs: 2, maxRestarts: -1 },
])("%p is refused", (options) => {
  expect(() => completeBackOff(options)).toThrow(RangeError);
});
