import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { catalogue, oneOf, quoted } from "./errors.ts";

test("a value from outside is quoted, escaped and shortened", () => {
  expect(quoted("counter")).toBe('"counter"');
  expect(quoted('a"b\n')).toBe('"a\\"b\\n"');
  expect(quoted("сounter\u007f")).toBe('"\\u0441ounter\\u007f"');
  expect(quoted("x".repeat(300))).toBe(`"${"x".repeat(75)}..." (300 characters)`);
});

test("whatever comes in, a quotation is short, printable ASCII", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), (value) => {
      expect(quoted(value)).toMatch(/^[\x20-\x7e]{2,110}$/);
      expect(oneOf([value])).toMatch(/^[\x20-\x7e]{1,130}$/);
    }),
  );
});

test("names to choose from are shown as they are written, twenty at most", () => {
  expect(oneOf(["add", "two words"])).toBe('one of add, "two words"');
  const many = Array.from({ length: 1_024 }, (_, index) => `n${index}`);
  expect(oneOf(many)).toBe(`one of ${many.slice(0, 20).join(", ")} and 1004 more`);
});

test.each(Object.entries(catalogue))("%s says how to go on", (_, { fix }) => {
  expect(fix).toMatch(/^[A-Z].{10,}[^.]$/);
});
