import type { Caller, CallOptions, Target } from "../process/self.ts";
import { Observation, type Observer } from "./observation.ts";
import type { ProcessEvent } from "./process-event.ts";
import { askProcess } from "./system-request.ts";

/** What a process has done since its statistics were started. Times are of the system's clock. */
export interface Statistics {
  readonly startedMs: number;
  readonly nowMs: number;
  /** Messages it took. */
  readonly messagesIn: number;
  /** Answers it gave, and messages, casts and calls it sent. */
  readonly messagesOut: number;
}

/**
 * Begins to count what a process takes and sends. When it is counting already it goes on.
 *
 * @see Erlang/OTP, sys:statistics/2
 */
export function startStatistics(caller: Caller, target: Target, options?: CallOptions): Promise<void> {
  return askProcess(caller, target, "startStatistics", options, ({ process }) => {
    if (Observation.observer(process, Counter) === undefined) {
      Observation.begin(process, new Counter(process.runtime.timers.nowMs()));
    }
    return { answer: undefined };
  });
}

/** Ends counting and forgets what was counted. */
export function stopStatistics(caller: Caller, target: Target, options?: CallOptions): Promise<void> {
  return askProcess(caller, target, "stopStatistics", options, ({ process }) => {
    const counter = Observation.observer(process, Counter);
    if (counter !== undefined) {
      Observation.end(process, counter);
    }
    return { answer: undefined };
  });
}

/** What was counted; undefined when nothing is. */
export function getStatistics(caller: Caller, target: Target, options?: CallOptions): Promise<Statistics | undefined> {
  return askProcess(caller, target, "getStatistics", options, ({ process }) => ({
    answer: Observation.observer(process, Counter)?.at(process.runtime.timers.nowMs()),
  }));
}

class Counter implements Observer {
  readonly #startedMs: number;
  #messagesIn = 0;
  #messagesOut = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  at(nowMs: number): Statistics {
    return { startedMs: this.#startedMs, nowMs, messagesIn: this.#messagesIn, messagesOut: this.#messagesOut };
  }

  note({ kind }: ProcessEvent): void {
    switch (kind) {
      case "taken":
        this.#messagesIn += 1;
        break;
      case "replied":
      case "refused":
      case "sent":
      case "called":
        this.#messagesOut += 1;
    }
  }
}
