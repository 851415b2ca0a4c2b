import { isDeepStrictEqual } from "node:util";
import { nanoid } from "nanoid";
import { SoloError } from "../../errors.ts";
import type { EventBody } from "../../events/event.ts";
import type { Clock } from "../../ports/clock.ts";
import type { StateStore, StoredRecord } from "../../ports/state-store.ts";
import { DueQueue } from "./due-queue.ts";
import { afterFiring, type Schedule, type Timer, timerLimits } from "./timer.ts";

/** The service that set a timer, and that is told when it is due. */
export interface TimerOwner {
  readonly tenant: string;
  readonly serviceId: string;
}

/** What came of telling a service. */
export type Delivery =
  | { readonly kind: "heard" }
  /** It had the message and ended before it was done with it. */
  | { readonly kind: "unheard" }
  /** It can be told later. */
  | { readonly kind: "not-now" }
  /** It never can. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "no-service" };

export interface TimersOptions {
  readonly state: StateStore;
  readonly clock: Clock;
  /** Resolves when the service is done with it. Never rejects. */
  readonly deliver: (owner: TimerOwner, timer: Timer) => Promise<Delivery>;
}

interface Entry {
  readonly owner: TimerOwner;
  readonly timer: Timer;
  /** Of the wall clock. */
  readonly wakeAtMs: number;
  /** Times that the service ended with the message unheard. */
  unheard: number;
  retryMs: number;
}

/** The wall clock is looked at again after this time: it may have jumped. */
const longestSleepMs = 60_000;
const firstRetryMs = 1_000;
const lastRetryMs = 60_000;
/** A message that its service does not survive must not be what it is ended by for ever. */
const mostUnheard = 3;
const pageSize = 1_000;

/**
 * Timers that outlive the server. Each is told at least once, and counted as told only when its service is done with the
 * message: what was missed while the server was away is told once, and a firing that was on its way when the server died comes
 * again with the same number.
 */
export class Timers {
  readonly #options: TimersOptions;
  readonly #entries = new Map<string, Map<string, Entry>>();
  readonly #queue = new DueQueue<Entry>();
  /** The last change of each service's timers, while one is being written. */
  readonly #changes = new Map<string, Promise<unknown>>();
  #cancelWake: () => void = () => undefined;
  #closed = false;

  private constructor(options: TimersOptions) {
    this.#options = options;
  }

  /** Takes up what is stored, and begins. */
  static async open(options: TimersOptions): Promise<Timers> {
    const timers = new Timers(options);
    let after: { readonly tenant: string; readonly key: string } | undefined;
    for (;;) {
      const page = await options.state.list({
        collection: "timer",
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      for (const record of page) timers.#place(...readRecord(record));
      after = page.at(-1);
      if (page.length < pageSize) break;
    }
    timers.#sleep();
    return timers;
  }

  close(): void {
    this.#closed = true;
    this.#cancelWake();
  }

  /**
   * Sets a timer, in place of one of the same id. One that asks for the same again and again, as a service does at each of its
   * starts, stays as it is, so that it misses nothing.
   *
   * @throws {SoloError} `TOO_MANY_TIMERS`
   */
  set(owner: TimerOwner, timer: Timer): Promise<Timer> {
    return this.#inOrder(owner, async () => {
      const held = this.#of(owner);
      const before = held.get(timer.id);
      if (before !== undefined && isSameWish(before.timer, timer)) return before.timer;
      if (before === undefined && held.size >= timerLimits.perService) throw tooMany(held.size);
      const { serviceId } = owner;
      const { id, method, dueAtMs } = timer;
      await this.#commit(owner, { type: "timer.set", serviceId, timer: id, method, dueAtMs }, timer);
      if (before !== undefined) this.#drop(before);
      this.#place(owner, timer);
      this.#sleep();
      return timer;
    });
  }

