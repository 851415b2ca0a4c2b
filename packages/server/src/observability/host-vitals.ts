import { readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { Resource, Vital, Vitals } from "../ports/vitals.ts";

/** A disk with more room than this is not short of it, however full it is by share. */
const ROOM_BYTES = 10 * 2 ** 30;
/**
 * Turns of the event loop that long, one after the other, are more than callers can bear. A machine that others keep busy makes
 * them some hundred milliseconds long, which is no reason to refuse anything.
 */
const LATE_MS = 1_000;
/** Share of time in which something waits for memory; half of it is thrashing. */
const STALLED_PERCENT = 50;
const MiB = 2 ** 20;

/** The resources of this process and its host, from `/proc` and the runtime. A look takes a fraction of a millisecond. */
export function openHostVitals({ dataFolder }: { readonly dataFolder: string }): Vitals {
  const mostDescriptors = readDescriptorLimit();
  const lastLateMs: number[] = [];
  const readers: Readonly<Record<Exclude<Resource, "event-loop">, () => Omit<Vital, "resource"> | undefined>> = {
    heap: readHeap,
    descriptors: () => readDescriptors(mostDescriptors),
    processes: readProcesses,
    memory: readMemory,
    "memory-stalls": readMemoryStalls,
    disk: () => readDisk(dataFolder),
  };
  return {
    async sample(lateMs) {
      lastLateMs.push(lateMs);
      if (lastLateMs.length > 3) lastLateMs.shift();
      // One long turn, such as a collection of garbage, is no load yet: it must have been late each time.
      const late = lastLateMs.length < 3 ? 0 : Math.min(...lastLateMs);
      const loop: Vital = { resource: "event-loop", used: late / LATE_MS, detail: `${Math.round(late)} ms late` };
      return [loop, ...Object.entries(readers).flatMap(([resource, read]) => tryRead(resource as Resource, read))];
    },
  };
}

function tryRead(resource: Resource, read: () => Omit<Vital, "resource"> | undefined): readonly Vital[] {
  try {
    const found = read();
    return found === undefined ? [] : [{ resource, ...found }];
  } catch {
    // This host does not show it.
    return [];
  }
}

function readHeap() {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return { used: used / limit, detail: `${mebibytes(used)} of ${mebibytes(limit)}` };
}

function readDescriptorLimit(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1] ?? Infinity);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function readDescriptors(limit: number) {
  // Since Linux 6.2 the size of the folder is their number; counting thousands takes milliseconds.
  const open = statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;
  return { used: open / limit, detail: `${open} of ${limit}` };
}

/** Processes and threads of the whole host, or of this group of them where that is the narrower. */
function readProcesses() {
  const [, running = "0"] = / \d+\/(\d+) /.exec(readFileSync("/proc/loadavg", "latin1")) ?? [];
  const limit = Math.min(readNumber("/proc/sys/kernel/pid_max"), readNumber("/proc/sys/kernel/threads-max"));
  return { used: Number(running) / limit, detail: `${running} of ${limit}` };
}

/** Of the host, or of the container that this runs in where it has less. */
function readMemory() {
  const constrained = process.constrainedMemory();
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  const available = Math.min(process.availableMemory(), total);
  return { used: 1 - available / total, detail: `${mebibytes(available)} of ${mebibytes(total)} are free` };
}

function readMemoryStalls() {
  const percent = Number(/^some avg10=([\d.]+)/m.exec(readFileSync("/proc/pressure/memory", "latin1"))?.[1]);
  return { used: percent / STALLED_PERCENT, detail: `something waits for memory ${percent} % of the time` };
}

function readDisk(folder: string) {
  const { bavail, blocks, bsize } = statfsSync(folder);
  const wanted = Math.min(blocks * bsize, ROOM_BYTES);
  const free = bavail * bsize;
  return { used: 1 - Math.min(free, wanted) / wanted, detail: `${mebibytes(free)} are free` };
}

const readNumber = (file: string): number => Number(readFileSync(file, "latin1"));

const mebibytes = (bytes: number): string => `${Math.round(bytes / MiB).toLocaleString("en-US")} MiB`;
