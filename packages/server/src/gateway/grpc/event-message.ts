import type { Event } from "@solo/proto";
import { toCursor } from "../../events/cursor.ts";
import type { StoredEvent } from "../../ports/event-log.ts";

/** A recorded event as the API shows it. */
export function toEventMessage(event: StoredEvent): Event {
  const { type, ...facts } = event.body;
  const serviceId = "serviceId" in event.body ? (event.body.serviceId ?? "") : "";
  return {
    tenant: event.tenant,
    sequence: BigInt(event.sequence),
    at: new Date(event.atMs),
    type,
    serviceId,
    causationSequence: BigInt(event.causationSequence ?? 0),
    correlationId: event.correlationId,
    actor: event.actor,
    dataJson: JSON.stringify(facts),
    cursor: toCursor(event.tenant, event.sequence),
  };
}
