import type { ExitReason } from "../process/exit-reason.ts";
import type { ReplyTo } from "../process/messages.ts";
import type { Awaitable, Self } from "../process/self.ts";
import type { Reply } from "./server-result.ts";
import type { Answer, AnswerLater, StatemAction } from "./statem-action.ts";
import type { Standing } from "./statem-decision.ts";
import type { EnterResult, StartIn, StatemInit, StatemResult } from "./statem-result.ts";

/** What every handler of a state machine gets first. */
export interface StatemTurn<S, D> extends Standing<S, D> {
  readonly self: Self;
}

/** What a call's handler gets first. Keep `from` to answer by `replyTo` in a later event. */
export interface StatemCallTurn<S, D> extends StatemTurn<S, D> {
  readonly from: ReplyTo;
}

/** What a machine does in one state, or in any. All may be left out. */
export interface StateHandlers<S, D> {
  /** Runs when the state is entered, before any event; at the start `from` is the state itself. */
  readonly enter?: (turn: StatemTurn<S, D>, from: S) => Awaitable<EnterResult<D>>;
  readonly calls?: {
    readonly [name: string]: (turn: StatemCallTurn<S, D>, ...args: never[]) => Awaitable<StatemResult<S, D>>;
  };
  readonly casts?: {
    readonly [name: string]: (turn: StatemTurn<S, D>, ...args: never[]) => Awaitable<StatemResult<S, D, StatemAction>>;
  };
  /** Plain messages, `Exited` and `Down`. */
  readonly info?: (turn: StatemTurn<S, D>, message: unknown) => Awaitable<StatemResult<S, D, StatemAction>>;
  /** Events of the kind `internal` that the machine has put in by `nextEvent`. */
  readonly internal?: (turn: StatemTurn<S, D>, content: unknown) => Awaitable<StatemResult<S, D, StatemAction>>;
  readonly stateTimeout?: (turn: StatemTurn<S, D>, content: unknown) => Awaitable<StatemResult<S, D, StatemAction>>;
  readonly eventTimeout?: (turn: StatemTurn<S, D>, content: unknown) => Awaitable<StatemResult<S, D, StatemAction>>;
  /** By the names that `timeout` was given. */
  readonly timeouts?: {
    readonly [name: string]: (turn: StatemTurn<S, D>, content: unknown) => Awaitable<StatemResult<S, D, StatemAction>>;
  };
}

const mark: unique symbol = Symbol.for("@solo/actor-core/statem");

/** A state machine, not yet running. Made by {@link defineStatem}; frozen. */
export interface Statem<S extends string, D, I extends readonly unknown[], C, K> {
  readonly [mark]: true;
  readonly version: number;
  readonly init: (self: Self, ...args: I) => Awaitable<StatemInit<S, D>>;
  readonly states: { readonly [Name in S]: StateHandlers<S, D> };
  readonly anyState: StateHandlers<S, D>;
  /** The calls of all states, by name. */
  readonly calls: C;
  readonly casts: K;
  readonly terminate: ((turn: StatemTurn<S, D>, reason: ExitReason) => Awaitable<void>) | undefined;
  readonly migrate: ((from: number, standing: Standing<unknown, unknown>) => Awaitable<Standing<S, D>>) | undefined;
}

type StartOf<N> = Extract<Awaited<N>, { readonly kind: "startIn" }>;
/** The data that an `init` returning `N` gives. */
type DataOf<N> = StartOf<N> extends StartIn<unknown, infer D> ? D : never;
/** The state that an `init` returning `N` begins in. */
type BeginOf<N> = StartOf<N> extends StartIn<infer S, unknown> ? S & string : never;

/** The maps of methods in handlers `H`, one for each state that has some. */
type GroupsOf<H, G extends "calls" | "casts"> = H extends { readonly [Group in G]: infer M } ? M : never;
type NamesIn<M> = M extends unknown ? keyof M & string : never;
type MethodIn<M, N extends string> = M extends { readonly [Name in N]: infer F } ? F : never;

