import type { Permit } from "../authority/authorize.ts";
import { checkServiceId } from "../authority/names.ts";
import { type ExchangeFailure, type ExchangeHandlers, HttpExchange } from "../cells/http-exchange.ts";
import type { HttpRequestHead } from "../cells/wire/http-frames.ts";
import { SoloError } from "../errors.ts";
import { httpLimits } from "../limits.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import { actorOf, type MessagingContext, type SendOptions } from "./send.ts";

/** What comes of a request; as {@link ExchangeHandlers}, its failure one of the catalogue. */
export type FetchHandlers = Omit<ExchangeHandlers, "onFailed" | "onLeft"> & { onFailed(error: SoloError): void };

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
  const service = context.directory.get(permit.tenant, checkServiceId(serviceId));
  // What is spoken with a program has no words for this.
  if (service.record.form.kind === "binary") throw errorOf(service, { kind: "no-http" });
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
        onEnd: () => {
          leave();
          handlers.onEnd();
        },
        onFailed: (failure) => {
          leave();
          handlers.onFailed(errorOf(service, failure));
        },
        onLeft: leave,
      });
    }
  } catch (error) {
    leave();
    throw error;
  }
}

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

function errorOf({ serviceId, lastCause }: DeployedService, failure: ExchangeFailure): SoloError {
  const metadata = { service_id: serviceId };
  const command = `solo logs ${serviceId}`;
  switch (failure.kind) {
    case "no-http":
      return new SoloError("SERVICE_HAS_NO_HTTP", `Cannot send to "${serviceId}": it serves no HTTP`, {
        found: "a service without fetch",
        wanted: "a service file that exports fetch",
        metadata,
      });
    case "service":
    case "garbage":
      return new SoloError("FETCH_FAILED", `Cannot pass on the answer of "${serviceId}": ${failure.message}`, {
        found: failure.message,
        wanted: "a fetch that returns a Response",
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
