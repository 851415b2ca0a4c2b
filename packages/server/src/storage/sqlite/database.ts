import { statSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Collection, CountedCollection, RecordKey, StoredRecord, Usage } from "../../ports/state-store.ts";
import type {
  EventPageQuery,
  Operations,
  RecordListQuery,
  SmallArtifact,
  TenantHead,
  TransactionWrite,
  Write,
  WriteOutcome,
} from "../engine.ts";
import type { EventPage, EventRow } from "../event-row.ts";
import { overQuota } from "../over-quota.ts";
import { isResult } from "./result-code.ts";
import { migrate, newestSchemaVersion } from "./schema.ts";
import { lengthenLog } from "./write-ahead-log.ts";

const pageBytes = 4096;

export interface DatabaseOptions {
  readonly file: string;
  /** Most bytes that the database file may take; undefined for as much as the disk has. */
  readonly maxBytes: number | undefined;
}

/**
 * The engine's operations over one SQLite file. All of it blocks: it belongs in a thread of its own.
 *
 * Any error but a full disk is thrown and means that the outcome is unknown: the thread must end with it, since after
 * a failed sync nothing that the connection says can be relied on.
 */
export class Database implements Operations {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #inode: number;
  readonly #statements = new Map<string, StatementSync>();
  /** Of the tenants that the group under way has written events of. */
  readonly #groupHeads = new Map<string, number>();
  /** No less than what the tenants have, of which the group under way has asked. */
  readonly #groupUsage = new Map<string, Usage>();
  /** No record expires before; looked up when it has come. */
  #nextExpiryMs = 0;
  /** The version before it was brought forward; newer than this server's means that nothing may be used. */
  readonly schemaVersion: number;

  constructor({ file, maxBytes }: DatabaseOptions) {
    this.#database = new DatabaseSync(file);
    // Exclusive, set before WAL: the index of the log lives on the heap, without a shared-memory file that would have
    // to grow on a full disk too. A third faster.
    this.#database.exec(`
      PRAGMA page_size = ${pageBytes};
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA cache_size = -16384;
    `);
    if (maxBytes !== undefined) this.#database.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pageBytes)}`);
    this.schemaVersion = migrate(this.#database);
    lengthenLog(file);
    this.#file = file;
    this.#inode = statSync(file).ino;
  }

  get isTooNew(): boolean {
    return this.schemaVersion > newestSchemaVersion;
  }

