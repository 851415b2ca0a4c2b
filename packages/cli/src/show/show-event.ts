import type { Event } from "@solo/proto";
import { type Paint, terminalText } from "../terminal-text.ts";
import { timeJson, timeText } from "./show-time.ts";

export function eventJson(event: Event): Record<string, unknown> {
  return {
    tenant: event.tenant,
    sequence: Number(event.sequence),
    at: timeJson(event.at),
    type: event.type,
    service: event.serviceId === "" ? null : event.serviceId,
    causationSequence: event.causationSequence === 0n ? null : Number(event.causationSequence),
    correlationId: event.correlationId,
    actor: event.actor,
    data: dataOf(event),
    cursor: event.cursor,
  };
}

export function eventText(event: Event, paint: Paint): string {
  const data = dataOf(event);
  const facts = isRecord(data) ? Object.entries(data).filter(([name]) => name !== "serviceId" && name !== "type") : [];
  const shown = facts
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  const about = event.serviceId === "" ? "" : ` ${event.serviceId}`;
  const sequence = String(event.sequence).padStart(6);
  return `${sequence} ${paint.dim(timeText(event.at))} ${paint.bold(event.type)}${about} ${terminalText(shown)}`
    .trimEnd()
    .concat("\n");
}

/** The event's facts; the text itself where it is no JSON. */
function dataOf(event: Event): unknown {
  try {
    return JSON.parse(event.dataJson);
  } catch {
    return event.dataJson === "" ? null : event.dataJson;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
