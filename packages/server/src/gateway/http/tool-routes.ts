import type { IncomingHttpHeaders } from "node:http";
import type { McpHttp } from "@solo/mcp/http";
import type { FastifyInstance } from "fastify";
import { quoted, SoloError } from "../../errors.ts";
import type { Api } from "../grpc/api.ts";
import type { CallerOf } from "../grpc/handler.ts";
import { soloOf } from "../mcp/solo-of.ts";
import { capabilityOf, peerOf, traceparentOf } from "./peer.ts";

/** Bytes of one message of a model's client, as over standard input. */
const messageBytes = 16 * 1024 * 1024;

export interface ToolRoutesOptions {
  readonly api: Api;
  readonly callerOf: CallerOf;
  readonly version: string;
  /** Aborts when the server begins to stop. */
  readonly closing: AbortSignal;
}

/**
 * Serves the tools of language models (MCP, streamable HTTP): each request as the identity of its certificate, and no other.
 *
 * @returns What ends every session.
 */
export function serveTools(app: FastifyInstance, options: ToolRoutesOptions): { close(): Promise<void> } {
  const { api, callerOf, version, closing } = options;
  // The protocol's library is large, and a server that no model uses needs none of it.
  let loaded: Promise<McpHttp> | undefined;
  const load = async (): Promise<McpHttp> => {
    const { openMcpHttp } = await import("@solo/mcp/http");
    const mcp = openMcpHttp({ version });
    closing.addEventListener("abort", () => mcp.drain(), { once: true });
    return mcp;
  };
  app.route({
    method: ["GET", "POST", "DELETE"],
    url: "/mcp",
    bodyLimit: messageBytes,
    handler: async (asked, reply) => {
      const { origin, host, "mcp-session-id": sessionId } = asked.headers;
      // A browser names the page that makes it ask; none but the server's own may, whatever certificate the browser has.
      if (origin !== undefined && origin !== `https://${host}`) throw originRefused(origin);
      const body = asked.method === "POST" ? ((asked.body ?? Buffer.alloc(0)) as Buffer) : undefined;
      const caller = callerOf(peerOf(asked.raw.socket));
      const { spiffeId } = caller;
      const mcp = await (loaded ??= load());
      if (sessionId !== undefined && !mcp.has(String(sessionId), spiffeId)) throw sessionUnknown(String(sessionId));
      reply.hijack();
      const soloFor = (headers: IncomingHttpHeaders) =>
        soloOf(api, caller, { traceparent: traceparentOf(headers), capability: capabilityOf(headers) });
      await mcp.handle(asked.raw, reply.raw, { spiffeId, soloFor }, body);
    },
  });
  return { close: async () => (await loaded)?.close() };
}

const originRefused = (origin: string): SoloError =>
  new SoloError("ORIGIN_REFUSED", "Cannot serve the tools to a page of another origin", {
    found: quoted(origin),
    wanted: "no header `origin`, or the server's own",
  });

const sessionUnknown = (id: string): SoloError =>
  new SoloError("SESSION_UNKNOWN", "Cannot go on with the session: you have none of this id", {
    found: quoted(id),
    wanted: "the id of a session that was begun with this certificate",
  });
