import type { Clock } from "./ports/clock.ts";

/** The machine's time. Timers keep no process alive. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule: (delayMs, wake) => {
    const timer = setTimeout(wake, Math.max(0, Math.ceil(delayMs)));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
