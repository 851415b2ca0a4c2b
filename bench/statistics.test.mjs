import { expect, test } from "@jest/globals";
import { median, quantile, spread } from "./statistics.mjs";

test("the median lies between the middle two of an even number of samples", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9])).toBe(9);
});

test("a quantile is read between two samples in proportion, in whatever order they come", () => {
  const samples = Array.from({ length: 101 }, (_, index) => 100 - index);
  expect([0, 0.5, 0.99, 1].map((share) => quantile(samples, share))).toEqual([0, 50, 99, 100]);
  expect(quantile([10, 20], 0.25)).toBe(12.5);
});

test("no samples have no median", () => {
  expect(() => median([])).toThrow(RangeError);
});

test("spread is half the range as a share of the median", () => {
  expect(spread([90, 100, 110])).toBeCloseTo(0.1);
  expect(spread([0, 0])).toBe(0);
});
