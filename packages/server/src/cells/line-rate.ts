/** Lines that pass in one second; the rest of that second is counted and dropped. */
export const LINES_PER_SECOND = 1_000;

/**
 * Lets at most {@link LINES_PER_SECOND} lines through in each second.
 *
 * @example
 * const rate = new LineRate();
 * const { admitted, droppedBefore } = rate.admit(nowMs);
 */
export class LineRate {
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #admitted = 0;
  #dropped = 0;

  /** @returns `droppedBefore` is above 0 once for each second that lost lines, on the first line after it. */
  admit(nowMs: number): { readonly admitted: boolean; readonly droppedBefore: number } {
    let droppedBefore = 0;
    if (nowMs - this.#windowStartMs >= 1_000) {
      this.#windowStartMs = nowMs;
      this.#admitted = 0;
      droppedBefore = this.#dropped;
      this.#dropped = 0;
    }
    if (this.#admitted >= LINES_PER_SECOND) {
      this.#dropped += 1;
      return { admitted: false, droppedBefore };
    }
    this.#admitted += 1;
    return { admitted: true, droppedBefore };
  }

  /** Lines dropped that no later line has told of. */
  get dropped(): number {
    return this.#dropped;
  }
}
