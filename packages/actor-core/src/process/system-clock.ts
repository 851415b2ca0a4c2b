import type { Clock } from "./clock.ts";

/** Above this `setTimeout` fires at once. Longer waits wake in between; `Timers` arms again. */
const MAX_HOST_DELAY_MS = 2 ** 31 - 1;

/** The host's monotonic clock and timers. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  schedule(delayMs, wake) {
    const dueMs = performance.now() + delayMs;
    let handle: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      handle = setTimeout(check, Math.min(Math.ceil(dueMs - performance.now()), MAX_HOST_DELAY_MS));
    };
    // Host timers may be up to 1 ms early by the monotonic clock.
    const check = (): void => (performance.now() >= dueMs ? wake() : arm());
    arm();
    return () => clearTimeout(handle);
  },
};
