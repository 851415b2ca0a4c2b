import type { ActorSystem } from "@solo/actor-core";
import type { Permit as TokenPermit } from "@solo/capabilities";
import { limitNamed } from "@solo/notation";
import type { Authority } from "../authority/authority.ts";
import type { Permit } from "../authority/authorize.ts";
import { checkServiceId } from "../authority/names.ts";
import type { GuestError, Lent } from "../cells/guest-session.ts";
import { oneOf, quoted, SoloError } from "../errors.ts";
import { sizeLimits } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import type { HealthKeeper } from "../services/health-keeper.ts";
import { awaitsMessages } from "../services/lifecycle.ts";
import { limitQuota } from "../services/limit-quota.ts";
import type { LimitReporter } from "../services/limit-reporter.ts";
import { boundOf } from "../services/limit-rules.ts";
import { callService, castToService, type ServiceOutcome } from "../services/service-messages.ts";
import type { CallResult, Circuits } from "./circuits.ts";
import type { Directory } from "./directory.ts";

/** A message on its way to a service: from a client or from another service of the same tenant. */
export interface Message {
  readonly serviceId: string;
  readonly method: string;
  /** UTF-8 JSON array; empty for no arguments. Nobody here reads it. */
  readonly args: Uint8Array;
  /** By who calls, for as long as the call is open. Nothing of a cast. */
  readonly lent?: Lent | undefined;
}

export interface MessagingContext {
  readonly authority: Authority;
  readonly system: ActorSystem;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly limits: LimitReporter;
  readonly health: HealthKeeper;
  readonly circuits: Circuits;
}

export interface SendOptions {
  readonly timeoutMs: number;
  /** Aborts when the sender has gone. */
  readonly signal: AbortSignal;
  /** W3C's `traceparent` of what it is part of. */
  readonly trace?: string | undefined;
}

const maxMethodBytes = 256;

/** What a timer can hold: 24 days. */
const longestMs = 2_147_483_647;

/**
 * Delivers a question at most once and resolves with the answer's bytes. A message to a service that is starting waits for it
 * within its time.
 *
 * @throws {SoloError} `SERVICE_NOT_FOUND`, `SERVICE_NOT_RUNNING`, `METHOD_NOT_FOUND`, `ARGUMENTS_NOT_JSON`, `ARGUMENTS_INVALID`, `MAILBOX_FULL`,
 *   `MESSAGE_TOO_LARGE`, `CALL_TIMED_OUT`, `SERVICE_DIED`, `LIMIT_REACHED`, `REPLY_NOT_JSON`, `REPLY_INVALID`,
 *   `CIRCUIT_OPEN`, `CANCELLED`
 */
export async function call(
  context: MessagingContext,
  permit: Permit<"MessagingService/Call">,
  message: Message,
  options: SendOptions,
): Promise<Uint8Array> {
  const service = context.directory.get(permit.tenant, checkServiceId(message.serviceId));
  const { clock, circuits } = context;
  const caller = permit.caller.spiffeId;
  circuits.enter(service, caller);
  const deadlineMs = clock.nowMs() + Math.min(options.timeoutMs, longestMs);
  const { trace } = options;
  let result: CallResult = "abandoned";
  try {
    for (;;) {
      const leave = enter(context, service, message, permit.correlationId);
      const left = { signal: options.signal, timeoutMs: Math.max(1, deadlineMs - clock.nowMs()) };
      const actor = service.actor ?? (await actorOf(service, clock, left).catch(leaving(leave)));
      const handled = handedTo(service, leave);
      const timeoutMs = Math.max(1, deadlineMs - clock.nowMs());
      const { method, args, lent } = message;
      permit.assertLive();
      const outcome = await callService(
        context.system,
        actor,
        { method, args, lent, timeoutMs, trace, correlationId: permit.correlationId, handled },
        options.signal,
      );
      switch (outcome.kind) {
        case "reply":
          result = "answered";
          return outcome.bytes;
        case "error":
          result = outcome.error.kind === "timeout" ? "unanswered" : "answered";
          if (outcome.error.kind === "reply-invalid") noteBrokenContract(context, service, method, outcome.error);
          throw guestError(message, service, outcome.error, options.timeoutMs);
        case "died":
          result = "answered";
          throw died(message, service, outcome);
        case "over-limit":
          result = "answered";
          throw replyTooLarge(message, service, outcome.used);
        case "timed-out":
          result = "unanswered";
          throw timedOut(message, options.timeoutMs);
        case "abandoned":
          // Who leaves as its time runs out has waited in vain: clients see their deadline a moment before this side does.
          if (deadlineMs - clock.nowMs() < Math.max(50, options.timeoutMs / 10)) result = "unanswered";
          throw cancelled(message.serviceId);
        case "not-taken":
          // Its guest has never seen it, so the next one may: it is still delivered at most once.
          leave();
          break;
      }
    }
  } finally {
    circuits.leave(service, caller, result);
  }
}

