import { type HttpRoute, httpRoutesOf, type Method, methods as methodDocs } from "@solo/catalogue";
import * as proto from "@solo/proto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { SoloError } from "../../errors.ts";
import { defaultCallTimeoutMs, sizeLimits } from "../../limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Api } from "../grpc/api.ts";
import type { AnyMethod, CallerOf } from "../grpc/handler.ts";
import type { Incoming, Streaming, Unary } from "../grpc/method.ts";
import { EventStream } from "./event-stream.ts";
import { checkMessage, fieldsFromText, parseJson } from "./json-request.ts";
import { capabilityOf, peerOf, timeoutOf, traceparentOf } from "./peer.ts";
import { problemType, toProblem } from "./problem.ts";

/** A message of the API, read from and written as JSON. */
interface Codec {
  fromJSON(value: unknown): unknown;
  toJSON(message: unknown): unknown;
}

export interface ApiRoutesOptions {
  readonly api: Api;
  readonly callerOf: CallerOf;
  readonly clock: Clock;
}

/** Bytes of a body: what a field of bytes may hold, as it is or as Base64 in JSON; anything else is small. */
const bodyBytes = { source: sizeLimits.artifactBytes, arguments: sizeLimits.frameBytes, other: 1024 * 1024 } as const;

/** Serves every method that is no conversation, over JSON: the methods of gRPC behind other words. */
export function serveApi(app: FastifyInstance, options: ApiRoutesOptions): void {
  for (const endpoint of Object.values(options.api).flatMap((service) => Object.values<unknown>(service))) {
    const method = endpoint as AnyMethod;
    if (method.kind === "duplex") continue;
    const { request, response } = methodDocs[method.method as Method];
    const codecs = { request: codecOf(request), response: codecOf(response) };
    for (const route of httpRoutesOf(method.method as Method)) {
      app.route({
        method: route.verb,
        url: route.path.replace(/\{(\w+)\}/g, ":$1"),
        bodyLimit: bodyLimitOf(method.method as Method, route),
        handler: (asked, reply) => {
          const incoming = incomingOf(asked, reply, options.callerOf);
          const message = codecs.request.fromJSON(readRequest(asked, route, request));
          if (method.kind === "unary") return answerOnce(method, { message, incoming, reply, route, codecs });
          return stream(method, { message, incoming, reply, clock: options.clock, codec: codecs.response });
        },
      });
    }
  }
}

function codecOf(message: string): Codec {
  const codec = (proto as unknown as Readonly<Record<string, Codec>>)[message];
  if (codec === undefined) throw new Error(`Cannot serve ${message} over HTTP: @solo/proto does not export it`);
  return codec;
}

function bodyLimitOf(method: Method, { body }: HttpRoute): number {
  if (body === "source" || body === "arguments") return bodyBytes[body];
  const bytes = method === "DeploymentService/Deploy" ? bodyBytes.source : bodyBytes.other;
  return Math.ceil((bytes * 4) / 3) + bodyBytes.other;
}

/** The request as JSON that is known to fit its message. */
function readRequest(asked: FastifyRequest, route: HttpRoute, message: string): Record<string, unknown> {
  const bytes = (asked.body ?? Buffer.alloc(0)) as Buffer;
  const fromText = fieldsFromText(message, {
    ...(asked.query as Readonly<Record<string, unknown>>),
    ...(asked.params as Readonly<Record<string, unknown>>),
  });
  const fromBody = route.body !== undefined || bytes.length === 0 ? {} : parseJson(bytes);
  checkMessage(message, fromBody);
  checkMessage(message, fromText);
  const { "idempotency-key": key, "last-event-id": lastId } = asked.headers;
  const fromHeaders: Record<string, unknown> = {
    ...(key === undefined || asked.method === "GET" ? {} : { request_id: key }),
    ...(route.resume === undefined || lastId === undefined ? {} : { [route.resume]: lastId }),
  };
  const known = Object.fromEntries(Object.entries(fromHeaders).filter(([name]) => hasField(message, name)));
  checkMessage(message, known);
  return {
    ...(fromBody as object),
    ...fromText,
    ...known,
    ...(route.body === undefined ? {} : { [route.body]: bytes.toString("base64") }),
  };
}

function hasField(message: string, name: string): boolean {
  try {
    checkMessage(message, { [name]: undefined });
    return true;
  } catch {
    return false;
  }
}

/** A call as it came in over HTTP. */
function incomingOf(asked: FastifyRequest, reply: FastifyReply, callerOf: CallerOf): Incoming {
  const timeoutMs = timeoutOf(asked.raw.headers) ?? defaultCallTimeoutMs;
  return {
    caller: () => callerOf(peerOf(asked.raw.socket)),
    capability: () => capabilityOf(asked.raw.headers),
    remainingMs: () => timeoutMs,
    remote: () => peerOf(asked.raw.socket),
    face: "http",
    traceparent: () => traceparentOf(asked.raw.headers),
    onGone: (gone) => reply.raw.once("close", gone),
  };
}

function answerOnce(
  method: Unary<unknown, unknown>,
  {
    message,
    incoming,
    reply,
    route,
    codecs,
  }: {
    readonly message: unknown;
    readonly incoming: Incoming;
    readonly reply: FastifyReply;
    readonly route: HttpRoute;
    readonly codecs: { readonly response: Codec };
  },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answered = (response: unknown): void => {
      void reply.type(route.type ?? "application/json");
      if (route.answer === undefined) {
        resolve(JSON.stringify(codecs.response.toJSON(response)));
        return;
      }
      // As the service has written it: nobody here reads it.
      const bytes = (response as Readonly<Record<string, Buffer>>)[route.answer] as Buffer;
      resolve(bytes.length === 0 ? "null" : bytes);
    };
    method.answer(message, incoming, answered, reject);
  });
}

async function stream(
  method: Streaming<unknown, unknown>,
  {
    message,
    incoming,
    reply,
    clock,
    codec,
  }: {
    readonly message: unknown;
    readonly incoming: Incoming;
    readonly reply: FastifyReply;
    readonly clock: Clock;
    readonly codec: Codec;
  },
): Promise<void> {
  const answers = method.answers(message, incoming)[Symbol.asyncIterator]();
  // What is refused at once is refused as everywhere; a stream that is open tells it as its last event.
  const first = answers.next();
  const early = await Promise.race([
    first,
    new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
  ]);
  reply.hijack();
  const events = new EventStream(reply.raw, clock);
  try {
    for (let next = early ?? (await first); next.done !== true; next = await answers.next()) {
      const id = idOf(next.value);
      const data = JSON.stringify(codec.toJSON(next.value));
      await events.send({ ...(id === undefined ? {} : { id }), data });
      if (reply.raw.destroyed) break;
    }
  } catch (error) {
    if (!(error instanceof SoloError)) throw error;
    await events.send({ event: "error", data: JSON.stringify({ ...toProblem(error).body, contentType: problemType }) });
  } finally {
    await answers.return?.();
    events.end();
  }
}

/** From where a stream can go on after this message: an event's cursor, a log line's sequence. */
function idOf(response: unknown): string | undefined {
  const { event, line, item } = response as {
    readonly event?: { readonly cursor: string };
    readonly line?: { readonly sequence: bigint };
    readonly item?: { readonly $case: string; readonly value: { readonly cursor?: string } };
  };
  return event?.cursor ?? (line === undefined ? undefined : String(line.sequence)) ?? item?.value.cursor;
}
