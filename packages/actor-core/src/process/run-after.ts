import { Exit } from "./exit-reason.ts";
import { type Process, processOf } from "./process.ts";
import type { Awaitable, Caller, ProcessHandler, Self } from "./self.ts";
import { sendEvery } from "./send-every.ts";
import type { Timer } from "./timers.ts";

/**
 * Runs `work` in a process of its own once `delayMs` have passed, unless cancelled before. A throw is the crash of that
 * process, and concerns nobody else. Goes on without the process that asked for it.
 *
 * @throws {RangeError} The delay is negative or no number.
 * @see Erlang/OTP, `timer:apply_after/4`
 */
export function runAfter(caller: Caller, delayMs: number, work: (self: Self) => Awaitable<void>): Timer {
  const runner: ProcessHandler = {
    async handle(_tick, self) {
      await work(self);
      self.exit(Exit.normal);
    },
  };
  return running(caller, runner, (pid) => caller.sendAfter(delayMs, pid, undefined));
}

/**
 * Runs `work` every `intervalMs`, each time in a process of its own, also while an earlier run is not done, until
 * cancelled. What has begun goes on then.
 *
 * @throws {RangeError} The interval is less than 1 ms or no number.
 * @see Erlang/OTP, `timer:apply_interval/4`
 */
export function runEvery(caller: Caller, intervalMs: number, work: (self: Self) => Awaitable<void>): Timer {
  const runner: ProcessHandler = { handle: (_tick, self) => void self.spawn(work) };
  return running(caller, runner, (pid) => sendEvery(caller, intervalMs, pid, undefined));
}

/** A timer and the process it wakes, as one. */
function running(caller: Caller, runner: ProcessHandler, start: (pid: Process["pid"]) => Timer): Timer {
  const pid = caller.spawn(runner, { label: "timer" });
  try {
    const timer = start(pid);
    const cancel = (): number | undefined => {
      const leftMs = timer.cancel();
      if (leftMs !== undefined) {
        processOf(pid)?.end(Exit.normal);
      }
      return leftMs;
    };
    return { cancel, remainingMs: () => timer.remainingMs(), [Symbol.dispose]: cancel };
  } catch (error) {
    processOf(pid)?.end(Exit.normal);
    throw error;
  }
}