  commit(group: readonly Write[]): readonly WriteOutcome[] {
    const outcomes = this.#commitTogether(group, { purge: true });
    if (outcomes !== undefined) return outcomes;
    // Full: what is small may still fit, and nobody fails for a neighbour's size.
    return group.map((write) => this.#commitTogether([write], { purge: false })?.[0] ?? { kind: "full" });
  }

  readEvents({ tenant, serviceId, after, maxEvents, maxBytes }: EventPageQuery): EventPage {
    const found =
      serviceId === undefined
        ? this.#prepare(`
            SELECT sequence, at_ms AS atMs, service_id AS serviceId, json FROM event
            WHERE tenant = ? AND sequence > ? ORDER BY sequence`).iterate(tenant, after)
        : this.#prepare(`
            SELECT sequence, at_ms AS atMs, service_id AS serviceId, json FROM event
            WHERE tenant = ? AND service_id = ? AND sequence > ? ORDER BY sequence`).iterate(tenant, serviceId, after);
    const rows: EventRow[] = [];
    let bytes = 0;
    for (const row of found as IterableIterator<unknown> as IterableIterator<EventRow>) {
      if (rows.length === maxEvents || bytes > maxBytes) return { rows, more: true };
      rows.push(row);
      bytes += row.json.length;
    }
    return { rows, more: false };
  }

  head(tenant: string): number {
    const row = this.#prepare("SELECT sequence FROM head WHERE tenant = ?").get(tenant) as
      | { sequence: number }
      | undefined;
    return row?.sequence ?? 0;
  }

  heads(): readonly TenantHead[] {
    return this.#prepare("SELECT tenant, sequence FROM head").all() as unknown[] as TenantHead[];
  }

  getRecord(query: RecordKey & { readonly tenant: string; readonly nowMs: number }): StoredRecord | undefined {
    const row = this.#prepare(`
      SELECT collection, tenant, key, revision, expires_at_ms, value FROM record
      WHERE collection = ? AND tenant = ? AND key = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)`).get(
      query.collection,
      query.tenant,
      query.key,
      query.nowMs,
    ) as RecordRow | undefined;
    return row === undefined ? undefined : recordOf(row);
  }

  usage({ tenant, collection }: { readonly tenant: string; readonly collection: CountedCollection }): Usage {
    const row = this.#prepare("SELECT records, bytes FROM usage WHERE collection = ? AND tenant = ?").get(
      collection,
      tenant,
    ) as { records: number; bytes: number } | undefined;
    return { records: row?.records ?? 0, bytes: row?.bytes ?? 0 };
  }

  listRecords({ tenant, collection, after, limit, nowMs }: RecordListQuery): readonly StoredRecord[] {
    const conditions = ["collection = ?", "(expires_at_ms IS NULL OR expires_at_ms > ?)"];
    const values: SQLInputValue[] = [collection, nowMs];
    if (tenant !== undefined) {
      conditions.push("tenant = ?");
      values.push(tenant);
    }
    if (after !== undefined && after.tenant === tenant) {
      conditions.push("key > ?");
      values.push(after.key);
    } else if (after !== undefined) {
      conditions.push("(tenant, key) > (?, ?)");
      values.push(after.tenant, after.key);
    }
    const rows = this.#prepare(`
      SELECT collection, tenant, key, revision, expires_at_ms, value FROM record
      WHERE ${conditions.join(" AND ")} ORDER BY tenant, key LIMIT ?`).all(...values, limit);
    return (rows as unknown[] as RecordRow[]).map(recordOf);
  }

  getArtifact(sha256: string): Uint8Array | undefined {
    const row = this.#prepare("SELECT bytes FROM artifact WHERE sha256 = ?").get(sha256) as
      | { bytes: Uint8Array }
      | undefined;
    return row?.bytes;
  }

  /** Folds the log into the file, so that the next open has nothing to replay. */
  close(): void {
    this.#database.close();
  }

  /** One transaction, one sync. `undefined` when there was no space: then nothing was written. */
  #commitTogether(
    group: readonly Write[],
    { purge }: { readonly purge: boolean },
  ): readonly WriteOutcome[] | undefined {
    let outcomes: readonly WriteOutcome[];
    this.#prepare("BEGIN IMMEDIATE").run();
    this.#groupHeads.clear();
    this.#groupUsage.clear();
    try {
      outcomes = group.map((write) => this.#write(write));
      this.#writeHeads();
      if (purge) this.#purgeExpired(group);
      this.#prepare("COMMIT").run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      if (isResult(error, "full")) return undefined;
      throw error;
    }
    // A file that was deleted can still be written to; what is acknowledged then would be gone with the process.
    if (statSync(this.#file).ino !== this.#inode) throw new Error(`${this.#file} was replaced while it was open`);
    return outcomes;
  }

  #write(write: Write): WriteOutcome {
    if (write.kind === "transaction") return this.#writeTransaction(write);
    this.#writeArtifact(write);
    return { kind: "written", firstSequence: 0 };
  }

