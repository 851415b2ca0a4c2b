import { Event, LogLine, Service } from "@solo/proto";

// What the wire's messages are in an answer: proto3 JSON, and a line for a reader.

export function serviceJson(service: Service | undefined): Record<string, unknown> {
  // The wire's format lets it be absent, and a server of ours never does.
  return Service.toJSON(service ?? Service.fromPartial({})) as Record<string, unknown>;
}

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
  if (lastCause === undefined) return line;
  const { location } = lastCause;
  const place = location === undefined ? "" : ` at ${location.file}:${location.line}:${location.column}`;
  return `${line}\nlast end: ${lastCause.kind}: ${lastCause.message}${place}`;
}

/** Such as `running`. */
export function stateWord(service: Service): string {
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
