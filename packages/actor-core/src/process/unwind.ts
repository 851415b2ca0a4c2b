import type { ExitReason } from "./exit-reason.ts";

/**
 * What `self.exit` throws. No `Error`: making a stack costs more than a whole process, and nobody reads this one.
 * The process ends with its reason even when the throw is swallowed.
 */
export class Unwind {
  readonly reason: ExitReason;

  constructor(reason: ExitReason) {
    this.reason = reason;
  }
}
