import { expect, test } from "@jest/globals";
import { SmallSet } from "./small-set.ts";

test("holds its items in the order of addition, few or many, however many have come and gone", () => {
  const set = new SmallSet<number>();
  for (let item = 0; item < 64; item += 1) set.add(item);
  for (let item = 64; item < 3_000; item += 1) {
    set.add(item);
    set.delete(item - 64);
    set.delete(item - 64);
    expect(set.items()).not.toContain(item - 64);
    if (item % 50 > 0) continue;
    expect(set.items()).toEqual(Array.from({ length: 64 }, (_, index) => item - 63 + index));
  }
  set.add(2_999);
  for (let item = 1_936; item < 3_000; item += 1) set.delete(item);
  expect(set.items()).toEqual([]);
});
