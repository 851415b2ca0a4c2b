import { smallArtifactBytes } from "../ports/artifact-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventQuery, EventRecord, StoredEvent } from "../ports/event-log.ts";
import type {
  Committed,
  CountedCollection,
  RecordKey,
  StateStore,
  StoredRecord,
  Transaction,
  Usage,
} from "../ports/state-store.ts";
import type { Storage } from "../ports/storage.ts";
import { checkKey, checkSize, encodeTransaction } from "./encode-transaction.ts";
import type { Engine, LargeArtifacts, TransactionWrite, Write, WriteOutcome } from "./engine.ts";
import {
  ArtifactCorrupt,
  ArtifactMissing,
  StorageConflict,
  StorageFull,
  StorageOverQuota,
  StorageUnavailable,
} from "./errors.ts";
import { decodeEvent, type EventPage, type EventRow } from "./event-row.ts";
import { EventTails } from "./event-tails.ts";
import { pageLimits, sizeLimits } from "./limits.ts";
import { sha256Hex } from "./sha256.ts";
import { WriteQueue } from "./write-queue.ts";

/** Told of each group that was written: how many changes shared the sync, and how long it took. */
export type OnCommitted = (changes: number, elapsedMs: number) => void;

/** What differs from one adapter to the next. */
export interface StorageParts {
  readonly engine: Engine;
  readonly largeArtifacts: LargeArtifacts;
  /** Gives events their time and judges expiry. */
  readonly clock: Pick<Clock, "wallMs">;
  readonly onCommitted?: OnCommitted | undefined;
}

/**
 * The storage ports over an engine: limits, group commit, tails, hashes and the end of life are the same for all adapters.
 *
 * @returns Owns the engine: closing the storage closes it.
 */
export function storageOverEngine(parts: StorageParts): Storage {
  const storage = new StorageOverEngine(parts);
  return {
    events: {
      read: (query) => storage.readEvents(query),
      records: (query) => storage.readRecords(query),
      heads: () => storage.heads(),
      head: (tenant) => storage.head(tenant),
      tail: (query) => storage.tail(query),
    },
    state: {
      get: (tenant, key) => storage.getRecord(tenant, key),
      list: (query) => storage.listRecords(query),
      usage: (tenant, collection) => storage.usage(tenant, collection),
      commit: (transaction) => storage.commit(transaction),
    },
    artifacts: {
      put: (bytes) => storage.putArtifact(bytes),
      get: (sha256) => storage.getArtifact(sha256),
    },
    close: () => storage.close(),
    broken: parts.engine.broken,
  };
}

class StorageOverEngine {
  readonly #engine: Engine;
  readonly #largeArtifacts: LargeArtifacts;
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #tails = new EventTails();
  readonly #queue: WriteQueue;
  readonly #onCommitted: OnCommitted;
  readonly #artifactPuts = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor({ engine, largeArtifacts, clock, onCommitted = () => undefined }: StorageParts) {
    this.#onCommitted = onCommitted;
    this.#engine = engine;
    this.#largeArtifacts = largeArtifacts;
    this.#clock = clock;
    this.#queue = new WriteQueue((group) => this.#commitGroup(group));
    void engine.broken.then((cause) => this.#tails.fail(new StorageUnavailable("broken", { cause })));
  }

  async commit(transaction: Transaction): Promise<Committed> {
    this.#assertOpen();
    const atMs = this.#nowMs();
    const { write, bytes } = encodeTransaction(transaction, atMs);
    const outcome = await this.#write(write, bytes);
    return { sequences: write.events.map((_, index) => outcome.firstSequence + index), atMs };
  }

