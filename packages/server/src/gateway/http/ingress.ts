import type { EventEmitter } from "node:events";
import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { authorizePublic, type Permit } from "../../authority/authorize.ts";
import { ownPaths } from "../../authority/names.ts";
import type { HttpExchange } from "../../cells/http-exchange.ts";
import type { HttpResponseHead } from "../../cells/wire/http-frames.ts";
import { catalogue, SoloError } from "../../errors.ts";
import { httpLimits } from "../../limits.ts";
import { openFetch } from "../../messaging/fetch.ts";
import type { MessagingContext } from "../../messaging/send.ts";
import type { Clock } from "../../ports/clock.ts";
import { toSoloError } from "../../storage/to-solo-error.ts";
import { recordRefusal } from "../grpc/gate.ts";
import type { CallerOf } from "../grpc/handler.ts";
import { begin, callerLeft, type Ending, grant, type Incoming, type MethodContext } from "../grpc/method.ts";
import { serverStopping } from "../grpc/server-stopping.ts";
import type { InFlight } from "../in-flight.ts";
import { BodyPump } from "./body-pump.ts";
import { FrameBoundary } from "./frame-boundary.ts";
import { capabilityOf, peerOf, timeoutOf, traceparentOf } from "./peer.ts";
import { type Problem, problemOf, problemType, toProblem } from "./problem.ts";

