import { MissingCallback, StartFailed, UnknownMethod } from "../process/errors.ts";
import { describeValue, Exit, type ExitReason } from "../process/exit-reason.ts";
import type { HostSignal } from "../process/host-signal.ts";
import type { ReplyTo } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import type { LogLevel } from "../process/report.ts";
import { reportUnexpected } from "../process/report-unexpected.ts";
import { DEFAULT_CALL_TIMEOUT_MS } from "../process/request.ts";
import type {
  Awaitable,
  Caller,
  CallOptions,
  CodeChange,
  Self,
  StartOptions,
  StartResult,
  StopOptions,
  Target,
} from "../process/self.ts";
import { shutDown } from "../process/shut-down.ts";
import { andThen } from "../process/thenable.ts";
import { type CallTurn, type Ctx, type Drivers, isServer, type Server, type Turn } from "./define-server.ts";
import { type GenServer, startGenServer } from "./gen-server.ts";
import { MAX_ARGUMENTS, MethodMessage, methodOf, ownMethod, tooManyArguments } from "./method-message.ts";
import {
  type CallResult,
  type CastResult,
  type InitResult,
  isServerResult,
  noReply,
  started,
} from "./server-result.ts";

/** Where a running server's `ctx.call`, `ctx.cast` and `ctx.log` lead. Each home of a server brings its own. */
export interface ServerEnvironment {
  call(self: Self, message: ServiceMessage): Promise<unknown>;
  cast(self: Self, message: ServiceMessage): void;
  /** @param trace W3C's `traceparent` of the message being handled. */
  log(self: Self, level: LogLevel, values: readonly unknown[], trace: string | undefined): void;
  /**
   * Puts into `ctx` what the home gives beside these, see `Drivers`, and takes from it what the home does not give. Before `init`.
   *
   * @param asking Makes what `ctx.call` would send: within the time, and the trace, of the turn that is under way then.
   */
  equip?(
    self: Self,
    ctx: object,
    asking: (service: string, method: string, args: readonly unknown[]) => ServiceMessage,
  ): void;
}

/** A method of another service, by names. */
export interface ServiceMessage {
  readonly service: string;
  readonly method: string;
  readonly args: readonly unknown[];
  /** What is left of the time that the call being handled was given; undefined when no call with a deadline is. */
  readonly remainingMs?: number;
  /** W3C's `traceparent` of the message being handled; undefined when it has none. */
  readonly trace?: string;
}

/** Services are names in the same system, and log lines are reports. */
export const localEnvironment: ServerEnvironment = {
  call: (self, { service, method, args, remainingMs: timeoutMs = DEFAULT_CALL_TIMEOUT_MS, trace }) =>
    self.call(service, new MethodMessage(method, args, self.nowMs() + timeoutMs, { trace }), { timeoutMs }),
  cast: (self, { service, method, args, trace }) =>
    self.cast(service, new MethodMessage(method, args, undefined, { trace })),
  log: (self, level, values) => self.report({ kind: "log", pid: self.pid, label: self.label, level, values }),
};

export interface LaunchOptions<I extends readonly unknown[]> extends StartOptions {
  /** Handed to `init` behind the setup. */
  readonly args: I;
  /** Default: {@link localEnvironment}. */
  readonly environment?: ServerEnvironment;
}

/**
 * Starts a server and gives a typed reference to it. The reference acts for `caller`.
 *
 * @throws {StartFailed} `init` did not succeed; the process is gone.
 */
export async function startServer<S, I extends readonly unknown[], C, K>(
  caller: Caller,
  server: Server<S, I, C, K>,
  ...args: I
): Promise<Ref<C, K>> {
  const result = await launchServer(caller, server, { args });
  if (result.kind !== "ok") {
    throw new StartFailed(result.kind === "error" ? result.reason : Exit.of(result.kind));
  }
  return serverRef(caller, server, result.pid);
}

