import type { Clock } from "./clock.ts";
import type { DeadLetterOffice } from "./dead-letter.ts";
import { Pid } from "./pid.ts";
import { ProcessList } from "./process-list.ts";
import type { Report, Reporter } from "./report.ts";
import { Ring } from "./ring.ts";
import type { Scheduler } from "./run-queue.ts";
import { Timers } from "./timers.ts";

/** As many as may be busy at once without making mailboxes anew. */
const SPARE_RINGS = 128;

/** What all processes of one system share. */
export class Runtime {
  readonly timers: Timers;
  readonly queue: Scheduler;
  /** Who holds which name. */
  readonly names = new Map<string, Pid>();
  /** Every living process. */
  readonly processes = new ProcessList();
  readonly #spareRings: Ring<unknown>[] = [];
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

  /** For a process that is sent to and has none. */
  takeRing(): Ring<unknown> {
    return this.#spareRings.pop() ?? new Ring();
  }

  /** From a process that has nothing more to handle: an idle one keeps none. */
  giveRing(empty: Ring<unknown>): void {
    if (this.#spareRings.length < SPARE_RINGS) {
      this.#spareRings.push(empty);
    }
  }

  makePid(process: object): Pid {
    this.#lastId += 1;
    return new Pid(this.#lastId, process);
  }

  report(report: Report): void {
    try {
      this.#reporter(report);
    } catch {
      // A reporter must not be able to bring down what it reports on.
    }
  }
}
