import type { EventEmitter } from "node:events";
import { SoloError } from "../errors.ts";

/** The first bytes of every request are not counted: what is bounded is the memory that large ones take. */
const FREE_BYTES = 64 * 1024;

/**
 * Bytes of large requests that have come in and are not yet answered, by tenant. A request is read whole before anything is
 * done with it, so many that never come to their end would fill the memory of all.
 */
export class RequestBytes {
  readonly #allowed: number;
  readonly #tenants = new Map<string, number>();

  /** @param allowed Bytes of one tenant. */
  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  of(tenant: string): number {
    return this.#tenants.get(tenant) ?? 0;
  }

  /**
   * Counts what one request brings, until its stream is closed.
   *
   * @param refuse Called once, when it is too much; it has to end the stream.
   */
  watch(tenant: string, stream: EventEmitter, refuse: (error: SoloError) => void): void {
    let come = 0;
    let counted = 0;
    let refused = false;
    stream.on("data", (chunk: Uint8Array) => {
      come += chunk.length;
      const more = come - FREE_BYTES - counted;
      if (more <= 0 || refused) return;
      if (this.of(tenant) + more > this.#allowed) {
        refused = true;
        refuse(tooMuch(tenant, this.of(tenant), this.#allowed));
        return;
      }
      if (counted === 0) stream.once("close", () => this.#give(tenant, -counted));
      counted += more;
      this.#give(tenant, more);
    });
  }

  #give(tenant: string, bytes: number): void {
    const left = this.of(tenant) + bytes;
    if (left > 0) this.#tenants.set(tenant, left);
    else this.#tenants.delete(tenant);
  }
}

const tooMuch = (tenant: string, used: number, allowed: number): SoloError =>
  new SoloError("TOO_MANY_UPLOADS", "Cannot take the request: its tenant has too many bytes of requests under way", {
    found: `${used} bytes of large requests that are not yet answered`,
    wanted: `at most ${allowed} bytes`,
    retryAfterMs: 1_000,
    quota: { subject: "request_bytes", limit: allowed, used, more: "send fewer large requests at one time" },
    metadata: { tenant },
  });
