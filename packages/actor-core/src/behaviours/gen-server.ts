import { CallbackHandler } from "../process/callback-handler.ts";
import { MissingCallback } from "../process/errors.ts";
import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { Call, Cast, OwnMessage, type ReplyTo } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { processOf } from "../process/process.ts";
import type { Naming } from "../process/process-name.ts";
import { reportUnexpected } from "../process/report-unexpected.ts";
import type {
  Awaitable,
  Caller,
  CodeChange,
  InitOutcome,
  ProcessHandler,
  Self,
  StartOptions,
  StartResult,
} from "../process/self.ts";
import { andThen, isThenable } from "../process/thenable.ts";
import type { Timer } from "../process/timers.ts";
import { Unwind } from "../process/unwind.ts";
import type { MessagesOf } from "./gen-server-protocol.ts";
import {
  type After,
  type CallResult,
  type CastResult,
  type InitResult,
  idleTimeout,
  isServerResult,
  type Stop,
  type StopReply,
} from "./server-result.ts";

/**
 * A server in the manner of OTP's `gen_server`: callbacks from message and state to a decision and the next state.
 *
 * One message is handled at a time, also across `await`. A throw is a crash, whatever is thrown: `terminate` gets the
 * state from before that message, and everyone who waits for an answer hears the reason at once. There is no
 * hibernation: JavaScript has no heap per process to shrink.
 */
export interface GenServer<State, Args extends readonly unknown[] = readonly []> {
  init(self: Self, ...args: Args): Awaitable<InitResult<State>>;
  /** Without it a call crashes the server. */
  handleCall?(request: unknown, from: ReplyTo, state: State, self: Self): Awaitable<CallResult<State>>;
  /** Without it a cast crashes the server. */
  handleCast?(request: unknown, state: State, self: Self): Awaitable<CastResult<State>>;
  /** All other messages. Without it they are reported and dropped. */
  handleInfo?(message: unknown, state: State, self: Self): Awaitable<CastResult<State>>;
  /** What `continueWith` asked for; runs before any message. Without it the server crashes. */
  handleContinue?(value: unknown, state: State, self: Self): Awaitable<CastResult<State>>;
  /**
   * Runs when the server ends by its own decision or crash, by `stop`, or by its parent's end while it traps exits. Not
   * when a signal ends it. The name is held and nobody has heard of the end until it has settled.
   */
  terminate?(reason: ExitReason, state: State, self: Self): Awaitable<void>;
  /** What people see in place of the state: in `sys.status` and in crash reports. */
  formatState?(state: State): unknown;
  /**
   * Turns a state into one for these callbacks, for `sys.changeCode`. Without it new callbacks take the state as it is.
   *
   * @throws Whatever it likes: code and state then stay as they were.
   */
  codeChange?(change: CodeChange, state: unknown): Awaitable<State>;
  /** For behaviours built on this one: makes callbacks of what `sys.changeCode` was given as `to`. Default: it is them. */
  replacedBy?(to: unknown): GenServer<State, Args>;
}

/**
 * Starts a server and waits for its `init`. What its callbacks say they take and answer is what its pid takes and
 * answers; annotate their first parameters.
 *
 * @example
 * const result = await startGenServer(
 *   system,
 *   {
 *     init: (_self, count: number) => started(count),
 *     handleCall: (_question: "next", _from, count) => reply(count + 1, count + 1),
 *   },
 *   [41],
 *   { name: "counter" },
 * );
 * if (result.kind === "ok") {
 *   const next = await system.call(result.pid, "next"); // 42, and known to be a number
 * }
 */
export function startGenServer<State, Args extends readonly unknown[], Callbacks extends object, N extends string>(
  caller: Caller,
  // The intersection gives `state` its type; the parameter keeps the exact callbacks.
  server: GenServer<State, Args> & Callbacks,
  args: NoInfer<Args>,
  options?: StartOptions<N> & Naming<N, MessagesOf<Callbacks>>,
): Promise<StartResult<Pid<MessagesOf<Callbacks>>>> {
  // Inside, one handler serves all: what the callbacks take is known to the signature alone.
  return caller.start<unknown, string>(new GenServerHandler(server, args), options);
}

type CallbackName = "handleCall" | "handleCast" | "handleInfo" | "handleContinue";

