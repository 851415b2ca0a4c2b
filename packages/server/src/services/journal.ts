import type { EventBody } from "../events/event.ts";
import type { Clock } from "../ports/clock.ts";
import type { NewEvent } from "../ports/event-log.ts";
import type { StateStore, Transaction } from "../ports/state-store.ts";
import { StorageFull, StorageOverloaded, StorageUnavailable } from "../storage/errors.ts";
import { encodeRecord, type ServiceRecord } from "./service-record.ts";

/** Who or what made something happen. */
export interface Origin {
  readonly correlationId: string;
  /** SPIFFE id, or `kernel`. */
  readonly actor: string;
}

/** One step of a service's life: its events and what is kept afterwards, all or nothing. */
export interface Step {
  readonly events: readonly EventBody[];
  readonly origin: Origin;
  /** The record afterwards; `undefined` leaves it, `removed` deletes it. */
  readonly record?: ServiceRecord | "removed";
  /** Written in the same transaction, such as the answer to the request that asked for the step. */
  readonly puts?: Transaction["puts"];
  /** An artifact that the record needs, a small one; written in the same transaction. */
  readonly artifact?: Uint8Array | undefined;
}

/** Steps that are written in one transaction. */
interface Waiting {
  readonly steps: readonly Step[];
  readonly settle?: Settle;
}

interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const firstRetryMs = 50;
const lastRetryMs = 5_000;

/**
 * The journals of all services: one for each id, whatever lives under it. A life that ended while the disk was full has steps
 * to write yet, and the next life of the id must not write before them.
 */
export class Journals {
  readonly #store: { readonly state: StateStore; readonly clock: Clock };
  /** Those that have something to write; the others remember nothing that matters and are not kept. */
  readonly #writing = new Map<string, ServiceJournal>();

  constructor(store: { readonly state: StateStore; readonly clock: Clock }) {
    this.#store = store;
  }

  of(tenant: string, serviceId: string): ServiceJournal {
    const place = `${tenant}/${serviceId}`;
    const onWriting = (journal: ServiceJournal, writing: boolean): void => {
      if (writing) this.#writing.set(place, journal);
      else this.#writing.delete(place);
    };
    return this.#writing.get(place) ?? new ServiceJournal({ ...this.#store, tenant, serviceId, onWriting });
  }

  /** Resolves when all is written, or the disk has refused it once more. To be awaited before the store is closed. */
  async settled(): Promise<void> {
    await Promise.all([...this.#writing.values()].map((journal) => journal.settled()));
  }
}

/**
 * Writes the steps of one service in the order they were taken.
 *
 * What a caller waits for is `record`ed: durable, or refused and as if it had never been. What happens by itself (a crash
 * happens whether the disk is full or not) is `note`d: kept in memory and written as soon as the disk takes it, before any
 * later step.
 */
export class ServiceJournal {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #tenant: string;
  readonly #serviceId: string;
  readonly #onWriting: (journal: ServiceJournal, writing: boolean) => void;
  readonly #waiting: Waiting[] = [];
  #writing = false;
  #retryMs = firstRetryMs;
  /** Set while a noted step waits for a full disk. */
  #retryNow: (() => void) | undefined;
  readonly #onSettled: (() => void)[] = [];
  #held: { readonly step: Step; readonly settle: Settle } | undefined;
  #lastSequence: number | undefined;

  /** @param options `onWriting`: told when it begins to have something to write, and when it has no more. */
  constructor(options: {
    readonly state: StateStore;
    readonly clock: Clock;
    readonly tenant: string;
    readonly serviceId: string;
    readonly onWriting?: (journal: ServiceJournal, writing: boolean) => void;
  }) {
    this.#state = options.state;
    this.#clock = options.clock;
    this.#tenant = options.tenant;
    this.#serviceId = options.serviceId;
    this.#onWriting = options.onWriting ?? (() => undefined);
  }

  /**
   * Resolves when the step is on disk, in one transaction with the step that is held, if one is.
   *
   * @throws What {@link StateStore.commit} throws; then nothing was written.
   */
  record(step: Step): Promise<void> {
    return new Promise((resolve, reject) => this.#submit([step], { resolve, reject }));
  }

  /**
   * Takes a step that need not be on disk before the next one is, so that both share one transaction. It is written earlier
   * when somebody asks for what is {@link settled}. There must be no step held already.
   *
   * @returns As {@link record}.
   */
  hold(step: Step): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#held = { step, settle: { resolve, reject } };
    });
  }

