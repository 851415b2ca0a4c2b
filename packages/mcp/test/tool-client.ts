import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { CallToolResult, Progress } from "@modelcontextprotocol/sdk/types.js";

/** The protocol's own client, and a call of a tool in few words. */
export async function connectClient(transport: Transport) {
  const client = new Client({ name: "solo-test", version: "1.0.0" });
  await client.connect(transport);
  // The client holds answers to the schemas that it has listed.
  await client.listTools();
  const call = async (
    name: string,
    args: Readonly<Record<string, unknown>> = {},
    options: { readonly onprogress?: (progress: Progress) => void; readonly signal?: AbortSignal } = {},
  ): Promise<Answer> => {
    const result = (await client.callTool({ name, arguments: args }, undefined, options)) as CallToolResult;
    const [content] = result.content;
    return {
      isError: result.isError === true,
      content: result.structuredContent as Answer["content"],
      text: content?.type === "text" ? content.text : "",
    };
  };
  return { client, call, close: () => client.close() };
}

export interface Answer {
  readonly isError: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: what a tool answers is compared with what it should be
  readonly content: any;
  readonly text: string;
}

export type ToolClient = Awaited<ReturnType<typeof connectClient>>;