/** Starts a server as a supervisor or a host does: with options, and with the outcome as a value. */
export function launchServer<S, I extends readonly unknown[], C, K>(
  caller: Caller,
  server: Server<S, I, C, K>,
  options: LaunchOptions<I>,
): Promise<StartResult> {
  const { args, environment = localEnvironment, ...start } = options;
  return startGenServer(caller, new ServerCallbacks<I>(server, environment), args, start);
}

/** The names of a server's methods. */
export function serverMethods(server: { readonly calls: unknown; readonly casts: unknown }): {
  readonly calls: readonly string[];
  readonly casts: readonly string[];
} {
  return { calls: Object.keys(server.calls as object), casts: Object.keys(server.casts as object) };
}

type ArgsOf<F> = F extends (turn: never, ...args: infer A) => unknown ? A : never;
type ReplyOf<F> = F extends (turn: never, ...args: never[]) => infer R ? AnswerIn<Awaited<R>> : never;
type AnswerIn<O> = O extends { readonly kind: "reply" | "noReply" | "stopReply"; readonly reply?: infer V } ? V : never;

/**
 * A running server, as its clients see it. `Holder` is its pid, or whoever holds the name by which it is known. With
 * `await using` it is shut down with its block; nothing happens when it is gone already.
 */
export interface Ref<C, K, Holder extends Pid | undefined = Pid> extends AsyncDisposable {
  readonly pid: Holder;
  /**
   * @throws {CallFailed} It is gone, ended first, or did not answer within 5,000 ms (see {@link Ref.within}).
   * @throws {UnknownMethod} It has no such call; types prevent that.
   */
  call<N extends keyof C & string>(name: N, ...args: ArgsOf<C[N]>): Promise<ReplyOf<C[N]>>;
  /** Never fails when the server is gone. */
  cast<N extends keyof K & string>(name: N, ...args: ArgsOf<K[N]>): void;
  /**
   * `call` for a host that has a name and arguments from elsewhere. Both are checked by nobody but the handler, which finds `lent`
   * in its turn.
   */
  applyCall(
    name: string,
    args: readonly unknown[],
    options?: CallOptions & Traced & { readonly lent?: object },
  ): Promise<unknown>;
  /** @throws {UnknownMethod} It has no such cast. */
  applyCast(name: string, args: readonly unknown[], options?: Traced): void;
  /** The same server with another time limit for calls. */
  within(timeoutMs: number): Ref<C, K, Holder>;
  stop(options?: StopOptions): Promise<void>;
}

/** What a message is part of. */
export interface Traced {
  /** W3C's `traceparent`, which the handler finds as `ctx.trace`. */
  readonly trace?: string | undefined;
}

/** The methods of a server; what a reference to it has to know. */
export interface Methods<C, K> {
  readonly calls: C;
  readonly casts: K;
}

/**
 * A typed reference to a running server: to a process, or to whoever holds a name each time it is used, so that it outlives
 * restarts. Nothing checks that `target` runs this definition.
 */
