import { nanoid } from "nanoid";
import type { Clock } from "../ports/clock.ts";
import type { NewEvent } from "../ports/event-log.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { UsesJournal } from "./uses-journal.ts";

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

/** Up to which generation of the journal a tenant's uses were told. */
const toldKey = { collection: "authority", key: "uses-told" } as const;

/**
 * Counts every use of every capability, and tells the counts with a sample as events of the capability's tenant: every minute and
 * when the server stops. Each use is in the journal before it begins, so a kill loses none of the counts, and has none told twice;
 * of their samples it loses those of the last minute.
 */
export class Uses {
  readonly #state: StateStore;
  readonly #clock: Clock;
  #tallies = new Map<string, Tally>();
  #telling: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  readonly #journal: UsesJournal | undefined;

  /** @param options `journal`: closed with this. Left out, a kill loses the counts of the last minute. */
  constructor(options: {
    readonly state: StateStore;
    readonly clock: Clock;
    readonly journal?: UsesJournal | undefined;
  }) {
    this.#state = options.state;
    this.#clock = options.clock;
    this.#journal = options.journal;
  }

  /** Takes up what a process before this one has noted and not told. To be awaited before the first use. */
  async recover(): Promise<void> {
    const left = this.#journal?.left ?? [];
    for (const { generation, counts } of left) {
      for (const [tenant, noted] of Map.groupBy(counts, (each) => each.tenant)) {
        const told = await this.#state.get(tenant, toldKey);
        if (told !== undefined && generation <= Number(new TextDecoder().decode(told.value))) continue;
        for (const { cid, count } of noted) this.#giveBack(cid, { tenant, count, samples: [] });
      }
    }
    if (this.#tallies.size > 0) await this.tell();
    else this.#journal?.drop(left.at(-1)?.generation ?? 0);
  }

  /** Tells what is left to tell. */
  async close(): Promise<void> {
    await this.tell();
    this.#journal?.close();
  }

  /** It may begin when this has resolved. */
  async note(use: Use): Promise<void> {
    this.#count(use);
    await this.#journal?.note(use.tenant, use.cid);
  }

  #count(use: Use): void {
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
    if (told.size === 0) return;
    this.#tallies = new Map();
    // In the same turn: what is noted from here on is told the next time.
    const generation = this.#journal?.turn();
    let isAllTold = true;
    for (const [tenant, tallies] of Map.groupBy(told, ([, { tenant }]) => tenant)) {
      const parts: (typeof tallies)[] = [];
      for (let from = 0; from < tallies.length; from += mostInEvent)
        parts.push(tallies.slice(from, from + mostInEvent));
      try {
        await this.#state.commit({
          tenant,
          events: parts.map(eventOf),
          puts: generation === undefined ? [] : [{ ...toldKey, value: new TextEncoder().encode(String(generation)) }],
        });
      } catch {
        isAllTold = false;
        for (const [cid, tally] of tallies) this.#giveBack(cid, tally);
      }
    }
    if (isAllTold && generation !== undefined) this.#journal?.drop(generation);
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
