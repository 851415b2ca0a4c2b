import { CallFailed } from "./errors.ts";
import { Exit, type ExitReason } from "./exit-reason.ts";
import { Call, type ReplyTo } from "./messages.ts";
import type { Pid } from "./pid.ts";
import { type Process, processOf, type Watcher } from "./process.ts";
import { tie, untie } from "./tie.ts";

/**
 * A call that was handed on: its caller gets the other process's answer, and hears of its end as if it had asked that one.
 */
export class ForwardedCall extends Call implements ReplyTo, Watcher {
  readonly #from: ReplyTo;
  readonly #to: Pid;
  #process: Process | undefined;

  private constructor(call: Call, to: Pid) {
    super(call.request);
    this.#from = call.from;
    this.#to = to;
    this.#process = processOf(to);
  }

  static send(call: Call, to: Pid): void {
    const forwarded = new ForwardedCall(call, to);
    const process = forwarded.#process;
    if (process === undefined) {
      forwarded.targetEnded(Exit.noproc);
    } else {
      tie(forwarded, process);
      process.deliver(forwarded);
    }
  }

  get from(): ReplyTo {
    return this;
  }

  get caller(): Pid | undefined {
    return this.#from.caller;
  }

  reply(value: unknown): void {
    this.#close();
    this.#from.reply(value);
  }

  refuse(error: Error): void {
    this.#close();
    this.#from.refuse(error);
  }

  targetEnded(reason: ExitReason): void {
    const { request } = this;
    this.#from.refuse(new CallFailed({ reason, target: this.#to, request, timeoutMs: Number.POSITIVE_INFINITY }));
  }

  #close(): void {
    untie(this, this.#process);
    this.#process = undefined;
  }
}
