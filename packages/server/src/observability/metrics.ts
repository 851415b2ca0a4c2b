import type { LimitAction } from "@solo/notation";
import type { LimitLevel } from "../events/event.ts";
import type { Vital } from "../ports/vitals.ts";
import type { CauseKind } from "../services/cause.ts";

/** How a call or deploy ended, in few enough words to be a label. */
export type Outcome = "ok" | "failed" | "timed_out" | "refused";

/** What is looked up when somebody reads the metrics, so that no gauge can drift from the truth. */
export interface Gauges {
  readonly servicesRunning: () => number;
  readonly warmCells: () => number;
  readonly frozenCells: () => number;
  readonly vitals: () => readonly Vital[];
}

/** What the kernel counts. No tenant, service or method is a label: their number has no bound, and they are the tenants' own. */
export interface Metrics {
  /** Names where the gauges' values come from; the last call counts. */
  watch(gauges: Gauges): void;
  deployed(outcome: Outcome): void;
  denied(): void;
  crashed(cause: CauseKind): void;
  restarted(): void;
  /** A service was at one of its limits, named as on the wire, or a tenant at one of its quota's, `tenant_` before its name. */
  limitReached(limit: string, level: LimitLevel, action: LimitAction): void;
  /** A message was refused at the door, for its tenant's quota or for all that the server takes. */
  shed(by: "tenant" | "server"): void;
  circuitOpened(): void;
  /** The sink of the audit could not take what it was given, and gets it later. */
  auditFailed(): void;
  /** It lacks something for good. */
  auditGap(): void;
  /** A driver has answered a service. */
  answered(driver: string, outcome: "ok" | "refused"): void;
  /** @param elapsedMs From the request's arrival to its answer. */
  called(outcome: Outcome, elapsedMs: number): void;
  /** One durable write of the database, which may hold many changes. */
  committed(changes: number, elapsedMs: number): void;
  /** All of it in Prometheus' text format. */
  text(): Promise<string>;
}

/** Counts nothing. For kernels in tests. */
export const noMetrics: Metrics = {
  watch() {},
  deployed() {},
  denied() {},
  crashed() {},
  restarted() {},
  limitReached() {},
  shed() {},
  circuitOpened() {},
  auditFailed() {},
  auditGap() {},
  answered() {},
  called() {},
  committed() {},
  text: async () => "",
};
