import type { MessagingServiceServer } from "@solo/proto";
import { call, cast, type MessagingContext } from "../../messaging/send.ts";
import { type MethodContext, unary } from "./method.ts";
import { tenantResource } from "./resource.ts";

/** `solo.v1.MessagingService`: the payload goes through as it came. */
export const messagingService = (context: MethodContext, messaging: MessagingContext): MessagingServiceServer => ({
  call: unary(context, "MessagingService/Call", tenantResource, async (request, { permit, remainingMs, signal }) => {
    const { serviceId, method, arguments: args } = request;
    const reply = await call(messaging, permit, { serviceId, method, args }, { timeoutMs: remainingMs, signal });
    return { reply: Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength) };
  }),
  cast: unary(context, "MessagingService/Cast", tenantResource, async (request, { permit, remainingMs, signal }) => {
    const { serviceId, method, arguments: args } = request;
    await cast(messaging, permit, { serviceId, method, args }, { timeoutMs: remainingMs, signal });
    return {};
  }),
});
