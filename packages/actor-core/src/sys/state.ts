import { MissingCallback } from "../process/errors.ts";
import type { Awaitable, Caller, CallOptions, ProcessHandler, Target } from "../process/self.ts";
import { askProcess } from "./system-request.ts";

/**
 * The state of a process as its behaviour knows it (a state machine: `{ state, data }`), between two messages. Works while
 * it is suspended too. Shared and not copied: for looking at, and for nothing else.
 *
 * @see Erlang/OTP, sys:get_state/1
 */
export function getState(caller: Caller, target: Target, options?: CallOptions): Promise<unknown> {
  return askProcess(caller, target, "getState", options, ({ handler }) => ({ answer: stateOf(handler) }));
}

/**
 * Puts another state in place of the one a process has, and gives it back. For repairing by hand: the process is not told.
 *
 * @param replace Runs in the process's turn, between two messages. When it throws, the state stays as it was and the
 * request fails with that as the `cause` of {@link SystemRequestFailed}.
 *
 * @see Erlang/OTP, sys:replace_state/2
 */
export function replaceState(
  caller: Caller,
  target: Target,
  replace: (state: unknown) => Awaitable<unknown>,
  options?: CallOptions,
): Promise<unknown> {
  return askProcess(caller, target, "replaceState", options, async ({ handler }) => {
    if (handler.replaceState === undefined) {
      throw new MissingCallback("replaceState");
    }
    const answer = await replace(stateOf(handler));
    handler.replaceState(answer);
    return { answer };
  });
}

function stateOf(handler: ProcessHandler): unknown {
  if (handler.getState === undefined) {
    throw new MissingCallback("getState");
  }
  return handler.getState();
}
