import type { ExitReason } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";
import type { Via } from "./via.ts";

// Classes and not tagged records: a message from a stranger can imitate any record, but not be an instance.

/** What a trapping process gets in place of an exit signal. */
export class Exited {
  /** Undefined when the signal came from outside of all processes. */
  readonly from: Pid | undefined;
  readonly reason: ExitReason;

  constructor(from: Pid | undefined, reason: ExitReason) {
    this.from = from;
    this.reason = reason;
  }
}

/** Identifies one monitor; made by `monitor`. */
export class MonitorRef {
  readonly target: Pid | string | Via;

  constructor(target: Pid | string | Via) {
    this.target = target;
  }
}

/** A monitor has fired; it will not fire again. */
export class Down {
  readonly monitor: MonitorRef;
  /** The pid, or the name when monitored by name. */
  readonly target: Pid | string | Via;
  readonly reason: ExitReason;

  constructor(monitor: MonitorRef, target: Pid | string | Via, reason: ExitReason) {
    this.monitor = monitor;
    this.target = target;
    this.reason = reason;
  }
}

/** Where an answer goes. Opaque; may be kept, and handed to another process that answers. */
export interface ReplyTo {
  /** Who asked; undefined when the call came from outside of all processes. */
  readonly caller: Pid | undefined;
  /** Answers, at once and from wherever it is called. Only the first answer counts; one that comes too late is dropped. */
  reply(value: unknown): void;
  /** Makes the call reject with `error` instead. The server goes on; to fail by crashing, throw. */
  refuse(error: Error): void;
}

/** A question that awaits an answer by `call.from.reply(value)`. */
export abstract class Call {
  abstract readonly from: ReplyTo;
  readonly request: unknown;

  constructor(request: unknown) {
    this.request = request;
  }
}

/** A request without an answer. */
export class Cast {
  readonly request: unknown;

  constructor(request: unknown) {
    this.request = request;
  }
}
