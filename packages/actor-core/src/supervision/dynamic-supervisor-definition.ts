import { UNLIMITED } from "../process/unlimited.ts";
import type { RestartIntensity } from "./restart-intensity.ts";
import { COUNT, completeIntensity, insist, isCount } from "./supervisor-definition.ts";
import type { SupervisorReporter } from "./supervisor-report.ts";

/** What a dynamic supervisor is: it has no children of its own, and restarts each one alone. */
export interface DynamicSupervisorDefinition extends Partial<RestartIntensity> {
  /** How many children there may be at once, those that wait for a restart included. Default: no limit. */
  readonly maxChildren?: number;
  /** Default 3, for all children together. */
  readonly maxRestarts?: number;
  /** Default 5,000. */
  readonly periodMs?: number;
  /** Sees this supervisor's decisions; the system's report sink sees them too. */
  readonly onReport?: SupervisorReporter;
}

/** A definition that has been checked, with its defaults. `maxChildren` is `Infinity` when there is no limit. */
export type CompleteDynamicSupervisorDefinition = Required<Omit<DynamicSupervisorDefinition, "onReport">> & {
  readonly onReport: SupervisorReporter | undefined;
};

/**
 * Checks a definition and fills in its defaults. Keys it does not know are ignored.
 *
 * @throws {InvalidSupervisor} For the first value that is refused.
 */
export function completeDynamicSupervisorDefinition(
  definition: DynamicSupervisorDefinition,
): CompleteDynamicSupervisorDefinition {
  const { maxChildren = UNLIMITED, onReport } = definition;
  insist(maxChildren === UNLIMITED || isCount(maxChildren), definition, "maxChildren", COUNT);
  return { ...completeIntensity(definition), maxChildren, onReport };
}
