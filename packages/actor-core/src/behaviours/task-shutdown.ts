import { Exit, type ExitReason } from "../process/exit-reason.ts";
import type { Pid } from "../process/pid.ts";
import { type Process, processOf } from "../process/process.ts";
import { checkDelay } from "../process/timers.ts";
import { Wait } from "../process/wait.ts";
import type { Shutdown } from "../supervision/child-spec.ts";
import type { TaskMonitor, TaskResult, TaskWaiter } from "./task-monitor.ts";

/** {@link TaskResult}, or `none`: there is no value, and no failure that would say why. */
export type TaskOutcome<T> = TaskResult<T> | { readonly kind: "none" };

/** Ends a task, and says what had become of it. */
export async function shutDown<T>(
  monitor: TaskMonitor<T>,
  pid: Pid | undefined,
  shutdown: Shutdown,
): Promise<TaskOutcome<T>> {
  if (shutdown !== "brutal-kill" && shutdown !== "infinity") {
    checkDelay("shutdown time", shutdown);
  }
  const process = pid && processOf(pid);
  const result =
    process === undefined
      ? (monitor.take() ?? ({ kind: "exit", reason: Exit.noproc } as const))
      : await new TaskShutdown(monitor, process, shutdown).result;
  return result.kind === "exit" && wasAskedFor(result.reason, shutdown) ? { kind: "none" } : result;
}

/** A task that ends as it was asked to has not failed; one that had to be killed for it has. */
function wasAskedFor(reason: ExitReason, shutdown: Shutdown): boolean {
  return shutdown === "brutal-kill"
    ? reason.kind === "killed"
    : reason.kind === "shutdown" && reason.detail === undefined;
}

/**
 * Asks a task to end and waits until it is gone.
 *
 * Watches the process itself: the monitor may have been given up, after an `awaitTask` that was out of time.
 */
class TaskShutdown<T> extends Wait<TaskResult<T>> implements TaskWaiter {
  #answer: TaskResult<T> | undefined;

  constructor(monitor: TaskMonitor<T>, process: Process, shutdown: Shutdown) {
    const { owner } = monitor;
    super(process, owner, typeof shutdown === "number" ? shutdown : undefined);
    this.#answer = monitor.take();
    if (monitor.active) {
      monitor.wait(this);
    }
    // The owner hears of this end by the result alone.
    owner.unlink(process);
    process.exitSignal(owner, shutdown === "brutal-kill" ? Exit.kill : Exit.shutdown);
  }

  settled(_monitor: TaskMonitor<unknown>, result: TaskResult<T>): void {
    this.#answer ??= result;
  }

  targetEnded(reason: ExitReason): void {
    this.settle(this.#answer ?? { kind: "exit", reason });
  }

  protected timeOut(): void {
    this.process.exitSignal(this.owner, Exit.kill);
  }
}
