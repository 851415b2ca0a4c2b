import { readdirSync, readFileSync } from "node:fs";
import type { CellUsage } from "../ports/cell.ts";

const PAGE_BYTES = 4096;
/** `CLK_TCK` is 100 on every Linux that Node runs on. */
const MICROS_PER_TICK = 10_000;

/**
 * What a process and all its descendants use, read from `/proc`; `undefined` when it is gone.
 *
 * Memory is resident and not shared, so that the runtime's file pages count for nobody. Threads count as processes, as
 * they do in a control group.
 */
export function processTreeUsage(processId: number): CellUsage | undefined {
  const ids = [processId, ...descendants(processId)];
  let memoryBytes = 0;
  let cpuMicros = 0;
  let processes = 0;
  for (const id of ids) {
    try {
      const [, resident = "0", shared = "0"] = readFileSync(`/proc/${id}/statm`, "utf8").split(" ");
      const fields = readStat(id) ?? [];
      // utime, stime and num_threads are the fields 14, 15 and 20 of proc(5).
      memoryBytes += (Number(resident) - Number(shared)) * PAGE_BYTES;
      cpuMicros += (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
      processes += Number(fields[17]);
    } catch {
      if (id === processId) return undefined;
    }
  }
  return { memoryBytes, cpuMicros, processes };
}

/** A process told apart from a later one that has the same id. */
export interface ProcessIdentity {
  readonly id: number;
  /** Ticks since boot, as `/proc` tells them; `undefined` when it was gone already. */
  readonly startedAt: string | undefined;
}

export function identifyProcess(id: number): ProcessIdentity {
  return { id, startedAt: readStat(id)?.[19] };
}

/** What lives of the session that this process has led; what has made a session of its own is not found. */
export function membersOfSession(leader: number): readonly ProcessIdentity[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const fields = readStat(Number(name));
      return fields?.[3] === String(leader) ? [{ id: Number(name), startedAt: fields[19] }] : [];
    });
}

/** The first child of a process, as long as that is the one that is meant; `undefined` when either is gone. */
export function childOf(parent: ProcessIdentity): ProcessIdentity | undefined {
  for (const id of childrenOf(parent.id)) {
    const fields = readStat(id);
    // Read at once with its beginning. And the parent, looked at afterwards, was that of this number all the time.
    if (fields?.[1] === String(parent.id) && isAlive(parent)) return { id, startedAt: fields[19] };
  }
  return undefined;
}

/** False for a zombie too: it runs nothing and holds nothing. */
export function isAlive(identity: ProcessIdentity): boolean {
  const fields = readStat(identity.id);
  return fields !== undefined && fields[0] !== "Z" && fields[0] !== "X" && fields[19] === identity.startedAt;
}

/** Fields of `/proc/ID/stat` from the third, the state, on. The name before them may hold anything. */
function readStat(id: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Children, their children and so on, at this moment. Empty when the process is gone. */
export function descendants(processId: number): readonly number[] {
  const found: number[] = [];
  const waiting = [processId];
  for (let next = waiting.pop(); next !== undefined && found.length < 10_000; next = waiting.pop()) {
    const children = childrenOf(next);
    found.push(...children);
    waiting.push(...children);
  }
  return found;
}

/** Its direct children now; empty when it is gone. */
export function childrenOf(processId: number): readonly number[] {
  try {
    return readdirSync(`/proc/${processId}/task`).flatMap((thread) =>
      readFileSync(`/proc/${processId}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}
