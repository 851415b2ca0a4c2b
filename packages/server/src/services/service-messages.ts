import { type ActorSystem, CallFailed, type ExitReason, type Pid } from "@solo/actor-core";
import type { CallOutcome, Lent } from "../cells/guest-session.ts";
import type { Cause } from "./cause.ts";

/** A question for a service's actor. */
export interface CallMessage {
  readonly kind: "call";
  readonly method: string;
  readonly args: Uint8Array;
  readonly lent?: Lent | undefined;
  readonly timeoutMs: number;
  /** W3C's `traceparent`, where there is one. */
  readonly trace: string | undefined;
  /** What is recorded of it is recorded under this. */
  readonly correlationId: string | undefined;
  /** Called once, when the guest has answered or is gone; a caller that stops waiting does not make its message go away. */
  readonly handled: () => void;
  /** Set by the actor that takes it: from then on the guest may have it. */
  taken: boolean;
}

/** A message for a service's actor that wants no answer. */
export interface CastMessage {
  readonly kind: "cast";
  readonly method: string;
  readonly args: Uint8Array;
  readonly trace: string | undefined;
  readonly correlationId: string | undefined;
  /** Called once, when the guest has handled it or is gone; `byGuest` says which. */
  readonly handled: (byGuest?: boolean) => void;
}

/** What came of a call, the service's own death included. */
export type ServiceOutcome =
  | CallOutcome
  | { readonly kind: "died"; readonly message: string; readonly cause?: Cause }
  | { readonly kind: "timed-out" }
  /** The caller has gone. */
  | { readonly kind: "abandoned" }
  /** The actor ended before the message; the guest has never seen it, so it may be sent again. */
  | { readonly kind: "not-taken" };

/** Asks a service's actor. Rejects never, or with the abort signal's reason. */
export async function callService(
  system: ActorSystem,
  actor: Pid,
  message: Omit<CallMessage, "kind" | "taken">,
  signal: AbortSignal,
): Promise<ServiceOutcome> {
  const request: CallMessage = { kind: "call", ...message, taken: false };
  try {
    return (await system.call(actor, request, { timeoutMs: message.timeoutMs, signal })) as ServiceOutcome;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    if (error.reason.kind === "timeout") return { kind: "timed-out" };
    if (error.reason.kind === "aborted") return { kind: "abandoned" };
    if (!request.taken) return { kind: "not-taken" };
    message.handled();
    return { kind: "died", ...endOf(error.reason) };
  }
}

/** Why the actor ended, as far as callers are concerned; its own crashes carry their cause. */
function endOf(reason: ExitReason): { readonly message: string; readonly cause?: Cause } {
  if (reason.kind === "custom") return { message: (reason.value as Cause).message, cause: reason.value as Cause };
  return { message: reason.kind === "shutdown" ? "it was stopped" : "its actor ended" };
}

export function castToService(system: ActorSystem, actor: Pid, message: Omit<CastMessage, "kind">): void {
  const request: CastMessage = { kind: "cast", ...message };
  system.cast(actor, request);
}
