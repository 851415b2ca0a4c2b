import { maxClockJumpMs } from "./limits.ts";

/** Time, from outside: a test moves its own. */
export interface Clock {
  /** Milliseconds since 1970, as the machine believes. */
  wallMs(): number;
  /** Milliseconds since any moment; never goes back. */
  monotonicMs(): number;
  /** Calls back once after a delay. @returns Prevents that. */
  after(delayMs: number, call: () => void): () => void;
}

/** The machine's own. Its timers do not keep a program alive. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, call) => {
    const timer: unknown = setTimeout(call, delayMs);
    // Where a timer is an object, it can keep a program alive.
    if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
      timer.unref();
    }
    return () => clearTimeout(timer as number);
  },
};

/**
 * Time as it is decided by: it never goes back, so setting the clock back revives nothing.
 *
 * Keep {@link SteadyTime.highestMs} and hand it in at the next start, so that this holds across restarts. A clock that runs
 * an hour ahead of monotonic time is not believed, until {@link SteadyTime.accept} says that it is right: one wrong step
 * would expire everything there is.
 */
export class SteadyTime {
  readonly clock: Clock;
  #highestMs: number;
  /** When the wall clock was furthest, and what the monotonic one showed then. */
  #anchor: { readonly wallMs: number; readonly monotonicMs: number };

  constructor(clock: Clock, highestMs = 0) {
    this.clock = clock;
    this.#anchor = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    this.#highestMs = Math.max(highestMs, this.#anchor.wallMs);
  }

  /** The latest time that was decided by. */
  get highestMs(): number {
    return this.#highestMs;
  }

  /** @returns Milliseconds since 1970, or `undefined` as long as the clock is not believed. */
  nowMs(): number | undefined {
    const wallMs = this.clock.wallMs();
    if (wallMs > this.#anchor.wallMs) {
      const monotonicMs = this.clock.monotonicMs();
      const aheadMs = wallMs - this.#anchor.wallMs - (monotonicMs - this.#anchor.monotonicMs);
      if (aheadMs > maxClockJumpMs) return undefined;
      this.#anchor = { wallMs, monotonicMs };
    }
    if (wallMs > this.#highestMs) this.#highestMs = wallMs;
    return this.#highestMs;
  }

  /** Believes the clock as it stands. */
  accept(): void {
    this.#anchor = { wallMs: this.clock.wallMs(), monotonicMs: this.clock.monotonicMs() };
  }
}
