/** Numbers that look random and that a seed determines, the same on every machine. */
export interface SeededRandom {
  /** From 0 up to, but without, 1. Stands in for `Math.random`. */
  next(): number;
  /** A whole number from 0 up to, but without, `bound`. */
  below(bound: number): number;
  /** True in a share `probability` (0 to 1) of all cases. */
  chance(probability: number): boolean;
  /** One of `items`, of which there must be one. */
  pick<T>(items: readonly T[]): T;
  /** Numbers of their own: how many of them are taken does not change what comes from here. */
  fork(): SeededRandom;
}

/**
 * Starts a stream of numbers.
 *
 * @param seed Any whole number up to 2^53 in size; `RangeError` otherwise.
 * @see Chris Doty-Humphrey, PractRand, sfc32
 *
 * @example
 * const dice = seededRandom(7);
 * const eyes = 1 + dice.below(6); // the same in every run
 */
export function seededRandom(seed: number): SeededRandom {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot take seed: wanted a whole number up to 2^53, got ${seed}`);
  }
  return new Sfc32(seed | 0, Math.floor(seed / 2 ** 32) | 0);
}

class Sfc32 implements SeededRandom {
  #a: number;
  #b: number;
  #c = 0x9e3779b9 | 0;
  #counter = 1;

  constructor(low: number, high: number) {
    this.#a = low;
    this.#b = high;
    // Seeds next to each other begin alike; they have parted after this.
    for (let i = 0; i < 16; i++) {
      this.#word();
    }
  }

  next(): number {
    return this.#word() / 2 ** 32;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  fork(): SeededRandom {
    return new Sfc32(this.#word() | 0, this.#word() | 0);
  }

  #word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}
