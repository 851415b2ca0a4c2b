import { decodeArguments, encodeValue } from "../cells/guest/json.ts";
import { noticeOf, type Timer } from "../drivers/clock/timer.ts";
import type { Delivery, TimerOwner } from "../drivers/clock/timers.ts";
import { type Reason, SoloError } from "../errors.ts";
import { castWhenDue, type MessagingContext } from "./send.ts";

/** Milliseconds that a timer waits for a service that is starting. */
const startMs = 30_000;

/** What waiting does not mend. */
const final: ReadonlySet<Reason> = new Set([
  "CAPABILITY_DENIED",
  "CAPABILITY_INVALID",
  "METHOD_NOT_FOUND",
  "METHOD_INVALID",
  "MESSAGE_TOO_LARGE",
]);

/** Casts what a timer is for to the service that set it, if that may still set timers. */
export async function deliverTimer(context: MessagingContext, owner: TimerOwner, timer: Timer): Promise<Delivery> {
  const { tenant, serviceId } = owner;
  const service = context.directory.find(tenant, serviceId);
  if (service === undefined) return { kind: "no-service" };
  const { method } = timer;
  const args = encodeValue([...decodeArguments(Buffer.from(timer.args)), noticeOf(timer)]);
  const options = { timeoutMs: startMs, signal: new AbortController().signal };
  try {
    const permit = await service.authority.decide({
      ability: "clock/schedule",
      path: `clock/${serviceId}`,
      arguments: { operation: "fire" },
    });
    const byGuest = await castWhenDue(context, permit, service, { serviceId, method, args }, options);
    return { kind: byGuest ? "heard" : "unheard" };
  } catch (error) {
    if (error instanceof SoloError && final.has(error.code)) return { kind: "refused", reason: error.code };
    return { kind: "not-now" };
  }
}
