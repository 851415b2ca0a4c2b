/**
 * Finds what somebody still holds by its key; what nobody holds any more leaves by itself.
 *
 * Only to find the same one again: whether and when an entry has gone cannot be seen, since who could tell holds it.
 */
export class WeakIndex<K, V extends object> {
  readonly #entries = new Map<K, WeakRef<V>>();
  readonly #collected = new FinalizationRegistry<K>((key) => {
    // It may have been made anew.
    if (this.#entries.get(key)?.deref() === undefined) {
      this.#entries.delete(key);
    }
  });

  get(key: K): V | undefined {
    return this.#entries.get(key)?.deref();
  }

  add(key: K, value: V): V {
    this.#entries.set(key, new WeakRef(value));
    this.#collected.register(value, key);
    return value;
  }

  /** @returns All there were. */
  clear(): readonly V[] {
    const values = [...this.#entries.values()].flatMap((entry) => entry.deref() ?? []);
    this.#entries.clear();
    return values;
  }
}
