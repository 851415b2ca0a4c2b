import type { Sink } from "../driver.ts";

/** A write as those see it who watch: not its value. */
export interface Change {
  readonly key: string;
  readonly kind: "put" | "delete";
}

interface Watcher {
  readonly prefix: string;
  readonly sink: Sink;
}

/** Who watches which keys, by tenant and store. */
export class Watchers {
  readonly #watchers = new Map<string, Set<Watcher>>();

  /** @returns Ends it. */
  add(place: string, watcher: Watcher): () => void {
    const here = this.#watchers.get(place) ?? new Set();
    this.#watchers.set(place, here.add(watcher));
    return () => {
      here.delete(watcher);
      if (here.size === 0 && this.#watchers.get(place) === here) this.#watchers.delete(place);
    };
  }

  tell(place: string, changes: readonly Change[]): void {
    for (const { prefix, sink } of this.#watchers.get(place) ?? []) {
      for (const change of changes) if (change.key.startsWith(prefix)) sink.push(change);
    }
  }
}
