import type { Readable, Writable } from "node:stream";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { type Refusal, readMessage, tooLong } from "./read-message.ts";

/**
 * Messages of JSON-RPC over two streams, one a line. What is no message is answered with why, as over HTTP: the protocol's own
 * transport passes over it, and its sender would wait for ever.
 */
export class LineTransport implements Transport {
  onclose?: () => void;
  onmessage?: NonNullable<Transport["onmessage"]>;
  onerror?: (error: Error) => void;

  readonly #stdin: Readable;
  readonly #stdout: Writable;
  readonly #mostBytes: number;
  /** Pieces of a line that has no end yet. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  #closed = false;

  /** @param options.mostBytes Of one message. A longer one is refused, and the conversation ends: its end is not waited for. */
  constructor(
    streams: { readonly stdin: Readable; readonly stdout: Writable },
    options: { readonly mostBytes: number },
  ) {
    this.#stdin = streams.stdin;
    this.#stdout = streams.stdout;
    this.#mostBytes = options.mostBytes;
  }

  async start(): Promise<void> {
    this.#stdin.on("data", this.#take).on("error", this.#failed);
  }

  /** Resolves once the client has taken it, or what was before it. */
  send(message: JSONRPCMessage | Refusal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stdout.write(`${JSON.stringify(message)}\n`)) resolve();
      else this.#stdout.once("drain", resolve);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stdin.off("data", this.#take).off("error", this.#failed).pause();
    this.#pieces = [];
    this.onclose?.();
  }

  readonly #take = (chunk: Buffer): void => {
    for (let rest = chunk; !this.#closed && rest.length > 0; ) {
      const end = rest.indexOf("\n");
      const piece = end < 0 ? rest : rest.subarray(0, end);
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      if (this.#bytes > this.#mostBytes) {
        this.#refuse(tooLong(this.#mostBytes));
        void this.close();
        return;
      }
      if (end < 0) return;
      const line = Buffer.concat(this.#pieces, this.#bytes);
      this.#pieces = [];
      this.#bytes = 0;
      this.#takeLine(line);
      rest = rest.subarray(end + 1);
    }
  };

  #takeLine(line: Buffer): void {
    const text = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
    if (text.length === 0) return;
    const read = readMessage(text);
    if (read.kind === "refused") this.#refuse(read.refusal);
    else this.onmessage?.(read.message as JSONRPCMessage);
  }

  #refuse(refusal: Refusal): void {
    void this.send(refusal);
    this.onerror?.(new Error(refusal.error.message));
  }

  readonly #failed = (error: Error): void => this.onerror?.(error);
}

const CARRIAGE_RETURN = 13;
