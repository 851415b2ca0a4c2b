import { nanoid } from "nanoid";
import type { Clock } from "../ports/clock.ts";
import type { NewEvent } from "../ports/event-log.ts";
import type { StateStore } from "../ports/state-store.ts";

/** One thing that a capability allowed. */
export interface Use {
  /** Of the capability. */
  readonly tenant: string;
  /** Of its last link. */
  readonly cid: string;
  readonly ability: string;
  readonly resource: string;
  readonly actor: string;
  readonly correlationId: string;
}

type Sample = Omit<Use, "tenant" | "cid">;

interface Tally {
  readonly tenant: string;
  count: number;
  readonly samples: Sample[];
}

/** One of so many is told of in full, the first of them. */
const sampledEvery = 64;
/** Samples of one capability in one event. */
const mostSamples = 8;
const tellEveryMs = 60_000;
/** Capabilities in one event, and those that are waited with before it is told early. */
const mostInEvent = 200;
const mostWaiting = 10_000;

/**
 * Counts every use of every capability, and tells the counts with a sample as events of the capability's tenant: every minute and
 * when the server stops. A kill loses the counts of the last minute, never those that were told.
 */
export class Uses {
  readonly #state: StateStore;
  readonly #clock: Clock;
  #tallies = new Map<string, Tally>();
  #telling: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;

  constructor(options: { readonly state: StateStore; readonly clock: Clock }) {
    this.#state = options.state;
    this.#clock = options.clock;
  }

  note(use: Use): void {
    const { tenant, cid } = use;
    let tally = this.#tallies.get(cid);
    if (tally === undefined) {
      tally = { tenant, count: 0, samples: [] };
      this.#tallies.set(cid, tally);
      this.#cancel ??= this.#clock.schedule(tellEveryMs, () => void this.tell());
      if (this.#tallies.size >= mostWaiting) void this.tell();
    }
    if (tally.count % sampledEvery === 0 && tally.samples.length < mostSamples) tally.samples.push(sampleOf(use));
    tally.count += 1;
  }

  /** Tells what was counted so far. What cannot be written is kept for the next time. Never rejects. */
  tell(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#telling = this.#telling.then(() => this.#write());
    return this.#telling;
  }

  async #write(): Promise<void> {
    const told = this.#tallies;
    this.#tallies = new Map();
    const ofTenants = Map.groupBy(told, ([, { tenant }]) => tenant);
    for (const [tenant, tallies] of ofTenants) {
      for (let from = 0; from < tallies.length; from += mostInEvent) {
        const part = tallies.slice(from, from + mostInEvent);
        try {
          await this.#state.commit({ tenant, events: [eventOf(part)] });
        } catch {
          for (const [cid, tally] of part) this.#giveBack(cid, tally);
        }
      }
    }
  }

  #giveBack(cid: string, { tenant, count, samples }: Tally): void {
    const since = this.#tallies.get(cid);
    if (since === undefined) this.#tallies.set(cid, { tenant, count, samples });
    else since.count += count;
    this.#cancel ??= this.#clock.schedule(tellEveryMs, () => void this.tell());
  }
}

const sampleOf = ({ tenant: _, cid: __, ...sample }: Use): Sample => sample;

const eventOf = (tallies: readonly (readonly [string, Tally])[]): NewEvent => ({
  body: {
    type: "capability.used",
    uses: tallies.map(([cid, { count, samples }]) => ({ cid, count, samples })),
  },
  correlationId: nanoid(),
  actor: "kernel",
});
