import { defer } from "../process/deferred.ts";
import { ProcessExited } from "../process/errors.ts";
import { Exit, type ExitReason } from "../process/exit-reason.ts";
import type { Pid } from "../process/pid.ts";
import { type Holding, type Process, processOf, rejectQuietly, type Watcher } from "../process/process.ts";
import { SmallSet } from "../process/small-set.ts";
import { checkDelay, type Deadline } from "../process/timers.ts";
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
class TaskShutdown<T> implements TaskWaiter, Watcher, Holding {
  readonly #monitor: TaskMonitor<T>;
  readonly #process: Process;
  readonly #pending = defer<TaskResult<T>>();
  #deadline: Deadline | undefined;
  #answer: TaskResult<T> | undefined;

  constructor(monitor: TaskMonitor<T>, process: Process, shutdown: Shutdown) {
    const { owner } = monitor;
    this.#monitor = monitor;
    this.#process = process;
    this.#answer = monitor.take();
    if (monitor.active) {
      monitor.wait(this);
    }
    (process.watchers ??= new SmallSet()).add(this);
    (owner.holdings ??= new SmallSet()).add(this);
    // The owner hears of this end by the result alone.
    owner.unlink(process);
    process.exitSignal(owner, shutdown === "brutal-kill" ? Exit.kill : Exit.shutdown);
    if (typeof shutdown === "number" && !process.dead) {
      this.#deadline = owner.runtime.timers.after(shutdown, () => process.exitSignal(owner, Exit.kill));
    }
  }

  get result(): Promise<TaskResult<T>> {
    return this.#pending.promise;
  }

  settled(_monitor: TaskMonitor<unknown>, result: TaskResult<T>): void {
    this.#answer ??= result;
  }

  targetEnded(reason: ExitReason): void {
    this.#deadline?.clear();
    this.#monitor.owner.holdings?.delete(this);
    // What ended up in the mailbox after all came while nobody was waiting any more.
    this.#pending.resolve(this.#answer ?? { kind: "exit", reason });
  }

  ownerEnded(): void {
    this.#deadline?.clear();
    this.#process.watchers?.delete(this);
    rejectQuietly(this.#pending, new ProcessExited(this.#monitor.owner.pid, "shut a task down"));
  }
}
