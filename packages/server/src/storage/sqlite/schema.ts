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
