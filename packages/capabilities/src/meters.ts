import type { BudgetUnit, Caveats } from "./caveats.ts";
import type { ParsedGrant } from "./grant.ts";
import { maxMetersPerRoot } from "./limits.ts";

/** What a request costs, in whole numbers. `call` is 1 by itself. */
export type Cost = Readonly<Partial<Record<BudgetUnit, number>>>;

/**
 * What one request took from one grant for good: uses and budget. Store it before the request is answered, and apply the
 * stored ones at the next start; rates begin anew then. What is given back is a charge below zero.
 */
export interface Charge {
  /** The cid of the root, under which counters are bounded in number. */
  readonly root: string;
  /** Names the grant. */
  readonly meter: string;
  /** When the link expires, and with it the counter. */
  readonly expiresAtSeconds: number;
  readonly uses: number;
  readonly budget: Cost;
}

type Rate = NonNullable<Caveats["rate"]>;

/** Why a grant cannot be charged. */
export interface Shortage {
  readonly code: "CAP_RATE" | "CAP_SPENT" | "CAP_CROWDED" | "CAP_CAVEAT";
  readonly caveat: "rate" | "uses" | "budget";
  readonly retryAfterMs?: number;
}

interface Meter {
  readonly expiresAtSeconds: number;
  /** Begun by the first call that a rate is charged for. */
  bucket: Bucket | undefined;
  used: number;
  readonly spent: Map<BudgetUnit, number>;
}

/** One call is as many ticks as its period has milliseconds, so that all is whole numbers. */
interface Bucket {
  readonly ticks: number;
  readonly atMs: number;
  readonly fullTicks: number;
  readonly ticksPerMs: number;
}

/** The present moment, as counters see it. */
export interface Moment {
  readonly seconds: number;
  /** Never goes back; a rate is refilled by this. */
  readonly monotonicMs: number;
}

/**
 * Counts what has been used of rates, uses and budgets. In memory.
 *
 * A request is charged to its grant at every link, so all who hold something below one link share what that link allows.
 */
export class Meters {
  readonly #roots = new Map<string, Map<string, Meter>>();
  /** When counters of a root were last tidied: not more often than each second. */
  readonly #tidiedAtMs = new Map<string, number>();
  #tidyAtRoots = 1_024;

  /** @returns Why a grant cannot be charged now, or `undefined`. Changes nothing. */
  shortage(root: string, grant: ParsedGrant, cost: Cost, now: Moment): Shortage | undefined {
    const { rate, uses, budget } = grant.caveats.known;
    if (rate === undefined && uses === undefined && budget === undefined) return undefined;
    for (const [unit] of budget ?? []) {
      if (amountOf(unit, cost) === undefined) return { code: "CAP_CAVEAT", caveat: "budget" };
    }
    const meters = this.#roots.get(root);
    const meter = meters?.get(grant.meter);
    if (meter === undefined && meters !== undefined && meters.size >= maxMetersPerRoot) {
      this.#tidy(root, meters, now);
      if (meters.size >= maxMetersPerRoot) return { code: "CAP_CROWDED", caveat: "rate", retryAfterMs: 1_000 };
    }
    if (uses !== undefined && (meter?.used ?? 0) >= uses) return { code: "CAP_SPENT", caveat: "uses" };
    for (const [unit, amount] of budget ?? []) {
      if ((meter?.spent.get(unit) ?? 0) + (amountOf(unit, cost) ?? 0) > amount) {
        return { code: "CAP_SPENT", caveat: "budget" };
      }
    }
    if (rate === undefined || meter?.bucket === undefined) return undefined;
    const missing = rate[1] * 1_000 - ticksAt(meter.bucket, now.monotonicMs);
    if (missing <= 0) return undefined;
    return { code: "CAP_RATE", caveat: "rate", retryAfterMs: Math.ceil(missing / meter.bucket.ticksPerMs) };
  }

