import type { Pid } from "./pid.ts";

/** A process, as the list of all knows it. */
export interface Listed extends Links {
  readonly pid: Pid;
}

interface Links {
  /** These two are the list's. */
  older: Links | undefined;
  newer: Links | undefined;
}

/**
 * Every living process of a system, the oldest first.
 *
 * Linked through its members and not a `Set`: processes come and go all the time, and a Set of a million makes everyone
 * wait while it grows. The list stands in its own ring, between the newest and the oldest, so that no end is a special one.
 */
export class ProcessList implements Links, Iterable<Listed> {
  older: Links = this;
  newer: Links = this;

  add(process: Listed): void {
    process.older = this.older;
    process.newer = this;
    this.older.newer = process;
    this.older = process;
  }

  /** Takes out a member, which keeps nothing of the others alive. */
  delete(process: Listed): void {
    (process.older as Links).newer = process.newer;
    (process.newer as Links).older = process.older;
    process.older = process.newer = undefined;
  }

  *[Symbol.iterator](): Iterator<Listed> {
    for (let listed = this.newer; listed !== this; listed = listed.newer as Links) {
      yield listed as Listed;
    }
  }
}
