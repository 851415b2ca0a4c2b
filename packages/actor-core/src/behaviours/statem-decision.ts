import type { ExitReason } from "../process/exit-reason.ts";
import { isSameState } from "./same-state.ts";
import { type Marked, mark, type Stop } from "./server-result.ts";
import type { KeepState, NextState, RepeatState, StopAndReply } from "./statem-result.ts";

/** Where a state machine stands. */
export interface Standing<S, D> {
  readonly state: S;
  readonly data: D;
}

/** What a callback's result comes to. Its actions are not looked at yet. */
export type StatemDecision<S, D> =
  /** `changed`: `to` has another state. `enters`: the enter callback is due. */
  | {
      readonly kind: "go";
      readonly to: Standing<S, D>;
      readonly changed: boolean;
      readonly enters: boolean;
      readonly actions: readonly unknown[];
    }
  /** `answers`: replies to give first. */
  | {
      readonly kind: "stop";
      readonly reason: ExitReason;
      readonly at: Standing<S, D>;
      readonly answers: readonly unknown[];
    }
  /** It was no result, or none that may come of this callback. */
  | { readonly kind: "bad" };

/**
 * Says what a result means for a machine that stands at `at`.
 *
 * @param entering It came of an enter callback, which must not go to another state.
 */
export function decide<S, D>(result: unknown, at: Standing<S, D>, entering: boolean): StatemDecision<S, D> {
  if (!isMarked(result)) {
    return { kind: "bad" };
  }
  // Marked, so made by a function that took states and data of this machine, unless its types were worked around.
  const made = result as Made<S, D>;
  switch (made.kind) {
    case "nextState": {
      const changed = !isSameState(made.state, at.state);
      const to = { state: made.state, data: made.data };
      return entering && changed
        ? { kind: "bad" }
        : { kind: "go", to, changed, enters: changed, actions: made.actions };
    }
    case "keepState":
      return { kind: "go", to: withData(at, made), changed: false, enters: false, actions: made.actions };
    case "repeatState":
      return { kind: "go", to: withData(at, made), changed: false, enters: true, actions: made.actions };
    case "stop": {
      const to = "state" in made ? { state: at.state, data: made.state as D } : at;
      return { kind: "stop", reason: made.reason, at: to, answers: [] };
    }
    case "stopAndReply":
      return Array.isArray(made.replies)
        ? { kind: "stop", reason: made.reason, at: withData(at, made), answers: made.replies }
        : { kind: "bad" };
    default:
      made satisfies never;
      return { kind: "bad" };
  }
}

type Made<S, D> =
  | NextState<S, D, unknown>
  | KeepState<D, unknown>
  | RepeatState<D, unknown>
  | Stop<D>
  | StopAndReply<D>;

function withData<S, D>(at: Standing<S, D>, made: { readonly data?: D }): Standing<S, D> {
  return "data" in made ? { state: at.state, data: made.data as D } : at;
}

/** Tells a result from anything else. */
export function isMarked(value: unknown): value is Marked {
  return typeof value === "object" && value !== null && (value as Partial<Marked>)[mark] === true;
}
