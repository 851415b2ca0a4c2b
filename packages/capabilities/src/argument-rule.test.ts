import { expect, test } from "@jest/globals";
import { type ArgumentRule, fitsRule, readArgumentRule } from "./argument-rule.ts";

test.each<[ArgumentRule, unknown, boolean]>([
  [["a", "eq", 1], { a: 1 }, true],
  [["a", "eq", 1], { a: "1" }, false],
  [["a", "eq", 1], { a: 1n }, false],
  [["a", "eq", true], { a: 1 }, false],
  [["a", "in", "x", "y"], { a: "y" }, true],
  [["a", "in", "x", "y"], { a: "z" }, false],
  [["a", "le", 5], { a: 5 }, true],
  [["a", "le", 5], { a: 6n }, false],
  [["a", "le", 5], { a: 5n }, true],
  [["a", "le", 5], { a: "4" }, false],
  [["a", "le", 5], { a: Number.NaN }, false],
  [["a", "le", 5], { a: null }, false],
  [["a", "ge", 5], { a: 4 }, false],
  [["a", "ge", 5], { a: Number.POSITIVE_INFINITY }, true],
  [["a", "prefix", "ab"], { a: "abc" }, true],
  [["a", "prefix", "ab"], { a: "ABC" }, false],
  [["a", "prefix", "ab"], { a: ["abc"] }, false],
  [["a", "maxlen", 2], { a: "ab" }, true],
  [["a", "maxlen", 2], { a: new Uint8Array(3) }, false],
  [["a", "maxlen", 2], { a: [1, 2, 3] }, false],
  [["a", "maxlen", 2], { a: { length: 1 } }, false],
  [["a.b", "eq", 1], { a: { b: 1 } }, true],
  [["a.b", "eq", 1], { "a.b": 1 }, false],
  [["a.length", "eq", 1], { a: [1] }, false],
  [["a.length", "eq", 1], { a: "x" }, false],
  [["a", "eq", 1], undefined, false],
  [["a", "eq", 1], null, false],
  [["a", "eq", 1], Object.create({ a: 1 }), false],
  [["a", "eq", 1], Object.defineProperty({}, "a", { get: () => 1 }), false],
  [["__proto__", "maxlen", 9], {}, false],
  [["constructor", "maxlen", 9], {}, false],
])("%j on %j: %p", (rule, args, fits) => {
  expect(fitsRule(rule, args)).toBe(fits);
});

test.each([
  ["a list of two", ["a", "eq"]],
  ["no list", "a eq 1"],
  ["an index", ["a.0", "eq", 1]],
  ["an empty path", ["", "eq", 1]],
  ["a path of nine", ["a.a.a.a.a.a.a.a.a", "eq", 1]],
  ["a value too many", ["a", "eq", 1, 2]],
  ["a list to compare with", ["a", "eq", [1]]],
  ["null", ["a", "eq", null]],
  ["a text as a bound", ["a", "le", "5"]],
  ["a length below nothing", ["a", "maxlen", -1]],
  ["a number as a prefix", ["a", "prefix", 1]],
  ["an object among values", ["a", "in", "x", {}]],
  ["33 values", ["a", "in", ...Array.from({ length: 33 }, (_, index) => index)]],
])("a rule with %s is malformed", (_name, rule) => {
  expect(readArgumentRule(rule)).toBe("malformed");
});

test("an operation of a later version is unknown, not malformed", () => {
  expect(readArgumentRule(["a", "matches", ["x"]])).toBe("unknown");
});
