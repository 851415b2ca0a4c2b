import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { authorizePublic, type Permit } from "../../authority/authorize.ts";
import { ownPaths } from "../../authority/names.ts";
import type { HttpExchange } from "../../cells/http-exchange.ts";
import type { HttpResponseHead } from "../../cells/wire/http-frames.ts";
import { catalogue, SoloError } from "../../errors.ts";
import { httpLimits } from "../../limits.ts";
import { openFetch } from "../../messaging/fetch.ts";
import type { MessagingContext } from "../../messaging/send.ts";
import type { Clock } from "../../ports/clock.ts";
import { recordRefusal } from "../grpc/gate.ts";
import type { CallerOf } from "../grpc/handler.ts";
import { begin, type Ending, grant, type Incoming, type MethodContext } from "../grpc/method.ts";
import type { InFlight } from "../in-flight.ts";
import { capabilityOf, peerOf, traceparentOf } from "./peer.ts";
import { problemType, toProblem } from "./problem.ts";

export interface IngressOptions {
  readonly messaging: MessagingContext;
  readonly methods: MethodContext;
  readonly callerOf: CallerOf;
  readonly clock: Clock;
  readonly inFlight: InFlight;
}

/** Serves `/TENANT/SERVICE/…` by the service's own `fetch`. */
export function serveIngress(app: FastifyInstance, options: IngressOptions): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // A body goes through as it comes; nobody here holds it.
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    for (const url of ["/:tenant/:service", "/:tenant/:service/*"]) {
      scope.all(url, (request, reply) => forward(request, reply, options));
    }
  });
}

/** Both names plain, so that no way of writing a path leads elsewhere than it says. */
const serviceUrl = /^\/([a-z][a-z0-9-]{0,62})\/([a-z][a-z0-9-]{0,62})(\/[^?#]*)?(\?[^#]*)?$/;

/** What a path names, where it is one of a service. */
export function serviceAt(
  url: string | undefined,
): { readonly tenant: string; readonly serviceId: string; readonly rest: string } | undefined {
  const [, tenant, serviceId, path = "/", query = ""] = serviceUrl.exec(url ?? "") ?? [];
  if (tenant === undefined || serviceId === undefined || ownPaths.has(tenant)) return undefined;
  return { tenant, serviceId, rest: `${path}${query}` };
}

async function forward(request: FastifyRequest, reply: FastifyReply, options: IngressOptions): Promise<unknown> {
  const { raw } = request;
  const service = serviceAt(raw.url);
  if (service === undefined) return reply.callNotFound();
  const { tenant, serviceId, rest } = service;
  const ended = begin(options.methods, "ServiceIngress/Fetch", {
    face: "http",
    traceparent: () => traceparentOf(raw.headers),
  });
  const abort = new AbortController();
  reply.raw.once("close", () => abort.abort());
  try {
    const permit = await permitOf(request, { tenant, serviceId }, options, ended);
    // As a call is; until it is answered in full or its client has gone.
    options.inFlight.enter(tenant);
    onAbort(abort.signal, () => options.inFlight.leave(tenant));
    const exchange = new Forwarding(raw, reply.raw, options.clock, ended);
    const opened = await openFetch(
      options.messaging,
      permit,
      {
        serviceId,
        head: {
          method: raw.method ?? "GET",
          url: `http://${serviceId}.${tenant}${rest}`,
          headers: requestHeaders(raw, permit.caller.spiffeId, ended.traceparent),
          hasBody: raw.headers["transfer-encoding"] !== undefined || Number(raw.headers["content-length"] ?? 0) > 0,
        },
        handlers: exchange,
      },
      { timeoutMs: httpLimits.headTimeoutMs, signal: abort.signal },
    );
    reply.hijack();
    exchange.begin(opened);
    return reply;
  } catch (thrown) {
    const error = ended.badly(thrown);
    // Denials of a known caller are on record by now.
    if (catalogue[error.code].status === "UNAUTHENTICATED") {
      await recordRefusal(options.methods, error, "ServiceIngress/Fetch");
    }
    throw error;
  }
}

function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
}

async function permitOf(
  request: FastifyRequest,
  resource: { readonly tenant: string; readonly serviceId: string },
  { messaging, methods, callerOf }: IngressOptions,
  ended: Ending,
): Promise<Permit<"ServiceIngress/Fetch">> {
  const service = messaging.directory.find(resource.tenant, resource.serviceId);
  if (service?.record.manifest.httpAccess === "public") {
    return authorizePublic("ServiceIngress/Fetch", resource.tenant, ended.correlationId);
  }
  const { tenant, serviceId } = resource;
  const incoming: Incoming = {
    caller: () => callerOf(peerOf(request.raw.socket)),
    capability: () => capabilityOf(request.raw.headers),
    remainingMs: () => httpLimits.headTimeoutMs,
    face: "http",
    traceparent: () => traceparentOf(request.raw.headers),
    onGone: () => undefined,
  };
  const asked = { resource: { tenant, name: serviceId }, message: { method: request.method, url: request.url } };
  return (await grant(methods, "ServiceIngress/Fetch", incoming, asked, ended)).permit;
}

/** Of one connection, not of the request; and what only the kernel may say. */
const hopByHop: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade", "expect", "traceparent"],
]);

