import { OwnMessage } from "../process/messages.ts";
import type { Self } from "../process/self.ts";
import type { Timer } from "../process/timers.ts";
import { EVENT_TIMER, type SetTimer, STATE_TIMER } from "./statem-action.ts";
import type { StatemEvent, TimeoutName } from "./statem-event.ts";

/**
 * One timer of a state machine and, in its mailbox, the message that its time has come. A stranger cannot make one.
 */
export class StatemTimer extends OwnMessage {
  readonly name: TimeoutName;
  content: unknown;
  /** Undefined: comes at once. */
  timer: Timer | undefined;

  constructor(name: TimeoutName, content: unknown) {
    super();
    this.name = name;
    this.content = content;
  }
}

/** The timers of one state machine. */
export class StatemTimers {
  readonly #running = new Map<TimeoutName, StatemTimer>();
  /** Those of 0 ms, in the order of setting. They pass by the mailbox. */
  #due: StatemTimer[] = [];

  /** Sets, changes and cancels, in the order given; of several for one timer the last counts. */
  set(actions: readonly SetTimer[], self: Self): void {
    for (const [index, action] of actions.entries()) {
      if (actions.findLastIndex((later) => later.timer === action.timer) === index) {
        this.#set(action, self);
      }
    }
  }

  #set({ timer: name, time, content }: SetTimer, self: Self): void {
    const running = this.#running.get(name);
    if (time === "update" && running !== undefined) {
      running.content = content;
      return;
    }
    this.cancel(name);
    if (time === "cancel" || time === Number.POSITIVE_INFINITY) {
      return;
    }
    const timer = new StatemTimer(name, content);
    this.#running.set(name, timer);
    if (time === 0 || time === "update") {
      this.#due.push(timer);
    } else {
      const delayMs = typeof time === "number" ? time : Math.max(0, time.atMs - self.nowMs());
      timer.timer = self.sendAfter(delayMs, self.pid, timer);
    }
  }

  cancel(name: TimeoutName): void {
    const running = this.#running.get(name);
    if (running === undefined) {
      return;
    }
    this.#running.delete(name);
    if (running.timer === undefined) {
      this.#due = this.#due.filter((timer) => timer !== running);
    } else {
      running.timer.cancel();
    }
  }

  /** The event of the first timer of 0 ms. */
  takeDue(): StatemEvent | undefined {
    const first = this.#due.shift();
    return first && this.fired(first);
  }

  /** @returns Undefined for one that was cancelled too late, when its message was in the mailbox already. */
  fired(timer: StatemTimer): StatemEvent | undefined {
    const { name, content } = timer;
    if (this.#running.get(name) !== timer) {
      return undefined;
    }
    this.#running.delete(name);
    switch (name) {
      case STATE_TIMER:
        return { kind: "state-timeout", content };
      case EVENT_TIMER:
        return { kind: "event-timeout", content };
      default:
        return { kind: "timeout", name, content };
    }
  }
}
