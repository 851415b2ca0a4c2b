import type { Restart } from "./child-spec.ts";

/**
 * Which siblings a restart takes along. `one-for-one`: none. `one-for-all`: all. `rest-for-one`: those started after it.
 */
export type RestartStrategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** All strategies, for checking and for tables. */
export const RESTART_STRATEGIES: readonly RestartStrategy[] = ["one-for-one", "one-for-all", "rest-for-one"];

/** What has to be known of a child to plan a round of restarts. */
export interface Sibling {
  readonly spec: { readonly restart: Restart };
}

/** One round of restarts, to be carried out in this order: stop, then drop, then start, each list front to back. */
export interface RestartRound<C extends Sibling> {
  /** The siblings to stop, the last started first. The failed child is not among them. */
  readonly stop: readonly C[];
  /** Stopped temporary siblings: their specs go, for a temporary child is never restarted. */
  readonly drop: readonly C[];
  /** Whom to start, in start order. The failed child is always among them. */
  readonly start: readonly C[];
}

/**
 * Says which children stop and which start when one of them is to be restarted.
 *
 * A sibling in the round that does not run (ended for good, or stopped by request) is listed too: stopping it is a no-op and
 * the round starts it again, as in Erlang/OTP.
 *
 * @param children All children in start order.
 * @param failed The one to be restarted; it is one of `children` and not temporary.
 *
 * @example
 * planRestart("rest-for-one", [db, cache, web], cache); // { stop: [web], drop: [], start: [cache, web] }
 */
export function planRestart<C extends Sibling>(
  strategy: Exclude<RestartStrategy, "one-for-one">,
  children: readonly C[],
  failed: C,
): RestartRound<C> {
  const affected = strategy === "one-for-all" ? children : children.slice(children.indexOf(failed));
  const siblings = affected.filter((child) => child !== failed);
  return {
    stop: siblings.toReversed(),
    drop: siblings.filter(isTemporary),
    start: affected.filter((child) => !isTemporary(child)),
  };
}

function isTemporary({ spec }: Sibling): boolean {
  return spec.restart === "temporary";
}
