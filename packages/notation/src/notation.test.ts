import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseByteSize } from "./byte-size.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { nearestName } from "./nearest-name.ts";

test.each([
  ["64MiB", 67_108_864],
  ["64MB", 64_000_000],
  ["1.5 KiB", 1_536],
  ["512", 512],
  ["64M", undefined],
  ["-1", undefined],
  ["", undefined],
])("the size %j is %j bytes", (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each([
  ["5s", 5_000],
  ["500ms", 500],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["5", undefined],
  ["s", undefined],
])("the duration %j is %j ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test("a duration written is read back as it was", () => {
  fc.assert(fc.property(fc.nat(), (milliseconds) => parseDuration(formatDuration(milliseconds)) === milliseconds));
});

test("a misspelt name suggests the one that was meant, a strange one none", () => {
  expect(nearestName("limits.memroy", ["limits.memory", "restart"])).toBe("limits.memory");
  expect(nearestName("colour", ["limits.memory", "restart"])).toBeUndefined();
});
