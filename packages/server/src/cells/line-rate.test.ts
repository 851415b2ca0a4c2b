import { expect, test } from "@jest/globals";
import { LineRate } from "./line-rate.ts";

test("a second lets its share of lines through, says so at the first one left out, and the next tells how many were lost", () => {
  const rate = new LineRate(3);
  const lines = Array.from({ length: 5 }, () => rate.admit(10));
  expect(lines.map(({ admitted }) => admitted)).toEqual([true, true, true, false, false]);
  expect(lines.map(({ firstLeftOut }) => firstLeftOut)).toEqual([false, false, false, true, false]);
  expect(rate.dropped).toBe(2);
  expect(rate.admit(1_010)).toEqual({ admitted: true, firstOfMany: false, firstLeftOut: false, droppedBefore: 2 });
  expect(rate.admit(1_011)).toEqual({ admitted: true, firstOfMany: false, firstLeftOut: false, droppedBefore: 0 });
});

test("the first line of a second that is near the bound is told of, in each second that has one", () => {
  const rate = new LineRate(3, 1);
  const second = (atMs: number) => Array.from({ length: 5 }, () => rate.admit(atMs).firstOfMany);
  expect(second(10)).toEqual([false, true, false, false, false]);
  expect(second(2_000)).toEqual([false, true, false, false, false]);
});
