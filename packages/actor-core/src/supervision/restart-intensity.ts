/**
 * How often a supervisor may restart before it gives up: more than `maxRestarts` restarts within `periodMs` are too many.
 * Zero allows none.
 */
export interface RestartIntensity {
  readonly maxRestarts: number;
  readonly periodMs: number;
}

/** What a supervisor uses when nothing else is said; the numbers of Elixir's supervisors (Erlang's own are 1 in 5 s). */
export const DEFAULT_RESTART_INTENSITY: RestartIntensity = { maxRestarts: 3, periodMs: 5_000 };

/** The restarts that still count. Start with `{ times: [] }`. */
export interface RestartWindow {
  /** Monotonic milliseconds, oldest first. */
  readonly times: readonly number[];
}

/** Whether the supervisor may go on, with the window that holds the new restart. */
export type RestartVerdict =
  | { readonly kind: "allowed"; readonly window: RestartWindow }
  | { readonly kind: "exceeded"; readonly window: RestartWindow };

/**
 * Counts one restart and says whether the supervisor may go on.
 *
 * Only restarts within the last `periodMs` count: the newest is included, and so is one exactly `periodMs` old. `nowMs` is
 * monotonic time, so a change of the wall clock neither forgives nor invents restarts. An attempt that fails counts too,
 * which is what ends a child that can never start.
 *
 * @param window Restart times, oldest first. Not changed; the verdict holds the new one.
 * @see Erlang/OTP, supervisor, "Restart intensity and period"
 *
 * @example
 * const first = recordRestart({ times: [] }, 0, { maxRestarts: 1, periodMs: 5_000 });
 * // first.kind === "allowed"
 * const second = recordRestart(first.window, 5_000, { maxRestarts: 1, periodMs: 5_000 });
 * // second.kind === "exceeded"
 */
export function recordRestart(window: RestartWindow, nowMs: number, intensity: RestartIntensity): RestartVerdict {
  let old = 0;
  while ((window.times[old] as number) < nowMs - intensity.periodMs) old += 1;
  // Not pushed onto a copy, which would be copied again to grow.
  const times = (old ? window.times.slice(old) : window.times).concat([nowMs]);
  return { kind: times.length > intensity.maxRestarts ? "exceeded" : "allowed", window: { times } };
}
