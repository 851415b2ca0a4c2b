import type { Chain } from "./bundle.ts";
import type { Clock } from "./clock.ts";
import { maxSilenceMs } from "./limits.ts";
import { Watchers } from "./watchers.ts";

/**
 * What takes authority back. Store it, then {@link Revocations.apply} it, then acknowledge it; applying the stored ones in
 * their order makes the same state again.
 *
 * - `link-revoked`: that link and all below it, also links that nobody here has seen.
 * - `children-revoked`: all below it, not the link itself. It can never be delegated again.
 * - `holder-revoked`: every link for that key (RFC 7638 thumbprint) or certificate, and all below.
 * - `epoch-raised`: every root of the tenant that was issued in an earlier epoch.
 *
 * `expiresAtSeconds` is that of the link: once it has passed, the record is of no use.
 */
export type RevocationEvent =
  | { readonly kind: "link-revoked"; readonly cid: string; readonly expiresAtSeconds: number }
  | { readonly kind: "children-revoked"; readonly cid: string; readonly expiresAtSeconds: number }
  | { readonly kind: "holder-revoked"; readonly holderId: string }
  | { readonly kind: "epoch-raised"; readonly tenant: string; readonly epoch: number };

export interface RevocationsOptions {
  /**
   * `own`: this process decides on revocations, so it always knows. `followed`: it hears of them from another, and says of
   * what is marked strong `CAP_STALE` once it has heard nothing for 2 s.
   */
  readonly source: "own" | "followed";
  readonly clock: Clock;
}

/**
 * What has been taken back. Looking up takes as long with a million records as with none.
 */
export class Revocations {
  readonly #links = new Map<string, number>();
  readonly #children = new Map<string, number>();
  readonly #holders = new Set<string>();
  readonly #epochs = new Map<string, number>();
  readonly #watchers = new Watchers();
  readonly #options: RevocationsOptions;
  #heardAtMs: number;
  #sequence = 0;

  constructor(options: RevocationsOptions) {
    this.#options = options;
    this.#heardAtMs = Number.NEGATIVE_INFINITY;
  }

  /** How many events were applied. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Takes back. When this returns, nothing below is decided with yes any more, and signals of what was begun are aborted. */
  apply(event: RevocationEvent): void {
    this.#sequence += 1;
    this.heard();
    switch (event.kind) {
      case "link-revoked":
        this.#links.set(event.cid, event.expiresAtSeconds);
        this.#watchers.notify(event.cid);
        return;
      case "children-revoked":
        this.#children.set(event.cid, event.expiresAtSeconds);
        this.#watchers.notify(event.cid);
        return;
      case "holder-revoked":
        this.#holders.add(event.holderId);
        this.#watchers.notify(event.holderId);
        return;
      case "epoch-raised":
        this.#epochs.set(event.tenant, Math.max(event.epoch, this.epochOf(event.tenant)));
        this.#watchers.notify(event.tenant);
    }
  }

  /** A follower has heard from the process that decides, if only that there is nothing new. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
  }

  get isStale(): boolean {
    return this.#options.source === "followed" && this.#options.clock.monotonicMs() - this.#heardAtMs > maxSilenceMs;
  }

  /** The epoch that new roots of a tenant are issued in. */
  epochOf(tenant: string): number {
    return this.#epochs.get(tenant) ?? 0;
  }

  /** Which link has been taken back, if any. */
  findRevoked({ links }: Chain): number | undefined {
    for (let index = 0; index < links.length; index += 1) {
      const link = links[index];
      if (link === undefined) break;
      if (this.#links.has(link.cid) || this.#holders.has(link.holderId)) return index;
      if (index < links.length - 1 && this.#children.has(link.cid)) return index + 1;
    }
    return undefined;
  }

  /** Forgets records of links that have expired by themselves. */
  prune(nowSeconds: number): void {
    for (const records of [this.#links, this.#children]) {
      for (const [cid, expiresAtSeconds] of records) if (expiresAtSeconds <= nowSeconds) records.delete(cid);
    }
  }

  /** Calls back when something that a chain stands on may have been taken back. @returns Ends that. */
  watch({ links, tenant }: Chain, changed: () => void): () => void {
    return this.#watchers.add([tenant, ...links.flatMap(({ cid, holderId }) => [cid, holderId])], changed);
  }
}
