import { CallFailed } from "./errors.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { AnswerTo, RequestTo } from "./protocol.ts";
import type { Caller, CallOptions, Target } from "./self.ts";

/** What came of asking many: each is in one of the lists, in the order in which they were asked. */
export interface MultiCallResult<M, Q> {
  readonly replies: readonly { readonly target: Target<M>; readonly reply: AnswerTo<M, Q> }[];
  readonly failed: readonly { readonly target: Target<M>; readonly reason: ExitReason }[];
}

/**
 * Asks many the same at once and waits for all. One who is not there, ends or is out of time is in `failed`; what it
 * answers later is dropped.
 *
 * @throws What a server refuses with, as `call` does.
 * @see Erlang/OTP, `gen_server:multi_call/4`
 *
 * @example
 * const { replies, failed } = await multiCall(self, ["a", "b", "c"], "load", { timeoutMs: 1_000 });
 */
export async function multiCall<M, const Q extends RequestTo<M>>(
  caller: Caller,
  targets: readonly Target<M>[],
  request: Q,
  options?: CallOptions,
): Promise<MultiCallResult<M, Q>> {
  const replies: { target: Target<M>; reply: AnswerTo<M, Q> }[] = [];
  const failed: { target: Target<M>; reason: ExitReason }[] = [];
  // Also what a bad target makes it throw is a rejection, so that no earlier one goes unheard.
  const asked = targets.map(async (target) => caller.call<M, Q>(target, request, options));
  const answers = await Promise.allSettled(asked);
  for (const [i, target] of targets.entries()) {
    const answer = answers[i] as PromiseSettledResult<AnswerTo<M, Q>>;
    if (answer.status === "fulfilled") {
      replies.push({ target, reply: answer.value });
    } else if (answer.reason instanceof CallFailed) {
      failed.push({ target, reason: answer.reason.reason });
    } else {
      throw answer.reason;
    }
  }
  return { replies, failed };
}
