import type { ReplyTo } from "../process/messages.ts";

/** The name of a timeout; each name is one timer. */
export type TimeoutName = string | number | symbol;

/** What a state machine handles, one at a time. */
export type StatemEvent =
  /** A call; answer it by `answer` or `replyTo`, now or in a later state. */
  | { readonly kind: "call"; readonly request: unknown; readonly from: ReplyTo }
  | { readonly kind: "cast"; readonly request: unknown }
  /** Any other message, `Exited` and `Down` included. */
  | { readonly kind: "info"; readonly message: unknown }
  /** Put in by the machine itself with `nextEvent`; nobody outside can send one. */
  | { readonly kind: "internal"; readonly content: unknown }
  | { readonly kind: "state-timeout"; readonly content: unknown }
  | { readonly kind: "event-timeout"; readonly content: unknown }
  | { readonly kind: "timeout"; readonly name: TimeoutName; readonly content: unknown };
