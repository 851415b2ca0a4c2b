import { authorize, type Permit } from "../authority/authorize.ts";
import type { OutgoingMessage } from "../cells/guest-session.ts";
import { SoloError } from "../errors.ts";
import { defaultCallTimeoutMs } from "../limits.ts";
import { parseTraceparent } from "../observability/traceparent.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import type { ServiceAuthority } from "../services/service-authority.ts";
import { call, cast, type MessagingContext } from "./send.ts";

/**
 * Delivers what one service sends to another of its tenant: the same check and the same look-up as for a client's message, by what
 * the service was granted.
 *
 * @param held What this incarnation of the service may do.
 */
export async function deliverOutgoing(
  context: MessagingContext,
  service: DeployedService,
  outgoing: OutgoingMessage,
  held: ServiceAuthority,
): Promise<void> {
  const { tenant } = service;
  // Who sends is known from the pipe the message came through, never from what it says.
  const caller = { spiffeId: spiffeIdOf(service), tenant, role: "agent" } as const;
  // What the guest says it is part of; else of what the service came into being by.
  const traced = parseTraceparent(outgoing.trace);
  const correlationId = traced?.traceId ?? service.record.correlationId;
  const { target, method, args } = outgoing;
  const timeoutMs = Math.min(outgoing.timeoutMs || defaultCallTimeoutMs, 2_147_483_647);
  const message = { serviceId: target, method, args };
  const options = { timeoutMs, signal: new AbortController().signal, trace: traced && outgoing.trace };
  const permitFor = async <M extends "MessagingService/Call" | "MessagingService/Cast">(
    name: M,
  ): Promise<Permit<M>> => {
    const { authority } = context;
    const capability = await held.capability(`send to "${target}"`);
    const resource = { tenant, name: target };
    const request = {
      caller,
      capabilities: [capability],
      method: name,
      resource,
      correlationId,
      message: { serviceId: target, method },
    };
    const permit = authorize(authority.verifier, request);
    if (permit.use !== undefined) authority.uses.note(permit.use);
    await authority.keepCharges(permit.charges);
    return permit;
  };
  try {
    if (outgoing.kind === "cast") {
      await cast(context, await permitFor("MessagingService/Cast"), message, options);
    } else {
      const permit = await permitFor("MessagingService/Call");
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

/** A service as events name it. */
export const spiffeIdOf = ({ tenant, serviceId }: DeployedService): string =>
  `spiffe://solo.local/tenant/${tenant}/svc/${serviceId}`;