/** Hands a message over, at most once, and resolves when the service's mailbox has it. @throws As {@link call}. */
export async function cast(
  context: MessagingContext,
  permit: Permit<"MessagingService/Cast">,
  message: Message,
  options: SendOptions,
): Promise<void> {
  const service = context.directory.get(permit.tenant, checkServiceId(message.serviceId));
  await hand(context, service, message, { ...options, correlationId: permit.correlationId });
}

/**
 * Casts what a service has asked the clock for.
 *
 * @returns Whether the guest has handled it; false where it ended before. @throws As {@link call}.
 */
export async function castWhenDue(
  context: MessagingContext,
  permit: TokenPermit<"clock/schedule">,
  service: DeployedService,
  message: Message,
  options: SendOptions,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  await permit.run(() => hand(context, service, message, options, resolve));
  return promise;
}

/** @param onHandled Told when a guest is done with it, or the one that it was handed to has ended. */
async function hand(
  context: MessagingContext,
  service: DeployedService,
  message: Message,
  options: SendOptions & { readonly correlationId?: string },
  onHandled?: (byGuest: boolean) => void,
): Promise<void> {
  const leave = enter(context, service, message, options.correlationId);
  const actor = service.actor ?? (await actorOf(service, context.clock, options).catch(leaving(leave)));
  const known = takesAnyMethod(service) ? undefined : service.incarnation?.casts;
  if (known !== undefined && !known.includes(message.method)) {
    leave();
    // Nobody would hear of it later: a cast has no answer.
    throw new SoloError(
      "METHOD_NOT_FOUND",
      `Cannot cast ${quoted(message.method)} to "${message.serviceId}": it has no such cast`,
      {
        found: `the name ${quoted(message.method)}`,
        wanted: known.length === 0 ? "a service that has casts" : oneOf(known),
        command: `solo status ${message.serviceId}`,
        metadata: { service_id: message.serviceId, method: message.method },
      },
    );
  }
  const handled = handedTo(service, leave, onHandled);
  castToService(context.system, actor, {
    method: message.method,
    args: message.args,
    trace: options.trace,
    correlationId: options.correlationId,
    handled,
  });
}

/** An HTTP server has not said which paths it has. */
function takesAnyMethod({ record: { form } }: DeployedService): boolean {
  return form.kind === "binary" && form.program.protocol === "http";
}

/** Lets the message leave the mailbox when it is handled, or when who it was handed to ends before. */
function handedTo(
  service: DeployedService,
  leave: () => void,
  onHandled?: (byGuest: boolean) => void,
): (byGuest?: boolean) => void {
  const { incarnation } = service;
  const handled = (byGuest = false): void => {
    incarnation?.unhandled.delete(handled);
    service.handledMessages += 1;
    leave();
    onHandled?.(byGuest);
  };
  incarnation?.unhandled.set(handled, handled);
  return handled;
}

/** Gives the place in the mailbox back and fails as before. */
const leaving =
  (leave: () => void) =>
  (error: unknown): never => {
    leave();
    throw error;
  };

