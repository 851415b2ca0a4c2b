import { expect, test } from "@jest/globals";
import { isSameState } from "./same-state.ts";

class Door {}
const door = new Door();
const now = new Date(0);

test.each<[string, unknown, unknown]>([
  ["equal texts", "a", "a"],
  ["not a number", Number.NaN, Number.NaN],
  ["records that hold the same, in any order", { a: 1, b: [2, { c: 3 }] }, { b: [2, { c: 3 }], a: 1 }],
  ["records with and without a prototype", { a: 1 }, Object.assign(Object.create(null), { a: 1 })],
  ["one instance", door, door],
  ["records that hold one instance", { door }, { door }],
])("%s are one state", (_name, a, b) => {
  expect(isSameState(a, b)).toBe(true);
});

test.each<[string, unknown, unknown]>([
  ["different texts", "a", "b"],
  ["a number and its text", 1, "1"],
  ["nothing and null", undefined, null],
  ["records with another value", { a: 1 }, { a: 2 }],
  ["records with one key more", { a: 1 }, { a: 1, b: 2 }],
  ["a missing value and undefined", { a: undefined }, { b: undefined }],
  ["lists in another order", [1, 2], [2, 1]],
  ["a list and a record", ["x"], { 0: "x" }],
  ["a record and null", {}, null],
  ["two instances", door, new Door()],
  ["two dates of one time", now, new Date(0)],
  ["inherited and own values", { a: 1 }, Object.create({ a: 1 })],
])("%s are two states", (_name, a, b) => {
  expect(isSameState(a, b)).toBe(false);
});