/** What a method that several states have must be given to suit all of them; those that look at nothing take anything. */
type ArgsOf<F> = [GivenOf<F>] extends [never] ? [] : All<GivenOf<F>>;
type GivenOf<F> = F extends (turn: never, ...args: infer A) => unknown ? (A extends readonly [] ? never : A) : never;
type All<U> = (U extends unknown ? (given: U) => void : never) extends (given: infer A) => void
  ? A extends readonly unknown[]
    ? A
    : never
  : never;

type AnswerOf<F> = F extends (turn: never, ...args: never[]) => infer R ? AnswerIn<ActionIn<Awaited<R>>> : never;
type ActionIn<O> = O extends { readonly actions: readonly (infer A)[] }
  ? A
  : O extends { readonly replies: readonly (infer A)[] }
    ? A
    : never;
type AnswerIn<A> = A extends Answer<infer R> ? R : A extends AnswerLater<infer R> ? R : never;

/** The methods of all states together, as a reference wants to know them. */
export type StatemMethods<M> = {
  readonly [N in NamesIn<M>]: (turn: never, ...args: ArgsOf<MethodIn<M, N>>) => Reply<never, AnswerOf<MethodIn<M, N>>>;
};

/**
 * Defines a state machine by its states, each with its handlers. Everything else is inferred: the states are the keys of
 * `states`, the data is what `init` begins with, and the reference that `startStatem` gives knows the names, arguments and
 * answers of all states. Going to a state that there is not does not compile.
 *
 * `init` stands first; parameters behind a handler's first are annotated. A call is answered by the action `answer`, or
 * later: `answerLater<R>()` says with what. What a state has no handler for goes to `anyState`, and from there: a call is
 * refused (`NotInState`) and a cast or message reported, both without harm; a timeout or an internal event, which are the
 * machine's own, crash it.
 *
 * @throws {TypeError} The definition is malformed.
 *
 * @example
 * const door = defineStatem({
 *   version: 1,
 *   init: (_self, code: string) => startIn("locked", { code, wrong: 0 }),
 *   states: {
 *     locked: {
 *       calls: {
 *         unlock: ({ data }, code: string) =>
 *           code === data.code
 *             ? nextState("open", data, answer(true), stateTimeout(10_000))
 *             : keepState({ ...data, wrong: data.wrong + 1 }, answer(false)),
 *       },
 *     },
 *     open: {
 *       casts: { close: ({ data }) => nextState("locked", data) },
 *       stateTimeout: ({ data }) => nextState("locked", data),
 *     },
 *   },
 * });
 * const ref = await startStatem(system, door, "1234");
 * const opened = await ref.call("unlock", "1234"); // boolean
 */
export function defineStatem<
  N extends Awaitable<StatemInit<string, unknown>>,
  I extends readonly unknown[],
  S extends string,
  H,
  A = Record<never, never>,
>(definition: {
  /** Of the shape of states and data: 1 or more, raised when `migrate` has to change older ones. */
  readonly version: number;
  readonly init: (self: Self, ...args: I) => N;
  // The first keeps the exact handlers, the second gives their turns their types, the third asks for the state to begin in.
  readonly states: H & { readonly [Name in S]: StateHandlers<NoInfer<S>, DataOf<NoInfer<N>>> } & {
    readonly [Name in BeginOf<NoInfer<N>>]: unknown;
  };
  /** For what a state has no handler of its own for. */
  readonly anyState?: A & StateHandlers<NoInfer<S>, DataOf<NoInfer<N>>>;
  /** As `GenStatem`'s. */
  readonly terminate?: (turn: StatemTurn<NoInfer<S>, DataOf<NoInfer<N>>>, reason: ExitReason) => Awaitable<void>;
  /** Turns state and data of an older version into those of this. */
  readonly migrate?: (
    from: number,
    standing: Standing<unknown, unknown>,
  ) => Awaitable<Standing<NoInfer<S>, DataOf<NoInfer<N>>>>;
}): Statem<
  S,
  DataOf<N>,
  I,
  StatemMethods<GroupsOf<H[keyof H] | A, "calls">>,
  StatemMethods<GroupsOf<H[keyof H] | A, "casts">>
