import { type ProcessInfo, processInfo } from "../process/process-info.ts";
import type { Caller, CallOptions, Target } from "../process/self.ts";
import { type ShownState, shownState } from "../process/shown-state.ts";
import { askProcess } from "./system-request.ts";

/** What a process says of itself. */
export interface Status {
  /** Whether it handles messages. */
  readonly mode: "running" | "suspended";
  readonly state: ShownState;
  readonly process: ProcessInfo;
  /** What it took last, oldest first; undefined when that is not kept. */
  readonly recentMessages: readonly unknown[] | undefined;
}

/**
 * Asks a process how it is. Its behaviour's formatter (`formatState`) decides how the state shows.
 *
 * @see Erlang/OTP, sys:get_status/1
 */
export function status(caller: Caller, target: Target, options?: CallOptions): Promise<Status> {
  return askProcess(caller, target, "status", options, ({ process, handler, suspension }) => ({
    answer: {
      mode: suspension === undefined ? "running" : "suspended",
      state: shownState(handler),
      // It lives: it is answering.
      process: processInfo(process.pid) as ProcessInfo,
      recentMessages: process.mailbox?.recent,
    },
  }));
}
