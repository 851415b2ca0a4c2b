import type { Service } from "@solo/proto";

/** All services as they were at one moment. */
export interface Look {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly services: readonly Service[];
}

/**
 * Share of one core in percent that each service used between two looks, by its id. One that has no cell, or has been given
 * another one meanwhile, is left out.
 */
export function cpuShares(before: Look, now: Look): ReadonlyMap<string, number> {
  const elapsedMicros = (now.atMs - before.atMs) * 1_000;
  const shares = new Map<string, number>();
  if (elapsedMicros <= 0) return shares;
  const earlier = new Map(before.services.map((service) => [service.serviceId, service]));
  for (const { serviceId, processId, usage } of now.services) {
    const then = earlier.get(serviceId);
    if (usage === undefined || then?.usage === undefined || then.processId !== processId) continue;
    const usedMicros = Number(usage.cpuMicros - then.usage.cpuMicros);
    shares.set(serviceId, (100 * Math.max(0, usedMicros)) / elapsedMicros);
  }
  return shares;
}
