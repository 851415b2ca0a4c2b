import { Exit, type ExitReason } from "./exit-reason.ts";
import { Wait } from "./wait.ts";

/** Waits for the end of a process, whatever its reason; `timeout` when it has not come in time. */
export class EndOf extends Wait<ExitReason> {
  targetEnded(reason: ExitReason): void {
    this.settle(reason);
  }

  protected timeOut(): void {
    this.settle(Exit.timeout);
  }
}
