/** Where looking through a list begins to cost more than a hash. */
const FEW = 8;

/**
 * A set, in order of addition, that mostly holds one item or none: the links, monitors and pending calls of a process.
 *
 * Few items are a list. A `Set` in which one item comes and goes makes a new table every few times, and calls would spend
 * more on that than on all else.
 */
export class SmallSet<T> {
  #items: T[] | Set<T> = [];
  #gone = 0;

  add(item: T): void {
    const items = this.#items;
    if (items instanceof Set) {
      items.add(item);
    } else if (items.length === 0) {
      // Not pushed: that makes room for 16 more, and most sets never hold a second item.
      this.#items = [item];
    } else if (!items.includes(item) && items.push(item) > FEW) {
      this.#items = new Set(items);
    }
  }

  delete(item: T): void {
    const items = this.#items;
    if (items instanceof Set) {
      items.delete(item);
      // V8 has the old table of a `Set` point to the new one. Once one of them has grown old, all that is ever held stays
      // until a full collection, and each scavenge takes ten times as long; a new set has no such past. It is made seldom
      // enough that its making costs each deletion as little as one more addition.
      if (++this.#gone > items.size + 1024) {
        this.#items = new Set(items);
        this.#gone = 0;
      }
    } else if (items.at(-1) === item) {
      items.pop();
    } else {
      this.#items = items.filter((other) => other !== item);
    }
  }

  items(): readonly T[] {
    return [...this.#items];
  }
}
