import type { Holding, Process, Watcher } from "./process.ts";
import { SmallSet } from "./small-set.ts";

/** Lets `party` hear of the end of `process`, and of that of its owner, if it has one. */
export function tie(party: Watcher & Holding, process: Process, owner: Process | undefined): void {
  (process.watchers ??= new SmallSet()).add(party);
  if (owner) {
    (owner.holdings ??= new SmallSet()).add(party);
  }
}

/** Undoes it. The sets of a process that has ended are gone already. */
export function untie(party: Watcher & Holding, process: Process | undefined, owner: Process | undefined): void {
  process?.watchers?.delete(party);
  owner?.holdings?.delete(party);
}
