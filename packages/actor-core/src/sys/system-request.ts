import { callProcess } from "../process/caller-parts.ts";
import { ActorError } from "../process/errors.ts";
import { describeValue } from "../process/exit-reason.ts";
import type { ReplyTo } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { type Process, SystemMessage } from "../process/process.ts";
import type { Awaitable, Caller, CallOptions, ProcessHandler, Target } from "../process/self.ts";

/** A process, between two of its messages. */
export interface Inspected {
  readonly process: Process;
  readonly handler: ProcessHandler;
  /** Present while it is suspended. */
  readonly suspension: Suspension | undefined;
}

/** The time in which a process handles nothing but system messages. */
export interface Suspension {
  over: boolean;
}

/** What a request came to. */
export interface Outcome<Answer> {
  readonly answer: Answer;
  /** What the process does once the asker has the answer. What it throws is a crash. */
  readonly afterwards?: () => Awaitable<void>;
}

/**
 * Asks a process itself, in the order of its mailbox.
 *
 * @throws {CallFailed} No such process (`noproc`), it ended first, or it did not get there in time (`timeout`), as when it
 * is in the middle of a message, or a script. What was asked is done all the same when it does.
 * @throws {SystemRequestFailed} What was asked could not be done.
 */
export async function askProcess<Answer>(
  caller: Caller,
  target: Target,
  operation: string,
  options: CallOptions | undefined,
  carryOut: (inspected: Inspected) => Awaitable<Outcome<Answer>>,
): Promise<Answer> {
  const answer = callProcess(
    caller,
    target,
    operation,
    options,
    (from) => new SystemRequest(operation, from, carryOut),
  );
  // What `carryOut` makes is what is answered.
  return (await answer) as Answer;
}

/** In the mailbox: a question of {@link askProcess}. */
export class SystemRequest extends SystemMessage {
  readonly #operation: string;
  readonly #from: ReplyTo;
  readonly #carryOut: (inspected: Inspected) => Awaitable<Outcome<unknown>>;

  constructor(operation: string, from: ReplyTo, carryOut: (inspected: Inspected) => Awaitable<Outcome<unknown>>) {
    super();
    this.#operation = operation;
    this.#from = from;
    this.#carryOut = carryOut;
  }

  handledBy(process: Process, handler: ProcessHandler): Promise<void> {
    return this.handledIn({ process, handler, suspension: undefined });
  }

  async handledIn(inspected: Inspected): Promise<void> {
    let outcome: Outcome<unknown>;
    try {
      outcome = await this.#carryOut(inspected);
    } catch (error) {
      this.#from.refuse(new SystemRequestFailed(this.#operation, inspected.process.pid, error));
      return;
    }
    this.#from.reply(outcome.answer);
    await outcome.afterwards?.();
  }
}

/** A process was asked for something through `sys` that failed or that its behaviour cannot do; `cause` says what. */
export class SystemRequestFailed extends ActorError {
  override readonly code = "ACTOR_SYSTEM_REQUEST_FAILED";
  readonly operation: string;
  readonly pid: Pid;

  constructor(operation: string, pid: Pid, cause: unknown) {
    super(`Cannot ${operation} of ${pid}: ${describeValue(cause)}`, { cause });
    this.operation = operation;
    this.pid = pid;
  }
}
