import type { Clock } from "./clock.ts";
import type { Denial } from "./denial.ts";
import { CapabilityDenied } from "./errors.ts";

/** Timers take no longer delays than this. */
const maxDelayMs = 2 ** 31 - 1;

export interface LifeOptions {
  /** What speaks against it at this moment, if anything. */
  readonly standing: () => Denial | undefined;
  /** Calls back when it may have ended. @returns Ends that. */
  readonly watch: (changed: () => void) => () => void;
  /** How long it has from now on, at most. */
  readonly leftMs: () => number;
  readonly clock: Clock;
}

/** Tells those who are at work when the authority for it ends. Costs nothing until somebody asks for the signal. */
export class Life {
  readonly #options: LifeOptions;
  #controller: AbortController | undefined;
  #release: () => void = () => undefined;

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  /** @returns What speaks against it at this moment. */
  get ended(): Denial | undefined {
    return this.#options.standing();
  }

  /** Aborted when it has ended, in the same turn as what ended it; expiry by a timer. */
  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    const unwatch = this.#options.watch(() => this.check());
    let cancelTimer: () => void = () => undefined;
    const arm = () => {
      cancelTimer = this.#options.clock.after(Math.min(Math.max(1, this.#options.leftMs()), maxDelayMs), () => {
        this.check();
        if (!controller.signal.aborted) arm();
      });
    };
    this.#release = () => {
      unwatch();
      cancelTimer();
    };
    arm();
    this.check();
    return controller.signal;
  }

  /** Aborts if it has ended. */
  check(): void {
    const denial = this.ended;
    if (denial === undefined || this.#controller === undefined) return;
    this.#release();
    this.#controller.abort(new CapabilityDenied(denial));
  }
}
