import { authorize } from "../authority/authorize.ts";
import type { OutgoingMessage } from "../cells/guest-session.ts";
import { SoloError } from "../errors.ts";
import { defaultCallTimeoutMs } from "../limits.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import { call, cast, type MessagingContext } from "./send.ts";

/** Delivers what one service sends to another of its tenant: the same check and the same look-up as for a client's message. */
export async function deliverOutgoing(
  context: MessagingContext,
  service: DeployedService,
  outgoing: OutgoingMessage,
): Promise<void> {
  const { tenant, serviceId } = service;
  // Who sends is known from the pipe the message came through, never from what it says.
  const caller = { spiffeId: `spiffe://solo.local/tenant/${tenant}/svc/${serviceId}`, tenant, role: "agent" } as const;
  const { correlationId } = service.record;
  const { target, method, args } = outgoing;
  const timeoutMs = Math.min(outgoing.timeoutMs || defaultCallTimeoutMs, 2_147_483_647);
  const message = { serviceId: target, method, args };
  const options = { timeoutMs, signal: new AbortController().signal };
  try {
    if (outgoing.kind === "cast") {
      const permit = authorize(caller, "MessagingService/Cast", { serviceId: target }, correlationId);
      await cast(context, permit, message, options);
    } else {
      const permit = authorize(caller, "MessagingService/Call", { serviceId: target }, correlationId);
      outgoing.answer({ kind: "reply", bytes: await call(context, permit, message, options) });
    }
  } catch (error) {
    const known = error instanceof SoloError;
    outgoing.answer({
      kind: "error",
      reason: known ? error.code : "INTERNAL",
      message: known ? error.message : "the server made a mistake",
    });
  }
}
