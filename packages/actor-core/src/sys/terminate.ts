import type { ExitReason } from "../process/exit-reason.ts";
import type { Caller, CallOptions, Target } from "../process/self.ts";
import { askProcess } from "./system-request.ts";

/**
 * Tells a process to end with `reason`, cleaning up as when it is stopped. Resolves as soon as it has begun; `stop` waits
 * for the end.
 *
 * @see Erlang/OTP, sys:terminate/2
 */
export function terminate(caller: Caller, target: Target, reason: ExitReason, options?: CallOptions): Promise<void> {
  return askProcess(caller, target, "terminate", options, ({ process }) => ({
    answer: undefined,
    afterwards: () => process.stop(reason),
  }));
}
