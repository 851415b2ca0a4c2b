/** Where looking through a list begins to cost more than a hash. */
const FEW = 8;

/**
 * A set, in order of addition, that mostly holds one item or none: the links, monitors and pending calls of a process.
 *
 * Few items are a list. A `Set` in which one item comes and goes makes a new table every few times, and calls would spend
 * more on that than on all else.
 */
export class SmallSet<T> {
  #few: T[] = [];
  #many: Set<T> | undefined;

  add(item: T): void {
    const few = this.#few;
    if (this.#many) {
      this.#many.add(item);
    } else if (few.length === 0) {
      // Not pushed: that makes room for 16 more, and most sets never hold a second item.
      this.#few = [item];
    } else if (!few.includes(item)) {
      few.push(item);
      if (few.length > FEW) {
        this.#many = new Set(few);
      }
    }
  }

  delete(item: T): void {
    if (this.#many) {
      this.#many.delete(item);
    } else if (this.#few.at(-1) === item) {
      this.#few.pop();
    } else if (this.#few.includes(item)) {
      this.#few.splice(this.#few.indexOf(item), 1);
    }
  }

  has(item: T): boolean {
    return this.#many?.has(item) ?? this.#few.includes(item);
  }

  /** All items; not to be kept, as it may be the set's own list. */
  items(): readonly T[] {
    return this.#many ? [...this.#many] : this.#few;
  }
}
