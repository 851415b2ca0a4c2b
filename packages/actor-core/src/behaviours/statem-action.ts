import type { ReplyTo } from "../process/messages.ts";
import type { StatemEvent, TimeoutName } from "./statem-event.ts";

/** Answers the call being handled. */
export interface Answer<R> {
  readonly kind: "answer";
  readonly value: R;
}

/** Says by its type what the call being handled will be answered with. Does nothing. */
export interface AnswerLater<R> {
  readonly kind: "answer-later";
  /** Never present. */
  readonly value?: R;
}

/** Answers a call that was kept waiting. */
export interface ReplyAction {
  readonly kind: "reply";
  readonly from: ReplyTo;
  readonly value: unknown;
}

/** Keeps the event for the next state. */
export interface Postpone {
  readonly kind: "postpone";
  readonly on: boolean;
}

/** Puts an event before all that wait. */
export interface NextEvent {
  readonly kind: "next-event";
  readonly event: StatemEvent;
}

/**
 * When a timeout comes: so many milliseconds from now, at a time of the system's clock, or never (`Infinity`).
 * `cancel` takes a running one away, `update` changes the content of a running one, and one that does not run comes at
 * once.
 */
export type TimeoutTime = number | { readonly atMs: number } | "cancel" | "update";

/** Sets, changes or cancels a timer. */
export interface SetTimer {
  readonly kind: "set-timer";
  readonly timer: TimeoutName;
  readonly time: TimeoutTime;
  readonly content: unknown;
}

/** What a state machine may do besides going to a state. In the order given. */
export type StatemAction = ReplyAction | Postpone | NextEvent | SetTimer;

/** Also what only a call's handler may do. */
export type AnyAction = StatemAction | Answer<unknown> | AnswerLater<unknown>;

/** What it may do when it enters a state. */
export type EnterAction = ReplyAction | SetTimer;

/** The timer of a state, gone with it. A symbol, so that it is no name a machine can use. */
export const STATE_TIMER: unique symbol = Symbol("state timeout");
/** The timer that any event cancels. */
export const EVENT_TIMER: unique symbol = Symbol("event timeout");

/** Answers the call being handled; in a handler of anything else it is a bad action, which ends the machine. */
export function answer<R>(value: R): Answer<R> {
  return { kind: "answer", value };
}

/**
 * Says what a call that is answered in a later event will be answered with, for the type of its reference:
 * `answerLater<number>()`. A postponed call needs none, as the state that handles it answers.
 */
export function answerLater<R>(): AnswerLater<R> {
  return { kind: "answer-later" };
}

/** Answers a call from earlier, by the `from` that was kept. */
export function replyTo(from: ReplyTo, value: unknown): ReplyAction {
  return { kind: "reply", from, value };
}

/**
 * Keeps the event that is being handled until the state has changed, when it is handled again, before all newer ones.
 * `postpone(false)` takes an earlier `postpone` of the same result back.
 */
export function postpone(on = true): Postpone {
  return { kind: "postpone", on };
}

/**
 * Has the machine handle an event next, before postponed ones and all that wait. Several come in the order given.
 *
 * @example
 * keepState(data, nextEvent({ kind: "internal", content: "retry" }))
 */
export function nextEvent(event: StatemEvent): NextEvent {
  return { kind: "next-event", event };
}

/**
 * Sets the one timeout that a change of state cancels. Setting it again replaces it.
 *
 * 0 ms: comes before anything that has not been received yet.
 */
export function stateTimeout(time: TimeoutTime, content?: unknown): SetTimer {
  return { kind: "set-timer", timer: STATE_TIMER, time, content };
}

/** Sets the one timeout that any event cancels, whatever is done with it. */
export function eventTimeout(time: TimeoutTime, content?: unknown): SetTimer {
  return { kind: "set-timer", timer: EVENT_TIMER, time, content };
}

/** Sets the timeout `name`, which goes on until it comes or is set again or cancelled, whatever the state. */
export function timeout(name: TimeoutName, time: TimeoutTime, content?: unknown): SetTimer {
  return { kind: "set-timer", timer: name, time, content };
}

const EVENT_KINDS: ReadonlySet<unknown> = new Set<StatemEvent["kind"]>([
  "call",
  "cast",
  "info",
  "internal",
  "state-timeout",
  "event-timeout",
  "timeout",
]);

/**
 * Says whether a value is an action that may stand where it does: types vanish at run time.
 *
 * @param entering In the result of an enter callback, where the event is over and must not be kept or joined by others.
 */
export function isAction(value: unknown, entering: boolean): value is AnyAction {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  // Read as if it were one; each field is then looked at.
  const action = value as AnyAction;
  switch (action.kind) {
    case "answer":
    case "answer-later":
      return true;
    case "reply":
      return typeof (action.from as Partial<ReplyTo> | undefined)?.reply === "function";
    case "postpone":
      return typeof action.on === "boolean" && !(action.on && entering);
    case "next-event":
      return !entering && EVENT_KINDS.has((action.event as StatemEvent | undefined)?.kind);
    case "set-timer":
      return isTime(action.time);
    default:
      action satisfies never;
      return false;
  }
}

/** Says whether an action gives an answer, which is all that may be done when stopping. */
export function isReply(value: unknown): value is ReplyAction | Answer<unknown> {
  return isAction(value, true) && (value.kind === "reply" || value.kind === "answer");
}

function isTime(time: unknown): boolean {
  if (typeof time === "number") {
    return time >= 0;
  }
  if (typeof time === "object" && time !== null) {
    return Number.isFinite((time as { atMs?: unknown }).atMs);
  }
  return time === "cancel" || time === "update";
}
