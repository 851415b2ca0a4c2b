import { Pid } from "./pid.ts";
import { type Process, processOf, type Watcher } from "./process.ts";
import type { Target } from "./self.ts";
import { SmallSet } from "./small-set.ts";
import type { Deadline, Timer, Timers } from "./timers.ts";

/** Sends a message when its time has come; gone with the process it would send to. */
export class SendingTimer implements Timer, Watcher {
  /** Known when the target is a pid and not a name. */
  readonly #process: Process | undefined;
  protected readonly timers: Timers;
  protected readonly send: () => void;
  protected deadline: Deadline;

  constructor(timers: Timers, delayMs: number, target: Target, send: () => void) {
    this.#process = target instanceof Pid ? processOf(target) : undefined;
    this.timers = timers;
    this.send = send;
    this.deadline = timers.after(delayMs, () => this.fire());
    if (this.#process !== undefined) {
      (this.#process.watchers ??= new SmallSet()).add(this);
    }
  }

  cancel(): number | undefined {
    const left = this.deadline.cancel();
    this.#process?.watchers?.delete(this);
    return left;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  remainingMs(): number | undefined {
    return this.deadline.remainingMs();
  }

  targetEnded(): void {
    this.deadline.clear();
  }

  protected fire(): void {
    this.#process?.watchers?.delete(this);
    this.send();
  }
}
