import { type LimitName, limitRow } from "@solo/notation";
import type { LimitLevel } from "../events/event.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cause } from "./cause.ts";
import type { DeployedService } from "./deployed-service.ts";
import { actionAt, softLimit } from "./limit-rules.ts";

/** Counts every time that a service reaches a limit, and puts it on record, though not as often as it happens. */
export class LimitReporter {
  readonly #clock: Clock;
  readonly #metrics: Metrics;

  constructor(options: { readonly clock: Clock; readonly metrics: Metrics }) {
    this.#clock = options.clock;
    this.#metrics = options.metrics;
  }

  /**
   * Tells of a limit that is reached.
   *
   * @param found In the limit's unit.
   * @param correlationId Of the message that brought it about; that of the deployment where none did.
   * @returns Why the service must be ended now; undefined where its action lets it live.
   */
  reached(
    service: DeployedService,
    limit: LimitName,
    level: LimitLevel,
    found: number,
    correlationId = service.record.correlationId,
  ): Cause | undefined {
    const { manifest, version } = service.record;
    const action = level === "soft" ? "warn" : actionAt(manifest, limit);
    const allowed = level === "soft" ? softLimit(manifest, limit) : manifest.limits[limit];
    const { wireName: name, doc, unit } = limitRow(limit);
    const used = Math.round(found);
    this.#metrics.limitReached(name, level, action);
    const times = service.tallyOf(limit, level).count(this.#clock.nowMs());
    if (times !== undefined) {
      const { serviceId } = service;
      service.journal.note({
        events: [
          { type: "service.limit-reached", serviceId, version, limit: name, level, action, used, allowed, times },
        ],
        origin: { correlationId, actor: "kernel" },
      });
    }
    if (action !== "kill") return undefined;
    return {
      kind: "limit",
      message: `Over its limit ${name}: ${doc}: ${used} of ${allowed} ${unit}`,
      limit: { name, used, allowed },
    };
  }
}
