import { type LimitName, limitRow } from "@solo/notation";
import type { EventBody } from "../events/event.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeployedService } from "./deployed-service.ts";
import { healthy } from "./health.ts";

/** Says how services are, and puts each change on record. */
export class HealthKeeper {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Marks a service that is over a bound of its mailbox. Nothing happens when it is marked already. */
  degrade(service: DeployedService, limit: LimitName, used: number): void {
    if (service.health.kind !== "healthy") return;
    service.health = { kind: "degraded", sinceMs: this.#clock.wallMs(), limit };
    const { serviceId, record } = service;
    const { version, manifest } = record;
    const { wireName } = limitRow(limit);
    note(service, {
      type: "service.degraded",
      serviceId,
      version,
      limit: wireName,
      used,
      allowed: manifest.limits[limit],
    });
  }

  /** Takes the mark away once half of the mailbox is free. */
  relieve(service: DeployedService): void {
    const { mailbox, health, record } = service;
    const { mailboxMessages, mailboxBytes } = record.manifest.limits;
    if (health.kind !== "degraded") return;
    if (mailbox.messages * 2 > mailboxMessages || mailbox.bytes * 2 > mailboxBytes) return;
    this.#recover(service);
  }

  #recover(service: DeployedService): void {
    service.health = healthy;
    const { serviceId, record } = service;
    note(service, { type: "service.healthy", serviceId, version: record.version });
  }
}

function note(service: DeployedService, event: EventBody): void {
  const { correlationId } = service.record;
  service.journal.note({ events: [event], origin: { correlationId, actor: "kernel" } });
}
