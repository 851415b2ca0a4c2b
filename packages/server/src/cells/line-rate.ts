/** Lines that a guest hands over in one second at most, whatever its manifest says. */
export const LINES_PER_SECOND = 10_000;

/**
 * Lets a number of lines through in each second.
 *
 * @example
 * const rate = new LineRate(1_000, 800);
 * const { admitted, droppedBefore } = rate.admit(nowMs);
 */
export class LineRate {
  readonly #perSecond: number;
  readonly #many: number;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #admitted = 0;
  #dropped = 0;

  /** @param many So many are not too many yet, and more are near it. */
  constructor(perSecond: number, many = perSecond) {
    this.#perSecond = perSecond;
    this.#many = many;
  }

  /**
   * @returns `firstOfMany` on the first line of a second that is more than many; `firstLeftOut` on the first line of a second that is too much; `droppedBefore` is above 0 once for each second
   *   that lost lines, on the first line after it.
   */
  admit(nowMs: number): {
    readonly admitted: boolean;
    readonly firstOfMany: boolean;
    readonly firstLeftOut: boolean;
    readonly droppedBefore: number;
  } {
    let droppedBefore = 0;
    if (nowMs - this.#windowStartMs >= 1_000) {
      this.#windowStartMs = nowMs;
      this.#admitted = 0;
      droppedBefore = this.#dropped;
      this.#dropped = 0;
    }
    const admitted = this.#admitted < this.#perSecond;
    if (admitted) this.#admitted += 1;
    else this.#dropped += 1;
    return {
      admitted,
      firstOfMany: admitted && this.#admitted === this.#many + 1,
      firstLeftOut: !admitted && this.#dropped === 1,
      droppedBefore,
    };
  }

  /** Lines dropped that no later line has told of. */
  get dropped(): number {
    return this.#dropped;
  }
}
