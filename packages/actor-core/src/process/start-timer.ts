import type { Caller, Target } from "./self.ts";
import type { Timer } from "./timers.ts";

/** The message of a timer started by {@link startTimer}: one that was cancelled too late is told apart by its `timer`. */
export class TimerFired<out Content = unknown> {
  #timer: Timer | undefined;
  readonly content: Content;

  constructor(content: Content, start: (message: TimerFired<Content>) => Timer) {
    this.content = content;
    this.#timer = start(this);
  }

  get timer(): Timer {
    // A message is seen after its timer was made: nothing is delivered inside the call that makes it.
    return this.#timer as Timer;
  }
}

/**
 * As `sendAfter`, with the content in a {@link TimerFired} that says which timer it comes from.
 *
 * @throws {RangeError} The delay is negative or no number.
 * @see Erlang/OTP, `erlang:start_timer/3`
 *
 * @example
 * const timer = startTimer(self, 1_000, self.pid, "tick");
 * const fired = await self.receive((message) => message instanceof TimerFired && message.timer === timer);
 */
export function startTimer<Content>(
  caller: Caller,
  delayMs: number,
  target: Target<TimerFired<Content>>,
  content: Content,
): Timer {
  return new TimerFired(content, (message) => caller.sendAfter(delayMs, target, message)).timer;
}
