import { expect, test } from "@jest/globals";
import { intercept } from "./intercept.ts";

class Counter {
  count = 0;

  add(by: number): number {
    if (by < 0) throw new RangeError("Cannot add: it is negative");
    this.count += by;
    return this.count;
  }
}

test("a covered method does what it did, with what is put around it, until it is uncovered", () => {
  const [covered, other] = [new Counter(), new Counter()];
  const seen: unknown[] = [];
  const uncover = intercept(covered, "add", {
    before: (by) => seen.push("before", by, covered.count),
    after: (result, by) => seen.push("after", by, result),
  });
  expect([covered.add(2), other.add(5)]).toEqual([2, 5]);
  expect(() => covered.add(-1)).toThrow(RangeError);
  uncover();
  expect(covered.add(1)).toBe(3);
  expect(seen).toEqual([...["before", 2, 0], ...["after", 2, 2], ...["before", -1, 2]]);
});
