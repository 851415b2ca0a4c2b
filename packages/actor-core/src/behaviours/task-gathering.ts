import { defer } from "../process/deferred.ts";
import { ProcessExited } from "../process/errors.ts";
import { Exit, type ExitReason } from "../process/exit-reason.ts";
import type { HostSignal } from "../process/host-signal.ts";
import { type Process, rejectQuietly } from "../process/process.ts";
import { checkDelay, type Deadline } from "../process/timers.ts";
import type { TaskMonitor, TaskResult, TaskWaiter } from "./task-monitor.ts";

export interface GatheringPlan {
  /** `Infinity` waits for ever; 0 takes what is there. */
  readonly timeoutMs: number;
  readonly signal: HostSignal | undefined;
  /** How many results are enough. */
  readonly limit: number;
  /** `all-or-nothing`: the first failure is the end, and what is not there at the end is given up. */
  readonly mode: "all-or-nothing" | "what-there-is";
}

/** Gathers the results of tasks of one owner, as far as they come in time. */
export class Gathering implements TaskWaiter {
  readonly results = new Map<TaskMonitor<unknown>, TaskResult<unknown>>();
  readonly #owner: Process;
  readonly #plan: GatheringPlan;
  readonly #waiting: Set<TaskMonitor<unknown>>;
  readonly #pending = defer<ExitReason | undefined>();
  #ended = false;
  #deadline: Deadline | undefined;

  constructor(owner: Process, monitors: readonly TaskMonitor<unknown>[], plan: GatheringPlan) {
    const { timeoutMs, signal } = plan;
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      checkDelay("task timeout", timeoutMs);
    }
    this.#owner = owner;
    this.#plan = plan;
    this.#waiting = new Set(monitors);
    if (signal?.aborted) {
      this.#abort();
      return;
    }
    if (this.#waiting.size === 0 || plan.limit === 0) {
      this.#finish(undefined);
    }
    this.#takeWhatIsThere();
    for (const monitor of this.#waiting) {
      if (!this.#ended) {
        monitor.wait(this);
      }
    }
    if (this.#ended) {
      return;
    }
    if (timeoutMs === 0) {
      this.#finish(Exit.timeout);
      return;
    }
    signal?.addEventListener("abort", this.#abort);
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#deadline = owner.runtime.timers.after(timeoutMs, () => this.#finish(Exit.timeout));
    }
  }

  /** Resolves with why not all is there that was wanted; undefined when it is. */
  get end(): Promise<ExitReason | undefined> {
    return this.#pending.promise;
  }

  settled(monitor: TaskMonitor<unknown>, result: TaskResult<unknown>): void {
    this.#waiting.delete(monitor);
    this.results.set(monitor, result);
    if (result.kind === "exit" && this.#plan.mode === "all-or-nothing") {
      this.#finish(result.reason);
    } else if (this.#waiting.size === 0 || this.results.size >= this.#plan.limit) {
      this.#finish(undefined);
    }
  }

  ownerEnded(): void {
    if (this.#close()) {
      rejectQuietly(this.#pending, new ProcessExited(this.#owner.pid, "await tasks"));
    }
  }

  #takeWhatIsThere(): void {
    for (const monitor of this.#waiting) {
      const result = this.#ended ? undefined : monitor.take();
      if (result !== undefined) {
        this.settled(monitor, result);
      }
    }
  }

  readonly #abort = (): void => this.#finish(Exit.aborted(this.#plan.signal?.reason));

  #finish(reason: ExitReason | undefined): void {
    if (!this.#close()) {
      return;
    }
    for (const monitor of this.#waiting) {
      if (this.#plan.mode === "all-or-nothing") {
        monitor.abandon(this);
      } else {
        monitor.leave(this);
      }
    }
    this.#owner.runtime.paced(() => this.#pending.resolve(reason));
  }

  /** Whether it was open. */
  #close(): boolean {
    const open = !this.#ended;
    this.#ended = true;
    this.#deadline?.clear();
    this.#plan.signal?.removeEventListener("abort", this.#abort);
    return open;
  }
}