/** The loop around the callbacks. */
class GenServerHandler<State, Args extends readonly unknown[]>
  extends CallbackHandler<GenServer<State, Args>>
  implements ProcessHandler
{
  /** Let go by `init`. */
  #args: Args | undefined;
  #state: State | undefined;
  #idle: { readonly timer: Timer; readonly message: IdleMessage } | undefined;

  constructor(server: GenServer<State, Args>, args: Args) {
    super(server);
    this.#args = args;
  }

  init(self: Self): Awaitable<InitOutcome | undefined> {
    const args = this.#args as Args;
    this.#args = undefined;
    return andThen(this.callbacks.init(self, ...args), (result) => this.#initialised(result, self));
  }

  #initialised(result: InitResult<State>, self: Self): Awaitable<InitOutcome | undefined> {
    if (!isServerResult(result)) {
      return { kind: "stop", reason: Exit.badReturn("init", result) };
    }
    if (result.kind === "started") {
      return this.#goOn(result, self);
    }
    // The process refuses what is no outcome of an init.
    return result;
  }

  handle(message: unknown, self: Self): Awaitable<void> {
    const idle = this.#idle;
    if (idle) {
      this.#idle = undefined;
      idle.timer.cancel();
    }
    if (message instanceof Call) {
      return this.#run("handleCall", message.request, self, message.from);
    }
    if (message instanceof Cast) {
      return this.#run("handleCast", message.request, self);
    }
    if (message instanceof IdleMessage) {
      // One that another message has overtaken was cancelled too late.
      return message === idle?.message ? this.#run("handleInfo", idleTimeout, self) : undefined;
    }
    if (!this.callbacks.handleInfo) {
      reportUnexpected(self, message);
      return;
    }
    return this.#run("handleInfo", message, self);
  }

  getState(): unknown {
    return this.#state;
  }

  replaceState(state: unknown): void {
    this.#state = state as State;
  }

  formatState(): unknown {
    const state = this.#state as State;
    return this.callbacks.formatState ? this.callbacks.formatState(state) : state;
  }

  /** @param from Who is to be answered, when that is somebody. */
  #run(name: CallbackName, input: unknown, self: Self, from?: ReplyTo): Awaitable<void> {
    const server = this.callbacks;
    const state = this.#state as State;
    let result: Awaitable<unknown>;
    try {
      // Written out: a callback that is called as a method is compiled into its caller.
      result =
        name === "handleCall"
          ? server.handleCall?.(input, from as ReplyTo, state, self)
          : name === "handleCast"
            ? server.handleCast?.(input, state, self)
            : name === "handleInfo"
              ? server.handleInfo?.(input, state, self)
              : server.handleContinue?.(input, state, self);
      if (result === undefined && server[name] === undefined) {
        throw new MissingCallback(name);
      }
      if (isThenable(result)) {
        return Promise.resolve(result).then(
          // What settles after the end of the server has no effect.
          (settled) => (self.isAlive(self.pid) ? this.#apply(name, settled, from, self) : undefined),
          (error) => this.#crash(error, self),
        );
      }
    } catch (error) {
      return this.#crash(error, self);
    }
    return this.#apply(name, result, from, self);
  }

  #apply(callback: string, result: unknown, from: ReplyTo | undefined, self: Self): Awaitable<void> {
    if (isServerResult(result)) {
      switch (result.kind) {
        case "reply":
          if (!from) break;
          from.reply(result.reply);
          return this.#goOn(result, self);
        case "noReply":
          return this.#goOn(result, self);
        case "stopReply":
          if (!from) break;
          from.reply(result.reply);
          return this.#stopWith(result, self);
        case "stop":
          return this.#stopWith(result, self);
      }
    }
    return this.#end(Exit.badReturn(callback, result), self);
  }

  #stopWith(result: Stop<unknown> | StopReply<unknown, unknown>, self: Self): Awaitable<void> {
    if ("state" in result) {
      this.#state = result.state as State;
    }
    return this.#end(result.reason, self);
  }

  #goOn({ state, after }: { readonly state: unknown; readonly after: After | undefined }, self: Self): undefined {
    this.#state = state as State;
    if (after?.kind === "continue") {
      processOf(self.pid)?.actNext(() => this.#run("handleContinue", after.value, self));
    } else if (after) {
      const message = new IdleMessage();
      this.#idle = { message, timer: self.sendAfter(after.afterMs, self.pid, message) };
    }
  }

  #crash(error: unknown, self: Self): Awaitable<void> {
    return this.#end(error instanceof Unwind ? error.reason : Exit.crash(error), self);
  }

  /** Ends the server with its turn; one that has ended already stays as it is. */
  #end(reason: ExitReason, self: Self): Awaitable<void> {
    return processOf(self.pid)?.stop(reason);
  }

  stop(reason: ExitReason, self: Self): Awaitable<void> {
    this.#idle?.timer.cancel();
    return this.callbacks.terminate?.(reason, this.#state as State, self);
  }
}

/** In the mailbox: no message came for as long as the server wanted to know. */
class IdleMessage extends OwnMessage {}
