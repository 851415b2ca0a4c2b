import { expect, test } from "@jest/globals";
import { Exit, type ExitReason } from "../process/exit-reason.ts";
import type { Restart } from "./child-spec.ts";
import { decideRestart, isReportable, isShutdownFailure, type RestartDecision } from "./restart-policy.ts";

const EXPECTED: readonly ExitReason[] = [Exit.normal, Exit.shutdown, Exit.shutdownFor("upgrade")];
const UNEXPECTED: readonly ExitReason[] = [
  Exit.kill,
  Exit.killed,
  Exit.noproc,
  Exit.timeout,
  Exit.callingSelf,
  Exit.aborted("gone"),
  Exit.crash(new Error("no")),
  Exit.badReturn("init", 1),
  Exit.of("shutdown"),
];

test.each<[Restart, RestartDecision, RestartDecision]>([
  ["permanent", "restart", "restart"],
  ["transient", "keep", "restart"],
  ["temporary", "drop", "drop"],
])("a %s child: %s after an expected end, %s after any other", (restart, afterExpected, afterUnexpected) => {
  expect(EXPECTED.map((reason) => decideRestart(restart, reason))).toEqual(EXPECTED.map(() => afterExpected));
  expect(UNEXPECTED.map((reason) => decideRestart(restart, reason))).toEqual(UNEXPECTED.map(() => afterUnexpected));
});

test("every end of a permanent child is reported, of others only the unexpected ones", () => {
  expect([...EXPECTED, ...UNEXPECTED].every((reason) => isReportable("permanent", reason))).toBe(true);
  for (const restart of ["transient", "temporary"] as const) {
    expect(EXPECTED.some((reason) => isReportable(restart, reason))).toBe(false);
    expect(UNEXPECTED.every((reason) => isReportable(restart, reason))).toBe(true);
  }
});

test("a child that obeys its shutdown is no failure, nor is one that is killed on purpose", () => {
  const permanent = { restart: "permanent", shutdown: 1_000 } as const;
  const transient = { restart: "transient", shutdown: 1_000 } as const;
  expect(EXPECTED.map((reason) => isShutdownFailure(permanent, reason))).toEqual([true, false, true]);
  expect(EXPECTED.map((reason) => isShutdownFailure(transient, reason))).toEqual([false, false, false]);
  expect(UNEXPECTED.map((reason) => isShutdownFailure(transient, reason))).toEqual(UNEXPECTED.map(() => true));
  expect(isShutdownFailure({ restart: "permanent", shutdown: "brutal-kill" }, Exit.killed)).toBe(false);
});
