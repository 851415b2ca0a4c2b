import type { Clock } from "./clock.ts";
import type { DeadLetterOffice } from "./dead-letter.ts";
import { NameTable } from "./name-table.ts";
import { ProcessList } from "./process-list.ts";
import type { Report, Reporter } from "./report.ts";
import type { Scheduler } from "./run-queue.ts";
import { Timers } from "./timers.ts";

/** What all processes of one system share. */
export class Runtime {
  readonly timers: Timers;
  readonly queue: Scheduler;
  readonly names = new NameTable();
  /** Every living process. */
  readonly processes = new ProcessList();
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

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  report(report: Report): void {
    try {
      this.#reporter(report);
    } catch {
      // A reporter must not be able to bring down what it reports on.
    }
  }
}
