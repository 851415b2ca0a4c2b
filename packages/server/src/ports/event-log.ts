import type { EventBody } from "../events/event.ts";

/** A fact about to be recorded. */
export interface NewEvent {
  readonly body: EventBody;
  /** Sequence of the event, in the same tenant, that made this one happen. */
  readonly causationSequence?: number;
  /** In place of it, when that event is written in the same transaction: how many places before this one it stands. */
  readonly causationDistance?: number;
  /** Shared by all that one request caused. */
  readonly correlationId: string;
  /** SPIFFE id of who asked, or `kernel`. */
  readonly actor: string;
}

/** A recorded fact. */
export interface StoredEvent extends Omit<NewEvent, "causationDistance"> {
  readonly tenant: string;
  /** Dense per tenant, from 1, in the order of commits. */
  readonly sequence: number;
  readonly atMs: number;
}

export interface EventQuery {
  readonly tenant: string;
  /** Only events about this service. */
  readonly serviceId?: string;
  /** Only events behind this sequence; 0 begins at the beginning. */
  readonly after: number;
}

/** An event exactly as it is stored, for whoever vouches for it. */
export interface EventRecord {
  readonly sequence: number;
  readonly atMs: number;
  /** The {@link NewEvent} as JSON, byte for byte. */
  readonly json: string;
}

/** The append-only history of every tenant. Events are appended by {@link StateStore.commit}. */
export interface EventLog {
  /** Up to `limit` events, oldest first. */
  read(query: EventQuery & { readonly limit: number }): Promise<readonly StoredEvent[]>;
  /** Up to `limit` events as they are stored, oldest first; fewer when they are large. */
  records(query: {
    readonly tenant: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly EventRecord[]>;
  /** Sequence of the newest durable event of every tenant that has any. */
  heads(): Promise<ReadonlyMap<string, number>>;
  /** Sequence of the newest durable event; 0 when there is none. */
  head(tenant: string): Promise<number>;
  /**
   * What is recorded behind `after`, then what follows, without gap or repetition, until the signal aborts.
   *
   * A reader that falls more than 1,000 events or 1 MB behind pages from disk; nothing is buffered for it beyond that.
   * Ends, without an error, as soon as the signal aborts, also while it waits.
   *
   * @throws {StorageUnavailable} The storage was closed or broke under it.
   */
  tail(query: EventQuery & { readonly signal: AbortSignal }): AsyncIterable<StoredEvent>;
}
