import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { openApi } from "@solo/catalogue";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { nanoid } from "nanoid";
import { openMethods } from "../../authority/rules.ts";
import { quoted, SoloError } from "../../errors.ts";
import { traceIdOf } from "../../observability/traceparent.ts";
import { type GateOptions, recordRefusal, refusalOf } from "../grpc/gate.ts";
import { serverStopping } from "../grpc/server-stopping.ts";
import { type ApiRoutesOptions, serveApi } from "./api-routes.ts";
import { serveDocuments } from "./document-routes.ts";
import { type IngressOptions, isWebSocket, serveIngress, serveWebSockets, serviceAt } from "./ingress.ts";
import { lastWords } from "./last-words.ts";
import { peerOf, traceparentOf } from "./peer.ts";
import { malformed, type Problem, problemOf, problemType, toProblem } from "./problem.ts";
import { serveTools, type ToolRoutesOptions } from "./tool-routes.ts";

export interface HttpServerOptions extends ApiRoutesOptions, Omit<IngressOptions, "admit">, ToolRoutesOptions {
  readonly gate: Pick<GateOptions, "verdictOf" | "isStopping" | "denials">;
}

export interface HttpServer {
  /** Bound to no port; the TLS front feeds it. */
  readonly server: Server;
  close(): Promise<void>;
}

/** Characters of a path in what is told of a refusal. */
const longestPath = 200;

/** Paths that are answered without a certificate. */
const openPaths: ReadonlySet<string> = new Set(["/health"]);

/** Requests that get a client its first certificate. */
const openRequests: ReadonlySet<string> = new Set(openMethods.map((name) => `POST /v1/${name}`));

/** The second face of the API, JSON over HTTP/1.1, behind the same gate. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { gate } = options;
  const server = createServer({
    maxHeaderSize: 16 * 1024,
    // From the first byte of a request to the last of its head; bodies are bounded by what reads them.
    headersTimeout: 10_000,
    requestTimeout: 300_000,
    keepAliveTimeout: 60_000,
    connectionsCheckingInterval: 1_000,
    // It would refuse one without by itself, and say nothing of why.
    requireHostHeader: false,
    // Any other wish to go on in another protocol is answered in this one.
    shouldUpgradeCallback: isWebSocket,
  });
  // It keeps time, and knows which connections are idle, only once it listens; connections are handed to it without.
  server.emit("listening");
  /** Of every request, whatever it asks for. @throws {SoloError} */
  const admit = (request: IncomingMessage, response: ServerResponse): void => {
    // A connection that is idle from now on keeps a stopping server from its end.
    response.once("close", () => {
      if (gate.isStopping()) setImmediate(() => server.closeIdleConnections());
    });
    if (gate.isStopping()) response.setHeader("connection", "close");
    const hosts = hostsIn(request);
    // Whoever reads it next might take another one for the host.
    if (hosts === 1 || (hosts === 0 && request.httpVersion !== "1.1")) return;
    response.setHeader("connection", "close");
    throw malformed(hosts === 0 ? "a request without the header host" : `a request with ${hosts} headers host`);
  };
  const ingress: IngressOptions = {
    ...options,
    admit: (request, response) => {
      admit(request, response);
      if (gate.isStopping()) throw serverStopping();
    },
  };
  const app: FastifyInstance = fastify({
    serverFactory: (handler) =>
      server.on("request", (request, response) => {
        const service = serviceAt(request.url);
        if (service === undefined) handler(request, response);
        else serveIngress({ request, response }, service, ingress);
      }),
    routerOptions: { maxParamLength: 1_000, caseSensitive: true },
    // Prototypes stay out by the checks of each message; nothing here merges what came in.
    genReqId: () => nanoid(),
    clientErrorHandler: refuseUnreadable,
    // What it cannot even route; its types know of routes only.
    frameworkErrors: (error, _request, reply) =>
      void send(reply as unknown as FastifyReply, problemOf(error, nanoid())),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.addHook("onRequest", async (request, reply) => {
    admit(request.raw, reply.raw);
    if (openPaths.has(request.url)) return;
    if (gate.isStopping()) throw serverStopping();
    if (openRequests.has(`${request.method} ${request.url}`)) return;
    const refusal = refusalOf(gate, peerOf(request.raw.socket));
    if (refusal === undefined) return;
    // A path may be as long as a head, and the log has a line for each.
    const method = `${request.method} ${request.url.slice(0, longestPath)}`;
    const correlationId = traceIdOf(traceparentOf(request.headers)) ?? request.id;
    await recordRefusal(gate, refusal, { method, correlationId });
    throw refusal;
  });
  app.setErrorHandler((error, request, reply) => send(reply, problemOf(error, request.id)));
  app.setNotFoundHandler((request, reply) => send(reply, toProblem(pathUnknown(request.method, request.url))));
  app.get("/health", (_request, reply) =>
    reply.code(gate.isStopping() ? 503 : 200).send({ status: gate.isStopping() ? "stopping" : "serving" }),
  );
  const document = JSON.stringify(openApi());
  app.get("/v1/openapi.json", (_request, reply) => reply.type("application/json").send(document));
  serveApi(app, options);
  serveWebSockets(server, ingress);
  serveDocuments(app);
  const tools = serveTools(app, options);
  await app.ready();
  return {
    server,
    close: async () => {
      await tools.close();
      server.closeAllConnections();
      await app.close().catch(() => undefined);
    },
  };
}

const send = (reply: FastifyReply, { status, headers, body }: Problem): FastifyReply =>
  reply.code(status).headers(headers).type(problemType).send(JSON.stringify(body));

/** @see RFC 9112, section 3.2 */
function hostsIn({ rawHeaders }: IncomingMessage): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (/^host$/i.test(rawHeaders[index] as string)) hosts += 1;
  }
  return hosts;
}

const pathUnknown = (verb: string, url: string): SoloError =>
  new SoloError("PATH_UNKNOWN", `Cannot serve ${verb} ${quoted(url)}: there is nothing`, {
    found: `${verb} ${quoted(url)}`,
    wanted: "a path and verb that /v1/openapi.json lists",
  });

/** Answers what is no HTTP, or no more of it than may be, and hangs up: nothing that follows could be trusted. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = toProblem(malformed(saidOf[error.code ?? ""] ?? noRequest(error)));
  socket.end(lastWords(problem, statusOf[error.code ?? ""] ?? 400), () => socket.destroy());
}

/** With the parser's own words, which hold none of the client's. */
function noRequest({ reason }: NodeJS.ErrnoException & { readonly reason?: string }): string {
  return `bytes that are no HTTP/1.1 request${reason === undefined ? "" : `: ${reason}`}`;
}

const saidOf: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "headers of more than 16 KB",
  ERR_HTTP_REQUEST_TIMEOUT: "a request that did not come to its end in time",
};
const statusOf: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
