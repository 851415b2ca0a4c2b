import { CallbackHandler } from "../process/callback-handler.ts";
import { MissingCallback } from "../process/errors.ts";
import type { Caller, CallOptions, CodeChange, Self, Target } from "../process/self.ts";
import { replaceCallbacks } from "./replace-callbacks.ts";
import { askProcess } from "./system-request.ts";

/** What came of `changeCode`. Unless `ok`, code and state are what they were. */
export type ChangeCodeResult =
  | { readonly kind: "ok" }
  /** Only a suspended process can be changed. */
  | { readonly kind: "not-suspended" }
  /** The behaviour refused, or what turns the state threw. */
  | { readonly kind: "error"; readonly error: unknown };

/**
 * Gives a suspended process new code, a state turned into what that code wants, or both. It stays suspended.
 *
 * `startGenServer`: `to` is the new callbacks, whose `codeChange` turns the state. `defineServer`: `to` is the new
 * definition, whose `migrate` does when the versions differ. Supervisors: `to` is the new definition; children that run
 * stay as they are, new ones are known but not started, and without `to` a definition that is a function is asked again.
 * Agents: `extra` is a function from the state to the next.
 *
 * @see Erlang/OTP, sys:change_code/4
 *
 * @example
 * await sys.suspend(system, "counter");
 * const changed = await sys.changeCode(system, "counter", { to: counterV2 });
 * await sys.resume(system, "counter");
 */
export function changeCode(
  caller: Caller,
  target: Target,
  change: CodeChange,
  options?: CallOptions,
): Promise<ChangeCodeResult> {
  return askProcess<ChangeCodeResult>(
    caller,
    target,
    "changeCode",
    options,
    async ({ process, handler, suspension }) => {
      if (suspension === undefined) {
        return { answer: { kind: "not-suspended" } };
      }
      try {
        if (handler instanceof CallbackHandler) {
          await replaceCallbacks(handler, change);
        } else if (handler.changeCode === undefined) {
          throw new MissingCallback("changeCode");
        } else {
          await handler.changeCode(change, process.self as Self);
        }
        return { answer: { kind: "ok" } };
      } catch (error) {
        return { answer: { kind: "error", error } };
      }
    },
  );
}