export function serverRef<C, K>(caller: Caller, server: Methods<C, K>, target: Pid, options?: CallOptions): Ref<C, K>;
export function serverRef<C, K>(
  caller: Caller,
  server: Methods<C, K>,
  target: Target,
  options?: CallOptions,
): Ref<C, K, Pid | undefined>;
export function serverRef<C, K>(
  caller: Caller,
  server: Methods<C, K>,
  target: Target,
  options?: CallOptions,
): Ref<C, K, Pid | undefined> {
  const calls = server.calls as object;
  const casts = server.casts as object;
  const usual = { ...options, timeoutMs: options?.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS };
  // Not async: handing one promise on through another takes as long as the call itself.
  const applyCall: Ref<C, K>["applyCall"] = (name, args, own) => {
    try {
      if (!Object.hasOwn(calls, name)) {
        throw new UnknownMethod("call", name, Object.keys(calls));
      }
      const timeoutMs = own?.timeoutMs ?? usual.timeoutMs;
      const callOptions = own === undefined ? usual : { ...usual, ...own, timeoutMs };
      return caller.call(target, new MethodMessage(name, args, caller.nowMs() + timeoutMs, own), callOptions);
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const applyCast = (name: string, args: readonly unknown[], own?: Traced): void => {
    if (!Object.hasOwn(casts, name)) {
      throw new UnknownMethod("cast", name, Object.keys(casts));
    }
    caller.cast(target, new MethodMessage(name, args, undefined, own));
  };
  return {
    get pid() {
      return caller.whereis(target);
    },
    // The handler's own type says what it answers.
    call: (name, ...args) => applyCall(name, args) as Promise<never>,
    cast: (name, ...args) => applyCast(name, args),
    applyCall,
    applyCast,
    within: (timeoutMs) => serverRef(caller, server, target, { ...options, timeoutMs }),
    stop: (stopOptions) => caller.stop(target, stopOptions),
    [Symbol.asyncDispose]: () => shutDown(caller, target),
  };
}

type Handler = (turn: Turn<unknown>, ...args: readonly unknown[]) => Awaitable<unknown>;

/** A definition seen as GenServer callbacks. */
class ServerCallbacks<I extends readonly unknown[]> implements GenServer<unknown, I> {
  readonly #server: Server<unknown, I, Record<string, Handler>, Record<string, Handler>>;
  readonly #environment: ServerEnvironment;
  #ctx: ServerCtx | undefined;
  /** Of the definition that made the state. */
  readonly #stateVersion: number;

  constructor(server: object, environment: ServerEnvironment, before?: ServerCallbacks<I>) {
    // State and handlers belong together by their definition; from here on only their names matter.
    this.#server = server as Server<unknown, I, Record<string, Handler>, Record<string, Handler>>;
    this.#environment = environment;
    this.#ctx = before === undefined ? undefined : before.#ctx;
    this.#stateVersion = (before === undefined ? this : before).#server.version;
  }

  init(self: Self, ...args: I): Awaitable<InitResult<unknown>> {
    this.#ctx = new ServerCtx(self, this.#environment);
    const result = this.#server.init({ ctx: this.#ctx as ServerCtx & Drivers }, ...args);
    return andThen(result, initResultOf);
  }

  handleCall(request: unknown, from: ReplyTo, state: unknown): Awaitable<CallResult<unknown>> {
    const { calls } = this.#server;
    const handler = request instanceof MethodMessage ? ownMethod(calls, request.method) : undefined;
    if (!(request instanceof MethodMessage) || handler === undefined) {
      // A client's mistake must not crash the server.
      from.refuse(new UnknownMethod("call", methodOf(request), Object.keys(calls)));
      return noReply(state);
    }
    if (request.args.length > MAX_ARGUMENTS) {
      from.refuse(tooManyArguments(request));
      return noReply(state);
    }
    const { lent, deadlineMs, trace } = request;
    const turn = { state, ctx: this.#ctxFor(deadlineMs, trace), from, ...(lent && { lent }) } as CallTurn<unknown>;
    // What it returns is checked by the server loop.
    return handler(turn, ...request.args) as Awaitable<CallResult<unknown>>;
  }

  handleCast(request: unknown, state: unknown, self: Self): Awaitable<CastResult<unknown>> {
    const handler = request instanceof MethodMessage ? ownMethod(this.#server.casts, request.method) : undefined;
    if (!(request instanceof MethodMessage) || handler === undefined || request.args.length > MAX_ARGUMENTS) {
      reportUnexpected(self, request);
      return noReply(state);
    }
    return nextOf(handler(this.#turn(state, request.trace), ...request.args));
  }

  handleInfo(message: unknown, state: unknown, self: Self): Awaitable<CastResult<unknown>> {
    if (this.#server.info === undefined) {
      reportUnexpected(self, message);
      return noReply(state);
    }
    return nextOf(this.#server.info(this.#turn(state), message));
  }

  handleContinue(value: unknown, state: unknown): Awaitable<CastResult<unknown>> {
    if (this.#server.continue === undefined) {
      throw new MissingCallback("continue");
    }
    return nextOf(this.#server.continue(this.#turn(state), value));
  }

  terminate(reason: ExitReason, state: unknown): Awaitable<void> {
    return this.#server.terminate?.(this.#turn(state), reason);
  }

  formatState(state: unknown): unknown {
    return this.#server.formatState === undefined ? state : this.#server.formatState(state);
  }

  replacedBy(to: unknown): ServerCallbacks<I> {
    if (!isServer(to)) {
      throw new TypeError(`Cannot change code: wanted what defineServer makes, got ${describeValue(to)}`);
    }
    return new ServerCallbacks(to, this.#environment, this);
  }

  codeChange({ from = this.#stateVersion }: CodeChange, state: unknown): Awaitable<unknown> {
    const { version, migrate } = this.#server;
    if (from === version) {
      return state;
    }
    if (migrate === undefined) {
      throw new MissingCallback("migrate");
    }
    return migrate(from as number, state);
  }

  #turn(state: unknown, trace?: string): Turn<unknown> {
    return { state, ctx: this.#ctxFor(Number.POSITIVE_INFINITY, trace) };
  }

  /** Begins a turn; until the next one all that the server asks of others is asked within this one's time and trace. */
  #ctxFor(deadlineMs: number, trace: string | undefined): Ctx {
    const ctx = this.#ctx as ServerCtx;
    ctx.deadlineMs = deadlineMs;
    ctx.trace = trace;
    // What its environment puts in, no type here knows.
    return ctx as ServerCtx & Drivers;
  }
}

class ServerCtx {
  readonly self: Self;
  /** Of the call being handled. */
  deadlineMs = Number.POSITIVE_INFINITY;
  trace: string | undefined;
  // Its own, so that a home can take away what a server is not to have.
  readonly log: (...values: readonly unknown[]) => void;
  readonly call: (service: string, method: string, ...args: readonly unknown[]) => Promise<unknown>;
  readonly cast: (service: string, method: string, ...args: readonly unknown[]) => void;

  constructor(self: Self, environment: ServerEnvironment) {
    this.self = self;
    this.log = (...values) => {
      const [first, ...rest] = values;
      const level = rest.length > 0 ? LEVELS.find((known) => known === first) : undefined;
      environment.log(self, level ?? "info", level === undefined ? values : rest, this.trace);
    };
    this.call = (service, method, ...args) => environment.call(self, this.#question(service, method, args));
    this.cast = (service, method, ...args) => environment.cast(self, this.#message(service, method, args));
    environment.equip?.(self, this, (service, method, args) => this.#question(service, method, args));
  }

  get signal(): HostSignal {
    return this.self.signal;
  }

  #question(service: string, method: string, args: readonly unknown[]): ServiceMessage {
    const message = this.#message(service, method, args);
    if (this.deadlineMs === Number.POSITIVE_INFINITY) return message;
    return { ...message, remainingMs: Math.max(0, this.deadlineMs - this.self.nowMs()) };
  }

  #message(service: string, method: string, args: readonly unknown[]): ServiceMessage {
    return this.trace === undefined ? { service, method, args } : { service, method, args, trace: this.trace };
  }
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

function initResultOf(result: unknown): InitResult<unknown> {
  if (isServerResult(result)) {
    // The server loop refuses those that are no results of init.
    return result as InitResult<unknown>;
  }
  return started(result);
}

/** A handler's plain state, or the decision it made instead. */
function nextOf(result: Awaitable<unknown>): Awaitable<CastResult<unknown>> {
  return andThen(result, decide);
}

function decide(result: unknown): CastResult<unknown> {
  // Nothing returned is a mistake, not a state: left as it is, the server loop refuses it.
  return (isServerResult(result) || result === undefined ? result : noReply(result)) as CastResult<unknown>;
}
