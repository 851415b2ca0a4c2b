const LARGE = 1_024;

/** First-in first-out queue in a circular buffer: no walking and no garbage, however long it grows. */
export class Ring<T> {
  #slots: (T | undefined)[] = fewSlots();
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) {
      this.#grow();
    }
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size += 1;
  }

  /** Puts an item before the oldest. */
  unshift(item: T): void {
    if (this.#size === this.#slots.length) {
      this.#grow();
    }
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = item;
    this.#size += 1;
  }

  /** Takes the oldest; call only when there is one. */
  shift(): T {
    const item = this.#slots[this.#head] as T;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size -= 1;
    if (this.#size === 0 && this.#slots.length > LARGE) {
      // A burst is over: give its memory back.
      this.#slots = fewSlots();
      this.#head = 0;
    }
    return item;
  }

  /** The item `index` places behind the oldest; call only for `index < size`. */
  at(index: number): T {
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)] as T;
  }

  /** Takes an item from within by moving those before it, as a wanted one is mostly near the front. */
  removeAt(index: number): T {
    const mask = this.#slots.length - 1;
    const item = this.at(index);
    for (let i = index; i > 0; i--) {
      this.#slots[(this.#head + i) & mask] = this.#slots[(this.#head + i - 1) & mask];
    }
    this.shift();
    return item;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Array<T | undefined>(2 * old.length).fill(undefined);
    for (let i = 0; i < old.length; i++) {
      slots[i] = old[(this.#head + i) & (old.length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}

/** Written out: most mailboxes never hold more, and are made much faster so. */
function fewSlots(): undefined[] {
  return [undefined, undefined, undefined, undefined];
}
