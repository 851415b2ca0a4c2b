import type { Holding, Process, Watcher } from "./process.ts";
import { SmallSet } from "./small-set.ts";

/** Lets a party hear of the end of `process`. */
export function tie(party: Watcher, process: Process): void;
/** And of that of its owner, if it has one. */
export function tie(party: Watcher & Holding, process: Process, owner: Process | undefined): void;
export function tie(party: Watcher & Partial<Holding>, process: Process, owner?: Process): void {
  (process.watchers ??= new SmallSet()).add(party);
  if (owner) {
    (owner.holdings ??= new SmallSet()).add(party as Holding);
  }
}

/** Undoes it. The sets of a process that has ended are gone already. */
export function untie(party: Watcher & Partial<Holding>, process: Process | undefined, owner?: Process): void {
  process?.watchers?.delete(party);
  owner?.holdings?.delete(party as Holding);
}
