/** Why a service ended or did not start. */
export interface Cause {
  readonly kind: CauseKind;
  /** A sentence for people. */
  readonly message: string;
  readonly location?: SourceLocation;
  /** The guest's stack or last words, at most 4 KB. */
  readonly detail?: string;
  /** The limit that ended it, when one did. */
  readonly limit?: ReachedLimit;
  /** How it stood still, when it was ended for that. */
  readonly stall?: Stall;
}

/**
 * Why a service that has messages is not done with any.
 *
 * - `loop`: it uses processor time, and its event loop does not turn.
 * - `microtasks`: the same behind a handler that has returned a promise.
 * - `await`: its event loop turns and it uses nothing: it waits for what does not come.
 * - `busy`: its event loop turns and it uses processor time.
 * - `blocked`: it neither answers nor uses processor time.
 */
export type Stall = "loop" | "microtasks" | "await" | "busy" | "blocked";

/** A limit, by its name on the wire, and how far it was used when it was reached. */
export interface ReachedLimit {
  readonly name: string;
  readonly used: number;
  readonly allowed: number;
}

export type CauseKind =
  /** The artifact is not what it says: a wrong hash, a program that cannot be executed here, an archive that is refused. */
  | "artifact"
  /** The artifact needs something of the host that its operator has not allowed. */
  | "not_allowed"
  /** The disk of the data folder had no room for the files of its program. */
  | "disk_full"
  /** Its contract wants other arguments for `init` than its manifest has. */
  | "arguments"
  /** The source does not compile. */
  | "compile"
  /** The top level of the source, or `init`, threw, or the default export is no server. */
  | "init"
  /** `init` had not returned in time. */
  | "start_timeout"
  /** A handler threw, or an unhandled error ended the guest. */
  | "crash"
  /** Over its memory limit. */
  | "oom"
  /** Over the processor time of one message; `stall` says how it was spent. */
  | "cpu"
  /** Has messages and was not done with any for too long; `stall` says why. */
  | "stalled"
  /** Over another limit whose action is `kill`; `limit` names it. */
  | "limit"
  /** Ended by a signal from outside the kernel. */
  | "signal"
  /** Its process exited by itself. */
  | "exit"
  /** Spoke what no guest of ours speaks. */
  | "protocol"
  /** A handler returned `stop`; not abnormal when its reason is `normal` or `shutdown`. */
  | "stop"
  /** Ended by `Kill`. */
  | "kill"
  /** Ended by the kernel, which ran out of something that all services share. */
  | "shed"
  /** The kernel's own fault, such as no process could be started. */
  | "server";

/** Line and column are counted from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
