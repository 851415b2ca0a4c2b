import { defer } from "../process/deferred.ts";
import type { Pid } from "../process/pid.ts";
import type { ActorSystem, Self } from "../process/self.ts";

/** A process that a test acts through: it keeps what it is sent and does nothing by itself. */
export interface Probe {
  readonly pid: Pid;
  /** Act by these hands. What their `receive` takes is not among `messages`. */
  readonly self: Self;
  /** All messages so far, oldest first; `Exited` too when it traps exits. */
  readonly messages: readonly unknown[];
}

/** Starts a probe. */
export async function startProbe(system: ActorSystem, options?: { readonly trapExit?: boolean }): Promise<Probe> {
  const messages: unknown[] = [];
  const { promise, resolve } = defer<Self>();
  const pid = system.spawn({
    init(self) {
      self.trapExit(options?.trapExit === true);
      resolve(self);
    },
    handle(message) {
      messages.push(message);
    },
  });
  return { pid, self: await promise, messages };
}