  /** Known bytes cost no write; damaged ones are repaired. */
  #writeArtifact({ sha256, bytes }: SmallArtifact): void {
    this.#prepare(`
      INSERT INTO artifact (sha256, bytes) VALUES (?, ?)
      ON CONFLICT DO UPDATE SET bytes = excluded.bytes WHERE bytes <> excluded.bytes`).run(sha256, bytes);
  }

  /** Checks before it writes, so that a conflict leaves nothing to undo and no neighbour in the group is touched. */
  #writeTransaction({
    tenant,
    atMs,
    artifacts,
    events,
    puts,
    deletes,
    expect,
    within,
  }: TransactionWrite): WriteOutcome {
    for (const { collection, key, revision } of expect) {
      const found = this.#revisionOf(tenant, { collection, key }, atMs);
      if (found !== revision) return { kind: "conflict", record: { collection, key }, expected: revision, found };
    }
    const over = within === undefined ? undefined : this.#overQuota(tenant, puts, deletes, within);
    if (over !== undefined) return over;
    // What is written without being counted here is found by the next look at what there is.
    if (within === undefined && puts.length > 0) this.#groupUsage.clear();
    for (const artifact of artifacts) this.#writeArtifact(artifact);
    const firstSequence = events.length === 0 ? 0 : this.#takeSequences(tenant, events.length);
    const insertEvent = this.#prepare(
      "INSERT INTO event (tenant, sequence, at_ms, service_id, json) VALUES (?, ?, ?, ?, ?)",
    );
    for (const [index, { serviceId, json }] of events.entries()) {
      insertEvent.run(tenant, firstSequence + index, atMs, serviceId, json);
    }
    const put = this.#prepare(`
      INSERT INTO record (collection, tenant, key, revision, expires_at_ms, value) VALUES (?, ?, ?, 1, ?, ?)
      ON CONFLICT DO UPDATE SET
        revision = CASE WHEN expires_at_ms <= ? THEN 1 ELSE revision + 1 END,
        expires_at_ms = excluded.expires_at_ms,
        value = excluded.value`);
    for (const { collection, key, value, expiresAtMs } of puts) {
      this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiresAtMs ?? Number.POSITIVE_INFINITY);
      put.run(collection, tenant, key, expiresAtMs ?? null, value, atMs);
    }
    const remove = this.#prepare("DELETE FROM record WHERE collection = ? AND tenant = ? AND key = ?");
    for (const { collection, key } of deletes) remove.run(collection, tenant, key);
    return { kind: "written", firstSequence };
  }

  /** Looked at closely only where it might be too much, as if all were new, also what the group has written before. */
  #overQuota(
    tenant: string,
    puts: TransactionWrite["puts"],
    deletes: TransactionWrite["deletes"],
    within: NonNullable<TransactionWrite["within"]>,
  ): WriteOutcome | undefined {
    const { collection } = within;
    const place = `${collection}/${tenant}`;
    const most = this.#groupUsage.get(place) ?? this.usage({ tenant, collection });
    const growth = { records: 0, bytes: 0 };
    for (const { collection: of, key, value } of puts) {
      if (of !== collection || value.length === 0) continue;
      growth.records += 1;
      growth.bytes += Buffer.byteLength(key) + value.length;
    }
    const isOver = overQuota(most, growth, within) !== undefined;
    this.#groupUsage.set(place, { records: most.records + growth.records, bytes: most.bytes + growth.bytes });
    if (!isOver) return undefined;
    const used = this.usage({ tenant, collection });
    const size = this.#prepare(`
      SELECT octet_length(key) + length(value) AS bytes FROM record
      WHERE collection = ? AND tenant = ? AND key = ? AND length(value) > 0`);
    for (const each of [...puts, ...deletes]) {
      if (each.collection !== collection) continue;
      const row = size.get(collection, tenant, each.key) as { bytes: number } | undefined;
      if (row === undefined) continue;
      growth.records -= 1;
      growth.bytes -= row.bytes;
    }
    return overQuota(used, growth, within);
  }

  #revisionOf(tenant: string, { collection, key }: RecordKey, nowMs: number): number {
    const row = this.#prepare(`
      SELECT revision FROM record
      WHERE collection = ? AND tenant = ? AND key = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)`).get(
      collection,
      tenant,
      key,
      nowMs,
    ) as { revision: number } | undefined;
    return row?.revision ?? 0;
  }

  #takeSequences(tenant: string, count: number): number {
    const head = this.#groupHeads.get(tenant) ?? this.head(tenant);
    this.#groupHeads.set(tenant, head + count);
    return head + 1;
  }

  /** Once for a group, and with it. */
  #writeHeads(): void {
    const write = this.#prepare(`
      INSERT INTO head (tenant, sequence) VALUES (?, ?) ON CONFLICT DO UPDATE SET sequence = excluded.sequence`);
    for (const [tenant, head] of this.#groupHeads) write.run(tenant, head);
  }

  /** A few with each commit: they are invisible already, and nobody waits for a large clean-up. */
  #purgeExpired(group: readonly Write[]): void {
    const nowMs = group.findLast((write) => write.kind === "transaction")?.atMs;
    if (nowMs === undefined || nowMs < this.#nextExpiryMs) return;
    this.#prepare(`
      DELETE FROM record WHERE rowid IN
        (SELECT rowid FROM record WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT 100)`).run(nowMs);
    const row = this.#prepare("SELECT min(expires_at_ms) AS ms FROM record WHERE expires_at_ms IS NOT NULL").get();
    this.#nextExpiryMs = (row as { ms: number | null }).ms ?? Number.POSITIVE_INFINITY;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

interface RecordRow {
  readonly collection: Collection;
  readonly tenant: string;
  readonly key: string;
  readonly revision: number;
  readonly expires_at_ms: number | null;
  readonly value: Uint8Array;
}

function recordOf({ expires_at_ms: expiresAtMs, ...record }: RecordRow): StoredRecord {
  return expiresAtMs === null ? record : { ...record, expiresAtMs };
}
