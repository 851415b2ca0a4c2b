/** How large a buffer gets; a power of two, as all are. */
const SEGMENT = 1_024;

type Slots<T> = (T | undefined)[];

/**
 * First-in first-out queue: no walking, and what waits is not moved again and again, however much it is.
 *
 * A circular buffer that doubles, and once it is a whole segment, further segments behind it.
 */
export class Ring<T> {
  size = 0;
  /** Written out: most mailboxes never hold more, and are made much faster so. */
  #slots: Slots<T> = [undefined, undefined, undefined, undefined];
  #head = 0;
  readonly #more: Slots<T>[] = [];

  push(item: T): void {
    const place = this.#head + this.size;
    if (place < this.#slots.length) {
      this.#slots[place] = item;
    } else {
      this.#makeRoom();
      this.#put(this.size, item);
    }
    this.size += 1;
  }

  /** Puts an item before the oldest. */
  unshift(item: T): void {
    this.#makeRoom();
    if (this.size > 0 && this.#head === 0 && this.#slots.length === SEGMENT) {
      this.#more.unshift(this.#slots);
      this.#slots = emptySlots();
    }
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.size += 1;
    this.#put(0, item);
  }

  /** Takes the oldest; call only when there is one. */
  shift(): T {
    const item = this.#slots[this.#head] as T;
    this.#slots[this.#head] = undefined;
    if (--this.size === 0) {
      this.#head = 0;
    } else if (++this.#head === this.#slots.length) {
      this.#head = 0;
      this.#slots = this.#more.shift() ?? this.#slots;
    }
    return item;
  }

  /** The item `index` places behind the oldest; call only for `index < size`. */
  at(index: number): T {
    const place = this.#head + index;
    return this.#segmentOf(place)[place & (this.#slots.length - 1)] as T;
  }

  /** Takes an item from within by moving those before it, as a wanted one is mostly near the front. */
  removeAt(index: number): T {
    const item = this.at(index);
    for (let i = index; i > 0; i--) {
      this.#put(i, this.at(i - 1));
    }
    this.shift();
    return item;
  }

  #put(index: number, item: T): void {
    const place = this.#head + index;
    this.#segmentOf(place)[place & (this.#slots.length - 1)] = item;
  }

  /** A buffer that still doubles is shorter than half a segment, so that no place in it is beyond one. */
  #segmentOf(place: number): Slots<T> {
    return place < SEGMENT ? this.#slots : (this.#more[(place >> 10) - 1] ??= emptySlots());
  }

  #makeRoom(): void {
    const slots = this.#slots;
    if (this.size === slots.length && slots.length < SEGMENT) {
      this.#slots = slots.slice(this.#head).concat(slots.slice(0, this.#head), emptySlots(slots.length));
      this.#head = 0;
    }
  }
}

function emptySlots<T>(length = SEGMENT): Slots<T> {
  return new Array<T | undefined>(length).fill(undefined);
}
