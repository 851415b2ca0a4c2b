import { type LimitAction, type LimitName, limitRow } from "@solo/notation";
import type { Manifest } from "./service-record.ts";

/** What becomes of a service at one of its limits. */
export const actionAt = ({ limitActions }: Manifest, limit: LimitName): LimitAction =>
  limitActions[limit] ?? limitRow(limit).actions[0];

/** Where warnings begin; infinite where none are given. */
export function softLimit({ limits, softLimits }: Manifest, limit: LimitName): number {
  const { softShare } = limitRow(limit);
  return (
    softLimits[limit] ?? (softShare === undefined ? Number.POSITIVE_INFINITY : Math.ceil(limits[limit] * softShare))
  );
}

/** How far the service may go: to the limit, or, where it is only warned, to what no manifest can lift. */
export const boundOf = (manifest: Manifest, limit: LimitName): number =>
  actionAt(manifest, limit) === "warn" ? limitRow(limit).most : manifest.limits[limit];
