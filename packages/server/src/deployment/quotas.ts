import { type TenantLimitName, tenantLimitNames, tenantLimitRow } from "@solo/notation";
import type { Permit } from "../authority/authorize.ts";
import type { EventBody } from "../events/event.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { RequestKey, Requests } from "./requests.ts";

/** What the operator has set for one tenant; the server's defaults hold for what is left out. */
export type Quota = { readonly [Name in TenantLimitName]?: number };

/** The server's own settings, for tenants of whom the operator says nothing. */
export type QuotaDefaults = { readonly [Name in TenantLimitName]: number };

/** The quota of somebody of whom nothing was said. */
export const usualQuota = Object.fromEntries(
  tenantLimitNames.map((name) => [name, tenantLimitRow(name).usual]),
) as QuotaDefaults;

const tellEveryMs = 60_000;
const key = { collection: "quota", key: "quota" } as const;

interface Tally {
  times: number;
  told: number;
  toldAtMs: number;
}

/** The limits of tenants: kept in memory for every call, and on disk before a change of them is acknowledged. */
export class Quotas {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #defaults: QuotaDefaults;
  readonly #set = new Map<string, Quota>();
  readonly #tallies = new Map<string, Tally>();

  constructor(options: {
    readonly state: StateStore;
    readonly clock: Clock;
    readonly metrics: Metrics;
    readonly defaults: QuotaDefaults;
  }) {
    this.#state = options.state;
    this.#clock = options.clock;
    this.#metrics = options.metrics;
    this.#defaults = options.defaults;
  }

  /** Reads what was set before; to be awaited before anything is allowed. */
  async load(): Promise<void> {
    const limit = 500;
    let after: { readonly tenant: string; readonly key: string } | undefined;
    for (;;) {
      const page = await this.#state.list({ collection: "quota", limit, ...(after === undefined ? {} : { after }) });
      for (const { tenant, value } of page) this.#set.set(tenant, JSON.parse(new TextDecoder().decode(value)) as Quota);
      const last = page.at(-1);
      if (last === undefined || page.length < limit) return;
      after = { tenant: last.tenant, key: last.key };
    }
  }

  allowed(tenant: string, limit: TenantLimitName): number {
    return this.#set.get(tenant)?.[limit] ?? this.#defaults[limit];
  }

  /** Times that the tenant was at the limit since the server started. */
  timesReached(tenant: string, limit: TenantLimitName): number {
    return this.#tallies.get(`${tenant} ${limit}`)?.times ?? 0;
  }

  /** Counts that a tenant was at a limit, and puts it on record, at most once a minute. */
  reached(
    tenant: string,
    limit: TenantLimitName,
    facts: { readonly used: number; readonly correlationId: string },
  ): void {
    const { wireName } = tenantLimitRow(limit);
    this.#metrics.limitReached(`tenant_${wireName}`, "hard", "throttle");
    const place = `${tenant} ${limit}`;
    const tally = this.#tallies.get(place) ?? { times: 0, told: 0, toldAtMs: Number.NEGATIVE_INFINITY };
    this.#tallies.set(place, tally);
    tally.times += 1;
    if (this.#clock.nowMs() - tally.toldAtMs < tellEveryMs) return;
    const times = tally.times - tally.told;
    tally.toldAtMs = this.#clock.nowMs();
    tally.told = tally.times;
    const { used, correlationId } = facts;
    const body: EventBody = {
      type: "tenant.quota-reached",
      limit: wireName,
      used,
      allowed: this.allowed(tenant, limit),
      times,
    };
    // Refused whether it could be recorded or not.
    void this.#state.commit({ tenant, events: [{ body, correlationId, actor: "kernel" }] }).catch(() => undefined);
  }

  /**
   * Changes some limits of a tenant; `undefined` puts one back to the server's default. What a tenant has beyond a new limit is
   * left alone: only what is new is refused.
   */
  async set(
    context: { readonly requests: Requests },
    permit: Permit<"QuotaService/SetQuota">,
    request: RequestKey,
    change: { readonly [Name in TenantLimitName]?: number | undefined },
  ): Promise<void> {
    const { tenant } = permit;
    await context.requests.once<null>(permit, request, async (answering) => {
      const merged = { ...this.#set.get(tenant), ...change };
      const quota = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)) as Quota;
      const limits = Object.fromEntries(
        (Object.keys(change) as TenantLimitName[]).map((name) => [tenantLimitRow(name).wireName, change[name] ?? null]),
      );
      await this.#state.commit({
        tenant,
        events: [
          {
            body: { type: "tenant.quota-set", limits },
            correlationId: permit.correlationId,
            actor: permit.caller.spiffeId,
          },
        ],
        puts: [{ ...key, value: new TextEncoder().encode(JSON.stringify(quota)) }, ...answering.answered(null)],
      });
      this.#set.set(tenant, quota);
      return null;
    });
  }
}
