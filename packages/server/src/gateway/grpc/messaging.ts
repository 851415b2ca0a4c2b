import type { CallRequest, CallResponse, CastRequest, CastResponse, MessagingServiceServer } from "@solo/proto";
import type { LentAuthority } from "../../drivers/lent-authority.ts";
import type { Lending } from "../../messaging/lending.ts";
import { call, cast, type MessagingContext } from "../../messaging/send.ts";
import type { InFlight } from "../in-flight.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, type Unary, unary } from "./method.ts";
import { tenantResource } from "./resource.ts";
import { session } from "./session.ts";

/** `solo.v1.MessagingService`: the payload goes through as it came. Each message counts against the tenant of who sends it. */
export function messagingService(
  context: MethodContext,
  messaging: MessagingContext,
  { inFlight, lending }: { readonly inFlight: InFlight; readonly lending: Lending },
): MethodsOf<MessagingServiceServer> {
  const methods = {
    call: calling(context, messaging, { inFlight, lending }),
    cast: casting(context, messaging, inFlight),
  };
  return { ...methods, session: session(context, methods) };
}

const calling = (
  context: MethodContext,
  messaging: MessagingContext,
  { inFlight, lending }: { readonly inFlight: InFlight; readonly lending: Lending },
): Unary<CallRequest, CallResponse> =>
  unary(
    context,
    "MessagingService/Call",
    tenantResource,
    async (request, { permit, remainingMs, signal, holding, named, trace }) => {
      const { serviceId, method, arguments: args, lend } = request;
      const { tenant } = permit.caller;
      inFlight.enter(tenant, permit.correlationId);
      let lent: LentAuthority | undefined;
      try {
        if (lend.length > 0) {
          const held = await holding.capabilities(named);
          lent = await lending.lend(permit, serviceId, { held, grants: lend });
        }
        const message = { serviceId, method, args, lent };
        const reply = await call(messaging, permit, message, { timeoutMs: remainingMs, signal, trace });
        return { reply: Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength) };
      } finally {
        lent?.end();
        inFlight.leave(tenant);
      }
    },
  );

const casting = (
  context: MethodContext,
  messaging: MessagingContext,
  inFlight: InFlight,
): Unary<CastRequest, CastResponse> =>
  unary(context, "MessagingService/Cast", tenantResource, async (request, { permit, remainingMs, signal, trace }) => {
    const { serviceId, method, arguments: args } = request;
    const { tenant } = permit.caller;
    inFlight.enter(tenant, permit.correlationId);
    try {
      await cast(messaging, permit, { serviceId, method, args }, { timeoutMs: remainingMs, signal, trace });
      return {};
    } finally {
      inFlight.leave(tenant);
    }
  });