/** Counts the message against the service's mailbox. @returns Gives the place back, once. */
function enter(
  context: MessagingContext,
  service: DeployedService,
  message: Message,
  correlationId: string | undefined,
): () => void {
  const { mailbox, softMailbox, serviceId } = service;
  const { limits } = service.record.manifest;
  const bytes = message.args.length;
  const nameBytes = Buffer.byteLength(message.method);
  // A cell would be handed the first bytes of a longer name, and that may be another one.
  if (nameBytes === 0 || nameBytes > maxMethodBytes) {
    throw new SoloError("METHOD_INVALID", `Cannot send to "${serviceId}": the method has no usable name`, {
      found: nameBytes === 0 ? "an empty method" : `${nameBytes} bytes`,
      wanted: `1 to ${maxMethodBytes} bytes`,
      field: "method",
    });
  }
  if (bytes > softMailbox.messageBytes) checkMessageSize(context, service, bytes, correlationId);
  if (mailbox.messages >= limits.mailboxMessages || mailbox.bytes + bytes > limits.mailboxBytes) {
    throw mailboxFull(context, service, bytes, correlationId);
  }
  mailbox.messages += 1;
  mailbox.bytes += bytes;
  if (mailbox.messages > softMailbox.messages) {
    context.limits.reached(service, "mailboxMessages", "soft", mailbox.messages, correlationId);
  }
  if (mailbox.bytes > softMailbox.bytes) {
    context.limits.reached(service, "mailboxBytes", "soft", mailbox.bytes, correlationId);
  }
  let inside = true;
  return () => {
    if (!inside) return;
    inside = false;
    mailbox.messages -= 1;
    mailbox.bytes -= bytes;
    if (service.health.kind === "degraded") context.health.relieve(service);
  };
}

/** @throws {SoloError} `MESSAGE_TOO_LARGE`, unless the service is only warned and the message fits a frame. */
function checkMessageSize(
  context: MessagingContext,
  service: DeployedService,
  bytes: number,
  correlationId: string | undefined,
): void {
  const { serviceId } = service;
  const isOver = bytes > service.record.manifest.limits.messageBytes;
  context.limits.reached(service, "messageBytes", isOver ? "hard" : "soft", bytes, correlationId);
  if (!isOver) return;
  const most = boundOf(service.record.manifest, "messageBytes");
  if (bytes <= most) return;
  throw new SoloError("MESSAGE_TOO_LARGE", `Cannot send to "${serviceId}": the arguments are too large`, {
    found: `${bytes} bytes`,
    wanted: `at most ${most} bytes`,
    field: "arguments",
    quota: limitQuota("messageBytes", most, bytes),
    metadata: { service_id: serviceId },
  });
}

/** Marks the service degraded, or ends it where its manifest says so. @returns What the sender of `bytes` is told. */
export function mailboxFull(
  context: MessagingContext,
  service: DeployedService,
  bytes: number,
  correlationId: string | undefined,
): SoloError {
  const { mailbox, serviceId } = service;
  const { limits } = service.record.manifest;
  const limit = mailbox.messages >= limits.mailboxMessages ? "mailboxMessages" : "mailboxBytes";
  const used = limit === "mailboxMessages" ? mailbox.messages : mailbox.bytes + bytes;
  const verdict = context.limits.reached(service, limit, "hard", used, correlationId);
  if (verdict === undefined) context.health.degrade(service, limit, used, correlationId);
  else service.incarnation?.session.end(verdict);
  return new SoloError("MAILBOX_FULL", `Cannot send to "${serviceId}": its mailbox is full`, {
    found: `${mailbox.messages} messages that are not answered yet, ${mailbox.bytes} bytes that wait, and ${bytes} more`,
    wanted: `at most ${limits.mailboxMessages} messages and ${limits.mailboxBytes} bytes`,
    quota: limitQuota(limit, limits[limit], used),
    retryAfterMs: 100,
    metadata: { service_id: serviceId, health: service.health.kind },
  });
}