  /** Charges a grant that has no shortage. @returns What of it must outlive the program. */
  charge(
    root: string,
    grant: ParsedGrant,
    { cost, expiresAtSeconds, now }: { cost: Cost; expiresAtSeconds: number; now: Moment },
  ): Charge | undefined {
    const { rate, uses, budget } = grant.caveats.known;
    if (rate === undefined && uses === undefined && budget === undefined) return undefined;
    const meter = this.#meterOf(root, grant.meter, expiresAtSeconds, now);
    if (rate !== undefined) meter.bucket = take(meter.bucket, rate, now.monotonicMs);
    if (uses === undefined && budget === undefined) return undefined;
    const charge: Charge = {
      root,
      meter: grant.meter,
      expiresAtSeconds,
      uses: uses === undefined ? 0 : 1,
      budget: Object.fromEntries((budget ?? []).map(([unit]) => [unit, amountOf(unit, cost) ?? 0])),
    };
    count(meter, charge);
    return charge;
  }

  /** Counts what was charged before, or gives it back. */
  apply(charge: Charge): void {
    const longAgo = { seconds: 0, monotonicMs: 0 };
    count(this.#meterOf(charge.root, charge.meter, charge.expiresAtSeconds, longAgo), charge);
  }

  #meterOf(root: string, name: string, expiresAtSeconds: number, now: Moment): Meter {
    const meters = this.#roots.get(root) ?? this.#open(root, now);
    const known = meters.get(name);
    if (known !== undefined) return known;
    const meter: Meter = { expiresAtSeconds, bucket: undefined, used: 0, spent: new Map() };
    meters.set(name, meter);
    return meter;
  }

  #open(root: string, now: Moment): Map<string, Meter> {
    if (this.#roots.size >= this.#tidyAtRoots) {
      for (const [known, meters] of this.#roots) this.#tidy(known, meters, now);
      this.#tidyAtRoots = Math.max(1_024, this.#roots.size * 2);
    }
    const meters = new Map<string, Meter>();
    this.#roots.set(root, meters);
    return meters;
  }

  /** Forgets counters that say nothing: those of expired links, and full buckets. */
  #tidy(root: string, meters: Map<string, Meter>, now: Moment): void {
    if (now.monotonicMs - (this.#tidiedAtMs.get(root) ?? Number.NEGATIVE_INFINITY) < 1_000) return;
    this.#tidiedAtMs.set(root, now.monotonicMs);
    for (const [name, meter] of meters) {
      const { bucket, used, spent } = meter;
      const isFull = bucket === undefined || ticksAt(bucket, now.monotonicMs) === bucket.fullTicks;
      const isUntouched = used === 0 && spent.size === 0 && isFull;
      if (meter.expiresAtSeconds <= now.seconds || isUntouched) meters.delete(name);
    }
    if (meters.size > 0) return;
    this.#roots.delete(root);
    this.#tidiedAtMs.delete(root);
  }
}

function ticksAt({ ticks, atMs, fullTicks, ticksPerMs }: Bucket, monotonicMs: number): number {
  const elapsedMs = Math.max(0, Math.floor(monotonicMs) - atMs);
  // Beyond that it is full, and a product of more might not be exact.
  const enoughMs = Math.ceil((fullTicks - ticks) / ticksPerMs);
  return elapsedMs >= enoughMs ? fullTicks : ticks + elapsedMs * ticksPerMs;
}

/** Takes one call out of a bucket that has one. */
function take(bucket: Bucket | undefined, [calls, seconds, burst = calls]: Rate, monotonicMs: number): Bucket {
  const atMs = Math.floor(monotonicMs);
  const fullTicks = burst * seconds * 1_000;
  const ticks = bucket === undefined ? fullTicks : ticksAt(bucket, monotonicMs);
  return { ticks: ticks - seconds * 1_000, atMs: Math.max(atMs, bucket?.atMs ?? atMs), fullTicks, ticksPerMs: calls };
}

function count(meter: Meter, { uses, budget }: Charge): void {
  meter.used += uses;
  for (const [unit, amount] of Object.entries(budget) as [BudgetUnit, number][]) {
    meter.spent.set(unit, (meter.spent.get(unit) ?? 0) + amount);
  }
}

/** A cost that nobody has named, or that is no whole number, is not nothing: it is unknown. */
function amountOf(unit: BudgetUnit, cost: Cost): number | undefined {
  const amount = cost[unit] ?? (unit === "call" ? 1 : undefined);
  return amount !== undefined && Number.isSafeInteger(amount) && amount >= 0 ? amount : undefined;
}
