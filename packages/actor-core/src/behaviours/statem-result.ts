import type { ExitReason } from "../process/exit-reason.ts";
import {
  type FailStart,
  type Ignore,
  type Marked,
  mark,
  type Stop,
  type StopReason,
  toExitReason,
} from "./server-result.ts";
import type { Answer, AnyAction, EnterAction, ReplyAction, StatemAction } from "./statem-action.ts";

/** The machine runs. */
export interface StartIn<S, D> extends Marked {
  readonly kind: "startIn";
  readonly state: S;
  readonly data: D;
  readonly actions: readonly StatemAction[];
}

/** Goes to a state; to the one it is in, it is no change. */
export interface NextState<S, D, A = never> extends Marked {
  readonly kind: "nextState";
  readonly state: S;
  readonly data: D;
  readonly actions: readonly A[];
}

/** Stays. */
export interface KeepState<D, A = never> extends Marked {
  readonly kind: "keepState";
  /** Absent: as it was. */
  readonly data?: D;
  readonly actions: readonly A[];
}

/** Stays, and enters the state anew: its enter callback runs. Timers and postponed events are as if it stayed. */
export interface RepeatState<D, A = never> extends Marked {
  readonly kind: "repeatState";
  /** Absent: as it was. */
  readonly data?: D;
  readonly actions: readonly A[];
}

/** Those who wait have their answers, then the machine ends. */
export interface StopAndReply<D, A = never> extends Marked {
  readonly kind: "stopAndReply";
  readonly reason: ExitReason;
  readonly replies: readonly A[];
  /** Absent: as it was. */
  readonly data?: D;
}

export type StatemInit<S, D> = StartIn<S, D> | Ignore | Stop | FailStart;

/** What a handler of events returns. `A`: what it may do besides. */
export type StatemResult<S, D, A = AnyAction> =
  | NextState<S, D, A>
  | KeepState<D, A>
  | RepeatState<D, A>
  | Stop<D>
  | StopAndReply<D, Extract<A, ReplyAction | Answer<unknown>>>;

/** What an enter callback returns: it cannot go elsewhere. One that repeats its state runs again. */
export type EnterResult<D> =
  | KeepState<D, EnterAction>
  | RepeatState<D, EnterAction>
  | Stop<D>
  | StopAndReply<D, ReplyAction>;

/** The machine begins in `state`. Start has returned before the actions take effect. */
export function startIn<const S, D>(state: S, data: D, ...actions: readonly StatemAction[]): StartIn<S, D> {
  return { [mark]: true, kind: "startIn", state, data, actions };
}

export function nextState<const S, D, A extends readonly AnyAction[]>(
  state: S,
  data: D,
  ...actions: A
): NextState<S, D, A[number]> {
  return { [mark]: true, kind: "nextState", state, data, actions };
}

export function keepState<D, A extends readonly AnyAction[]>(data: D, ...actions: A): KeepState<D, A[number]> {
  return { [mark]: true, kind: "keepState", data, actions };
}

export function keepStateAndData<A extends readonly AnyAction[]>(...actions: A): KeepState<never, A[number]> {
  return { [mark]: true, kind: "keepState", actions };
}

export function repeatState<D, A extends readonly AnyAction[]>(data: D, ...actions: A): RepeatState<D, A[number]> {
  return { [mark]: true, kind: "repeatState", data, actions };
}

export function repeatStateAndData<A extends readonly AnyAction[]>(...actions: A): RepeatState<never, A[number]> {
  return { [mark]: true, kind: "repeatState", actions };
}

/** The answers are out before `terminate` runs and before anyone hears of the end. */
export function stopAndReply<A extends AnyAction>(reason: StopReason, replies: readonly A[]): StopAndReply<never, A>;
export function stopAndReply<A extends AnyAction, D>(
  reason: StopReason,
  replies: readonly A[],
  data: D,
): StopAndReply<D, A>;
export function stopAndReply<A, D>(reason: StopReason, replies: readonly A[], ...data: [data?: D]): StopAndReply<D, A> {
  const stopping = { [mark]: true, kind: "stopAndReply", reason: toExitReason(reason), replies } as const;
  return data.length === 0 ? stopping : { ...stopping, data: data[0] as D };
}
