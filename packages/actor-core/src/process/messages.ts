import type { ExitReason } from "./exit-reason.ts";
import type { Pid } from "./pid.ts";
import type { Takes } from "./takes.ts";
import type { Via } from "./via.ts";

// Classes and not tagged records: a message from a stranger can imitate any record, but not be an instance.

/** As with a `Down`, somebody waits for it and for nothing else, so no bounded mailbox may drop it. */
export abstract class Signal {}

/** What a trapping process gets in place of an exit signal. */
export class Exited extends Signal {
  /** Undefined when the signal came from outside of all processes. */
  readonly from: Pid | undefined;
  readonly reason: ExitReason;

  constructor(from: Pid | undefined, reason: ExitReason) {
    super();
    this.from = from;
    this.reason = reason;
  }
}

/**
 * Identifies one monitor; made by `monitor`. With `using` it ends with its block, and its `Down` is taken out of the
 * mailbox if it is there by then.
 */
export abstract class MonitorRef<out T extends Pid | string | Via = Pid | string | Via> implements Disposable {
  readonly target: T;

  constructor(target: T) {
    this.target = target;
  }

  abstract [Symbol.dispose](): void;
}

/** A monitor has fired; it will not fire again. */
export class Down<out T extends Pid | string | Via = Pid | string | Via> {
  readonly monitor: MonitorRef<T>;
  /** The pid, or the name when monitored by name. */
  readonly target: T;
  readonly reason: ExitReason;

  constructor(monitor: MonitorRef<T>, target: T, reason: ExitReason) {
    this.monitor = monitor;
    this.target = target;
    this.reason = reason;
  }
}

/** Where an answer goes: an `Answer`. Opaque; may be kept, and handed to another process that answers. */
export type ReplyTo<Answer = unknown> = ReplyAddress<Takes<Answer>>;

/** The interface of all reply addresses; its parameter is what takes the answer. */
export interface ReplyAddress<out T> {
  /** Who asked; undefined when the call came from outside of all processes. */
  readonly caller: Pid | undefined;
  /** Answers, at once and from wherever it is called. Only the first answer counts; one that comes too late is dropped. */
  readonly reply: T;
  /** Makes the call reject with `error` instead. The server goes on; to fail by crashing, throw. */
  refuse(error: Error): void;
}

/** A question that awaits an answer by `call.from.reply(value)`. */
export abstract class Call<Request = unknown, Answer = unknown> {
  abstract readonly from: ReplyTo<Answer>;
  readonly request: Request;

  constructor(request: Request) {
    this.request = request;
  }
}

/** What a behaviour tells itself through its mailbox, such as that a time is over. Shown to nobody. */
export abstract class OwnMessage extends Signal {}

/** A request without an answer. */
export class Cast<out Request = unknown> {
  readonly request: Request;

  constructor(request: Request) {
    this.request = request;
  }
}