/** Waits until a service that is on its way up has its actor. */
export async function actorOf(
  service: DeployedService,
  clock: Clock,
  options: SendOptions,
): Promise<NonNullable<DeployedService["actor"]>> {
  const { serviceId } = service;
  const over = new AbortController();
  const cancel = clock.schedule(Math.min(options.timeoutMs, longestMs), () => over.abort());
  const signal = AbortSignal.any([options.signal, over.signal]);
  try {
    for (;;) {
      if (service.actor !== undefined) return service.actor;
      if (!awaitsMessages(service.state)) {
        const refusal = notRunning(service);
        // Told only when it is on disk: a server that is killed now must not come back with the service running.
        await service.journal.settled();
        throw refusal;
      }
      if (options.signal.aborted) throw cancelled(serviceId);
      if (over.signal.aborted) {
        throw new SoloError("CALL_TIMED_OUT", `Cannot send to "${serviceId}": it did not come up in time`, {
          found: `a service that is ${service.state} after ${Math.round(options.timeoutMs)} ms`,
          wanted: "a service that runs",
          fix: "The message was not delivered; send it again",
          metadata: { service_id: serviceId, delivered: "false" },
        });
      }
      await service.changed(signal);
    }
  } finally {
    cancel();
  }
}

function notRunning(service: DeployedService): SoloError {
  const { serviceId, state, lastCause } = service;
  return new SoloError("SERVICE_NOT_RUNNING", `Cannot send to "${serviceId}": it is ${state}`, {
    found: `a service that is ${state}${lastCause === undefined ? "" : `: ${lastCause.message}`}`,
    wanted: "a service that runs",
    command: state === "killed" ? `solo deploy FILE --id ${serviceId}` : `solo restart ${serviceId}`,
    metadata: { service_id: serviceId, state },
  });
}

const cancelled = (serviceId: string): SoloError =>
  new SoloError("CANCELLED", `Cannot answer the call to "${serviceId}": its caller has gone`, {
    found: "a cancelled call",
    wanted: "a caller that waits",
  });

const timedOut = (message: Message, timeoutMs: number): SoloError =>
  new SoloError("CALL_TIMED_OUT", `Cannot wait longer for "${message.serviceId}" to answer ${quoted(message.method)}`, {
    found: `no answer within ${Math.round(timeoutMs)} ms`,
    wanted: "an answer within the deadline",
    metadata: { service_id: message.serviceId },
  });

function died(
  { serviceId }: Message,
  service: DeployedService,
  { message, cause = service.lastCause }: ServiceOutcome & { readonly kind: "died" },
): SoloError {
  const metadata = { service_id: serviceId, cause: cause?.kind ?? "unknown" };
  const limit = cause?.limit === undefined ? undefined : limitNamed(cause.limit.name);
  if (cause?.limit !== undefined && limit !== undefined) {
    const { name, allowed, used } = cause.limit;
    return new SoloError("LIMIT_REACHED", `Cannot get an answer from "${serviceId}": it was ended: ${message}`, {
      found: message,
      wanted: `a service that stays below its limit ${name}`,
      fix: `Whether the message had its effect is unknown; do less in one message, or raise limits.${name}`,
      command: `solo status ${serviceId}`,
      quota: limitQuota(limit, allowed, used),
      metadata: { ...metadata, limit: name },
    });
  }
  return new SoloError("SERVICE_DIED", `Cannot get an answer from "${serviceId}": it ended meanwhile: ${message}`, {
    found: message,
    wanted: "a service that lives until it has answered",
    command: `solo logs ${serviceId}`,
    metadata,
  });
}

function noteBrokenContract({ clock }: MessagingContext, service: DeployedService, method: string, error: GuestError) {
  const times = service.brokenPromises.count(clock.nowMs());
  if (times === undefined) return;
  const { serviceId, record } = service;
  const { version, correlationId } = record;
  const { path = "$", message: problem } = error;
  service.journal.note({
    events: [{ type: "service.contract-broken", serviceId, version, method, path, problem, times }],
    origin: { correlationId, actor: "kernel" },
  });
}

