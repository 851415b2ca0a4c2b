/** Where time comes from. The one port of this library; tests hand in the manual clock of `@solo/actor-core/testing`. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; a change of the wall clock does not show. */
  nowMs(): number;
  /**
   * Calls `wake` once, about `delayMs` from now, never inside this call. When that is too early, it is asked again.
   *
   * @returns Cancels; does nothing when `wake` has been called.
   */
  schedule(delayMs: number, wake: () => void): () => void;
}
