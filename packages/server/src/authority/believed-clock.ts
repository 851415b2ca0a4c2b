import { uptime } from "node:os";
import type { Clock } from "../ports/clock.ts";
import { steadyClock } from "./steady-clock.ts";

/** As far as capabilities are still decided by a wall clock that has gone ahead. */
const furthestAheadMs = 3_600_000;

/**
 * A wall clock for what is kept until its time has come: revocations and answers to requests among it, which one wrong step of an
 * hour and more would drop for good.
 *
 * Such a step is not believed before the next start; time goes on from where the clock was before it. One that is set back is
 * what it is: what is kept longer does no harm.
 *
 * @param upMs Milliseconds since the machine was started, time asleep included.
 */
export function believedClock(clock: Clock, upMs: () => number = () => uptime() * 1_000): Clock {
  const { monotonicMs } = steadyClock(clock, upMs);
  /** When the wall clock was furthest, and what the monotonic one showed then. */
  let furthest = { wallMs: clock.wallMs(), monotonicMs: monotonicMs() };
  return {
    ...clock,
    wallMs: () => {
      const wallMs = clock.wallMs();
      if (wallMs <= furthest.wallMs) return wallMs;
      const expectedMs = furthest.wallMs + monotonicMs() - furthest.monotonicMs;
      if (wallMs - expectedMs > furthestAheadMs) return expectedMs;
      furthest = { wallMs, monotonicMs: monotonicMs() };
      return wallMs;
    },
  };
}