  /** Takes a step that has happened already. Written in order, tried again while the disk is full. */
  note(step: Step): void {
    this.#release();
    this.#waiting.push({ steps: [step] });
    void this.#write();
  }

  /** Resolves when all is written, or the disk has refused it once more. */
  settled(): Promise<void> {
    this.#release();
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSettled.push(resolve);
      this.#retryNow?.();
    });
  }

  /** Writes the held step by itself. */
  #release(): void {
    if (this.#held !== undefined) this.#submit([], { resolve: () => undefined, reject: () => undefined });
  }

  /** Hands steps in behind the one that is held, which shares their fate. */
  #submit(steps: readonly Step[], settle: Settle): void {
    const held = this.#held;
    this.#held = undefined;
    const settles = held === undefined ? [settle] : [held.settle, settle];
    this.#waiting.push({
      steps: held === undefined ? steps : [held.step, ...steps],
      settle: {
        resolve: () => settles.forEach((each) => void each.resolve()),
        reject: (error) => settles.forEach((each) => void each.reject(error)),
      },
    });
    // A caller is not kept waiting for the next retry.
    this.#retryNow?.();
    void this.#write();
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    this.#onWriting(this, true);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        await this.#commit(next.steps);
        this.#waiting.shift();
        this.#retryMs = firstRetryMs;
        next.settle?.resolve();
      } catch (error) {
        if (next.settle !== undefined) {
          this.#waiting.shift();
          next.settle.reject(error);
        } else if (error instanceof StorageFull || error instanceof StorageOverloaded) {
          // Nothing may overtake a step that has happened, so whoever waits behind it learns now that the disk is full.
          this.#refuseCallers(error);
          await this.#retryTime();
        } else if (error instanceof StorageUnavailable) {
          // The store is gone and the kernel with it; what runs next is derived from what is on disk.
          this.#refuseCallers(error);
          this.#waiting.length = 0;
        } else {
          // No disk will ever take it; those behind it are not to blame.
          this.#waiting.shift();
        }
      }
    }
    this.#writing = false;
    this.#onWriting(this, false);
    this.#settle();
  }

  async #retryTime(): Promise<void> {
    const time = Promise.withResolvers<void>();
    this.#retryNow = time.resolve;
    const cancel = this.#clock.schedule(this.#retryMs, time.resolve);
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
    this.#settle();
    await time.promise;
    this.#retryNow = undefined;
    cancel();
  }

  #settle(): void {
    for (const resolve of this.#onSettled.splice(0)) resolve();
  }

  #refuseCallers(error: unknown): void {
    const callers = this.#waiting.filter((entry) => entry.settle !== undefined);
    const others = this.#waiting.filter((entry) => entry.settle === undefined);
    this.#waiting.splice(0, this.#waiting.length, ...others);
    for (const caller of callers) caller.settle?.reject(error);
  }

  async #commit(steps: readonly Step[]): Promise<void> {
    const key = { collection: "service", key: this.#serviceId } as const;
    const record = steps.findLast((step) => step.record !== undefined)?.record;
    const { sequences } = await this.#state.commit({
      tenant: this.#tenant,
      events: this.#eventsOf(steps),
      puts: [
        ...(record !== undefined && record !== "removed" ? [{ ...key, value: encodeRecord(record) }] : []),
        ...steps.flatMap((step) => step.puts ?? []),
      ],
      deletes: record === "removed" ? [key] : [],
      artifacts: steps.flatMap(({ artifact }) => artifact ?? []),
    });
    this.#lastSequence = sequences.at(-1) ?? this.#lastSequence;
  }

  /** Each step is caused by the last event of the one before, which may stand in the same transaction. */
  #eventsOf(steps: readonly Step[]): NewEvent[] {
    const events: NewEvent[] = [];
    for (const { events: bodies, origin } of steps) {
      const before = events.length;
      for (const body of bodies) {
        if (before > 0) events.push({ body, ...origin, causationDistance: events.length - before + 1 });
        else if (this.#lastSequence === undefined) events.push({ body, ...origin });
        else events.push({ body, ...origin, causationSequence: this.#lastSequence });
      }
    }
    return events;
  }
}
