import { lookUp } from "../process/caller-parts.ts";
import { CallFailed } from "../process/errors.ts";
import { Exit } from "../process/exit-reason.ts";
import type { Caller, Target } from "../process/self.ts";
import { Observation, type Observer } from "./observation.ts";
import type { ProcessEvent } from "./process-event.ts";

/**
 * Shows what a process does and what is done to it, from now on and at once: it need not come to handling anything. So a
 * process that is stuck can be traced.
 *
 * What it sends is seen at its hands (`self`). Requests of `sendRequest` and tasks go by another way and show only at whom
 * they reach.
 *
 * @param listener Runs in the turn of whoever does something, and must return soon. What it throws is ignored.
 * @returns Ends the trace.
 * @throws {CallFailed} No such process.
 * @throws {TypeError} It runs on another node.
 *
 * @see Erlang/OTP, erlang:trace/3
 *
 * @example
 * const stopTrace = sys.trace(system, "counter", (event) => console.log(event));
 */
export function trace(caller: Caller, target: Target, listener: (event: ProcessEvent) => void): () => void {
  if (typeof listener !== "function") {
    throw new TypeError(`Cannot trace: wanted a function, got ${typeof listener}`);
  }
  const process = lookUp(caller, target, "trace");
  if (process === undefined) {
    throw new CallFailed({ reason: Exit.noproc, target, request: "trace", timeoutMs: 0 });
  }
  if (process.self === undefined) {
    // One that stands for a process elsewhere has no hands.
    throw new TypeError(`Cannot look into process ${process.pid}: it runs on another node`);
  }
  const observer: Observer = { note: listener };
  Observation.begin(process, observer);
  return () => Observation.end(process, observer);
}
