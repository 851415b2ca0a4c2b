import { expect, test } from "@jest/globals";
import type { Resource, Vital } from "../ports/vitals.ts";
import { type Assessment, AT_EASE, assessLoad } from "./assess-load.ts";

const vital = (resource: Resource, used: number): Vital => ({ resource, used, detail: "" });

/** What follows from looks in a row at one resource. */
function looks(resource: Resource, ...shares: readonly number[]): readonly Assessment[] {
  const seen: Assessment[] = [];
  for (const used of shares) seen.push(assessLoad(seen.at(-1) ?? AT_EASE, [vital(resource, used)]));
  return seen;
}

test("a resource is high from 80 % and critical from 90 %, and changes are told once", () => {
  const seen = looks("disk", 0.79, 0.8, 0.89, 0.9, 0.95, 0.2);
  expect(seen.map(({ loads }) => loads.get("disk"))).toEqual([
    "normal",
    "high",
    "high",
    "critical",
    "critical",
    "normal",
  ]);
  expect(seen.map(({ changes }) => changes.map(({ load }) => load))).toEqual([
    [],
    ["high"],
    [],
    ["critical"],
    [],
    ["normal"],
  ]);
});

test("a load is left only 5 % below where it began", () => {
  const loads = looks("memory", 0.9, 0.86, 0.84, 0.76, 0.74, 0.79).map(({ loads }) => loads.get("memory"));
  expect(loads).toEqual(["critical", "critical", "high", "high", "normal", "normal"]);
});

test("new work is refused while something is critical, for the sake of the scarcest", () => {
  expect(looks("heap", 0.89, 0.9, 0.86, 0.8).map(({ refusing }) => refusing?.resource)).toEqual([
    undefined,
    "heap",
    "heap",
    undefined,
  ]);
  const both = assessLoad(AT_EASE, [vital("disk", 0.92), vital("memory", 0.95), vital("heap", 0.1)]);
  expect(both.refusing?.resource).toBe("memory");
});

test("a service is shed when a resource was exhausted for more than five looks, and the next after as many again", () => {
  const seen = looks("processes", ...Array.from({ length: 13 }, () => 0.98));
  expect(seen.map(({ shedding }) => (shedding === undefined ? "-" : "shed")).join("")).toBe("-----shed-----shed-");
});

test("nothing is shed for what no service gives back, nor for a moment's need", () => {
  expect(looks("disk", ...Array.from({ length: 20 }, () => 1)).some(({ shedding }) => shedding)).toBe(false);
  const pulse = Array.from({ length: 20 }, (_, index) => (index % 5 === 4 ? 0.5 : 1));
  expect(looks("event-loop", ...pulse).some(({ shedding }) => shedding)).toBe(false);
});

test("what is no longer shown is at ease", () => {
  const before = assessLoad(AT_EASE, [vital("memory", 0.95)]);
  expect(assessLoad(before, []).refusing).toBeUndefined();
});
