import { expect, test } from "@jest/globals";
import { isAtRest, readRest, type ThreadWait } from "./rest.ts";

test.each<[string, ThreadWait | undefined, readonly ThreadWait[], boolean]>([
  [
    "a process that waits for events, beside threads that wait to be woken, is at rest",
    "events",
    ["futex", "futex"],
    true,
  ],
  ["one with a worker, which waits for events of its own, is not", "events", ["futex", "events"], false],
  ["one that runs is not", "running", ["futex"], false],
  ["one that is blocked, perhaps until a time of its own, is not", "futex", [], false],
  ["one of whose threads collects garbage is not", "events", ["running"], false],
  ["one of whose threads reads a file is not", "events", ["other"], false],
  ["what is gone is not", undefined, [], false],
])("%s", (_claim, first, others, rest) => {
  expect(isAtRest(first, others)).toBe(rest);
});

test("a process that is gone is unknown, and this one is busy", () => {
  expect(readRest(2 ** 22 + 1)).toBe("unknown");
  expect(readRest(process.pid)).toBe("busy");
});
