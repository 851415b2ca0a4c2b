import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FolderInUse } from "../errors.ts";
import { isResult } from "./result-code.ts";

/**
 * Takes the data folder for this process, or refuses at once.
 *
 * The lock is SQLite's own on an empty database: the operating system drops it with the process, however it dies, so
 * that there is nothing to clean up after a kill; and it holds within one process too. It is separate from the data,
 * so that the folder stays taken until {@link FolderLock.release} even when the storage thread has died.
 *
 * @throws {FolderInUse} Another server, or another storage of this process, holds it.
 */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, "lock.db");
  const pidFile = join(folder, "server.pid");
  createPrivateFile(file);
  const database = new DatabaseSync(file);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isResult(error, "busy")) throw new FolderInUse({ folder, pid: readPid(pidFile) });
    throw error;
  }
  writePid(pidFile);
  return {
    release() {
      if (!database.isOpen) return;
      // Before the lock goes: afterwards the file may be the next holder's.
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}

export interface FolderLock {
  /** Idempotent. */
  release(): void;
}

/**
 * Makes an empty file that only this user may read, before SQLite would make it readable to others; its journals get
 * the same mode. Leaves a file that is there alone.
 *
 * Never opens one that is there: closing any descriptor of a file drops all locks that the process has on it (POSIX),
 * those of an earlier storage of this process too.
 */
export function createPrivateFile(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

function writePid(pidFile: string): void {
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // Only tells others whom to ask; a full disk must not keep a server from starting.
  }
}

function readPid(pidFile: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(pidFile, "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}
