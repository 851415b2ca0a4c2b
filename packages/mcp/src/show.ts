import { type Cause, Event, LogLine, Service } from "@solo/proto";
import type { JsonSchema } from "./json-schema.ts";

// What the wire's messages are in an answer: proto3 JSON, and a line for a reader.

/** All about a service. The wire's format lets it be absent, and a server of ours never does. */
export function wholeServiceJson(service: Service | undefined): Record<string, unknown> {
  return Service.toJSON(service ?? Service.fromPartial({})) as Record<string, unknown>;
}

/** What a model wants to know of a service after it has done something with it: solo_status has the rest. */
export function serviceJson(service: Service | undefined): Record<string, unknown> {
  const { serviceId, version, restarts, calls, casts, lastCause } = service ?? Service.fromPartial({});
  return {
    service_id: serviceId,
    state: service === undefined ? "unknown" : stateWord(service),
    version,
    restarts,
    calls,
    casts,
    ...(lastCause === undefined ? {} : { last_end: causeText(lastCause) }),
  };
}

export const serviceSchema: JsonSchema = {
  type: "object",
  properties: {
    service_id: { type: "string" },
    state: { type: "string" },
    version: { type: "integer" },
    restarts: { type: "integer" },
    calls: { type: "array", items: { type: "string" } },
    casts: { type: "array", items: { type: "string" } },
    last_end: { type: "string" },
  },
  required: ["service_id", "state", "version", "restarts", "calls", "casts"],
  additionalProperties: false,
};

/** One line, and one more for how it ended last. */
export function serviceText(service: Service | undefined): string {
  if (service === undefined) return "no service";
  const { calls, casts, lastCause, restarts } = service;
  const names = [
    ...(calls.length === 0 ? [] : [`calls ${calls.join(", ")}`]),
    ...(casts.length === 0 ? [] : [`casts ${casts.join(", ")}`]),
    ...(restarts === 0 ? [] : [restarts === 1 ? "restarted once" : `restarted ${restarts} times`]),
  ];
  const line = [`${service.serviceId} is ${stateWord(service)}, version ${service.version}`, ...names].join("; ");
  return lastCause === undefined ? line : `${line}\nlast end: ${causeText(lastCause)}`;
}

function causeText({ kind, message, location }: Cause): string {
  const place = location === undefined ? "" : ` at ${location.file}:${location.line}:${location.column}`;
  return `${kind}: ${message}${place}`;
}

/** Such as `running`. */
function stateWord(service: Service): string {
  const { state = "SERVICE_STATE_UNKNOWN" } = Service.toJSON(service) as { readonly state?: string };
  return state.replace("SERVICE_STATE_", "").toLowerCase();
}

export function logLineJson(line: LogLine): Record<string, unknown> {
  const { sequence, at, level = "LOG_LEVEL_INFO", text = "" } = LogLine.toJSON(line) as Record<string, string>;
  return { sequence: Number(sequence), at, level: level.replace("LOG_LEVEL_", "").toLowerCase(), text };
}

export function eventJson(event: Event): Record<string, unknown> {
  const { sequence, at, type, serviceId, actor, correlationId } = Event.toJSON(event) as Record<string, string>;
  return { sequence: Number(sequence), at, type, serviceId, actor, correlationId, data: dataOf(event) };
}

/** The event's facts; the text itself where it is no JSON. */
function dataOf(event: Event): unknown {
  try {
    return JSON.parse(event.dataJson);
  } catch {
    return event.dataJson;
  }
}
