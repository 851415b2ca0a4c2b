import { Pid } from "./pid.ts";
import { type Process, processOf, type Watcher } from "./process.ts";
import type { Target } from "./self.ts";
import { SmallSet } from "./small-set.ts";
import { Deadline, type Timers } from "./timers.ts";

/** Sends a message when its time has come; gone with the process it would send to. */
export class SendingTimer extends Deadline implements Watcher {
  /** Known when the target is a pid and not a name. */
  readonly #process: Process | undefined;

  constructor(timers: Timers, delayMs: number, target: Target, send: () => void) {
    super(timers, delayMs, send);
    this.#process = target instanceof Pid ? processOf(target) : undefined;
    if (this.#process) {
      (this.#process.watchers ??= new SmallSet()).add(this);
    }
  }

  override clear(): void {
    super.clear();
    this.#process?.watchers?.delete(this);
  }

  targetEnded(): void {
    this.clear();
  }
}
