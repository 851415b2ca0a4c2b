import { defer } from "./deferred.ts";
import { ProcessExited } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import { type Holding, type Process, rejectQuietly, type Watcher } from "./process.ts";
import { SmallSet } from "./small-set.ts";

/** Waits for the end of a process, whatever its reason. */
export class EndOf implements Watcher, Holding {
  readonly #process: Process;
  readonly #owner: Process | undefined;
  readonly #pending = defer<ExitReason>();

  constructor(process: Process, owner: Process | undefined) {
    this.#process = process;
    this.#owner = owner;
    (process.watchers ??= new SmallSet()).add(this);
    if (owner !== undefined) {
      (owner.holdings ??= new SmallSet()).add(this);
    }
  }

  get reason(): Promise<ExitReason> {
    return this.#pending.promise;
  }

  targetEnded(reason: ExitReason): void {
    this.#owner?.holdings?.delete(this);
    this.#pending.resolve(reason);
  }

  ownerEnded(): void {
    this.#process.watchers?.delete(this);
    if (this.#owner !== undefined) {
      rejectQuietly(this.#pending, new ProcessExited(this.#owner.pid, "wait for an end"));
    }
  }
}
