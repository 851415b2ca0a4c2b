import { type LimitName, limitRow } from "@solo/notation";
import type { EventBody } from "../events/event.ts";
import type { Clock } from "../ports/clock.ts";
import type { Stall } from "./cause.ts";
import type { DeployedService } from "./deployed-service.ts";
import { healthy } from "./health.ts";

/** Says how services are, and puts each change on record. */
export class HealthKeeper {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Marks a service that is over a bound of its mailbox. Nothing happens when it is marked already.
   *
   * @param correlationId Of the message that was one too many.
   */
  degrade(service: DeployedService, limit: LimitName, used: number, correlationId: string | undefined): void {
    if (service.health.kind !== "healthy") return;
    service.health = { kind: "degraded", sinceMs: this.#clock.wallMs(), limit };
    const { serviceId, record } = service;
    const { version, manifest } = record;
    const { wireName } = limitRow(limit);
    const allowed = manifest.limits[limit];
    note(service, { type: "service.degraded", serviceId, version, limit: wireName, used, allowed }, correlationId);
  }

  /** Takes the mark away once half of the mailbox is free. */
  relieve(service: DeployedService): void {
    const { mailbox, health, record } = service;
    const { mailboxMessages, mailboxBytes } = record.manifest.limits;
    if (health.kind !== "degraded") return;
    if (mailbox.messages * 2 > mailboxMessages || mailbox.bytes * 2 > mailboxBytes) return;
    this.#recover(service);
  }

  /** Marks a service that stands still, whether it is degraded or not. */
  stall(
    service: DeployedService,
    found: {
      readonly limit: LimitName;
      readonly stall: Stall;
      readonly used: number;
      /** Of the message that it stands still with, where there is one alone. */
      readonly correlationId: string | undefined;
    },
  ): void {
    const { limit, stall, used, correlationId } = found;
    const wasUnhealthy = service.health.kind === "unhealthy";
    service.health = { kind: "unhealthy", sinceMs: this.#clock.wallMs(), limit, stall };
    if (wasUnhealthy) return;
    const { serviceId, record, mailbox } = service;
    const { version, manifest } = record;
    const { wireName } = limitRow(limit);
    const allowed = manifest.limits[limit];
    const { messages } = mailbox;
    const event = {
      type: "service.unhealthy",
      serviceId,
      version,
      stall,
      limit: wireName,
      used,
      allowed,
      messages,
    } as const;
    note(service, event, correlationId);
  }

  /** Takes the mark away that {@link stall} has set. */
  advances(service: DeployedService): void {
    if (service.health.kind === "unhealthy") this.#recover(service);
  }

  #recover(service: DeployedService): void {
    service.health = healthy;
    const { serviceId, record } = service;
    note(service, { type: "service.healthy", serviceId, version: record.version });
  }
}

function note(service: DeployedService, event: EventBody, correlationId = service.record.correlationId): void {
  service.journal.note({ events: [event], origin: { correlationId, actor: "kernel" } });
}
