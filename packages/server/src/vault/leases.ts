import { nanoid } from "nanoid";
import type { Clock } from "../ports/clock.ts";

/** A secret that was handed out, and until when it may be used. */
export interface Lease {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly version: number;
  readonly expiresAtMs: number;
}

export interface LeaseWish {
  readonly tenant: string;
  readonly name: string;
  readonly version: number;
  /** When the authority behind it ends. */
  readonly authorityUntilMs: number;
  /** Milliseconds; undefined for the usual. */
  readonly lifeMs: number | undefined;
}

export const leaseLimits = {
  usualMs: 60 * 60 * 1_000,
  mostMs: 24 * 60 * 60 * 1_000,
  /** Leases that are remembered; beyond that the oldest is forgotten, which makes nothing last longer. */
  remembered: 10_000,
} as const;

/** Who has a secret now. Nobody can be made to forget one: a lease that ends early says what to rotate. */
export class Leases {
  readonly #clock: Clock;
  readonly #onRevoked: (lease: Lease) => void;
  readonly #held = new Map<string, { readonly lease: Lease; readonly release: () => void }>();

  /** @param onRevoked Told of each lease whose authority was taken back before its time. */
  constructor(options: { readonly clock: Clock; readonly onRevoked: (lease: Lease) => void }) {
    this.#clock = options.clock;
    this.#onRevoked = options.onRevoked;
  }

  /** One that is held from {@link hold} on. Never lasts longer than the authority for it. */
  make({ tenant, name, version, authorityUntilMs, lifeMs }: LeaseWish): Lease {
    const nowMs = this.#clock.wallMs();
    const wantedMs = Math.min(lifeMs ?? leaseLimits.usualMs, leaseLimits.mostMs);
    return { id: nanoid(), tenant, name, version, expiresAtMs: Math.min(nowMs + wantedMs, authorityUntilMs) };
  }

  /** @param signal Aborted when the authority ends: revoked, expired, or gone with its connection. */
  hold(lease: Lease, signal: AbortSignal | undefined): void {
    this.#forget();
    const end = (): void => {
      this.#held.delete(lease.id);
      if (wasRevoked(signal?.reason) && lease.expiresAtMs > this.#clock.wallMs()) this.#onRevoked(lease);
    };
    if (signal?.aborted === true) {
      end();
      return;
    }
    signal?.addEventListener("abort", end, { once: true });
    this.#held.set(lease.id, { lease, release: () => signal?.removeEventListener("abort", end) });
  }

  of(tenant: string): readonly Lease[] {
    this.#forget();
    return [...this.#held.values()].flatMap(({ lease }) => (lease.tenant === tenant ? [lease] : []));
  }

  endAll(): void {
    for (const { release } of this.#held.values()) release();
    this.#held.clear();
  }

  #forget(): void {
    const nowMs = this.#clock.wallMs();
    for (const [id, { lease, release }] of this.#held) {
      if (lease.expiresAtMs > nowMs && this.#held.size <= leaseLimits.remembered) continue;
      release();
      this.#held.delete(id);
    }
  }
}

/** Not for what ends by itself, by its time or with its connection. */
function wasRevoked(reason: unknown): boolean {
  const code = (reason as { readonly denial?: { readonly code?: string } } | undefined)?.denial?.code;
  return code === "CAP_REVOKED" || code === "CAP_EPOCH";
}
