import type { CountedCollection, RecordKey, StoredRecord, Usage } from "../../ports/state-store.ts";
import type {
  EventPageQuery,
  Operations,
  RecordListQuery,
  TenantHead,
  TransactionWrite,
  Write,
  WriteOutcome,
} from "../engine.ts";
import type { EventPage, EventRow } from "../event-row.ts";
import { overQuota } from "../over-quota.ts";

/** The engine's operations over maps. */
export class MemoryTables implements Operations {
  readonly #events = new Map<string, EventRow[]>();
  readonly #records = new Map<string, StoredRecord>();
  readonly #usage = new Map<string, Usage>();
  readonly #artifacts = new Map<string, Uint8Array>();

  commit(group: readonly Write[]): readonly WriteOutcome[] {
    return group.map((write) => {
      if (write.kind === "transaction") return this.#apply(write);
      this.#artifacts.set(write.sha256, write.bytes);
      return { kind: "written", firstSequence: 0 };
    });
  }

  readEvents(query: EventPageQuery): EventPage {
    const rows: EventRow[] = [];
    let bytes = 0;
    // Sequences are dense from 1, so that the event behind sequence n has index n.
    for (const row of (this.#events.get(query.tenant) ?? []).slice(Math.max(0, query.after))) {
      if (query.serviceId !== undefined && row.serviceId !== query.serviceId) continue;
      if (rows.length === query.maxEvents || bytes > query.maxBytes) return { rows, more: true };
      rows.push(row);
      bytes += row.json.length;
    }
    return { rows, more: false };
  }

  head(tenant: string): number {
    return this.#events.get(tenant)?.length ?? 0;
  }

  heads(): readonly TenantHead[] {
    return [...this.#events].map(([tenant, { length }]) => ({ tenant, sequence: length }));
  }

  getRecord(query: RecordKey & { readonly tenant: string; readonly nowMs: number }): StoredRecord | undefined {
    const record = this.#records.get(addressOf(query.tenant, query));
    if (record === undefined || isExpired(record, query.nowMs)) return undefined;
    return { ...record, value: new Uint8Array(record.value) };
  }

  usage({ tenant, collection }: { readonly tenant: string; readonly collection: CountedCollection }): Usage {
    return this.#usage.get(`${collection}/${tenant}`) ?? { records: 0, bytes: 0 };
  }

  listRecords({ tenant, collection, after, limit, nowMs }: RecordListQuery): readonly StoredRecord[] {
    return [...this.#records.values()]
      .filter((record) => record.collection === collection && (tenant === undefined || record.tenant === tenant))
      .filter((record) => !isExpired(record, nowMs) && (after === undefined || compareRecords(record, after) > 0))
      .sort(compareRecords)
      .slice(0, limit)
      .map((record) => ({ ...record, value: new Uint8Array(record.value) }));
  }

  getArtifact(sha256: string): Uint8Array | undefined {
    return this.#artifacts.get(sha256);
  }

  #apply({ tenant, atMs, artifacts, events, puts, deletes, expect, within }: TransactionWrite): WriteOutcome {
    const revisionOf = (key: RecordKey) => this.getRecord({ ...key, tenant, nowMs: atMs })?.revision ?? 0;
    for (const { collection, key, revision } of expect) {
      const found = revisionOf({ collection, key });
      if (found !== revision) return { kind: "conflict", record: { collection, key }, expected: revision, found };
    }
    if (within !== undefined) {
      const growth = this.#growthOf(tenant, puts, deletes, within.collection);
      const used = this.usage({ tenant, collection: within.collection });
      const over = overQuota(used, growth, within);
      if (over !== undefined) return over;
    }
    const kept = this.#growthOf(tenant, puts, deletes, "kv");
    const before = this.usage({ tenant, collection: "kv" });
    this.#usage.set(`kv/${tenant}`, { records: before.records + kept.records, bytes: before.bytes + kept.bytes });
    for (const { sha256, bytes } of artifacts) this.#artifacts.set(sha256, bytes);
    const log = this.#events.get(tenant) ?? [];
    const firstSequence = log.length + 1;
    if (events.length > 0) this.#events.set(tenant, log);
    for (const event of events) log.push({ ...event, sequence: log.length + 1, atMs });
    for (const put of puts)
      this.#records.set(addressOf(tenant, put), { ...put, tenant, revision: revisionOf(put) + 1 });
    for (const key of deletes) this.#records.delete(addressOf(tenant, key));
    return { kind: "written", firstSequence };
  }

  /** Of keys that are each written once. */
  #growthOf(
    tenant: string,
    puts: TransactionWrite["puts"],
    deletes: TransactionWrite["deletes"],
    collection: CountedCollection,
  ): Usage {
    const growth = { records: 0, bytes: 0 };
    const count = (key: string, value: Uint8Array | undefined, sign: 1 | -1): void => {
      if (value === undefined || value.length === 0) return;
      growth.records += sign;
      growth.bytes += sign * (Buffer.byteLength(key) + value.length);
    };
    for (const each of [...puts, ...deletes]) {
      if (each.collection === collection) count(each.key, this.#records.get(addressOf(tenant, each))?.value, -1);
    }
    for (const { key, value, collection: of } of puts) if (of === collection) count(key, value, 1);
    return growth;
  }
}

function addressOf(tenant: string, { collection, key }: RecordKey): string {
  return JSON.stringify([tenant, collection, key]);
}

function isExpired(record: StoredRecord, nowMs: number): boolean {
  return record.expiresAtMs !== undefined && record.expiresAtMs <= nowMs;
}

type Place = { readonly tenant: string; readonly key: string };

function compareRecords(one: Place, other: Place): number {
  return compareCodePoints(one.tenant, other.tenant) || compareCodePoints(one.key, other.key);
}

/** The order of UTF-8 bytes, which databases use; that of `<` differs above U+FFFF. */
function compareCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
