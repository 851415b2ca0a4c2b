import { describeExit, type ExitReason } from "../process/exit-reason.ts";

/**
 * The `detail` of the `shutdown` a supervisor ends with when its restart intensity is spent.
 *
 * @example
 * const reason = await system.exited(supervisor);
 * if (reason.kind === "shutdown" && reason.detail instanceof GaveUp) markFailed(reason.detail.reason);
 */
export class GaveUp {
  /** The child whose restart was one too many. */
  declare readonly childId: string;
  /** Why that child ended the last time, or could not be started. */
  declare readonly reason: ExitReason;
  /** Restarts within the period, the refused one included. */
  declare readonly restarts: number;

  constructor(facts: { childId: string; reason: ExitReason; restarts: number }) {
    Object.assign(this, facts);
  }

  toJSON(): string {
    return `gave up child "${this.childId}": ${describeExit(this.reason)}`;
  }
}

/** The `detail` of the `shutdown` a supervisor ends with when one of its first children does not start. */
export class FailedToStartChild {
  readonly childId: string;
  readonly reason: ExitReason;

  constructor(childId: string, reason: ExitReason) {
    this.childId = childId;
    this.reason = reason;
  }

  toJSON(): string {
    return `failed to start child "${this.childId}": ${describeExit(this.reason)}`;
  }
}
