import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { beginningOf, withinBudget } from "./within-budget.ts";

const cut = (text: string, maxBytes: number) => beginningOf(text, maxBytes);

test("items come in order as long as they fit, and at least one comes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", maxLength: 40 })),
      fc.integer({ min: 8, max: 200 }),
      (items, maxBytes) => {
        const within = withinBudget(items, { maxBytes, cut });
        expect(within.more).toBe(within.items.length < items.length);
        expect(within.items.length).toBeGreaterThanOrEqual(Math.min(1, items.length));
        if (within.items.length > 1) expect(within.items).toEqual(items.slice(0, within.items.length));
      },
    ),
  );
});

test.each([
  ["語語語", 9, "語語語"],
  ["語語語", 8, "語語"],
  ["a😀b", 4, "a"],
  ["a😀b", 5, "a😀"],
  ["abc", 0, ""],
])("the beginning of %j in %d bytes is %j", (text, bytes, beginning) => {
  expect(beginningOf(text, bytes)).toBe(beginning);
});
