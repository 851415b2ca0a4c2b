import type { StoredEvent } from "../ports/event-log.ts";
import { decodeEvent, type EventPage, type EventRow } from "./event-row.ts";
import { tailLimits } from "./limits.ts";

export interface TailQuery {
  readonly tenant: string;
  readonly serviceId: string | undefined;
  readonly after: number;
  readonly signal: AbortSignal;
}

/** The tails of all tenants. A commit costs only the tails of its tenant that want its events. */
export class EventTails {
  readonly #ofTenant = new Map<string, Set<Tail>>();
  #failure: Error | undefined;

  /** Whether anybody follows the tenant. */
  has(tenant: string): boolean {
    return this.#ofTenant.has(tenant);
  }

  /**
   * Offers events that have become durable, in the order of their sequences.
   */
  publish(tenant: string, rows: readonly EventRow[]): void {
    for (const tail of this.#ofTenant.get(tenant) ?? []) tail.offer(rows);
  }

  /** Ends all tails, and those to come, with an error. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const tails of this.#ofTenant.values()) for (const tail of tails) tail.fail(error);
  }

  /**
   * Replays from the log, then follows it.
   *
   * The order closes the gap between both: the tail keeps what it is offered from before a page is asked for, so that
   * an event is in the page or was kept, and what is both is told by its sequence.
   *
   * @throws What {@link fail} was given, or what reading a page throws.
   */
  async *follow(query: TailQuery, readPage: (after: number) => Promise<EventPage>): AsyncGenerator<StoredEvent, void> {
    const { tenant, signal } = query;
    const tail = new Tail(query.serviceId);
    const leave = () => this.#leave(tenant, tail);
    signal.addEventListener("abort", leave, { once: true });
    this.#join(tenant, tail);
    try {
      let last = query.after;
      while (!signal.aborted) {
        const rows = tail.takeBehind() ? undefined : await tail.take();
        if (rows !== undefined) {
          for (const row of rows) {
            if (signal.aborted) return;
            if (row.sequence <= last) continue;
            last = row.sequence;
            yield decodeEvent(tenant, row);
          }
          continue;
        }
        let more = true;
        while (more && !signal.aborted) {
          const page = await readPage(last);
          more = page.more;
          for (const row of page.rows) {
            if (signal.aborted) return;
            last = row.sequence;
            yield decodeEvent(tenant, row);
          }
        }
      }
    } finally {
      signal.removeEventListener("abort", leave);
      leave();
    }
  }

  #join(tenant: string, tail: Tail): void {
    if (this.#failure !== undefined) tail.fail(this.#failure);
    const tails = this.#ofTenant.get(tenant) ?? new Set();
    this.#ofTenant.set(tenant, tails.add(tail));
  }

  #leave(tenant: string, tail: Tail): void {
    tail.wake();
    const tails = this.#ofTenant.get(tenant);
    tails?.delete(tail);
    if (tails?.size === 0) this.#ofTenant.delete(tenant);
  }
}

/** What one reader has been offered and has not taken yet. */
class Tail {
  readonly #serviceId: string | undefined;
  #rows: EventRow[] = [];
  #characters = 0;
  /** Starts behind: what is in the log has to be read first. */
  #behind = true;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(serviceId: string | undefined) {
    this.#serviceId = serviceId;
  }

  offer(rows: readonly EventRow[]): void {
    // Behind with nothing kept: all of it will be found in the log.
    if (this.#behind) return;
    for (const row of rows) {
      if (this.#serviceId !== undefined && row.serviceId !== this.#serviceId) continue;
      this.#rows.push(row);
      this.#characters += row.json.length;
    }
    if (this.#rows.length > tailLimits.events || this.#characters > tailLimits.bytes) {
      this.#clear();
      this.#behind = true;
    }
    if (this.#rows.length > 0 || this.#behind) this.wake();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.wake();
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Whether the log must be read. From this call on, offers are kept. */
  takeBehind(): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    const behind = this.#behind;
    this.#behind = false;
    return behind;
  }

  /** Waits for offers and hands them over. Empty when it was woken for another reason. */
  async take(): Promise<readonly EventRow[]> {
    if (this.#rows.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const rows = this.#rows;
    this.#clear();
    return rows;
  }

  #clear(): void {
    this.#rows = [];
    this.#characters = 0;
  }
}
