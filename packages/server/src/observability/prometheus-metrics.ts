import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Gauges, Metrics } from "./metrics.ts";

/** Metrics that a Prometheus server can read. */
export interface PrometheusMetrics extends Metrics {
  /** Of the text that `text` makes. */
  readonly contentType: string;
}

/**
 * Makes the server's metrics in a registry of their own, those of its process and event loop included.
 *
 * Make one set a process: the watch on event loop and garbage collector, which keeps no process alive, lasts as long as that.
 */
export function createMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const registers = [registry];
  let gauges: Gauges = { servicesRunning: () => 0, warmCells: () => 0, frozenCells: () => 0, vitals: () => [] };

  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  new Gauge({
    name: "solo_services_running",
    help: "Services that answer calls",
    registers,
    collect() {
      this.set(gauges.servicesRunning());
    },
  });
  new Gauge({
    name: "solo_warm_cells",
    help: "Cells that wait warm",
    registers,
    collect() {
      this.set(gauges.warmCells());
    },
  });
  new Gauge({
    name: "solo_frozen_cells",
    help: "Cells that are idle and frozen",
    registers,
    collect() {
      this.set(gauges.frozenCells());
    },
  });
  new Gauge({
    name: "solo_load_ratio",
    help: "Share in use of what the server lives on; new work is refused from 0.9 on",
    labelNames: ["resource"],
    registers,
    collect() {
      for (const { resource, used } of gauges.vitals()) this.set({ resource }, used);
    },
  });
  const deploys = new Counter({
    name: "solo_deploys_total",
    help: "Deploys by outcome",
    labelNames: ["outcome"],
    registers,
  });
  const denials = new Counter({
    name: "solo_denials_total",
    help: "Requests refused for want of authority",
    registers,
  });
  const auditFailures = new Counter({
    name: "solo_audit_failures_total",
    help: "Times that the audit sink could not take events, which it gets later",
    registers,
  });
  const auditGaps = new Counter({
    name: "solo_audit_gaps_total",
    help: "Events or files that the audit sink lacks for good",
    registers,
  });
  const restarts = new Counter({ name: "solo_service_restarts_total", help: "Restarts by supervisors", registers });
  const crashes = new Counter({
    name: "solo_service_crashes_total",
    help: "Services that ended without being asked to, by cause",
    labelNames: ["cause"],
    registers,
  });
  const limitsReached = new Counter({
    name: "solo_limits_reached_total",
    help: "Times that a service was near (soft) or at (hard) one of its limits, or a tenant at its quota",
    labelNames: ["limit", "level", "action"],
    registers,
  });
  const shed = new Counter({
    name: "solo_messages_shed_total",
    help: "Calls and casts refused before they were read: too many under way",
    labelNames: ["by"],
    registers,
  });
  const driverAnswers = new Counter({
    name: "solo_driver_answers_total",
    help: "Answers of drivers to services, by driver and by whether they were refusals",
    labelNames: ["driver", "outcome"],
    registers,
  });
  const circuits = new Counter({
    name: "solo_circuits_opened_total",
    help: "Times that a caller was kept from a service that only failed it",
    registers,
  });
  const calls = new Histogram({
    name: "solo_call_duration_seconds",
    help: "From a call's arrival to its answer",
    labelNames: ["outcome"],
    buckets: [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const commits = new Histogram({
    name: "solo_storage_commit_duration_seconds",
    help: "Durable writes of the database",
    buckets: [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
    registers,
  });
  const changes = new Counter({ name: "solo_storage_changes_total", help: "Changes in those writes", registers });

  return {
    watch(watched) {
      gauges = watched;
    },
    deployed: (outcome) => deploys.inc({ outcome }),
    denied: () => denials.inc(),
    crashed: (cause) => crashes.inc({ cause }),
    restarted: () => restarts.inc(),
    shed: (by) => shed.inc({ by }),
    circuitOpened: () => circuits.inc(),
    auditFailed: () => auditFailures.inc(),
    auditGap: () => auditGaps.inc(),
    answered: (driver, outcome) => driverAnswers.inc({ driver, outcome }),
    limitReached: (limit, level, action) => limitsReached.inc({ limit, level, action }),
    called: (outcome, elapsedMs) => calls.observe({ outcome }, elapsedMs / 1_000),
    committed(count, elapsedMs) {
      commits.observe(elapsedMs / 1_000);
      changes.inc(count);
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
