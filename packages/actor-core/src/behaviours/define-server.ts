import type { ExitReason } from "../process/exit-reason.ts";
import type { HostSignal } from "../process/host-signal.ts";
import type { ReplyTo } from "../process/messages.ts";
import type { LogLevel } from "../process/report.ts";
import type { Awaitable, Self } from "../process/self.ts";
import type { CallResult, NoReply, Started, Stop } from "./server-result.ts";

/**
 * What the home of a server puts into its `ctx` beyond what every home has. Empty here; whoever writes for a home that gives
 * more declares it.
 *
 * @example
 * declare module "@solo/actor-core" {
 *   interface Drivers { readonly greeter: { greet(name: string): Promise<string> } }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: only an interface can be added to
export interface Drivers {}

/** The server's hands: given to every handler. */
export interface Ctx extends Drivers {
  readonly self: Self;
  /** Aborted soon after the server has begun to end; pass it to what may run long. */
  readonly signal: HostSignal;
  /**
   * W3C's `traceparent` of the call or cast being handled; undefined where its sender named none. It goes on by itself with what
   * the handler asks of other services.
   */
  readonly trace: string | undefined;
  /** Says something to people; level `info` unless it is named first. Deployed, it goes with `ctx.restrict` unless kept. */
  log(level: LogLevel, ...values: readonly [unknown, ...unknown[]]): void;
  log(...values: readonly unknown[]): void;
  /**
   * Calls another service by its name. Deployed, it is there where the manifest grants `svc/call`, like a driver.
   *
   * @throws {CallFailed} It does not exist, ended first, or did not answer in time.
   * @throws {UnknownMethod} It has no such call.
   */
  call(service: string, method: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Sends to another service by its name, and never fails. Deployed, it is there where the manifest grants `svc/cast`. */
  cast(service: string, method: string, ...args: readonly unknown[]): void;
}

/** What `init` and `terminate` get first. */
export interface Setup {
  readonly ctx: Ctx;
}

/** What every handler of a message gets first. */
export interface Turn<S> extends Setup {
  readonly state: S;
}

/** What a call's handler gets first. `from.reply` answers later than the handler returns. */
export interface CallTurn<S> extends Turn<S> {
  readonly from: ReplyTo;
  /**
   * What the caller has lent for this call: drivers that act with the caller's authority, until the call is answered. Absent when
   * nothing was lent. Those in `ctx` always act with the server's own. `call` is there where `svc/call` was lent.
   */
  readonly lent?: Partial<Drivers & Pick<Ctx, "call">>;
}

/** What a handler that answers nobody returns: the next state, or a decision. */
export type Next<S> = S | NoReply<S, unknown> | Stop<S>;

/** Any calls of a server with state `S`. */
export type CallHandlers<S> = {
  readonly [name: string]: (turn: CallTurn<S>, ...args: never[]) => Awaitable<CallResult<S>>;
};

/** Any casts of a server with state `S`. */
export type CastHandlers<S> = {
  readonly [name: string]: (turn: Turn<S>, ...args: never[]) => Awaitable<Next<S>>;
};

const mark: unique symbol = Symbol.for("@solo/actor-core/server");

/** A server, not yet running. Made by {@link defineServer}; frozen. */
export interface Server<S, I extends readonly unknown[], C, K> {
  readonly [mark]: true;
  readonly version: number;
  readonly init: (setup: Setup, ...args: I) => Awaitable<S | Started<S> | Stop>;
  readonly calls: C;
  readonly casts: K;
  readonly info: ((turn: Turn<S>, message: unknown) => Awaitable<Next<S>>) | undefined;
  readonly continue: ((turn: Turn<S>, value: unknown) => Awaitable<Next<S>>) | undefined;
  readonly terminate: ((turn: Turn<S>, reason: ExitReason) => Awaitable<void>) | undefined;
  readonly migrate: ((from: number, state: unknown) => Awaitable<S>) | undefined;
  readonly formatState: ((state: S) => unknown) | undefined;
}

/** A server of unknown make: what a host has in hand that loads a definition and calls by names. */
export type UncheckedServer = Server<unknown, readonly unknown[], object, object>;

/** The state that an `init` returning `N` gives. */
type StateOf<N> = Awaited<N> extends infer O ? (O extends Started<infer S> ? S : O extends Stop ? never : O) : never;

/**
 * Defines a server by its state and its methods. Everything else is inferred: the state in each handler, and names,
 * arguments and answers in the reference that `startServer` gives.
 *
 * `init` stands first. Its result is the first state; annotate it where a literal is too narrow
 * (`init: (): { last: string | null } => …`). Parameters behind the first are annotated. State is plain data.
 *
 * Calls return `reply(value, state)`, `noReply<R>(state)` to answer later, `stop(reason)` or `stopReply(value, reason)`;
 * `casts`, `info` and `continue` return the next state, `noReply(state, after)` or `stop(reason)`. Arguments that come
 * from another program are unchecked values.
 *
 * @throws {TypeError} The definition is malformed.
 *
 * @example
 * const counter = defineServer({
 *   version: 1,
 *   init: (_setup, start: number = 0) => ({ count: start }),
 *   calls: { add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }) },
 *   casts: { reset: () => ({ count: 0 }) },
 * });
 * const ref = await startServer(system, counter, 40);
 * const sum = await ref.call("add", 2); // number
 */
export function defineServer<
  N,
  I extends readonly unknown[],
  C extends CallHandlers<StateOf<N>> = Record<never, never>,
  K extends CastHandlers<StateOf<N>> = Record<never, never>,
>(definition: {
  /** Of the state's shape: 1 or more, raised when `migrate` has to change an older state. */
  readonly version: number;
  readonly init: (setup: Setup, ...args: I) => N;
  // The intersection gives `state` its type; the parameter keeps the exact handlers.
  readonly calls?: C & CallHandlers<StateOf<NoInfer<N>>>;
  readonly casts?: K & CastHandlers<StateOf<NoInfer<N>>>;
  /** Plain messages, `Exited`, `Down` and `idleTimeout`. Without it they are reported and dropped. */
  readonly info?: (turn: Turn<StateOf<NoInfer<N>>>, message: unknown) => Awaitable<Next<StateOf<NoInfer<N>>>>;
  /** What `continueWith` asked for; runs before any message. */
  readonly continue?: (turn: Turn<StateOf<NoInfer<N>>>, value: unknown) => Awaitable<Next<StateOf<NoInfer<N>>>>;
  readonly terminate?: (turn: Turn<StateOf<NoInfer<N>>>, reason: ExitReason) => Awaitable<void>;
  /** Turns the state of an older version into one of this. */
  readonly migrate?: (from: number, state: unknown) => Awaitable<StateOf<NoInfer<N>>>;
  /** What people see in place of the state: in `sys.status` and in crash reports. */
  readonly formatState?: (state: StateOf<NoInfer<N>>) => unknown;
}): Server<StateOf<N>, I, C, K> {
  const { version, init, calls, casts, info, terminate, migrate, formatState } = definition;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new TypeError(`Cannot define server: wanted a version of 1 or more, got ${String(version)}`);
  }
  if (typeof init !== "function") {
    throw new TypeError(`Cannot define server: wanted a function as init, got ${typeof init}`);
  }
  for (const name of Object.keys(definition)) {
    if (!KEYS.has(name)) {
      throw new TypeError(`Cannot define server: there is no ${name}; known are ${[...KEYS].join(", ")}`);
    }
  }
  const optional = { info, continue: definition.continue, terminate, migrate, formatState };
  for (const [name, handler] of Object.entries(optional)) {
    if (handler !== undefined && typeof handler !== "function") {
      throw new TypeError(`Cannot define server: wanted a function as ${name}, got ${typeof handler}`);
    }
  }
  return Object.freeze({
    [mark]: true as const,
    version,
    // What it returns is a state or a decision by the very meaning of `StateOf`.
    init: init as Server<StateOf<N>, I, C, K>["init"],
    calls: handlersOf("calls", calls) as C,
    casts: handlersOf("casts", casts) as K,
    ...optional,
  });
}

const KEYS = new Set(["version", "init", "calls", "casts", "info", "continue", "terminate", "migrate", "formatState"]);

/** A frozen copy without a prototype, so that `constructor` and its kin are no methods. */
function handlersOf(group: string, handlers: object | undefined): object {
  const own: Record<string, unknown> = Object.create(null);
  for (const [name, handler] of Object.entries(handlers ?? {})) {
    if (typeof handler !== "function") {
      throw new TypeError(`Cannot define server: wanted a function as ${group}.${name}, got ${typeof handler}`);
    }
    own[name] = handler;
  }
  return Object.freeze(own);
}

/** Tells what {@link defineServer} has made from anything else, such as a stranger's default export. */
export function isServer(value: unknown): value is UncheckedServer {
  return typeof value === "object" && value !== null && (value as Partial<UncheckedServer>)[mark] === true;
}
