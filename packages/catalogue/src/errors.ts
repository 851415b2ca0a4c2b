/** Every error of every face, by its reason: what it means, what is wanted and what helps. */

import { type ClientReason, clientErrors } from "./client-errors.ts";
import type { ErrorEntry } from "./entry.ts";
import { type KernelReason, kernelErrors } from "./kernel-errors.ts";

export type { ErrorEntry, Example, StatusName } from "./entry.ts";
export { type ClientReason, clientErrors, type KernelReason, kernelErrors };

/** Every reason that a user may read. */
export type AnyReason = KernelReason | ClientReason;

/** All of them. */
export const errors: Readonly<Record<AnyReason, ErrorEntry>> = { ...kernelErrors, ...clientErrors };

const all: ReadonlyMap<string, ErrorEntry> = new Map(Object.entries(errors));

/** Every reason, sorted. */
export const reasons: readonly string[] = [...all.keys()].sort();

/** The catalogue's row, which is undefined for a reason that a newer server has. */
export function errorEntry(reason: string): ErrorEntry | undefined {
  return all.get(reason);
}
