import type { Process, Watcher } from "./process.ts";
import { SmallSet } from "./small-set.ts";
import type { Deadline, Timer, Timers } from "./timers.ts";

/** Sends a message when its time has come, once or again and again; gone with the process it would send to. */
export class SendingTimer implements Timer, Watcher {
  readonly #timers: Timers;
  readonly #delayMs: number;
  readonly #repeats: boolean;
  readonly #process: Process | undefined;
  readonly #send: () => void;
  #deadline: Deadline;

  constructor(
    timers: Timers,
    plan: {
      readonly delayMs: number;
      readonly repeats: boolean;
      /** Known when the target is a pid and not a name. */
      readonly process: Process | undefined;
      readonly send: () => void;
    },
  ) {
    this.#timers = timers;
    this.#delayMs = plan.delayMs;
    this.#repeats = plan.repeats;
    this.#process = plan.process;
    this.#send = plan.send;
    this.#deadline = timers.after(plan.delayMs, this.#fire);
    if (this.#process !== undefined) {
      (this.#process.watchers ??= new SmallSet()).add(this);
    }
  }

  cancel(): number | undefined {
    const left = this.#deadline.cancel();
    this.#process?.watchers?.delete(this);
    return left;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  remainingMs(): number | undefined {
    return this.#deadline.remainingMs();
  }

  targetEnded(): void {
    this.#deadline.clear();
  }

  readonly #fire = (): void => {
    if (this.#repeats) {
      // From when it was due and not from now, so that intervals do not drift.
      const lateMs = this.#timers.nowMs() - this.#deadline.dueMs;
      this.#deadline = this.#timers.after(Math.max(0, this.#delayMs - lateMs), this.#fire);
    } else {
      this.#process?.watchers?.delete(this);
    }
    this.#send();
  };
}
