import { posix } from "node:path";
import type { Permit } from "../authority/authorize.ts";
import { checkServiceId } from "../authority/names.ts";
import { type ExchangeFailure, type ExchangeHandlers, HttpExchange } from "../cells/http-exchange.ts";
import type { HttpRequestHead } from "../cells/wire/http-frames.ts";
import { quoted, SoloError } from "../errors.ts";
import { httpLimits } from "../limits.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import { actorOf, type MessagingContext, mailboxFull, type SendOptions } from "./send.ts";

/** What comes of a request; as {@link ExchangeHandlers}, its failure one of the catalogue. */
export type FetchHandlers = Omit<ExchangeHandlers, "onFailed" | "onLeft" | "room" | "onHeld"> & {
  onFailed(error: SoloError): void;
};

/**
 * Hands an HTTP request to a service's `fetch`. A request to a service that is starting waits for it within its time.
 *
 * @throws {SoloError} `SERVICE_NOT_FOUND`, `SERVICE_NOT_RUNNING`, `TOO_MANY_EXCHANGES`, `CALL_TIMED_OUT`, `CANCELLED`
 */
export async function openFetch(
  context: MessagingContext,
  permit: Permit<"ServiceIngress/Fetch">,
  request: { readonly serviceId: string; readonly head: HttpRequestHead; readonly handlers: FetchHandlers },
  options: SendOptions,
): Promise<HttpExchange> {
  const { serviceId, head, handlers } = request;
  const { correlationId } = permit;
  const service = context.directory.get(permit.tenant, checkServiceId(serviceId));
  if (!speaksHttp(service)) throw errorOf(service, { kind: "no-http" });
  if (isMessage(service, head.url)) throw notARequest(serviceId, head.url);
  const leave = enter(service);
  try {
    for (;;) {
      await (service.actor ?? actorOf(service, context.clock, options));
      const { incarnation } = service;
      // Gone again meanwhile: nothing was sent yet.
      if (incarnation === undefined) continue;
      return new HttpExchange(incarnation.session, head, {
        onHead: (answer) => handlers.onHead(answer),
        onBody: (chunk) => handlers.onBody(chunk),
        onWritable: () => handlers.onWritable(),
        room: () => service.record.manifest.limits.mailboxBytes - service.mailbox.bytes,
        onHeld: (bytes) => hold(context, service, bytes, correlationId),
        onEnd: () => {
          leave();
          handlers.onEnd();
        },
        onFailed: (failure) => {
          leave();
          const isFull = failure.kind === "no-room";
          handlers.onFailed(isFull ? mailboxFull(context, service, 1, correlationId) : errorOf(service, failure));
        },
        onLeft: leave,
      });
    }
  } catch (error) {
    leave();
    throw error;
  }
}

/** What is spoken with programs over descriptor 3 has no words for this. */
function speaksHttp({ record: { form } }: DeployedService): boolean {
  return form.kind !== "binary" || form.program.protocol === "http";
}

/**
 * Whether a program would take the request for a call or cast, which ask for another authority. However the path is
 * written: a program may read it in more ways than one.
 */
function isMessage({ record: { form } }: DeployedService, url: string): boolean {
  if (form.kind !== "binary") return false;
  // Nothing that can be read in more ways than one, nor the words themselves: so it is with nearly all.
  if (!/[%\\.]|call|cast/i.test(url.slice(url.indexOf("/", "http://".length)))) return false;
  const path = new URL(url).pathname.replace(/%[0-9a-f]{2}/gi, (byte) =>
    String.fromCharCode(parseInt(byte.slice(1), 16)),
  );
  return /^(call|cast)(\/|$)/i.test(posix.normalize(path.replaceAll("\\", "/")).replace(/^\/+/, ""));
}

const notARequest = (serviceId: string, url: string): SoloError =>
  new SoloError("PATH_UNKNOWN", `Cannot send to "${serviceId}": under /call and /cast a program gets its messages`, {
    found: `the path ${quoted(new URL(url).pathname)}`,
    wanted: "another path; calls and casts are sent as such",
    command: `solo call ${serviceId} METHOD`,
    metadata: { service_id: serviceId },
  });

/** Counts the exchange against the service's bound. @returns Gives the place back, once. */
function enter(service: DeployedService): () => void {
  const { serviceId } = service;
  if (service.openExchanges >= httpLimits.exchangesPerService) {
    throw new SoloError("TOO_MANY_EXCHANGES", `Cannot send to "${serviceId}": it has too many HTTP requests open`, {
      found: `${service.openExchanges} requests`,
      wanted: `at most ${httpLimits.exchangesPerService} at a time`,
      quota: { subject: "http_exchanges", limit: httpLimits.exchangesPerService, used: service.openExchanges },
      retryAfterMs: 1_000,
      metadata: { service_id: serviceId },
    });
  }
  service.openExchanges += 1;
  let inside = true;
  return () => {
    if (inside) service.openExchanges -= 1;
    inside = false;
  };
}

/** Counts what waits of a request's body against the bytes of the service's mailbox. */
function hold(context: MessagingContext, service: DeployedService, bytes: number, correlationId: string): void {
  const { mailbox, softMailbox } = service;
  mailbox.bytes += bytes;
  if (bytes > 0 && mailbox.bytes > softMailbox.bytes) {
    context.limits.reached(service, "mailboxBytes", "soft", mailbox.bytes, correlationId);
  }
  if (service.health.kind === "degraded") context.health.relieve(service);
}

function errorOf(
  { serviceId, lastCause, record: { form } }: DeployedService,
  failure: Exclude<ExchangeFailure, { readonly kind: "no-room" }>,
): SoloError {
  const isProgram = form.kind === "binary";
  const metadata = { service_id: serviceId };
  const command = `solo logs ${serviceId}`;
  switch (failure.kind) {
    case "no-http":
      return new SoloError("SERVICE_HAS_NO_HTTP", `Cannot send to "${serviceId}": it serves no HTTP`, {
        found: isProgram ? `a program that speaks ${form.program.protocol}` : "a service without fetch",
        wanted: isProgram ? "a program deployed with --protocol http" : "a service file that exports fetch",
        metadata,
      });
    case "service":
    case "garbage":
      return new SoloError("FETCH_FAILED", `Cannot pass on the answer of "${serviceId}": ${failure.message}`, {
        found: failure.message,
        wanted: isProgram ? "a program that answers with an HTTP response" : "a fetch that returns a Response",
        command,
        metadata,
      });
    case "gone":
      return new SoloError(
        "SERVICE_DIED",
        `Cannot get an answer from "${serviceId}": it ended meanwhile: ${failure.message}`,
        {
          found: failure.message,
          wanted: "a service that lives until it has answered",
          command,
          metadata: { ...metadata, cause: lastCause?.kind ?? "unknown" },
        },
      );
    case "overloaded":
      return new SoloError("MAILBOX_FULL", `Cannot send to "${serviceId}": too much waits for it`, {
        found: "a service that does not take what is sent to it",
        wanted: "a service that takes its messages",
        retryAfterMs: 100,
        metadata,
      });
  }
}
