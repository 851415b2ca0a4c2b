import { Exited } from "../process/messages.ts";
import { type Process, SystemMessage } from "../process/process.ts";
import type { Caller, CallOptions, ProcessHandler, Target } from "../process/self.ts";
import { askProcess, type Suspension, SystemRequest } from "./system-request.ts";

/**
 * Lets a process handle nothing but system messages until it is resumed. Its other messages wait, in their order; callers
 * may run out of time meanwhile. Twice suspended is suspended once.
 *
 * It ends as ever: by signals, by `stop`, and while it traps exits by the end of its parent.
 *
 * @see Erlang/OTP, sys:suspend/1
 *
 * @example
 * await sys.suspend(system, "counter");
 * await sys.replaceState(system, "counter", () => ({ count: 0 }));
 * await sys.resume(system, "counter");
 */
export function suspend(caller: Caller, target: Target, options?: CallOptions): Promise<void> {
  return askProcess(caller, target, "suspend", options, ({ process, handler, suspension }) => {
    if (suspension !== undefined) {
      return { answer: undefined };
    }
    // Begun before the answer: a process that has a receive open cannot be suspended, and the asker is to hear of it.
    const first = nextFor(process);
    return { answer: undefined, afterwards: () => stayUntilResumed(process, handler, first) };
  });
}

/** Lets a suspended process go on. Does nothing to one that runs. */
export function resume(caller: Caller, target: Target, options?: CallOptions): Promise<void> {
  return askProcess(caller, target, "resume", options, ({ suspension }) => {
    if (suspension !== undefined) {
      suspension.over = true;
    }
    return { answer: undefined };
  });
}

/** The loop of a suspended process, inside the turn of the request that suspended it: so the mailbox waits by itself. */
async function stayUntilResumed(process: Process, handler: ProcessHandler, first: Promise<unknown>): Promise<void> {
  const suspension: Suspension = { over: false };
  for (let next = first; ; next = nextFor(process)) {
    const message = await next;
    if (message instanceof SystemRequest) {
      await message.handledIn({ process, handler, suspension });
    } else if (message instanceof SystemMessage) {
      await message.handledBy(process, handler);
    } else if (message instanceof Exited) {
      await process.stop(message.reason);
    }
    if (suspension.over || process.exiting !== undefined) {
      return;
    }
  }
}

function nextFor(process: Process): Promise<unknown> {
  return process.receive(
    (message) => message instanceof SystemMessage || process.isParentsEnd(message),
    undefined,
    true,
  );
}
