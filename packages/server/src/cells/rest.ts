import { readdirSync, readFileSync } from "node:fs";
import { childrenOf } from "./process-tree.ts";

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

/** By number, which for a futex depends on the processor; one that was interrupted goes on under another number. */
const FUTEX: Readonly<Record<string, readonly string[]>> = { x64: ["202", "219"], arm64: ["98", "128"] };
const EPOLL_PWAIT2 = "441";

function readWait(processId: number, threadId: string): ThreadWait {
  const call = readFileSync(`/proc/${processId}/task/${threadId}/syscall`, "latin1").split(/\s/)[0] ?? "";
  if (call === EPOLL_PWAIT2) return "events";
  if (FUTEX[process.arch]?.includes(call) === true) return "futex";
  return call === "running" ? "running" : "other";
}
