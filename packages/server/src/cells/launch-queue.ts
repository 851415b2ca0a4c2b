/**
 * Runs at most `width` launches at a time, the rest in order of arrival: a hundred services that start together would
 * otherwise all be slow, and all at their deadline.
 */
export class LaunchQueue {
  readonly #width: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** True while something runs or waits. */
  get busy(): boolean {
    return this.#running > 0;
  }

  async run<T>(launch: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#width) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await launch();
    } finally {
      // A turn is handed on rather than given back, so that nobody who comes now can go before those who wait.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
