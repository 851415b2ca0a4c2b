import { Exit, type ExitReason } from "./exit-reason.ts";
import { Down, MonitorRef } from "./messages.ts";
import type { Holding, Process, Watcher } from "./process.ts";
import type { Target } from "./self.ts";
import { SmallSet } from "./small-set.ts";

/** One process watching another, until one of them ends or the watcher lets go. */
export class Monitor implements Watcher, Holding {
  readonly ref: MonitorRef;
  readonly owner: Process;
  readonly #process: Process | undefined;

  /** Without a process there is nothing to watch. */
  protected constructor(owner: Process, process: Process | undefined, target: Target) {
    this.ref = new MonitorRef(target);
    this.owner = owner;
    this.#process = process;
    if (process !== undefined) {
      (process.watchers ??= new SmallSet()).add(this);
      (owner.holdings ??= new SmallSet()).add(this);
    }
  }

  /** Begins; `process` is undefined when the target is dead, and `Down` is delivered at once. */
  static begin(owner: Process, process: Process | undefined, target: Target): MonitorRef {
    if (process === undefined) {
      const ref = new MonitorRef(target);
      owner.deliver(new Down(ref, target, Exit.noproc));
      return ref;
    }
    return new Monitor(owner, process, target).ref;
  }

  /** The monitors a process has open. */
  static *of(owner: Process): Iterable<Monitor> {
    for (const holding of owner.holdings ?? []) {
      if (holding instanceof Monitor) {
        yield holding;
      }
    }
  }

  end(): void {
    this.#process?.watchers?.delete(this);
    this.owner.holdings?.delete(this);
  }

  targetEnded(reason: ExitReason): void {
    this.owner.holdings?.delete(this);
    this.owner.deliver(new Down(this.ref, this.ref.target, reason));
  }

  ownerEnded(): void {
    this.#process?.watchers?.delete(this);
  }
}
