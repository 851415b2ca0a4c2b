import type { CallRequest, CallResponse, CastRequest, CastResponse, MessagingServiceServer } from "@solo/proto";
import { call, cast, type MessagingContext } from "../../messaging/send.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, type Unary, unary } from "./method.ts";
import { tenantResource } from "./resource.ts";
import { session } from "./session.ts";

/** `solo.v1.MessagingService`: the payload goes through as it came. */
export function messagingService(
  context: MethodContext,
  messaging: MessagingContext,
): MethodsOf<MessagingServiceServer> {
  const methods = { call: calling(context, messaging), cast: casting(context, messaging) };
  return { ...methods, session: session(context, methods) };
}

const calling = (context: MethodContext, messaging: MessagingContext): Unary<CallRequest, CallResponse> =>
  unary(context, "MessagingService/Call", tenantResource, async (request, { permit, remainingMs, signal }) => {
    const { serviceId, method, arguments: args } = request;
    const reply = await call(messaging, permit, { serviceId, method, args }, { timeoutMs: remainingMs, signal });
    return { reply: Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength) };
  });

const casting = (context: MethodContext, messaging: MessagingContext): Unary<CastRequest, CastResponse> =>
  unary(context, "MessagingService/Cast", tenantResource, async (request, { permit, remainingMs, signal }) => {
    const { serviceId, method, arguments: args } = request;
    await cast(messaging, permit, { serviceId, method, args }, { timeoutMs: remainingMs, signal });
    return {};
  });
