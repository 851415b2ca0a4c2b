import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { childrenOf, descendants } from "./process-tree.ts";

/**
 * Whether a process waits for events, with no other thread of it at work and no child. `unknown` where the host does not show
 * what a process waits for.
 *
 * It does not tell whether a timer will end the wait: the runtime's own go off every second. That, the guest says.
 */
export type Rest = "resting" | "busy" | "unknown";

/** The system call that a thread waits in; `running` when in none. */
export type ThreadWait = "events" | "futex" | "other" | "running";

/**
 * Whether the threads of a process are all at rest: its first waits for events, the runtime's others to be woken. A worker of
 * the guest waits for events too, has timers that the guest does not see from outside, and so is never at rest.
 */
export function isAtRest(first: ThreadWait | undefined, others: readonly ThreadWait[]): boolean {
  return first === "events" && others.every((wait) => wait === "futex");
}

/** Reads it from `/proc`; takes some five small reads. */
export function readRest(processId: number): Rest {
  try {
    const first = readWait(processId, String(processId));
    const others = readdirSync(`/proc/${processId}/task`).filter((id) => id !== String(processId));
    const waits = others.map((id) => readWait(processId, id));
    return isAtRest(first, waits) && childrenOf(processId).length === 0 ? "resting" : "busy";
  } catch {
    return "unknown";
  }
}

/**
 * Whether a program, which cannot be asked, does nothing before it is spoken to: each of its processes has one thread, which
 * reads the cell's pipe or waits for another of them to end, and none has a handler for a signal that a timer sends.
 *
 * @param processId The first process in the cell.
 * @param processes As many as the cell has, threads counted too: one that was left behind is no descendant.
 */
export function waitsForItsPipe(processId: number, processes: number): boolean {
  try {
    const ids = [processId, ...descendants(processId)];
    const waits = ids.map(readBlocked);
    return ids.length === processes && waits.includes("pipe") && waits.every((wait) => wait !== undefined);
  } catch {
    return false;
  }
}

function readBlocked(id: number): "pipe" | "child" | "ended" | undefined {
  const status = readFileSync(`/proc/${id}/status`, "latin1");
  // Its parent has not asked for its end, and wakes nobody by that.
  if (/^State:\s*Z/m.test(status)) return "ended";
  if (readdirSync(`/proc/${id}/task`).length !== 1 || hearsTimers(status)) return undefined;
  const [call = "", first = ""] = readFileSync(`/proc/${id}/syscall`, "utf8").split(" ");
  if (WAIT[process.arch]?.includes(call) === true) return "child";
  if (READ[process.arch]?.includes(call) !== true) return undefined;
  const read = readlinkSync(`/proc/${id}/fd/${Number(first)}`);
  // Under whichever number; a descriptor of a timer can be read too.
  return read.startsWith("socket:") && read === readlinkSync(`/proc/${id}/fd/3`) ? "pipe" : undefined;
}

/** SIGALRM, SIGVTALRM, SIGPROF, SIGIO, and those of real time. */
function hearsTimers(status: string): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return caught === undefined || (BigInt(`0x${caught}`) & TIMER_SIGNALS) !== 0n;
}

const bit = (signal: number): bigint => 1n << BigInt(signal - 1);
const TIMER_SIGNALS = bit(14) | bit(26) | bit(27) | bit(29) | (((1n << 31n) - 1n) << 33n);

/** read, recvfrom, recvmsg; wait4, waitid. */
const READ: Readonly<Record<string, readonly string[]>> = { x64: ["0", "45", "47"], arm64: ["63", "207", "212"] };
const WAIT: Readonly<Record<string, readonly string[]>> = { x64: ["61", "247"], arm64: ["260", "95"] };

/** By number, which for a futex depends on the processor; one that was interrupted goes on under another number. */
const FUTEX: Readonly<Record<string, readonly string[]>> = { x64: ["202", "219"], arm64: ["98", "128"] };
const EPOLL_PWAIT2 = "441";

function readWait(processId: number, threadId: string): ThreadWait {
  const call = readFileSync(`/proc/${processId}/task/${threadId}/syscall`, "utf8").split(/\s/)[0] ?? "";
  if (call === EPOLL_PWAIT2) return "events";
  if (FUTEX[process.arch]?.includes(call) === true) return "futex";
  return call === "running" ? "running" : "other";
}
