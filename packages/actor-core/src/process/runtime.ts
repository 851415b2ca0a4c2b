import type { Clock } from "./clock.ts";
import type { DeadLetterOffice } from "./dead-letter.ts";
import { Pid } from "./pid.ts";
import { ProcessList } from "./process-list.ts";
import type { Report, Reporter } from "./report.ts";
import type { Ring } from "./ring.ts";
import type { Scheduler } from "./run-queue.ts";
import { Timers } from "./timers.ts";

/** What all processes of one system share. */
export class Runtime {
  readonly timers: Timers;
  readonly queue: Scheduler;
  /** Who holds which name. */
  readonly names = new Map<string, Pid>();
  /** Every living process. */
  readonly processes = new ProcessList();
  /** Empty mailboxes of processes that have nothing more to handle: an idle one keeps none. */
  readonly spareRings: Ring<unknown>[] = [];
  /** Present while somebody wants to see what is lost. */
  deadLetters: DeadLetterOffice | undefined;
  readonly #reporter: Reporter;
  #lastId = 0;

  constructor(parts: {
    readonly clock: Clock;
    readonly reporter: Reporter;
    readonly queue: Scheduler;
  }) {
    this.timers = new Timers(parts.clock);
    this.queue = parts.queue;
    this.#reporter = parts.reporter;
  }

  makePid(process: object): Pid {
    return new Pid(++this.#lastId, process);
  }

  /**
   * Does at once what need not wait for anything, but not without end: whoever asks again and again for what is there at
   * once would never let the host have its turn.
   */
  paced(act: () => void): void {
    if (this.queue.trySpend()) {
      act();
    } else {
      this.later(act);
    }
  }

  /** Does it in a turn of its own. */
  later(act: () => void): void {
    this.queue.push({
      run() {
        act();
        return 1;
      },
    });
  }

  report(report: Report): void {
    try {
      this.#reporter(report);
    } catch {
      // A reporter must not be able to bring down what it reports on.
    }
  }
}
