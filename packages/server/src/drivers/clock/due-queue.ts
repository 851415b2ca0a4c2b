/** Something to be looked at when its time has come. */
export interface Due {
  readonly wakeAtMs: number;
}

/** What is due at some time, the earliest first. */
export class DueQueue<Item extends Due> {
  readonly #items: Item[] = [];

  get firstMs(): number | undefined {
    return this.#items[0]?.wakeAtMs;
  }

  add(item: Item): void {
    this.#items.splice(this.#placeOf(item.wakeAtMs), 0, item);
  }

  remove(item: Item): void {
    for (let at = this.#placeOf(item.wakeAtMs) - 1; this.#items[at]?.wakeAtMs === item.wakeAtMs; at -= 1) {
      if (this.#items[at] === item) {
        this.#items.splice(at, 1);
        return;
      }
    }
  }

  /** All whose time has come, no longer in the queue. */
  take(nowMs: number): readonly Item[] {
    return this.#items.splice(0, this.#placeOf(nowMs));
  }

  /** Behind all that are due at that time. */
  #placeOf(atMs: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle] as Item).wakeAtMs <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
