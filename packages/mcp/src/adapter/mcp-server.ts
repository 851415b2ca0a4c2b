import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { ListToolsRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { runTool } from "../run-tool.ts";
import type { Solo } from "../solo.ts";
import { errorSchema } from "../tool-error.ts";
import { tools } from "../tools.ts";
import { unknownMethod } from "./read-message.ts";

/** Those of one request, in small letters. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** How often a client that asked for progress hears that the work goes on, in milliseconds. */
const heartbeatMs = 1_000;

const instructions =
  "SOLO runs small TypeScript services that you write: each in its own sandbox, supervised, reachable by message. Begin with solo_help, topic `quickstart`. Every error says its reason, what was found, what is wanted and a fix; solo_explain_error says more.";

/**
 * Speaks the Model Context Protocol for one client, over whatever transport it is connected to. Owned by the caller, who closes it.
 *
 * @param soloFor What a call works with, by the headers that came with it where the transport has some.
 */
export function createMcpServer(soloFor: (headers: Headers) => Solo, options: { readonly version: string }): Server {
  const server = new Server(
    { name: "solo", title: "SOLO", version: options.version },
    { capabilities: { tools: {} }, instructions },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: listed }));
  // Under a handler of its own the library answers malformed arguments by itself, without a reason or a fix.
  server.fallbackRequestHandler = async ({ method, params = {} }, { signal, sendNotification, requestInfo }) => {
    if (method !== "tools/call") {
      const { code, message, data } = unknownMethod(method);
      throw new McpError(code, message, data);
    }
    const progressToken = params._meta?.progressToken;
    let step = { done: 0, total: 1, message: "Working" };
    let beats = 0;
    const tell = (): void => {
      if (progressToken === undefined || signal.aborted) return;
      const { done, total, message } = step;
      // Has to grow with every notification: a step counts 1, a heartbeat a little.
      const progress = done + beats / (beats + 10);
      // Nobody waits for it, and a client that has gone is noticed by the answer.
      sendNotification({
        method: "notifications/progress",
        params: { progressToken, progress, total, message },
      }).catch(() => undefined);
    };
    const heartbeat = setInterval(() => {
      beats += 1;
      tell();
    }, heartbeatMs);
    try {
      const result = await runTool(String(params.name), params.arguments, {
        solo: soloFor(requestInfo?.headers ?? {}),
        signal,
        progress: (next) => {
          step = next;
          beats = 0;
          tell();
        },
      });
      return {
        isError: result.isError,
        structuredContent: result.content,
        content: [{ type: "text", text: result.text }],
      };
    } finally {
      clearInterval(heartbeat);
    }
  };
  return server;
}

/** The tools as a client reads them. */
const listed = tools.map(({ name, title, description, annotations, input, output, required }) => ({
  name,
  title,
  description,
  annotations: { title, ...annotations },
  inputSchema: inputSchemaOf(input),
  outputSchema: {
    type: "object" as const,
    properties: { ...output, error: errorSchema },
    // A client holds every answer to this, that of a failed call as well.
    anyOf: [{ required: [...required] }, { required: ["error"] }],
    additionalProperties: false,
  },
}));

/** As short as it can be said: a model reads it at the beginning of every session. */
function inputSchemaOf(input: z.ZodObject): { readonly type: "object" } {
  const { $schema: _, ...schema } = z.toJSONSchema(input, {
    io: "input",
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      delete jsonSchema.propertyNames;
    },
  });
  return { ...schema, type: "object" };
}
