import { ActorError, type StartFailed } from "../process/errors.ts";
import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { Pid } from "../process/pid.ts";
import type { Self } from "../process/self.ts";
import { Unwind } from "../process/unwind.ts";
import type { ChildStarted, StartChild } from "./child-spec.ts";

/** What a child's start came to, with all ways to fail made one. */
export type StartOutcome =
  | { readonly kind: "ok"; readonly pid: Pid; readonly info?: unknown }
  | { readonly kind: "ignore" }
  | { readonly kind: "error"; readonly reason: ExitReason };

/** Starts a child, waits for its acknowledgement, and makes sure of the link. Does not throw for a child that fails. */
export async function startChild(self: Self, start: StartChild): Promise<StartOutcome> {
  let started: ChildStarted;
  try {
    started = await start(self);
  } catch (error) {
    // Of a supervisor that was killed meanwhile there is nothing to tell.
    if (error instanceof Unwind || !self.isAlive(self.pid)) throw error;
    return { kind: "error", reason: reasonOf(error) };
  }
  switch (started?.kind) {
    case "ok":
      if (!(started.pid instanceof Pid)) break;
      // A start function may forget the link, and without one the child's end would never be heard of. For a child that
      // is linked this does nothing; for one that is dead already the `noproc` it brings comes after the real reason.
      self.link(started.pid);
      return { kind: "ok", pid: started.pid, ...("info" in started && { info: started.info }) };
    case "ignore":
    case "error":
      return started;
    case "already-started":
      return { kind: "error", reason: Exit.of(started) };
  }
  return { kind: "error", reason: Exit.badReturn("start", started) };
}

/** By its code, so that who does not use the class does not pay for it. */
function reasonOf(error: unknown): ExitReason {
  return error instanceof ActorError && error.code === "ACTOR_START_FAILED"
    ? (error as StartFailed).reason
    : Exit.crash(error);
}
