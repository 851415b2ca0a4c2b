import type { ExitReason } from "../process/exit-reason.ts";
import { Call, type ReplyTo } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import type { Watcher } from "../process/process.ts";

/** Where the answer to a call from another node goes. */
export interface AnswerLine {
  /** Each throws when the value cannot cross, and does nothing when nobody waits any more. */
  reply(id: number, value: unknown): void;
  refuse(id: number, error: Error): void;
  fail(id: number, reason: ExitReason): void;
}

/** A call that came from another node, as the process sees it that answers. */
export class ServedCall extends Call implements ReplyTo, Watcher {
  readonly caller: Pid | undefined;
  readonly #line: AnswerLine;
  readonly #id: number;

  constructor(request: unknown, caller: Pid | undefined, line: AnswerLine, id: number) {
    super(request);
    this.caller = caller;
    this.#line = line;
    this.#id = id;
  }

  get from(): ReplyTo {
    return this;
  }

  reply(value: unknown): void {
    this.#line.reply(this.#id, value);
  }

  refuse(error: Error): void {
    this.#line.refuse(this.#id, error);
  }

  targetEnded(reason: ExitReason): void {
    this.#line.fail(this.#id, reason);
  }
}
