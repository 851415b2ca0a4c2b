/** A call that comes so soon after the one before makes a conversation; the loop stays awake as long for its next call. */
const CLOSE_MS = 0.6;

export interface BusyPollOptions {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Runs something in the next turn of the event loop, which then looks for input and does not sleep. */
  readonly nextTurn: (run: () => void) => void;
}

/**
 * Keeps the event loop awake while one client makes one call after the other, as the busy polling of a network card's driver.
 *
 * A loop that sleeps gives its processor away, and on a virtual machine it takes longer to be woken than to handle a call.
 * So after a call that came within 0.6 ms of the one before, the loop looks for input without sleeping, for 0.6 ms at most.
 * It costs nothing while calls are rarer than that; and with more than one call at a time, when there is always something to
 * do and the services need the processor, it does not happen.
 */
export class BusyPoll {
  readonly #options: BusyPollOptions;
  #begunMs = Number.NEGATIVE_INFINITY;
  #open = 0;
  #awake = false;

  constructor(options: BusyPollOptions) {
    this.#options = options;
  }

  /** A call has come. @returns What to do once, when it has been answered. */
  begun(): () => void {
    this.#open += 1;
    const nowMs = this.#options.nowMs();
    const close = nowMs - this.#begunMs < CLOSE_MS;
    this.#begunMs = nowMs;
    if (close && !this.#awake && this.#open === 1) {
      this.#awake = true;
      this.#options.nextTurn(this.#turn);
    }
    return this.#answered;
  }

  readonly #answered = (): void => {
    this.#open -= 1;
  };

  readonly #turn = (): void => {
    if (this.#open > 1 || this.#options.nowMs() - this.#begunMs >= CLOSE_MS) this.#awake = false;
    else this.#options.nextTurn(this.#turn);
  };
}
