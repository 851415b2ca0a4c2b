/**
 * When a supervisor ends because its significant children have ended. `never`: not at all. `any-significant`: with the first
 * of them. `all-significant`: with the last.
 */
export type AutoShutdown = "never" | "any-significant" | "all-significant";

/** All kinds of auto-shutdown, for checking and for tables. */
export const AUTO_SHUTDOWNS: readonly AutoShutdown[] = ["never", "any-significant", "all-significant"];

/** What has to be known of a child. */
export interface Significance {
  readonly spec: { readonly significant: boolean };
}

/**
 * Says whether a supervisor is to end after one of its children has ended by itself for good.
 *
 * Not to be asked about children that are restarted, or that were stopped through the supervisor or in a sibling's round.
 *
 * @param ended The child that has ended.
 * @param othersAlive The other children, each listed only if it runs or waits for its restart.
 */
export function isShutdownDue(
  autoShutdown: AutoShutdown,
  ended: Significance,
  othersAlive: Iterable<Significance>,
): boolean {
  if (!ended.spec.significant || autoShutdown === "never") return false;
  if (autoShutdown === "any-significant") return true;
  for (const { spec } of othersAlive) if (spec.significant) return false;
  return true;
}