function requestHeaders(
  raw: IncomingMessage,
  caller: string,
  traceparent: string,
): readonly (readonly [string, string])[] {
  const named = namedByConnection(raw.headers.connection);
  const kept: [string, string][] = [];
  for (let index = 0; index + 1 < raw.rawHeaders.length; index += 2) {
    const name = (raw.rawHeaders[index] as string).toLowerCase();
    if (hopByHop.has(name) || named.has(name) || name.startsWith("solo-") || name.startsWith("x-forwarded-")) continue;
    kept.push([name, raw.rawHeaders[index + 1] as string]);
  }
  // Who it is says the connection; a header of that name that came in is gone.
  return [
    ...kept,
    ["solo-caller", caller],
    ["traceparent", traceparent],
    ["x-forwarded-for", raw.socket.remoteAddress ?? "unknown"],
    ["x-forwarded-proto", "https"],
  ];
}

const namedByConnection = (value: string | undefined): ReadonlySet<string> =>
  new Set((value ?? "").split(",").map((name) => name.trim().toLowerCase()));

function responseHeaders({ headers }: HttpResponseHead): [string, string][] {
  const connection = headers.find(([name]) => name.toLowerCase() === "connection")?.[1];
  const named = namedByConnection(connection);
  return headers
    .filter(([name]) => !hopByHop.has(name.toLowerCase()) && !named.has(name.toLowerCase()))
    .map(([name, value]) => [name, value]);
}

/** One request on its way through: its body in, the answer out, each as fast as the slower side takes it. */
class Forwarding {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #ended: Ending;
  #exchange: HttpExchange | undefined;
  #cancelTimer: () => void;
  #onWritable: (() => void) | undefined;
  #progressMs: number;
  #over = false;

  constructor(request: IncomingMessage, response: ServerResponse, clock: Clock, ended: Ending) {
    this.#request = request;
    this.#response = response;
    this.#clock = clock;
    this.#ended = ended;
    this.#progressMs = clock.nowMs();
    this.#cancelTimer = () => undefined;
  }

  begin(exchange: HttpExchange): void {
    this.#exchange = exchange;
    this.#response.once("close", () => {
      exchange.breakOff("The client has gone");
      this.#finish();
    });
    if (this.#response.destroyed) exchange.breakOff("The client has gone");
    this.#cancelTimer = this.#clock.schedule(httpLimits.headTimeoutMs, () => this.#breakOff(tooLate("did not answer")));
    void this.#pump(exchange);
  }

  onHead(head: HttpResponseHead): void {
    this.#cancelTimer();
    this.#watchIdle();
    this.#response.writeHead(head.status, responseHeaders(head).flat());
    this.#response.flushHeaders();
  }

  onBody(chunk: Uint8Array): void {
    this.#progressMs = this.#clock.nowMs();
    // Only what the connection has taken is made up for, so a slow client slows the service.
    this.#response.write(chunk, () => this.#exchange?.taken(chunk.length));
  }

  onEnd(): void {
    this.#response.end();
    if (!this.#ended.isOver) this.#ended.well();
    this.#finish();
  }

  onFailed(error: SoloError): void {
    this.#fail(error);
  }

  onWritable(): void {
    this.#progressMs = this.#clock.nowMs();
    this.#onWritable?.();
  }

  async #pump(exchange: HttpExchange): Promise<void> {
    let bytes = 0;
    try {
      for await (const chunk of this.#request as AsyncIterable<Buffer>) {
        if (this.#over) return;
        bytes += chunk.length;
        if (bytes > httpLimits.exchangeBodyBytes) return this.#breakOff(tooLarge());
        for (let offset = 0; offset < chunk.length; ) {
          while (exchange.writable === 0 && !this.#over) {
            await new Promise<void>((resolve) => (this.#onWritable = resolve));
          }
          if (this.#over) return;
          const piece = chunk.subarray(offset, offset + exchange.writable);
          offset += piece.length;
          exchange.write(piece);
        }
      }
      exchange.endRequest();
    } catch {
      // Its connection broke; the response's close says so.
    }
  }

  /** Neither side has moved for too long. */
  #watchIdle(): void {
    const leftMs = this.#progressMs + httpLimits.idleMs - this.#clock.nowMs();
    this.#cancelTimer = this.#clock.schedule(Math.max(1, leftMs), () => {
      if (this.#clock.nowMs() - this.#progressMs >= httpLimits.idleMs) this.#breakOff(tooLate("sent nothing more"));
      else this.#watchIdle();
    });
  }

  #breakOff(error: SoloError): void {
    this.#exchange?.breakOff(error.message);
    this.#fail(error);
  }

  #fail(error: SoloError): void {
    if (this.#over) return;
    if (!this.#ended.isOver) this.#ended.badly(error);
    const response = this.#response;
    if (response.headersSent) {
      // The client must not take half an answer for a whole one.
      response.destroy();
    } else {
      const { status, headers, body } = toProblem(error);
      response.writeHead(status, { ...headers, "content-type": problemType, connection: "close" });
      response.end(JSON.stringify(body));
    }
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#cancelTimer();
    this.#onWritable?.();
    if (!this.#ended.isOver) this.#ended.well();
  }
}

const tooLate = (what: string): SoloError =>
  new SoloError("CALL_TIMED_OUT", `Cannot wait longer for the service: it ${what}`, {
    found: "a service that takes its time",
    wanted: `an answer within ${httpLimits.headTimeoutMs} ms, and something of it every ${httpLimits.idleMs} ms`,
  });

const tooLarge = (): SoloError =>
  new SoloError("REQUEST_TOO_LARGE", "Cannot take the request: its body is too large", {
    found: `more than ${httpLimits.exchangeBodyBytes} bytes`,
    wanted: `at most ${httpLimits.exchangeBodyBytes} bytes`,
  });
