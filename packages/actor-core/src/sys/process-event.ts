import type { Alias } from "../process/alias.ts";
import type { ExitReason } from "../process/exit-reason.ts";
import type { Pid } from "../process/pid.ts";
import type { Target } from "../process/self.ts";

/** Something that a process did, or that was done to it, as `sys.trace` and `sys.getLog` show it. */
export type ProcessEvent = {
  readonly pid: Pid;
  /** Milliseconds of the system's clock. */
  readonly atMs: number;
} & ProcessDeed;

/** What happened. System messages do not show. */
export type ProcessDeed =
  /** A message is in its mailbox. `from` is undefined for messages from outside and for those that are no one's. */
  | { readonly kind: "arrived"; readonly message: unknown; readonly from: Pid | undefined }
  /** It took a message out of its mailbox, to handle it or by `receive`. */
  | { readonly kind: "taken"; readonly message: unknown }
  /** It, or whom it asked to, answered a call; `to` is undefined when that came from outside of all processes. */
  | { readonly kind: "replied"; readonly value: unknown; readonly to: Pid | undefined }
  | { readonly kind: "refused"; readonly error: Error; readonly to: Pid | undefined }
  /** It sent a message, or cast a request: then it is a `Cast`. */
  | { readonly kind: "sent"; readonly message: unknown; readonly to: Target | Alias }
  | { readonly kind: "called"; readonly request: unknown; readonly to: Target }
  | { readonly kind: "exit-signal-sent"; readonly reason: ExitReason; readonly to: Target }
  /** An exit signal that was sent to it, whatever became of that. What a broken link brings shows as what it does. */
  | { readonly kind: "exit-signal"; readonly reason: ExitReason; readonly from: Pid | undefined }
  | { readonly kind: "spawned"; readonly child: Pid }
  | { readonly kind: "linked"; readonly other: Pid }
  | { readonly kind: "unlinked"; readonly other: Pid }
  | { readonly kind: "monitored"; readonly target: Target }
  | { readonly kind: "ended"; readonly reason: ExitReason };
