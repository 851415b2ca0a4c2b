import { loadLimits } from "../limits.ts";
import type { Resource, Vital } from "../ports/vitals.ts";

/** `high` is told; at `critical` new work is refused. */
export type Load = "normal" | "high" | "critical";

/** What is known after a look. */
export interface Assessment {
  readonly loads: ReadonlyMap<Resource, Load>;
  /** Looks in a row at which a resource that services take was exhausted. */
  readonly exhaustedLooks: number;
  /** Resources whose load is another one than before. */
  readonly changes: readonly { readonly vital: Vital; readonly load: Load }[];
  /** The resource for whose sake new work is refused, the scarcest. */
  readonly refusing: Vital | undefined;
  /** The resource for whose sake a service must go, now. */
  readonly shedding: Vital | undefined;
}

export const AT_EASE: Assessment = {
  loads: new Map(),
  exhaustedLooks: 0,
  changes: [],
  refusing: undefined,
  shedding: undefined,
};

/** What a service gives back when it ends. The heap is the server's own, and a disk is not emptied by ending a process. */
const TAKEN_BY_SERVICES: readonly Resource[] = ["event-loop", "descriptors", "processes", "memory", "memory-stalls"];

/** Decides what follows from a look at the server's host: what to tell, whether to refuse new work, whether to shed. */
export function assessLoad(before: Assessment, vitals: readonly Vital[]): Assessment {
  const loads = new Map(
    vitals.map((vital) => [vital.resource, loadOf(vital.used, before.loads.get(vital.resource) ?? "normal")]),
  );
  const scarcest = [...vitals].sort((a, b) => b.used - a.used);
  const exhausted = scarcest.find(
    ({ resource, used }) => used >= loadLimits.exhausted && TAKEN_BY_SERVICES.includes(resource),
  );
  const exhaustedLooks = exhausted === undefined ? 0 : before.exhaustedLooks + 1;
  const shed = exhaustedLooks > loadLimits.looksBeforeShedding;
  return {
    loads,
    // One at a time: what the end of a service gives back shows at the looks after it.
    exhaustedLooks: shed ? 0 : exhaustedLooks,
    changes: vitals.flatMap((vital) => {
      const load = loads.get(vital.resource) ?? "normal";
      return load === (before.loads.get(vital.resource) ?? "normal") ? [] : [{ vital, load }];
    }),
    refusing: scarcest.find(({ resource }) => loads.get(resource) === "critical"),
    shedding: shed ? exhausted : undefined,
  };
}

function loadOf(used: number, before: Load): Load {
  const { high, critical, margin } = loadLimits;
  const leaves = (from: number, load: Load) => from - (before === load ? margin : 0);
  if (used >= leaves(critical, "critical")) return "critical";
  // What was critical was high as well.
  return used >= high - (before === "normal" ? 0 : margin) ? "high" : "normal";
}
