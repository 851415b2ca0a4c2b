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
 * `expiresAtSeconds` is that of the link: once it has passed, the record is of no use. `tenant` says that it was taken back for
 * chains of that tenant: where several stand on one verifier, each takes back its own, whatever it names. Left out: for all.
 */
export type RevocationEvent =
  | {
      readonly kind: "link-revoked" | "children-revoked";
      readonly cid: string;
      readonly expiresAtSeconds: number;
      readonly tenant?: string;
    }
  | { readonly kind: "holder-revoked"; readonly holderId: string; readonly tenant?: string }
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
  readonly #ofAll = records();
  readonly #ofTenant = new Map<string, Records>();
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
        this.#recordsOf(event.tenant).links.set(event.cid, event.expiresAtSeconds);
        this.#watchers.notify(event.cid);
        return;
      case "children-revoked":
        this.#recordsOf(event.tenant).children.set(event.cid, event.expiresAtSeconds);
        this.#watchers.notify(event.cid);
        return;
      case "holder-revoked":
        this.#recordsOf(event.tenant).holders.add(event.holderId);
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
  findRevoked({ links, tenant }: Chain): number | undefined {
    const found = revokedIn(this.#ofAll, links);
    const own = this.#ofTenant.get(tenant);
    if (own === undefined) return found;
    const ownFound = revokedIn(own, links);
    return found === undefined || ownFound === undefined ? (found ?? ownFound) : Math.min(found, ownFound);
  }

  /** Forgets records of links that have expired by themselves. */
  prune(nowSeconds: number): void {
    for (const { links, children } of [this.#ofAll, ...this.#ofTenant.values()]) {
      for (const records of [links, children]) {
        for (const [cid, expiresAtSeconds] of records) if (expiresAtSeconds <= nowSeconds) records.delete(cid);
      }
    }
  }

  #recordsOf(tenant: string | undefined): Records {
    if (tenant === undefined) return this.#ofAll;
    const known = this.#ofTenant.get(tenant) ?? records();
    this.#ofTenant.set(tenant, known);
    return known;
  }

  /** Calls back when something that a chain stands on may have been taken back. @returns Ends that. */
  watch({ links, tenant }: Chain, changed: () => void): () => void {
    return this.#watchers.add([tenant, ...links.flatMap(({ cid, holderId }) => [cid, holderId])], changed);
  }
}

interface Records {
  readonly links: Map<string, number>;
  readonly children: Map<string, number>;
  readonly holders: Set<string>;
}

const records = (): Records => ({ links: new Map(), children: new Map(), holders: new Set() });

function revokedIn({ links: revoked, children, holders }: Records, links: Chain["links"]): number | undefined {
  for (let index = 0; index < links.length; index += 1) {
    const link = links[index];
    if (link === undefined) break;
    if (revoked.has(link.cid)) return index;
    // A thumbprint is a hash, which nobody needs while no holder was revoked.
    if (holders.size > 0 && holders.has(link.holderId)) return index;
    if (index < links.length - 1 && children.has(link.cid)) return index + 1;
  }
  return undefined;
}
