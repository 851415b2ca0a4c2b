import { StopFailed } from "./errors.ts";
import { Exit } from "./exit-reason.ts";
import type { Caller, Target } from "./self.ts";

/** Stops a process with `shutdown` and waits until it is gone, for whatever reason and since when ever it is: for `await using`. */
export async function shutDown(caller: Caller, target: Target): Promise<void> {
  try {
    await caller.stop(target, { reason: Exit.shutdown });
  } catch (error) {
    if (!(error instanceof StopFailed)) {
      throw error;
    }
  }
}
