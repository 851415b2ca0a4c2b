import { expect, test } from "@jest/globals";
import { LINES_PER_SECOND, LineRate } from "./line-rate.ts";

test("a second lets its share of lines through, and the next one tells how many were lost", () => {
  const rate = new LineRate();
  const admitted = Array.from({ length: LINES_PER_SECOND + 5 }, () => rate.admit(10)).filter((line) => line.admitted);
  expect(admitted.length).toBe(LINES_PER_SECOND);
  expect(rate.dropped).toBe(5);
  expect(rate.admit(1_010)).toEqual({ admitted: true, droppedBefore: 5 });
  expect(rate.admit(1_011)).toEqual({ admitted: true, droppedBefore: 0 });
});
