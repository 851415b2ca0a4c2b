import { checkLast } from "../mailboxes/recording-mailbox.ts";
import { itemsOf } from "../process/items-of.ts";
import { Ring } from "../process/ring.ts";
import type { Caller, CallOptions, Target } from "../process/self.ts";
import { Observation, type Observer } from "./observation.ts";
import type { ProcessEvent } from "./process-event.ts";
import { askProcess } from "./system-request.ts";

/** How much of a log is kept when nothing else is said. */
const DEFAULT_LAST = 100;

/**
 * Begins to keep the last events of a process: what it takes, sends and answers, whom it spawns, links and monitors. A log
 * that is kept already begins anew.
 *
 * @param options `last`: how many, 1 or more; default 100.
 * @throws {RangeError} `last` is none.
 *
 * @see Erlang/OTP, sys:log/2
 */
export async function startLog(
  caller: Caller,
  target: Target,
  options?: CallOptions & { readonly last?: number },
): Promise<void> {
  const last = options?.last ?? DEFAULT_LAST;
  checkLast(last, 1);
  await askProcess(caller, target, "startLog", options, ({ process }) => {
    const before = Observation.observer(process, EventLog);
    Observation.begin(process, new EventLog(last));
    if (before !== undefined) {
      Observation.end(process, before);
    }
    return { answer: undefined };
  });
}

/** Ends a log and forgets it. */
export function stopLog(caller: Caller, target: Target, options?: CallOptions): Promise<void> {
  return askProcess(caller, target, "stopLog", options, ({ process }) => {
    const log = Observation.observer(process, EventLog);
    if (log !== undefined) {
      Observation.end(process, log);
    }
    return { answer: undefined };
  });
}

/** The events that were kept, oldest first; none when no log is. */
export function getLog(caller: Caller, target: Target, options?: CallOptions): Promise<readonly ProcessEvent[]> {
  return askProcess(caller, target, "getLog", options, ({ process }) => ({
    answer: Observation.observer(process, EventLog)?.events ?? [],
  }));
}

class EventLog implements Observer {
  readonly #last: number;
  readonly #events = new Ring<ProcessEvent>();

  constructor(last: number) {
    this.#last = last;
  }

  get events(): readonly ProcessEvent[] {
    return itemsOf(this.#events);
  }

  note(event: ProcessEvent): void {
    // What is taken shows once, as what it did.
    if (event.kind === "arrived") {
      return;
    }
    if (this.#events.size === this.#last) {
      this.#events.shift();
    }
    this.#events.push(event);
  }
}
