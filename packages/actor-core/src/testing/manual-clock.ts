import type { Clock } from "../process/clock.ts";

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /**
   * Moves time on, waking what falls due on the way, each at its own time, in order.
   *
   * Processes that were sent something run afterwards: `clock.advance(1_000); await quiesce(system);`. What they then
   * schedule counts from the new time.
   *
   * @param ms 0 or more; `RangeError` otherwise.
   */
  advance(ms: number): void;
  /** How many wakes are scheduled. */
  readonly pending: number;
  /** When the next wake is due. */
  readonly nextDueMs: number | undefined;
}

/** Makes a clock for tests that begins at 0 ms. */
export function manualClock(): ManualClock {
  let nowMs = 0;
  let wakes: { readonly dueMs: number; readonly wake: () => void }[] = [];
  return {
    nowMs: () => nowMs,
    schedule(delayMs, wake) {
      const entry = { dueMs: nowMs + Math.max(0, delayMs), wake };
      wakes.push(entry);
      return () => {
        wakes = wakes.filter((other) => other !== entry);
      };
    },
    advance(ms) {
      if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`Cannot advance clock: wanted 0 ms or more, got ${ms}`);
      }
      const untilMs = nowMs + ms;
      for (;;) {
        const due = wakes.filter((entry) => entry.dueMs <= untilMs);
        const next = due.reduce<(typeof due)[number] | undefined>(
          (first, entry) => (first === undefined || entry.dueMs < first.dueMs ? entry : first),
          undefined,
        );
        if (next === undefined) {
          break;
        }
        wakes = wakes.filter((entry) => entry !== next);
        nowMs = Math.max(nowMs, next.dueMs);
        next.wake();
      }
      nowMs = untilMs;
    },
    get pending() {
      return wakes.length;
    },
    get nextDueMs() {
      return wakes.length === 0 ? undefined : wakes.reduce((least, { dueMs }) => Math.min(least, dueMs), Infinity);
    },
  };
}