export interface IngressOptions {
  readonly messaging: MessagingContext;
  readonly methods: MethodContext;
  readonly callerOf: CallerOf;
  readonly clock: Clock;
  readonly inFlight: InFlight;
  /** Asked of every request first. @throws {SoloError} */
  readonly admit: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Both names plain, so that no way of writing a path leads elsewhere than it says. */
const serviceUrl = /^\/([a-z][a-z0-9-]{0,62})\/([a-z][a-z0-9-]{0,62})(\/[^?#]*)?(\?[^#]*)?$/;

/** What a path below a service names. */
export interface ServicePath {
  readonly tenant: string;
  readonly serviceId: string;
  /** Path and query, as the service sees them. */
  readonly rest: string;
}

/** What a path names, where it is one of a service. */
export function serviceAt(url: string | undefined): ServicePath | undefined {
  const [, tenant, serviceId, path = "/", query = ""] = serviceUrl.exec(url ?? "") ?? [];
  if (tenant === undefined || serviceId === undefined || ownPaths.has(tenant)) return undefined;
  return { tenant, serviceId, rest: `${path}${query}` };
}

/**
 * Serves a request to `/TENANT/SERVICE/…`, which {@link serviceAt} has read, by the service's own `fetch`. The framework of the
 * API has no part in it: its hooks and replies would cost as much as the way to the service.
 */
export function serveIngress(
  { request, response }: Pick<Asked, "request" | "response">,
  service: ServicePath,
  options: IngressOptions,
): void {
  pass({ request, response, closes: response }, service, options).catch((thrown: unknown) =>
    sendProblem(response, problemOf(thrown, "")),
  );
}

/** Whether a request asks to speak WebSocket with a service. */
export function isWebSocket({ headers, method, url }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && serviceAt(url) !== undefined;
}

/** Passes connections that {@link isWebSocket} has let through on to the programs that take them, as the bytes they are. */
export function serveWebSockets(server: Server, options: IngressOptions): void {
  server.on("upgrade", (request: IncomingMessage, socket: Socket, first: Buffer) => {
    // Nobody else hears it any more; its close says all there is to know.
    socket.on("error", () => undefined);
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    response.once("finish", () => socket.destroySoon());
    // Said to the client too, which would send the next request on it.
    response.shouldKeepAlive = false;
    socket.unshift(first);
    const service = serviceAt(request.url);
    if (service === undefined) return void socket.destroy();
    pass({ request, response, closes: socket, socket }, service, options).catch((thrown: unknown) =>
      sendProblem(response, problemOf(thrown, "")),
    );
  });
}

/** A request on its connection. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Says by `close` that the client has gone, or has everything. */
  readonly closes: EventEmitter;
  /** For what goes on in another protocol. */
  readonly socket?: Socket;
}

/** Decides about a request and begins it. @throws {SoloError} */
async function pass(asked: Asked, service: ServicePath, options: IngressOptions): Promise<void> {
  const { request, closes, socket } = asked;
  const { tenant, serviceId, rest } = service;
  options.admit(request, asked.response);
  const ended = begin(options.methods, "ServiceIngress/Fetch", {
    face: "http",
    traceparent: () => traceparentOf(request.headers),
  });
  const abort = new AbortController();
  let opened = false;
  let leave: (() => void) | undefined;
  closes.once("close", () => {
    leave?.();
    // An abort that nobody waits for costs as much as the rest of this.
    if (!opened) abort.abort(callerLeft);
  });
  try {
    const { closing } = options.methods;
    const timeoutMs = Math.min(timeoutOf(request.headers) ?? httpLimits.headTimeoutMs, httpLimits.headTimeoutMs);
    if (socket !== undefined && closing.aborted) throw serverStopping();
    const permit = await permitOf(request, { tenant, serviceId }, options, ended);
    if (Number(request.headers["content-length"] ?? 0) > httpLimits.exchangeBodyBytes) throw tooLarge();
    // As a call is; until it is answered in full or its client has gone.
    options.inFlight.enter(tenant, ended.correlationId);
    leave = () => options.inFlight.leave(tenant);
    if (abort.signal.aborted) leave();
    const forwarding = new Forwarding(asked, { clock: options.clock, ended, timeoutMs });
    const exchange = await openFetch(
      options.messaging,
      permit,
      {
        serviceId,
        head: {
          method: request.method ?? "GET",
          url: `http://${serviceId}.${tenant}${rest}`,
          headers: requestHeaders(request, permit.caller.spiffeId, ended.traceparent),
          hasBody: hasBody(request),
          ...(socket === undefined ? {} : { upgrade: "websocket" }),
        },
        handlers: forwarding,
      },
      { timeoutMs, signal: abort.signal },
    );
    opened = true;
    forwarding.begin(exchange);
    endWith(permit.signal, closes, () => forwarding.breakOff(endOf(permit)));
    // What could go on for ever ends with the server; requests may be answered.
    if (socket !== undefined) endWith(closing, closes, () => forwarding.breakOff(serverStopping()));
  } catch (thrown) {
    const error = ended.badly(thrown);
    // Denials of a known caller are on record by now.
    if (catalogue[error.code].status === "UNAUTHENTICATED") {
      const { correlationId } = ended;
      await recordRefusal(options.methods, error, { method: "ServiceIngress/Fetch", correlationId });
    }
    throw error;
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** Why a permit has ended. */
function endOf(permit: Permit): unknown {
  try {
    permit.assertLive();
    return serverStopping();
  } catch (error) {
    return error;
  }
}

/** Ends the connection too where what is left of the request is for nobody. */
function sendProblem(response: ServerResponse, { status, headers, body }: Problem): void {
  const text = JSON.stringify(body);
  const length = { "content-length": Buffer.byteLength(text) };
  const end = response.req.complete ? {} : { connection: "close" };
  response.writeHead(status, { ...headers, "content-type": problemType, ...length, ...end });
  response.end(text);
}

/** Acts when the signal aborts, unless all is closed by then. */
function endWith(signal: AbortSignal | undefined, closes: EventEmitter, act: () => void): void {
  if (signal === undefined) return;
  signal.addEventListener("abort", act, { once: true });
  closes.once("close", () => signal.removeEventListener("abort", act));
}

async function permitOf(
  request: IncomingMessage,
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
    caller: () => callerOf(peerOf(request.socket)),
    capability: () => capabilityOf(request.headers),
    remainingMs: () => httpLimits.headTimeoutMs,
    remote: () => peerOf(request.socket),
    face: "http",
    traceparent: () => traceparentOf(request.headers),
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
    if (hopByHop.has(name) || named?.has(name) || name.startsWith("solo-") || name.startsWith("x-forwarded-")) continue;
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

/** The names that the header `connection` has beside the usual two; mostly none. */
function namedByConnection(value: string | undefined): ReadonlySet<string> | undefined {
  if (value === undefined || /^(keep-alive|close)$/i.test(value)) return undefined;
  return new Set(value.split(",").map((name) => name.trim().toLowerCase()));
}

/** Names and values in turn, as Node takes them. */
function responseHeaders({ headers }: HttpResponseHead): string[] {
  const connection = headers.find(([name]) => name.toLowerCase() === "connection")?.[1];
  const named = namedByConnection(connection);
  const kept: string[] = [];
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (!hopByHop.has(lower) && !named?.has(lower)) kept.push(name, value);
  }
  return kept;
}

/** One request on its way through: its body in, the answer out, each as fast as the slower side takes it. */
class Forwarding {
  readonly #asked: Asked;
  readonly #clock: Clock;
  readonly #ended: Ending;
  readonly #timeoutMs: number;
  #exchange: HttpExchange | undefined;
  /** Takes the body of the answer. */
  #sink: ServerResponse | Socket;
  #cancelTimer: () => void;
  #pump: BodyPump | undefined;
  #progressMs: number;
  #hasHead = false;
  #over = false;
  /** Where the service's WebSocket stands. */
  #boundary: FrameBoundary | undefined;

  /** @param options.timeoutMs Until the answer begins, counted from when the service has the request. */
  constructor(
    asked: Asked,
    { clock, ended, timeoutMs }: { readonly clock: Clock; readonly ended: Ending; readonly timeoutMs: number },
  ) {
    this.#asked = asked;
    this.#timeoutMs = timeoutMs;
    this.#sink = asked.response;
    this.#clock = clock;
    this.#ended = ended;
    this.#progressMs = clock.nowMs();
    this.#cancelTimer = () => undefined;
  }

  begin(exchange: HttpExchange): void {
    if (this.#over) return;
    const { request, response, closes, socket } = this.#asked;
    this.#exchange = exchange;
    closes.once("close", () => {
      exchange.breakOff("The client has gone");
      this.#finish();
    });
    if (response.destroyed || socket?.destroyed === true) exchange.breakOff("The client has gone");
    this.#cancelTimer = this.#clock.schedule(this.#timeoutMs, () => {
      if (this.#hasHead) this.#watchIdle();
      else this.breakOff(tooLate("did not answer", `an answer within ${this.#timeoutMs} ms`));
    });
    // Who was told that there is none waits for no end of it.
    if (socket === undefined && hasBody(request)) this.#pumpFrom(request, httpLimits.exchangeBodyBytes);
  }

  onHead(head: HttpResponseHead): void {
    // The timer stays: it fires before the idle time is over, and goes on from there.
    this.#hasHead = true;
    this.#progressMs = this.#clock.nowMs();
    if (head.status === 101) {
      this.#upgrade(head);
      return;
    }
    const { response } = this.#asked;
    // Most answers are there as a whole when their head is: they go out in one piece, and a head alone in the same turn.
    const connection = response.socket;
    connection?.cork();
    process.nextTick(() => connection?.uncork());
    response.writeHead(head.status, responseHeaders(head));
    response.flushHeaders();
  }

  onBody(chunk: Uint8Array): void {
    this.#progressMs = this.#clock.nowMs();
    this.#boundary?.push(chunk);
    // Only what the connection has taken is made up for, so a slow client slows the service.
    this.#sink.write(chunk, () => this.#exchange?.taken(chunk.length));
  }

  onEnd(): void {
    if (this.#sink instanceof ServerResponse) this.#sink.end();
    else this.#sink.destroySoon();
    if (!this.#ended.isOver) this.#ended.well();
    this.#finish();
  }

  /** Ends what has been begun, for a reason of this side. */
  breakOff(thrown: unknown): void {
    const error = this.#ended.isOver ? toSoloError(thrown, this.#ended.correlationId) : this.#ended.badly(thrown);
    this.#exchange?.breakOff(error.message);
    this.#fail(error);
  }

  onFailed(error: SoloError): void {
    this.#fail(error);
  }

  onWritable(): void {
    this.#progressMs = this.#clock.nowMs();
    this.#pump?.goOn();
  }

  /** The program has agreed: from here on the connection is theirs. */
  #upgrade(head: HttpResponseHead): void {
    const { response, socket } = this.#asked;
    if (socket === undefined) return;
    response.detachSocket(socket);
    this.#sink = socket;
    this.#boundary = new FrameBoundary();
    const headers = ["connection", "Upgrade", "upgrade", "websocket", ...responseHeaders(head)];
    const lines = headers.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join("");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`, "latin1");
    this.#pumpFrom(socket, Number.POSITIVE_INFINITY);
  }

  #pumpFrom(source: IncomingMessage | Socket, mostBytes: number): void {
    if (this.#exchange === undefined) return;
    const length = "headers" in source ? source.headers["content-length"] : undefined;
    const saidBytes = length === undefined ? undefined : Number(length);
    const onTooLarge = (): void => this.breakOff(tooLarge());
    this.#pump = new BodyPump(source, this.#exchange, { saidBytes, mostBytes, onTooLarge });
    if (this.#over) this.#pump.stop();
  }

  /** Neither side has moved for too long. */
  #watchIdle(): void {
    const leftMs = this.#progressMs + httpLimits.idleMs - this.#clock.nowMs();
    this.#cancelTimer = this.#clock.schedule(Math.max(1, leftMs), () => {
      if (this.#clock.nowMs() - this.#progressMs >= httpLimits.idleMs)
        this.breakOff(tooLate("sent nothing more", `something every ${httpLimits.idleMs} ms`));
      else this.#watchIdle();
    });
  }

  #fail(error: SoloError): void {
    if (this.#over) return;
    if (!this.#ended.isOver) this.#ended.badly(error);
    const { response } = this.#asked;
    if (!(this.#sink instanceof ServerResponse)) this.#close(this.#sink, error);
    // The client must not take half an answer for a whole one.
    else if (response.headersSent) response.destroy();
    else sendProblem(response, toProblem(error));
    this.#finish();
  }

  /** Says why a WebSocket ends, unless the service was in the middle of a frame or the client takes nothing. */
  #close(socket: Socket, error: SoloError): void {
    if (this.#boundary?.isBetween === false || socket.writableLength > 0) return void socket.destroy();
    socket.write(closeFrame(closeCodeOf(error), error.code));
    socket.destroySoon();
  }

  #finish(): void {
    this.#over = true;
    this.#cancelTimer();
    this.#pump?.stop();
    if (!this.#ended.isOver) this.#ended.well();
  }
}

/** @see RFC 6455, section 7.4.1, and IANA's registry of close codes */
function closeCodeOf({ code }: SoloError): number {
  const { status } = catalogue[code];
  if (code === "SERVICE_DIED") return 1012;
  if (code === "SERVER_STOPPING") return 1001;
  return status === "UNAUTHENTICATED" || status === "PERMISSION_DENIED" ? 1008 : 1011;
}

function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason);
  return Buffer.concat([Buffer.of(0x88, 2 + text.length, code >> 8, code & 255), text]);
}

const tooLate = (what: string, wanted: string): SoloError =>
  new SoloError("CALL_TIMED_OUT", `Cannot wait longer for the service: it ${what}`, {
    found: "a service that takes its time",
    wanted,
  });

const tooLarge = (): SoloError =>
  new SoloError("REQUEST_TOO_LARGE", "Cannot take the request: its body is too large", {
    found: `more than ${httpLimits.exchangeBodyBytes} bytes`,
    wanted: `at most ${httpLimits.exchangeBodyBytes} bytes`,
  });
