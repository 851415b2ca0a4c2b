import type { MessageTo } from "./protocol.ts";
import type { Caller, Target } from "./self.ts";
import type { Timer } from "./timers.ts";

/**
 * As `sendAfter`, at a time on the system's clock (`nowMs`): at once when it has passed.
 *
 * @throws {RangeError} The time is no number.
 * @see Erlang/OTP, `erlang:send_after/4`, `{abs, true}`
 */
export function sendAt<M>(caller: Caller, dueMs: number, target: Target<M>, message: NoInfer<MessageTo<M>>): Timer {
  return caller.sendAfter(Math.max(0, dueMs - caller.nowMs()), target, message);
}
