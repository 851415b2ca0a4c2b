/** Events of one kind are told at most once in this time; what comes between is counted. */
const tellEveryMs = 60_000;

/** Counts what happens again and again, and says when an event is due. */
export class Tally {
  /** All of them. */
  times = 0;
  #told = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  /** Counts one. @returns How many an event has to tell of now; undefined while the last one is too recent. */
  count(nowMs: number): number | undefined {
    this.times += 1;
    if (nowMs - this.#toldAtMs < tellEveryMs) return undefined;
    const untold = this.times - this.#told;
    this.#told = this.times;
    this.#toldAtMs = nowMs;
    return untold;
  }
}
