import type { Clock } from "../ports/clock.ts";
import type { ProcessCell } from "./process-cell.ts";

/** How often usage is read. What a cell does in between is not seen, which is why these limits count as degraded. */
export const WATCH_INTERVAL_MS = 250;

/**
 * Memory and process limits where the host gives no control groups: reads `/proc` and kills what is over. CPU time is
 * not limited.
 */
export class WatchedLimits {
  readonly #clock: Clock;
  readonly #cells = new Set<ProcessCell>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches a cell until it is gone. */
  watch(cell: ProcessCell): void {
    this.#cells.add(cell);
    void cell.exited.then(() => this.#cells.delete(cell));
    this.#schedule();
  }

  close(): void {
    this.#cells.clear();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    if (this.#cancel !== undefined || this.#cells.size === 0) return;
    this.#cancel = this.#clock.schedule(WATCH_INTERVAL_MS, () => {
      this.#cancel = undefined;
      for (const cell of this.#cells) endIfOver(cell);
      this.#schedule();
    });
  }
}

function endIfOver(cell: ProcessCell): void {
  const usage = cell.usage();
  if (usage === undefined) return;
  const { memoryBytes, processes } = cell.limits;
  if (usage.memoryBytes > memoryBytes) {
    void cell.end({ kind: "oom", limitBytes: memoryBytes });
  } else if (usage.processes > processes) {
    void cell.end({
      kind: "protocol",
      message: `Ran ${usage.processes} processes and threads, at most ${processes} are allowed`,
    });
  }
}
