import { expect, test } from "@jest/globals";
import { type AutoShutdown, isShutdownDue } from "./auto-shutdown.ts";

const SIGNIFICANT = { spec: { significant: true } };
const ORDINARY = { spec: { significant: false } };

test.each<[AutoShutdown, boolean, boolean[], boolean]>([
  ["never", true, [], false],
  ["any-significant", true, [true, false], true],
  ["any-significant", false, [], false],
  ["all-significant", true, [true], false],
  ["all-significant", true, [false], true],
  ["all-significant", true, [], true],
  ["all-significant", false, [], false],
])("%s, the ended child significant: %j, the living: %j → %j", (autoShutdown, ended, living, due) => {
  const others = living.map((significant) => (significant ? SIGNIFICANT : ORDINARY));
  expect(isShutdownDue(autoShutdown, ended ? SIGNIFICANT : ORDINARY, others)).toBe(due);
});
