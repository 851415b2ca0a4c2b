import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { Solo } from "../solo.ts";
import { headFault } from "./head-fault.ts";
import { createMcpServer, type Headers } from "./mcp-server.ts";
import { headRefusal, type Refusal, readMessage } from "./read-message.ts";

/** Sessions of one identity, and of all. The one that was idle longest makes room for a new one. */
const sessionsOfHolder = 100;
const sessionsOfAll = 1_000;

/** Who sent a request, as its certificate says, and what they may reach. */
export interface McpCaller {
  readonly spiffeId: string;
  /** @param headers Of the request that calls a tool. */
  readonly soloFor: (headers: Headers) => Solo;
}

/** The tools over streamable HTTP, for any number of clients. Owned by its maker, who closes it. */
export interface McpHttp {
  /** Whether this identity has a session of this id. A request that names another one must not be handed in. */
  has(id: string, spiffeId: string): boolean;
  /**
   * Answers one request.
   *
   * @param body What came with it; undefined for a verb that has none.
   */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    caller: McpCaller,
    body: Uint8Array | undefined,
  ): Promise<void>;
  /** Ends the streams that wait for news; what is under way may finish. */
  drain(): void;
  /** Ends every session, and what is under way in it. */
  close(): Promise<void>;
}

interface Session {
  readonly holder: string;
  /** Of its latest request: what an earlier connection could do may have ended with it. */
  caller: McpCaller;
  readonly transport: StreamableHTTPServerTransport;
  readonly server: Server;
  /** The stream of news, while it is open. */
  news: ServerResponse | undefined;
}

/** Sessions belong to the identity that began them: another one's are not found, as if they were not there. */
export function openMcpHttp(options: { readonly version: string }): McpHttp {
  // In the order in which they were last used.
  const sessions = new Map<string, Session>();

  const begin = async (caller: McpCaller): Promise<Session> => {
    const { spiffeId } = caller;
    const server = createMcpServer((headers) => session.caller.soloFor(headers), options);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        makeRoom(spiffeId);
        sessions.set(id, session);
      },
    });
    const session: Session = { holder: spiffeId, caller, transport, server, news: undefined };
    server.onclose = () => {
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
    };
    // The library's own types do not hold under `exactOptionalPropertyTypes`.
    await server.connect(transport as Transport);
    return session;
  };

  const makeRoom = (holder: string): void => {
    const own = [...sessions.values()].filter((session) => session.holder === holder);
    const [oldest] = own.length >= sessionsOfHolder ? own : sessions.size >= sessionsOfAll ? sessions.values() : [];
    void oldest?.server.close();
  };

  return {
    has: (id, spiffeId) => sessions.get(id)?.holder === spiffeId,

    async handle(request, response, caller, body) {
      const { "mcp-session-id": id, "mcp-protocol-version": version } = request.headers;
      const context = { sessionId: id?.toString(), protocolVersion: version?.toString() };
      const { method, headers } = request;
      const { "content-type": contentType = "", accept = "" } = headers;
      const listens = sessions.get(String(id))?.news !== undefined;
      const wrong = headFault({ method, contentType, accept, context, listens });
      if (wrong !== undefined) return refuse(response, wrong.status, headRefusal(wrong.fault));
      const read = body === undefined ? undefined : readMessage(body, context);
      if (read?.kind === "refused") return refuse(response, 400, read.refusal);
      if (id === undefined) {
        const { transport, server } = await begin(caller);
        await transport.handleRequest(request, response, read?.message);
        // What was no beginning of a session has been answered, and leaves none behind.
        if (transport.sessionId === undefined) await server.close();
        return;
      }
      const session = sessions.get(String(id));
      if (session?.holder !== caller.spiffeId)
        throw new TypeError("Cannot go on with a session that is not the caller's");
      session.caller = caller;
      sessions.delete(String(id));
      sessions.set(String(id), session);
      if (method === "GET") {
        session.news = response;
        response.once("close", () => {
          if (session.news === response) session.news = undefined;
        });
      }
      await session.transport.handleRequest(request, response, read?.message);
    },

    drain() {
      for (const { transport } of sessions.values()) transport.closeStandaloneSSEStream();
    },

    async close() {
      await Promise.all([...sessions.values()].map(({ server }) => server.close()));
    },
  };
}

function refuse(response: ServerResponse, status: number, refusal: Refusal): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(refusal));
}
