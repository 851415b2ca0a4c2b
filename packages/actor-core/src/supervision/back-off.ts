/** How long to wait before a child that has ended is started again: longer each time, until it runs well. */
export interface BackOff {
  /** The first delay. */
  readonly minMs: number;
  /** No delay grows beyond it, apart from jitter. */
  readonly maxMs: number;
  /** How much longer each delay is than the one before. Default 2. */
  readonly factor: number;
  /** Up to which part of itself a delay is prolonged at random, so that many do not come back at once. Default 0: exact. */
  readonly jitter: number;
  /** A child that has run so long is well: the next delay is the first again. Default: halfway from `minMs` to `maxMs`. */
  readonly resetAfterMs: number;
  /** How often in a row, without having been well, a child is started again. Default: no limit. */
  readonly maxRestarts: number;
}

/** What has to be said of a {@link BackOff}. */
export type BackOffOptions = Pick<BackOff, "minMs" | "maxMs"> & Partial<BackOff>;

/**
 * Checks a back-off and fills in its defaults.
 *
 * @throws {RangeError} For the first value that is refused.
 */
export function completeBackOff(options: BackOffOptions): BackOff {
  const { minMs, maxMs, factor = 2, jitter = 0, maxRestarts = Number.POSITIVE_INFINITY } = options;
  const { resetAfterMs = (minMs + maxMs) / 2 } = options;
  const refuseUnless = (fits: boolean, wanted: string, value: unknown): void => {
    if (!fits) throw new RangeError(`Cannot use back-off: ${wanted}, got ${String(value)}`);
  };
  refuseUnless(Number.isFinite(minMs) && minMs > 0, "minMs must be a positive number of milliseconds", minMs);
  refuseUnless(Number.isFinite(maxMs) && maxMs >= minMs, "maxMs must be a number not below minMs", maxMs);
  refuseUnless(Number.isFinite(factor) && factor >= 1, "factor must be a number from 1 on", factor);
  refuseUnless(Number.isFinite(jitter) && jitter >= 0, "jitter must be a number from 0 on", jitter);
  refuseUnless(resetAfterMs >= 0, "resetAfterMs must be a number of milliseconds from 0 on", resetAfterMs);
  refuseUnless(
    maxRestarts === Number.POSITIVE_INFINITY || (Number.isInteger(maxRestarts) && maxRestarts >= 0),
    "maxRestarts must be a whole number from 0 on",
    maxRestarts,
  );
  return { minMs, maxMs, factor, jitter, resetAfterMs, maxRestarts };
}

/** What becomes of a child that has ended. `restarts` counts the one at hand, since the child was last well. */
export type BackOffDecision =
  | { readonly kind: "restart"; readonly afterMs: number; readonly restarts: number }
  | { readonly kind: "give-up"; readonly restarts: number };

/**
 * Says when a child that has ended is started again, if it is.
 *
 * @param ended `restarts` as of the decision before, and how long the child has run; 0 when it could not even start.
 * @param random From 0 to 1, chooses the jitter.
 * @see Apache Pekko, BackoffOpts
 *
 * @example
 * const policy = completeBackOff({ minMs: 100, maxMs: 10_000 });
 * decideBackOff(policy, { restarts: 0, ranMs: 5 }, 0); // { kind: "restart", afterMs: 100, restarts: 1 }
 * decideBackOff(policy, { restarts: 3, ranMs: 5 }, 0); // { kind: "restart", afterMs: 800, restarts: 4 }
 */
export function decideBackOff(
  { minMs, maxMs, factor, jitter, resetAfterMs, maxRestarts }: BackOff,
  ended: { readonly restarts: number; readonly ranMs: number },
  random: number,
): BackOffDecision {
  const before = ended.ranMs >= resetAfterMs ? 0 : ended.restarts;
  const restarts = before + 1;
  if (before >= maxRestarts) return { kind: "give-up", restarts };
  const baseMs = Math.min(maxMs, minMs * factor ** before);
  return { kind: "restart", afterMs: baseMs * (1 + jitter * random), restarts };
}
