import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import type { Clock } from "../../ports/clock.ts";
import type { Storage } from "../../ports/storage.ts";
import type { Engine } from "../engine.ts";
import { StorageError, StorageOpenFailed } from "../errors.ts";
import { type OnCommitted, storageOverEngine } from "../storage-over-engine.ts";
import { openArtifactFiles } from "./artifact-files.ts";
import { createPrivateFile, type FolderLock, lockFolder } from "./folder-lock.ts";
import { startWorkerEngine } from "./worker-engine.ts";

export interface SqliteStorageOptions {
  /** The data folder; made, with mode 0700, when missing. Holds `solo.db`, `artifacts/`, `lock.db` and `server.pid`. */
  readonly folder: string;
  readonly clock: Pick<Clock, "wallMs">;
  /** Most bytes that `solo.db` may take; by default as much as the disk has. Beyond it commits fail with `StorageFull`. */
  readonly maxDatabaseBytes?: number;
  readonly onCommitted?: OnCommitted;
  /** Sees the storage thread when it starts; for tests of its death. */
  readonly onWorker?: (worker: Worker) => void;
}

/**
 * Storage of one machine: one SQLite file, in WAL mode, synced at every commit, written by one thread with group
 * commit; large artifacts as files.
 *
 * @returns Holds the folder until it is closed, also when it has broken by itself.
 * @throws {FolderInUse} Another server holds the folder.
 * @throws {StorageSchemaTooNew} A newer server wrote it.
 * @throws {StorageOpenFailed} The folder or the database cannot be used: no permission, no space, no database.
 */
export async function openSqliteStorage(options: SqliteStorageOptions): Promise<Storage> {
  const { folder, clock, maxDatabaseBytes: maxBytes, onCommitted, onWorker } = options;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = lockFolder(folder);
    try {
      const file = join(folder, "solo.db");
      createPrivateFile(file);
      const largeArtifacts = await openArtifactFiles(join(folder, "artifacts"));
      const engine = await startWorkerEngine({ file, maxBytes, ...(onWorker === undefined ? {} : { onWorker }) });
      return storageOverEngine({ engine: holdingLock(engine, lock), largeArtifacts, clock, onCommitted });
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw error instanceof StorageError ? error : new StorageOpenFailed(folder, { cause: error });
  }
}

function holdingLock(engine: Engine, lock: FolderLock): Engine {
  return {
    ...engine,
    async close() {
      try {
        await engine.close();
      } finally {
        lock.release();
      }
    },
  };
}
