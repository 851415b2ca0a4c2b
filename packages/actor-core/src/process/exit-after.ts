import { Exit, type ExitReason } from "./exit-reason.ts";
import { runAfter } from "./run-after.ts";
import type { Caller, Target } from "./self.ts";
import type { Timer } from "./timers.ts";

/**
 * Sends an exit signal later, unless cancelled before; the target is looked up when the time has come. To nobody: nothing
 * happens.
 *
 * @throws {RangeError} The delay is negative or no number.
 * @see Erlang/OTP, `timer:exit_after/3`
 *
 * @example
 * const timer = exitAfter(self, 60_000, pid, Exit.shutdownFor("took too long"));
 */
export function exitAfter(caller: Caller, delayMs: number, target: Target, reason: ExitReason): Timer {
  return runAfter(caller, delayMs, (self) => self.exitSignal(target, reason));
}

/** As {@link exitAfter} with `Exit.kill`, which cannot be trapped. */
export function killAfter(caller: Caller, delayMs: number, target: Target): Timer {
  return exitAfter(caller, delayMs, target, Exit.kill);
}
