import type { NewEvent, StoredEvent } from "../ports/event-log.ts";

/** An event on its way to the log. */
export interface EncodedEvent {
  /** The service that it is about; null when it is about none. */
  readonly serviceId: string | null;
  /** The {@link NewEvent} as JSON. Text, so that threads and readers share it without sharing objects. */
  readonly json: string;
}

/** An event as the log holds it. */
export interface EventRow extends EncodedEvent {
  readonly sequence: number;
  readonly atMs: number;
}

export interface EventPage {
  readonly rows: readonly EventRow[];
  /** The page ended at a limit: there may be more behind it. */
  readonly more: boolean;
}

/** @throws {TypeError} If the event is no plain data. */
export function encodeEvent(event: NewEvent): EncodedEvent {
  const serviceId = "serviceId" in event.body ? event.body.serviceId : undefined;
  return { serviceId: serviceId?.toWellFormed() ?? null, json: JSON.stringify(event) };
}

/** A fresh object for each call: no reader sees what another does to it. */
export function decodeEvent(tenant: string, row: EventRow): StoredEvent {
  const { causationDistance, ...event } = JSON.parse(row.json) as NewEvent;
  const { sequence, atMs } = row;
  const causation = causationDistance === undefined ? {} : { causationSequence: sequence - causationDistance };
  return { ...event, ...causation, tenant, sequence, atMs };
}
