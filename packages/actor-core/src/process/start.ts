import { defer } from "./deferred.ts";
import { ProcessExited } from "./errors.ts";
import { Exit, type ExitReason } from "./exit-reason.ts";
import { Monitor } from "./monitor.ts";
import { type Holding, type Process, rejectQuietly, type Starter, type Watcher } from "./process.ts";
import type { InitOutcome, StartResult } from "./self.ts";
import { SmallSet } from "./small-set.ts";
import type { Deadline } from "./timers.ts";

/** Waits until a started process acknowledges, ends, or is out of time. */
export class Start implements Starter, Watcher, Holding {
  readonly #process: Process;
  readonly #owner: Process | undefined;
  readonly #monitored: boolean;
  readonly #pending = defer<StartResult>();
  readonly #deadline: Deadline | undefined;
  #refusal: StartResult | undefined;

  constructor(
    process: Process,
    owner: Process | undefined,
    options: { readonly timeoutMs: number | undefined; readonly monitored: boolean },
  ) {
    this.#process = process;
    this.#owner = owner;
    this.#monitored = options.monitored;
    process.starter = this;
    (process.watchers ??= new SmallSet()).add(this);
    if (owner !== undefined) {
      (owner.holdings ??= new SmallSet()).add(this);
    }
    if (options.timeoutMs !== undefined) {
      this.#deadline = process.runtime.timers.after(options.timeoutMs, () => this.#timeOut());
    }
  }

  get result(): Promise<StartResult> {
    return this.#pending.promise;
  }

  acknowledged(outcome: InitOutcome): void {
    switch (outcome.kind) {
      case "ok": {
        const owner = this.#owner;
        const { pid } = this.#process;
        this.#process.watchers?.delete(this);
        // Only now: of a start that failed the result tells enough.
        const monitor = owner && this.#monitored ? Monitor.begin(owner, this.#process, pid) : undefined;
        this.#finish({ kind: "ok", pid, ...(monitor && { monitor }) });
        break;
      }
      case "ignore":
        this.#refusal = outcome;
        break;
      // Answered only when the process is gone and its name free.
      default:
        this.#refusal = { kind: "error", reason: outcome.reason };
    }
  }

  targetEnded(reason: ExitReason): void {
    this.#finish(this.#refusal ?? { kind: "error", reason });
  }

  ownerEnded(): void {
    this.#process.watchers?.delete(this);
    this.#process.starter = undefined;
    this.#deadline?.clear();
    if (this.#owner !== undefined) {
      rejectQuietly(this.#pending, new ProcessExited(this.#owner.pid, "start"));
    }
  }

  #timeOut(): void {
    this.#refusal = { kind: "error", reason: Exit.timeout };
    // The starter hears of this by the result alone.
    this.#owner?.unlink(this.#process);
    this.#process.end(Exit.killed);
  }

  #finish(result: StartResult): void {
    this.#deadline?.clear();
    this.#owner?.holdings?.delete(this);
    this.#pending.resolve(result);
  }
}
