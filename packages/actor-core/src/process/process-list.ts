import type { Pid } from "./pid.ts";

/** A process, as the list of all knows it. */
export interface Listed {
  readonly pid: Pid;
  /** These two are the list's. */
  older: Listed | undefined;
  newer: Listed | undefined;
}

/**
 * Every living process of a system, the oldest first.
 *
 * Linked through its members and not a `Set`: processes come and go all the time, and a Set of a million makes everyone
 * wait while it grows.
 */
export class ProcessList implements Iterable<Listed> {
  #oldest: Listed | undefined;
  #newest: Listed | undefined;

  add(process: Listed): void {
    const newest = this.#newest;
    if (newest === undefined) {
      this.#oldest = process;
    } else {
      newest.newer = process;
      process.older = newest;
    }
    this.#newest = process;
  }

  /** Takes out a member, which keeps nothing of the others alive. */
  delete(process: Listed): void {
    const { older, newer } = process;
    if (older === undefined) {
      this.#oldest = newer;
    } else {
      older.newer = newer;
    }
    if (newer === undefined) {
      this.#newest = older;
    } else {
      newer.older = older;
    }
    process.older = process.newer = undefined;
  }

  *[Symbol.iterator](): Iterator<Listed> {
    for (let process = this.#oldest; process !== undefined; process = process.newer) {
      yield process;
    }
  }
}
