import { ProcessExited } from "./errors.ts";
import { LocalCaller } from "./local-caller.ts";
import type { ReplyTo } from "./messages.ts";
import type { Process, SystemMessage } from "./process.ts";
import { Request } from "./request.ts";
import type { Runtime } from "./runtime.ts";
import type { Caller, CallOptions, Target } from "./self.ts";

// The library's own way from a caller to its parts, for what stands beside the core. Not exported from the package.

/** The process that holds a name, or is meant, while it lives; `caller` must not have ended. */
export function lookUp(caller: Caller, target: Target, operation: string): Process | undefined {
  return living(caller, operation).lookUp(target);
}

/** What all processes of a system share. */
export function runtimeOf(caller: Caller, operation: string): Runtime {
  return living(caller, operation).runtime;
}

/** Calls a process itself and not its body. `operation` is the request that errors show. */
export function callProcess(
  caller: Caller,
  target: Target,
  operation: string,
  options: CallOptions | undefined,
  envelope: (from: ReplyTo) => SystemMessage,
): Promise<unknown> {
  const from = living(caller, operation);
  const to = { target, process: from.lookUp(target) };
  return Request.send(from.runtime, from.process, to, operation, options, (process, call) => {
    try {
      process.tell(envelope(call));
    } catch (error) {
      // One that only stands for a process elsewhere cannot be told.
      call.refuse(error as Error);
    }
  });
}

/** The caller, as the library knows it; it must not have ended. */
export function living(caller: Caller, operation: string): LocalCaller {
  if (!(caller instanceof LocalCaller)) {
    throw new TypeError(`Cannot ${operation}: wanted a process's hands or a system, got ${typeof caller}`);
  }
  if (caller.process?.dead) {
    throw new ProcessExited(caller.process.pid, operation);
  }
  return caller;
}