function replyTooLarge({ serviceId, method }: Message, service: DeployedService, used: number): SoloError {
  const allowed = service.record.manifest.limits.replyBytes;
  return new SoloError("MESSAGE_TOO_LARGE", `Cannot pass on the reply of "${serviceId}": it is too large`, {
    found: `a reply of ${used} bytes`,
    wanted: `a reply of at most ${allowed} bytes`,
    fix: "Let the handler reply with less, in several calls",
    quota: limitQuota("replyBytes", allowed, used),
    metadata: { service_id: serviceId, method },
  });
}

function guestError(message: Message, service: DeployedService, error: GuestError, timeoutMs: number): SoloError {
  const { serviceId, method } = message;
  const metadata = { service_id: serviceId, method };
  switch (error.kind) {
    case "unknown-method": {
      const known = service.incarnation?.calls ?? [];
      return new SoloError("METHOD_NOT_FOUND", `Cannot call ${quoted(method)} of "${serviceId}": it has no such call`, {
        found: `the name ${quoted(method)}`,
        wanted: known.length === 0 ? "a service that has calls" : oneOf(known),
        command: `solo status ${serviceId}`,
        metadata,
      });
    }
    case "arguments-not-json":
    case "arguments-not-array":
      return new SoloError("ARGUMENTS_NOT_JSON", `Cannot read the arguments for "${serviceId}": ${error.message}`, {
        found: error.message,
        wanted: "a JSON array of arguments",
        field: "arguments",
        metadata,
      });
    case "arguments-invalid":
      return new SoloError("ARGUMENTS_INVALID", `Cannot call ${quoted(method)} of "${serviceId}": ${error.message}`, {
        found: error.message,
        wanted: `the arguments that the contract of "${serviceId}" has for ${quoted(method)}`,
        field: "arguments",
        command: `solo status ${serviceId}`,
        metadata: { ...metadata, ...(error.path === undefined ? {} : { path: error.path }) },
      });
    case "reply-not-json":
      return new SoloError("REPLY_NOT_JSON", `Cannot pass on the reply of "${serviceId}": ${error.message}`, {
        found: `${error.message}${error.path === undefined ? "" : ` at ${error.path}`}`,
        wanted: "a reply of JSON values and Uint8Array",
        metadata: { ...metadata, ...(error.path === undefined ? {} : { path: error.path }) },
      });
    case "reply-invalid":
      return new SoloError("REPLY_INVALID", `Cannot pass on the reply of "${serviceId}": ${error.message}`, {
        found: error.message,
        wanted: `the reply that the contract of "${serviceId}" promises for ${quoted(method)}`,
        command: `solo status ${serviceId}`,
        metadata: { ...metadata, ...(error.path === undefined ? {} : { path: error.path }) },
      });
    case "reply-too-large":
      return new SoloError("MESSAGE_TOO_LARGE", `Cannot pass on the reply of "${serviceId}": it is too large`, {
        found: error.message,
        wanted: `a reply below ${sizeLimits.frameBytes} bytes`,
        fix: "Let the handler reply with less, in several calls",
        metadata,
      });
    case "too-large":
      return new SoloError("MESSAGE_TOO_LARGE", `Cannot send to "${serviceId}": the arguments are too large`, {
        found: error.message,
        wanted: `a message below ${sizeLimits.frameBytes} bytes`,
        field: "arguments",
        metadata,
      });
    case "overloaded":
      return new SoloError("MAILBOX_FULL", `Cannot send to "${serviceId}": ${error.message}`, {
        found: error.message,
        wanted: "a service that takes its messages",
        retryAfterMs: 100,
        metadata,
      });
    case "timeout":
      return timedOut(message, timeoutMs);
    default:
      return new SoloError("SERVICE_DIED", `Cannot get an answer from "${serviceId}": ${error.message}`, {
        found: error.message,
        wanted: "a handler that replies",
        command: `solo logs ${serviceId}`,
        metadata: { ...metadata, cause: error.kind },
      });
  }
}
