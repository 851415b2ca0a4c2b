import type { Runnable, Scheduler } from "../process/run-queue.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** How a queue draws lots. Different ways find different bugs. */
type Draw =
  /** All alike. */
  | "uniform"
  /** By rank: whoever has the highest runs on and on while the lowest starve, until ranks change now and then. */
  | "by-rank";

/** How often somebody's rank changes, for each draw. */
const NEW_RANK_CHANCE = 0.05;

/** What waits to run, in no order: the seed picks. It never runs anything by itself. */
export class SeededQueue implements Scheduler {
  readonly #random: SeededRandom;
  readonly #draw: Draw;
  readonly #maxTurn: number;
  readonly #waiting: Runnable[] = [];
  readonly #ranks = new WeakMap<Runnable, number>();
  #total = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#draw = random.pick(["uniform", "by-rank"]);
    this.#maxTurn = random.pick([1, 3, 16]);
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  get total(): number {
    return this.#total;
  }

  push(runnable: Runnable): void {
    this.#waiting.push(runnable);
  }

  /** Never: a simulation wants every message to be a choice. */
  trySpend(): boolean {
    return false;
  }

  /** Runs one of those that wait, for a turn of some length; call only when there is one. */
  step(): void {
    const waiting = this.#waiting;
    const index = this.#draw === "uniform" ? this.#random.below(waiting.length) : this.#highest();
    const runnable = waiting[index] as Runnable;
    const last = waiting.pop() as Runnable;
    if (index < waiting.length) {
      waiting[index] = last;
    }
    this.#total += 1;
    runnable.run(1 + this.#random.below(this.#maxTurn));
  }

  #highest(): number {
    const waiting = this.#waiting;
    if (this.#random.chance(NEW_RANK_CHANCE)) {
      this.#ranks.set(this.#random.pick(waiting), this.#random.next());
    }
    let highest = 0;
    let best = -1;
    for (let i = 0; i < waiting.length; i++) {
      const rank = this.#rank(waiting[i] as Runnable);
      if (rank > best) {
        highest = i;
        best = rank;
      }
    }
    return highest;
  }

  #rank(runnable: Runnable): number {
    let rank = this.#ranks.get(runnable);
    if (rank === undefined) {
      rank = this.#random.next();
      this.#ranks.set(runnable, rank);
    }
    return rank;
  }
}
