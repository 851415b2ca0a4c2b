import { Pid } from "./pid.ts";
import { type Process, processOf, type Watcher } from "./process.ts";
import type { Target } from "./self.ts";
import { tie, untie } from "./tie.ts";
import { Deadline, type Timers } from "./timers.ts";

/** Sends a message when its time has come; gone with the process it would send to. */
export class SendingTimer extends Deadline implements Watcher {
  /** Known when the target is a pid and not a name. */
  readonly #process: Process | undefined;

  constructor(timers: Timers, delayMs: number, target: Target, send: () => void) {
    super(timers, delayMs, send);
    this.#process = target instanceof Pid ? processOf(target) : undefined;
    if (this.#process) {
      tie(this, this.#process);
    }
  }

  override clear(): void {
    super.clear();
    untie(this, this.#process);
  }

  targetEnded(): void {
    this.clear();
  }
}
