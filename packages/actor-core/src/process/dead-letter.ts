import type { Alias } from "./alias.ts";
import type { Line } from "./items-of.ts";
import type { Pid } from "./pid.ts";
import type { Via } from "./via.ts";

/** A message that nobody will handle, and whose sender is not told. */
export interface DeadLetter {
  readonly kind: DeadLetterKind;
  readonly message: unknown;
  /** Undefined when the sender is no process, or not known any more. */
  readonly from: Pid | undefined;
  /** As it was addressed; undefined when it would have gone outside of all processes. */
  readonly to: Pid | string | Via | Alias | undefined;
}

export type DeadLetterKind =
  /** Sent to a dead process, cast to a name that nobody held, or sent to an alias that had been withdrawn. */
  | "no-receiver"
  /** A bounded mailbox had no room for it, or made room for another. */
  | "mailbox-full"
  /** An answer to a call that had one, had been given up, or whose caller was gone. */
  | "late-reply"
  /** Its process ended before its turn came. */
  | "left-behind";

/** Whose message it is. */
export interface Sender {
  readonly pid: Pid;
}

/** Where what is lost goes. Everything is decided there, so that the processes carry none of it. Must not throw. */
export interface DeadLetterOffice {
  lose(kind: DeadLetterKind, message: unknown, from: Sender | undefined, to: DeadLetter["to"]): void;
  /** The process has ended; this is its mailbox, if it had one. */
  leave(pid: Pid, mailbox: Line<unknown> | undefined): void;
}
