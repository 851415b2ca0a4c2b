import type { Restart } from "./child-spec.ts";

/**
 * Which siblings a restart takes along. `one-for-one`: none. `one-for-all`: all. `rest-for-one`: those started after it.
 */
export type RestartStrategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** All strategies, for checking and for tables. */
export const RESTART_STRATEGIES: readonly RestartStrategy[] = ["one-for-one", "one-for-all", "rest-for-one"];

/** What has to be known of a child to plan a round of restarts. */
export interface Sibling {
  readonly id: string;
  readonly restart: Restart;
}

/** One round of restarts, to be carried out in this order: stop, then drop, then start, each list front to back. */
export interface RestartRound {
  /** Ids of the siblings to stop, the last started first. The failed child is not among them. */
  readonly stop: readonly string[];
  /** Ids of stopped temporary siblings: their specs go, for a temporary child is never restarted. */
  readonly drop: readonly string[];
  /** Ids to start, in start order. The failed child is always among them. */
  readonly start: readonly string[];
}

/**
 * Says which children stop and which start when one of them is to be restarted.
 *
 * A sibling in the round that does not run (ended for good, or stopped by request) is listed too: stopping it is a no-op and
 * the round starts it again, as in Erlang/OTP.
 *
 * @param children All children in start order.
 * @param failedId Id of the child to be restarted; it is one of `children` and not temporary.
 *
 * @example
 * planRestart("rest-for-one", [
 *   { id: "db", restart: "permanent" },
 *   { id: "cache", restart: "permanent" },
 *   { id: "web", restart: "permanent" },
 * ], "cache");
 * // { stop: ["web"], drop: [], start: ["cache", "web"] }
 */
export function planRestart(strategy: RestartStrategy, children: readonly Sibling[], failedId: string): RestartRound {
  const affected = affectedBy(strategy, children, failedId);
  const siblings = affected.filter((child) => child.id !== failedId);
  return {
    stop: siblings.map((child) => child.id).reverse(),
    drop: siblings.filter((child) => child.restart === "temporary").map((child) => child.id),
    start: affected.filter((child) => child.restart !== "temporary").map((child) => child.id),
  };
}

function affectedBy(strategy: RestartStrategy, children: readonly Sibling[], failedId: string): readonly Sibling[] {
  switch (strategy) {
    case "one-for-one":
      return children.filter((child) => child.id === failedId);
    case "one-for-all":
      return children;
    case "rest-for-one":
      return children.slice(children.findIndex((child) => child.id === failedId));
  }
}
