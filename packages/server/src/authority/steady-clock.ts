import { uptime } from "node:os";
import type { Clock as TokenClock } from "@solo/capabilities";
import type { Clock } from "../ports/clock.ts";

/** A wall clock that runs this much ahead may be right: the machine may have slept. */
const asleepFromMs = 60_000;

/**
 * The kernel's time as capabilities are decided by.
 *
 * Monotonic time stands still while a machine sleeps, and a wall clock that has gone on would not be believed; so time asleep is
 * added, as the operating system counts it.
 *
 * @param upMs Milliseconds since the machine was started, time asleep included.
 */
export function steadyClock(clock: Clock, upMs: () => number = () => uptime() * 1_000): TokenClock {
  const begun = { wallMs: clock.wallMs(), nowMs: clock.nowMs(), upMs: upMs() };
  let asleepMs = 0;
  return {
    wallMs: clock.wallMs,
    monotonicMs: () => {
      const elapsedMs = clock.nowMs() - begun.nowMs;
      if (clock.wallMs() - begun.wallMs - elapsedMs - asleepMs > asleepFromMs) {
        asleepMs = Math.max(asleepMs, upMs() - begun.upMs - elapsedMs);
      }
      return elapsedMs + asleepMs;
    },
    after: (delayMs, call) => clock.schedule(delayMs, call),
  };
}
