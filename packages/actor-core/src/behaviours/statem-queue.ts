import type { StatemEvent } from "./statem-event.ts";

/**
 * The events that a state machine has in hand: those to handle before it looks into its mailbox again, and those it has
 * postponed.
 *
 * Both lists grow at the end only, so a machine that postpones much pays for each event once and for each retry once.
 */
export class StatemQueue {
  /** The last is next. */
  readonly #next: StatemEvent[] = [];
  /** Oldest first. */
  #postponed: StatemEvent[] = [];

  take(): StatemEvent | undefined {
    return this.#next.pop();
  }

  postpone(event: StatemEvent): void {
    this.#postponed.push(event);
  }

  /** The state has changed: what was postponed comes first, in its old order. */
  retryPostponed(): void {
    this.insert(this.#postponed);
    this.#postponed = [];
  }

  /** Puts events before all others, the first of them first. */
  insert(events: readonly StatemEvent[]): void {
    for (let i = events.length - 1; i >= 0; i -= 1) {
      this.#next.push(events[i] as StatemEvent);
    }
  }
}
