import { itemsOf } from "./items-of.ts";
import { Monitor } from "./monitor.ts";
import type { Pid } from "./pid.ts";
import { ancestorsOf, processOf, SystemMessage } from "./process.ts";
import type { Target } from "./self.ts";
import type { SmallSet } from "./small-set.ts";

/** A look at a living process. */
export interface ProcessInfo {
  readonly pid: Pid;
  readonly name: string | undefined;
  readonly label: string | undefined;
  readonly parent: Pid | undefined;
  /** Its parent, that one's parent and so on, as far as they live; those that have a name by their name. */
  readonly ancestors: readonly (Pid | string)[];
  readonly links: readonly Pid[];
  /** What it monitors. */
  readonly monitors: readonly Target[];
  readonly monitoredBy: readonly Pid[];
  /** The mailbox, oldest first. */
  readonly messages: readonly unknown[];
  readonly trapExit: boolean;
  /** `waiting`: for a message; `running`: in the middle of one, perhaps awaiting. */
  readonly status: "runnable" | "running" | "waiting";
}

/**
 * What is known of a process; undefined when it has ended. Changes nothing.
 *
 * @see Erlang/OTP, `erlang:process_info/1`
 *
 * @example
 * const waiting = processInfo(pid)?.messages.length;
 */
export function processInfo(pid: Pid): ProcessInfo | undefined {
  const process = processOf(pid);
  return (
    process && {
      pid,
      name: process.name,
      label: process.label,
      parent: process.parent,
      ancestors: ancestorsOf(process).map((ancestor) => processOf(ancestor)?.name ?? ancestor),
      links: process.links?.items().map((other) => other.pid) ?? [],
      monitors: monitorsAmong(process.holdings).map((monitor) => monitor.target),
      monitoredBy: monitorsAmong(process.watchers).map((monitor) => monitor.owner.pid),
      messages: process.mailbox
        ? itemsOf(process.mailbox).filter((message) => !(message instanceof SystemMessage))
        : [],
      trapExit: process.trapExit,
      status: process.waiting === undefined ? "runnable" : process.waiting ? "waiting" : "running",
    }
  );
}

function monitorsAmong(parties: SmallSet<unknown> | undefined): readonly Monitor[] {
  return parties?.items().filter((party) => party instanceof Monitor) ?? [];
}
