import type { Clock } from "./clock.ts";

/** Above this `setTimeout` fires at once. */
const MAX_HOST_DELAY_MS = 2 ** 31 - 1;

/** The host's monotonic clock and timers. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  schedule(delayMs, wake) {
    const handle = setTimeout(wake, Math.min(Math.ceil(delayMs), MAX_HOST_DELAY_MS));
    return () => clearTimeout(handle);
  },
};
