import { SoloError } from "../errors.ts";
import type { EventBody } from "../events/event.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import { type Circuit, type CircuitEvent, closedCircuit, nextCircuit } from "./circuit-breaker.ts";

/** Circuits that are kept; the oldest gives way. */
const mostCircuits = 10_000;

/**
 * What came of a call, as far as its circuit is concerned.
 *
 * - `answered`: with a reply, an error, or by its end: what a service dies of is its supervisor's business.
 * - `unanswered`: not within the time that the caller gave.
 * - `abandoned`: nobody waits for it any more, or it never reached the service; as a trial it says nothing.
 */
export type CallResult = "answered" | "unanswered" | "abandoned";

/** The circuits between callers and services that have failed them lately. A pair that never failed has none and costs nothing. */
export class Circuits {
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #services = new Map<DeployedService, Map<string, Circuit>>();
  #size = 0;

  constructor(options: { readonly clock: Clock; readonly metrics: Metrics }) {
    this.#clock = options.clock;
    this.#metrics = options.metrics;
  }

  /** Lets a call pass, or refuses it at once. Who passes must {@link leave}. @throws {SoloError} `CIRCUIT_OPEN` */
  enter(service: DeployedService, caller: string): void {
    const before = this.#find(service, caller);
    if (before === undefined || before.value === "closed") return;
    const now = this.#advance(service, caller, "asked") ?? before;
    if (before.value === "open" && now.value === "halfOpen") return;
    const { failures, openedAtMs, openMs } = now.context;
    const { serviceId } = service;
    throw new SoloError("CIRCUIT_OPEN", `Cannot call "${serviceId}": it left your last ${failures} calls unanswered`, {
      found: `a circuit that is ${now.value === "open" ? "open" : "on trial with another call"}`,
      wanted: "a service that answers",
      command: `solo status ${serviceId}`,
      retryAfterMs: Math.max(100, Math.ceil(openedAtMs + openMs - this.#clock.nowMs())),
      metadata: { service_id: serviceId },
    });
  }

  leave(service: DeployedService, caller: string, result: CallResult): void {
    if (result === "unanswered") this.#failed(service, caller);
    else if (result === "answered") this.#succeeded(service, caller);
    else this.#advance(service, caller, "abandoned");
  }

  #succeeded(service: DeployedService, caller: string): void {
    const before = this.#find(service, caller);
    if (before === undefined) return;
    if (this.#advance(service, caller, "succeeded")?.value !== "closed") return;
    this.#remove(service, caller);
    if (before.value !== "closed")
      this.#note(service, { type: "circuit.closed", serviceId: service.serviceId, caller });
  }

  #failed(service: DeployedService, caller: string): void {
    const before = this.#find(service, caller) ?? this.#begin(service, caller);
    const after = this.#advance(service, caller, "failed");
    if (after?.value !== "open" || before.value === "open") return;
    this.#metrics.circuitOpened();
    const { failures, openMs } = after.context;
    this.#note(service, { type: "circuit.opened", serviceId: service.serviceId, caller, failures, openMs });
  }

  #find(service: DeployedService, caller: string): Circuit | undefined {
    return this.#size === 0 ? undefined : this.#services.get(service)?.get(caller);
  }

  #advance(service: DeployedService, caller: string, type: CircuitEvent["type"]): Circuit | undefined {
    const before = this.#find(service, caller);
    if (before === undefined) return undefined;
    const after = nextCircuit(before, { type, nowMs: this.#clock.nowMs() });
    this.#services.get(service)?.set(caller, after);
    return after;
  }

  #begin(service: DeployedService, caller: string): Circuit {
    let callers = this.#services.get(service);
    if (callers === undefined) {
      callers = new Map();
      this.#services.set(service, callers);
    }
    const circuit = closedCircuit();
    callers.set(caller, circuit);
    this.#size += 1;
    this.#bound();
    return circuit;
  }

  #remove(service: DeployedService, caller: string): void {
    const callers = this.#services.get(service);
    if (callers?.delete(caller) === true) this.#size -= 1;
    if (callers?.size === 0) this.#services.delete(service);
  }

  #bound(): void {
    if (this.#size <= mostCircuits) return;
    const [oldest] = this.#services;
    const caller = oldest?.[1].keys().next().value;
    if (oldest !== undefined && caller !== undefined) this.#remove(oldest[0], caller);
  }

  #note(service: DeployedService, event: EventBody): void {
    const { correlationId } = service.record;
    service.journal.note({ events: [event], origin: { correlationId, actor: "kernel" } });
  }
}
