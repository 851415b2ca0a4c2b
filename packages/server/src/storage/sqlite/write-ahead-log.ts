import { closeSync, fstatSync, fsyncSync, openSync, statfsSync, writeSync } from "node:fs";

/** Of the log before it is folded into the database and begun again. */
const LOG_BYTES = 16 * 1024 * 1024;
/** Space that must be left on the disk beside it. */
const SPARE_BYTES = 16 * LOG_BYTES;

/**
 * Gives the write-ahead log of an open database its full length. To make a file longer is a change of the file system's own
 * books, which each sync then waits for too: it takes half as long again, and fifteen times as long in one of a hundred.
 *
 * What lies behind the last frame is nothing to SQLite, so zeros there are safe at any moment, also in part. Where they cannot
 * be written the log grows as it does without.
 *
 * @param database Path of the database; its log exists once it has been written to.
 */
export function lengthenLog(database: string): void {
  try {
    const { bavail, bsize } = statfsSync(database);
    if (bavail * bsize < SPARE_BYTES) return;
    const log = openSync(`${database}-wal`, "r+");
    try {
      fillWithZeros(log);
    } finally {
      closeSync(log);
    }
  } catch {
    // The database tells of a disk that is full or broken, when it matters.
  }
}

function fillWithZeros(log: number): void {
  const { size } = fstatSync(log);
  if (size >= LOG_BYTES) return;
  writeSync(log, Buffer.alloc(LOG_BYTES - size), 0, LOG_BYTES - size, size);
  fsyncSync(log);
}
