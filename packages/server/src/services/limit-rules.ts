import { type LimitAction, type LimitName, limitRow } from "@solo/notation";
import type { CellLimits } from "../ports/cell.ts";
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

/** What its cell is kept to by the host: a share of the processor that is only watched has no bound there. */
export const cellLimitsOf = (manifest: Manifest): CellLimits => ({
  ...manifest.limits,
  cpuPercent:
    actionAt(manifest, "cpuPercent") === "throttle" ? manifest.limits.cpuPercent : limitRow("cpuPercent").most,
});

/** How far the service may go: to the limit, or, where it is only warned, to what no manifest can lift. */
export const boundOf = (manifest: Manifest, limit: LimitName): number =>
  actionAt(manifest, limit) === "warn" ? limitRow(limit).most : manifest.limits[limit];
