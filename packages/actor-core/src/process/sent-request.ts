import { lookUp } from "./caller-parts.ts";
import { Exit, type ExitReason } from "./exit-reason.ts";
import { Call, type ReplyTo } from "./messages.ts";
import type { Pid } from "./pid.ts";
import type { Holding, Process, Watcher } from "./process.ts";
import type { AnswerTo, RequestTo } from "./protocol.ts";
import type { Self, Target, timedOut } from "./self.ts";
import { tie, untie } from "./tie.ts";

/** What came of a request. */
export type Answered<Answer = unknown> =
  | { readonly kind: "reply"; readonly reply: Answer }
  /** Nobody was there, it ended first, or it refused (`crash` with the error it refused with). */
  | { readonly kind: "error"; readonly reason: ExitReason };

/** How long to wait: a time from now, or one on the system's clock. Neither: without limit. */
export type Patience =
  | { readonly timeoutMs?: number; readonly deadlineMs?: never }
  | { readonly deadlineMs: number; readonly timeoutMs?: never };

/** A request that nobody waits for yet. Made by {@link sendRequest}; belongs to the process that made it. */
export interface SentRequest<Answer = unknown> {
  readonly target: Target;
  /** What came of it, if `message` is its answer. */
  check(message: unknown): Answered<Answer> | undefined;
  /** Waits for the answer. When that takes too long, the request goes on and can be waited for again. */
  wait(patience?: Patience): Promise<Answered<Answer> | typeof timedOut>;
  /** As `wait`, but the last attempt: when it takes too long, the request is abandoned. */
  receive(patience?: Patience): Promise<Answered<Answer> | typeof timedOut>;
  /** Loses interest: no answer arrives any more, and one that has arrived is taken out of the mailbox. */
  abandon(): void;
}

/** In the mailbox: a request was answered. Ask its {@link SentRequest.check} what with. */
export class RequestAnswered {
  readonly request: SentRequest;
  readonly outcome: Answered;

  constructor(request: SentRequest, outcome: Answered) {
    this.request = request;
    this.outcome = outcome;
  }
}

/**
 * Asks without waiting. The answer comes as a message, in order with all others from the same process, which a handler
 * recognises by `check`; or it is waited for by `wait` and `receive`.
 *
 * @throws {ProcessExited} The process has ended.
 * @see Erlang/OTP, `gen_server:send_request/2`
 *
 * @example
 * const first = sendRequest(self, database, { find: "Joe" });
 * const second = sendRequest(self, cache, { find: "Joe" });
 * const answers = [await first.receive(), await second.receive({ timeoutMs: 100 })];
 */
export function sendRequest<M, const Q extends RequestTo<M>>(
  self: Self,
  target: Target<M>,
  request: Q,
): SentRequest<AnswerTo<M, Q>> {
  const owner = lookUp(self, self.pid, "send a request") as Process;
  const process = lookUp(self, target, "send a request");
  const sent = new RequestMessage(self, owner, { target, process }, request);
  // The type of the one who answers says what it answers.
  return sent as SentRequest<never>;
}

/** Message, reply address and monitor in one object, as a call is; its answer goes to the mailbox. */
class RequestMessage extends Call implements SentRequest, ReplyTo, Watcher, Holding {
  readonly target: Target;
  readonly caller: Pid;
  readonly #self: Self;
  readonly #owner: Process;
  readonly #process: Process | undefined;
  #open = true;
  #outcome: Answered | undefined;

  constructor(
    self: Self,
    owner: Process,
    to: { readonly target: Target; readonly process: Process | undefined },
    request: unknown,
  ) {
    super(request);
    this.#self = self;
    this.#owner = owner;
    this.#process = to.process;
    this.target = to.target;
    this.caller = owner.pid;
    if (to.process === undefined || to.process === owner) {
      this.targetEnded(to.process === undefined ? Exit.noproc : Exit.callingSelf);
    } else {
      tie(this, to.process, owner);
      to.process.deliver(this, owner);
    }
  }

  get from(): ReplyTo {
    return this;
  }

  reply(value: unknown): void {
    this.#answer({ kind: "reply", reply: value });
  }

  refuse(error: Error): void {
    this.#answer({ kind: "error", reason: Exit.crash(error) });
  }

  targetEnded(reason: ExitReason): void {
    this.#answer({ kind: "error", reason });
  }

  ownerEnded(): void {
    this.#close();
  }

  check(message: unknown): Answered | undefined {
    if (message instanceof RequestAnswered && message.request === this) {
      this.#outcome = message.outcome;
      return message.outcome;
    }
    return undefined;
  }

  async wait(patience?: Patience): Promise<Answered | typeof timedOut> {
    if (this.#outcome !== undefined) {
      return this.#outcome;
    }
    const message = await receiveAnswer(this.#self, (request) => request === this, patience);
    return message instanceof RequestAnswered ? (this.#outcome = message.outcome) : message;
  }

  async receive(patience?: Patience): Promise<Answered | typeof timedOut> {
    const outcome = await this.wait(patience);
    if (typeof outcome === "symbol") {
      this.abandon();
    }
    return outcome;
  }

  abandon(): void {
    this.#close();
    this.#owner.discard((message) => message instanceof RequestAnswered && message.request === this);
  }

  #answer(outcome: Answered): void {
    if (this.#open) {
      this.#close();
      this.#owner.deliver(new RequestAnswered(this, outcome), this.#process);
    }
  }

  #close(): void {
    this.#open = false;
    untie(this, this.#process, this.#owner);
  }
}

/** Takes the oldest answer to one of the wanted requests. */
export function receiveAnswer(
  self: Self,
  wanted: (request: SentRequest) => boolean,
  patience: Patience = {},
): Promise<RequestAnswered | typeof timedOut> {
  const match = (message: unknown): message is RequestAnswered =>
    message instanceof RequestAnswered && wanted(message.request);
  const { deadlineMs } = patience;
  const timeoutMs = deadlineMs === undefined ? patience.timeoutMs : Math.max(0, deadlineMs - self.nowMs());
  return timeoutMs === undefined ? self.receive(match) : self.receive(match, { timeoutMs });
}
