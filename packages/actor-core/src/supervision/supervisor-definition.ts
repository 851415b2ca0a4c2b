import { AUTO_SHUTDOWNS, type AutoShutdown } from "./auto-shutdown.ts";
import { BrokenRule } from "./broken-rule.ts";
import { type ChildSpec, type CompleteChildSpec, completeChildSpecs } from "./child-spec.ts";
import { oneOf } from "./one-of.ts";
import { DEFAULT_RESTART_INTENSITY, type RestartIntensity } from "./restart-intensity.ts";
import { RESTART_STRATEGIES, type RestartStrategy } from "./restart-strategy.ts";
import type { SupervisorReporter } from "./supervisor-report.ts";

/** What a supervisor is: its children, and what it does when they end. */
export interface SupervisorDefinition extends Partial<RestartIntensity> {
  /** In start order; they are stopped in reverse. */
  readonly children: readonly ChildSpec[];
  /** Default `one-for-one`. */
  readonly strategy?: RestartStrategy;
  /** Default 3. */
  readonly maxRestarts?: number;
  /** Default 5,000. */
  readonly periodMs?: number;
  /** Default `never`. */
  readonly autoShutdown?: AutoShutdown;
  /** Sees this supervisor's decisions; the system's report sink sees them too. */
  readonly onReport?: SupervisorReporter;
}

/** A definition that has been checked, with its defaults. */
export type CompleteSupervisorDefinition = Required<Omit<SupervisorDefinition, "children" | "onReport">> & {
  readonly children: readonly CompleteChildSpec[];
  readonly onReport: SupervisorReporter | undefined;
};

/** The definition of a supervisor was refused; no child was started. */
export class InvalidSupervisor<Definition = SupervisorDefinition> extends BrokenRule<Definition> {
  override readonly code = "ACTOR_INVALID_SUPERVISOR";

  constructor(definition: Definition, field: keyof Definition & string, wanted: string) {
    super("supervisor definition", definition, field, wanted);
  }
}

/**
 * Checks a definition with all its child specs and fills in the defaults. Keys it does not know are ignored.
 *
 * @throws {InvalidSupervisor | InvalidChildSpec} For the first value that is refused.
 */
export function completeSupervisorDefinition(definition: SupervisorDefinition): CompleteSupervisorDefinition {
  const { children, strategy = "one-for-one", autoShutdown = "never", onReport } = definition;
  insist(RESTART_STRATEGIES.includes(strategy), definition, "strategy", oneOf(RESTART_STRATEGIES));
  insist(AUTO_SHUTDOWNS.includes(autoShutdown), definition, "autoShutdown", oneOf(AUTO_SHUTDOWNS));
  insist(Array.isArray(children), definition, "children", "a list");
  return {
    ...completeIntensity(definition),
    strategy,
    autoShutdown,
    onReport,
    children: completeChildSpecs(children, autoShutdown),
  };
}

/**
 * Checks an intensity and fills in the defaults.
 *
 * @throws {InvalidSupervisor} If `maxRestarts` is no whole number from 0 on, or `periodMs` not positive.
 */
export function completeIntensity(definition: Partial<RestartIntensity>): RestartIntensity {
  const { maxRestarts = DEFAULT_RESTART_INTENSITY.maxRestarts, periodMs = DEFAULT_RESTART_INTENSITY.periodMs } =
    definition;
  insist(isCount(maxRestarts), definition, "maxRestarts", COUNT);
  insist(Number.isFinite(periodMs) && periodMs > 0, definition, "periodMs", "a positive number");
  return { maxRestarts, periodMs };
}

/** Refuses a definition of which a field breaks a rule. */
export function insist<D>(holds: boolean, definition: D, field: keyof D & string, wanted: string): void {
  if (!holds) throw new InvalidSupervisor(definition, field, wanted);
}

/** What {@link isCount} wants. */
export const COUNT = "a whole number from 0 on";

export function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}
