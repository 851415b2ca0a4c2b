import { inNextTurn } from "./host.ts";
import { Ring } from "./ring.ts";

/** How long processes may run before the host gets its turn. */
export interface Budget {
  /** Messages, counted across drains. */
  readonly messages: number;
  /** Milliseconds, looked at between messages. */
  readonly elapsedMs: number;
}

/** What waits in the run queue. */
export interface Runnable {
  /** Does at most `limit` pieces of work and says how many it did. */
  run(limit: number): number;
}

/** Says when what waits gets to run. {@link RunQueue} does; a simulation brings one that draws lots. */
export interface Scheduler {
  /** Nothing waits and nothing runs. */
  readonly idle: boolean;
  /** All work ever done; tells whether anything has happened. */
  readonly total: number;
  push(runnable: Runnable): void;
  /**
   * Accounts for one piece of work done without waiting; false when it has to wait for its turn.
   *
   * @param long There may have been much since the last one, so look at the clock.
   */
  trySpend(long?: boolean): boolean;
}

/** Messages one process may handle before its peers get their turn. */
const TURN = 16;

const settled = Promise.resolve();

/**
 * The processes with something to do, round-robin.
 *
 * A drain starts as a microtask, so an awaited call costs no macrotask. The budget is counted across drains: a loop of
 * awaited calls starts a new drain each time, and would otherwise keep timers and I/O waiting for ever.
 */
export class RunQueue implements Scheduler {
  readonly #ring = new Ring<Runnable>();
  readonly #budget: Budget;
  readonly #nowMs: () => number;
  #state: "idle" | "draining" | "yielding" = "idle";
  /** Work done in all, up to when the host last had its turn, and up to when the clock was last looked at. */
  #total = 0;
  #totalAtTurn = 0;
  #totalAtCheck = 0;
  #turnBeganMs: number;
  /** Looking at the clock costs as much as a message, so it is done the less often the faster messages are. */
  #checkEvery = TURN;
  #checkedMs: number;

  constructor(budget: Budget, nowMs: () => number) {
    this.#budget = budget;
    this.#nowMs = nowMs;
    this.#turnBeganMs = this.#checkedMs = nowMs();
  }

  get idle(): boolean {
    return this.#state === "idle";
  }

  get total(): number {
    return this.#total;
  }

  push(runnable: Runnable): void {
    this.#ring.push(runnable);
    if (this.#state === "idle") {
      this.#state = "draining";
      settled.then(this.#drain);
    }
  }

  trySpend(long?: boolean): boolean {
    if (long) {
      this.#checkEvery = 1;
    }
    if (this.#state === "yielding" || this.#exhausted()) {
      return false;
    }
    this.#total += 1;
    return true;
  }

  readonly #drain = (): void => {
    const ring = this.#ring;
    while (ring.size > 0) {
      this.#total += ring.shift().run(Math.min(TURN, this.#checkEvery));
      if (this.#exhausted()) {
        this.#state = "yielding";
        inNextTurn(this.#resume);
        return;
      }
    }
    this.#state = "idle";
  };

  readonly #resume = (): void => {
    this.#state = "draining";
    this.#totalAtTurn = this.#totalAtCheck = this.#total;
    this.#turnBeganMs = this.#checkedMs = this.#nowMs();
    this.#drain();
  };

  #exhausted(): boolean {
    if (this.#total - this.#totalAtTurn >= this.#budget.messages) {
      return true;
    }
    const sinceCheck = this.#total - this.#totalAtCheck;
    if (sinceCheck < this.#checkEvery) {
      return false;
    }
    const nowMs = this.#nowMs();
    // As many as one millisecond has room for.
    const perMs = Math.floor(sinceCheck / (nowMs - this.#checkedMs));
    this.#checkEvery = Math.max(1, Math.min(64, perMs));
    this.#totalAtCheck = this.#total;
    this.#checkedMs = nowMs;
    return nowMs - this.#turnBeganMs >= this.#budget.elapsedMs;
  }
}
