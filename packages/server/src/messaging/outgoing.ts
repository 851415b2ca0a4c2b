import { authorize, type Permit } from "../authority/authorize.ts";
import { type Denials, isDenial } from "../authority/denials.ts";
import type { OutgoingMessage } from "../cells/guest-session.ts";
import type { DriverAnswer, Outcome } from "../drivers/dispatch.ts";
import type { DriverProcesses } from "../drivers/driver-process.ts";
import { type LentAuthority, openLoan } from "../drivers/lent-authority.ts";
import { SoloError } from "../errors.ts";
import { defaultCallTimeoutMs } from "../limits.ts";
import { parseTraceparent } from "../observability/traceparent.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import type { ServiceAuthority } from "../services/service-authority.ts";
import { toSoloError } from "../storage/to-solo-error.ts";
import type { Lending } from "./lending.ts";
import { call, cast, type MessagingContext } from "./send.ts";

/** What one incarnation of a service sends by. */
export interface Sending {
  readonly context: MessagingContext;
  readonly processes: DriverProcesses;
  readonly denials: Denials;
  readonly lending: Lending;
  /** Is given every answer before the service. */
  readonly record: (answer: DriverAnswer) => void;
  /** What this incarnation of the service may do. */
  readonly held: ServiceAuthority;
  /** Aborted when it has ended. */
  readonly life: AbortSignal;
}

/**
 * Delivers what one service sends to another of its tenant: the same check and the same look-up as for a client's message, by what
 * the service was granted, or by what a caller has lent it where it says so. Never rejects.
 */
export async function deliverOutgoing(
  { context, processes, denials, lending, record, held, life }: Sending,
  service: DeployedService,
  outgoing: OutgoingMessage,
): Promise<void> {
  const { tenant } = service;
  // Who sends is known from the pipe the message came through, never from what it says.
  const caller = { spiffeId: spiffeIdOf(service), tenant, role: "agent" } as const;
  // What the guest says it is part of; else of what the service came into being by.
  const traced = parseTraceparent(outgoing.trace);
  const correlationId = traced?.traceId ?? service.record.correlationId;
  const { target, method, args, lend } = outgoing;
  const timeoutMs = Math.min(outgoing.timeoutMs || defaultCallTimeoutMs, 2_147_483_647);
  const message = { serviceId: target, method, args };
  const options = { timeoutMs, signal: new AbortController().signal, trace: traced && outgoing.trace };
  const methodName = outgoing.kind === "cast" ? "MessagingService/Cast" : "MessagingService/Call";
  const permitFor = async <M extends typeof methodName>(name: M): Promise<Permit<M>> => {
    const { authority } = context;
    const decides = outgoing.lent === undefined ? held : openLoan(outgoing.lent).authority;
    const capability = await decides.capability(`send to "${target}"`);
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
    if (permit.use !== undefined) await authority.uses.note(permit.use);
    await authority.keepCharges(permit.charges);
    return permit;
  };
  const loanFor = async ({ of, grants }: NonNullable<typeof lend>): Promise<LentAuthority> => {
    const from = of === undefined ? undefined : openLoan(of);
    const capability = await (from?.authority ?? held).capability(`lend to "${target}"`);
    const lives = from === undefined ? [life] : [life, from.signal];
    return lending.lend({ tenant, correlationId }, target, { held: [capability], grants, lives });
  };
  const recorded = (outcome: Outcome): void => {
    const { serviceId } = service;
    const asked = { service: target, method };
    record({
      tenant,
      serviceId,
      driver: "svc",
      operation: outgoing.kind === "cast" ? "cast" : "call",
      asked,
      args,
      outcome,
    });
  };
  // Its own time is kept by the one that waits for the answer.
  const deliver = <Answer>(name: string, begin: () => Promise<Answer>): Promise<Answer> =>
    processes.do("svc", { name, timeoutMs: Number.POSITIVE_INFINITY, begin }) as Promise<Answer>;
  // All that have come by its turn go in that turn, so that a flood of them waits with who sends it and not here.
  const hand = (begin: () => Promise<void>): Promise<void> =>
    new Promise((done, failed) => {
      processes.tell("svc", () => void begin().then(done, failed));
    });
  let lent: LentAuthority | undefined;
  try {
    if (outgoing.kind === "cast") {
      const permit = await permitFor("MessagingService/Cast");
      await hand(() => cast(context, permit, message, options));
    } else {
      const permit = await permitFor("MessagingService/Call");
      if (lend !== undefined) lent = await loanFor(lend);
      const bytes = await deliver("svc.call", () => call(context, permit, { ...message, lent }, options));
      recorded({ kind: "answer", bytes });
      outgoing.answer({ kind: "reply", bytes });
    }
  } catch (error) {
    const known = error instanceof SoloError;
    recorded({ kind: "refusal", error: toSoloError(error, correlationId) });
    if (known && isDenial(error)) {
      const denial = { tenant, actor: caller.spiffeId, correlationId, method: methodName, error };
      // On record before the service hears of it.
      await denials.record({ ...denial, serviceId: target }).catch(() => undefined);
    }
    outgoing.answer({
      kind: "error",
      reason: known ? error.code : "INTERNAL",
      message: known ? error.message : "the server made a mistake",
    });
  } finally {
    lent?.end();
  }
}

/** A service as events name it. */
export const spiffeIdOf = ({ tenant, serviceId }: DeployedService): string =>
  `spiffe://solo.local/tenant/${tenant}/svc/${serviceId}`;