  /** @returns Whether there was one. */
  cancel(owner: TimerOwner, id: string): Promise<boolean> {
    return this.#inOrder(owner, async () => {
      const entry = this.#of(owner).get(id);
      if (entry === undefined) return false;
      await this.#remove(entry, { type: "timer.cancelled", serviceId: owner.serviceId, timer: id });
      return true;
    });
  }

  /** In the order in which they come due. */
  list(owner: TimerOwner): readonly Timer[] {
    return [...this.#of(owner).values()].map(({ timer }) => timer).sort((a, b) => a.dueAtMs - b.dueAtMs);
  }

  /** Drops all of a service that is gone for good, and nothing that one of the same id sets from now on. */
  async forget(owner: TimerOwner): Promise<void> {
    await Promise.all([...this.#of(owner).keys()].map((id) => this.cancel(owner, id)));
  }

  /** The services that have timers. */
  owners(): readonly TimerOwner[] {
    return [...this.#entries.values()].flatMap((held) => [...held.values()].slice(0, 1).map(({ owner }) => owner));
  }

  #of({ tenant, serviceId }: TimerOwner): ReadonlyMap<string, Entry> {
    return this.#entries.get(`${tenant}/${serviceId}`) ?? new Map();
  }

  #place(owner: TimerOwner, timer: Timer): void {
    const place = `${owner.tenant}/${owner.serviceId}`;
    const held = this.#entries.get(place) ?? new Map<string, Entry>();
    this.#entries.set(place, held);
    const entry = { owner, timer, wakeAtMs: timer.dueAtMs, unheard: 0, retryMs: firstRetryMs };
    held.set(timer.id, entry);
    this.#queue.add(entry);
  }

  #drop(entry: Entry): void {
    const place = `${entry.owner.tenant}/${entry.owner.serviceId}`;
    const held = this.#entries.get(place);
    held?.delete(entry.timer.id);
    if (held?.size === 0) this.#entries.delete(place);
    this.#queue.remove(entry);
  }

  #sleep(): void {
    this.#cancelWake();
    const { firstMs } = this.#queue;
    if (this.#closed || firstMs === undefined) return;
    const { clock } = this.#options;
    const leftMs = Math.max(0, firstMs - clock.wallMs());
    this.#cancelWake = clock.schedule(Math.min(leftMs, longestSleepMs), () => {
      for (const entry of this.#queue.take(clock.wallMs())) void this.#fire(entry);
      this.#sleep();
    });
  }

  /** The entry is not in the queue meanwhile, so that it is on its way only once. */
  async #fire(entry: Entry): Promise<void> {
    const { owner, timer } = entry;
    const delivery = await this.#options.deliver(owner, timer);
    if (this.#closed) return;
    await this.#inOrder(owner, async () => {
      // Cancelled or set anew meanwhile.
      if (this.#of(owner).get(timer.id) !== entry) return;
      await this.#settle(entry, delivery);
    }).catch(() => this.#again(entry));
    this.#sleep();
  }

  async #settle(entry: Entry, delivery: Delivery): Promise<void> {
    const { owner, timer } = entry;
    const { serviceId } = owner;
    switch (delivery.kind) {
      case "not-now":
        return this.#again(entry);
      case "no-service":
        return this.#remove(entry, { type: "timer.cancelled", serviceId, timer: timer.id });
      case "refused": {
        const { reason } = delivery;
        return this.#remove(entry, { type: "timer.dropped", serviceId, timer: timer.id, reason });
      }
      case "unheard":
        entry.unheard += 1;
        if (entry.unheard < mostUnheard) return this.#again(entry);
        return this.#fired(entry, "unheard");
      case "heard":
        return this.#fired(entry, "heard");
    }
  }

  async #fired(entry: Entry, outcome: "heard" | "unheard"): Promise<void> {
    const { owner, timer } = entry;
    const { id, dueAtMs, firings } = timer;
    const next = afterFiring(timer, this.#options.clock.wallMs());
    const body: EventBody = {
      type: "timer.fired",
      serviceId: owner.serviceId,
      timer: id,
      dueAtMs,
      firing: firings + 1,
      outcome,
    };
    if (next === undefined) return this.#remove(entry, body);
    await this.#commit(owner, body, next);
    this.#drop(entry);
    this.#place(owner, next);
  }

  async #remove(entry: Entry, body: EventBody): Promise<void> {
    await this.#commit(entry.owner, body, entry.timer.id);
    this.#drop(entry);
  }

  #again(entry: Entry): void {
    if (this.#of(entry.owner).get(entry.timer.id) !== entry) return;
    // By time that passes: the wall clock may be set back meanwhile.
    this.#options.clock.schedule(entry.retryMs, () => {
      if (!this.#closed && this.#of(entry.owner).get(entry.timer.id) === entry) void this.#fire(entry);
    });
    entry.retryMs = Math.min(entry.retryMs * 2, lastRetryMs);
  }

  /** Keeps a timer, or deletes the one of an id. */
  async #commit({ tenant, serviceId }: TimerOwner, body: EventBody, change: Timer | string): Promise<void> {
    const id = typeof change === "string" ? change : change.id;
    const key = { collection: "timer", key: `${serviceId}/${id}` } as const;
    await this.#options.state.commit({
      tenant,
      events: [{ body, correlationId: nanoid(), actor: `spiffe://solo.local/tenant/${tenant}/svc/${serviceId}` }],
      ...(typeof change === "string"
        ? { deletes: [key] }
        : { puts: [{ ...key, value: Buffer.from(JSON.stringify(change)) }] }),
    });
  }

  /** Changes of one service's timers one behind the other. */
  #inOrder<T>({ tenant, serviceId }: TimerOwner, change: () => Promise<T>): Promise<T> {
    const place = `${tenant}/${serviceId}`;
    const made = (this.#changes.get(place) ?? Promise.resolve()).then(change, change);
    this.#changes.set(place, made);
    const forget = (): void => {
      if (this.#changes.get(place) === made) this.#changes.delete(place);
    };
    made.then(forget, forget);
    return made;
  }
}

function readRecord({ tenant, key, value }: StoredRecord): [TimerOwner, Timer] {
  const serviceId = key.slice(0, key.indexOf("/"));
  return [{ tenant, serviceId }, JSON.parse(Buffer.from(value).toString()) as Timer];
}

function isSameWish(a: Timer, b: Timer): boolean {
  return a.method === b.method && a.args === b.args && isSameSchedule(a.schedule, b.schedule);
}

/** A period counts from when it was first asked for. */
function isSameSchedule(a: Schedule, b: Schedule): boolean {
  if (a.kind === "every" && b.kind === "every") return a.everyMs === b.everyMs;
  return isDeepStrictEqual(a, b);
}

function tooMany(used: number): SoloError {
  const limit = timerLimits.perService;
  return new SoloError("TOO_MANY_TIMERS", "Cannot set a timer: the service has as many as it may", {
    found: `${used} timers`,
    wanted: `at most ${limit}`,
    quota: { subject: "timers", limit, used },
  });
}
