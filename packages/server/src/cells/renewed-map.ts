/** Deletions after which the table is made anew. */
const RENEW = 256;

/**
 * A map whose entries come and go. V8 gives a `Map` of that kind a new table every so often, to which the old one points, and with
 * it to all that is held later: once one of them has grown old, all of that does, which makes each collection of young garbage
 * ten times as long. A new map has no such past.
 */
export class RenewedMap<Key, Value> {
  #map = new Map<Key, Value>();
  #deleted = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  set(key: Key, value: Value): void {
    this.#map.set(key, value);
  }

  delete(key: Key): void {
    if (!this.#map.delete(key)) return;
    this.#deleted += 1;
    if (this.#deleted < Math.max(RENEW, this.#map.size)) return;
    this.#map = new Map(this.#map);
    this.#deleted = 0;
  }

  /** In order of addition. Not to be kept across changes. */
  values(): MapIterator<Value> {
    return this.#map.values();
  }

  clear(): void {
    this.#map = new Map();
    this.#deleted = 0;
  }
}
