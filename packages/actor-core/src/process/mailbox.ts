import type { Sender } from "./dead-letter.ts";
import type { Pid } from "./pid.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Where the messages of one process wait. A {@link Ring} unless something else was asked for at spawn or is laid around it
 * later, so that whoever wants neither bound nor order nor eyes on it pays for none.
 *
 * All of it runs in the turn of whoever sends or takes, and must not throw.
 */
export interface Mailbox {
  /** How many wait. */
  readonly size: number;
  /** @param sender Undefined when that is no process, or not known. */
  push(message: unknown, sender?: Sender): void;
  /** Puts back, before all others, what had been taken. */
  unshift(message: unknown): void;
  /** Takes the first; called only when there is one. */
  shift(): unknown;
  /** The one `index` places behind the first; called only for `index < size`. */
  at(index: number): unknown;
  /** Takes one from within. */
  removeAt(index: number): unknown;
  /** Messages may change their places while they wait: a receive looks at all of them again. */
  readonly moves?: boolean;
  /** What was taken last, oldest first; when that is kept. */
  readonly recent?: readonly unknown[] | undefined;
}

/** The process a mailbox is made for. */
export interface MailboxOwner {
  readonly pid: Pid;
  readonly runtime: Runtime;
}

/** Makes the mailbox of one process. What it is given at spawn is what `boundedMailbox` and its kin give. */
export type MakeMailbox = (owner: MailboxOwner) => Mailbox;
