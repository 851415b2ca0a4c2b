import { SoloError } from "../errors.ts";
import type { Metrics } from "../observability/metrics.ts";

/** What the door asks of whoever keeps the tenants' quotas. */
export interface InFlightLimits {
  readonly allowed: (tenant: string) => number;
  readonly reached: (tenant: string, facts: { readonly used: number; readonly correlationId: string }) => void;
  /** Of all tenants together. */
  readonly total: number;
  readonly metrics: Metrics;
}

/** Wait before trying again makes sense, in milliseconds. */
const retryAfterMs = 100;

/**
 * Messages of clients that are being served, by tenant: calls, casts, and HTTP requests to services. What would be too many is refused at the door, before it is read: to
 * refuse has to cost less than to serve.
 */
export class InFlight {
  readonly #limits: InFlightLimits;
  readonly #tenants = new Map<string, number>();
  #total = 0;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  of(tenant: string): number {
    return this.#tenants.get(tenant) ?? 0;
  }

  /** What a message of the tenant would be refused with now. Who refuses it says so by {@link refused}. */
  refusal(tenant: string): SoloError | undefined {
    const used = this.of(tenant);
    const allowed = this.#limits.allowed(tenant);
    if (used >= allowed) return tooMany(tenant, used, allowed);
    if (this.#total < this.#limits.total) return undefined;
    return new SoloError("SERVER_OVERLOADED", "Cannot take the message: the server has too many under way", {
      found: `${this.#total} messages that are being served`,
      wanted: `fewer than ${this.#limits.total}`,
      retryAfterMs,
    });
  }

  /** Counts that a message was refused, and tells of it under the message's own id. */
  refused(tenant: string, { code }: SoloError, correlationId: string): void {
    if (code === "TOO_MANY_CALLS") this.#limits.reached(tenant, { used: this.of(tenant), correlationId });
    this.#limits.metrics.shed(code === "TOO_MANY_CALLS" ? "tenant" : "server");
  }

  /** Counts a message that has come in. Each must {@link leave}. @throws {SoloError} `TOO_MANY_CALLS`, `SERVER_OVERLOADED` */
  enter(tenant: string, correlationId: string): void {
    const refusal = this.refusal(tenant);
    if (refusal !== undefined) {
      this.refused(tenant, refusal, correlationId);
      throw refusal;
    }
    this.#total += 1;
    this.#tenants.set(tenant, this.of(tenant) + 1);
  }

  leave(tenant: string): void {
    this.#total -= 1;
    const left = this.of(tenant) - 1;
    if (left > 0) this.#tenants.set(tenant, left);
    else this.#tenants.delete(tenant);
  }
}

const tooMany = (tenant: string, used: number, allowed: number): SoloError =>
  new SoloError("TOO_MANY_CALLS", "Cannot take the message: its tenant has too many under way", {
    found: `${used} calls, casts and HTTP requests that are being served`,
    wanted: `fewer than ${allowed}`,
    retryAfterMs,
    quota: {
      subject: "calls_in_flight",
      limit: allowed,
      used,
      more: `send fewer at one time, or ask an administrator for \`solo quota set ${tenant} calls_in_flight=...\``,
    },
    metadata: { tenant },
  });
