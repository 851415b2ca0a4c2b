import type { Report } from "../process/report.ts";
import type { Self } from "../process/self.ts";

/**
 * A supervisor's decision, as data.
 *
 * `child-terminated`: a child ended by itself (not reported for an expected end of one that is not permanent).
 * `restarting`: a round of restarts begins; `restarts` says the how-manieth within the period it is. `start-failed`: a
 * start, or an attempt to restart, came to nothing. `shutdown-failed`: a child that was asked to stop ended of something
 * else, such as `killed` when its time was over. `gave-up`: the intensity is spent, the supervisor ends.
 */
export type SupervisorReport = Extract<Report, { readonly kind: "supervisor" }>;

/** Takes the decisions of one supervisor, in its turn: it must return soon. What it throws is ignored. */
export type SupervisorReporter = (report: SupervisorReport) => void;

/** Hands a decision to the system's report sink and to the one who asked to see those of this supervisor. */
export function reportDecision(self: Self, onReport: SupervisorReporter | undefined, decision: SupervisorReport): void {
  self.report(decision);
  try {
    onReport?.(decision);
  } catch {
    // As with the system's sink: who looks on must not be able to bring down what it looks at.
  }
}
