import { type ExitReason, isExpected } from "../process/exit-reason.ts";
import type { Restart, Shutdown } from "./child-spec.ts";

/** What becomes of a child that ended by itself: it is started again; it stays known but stopped; its spec goes too. */
export type RestartDecision = "restart" | "keep" | "drop";

/**
 * Says what becomes of a child that ended by itself.
 *
 * | restart   | `normal`, `shutdown` | any other reason, `killed` too |
 * | --------- | -------------------- | ------------------------------ |
 * | permanent | restart              | restart                        |
 * | transient | keep                 | restart                        |
 * | temporary | drop                 | drop                           |
 *
 * @see Erlang/OTP, supervisor, "Restart Strategy and Maximum Intensity"
 */
export function decideRestart(restart: Restart, reason: ExitReason): RestartDecision {
  if (restart === "temporary") return "drop";
  return isReportable(restart, reason) ? "restart" : "keep";
}

/**
 * Says whether the end of a child is worth a report: always for a permanent child, which was not meant to end at all,
 * otherwise when it was not an expected one.
 */
export function isReportable(restart: Restart, reason: ExitReason): boolean {
  return restart === "permanent" || !isExpected(reason);
}

/**
 * Says whether the end of a child that its supervisor asked to stop is worth a report: it did not simply obey.
 *
 * @see Erlang/OTP, supervisor.erl, `do_terminate`
 */
export function isShutdownFailure(
  child: { readonly restart: Restart; readonly shutdown: Shutdown },
  reason: ExitReason,
): boolean {
  switch (reason.kind) {
    case "shutdown":
      return child.restart === "permanent" && reason.detail !== undefined;
    case "normal":
      return child.restart === "permanent";
    case "killed":
      return child.shutdown !== "brutal-kill";
    default:
      return true;
  }
}
