import { describe, expect, test } from "@jest/globals";
import { nextTime, parseCron } from "./cron.ts";

const next = (pattern: string, after: string, times = 1): string[] => {
  const cron = parseCron(pattern);
  if ("kind" in cron) throw new Error(cron.wanted);
  const found: string[] = [];
  for (let atMs = Date.parse(after); found.length < times; ) {
    atMs = nextTime(cron, atMs) as number;
    found.push(new Date(atMs).toISOString().slice(0, 16));
  }
  return found;
};

describe("the next time of a pattern", () => {
  test.each([
    ["* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01"],
    ["* * * * *", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01"],
    ["*/15 * * * *", "2026-01-01T00:46:00Z", "2026-01-01T01:00"],
    ["5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45"],
    ["0 9 * * MON-FRI", "2026-01-02T09:00:00Z", "2026-01-05T09:00"],
    ["0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00"],
    ["0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T00:00"],
    ["0 0 1 * MON", "2026-01-02T00:00:00Z", "2026-01-05T00:00"],
    ["0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00"],
    ["30 23 31 DEC *", "2026-12-31T23:30:00Z", "2027-12-31T23:30"],
    ["59 23 31 1-12/2 *", "2026-01-31T23:59:00Z", "2026-03-31T23:59"],
  ])("%s behind %s is %s", (pattern, after, expected) => {
    expect(next(pattern, after)).toEqual([expected]);
  });

  test("goes on from time to time", () => {
    expect(next("0,30 8-9 * * *", "2026-02-28T08:10:00Z", 5)).toEqual([
      "2026-02-28T08:30",
      "2026-02-28T09:00",
      "2026-02-28T09:30",
      "2026-03-01T08:00",
      "2026-03-01T08:30",
    ]);
  });
});

describe("a pattern that is none", () => {
  test.each([
    "",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * * 13 *",
    "* * * * 8",
    "5-1 * * * *",
    "*/0 * * * *",
    "1, * * * *",
    "1-2-3 * * * *",
    "-1 * * * *",
    "+1 * * * *",
    "1.5 * * * *",
    "* * * JANUARY *",
    "* * * jan *",
    "* * L * *",
    "*  * * * *",
    " * * * * *",
    "@daily",
    "0 0 31 2 *",
    "0 0 30 2 *",
    `${"1,".repeat(200)}1 * * * *`,
  ])("%j is refused", (pattern) => {
    expect(parseCron(pattern)).toMatchObject({ kind: "fault" });
  });
});
