import { checkReason } from "../process/check-reason.ts";
import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { checkDelay } from "../process/timers.ts";

// Every result carries a mark that JSON cannot have, so that plain data of a service is never mistaken for a decision.
// From the global registry: a bundle may hold a second copy of this module.
export const mark: unique symbol = Symbol.for("solo.server-result");

export interface Marked {
  readonly [mark]: true;
}

/** What a server does right after a callback. */
export type After =
  /** Runs `handleContinue` (`continue`) before any message. */
  | { readonly kind: "continue"; readonly value: unknown }
  /** Handles {@link idleTimeout} as a message unless another comes first. */
  | { readonly kind: "idle"; readonly afterMs: number };

/** The server runs. */
export interface Started<S> extends Marked {
  readonly kind: "started";
  readonly state: S;
  readonly after: After | undefined;
}

/** The server is not wanted now; start answers `ignore`. */
export interface Ignore extends Marked {
  readonly kind: "ignore";
}

/** Start answers with the reason and the process ends `normal`, so that a linked starter lives. */
export interface FailStart extends Marked {
  readonly kind: "error";
  readonly reason: ExitReason;
}

/** The caller has its answer, the server goes on. */
export interface Reply<S, R> extends Marked {
  readonly kind: "reply";
  readonly reply: R;
  readonly state: S;
  readonly after: After | undefined;
}

/** The server goes on; a call is answered later through `from.reply`, with an `R`. */
export interface NoReply<S, R = never> extends Marked {
  readonly kind: "noReply";
  readonly state: S;
  readonly after: After | undefined;
  /** Never present; carries the type of the later answer. */
  readonly reply?: R;
}

/** The server ends. */
export interface Stop<S = never> extends Marked {
  readonly kind: "stop";
  readonly reason: ExitReason;
  /** Absent: as it was. */
  readonly state?: S;
}

/** The caller has its answer, then the server ends. */
export interface StopReply<S, R> extends Marked {
  readonly kind: "stopReply";
  readonly reason: ExitReason;
  readonly reply: R;
  readonly state?: S;
}

export type InitResult<S> = Started<S> | Ignore | Stop | FailStart;
export type CallResult<S> = Reply<S, unknown> | NoReply<S, unknown> | Stop<S> | StopReply<S, unknown>;
export type CastResult<S> = NoReply<S, unknown> | Stop<S>;

/** Why to stop: a reason, `"normal"`, `"shutdown"`, or any other text, which becomes an unexpected reason. */
export type StopReason = ExitReason | string;

export function started<S>(state: S, after?: After): Started<S> {
  return { [mark]: true, kind: "started", state, after };
}

export function ignore(): Ignore {
  return { [mark]: true, kind: "ignore" };
}

export function failStart(reason: StopReason): FailStart {
  return { [mark]: true, kind: "error", reason: toExitReason(reason) };
}

export function reply<R, S>(value: R, state: S, after?: After): Reply<S, R> {
  return { [mark]: true, kind: "reply", reply: value, state, after };
}

/**
 * Name the type of the later answer, if there is one: `noReply<number>(state)`. The state is then not checked by types,
 * since TypeScript cannot infer one of two parameters.
 */
export function noReply<R = never, S = unknown>(state: S, after?: After): NoReply<unknown extends S ? never : S, R> {
  const result: NoReply<unknown, R> = { [mark]: true, kind: "noReply", state, after };
  return result as NoReply<never, R>;
}

/** Without a state, `terminate` gets the one from before. */
export function stop(reason: StopReason): Stop;
export function stop<S>(reason: StopReason, state: S): Stop<S>;
export function stop<S>(reason: StopReason, ...state: [state?: S]): Stop<S> {
  return { [mark]: true, kind: "stop", reason: toExitReason(reason), ...given(state) };
}

/** The answer is out before anyone hears of the end. */
export function stopReply<R>(value: R, reason: StopReason): StopReply<never, R>;
export function stopReply<R, S>(value: R, reason: StopReason, state: S): StopReply<S, R>;
export function stopReply<R, S>(value: R, reason: StopReason, ...state: [state?: S]): StopReply<S, R> {
  return { [mark]: true, kind: "stopReply", reason: toExitReason(reason), reply: value, ...given(state) };
}

/** A state that may be undefined is not one that is absent. */
function given<S>(state: [state?: S]): { readonly state?: S } {
  return state.length === 0 ? {} : { state: state[0] as S };
}

export function continueWith(value?: unknown): After {
  return { kind: "continue", value };
}

/**
 * For one wait only: any message cancels it. 0 means after what is queued already.
 *
 * @throws {RangeError} The time is negative or no number.
 */
export function idleAfter(afterMs: number): After {
  checkDelay("idle time", afterMs);
  return { kind: "idle", afterMs };
}

/** The message that {@link idleAfter} leads to. */
export const idleTimeout: unique symbol = Symbol("idleTimeout");

type Result = Started<unknown> | Ignore | FailStart | CallResult<unknown>;

/** Tells a decision from a server's own data. */
export function isServerResult(value: unknown): value is Result {
  return typeof value === "object" && value !== null && (value as Partial<Marked>)[mark] === true;
}

export function toExitReason(reason: StopReason): ExitReason {
  if (typeof reason !== "string") {
    checkReason("stop", reason);
    return reason;
  }
  return reason === "normal" ? Exit.normal : reason === "shutdown" ? Exit.shutdown : Exit.of(reason);
}
