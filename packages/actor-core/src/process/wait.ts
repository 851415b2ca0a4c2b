import { defer } from "./deferred.ts";
import { ProcessExited } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { type Holding, type Process, rejectQuietly, type Watcher } from "./process.ts";
import { tie, untie } from "./tie.ts";
import type { Deadline } from "./timers.ts";

/** Waits for something that a process does at the latest by ending, for another process or for nobody in particular. */
export abstract class Wait<T> implements Watcher, Holding {
  protected readonly process: Process;
  protected readonly owner: Process | undefined;
  readonly #pending = defer<T>();
  readonly #deadline: Deadline | undefined;

  constructor(process: Process, owner: Process | undefined, timeoutMs: number | undefined) {
    this.process = process;
    this.owner = owner;
    tie(this, process, owner);
    if (timeoutMs !== undefined) {
      this.#deadline = process.runtime.timers.after(timeoutMs, () => this.timeOut());
    }
  }

  get result(): Promise<T> {
    return this.#pending.promise;
  }

  abstract targetEnded(reason: ExitReason): void;
  protected abstract timeOut(): void;

  ownerEnded(): void {
    this.#close();
    rejectQuietly(this.#pending, new ProcessExited((this.owner as Process).pid, "wait for another"));
  }

  protected settle(result: T): void {
    this.#close();
    this.#pending.resolve(result);
  }

  #close(): void {
    untie(this, this.process, this.owner);
    this.#deadline?.clear();
  }
}