> {
  const { version, init, states, anyState, terminate, migrate } = definition;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new TypeError(`Cannot define state machine: wanted a version of 1 or more, got ${String(version)}`);
  }
  refuseUnknown("there is", definition, DEFINITION_KEYS);
  for (const [name, handler] of Object.entries({ init, terminate, migrate })) {
    if (typeof handler !== "function" && (handler !== undefined || name === "init")) {
      throw new TypeError(`Cannot define state machine: wanted a function as ${name}, got ${typeof handler}`);
    }
  }
  if (typeof states !== "object" || states === null || Object.keys(states).length === 0) {
    throw new TypeError("Cannot define state machine: wanted at least one state");
  }
  const own = Object.create(null) as Record<string, Handlers>;
  for (const [name, handlers] of Object.entries(states)) {
    own[name] = handlersOf(name, handlers);
  }
  const everywhere = handlersOf("anyState", anyState ?? {});
  const all = [...Object.values(own), everywhere];
  return Object.freeze({
    [mark]: true as const,
    version,
    // From here on only names matter; that they belong together is what the types above have checked.
    init: init as never,
    states: Object.freeze(own) as never,
    anyState: everywhere as never,
    calls: Object.freeze(Object.assign(Object.create(null), ...all.map(({ calls }) => calls))),
    casts: Object.freeze(Object.assign(Object.create(null), ...all.map(({ casts }) => casts))),
    terminate: terminate as never,
    migrate: migrate as never,
  });
}

/** Tells what {@link defineStatem} has made from anything else. */
export function isStatem(value: unknown): value is UncheckedStatem {
  return typeof value === "object" && value !== null && (value as { [mark]?: unknown })[mark] === true;
}

/** A state machine of unknown make. */
export type UncheckedStatem = Statem<string, unknown, readonly unknown[], object, object>;

interface Handlers {
  readonly [group: string]: unknown;
}

const DEFINITION_KEYS = new Set(["version", "init", "states", "anyState", "terminate", "migrate"]);
const GROUPS = new Set(["calls", "casts", "timeouts"]);
const STATE_KEYS = new Set([...GROUPS, "enter", "info", "internal", "stateTimeout", "eventTimeout"]);

function refuseUnknown(who: string, keyed: object, known: ReadonlySet<string>): void {
  for (const key of Object.keys(keyed)) {
    if (!known.has(key)) {
      throw new TypeError(`Cannot define state machine: ${who} no ${key}; known are ${[...known].join(", ")}`);
    }
  }
}

/** Frozen copies without prototypes, so that `constructor` and its kin are no methods. */
function handlersOf(state: string, handlers: unknown): Handlers {
  if (typeof handlers !== "object" || handlers === null) {
    throw new TypeError(`Cannot define state machine: wanted handlers as ${state}, got ${typeof handlers}`);
  }
  refuseUnknown(`${state} has`, handlers, STATE_KEYS);
  const own: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(handlers)) {
    own[key] = GROUPS.has(key) ? methodsOf(`${state}.${key}`, value) : handlerOf(`${state}.${key}`, value);
  }
  return Object.freeze(own);
}

function methodsOf(path: string, methods: unknown): object {
  const own: Record<string, unknown> = Object.create(null);
  for (const [name, handler] of Object.entries(methods ?? {})) {
    own[name] = handlerOf(`${path}.${name}`, handler);
  }
  return Object.freeze(own);
}

function handlerOf(path: string, handler: unknown): unknown {
  if (handler !== undefined && typeof handler !== "function") {
    throw new TypeError(`Cannot define state machine: wanted a function as ${path}, got ${typeof handler}`);
  }
  return handler;
}
