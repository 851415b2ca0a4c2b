import { usageFailure } from "./failure.ts";

/** Reads a whole number within bounds from a flag. @throws {Failure} */
export function parseWhole(flag: string, text: string, bounds: { readonly min: number; readonly max: number }): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= bounds.min && number <= bounds.max) return number;
  throw usageFailure(`Cannot use ${flag}: it is no number that fits`, {
    found: text,
    wanted: `a whole number from ${bounds.min} to ${bounds.max}`,
  });
}

/** Largest number of a uint32 field. */
export const maxUint32 = 2 ** 32 - 1;
