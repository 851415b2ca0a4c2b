import { type Deferred, defer } from "./deferred.ts";
import { CallFailed, ProcessExited } from "./errors.ts";
import { Exit, type ExitReason } from "./exit-reason.ts";
import { Call, type ReplyTo } from "./messages.ts";
import { onAbort } from "./on-abort.ts";
import type { Pid } from "./pid.ts";
import { type Holding, type Process, rejectQuietly, type Watcher } from "./process.ts";
import type { Runtime } from "./runtime.ts";
import type { CallOptions, Target } from "./self.ts";
import { tie, untie } from "./tie.ts";
import { checkDelay, type Deadline } from "./timers.ts";
import { UNLIMITED } from "./unlimited.ts";

/** What a call waits when nothing else is said, in milliseconds. */
export const DEFAULT_CALL_TIMEOUT_MS = 5_000;

/**
 * One call under way: message, reply address, monitor and deadline in one object, as a call is made of little else.
 *
 * The answer goes to a promise and not through the mailbox, so a late one has nowhere to arrive and a long mailbox costs
 * a caller nothing.
 */
export class Request extends Call implements ReplyTo, Watcher, Holding {
  readonly caller: Pid | undefined;
  readonly #target: Target;
  readonly #timeoutMs: number;
  #owner: Process | undefined;
  #process: Process | undefined;
  #deadline: Deadline | undefined;
  #pending: Deferred<unknown> | undefined = defer<unknown>();
  /** Present while an abort signal is listened to. */
  #ignoreSignal: (() => void) | undefined;

  private constructor(target: Target, request: unknown, timeoutMs: number, owner: Process | undefined) {
    super(request);
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    this.#owner = owner;
    this.caller = owner?.pid;
  }

  /**
   * @param hand Hands the call over; without it the body gets it as a message.
   * @returns The answer.
   */
  static send(
    runtime: Runtime,
    owner: Process | undefined,
    to: { readonly target: Target; readonly process: Process | undefined },
    request: unknown,
    options: CallOptions | undefined,
    hand?: (process: Process, call: ReplyTo) => void,
  ): Promise<unknown> {
    const timeoutMs = options?.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
    if (timeoutMs !== UNLIMITED) {
      checkDelay("call timeout", timeoutMs);
    }
    const call = new Request(to.target, request, timeoutMs, owner);
    const promise = (call.#pending as Deferred<unknown>).promise;
    const process = to.process;
    const signal = options?.signal;
    if (!process || process === owner || signal?.aborted) {
      runtime.paced(() =>
        call.#fail(!process ? Exit.noproc : process === owner ? Exit.callingSelf : Exit.aborted(signal?.reason)),
      );
      return promise;
    }
    call.#process = process;
    tie(call, process, owner);
    if (timeoutMs !== UNLIMITED) {
      call.#deadline = runtime.timers.after(timeoutMs, () => call.#fail(Exit.timeout));
    }
    if (signal) {
      call.#ignoreSignal = onAbort(signal, () => call.#fail(Exit.aborted(signal.reason)));
    }
    if (!hand) {
      process.deliver(call, owner);
    } else {
      hand(process, call);
    }
    return promise;
  }

  get from(): ReplyTo {
    return this;
  }

  reply(value: unknown): void {
    this.#answer("resolve", value);
  }

  refuse(error: Error): void {
    this.#answer("reject", error);
  }

  #answer(how: "resolve" | "reject", value: unknown): void {
    const pending = this.#close();
    if (!pending) {
      this.#process?.runtime.deadLetters?.lose("late-reply", value, this.#process, this.caller);
    } else {
      pending[how](value);
    }
  }

  targetEnded(reason: ExitReason): void {
    this.#fail(reason);
  }

  ownerEnded(): void {
    const pending = this.#close();
    if (pending) {
      rejectQuietly(pending, new ProcessExited(this.caller as Pid, "call"));
    }
  }

  #fail(reason: ExitReason): void {
    this.#close()?.reject(
      new CallFailed({ reason, target: this.#target, request: this.request, timeoutMs: this.#timeoutMs }),
    );
  }

  /** The first to close answers; nothing of the call is left anywhere. */
  #close(): Deferred<unknown> | undefined {
    const pending = this.#pending;
    if (pending) {
      this.#pending = undefined;
      untie(this, this.#process, this.#owner);
      this.#deadline?.clear();
      this.#ignoreSignal?.();
    }
    return pending;
  }
}
