import type { Clock } from "../ports/clock.ts";
import { NO_DEMAND, noteTaken, poolTarget } from "./pool-demand.ts";
import type { ProcessCell } from "./process-cell.ts";

export interface PoolOptions {
  /** Cells that wait when little is taken; 0 for none. */
  readonly size: number;
  /** Cells that wait at most, while many are taken; each is some megabytes. */
  readonly most: number;
  /** Starts one cell at low priority. */
  readonly launch: () => Promise<ProcessCell>;
  /** True while somebody waits for a cold start; refilling gives way to that. */
  readonly busy: () => boolean;
  readonly clock: Clock;
  readonly log: (level: "info" | "warn", message: string) => void;
}

/** Between taking a cell and starting its successor, so that the taker's own start goes first, */
const REFILL_DELAY_MS = 10;
/** and while at least half of the pool waits: a burst of starts is not slowed down by those of its successors. */
const QUIET_MS = 50;
/** How long a roused cell need not be roused again; also bounds what callers can make waiting cells do. */
const AWAKE_MS = 100;
const FIRST_BACK_OFF_MS = 100;
const LAST_BACK_OFF_MS = 30_000;
/** How often a pool that has grown looks whether it still needs all of its cells. */
const TRIM_EVERY_MS = 2_000;

/**
 * Ready cells without source, each used once.
 *
 * Refilled one at a time and behind everything else: in control groups that weigh half of a service's, and not while somebody
 * waits for a start. A launch that fails is tried again after a wait that doubles.
 */
export class CellPool {
  readonly #options: PoolOptions;
  readonly #cells: ProcessCell[] = [];
  readonly #rousedAtMs = new WeakMap<ProcessCell, number>();
  #refill: Promise<void> | undefined;
  #cancelWait: () => void = () => {};
  #lastTakenMs = Number.NEGATIVE_INFINITY;
  #demand = NO_DEMAND;
  #cancelTrim: (() => void) | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#startRefill();
  }

  /** Cells that wait now. */
  get warmCells(): number {
    return this.#cells.length;
  }

  /** The cell that has waited longest; `undefined` when none waits. Owned by the caller. */
  take(): ProcessCell | undefined {
    const cell = this.#cells.shift();
    this.#lastTakenMs = this.#options.clock.nowMs();
    this.#demand = noteTaken(this.#demand, this.#lastTakenMs);
    this.#startRefill();
    return cell;
  }

  /** Rouses the cell that is taken next, unless that was done just now: then the one behind it. */
  rouse(): void {
    const nowMs = this.#options.clock.nowMs();
    const cell = this.#cells.find((each) => nowMs - (this.#rousedAtMs.get(each) ?? -AWAKE_MS) >= AWAKE_MS);
    if (cell === undefined) return;
    this.#rousedAtMs.set(cell, nowMs);
    cell.rouse();
  }

  /** Kills what waits and waits for a launch under way. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelWait();
    this.#cancelTrim?.();
    await this.#refill;
    await Promise.all(this.#cells.splice(0).map((cell) => cell.kill()));
  }

  get #target(): number {
    const { size, most, clock } = this.#options;
    return poolTarget(this.#demand, { size, most, nowMs: clock.nowMs() });
  }

  #startRefill(): void {
    this.#refill ??= this.#fill().finally(() => {
      this.#refill = undefined;
    });
  }

  async #fill(): Promise<void> {
    let backOffMs = 0;
    while (!this.#closed && this.#cells.length < this.#target) {
      await this.#wait(Math.max(backOffMs, REFILL_DELAY_MS));
      if (this.#closed) return;
      if (this.#options.busy() || this.#inBurst()) continue;
      try {
        this.#add(await this.#options.launch());
        backOffMs = 0;
      } catch (error) {
        backOffMs = Math.min(Math.max(backOffMs * 2, FIRST_BACK_OFF_MS), LAST_BACK_OFF_MS);
        const why = error instanceof Error ? error.message : String(error);
        this.#options.log("warn", `Cannot refill the cell pool, next try in ${backOffMs} ms: ${why}`);
      }
    }
  }

  #inBurst(): boolean {
    const { clock } = this.#options;
    return this.#cells.length * 2 >= this.#target && clock.nowMs() - this.#lastTakenMs < QUIET_MS;
  }

  #add(cell: ProcessCell): void {
    this.#cells.push(cell);
    if (this.#cells.length > this.#options.size) this.#planTrim();
    // One that dies while it waits must not be handed out.
    void cell.exited.then(() => {
      const index = this.#cells.indexOf(cell);
      if (index === -1 || this.#closed) return;
      this.#cells.splice(index, 1);
      this.#startRefill();
    });
  }

  /** Gives one cell back at a time, as long as there are more than the demand calls for. */
  #planTrim(): void {
    this.#cancelTrim ??= this.#options.clock.schedule(TRIM_EVERY_MS, () => {
      this.#cancelTrim = undefined;
      if (this.#closed) return;
      if (this.#cells.length > this.#target) void this.#cells.shift()?.kill();
      if (this.#cells.length > this.#options.size) this.#planTrim();
    });
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(delayMs, resolve);
      this.#cancelWait = () => {
        cancel();
        resolve();
      };
    });
  }
}
