import { Exit, type ExitReason } from "./exit-reason.ts";
import { Down, MonitorRef } from "./messages.ts";
import type { Holding, Process, Watcher } from "./process.ts";
import type { Target } from "./self.ts";
import { tie, untie } from "./tie.ts";

/** One process watching another, until one of them ends or the watcher lets go. Its own reference, too. */
export class Monitor<out T extends Target = Target> extends MonitorRef<T> implements Watcher, Holding {
  readonly owner: Process;
  /** Undefined once it has ended. */
  #process: Process | undefined;

  /** Without a process there is nothing to watch. */
  protected constructor(owner: Process, process: Process | undefined, target: T) {
    super(target);
    this.owner = owner;
    this.#process = process;
    if (process) {
      tie(this, process, owner);
    }
  }

  /** Begins; `process` is undefined when the target is dead, and `Down` is delivered at once. */
  static begin<T extends Target>(owner: Process, process: Process | undefined, target: T): Monitor<T> {
    const monitor = new Monitor(owner, process, target);
    if (!process) {
      owner.deliver(new Down(monitor, target, Exit.noproc));
    }
    return monitor;
  }

  end(): void {
    this.#letGo();
  }

  #letGo(): void {
    untie(this, this.#process, this.owner);
    this.#process = undefined;
  }

  /** Takes its `Down` out of the mailbox, if it has fired already. */
  flush(): void {
    if (!this.#process) {
      this.owner.discard((message) => message instanceof Down && message.monitor === this);
    }
  }

  [Symbol.dispose](): void {
    this.flush();
    this.end();
  }

  targetEnded(reason: ExitReason): void {
    this.#letGo();
    this.owner.deliver(this.notice(reason));
  }

  /** What the watcher gets. */
  protected notice(reason: ExitReason): Down<T> {
    return new Down(this, this.target, reason);
  }

  ownerEnded(): void {
    this.#letGo();
  }
}
