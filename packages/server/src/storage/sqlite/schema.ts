import type { DatabaseSync } from "node:sqlite";

/** Step n brings the schema from version n to n + 1. Only ever append: released steps are history. */
const migrations: readonly string[] = [
  `
  -- Newest sequence of each tenant. Counted here, in the same transaction as the events, so that sequence order is
  -- commit order and no reader sees a later event before an earlier one.
  CREATE TABLE head (
    tenant TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE event (
    tenant TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    service_id TEXT,
    json TEXT NOT NULL,
    PRIMARY KEY (tenant, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX event_of_service ON event (tenant, service_id, sequence) WHERE service_id IS NOT NULL;

  CREATE TABLE record (
    collection TEXT NOT NULL,
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    expires_at_ms INTEGER,
    value BLOB NOT NULL,
    PRIMARY KEY (collection, tenant, key)
  ) STRICT;
  CREATE INDEX record_expiry ON record (expires_at_ms) WHERE expires_at_ms IS NOT NULL;

  CREATE TABLE artifact (
    sha256 TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
  ) STRICT;
  `,
  `
  -- How much each tenant has of what is counted. Kept by triggers, so that nothing that writes records can forget it.
  CREATE TABLE usage (
    collection TEXT NOT NULL,
    tenant TEXT NOT NULL,
    records INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (collection, tenant)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO usage
    SELECT collection, tenant, count(*), sum(octet_length(key) + length(value)) FROM record
    WHERE collection = 'kv' AND length(value) > 0 GROUP BY tenant;

  CREATE TRIGGER record_added AFTER INSERT ON record WHEN new.collection = 'kv' AND length(new.value) > 0 BEGIN
    INSERT INTO usage VALUES (new.collection, new.tenant, 1, octet_length(new.key) + length(new.value))
      ON CONFLICT DO UPDATE SET records = records + 1, bytes = bytes + excluded.bytes;
  END;
  CREATE TRIGGER record_removed AFTER DELETE ON record WHEN old.collection = 'kv' AND length(old.value) > 0 BEGIN
    UPDATE usage SET records = records - 1, bytes = bytes - octet_length(old.key) - length(old.value)
      WHERE collection = old.collection AND tenant = old.tenant;
  END;
  CREATE TRIGGER record_changed AFTER UPDATE ON record WHEN new.collection = 'kv' BEGIN
    UPDATE usage SET
      records = records + (length(new.value) > 0) - (length(old.value) > 0),
      bytes = bytes
        + iif(length(new.value) > 0, octet_length(new.key) + length(new.value), 0)
        - iif(length(old.value) > 0, octet_length(old.key) + length(old.value), 0)
      WHERE collection = new.collection AND tenant = new.tenant;
  END;
  `,
];

/** The schema version that this server writes. */
export const newestSchemaVersion = migrations.length;

/**
 * Brings the schema forward, each step in a transaction of its own.
 *
 * @returns The version found; when it is newer than {@link newestSchemaVersion}, nothing was touched.
 */
export function migrate(database: DatabaseSync): number {
  const row = database.prepare("PRAGMA user_version").get() as { user_version: number };
  for (const [version, step] of migrations.entries()) {
    if (version < row.user_version) continue;
    // SQLite rolls back what a connection left open, so that a failing step leaves the version before it.
    database.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${version + 1}; COMMIT`);
  }
  return row.user_version;
}
