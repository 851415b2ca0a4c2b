import type { Readable, Writable } from "node:stream";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { Solo } from "../solo.ts";
import { LineTransport } from "./line-transport.ts";
import { createMcpServer } from "./mcp-server.ts";

/** Bytes of one message from the client. A source that needs more goes by the command, which reads a file. */
const messageBytes = 16 * 2 ** 20;

/**
 * Serves tools to the client at the other end of two streams, a message a line, until it has gone or `signal` aborts. What is
 * under way then is given up.
 *
 * @param options.onProblem Told, for people, of what the client sent that is no message; the client is told by an answer.
 */
export async function serveStdio(
  solo: Solo,
  options: {
    readonly stdin: Readable;
    readonly stdout: Writable;
    readonly version: string;
    readonly signal: AbortSignal;
    readonly onProblem: (error: Error) => void;
  },
): Promise<void> {
  const { stdin, stdout, version, signal, onProblem } = options;
  const server = createMcpServer(() => solo, { version });
  const transport = new LineTransport({ stdin, stdout }, { mostBytes: messageBytes });
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
  });
  server.onerror = onProblem;
  const close = (): void => void server.close();
  stdin.once("end", close);
  stdin.once("close", close);
  signal.addEventListener("abort", close, { once: true });
  // The library's own types do not hold under `exactOptionalPropertyTypes`.
  await server.connect(transport as Transport);
  if (signal.aborted) close();
  await closed;
  signal.removeEventListener("abort", close);
}
