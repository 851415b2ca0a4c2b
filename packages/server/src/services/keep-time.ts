import type { LimitName } from "@solo/notation";
import type { Clock } from "../ports/clock.ts";
import type { DeployedService } from "./deployed-service.ts";
import type { LimitReporter } from "./limit-reporter.ts";
import { boundOf, softLimit } from "./limit-rules.ts";

/**
 * Tells when something that a service may take so long for is near its limit, and at it.
 *
 * @param limit In milliseconds.
 * @param onOver Called once, when it must end: at the limit, or, where that only warns, at what no manifest can lift.
 * @returns Keeps time no longer.
 */
export function keepTime(
  { clock, limits }: { readonly clock: Clock; readonly limits: LimitReporter },
  service: DeployedService,
  limit: LimitName,
  onOver: (allowedMs: number) => void,
): () => void {
  const { manifest } = service.record;
  const [softMs, hardMs, boundMs] = [softLimit(manifest, limit), manifest.limits[limit], boundOf(manifest, limit)];
  const stages: readonly (readonly [atMs: number, reached: () => void])[] = [
    ...(softMs < hardMs ? [[softMs, () => void limits.reached(service, limit, "soft", softMs)] as const] : []),
    [hardMs, () => void limits.reached(service, limit, "hard", hardMs)],
    [boundMs, () => onOver(boundMs)],
  ];
  let cancel = (): void => {};
  const waitFor = (index: number, sinceMs: number): void => {
    const [atMs, reached] = stages[index] ?? [];
    if (atMs === undefined || reached === undefined) return;
    const go = (): void => {
      reached();
      waitFor(index + 1, atMs);
    };
    if (atMs <= sinceMs) go();
    else cancel = clock.schedule(atMs - sinceMs, go);
  };
  waitFor(0, 0);
  return () => cancel();
}