  async readEvents(query: EventQuery & { readonly limit: number }): Promise<readonly StoredEvent[]> {
    checkLimit(query.limit);
    const events: StoredEvent[] = [];
    let more = true;
    while (more && events.length < query.limit) {
      const page = await this.#readPage(query, {
        after: events.at(-1)?.sequence ?? query.after,
        maxEvents: query.limit - events.length,
      });
      for (const row of page.rows) events.push(decodeEvent(query.tenant, row));
      more = page.more;
    }
    return events;
  }

  async readRecords(query: {
    readonly tenant: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly EventRecord[]> {
    checkLimit(query.limit);
    const { tenant, after, limit: maxEvents } = query;
    const { rows } = await this.#readPage({ tenant, after }, { after, maxEvents });
    return rows.map(({ sequence, atMs, json }) => ({ sequence, atMs, json }));
  }

  async heads(): Promise<ReadonlyMap<string, number>> {
    this.#assertOpen();
    const heads = await this.#engine.heads(undefined);
    return new Map(heads.map(({ tenant, sequence }) => [tenant, sequence]));
  }

  async head(tenant: string): Promise<number> {
    this.#assertOpen();
    checkKey(tenant);
    return this.#engine.head(tenant);
  }

  tail(query: EventQuery & { readonly signal: AbortSignal }): AsyncIterable<StoredEvent> {
    const { tenant, after, signal } = query;
    return this.#tails.follow({ tenant, serviceId: query.serviceId?.toWellFormed(), after, signal }, (from) =>
      this.#readPage(query, { after: from, maxEvents: pageLimits.events }),
    );
  }

  async getRecord(tenant: string, { collection, key }: RecordKey): Promise<StoredRecord | undefined> {
    this.#assertOpen();
    checkKey(tenant);
    checkKey(key);
    return this.#engine.getRecord({ tenant, collection, key, nowMs: this.#nowMs() });
  }

  async listRecords(query: Parameters<StateStore["list"]>[0]): Promise<readonly StoredRecord[]> {
    this.#assertOpen();
    checkLimit(query.limit);
    const { tenant, collection, after, limit } = query;
    return this.#engine.listRecords({ tenant, collection, after, limit, nowMs: this.#nowMs() });
  }

  async usage(tenant: string, collection: CountedCollection): Promise<Usage> {
    this.#assertOpen();
    checkKey(tenant);
    return this.#engine.usage({ tenant, collection });
  }

  async putArtifact(bytes: Uint8Array): Promise<string> {
    this.#assertOpen();
    checkSize("artifact bytes", bytes.byteLength, sizeLimits.artifactBytes);
    if (bytes.byteLength <= smallArtifactBytes) {
      const copy = new Uint8Array(bytes);
      const sha256 = await sha256Hex(copy);
      await this.#write({ kind: "artifact", sha256, bytes: copy }, copy.byteLength);
      return sha256;
    }
    const put = this.#putLargeArtifact(bytes);
    this.#artifactPuts.add(put);
    return put.finally(() => this.#artifactPuts.delete(put));
  }

  async getArtifact(sha256: string): Promise<Uint8Array> {
    this.#assertOpen();
    // Also keeps what is no hash from becoming a file name.
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new ArtifactMissing(sha256);
    const bytes = (await this.#engine.getArtifact(sha256)) ?? (await this.#largeArtifacts.get(sha256));
    if (bytes === undefined) throw new ArtifactMissing(sha256);
    const found = await sha256Hex(bytes);
    if (found !== sha256) throw new ArtifactCorrupt({ sha256, found });
    return bytes;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // After one turn of microtasks, since this must not run before `#closing` is set.
    await Promise.resolve();
    await Promise.allSettled(this.#artifactPuts);
    await this.#queue.drained();
    this.#tails.fail(new StorageUnavailable("closed"));
    await this.#engine.close();
  }

  async #putLargeArtifact(bytes: Uint8Array): Promise<string> {
    const sha256 = await sha256Hex(bytes);
    await this.#largeArtifacts.put(sha256, bytes);
    return sha256;
  }

  async #write(write: Write, bytes: number): Promise<WriteOutcome & { readonly kind: "written" }> {
    const outcome = await this.#queue.submit(write, bytes);
    switch (outcome.kind) {
      case "written":
        return outcome;
      case "conflict":
        throw new StorageConflict(outcome);
      case "over-quota":
        throw new StorageOverQuota(outcome);
      case "full":
        throw new StorageFull();
    }
  }

  async #commitGroup(group: readonly Write[]): Promise<readonly WriteOutcome[]> {
    const startedMs = performance.now();
    const outcomes = await this.#engine.commit(group);
    this.#onCommitted(group.length, performance.now() - startedMs);
    for (const [index, write] of group.entries()) {
      const outcome = outcomes[index];
      if (write.kind === "transaction" && outcome?.kind === "written") this.#publish(write, outcome.firstSequence);
    }
    return outcomes;
  }

  #publish({ tenant, atMs, events }: TransactionWrite, firstSequence: number): void {
    if (events.length === 0 || !this.#tails.has(tenant)) return;
    const rows = events.map((event, index): EventRow => ({ ...event, sequence: firstSequence + index, atMs }));
    this.#tails.publish(tenant, rows);
  }

  async #readPage(query: EventQuery, page: { readonly after: number; readonly maxEvents: number }): Promise<EventPage> {
    this.#assertOpen();
    checkKey(query.tenant);
    if (!Number.isSafeInteger(page.after) || page.after < 0) {
      throw new RangeError(`Sequence must be an integer from 0, got ${page.after}`);
    }
    return this.#engine.readEvents({
      tenant: query.tenant,
      serviceId: query.serviceId?.toWellFormed(),
      after: page.after,
      maxEvents: page.maxEvents,
      maxBytes: pageLimits.bytes,
    });
  }

  #nowMs(): number {
    return Math.floor(this.#clock.wallMs());
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StorageUnavailable("closed");
  }
}

function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`Limit must be a positive integer, got ${limit}`);
}
