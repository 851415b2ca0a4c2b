import { living } from "./caller-parts.ts";
import type { MessageTo } from "./protocol.ts";
import type { Caller, Target } from "./self.ts";
import { SendingTimer } from "./sending-timer.ts";
import { checkDelay, type Timer, type Timers } from "./timers.ts";
import { refusal } from "./wrong-type.ts";

/**
 * As `sendAfter`, again and again until cancelled or the target process has ended. Intervals do not drift: each is counted
 * from when the last was due.
 *
 * @throws {RangeError} The interval is less than 1 ms or no number.
 * @see Erlang/OTP, `timer:send_interval/3`
 *
 * @example
 * using beat = sendEvery(self, 1_000, self.pid, "beat");
 */
export function sendEvery<M>(
  caller: Caller,
  intervalMs: number,
  target: Target<M>,
  message: NoInfer<MessageTo<M>>,
): Timer {
  const from = living(caller, "sendEvery");
  checkDelay("interval", intervalMs);
  if (intervalMs < 1) {
    throw new RangeError(refusal("take interval", "1 ms or more", intervalMs));
  }
  from.lookUp(target);
  return new Interval(from.runtime.timers, intervalMs, target, () => from.deliverTo(target, message));
}

class Interval extends SendingTimer {
  readonly #intervalMs: number;

  constructor(timers: Timers, intervalMs: number, target: Target, send: () => void) {
    super(timers, intervalMs, target, send);
    this.#intervalMs = intervalMs;
  }

  override fire(): void {
    this.timers.remove(this);
    this.dueMs = Math.max(this.timers.nowMs(), this.dueMs + this.#intervalMs);
    this.timers.add(this);
    this.act();
  }
}
