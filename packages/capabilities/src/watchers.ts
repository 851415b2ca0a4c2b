/** Who wants to know when something about a name changes. */
export class Watchers {
  readonly #byName = new Map<string, Set<() => void>>();

  /** @returns Forgets it again. */
  add(names: readonly string[], changed: () => void): () => void {
    for (const name of names) {
      const those = this.#byName.get(name);
      if (those === undefined) this.#byName.set(name, new Set([changed]));
      else those.add(changed);
    }
    return () => {
      for (const name of names) {
        const those = this.#byName.get(name);
        those?.delete(changed);
        if (those?.size === 0) this.#byName.delete(name);
      }
    };
  }

  /** Calls all of a name, those that are forgotten meanwhile aside. */
  notify(name: string): void {
    for (const changed of [...(this.#byName.get(name) ?? [])]) {
      if (this.#byName.get(name)?.has(changed)) changed();
    }
  }
}
