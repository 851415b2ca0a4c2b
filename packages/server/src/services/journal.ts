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
}

interface Waiting {
  readonly step: Step;
  readonly settle?: { readonly resolve: () => void; readonly reject: (error: unknown) => void };
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

  /** Resolves when the step is on disk. @throws What {@link StateStore.commit} throws; then nothing was written. */
  record(step: Step): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ step, settle: { resolve, reject } });
      // A caller is not kept waiting for the next retry.
      this.#retryNow?.();
      void this.#write();
    });
  }

  /** Takes a step that has happened already. Written in order, tried again while the disk is full. */
  note(step: Step): void {
    this.#waiting.push({ step });
    void this.#write();
  }

  /** Resolves when all is written, or the disk has refused it once more. */
  settled(): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSettled.push(resolve);
      this.#retryNow?.();
    });
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    this.#onWriting(this, true);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        await this.#commit(next.step);
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

  async #commit(step: Step): Promise<void> {
    const key = { collection: "service", key: this.#serviceId } as const;
    const kept =
      step.record !== undefined && step.record !== "removed" ? [{ ...key, value: encodeRecord(step.record) }] : [];
    const causation = this.#lastSequence === undefined ? {} : { causationSequence: this.#lastSequence };
    const events: NewEvent[] = step.events.map((body) => ({ body, ...step.origin, ...causation }));
    const { sequences } = await this.#state.commit({
      tenant: this.#tenant,
      events,
      puts: [...kept, ...(step.puts ?? [])],
      deletes: step.record === "removed" ? [key] : [],
    });
    this.#lastSequence = sequences.at(-1) ?? this.#lastSequence;
  }
}
