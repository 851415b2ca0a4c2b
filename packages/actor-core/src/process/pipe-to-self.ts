import { lookUp } from "./caller-parts.ts";
import { Exit } from "./exit-reason.ts";
import type { Process } from "./process.ts";
import type { Self } from "./self.ts";

/**
 * Turns a promise into a message to its own process once it has settled, so that a handler need not wait for it. When the
 * process has ended by then, nothing happens.
 *
 * @param toMessage Makes the message. Runs when the promise has settled, outside of the process's turns, so it must not
 * touch state. What it throws is a crash of the process.
 * @throws {ProcessExited} The process has ended already.
 * @see Pekko, `ActorContext.pipeToSelf`
 *
 * @example
 * pipeToSelf(self, fetch(url), (result) =>
 *   result.status === "fulfilled" ? { kind: "fetched", body: result.value } : { kind: "failed", error: result.reason },
 * );
 */
export function pipeToSelf<M, T>(
  self: Self<M>,
  promise: PromiseLike<T>,
  toMessage: (result: PromiseSettledResult<T>) => NoInfer<M>,
): void {
  const process = lookUp(self, self.pid, "pipe a promise") as Process;
  const settle = (result: PromiseSettledResult<T>): void => {
    if (process.dead) {
      return;
    }
    try {
      process.deliver(toMessage(result), process);
    } catch (error) {
      process.end(Exit.crash(error), true);
    }
  };
  Promise.resolve(promise).then(
    (value) => settle({ status: "fulfilled", value }),
    (reason: unknown) => settle({ status: "rejected", reason }),
  );
}
