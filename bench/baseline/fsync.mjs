import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * What the disk alone takes to make 512 bytes durable: an append and fdatasync, one after the other.
 *
 * @param {string} folder On the disk in question. The file made there is removed.
 * @param {number} times
 * @returns {number[]} Milliseconds of each.
 */
export function syncTimes(folder, times) {
  const path = join(folder, `fsync-baseline-${process.pid}`);
  const file = openSync(path, "wx");
  const record = Buffer.alloc(512, 7);
  try {
    return Array.from({ length: times }, () => {
      const startedMs = performance.now();
      writeSync(file, record);
      fdatasyncSync(file);
      return performance.now() - startedMs;
    });
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
