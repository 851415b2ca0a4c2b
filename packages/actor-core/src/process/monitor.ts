import { Exit, type ExitReason } from "./exit-reason.ts";
import { Down, MonitorRef } from "./messages.ts";
import type { Holding, Process, Watcher } from "./process.ts";
import type { Target } from "./self.ts";

/** One process watching another, until one of them ends or the watcher lets go. */
export class Monitor implements Watcher, Holding {
  readonly ref: MonitorRef;
  readonly owner: Process;
  readonly #process: Process;

  private constructor(owner: Process, process: Process, target: Target) {
    this.ref = new MonitorRef(target);
    this.owner = owner;
    this.#process = process;
  }

  /** Begins; `process` is undefined when the target is dead, and `Down` is delivered at once. */
  static begin(owner: Process, process: Process | undefined, target: Target): MonitorRef {
    if (process === undefined) {
      const ref = new MonitorRef(target);
      owner.deliver(new Down(ref, target, Exit.noproc));
      return ref;
    }
    const monitor = new Monitor(owner, process, target);
    (process.watchers ??= new Set()).add(monitor);
    (owner.holdings ??= new Set()).add(monitor);
    return monitor.ref;
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
    this.#process.watchers?.delete(this);
    this.owner.holdings?.delete(this);
  }

  targetEnded(reason: ExitReason): void {
    this.owner.holdings?.delete(this);
    this.owner.deliver(new Down(this.ref, this.ref.target, reason));
  }

  ownerEnded(): void {
    this.#process.watchers?.delete(this);
  }
}
