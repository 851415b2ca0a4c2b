import { lookUp } from "./caller-parts.ts";
import { Exit } from "./exit-reason.ts";
import type { Process } from "./process.ts";
import type { Self } from "./self.ts";
import { Unwind } from "./unwind.ts";

/**
 * Makes a promise that nobody awaits a part of its process: when it rejects, the process crashes with what it was
 * rejected with, at once, as by a signal that cannot be trapped. Without this such a promise is an unhandled rejection of
 * the whole program.
 *
 * @throws {ProcessExited} The process has ended already.
 *
 * @example
 * adopt(self, writeAuditLog(entry));
 */
export function adopt(self: Self, promise: PromiseLike<unknown>): void {
  const process = lookUp(self, self.pid, "adopt a promise") as Process;
  Promise.resolve(promise).then(undefined, (error: unknown) => {
    process.end(error instanceof Unwind ? error.reason : Exit.crash(error), true);
  });
}
