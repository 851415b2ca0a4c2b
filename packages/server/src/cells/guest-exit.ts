import type { CellExit } from "../ports/cell.ts";
import type { Cause } from "../services/cause.ts";
import type { Ending } from "./wire/protocol.ts";

/** How a guest ended: the cell's exit and what the guest said before, put together. */
export interface GuestExit {
  /** `normal` only for a stop that was asked for, or a handler's stop with reason `normal` or `shutdown`. */
  readonly normal: boolean;
  readonly cause: Cause;
  /** Of the one call that it was about when it ended; of several none can be told to be the reason. */
  readonly correlationId?: string;
}

/** All that is known of an end. */
export interface EndFacts {
  readonly exit: CellExit;
  /** Why the kernel has ended it, when that was for a limit. */
  readonly verdict: Cause | undefined;
  /** The guest's own last words, when it had any. */
  readonly ending: Ending | undefined;
  /** What was wrong with a message of the guest, for which the kernel killed it. */
  readonly violation: string | undefined;
  /** Last lines of its output, such as a runtime's panic. */
  readonly lastOutput: string;
  /** For a program that is no guest of ours: it may end by itself, and its code says how. */
  readonly program?: { readonly execFailure: string | undefined } | undefined;
}

/**
 * Decides why a guest ended. What the host saw goes before what the guest says; the kernel's own kill counts only when
 * nothing else explains the end, since the kernel also kills a guest that has said its last words.
 */
export function readGuestExit({ exit, verdict, ending, violation, lastOutput, program }: EndFacts): GuestExit {
  const detail = lastOutput === "" ? {} : { detail: lastOutput };
  if (verdict !== undefined) return abnormal({ ...verdict, ...detail });
  if (violation !== undefined) return abnormal({ kind: "protocol", message: violation });
  switch (exit.kind) {
    case "oom":
      return abnormal({
        kind: "oom",
        message: `Used more than its memory limit of ${mebibytes(exit.limitBytes)}`,
        limit: { name: "memory_bytes", used: exit.limitBytes, allowed: exit.limitBytes },
      });
    case "protocol":
      return abnormal({ kind: "protocol", message: exit.message });
    case "killed":
      return ending === undefined ? abnormal({ kind: "kill", message: "Killed" }) : readEnding(ending);
    case "signal":
      return abnormal({ kind: "signal", message: `Ended by signal ${exit.signal}${reasonOf(exit.signal)}`, ...detail });
    case "exit":
      if (ending !== undefined) return readEnding(ending);
      if (program !== undefined && exit.code === 0) {
        return { normal: true, cause: { kind: "stop", message: "Its process exited with code 0" } };
      }
      if (program?.execFailure !== undefined)
        return abnormal({ kind: "artifact", message: program.execFailure, ...detail });
      return abnormal({ kind: "exit", message: `Its process exited by itself with code ${exit.code}`, ...detail });
  }
}

function reasonOf(signal: string): string {
  return signal === "SIGSYS" ? ": it asked the host for what no service may" : "";
}

function readEnding({ kind, normal, message, detail, location }: Ending): GuestExit {
  const cause: Cause = {
    kind,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(location === undefined ? {} : { location }),
  };
  return { normal: normal && kind === "stop", cause };
}

function abnormal(cause: Cause): GuestExit {
  return { normal: false, cause };
}

function mebibytes(bytes: number): string {
  return `${Math.round((bytes / 1_048_576) * 10) / 10} MiB`;
}
