/** How many cells were taken lately, weighed less the longer ago. */
export interface PoolDemand {
  readonly taken: number;
  readonly atMs: number;
}

/** After this long a cell that was taken counts half. */
const HALF_LIFE_MS = 10_000;

export const NO_DEMAND: PoolDemand = { taken: 0, atMs: 0 };

export function noteTaken(demand: PoolDemand, nowMs: number): PoolDemand {
  return { taken: weighedAt(demand, nowMs) + 1, atMs: nowMs };
}

/**
 * Cells that are to wait: as many as were taken of late, so that a second burst like the last one finds them, and never fewer
 * than `size` nor more than `most`. No pool at all stays none.
 */
export function poolTarget(
  demand: PoolDemand,
  { size, most, nowMs }: { readonly size: number; readonly most: number; readonly nowMs: number },
): number {
  if (size === 0) return 0;
  return Math.max(size, Math.min(most, Math.ceil(weighedAt(demand, nowMs) - 0.5)));
}

function weighedAt({ taken, atMs }: PoolDemand, nowMs: number): number {
  return taken * 0.5 ** ((nowMs - atMs) / HALF_LIFE_MS);
}
