import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { HTTP_WINDOW_BYTES, type HttpPart, type HttpRequestHead, type HttpResponseHead } from "../wire/http-frames.ts";
import type { ProgramConnections } from "./program-connections.ts";

/** What an exchange with a program stands on. */
export interface ProgramExchangeSurroundings {
  readonly connections: ProgramConnections;
  send(part: HttpPart): void;
  /** Nothing more is sent or wanted. Called once. */
  onOver(): void;
}

/**
 * The side of a guest in one HTTP exchange, for a program that is an HTTP server: the request goes to it as it came, and its
 * response comes back as parts. One that is idempotent and has no body goes over a kept connection, where there is one, and
 * once more over a new one when that fails before there is an answer.
 *
 * Credit is given for what the program has taken, and used up by what it sends, so that neither side's body waits here
 * beyond a window.
 */
export class ProgramExchange {
  readonly #surroundings: ProgramExchangeSurroundings;
  #asked: ClientRequest | undefined;
  /** Once the program has gone on in another protocol. */
  #upgraded: Duplex | undefined;
  #credit = HTTP_WINDOW_BYTES;
  #onCredit: (() => void) | undefined;
  #isOver = false;

  constructor(surroundings: ProgramExchangeSurroundings) {
    this.#surroundings = surroundings;
  }

  receive(part: HttpPart): void {
    if (this.#isOver) return;
    switch (part.kind) {
      case "head":
        try {
          this.#begin(JSON.parse(Buffer.from(part.json).toString()) as HttpRequestHead);
        } catch (error) {
          // What one side's parser has let in, the other's writer may still refuse.
          this.#breakOff(error instanceof Error ? error.message : String(error));
        }
        return;
      case "body":
        (this.#upgraded ?? this.#asked)?.write(part.chunk, (error) => {
          if (!error) this.#send({ kind: "credit", bytes: part.chunk.length });
        });
        return;
      case "end":
        (this.#upgraded ?? this.#asked)?.end();
        return;
      case "credit":
        this.#credit += part.bytes;
        this.#onCredit?.();
        return;
      case "break-off":
        this.end();
        return;
      // Of guests only.
      case "answer":
        return;
    }
  }

  /** Ends the connection, whatever is under way. Idempotent. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onCredit?.();
    this.#asked?.destroy();
    this.#upgraded?.destroy();
    this.#surroundings.onOver();
  }

  #begin(head: HttpRequestHead, again = false): void {
    const { method, url, headers, hasBody, upgrade } = head;
    const { connections } = this.#surroundings;
    const isRepeatable = !hasBody && upgrade === undefined && IDEMPOTENT.has(method);
    const kept = isRepeatable && !again ? connections.takeKept() : undefined;
    const socket = kept ?? connections.open();
    const hasLength = headers.some(([name]) => name === "content-length");
    const length = hasLength || !hasBody ? [] : ["transfer-encoding", "chunked"];
    const asked = request({
      createConnection: () => socket,
      method,
      // As it was written: a parsed one would have lost its dots.
      path: url.slice(url.indexOf("/", "http://".length)),
      headers: [
        ...headers.flat(),
        ...length,
        ...(upgrade === undefined ? ["connection", "keep-alive"] : ["connection", "Upgrade", "upgrade", upgrade]),
      ],
    });
    // Else it would end the connection, which it takes to be of one request.
    asked.shouldKeepAlive = upgrade === undefined;
    this.#asked = asked;
    let answered = false;
    asked.on("error", (error) => {
      if (kept !== undefined && !answered && !this.#isOver) this.#begin(head, true);
      else this.#breakOff(error.message);
    });
    asked.once("response", (response) => {
      answered = true;
      void this.#answer(response, response);
    });
    asked.once("close", () => {
      if (asked.shouldKeepAlive && socket.writable) connections.keep(socket);
    });
    asked.once("upgrade", (response, socket, first) => {
      if (upgrade === undefined) {
        socket.destroy();
        this.#breakOff("It goes on in another protocol, which nobody asked for");
        return;
      }
      this.#upgraded = socket;
      socket.on("error", (error) => this.#breakOff(error.message));
      socket.unshift(first);
      void this.#answer(response, socket);
    });
    if (hasBody) asked.flushHeaders();
    else asked.end();
  }

  async #answer(response: IncomingMessage, body: AsyncIterable<Buffer>): Promise<void> {
    const head: HttpResponseHead = { status: response.statusCode ?? 0, headers: pairsOf(response.rawHeaders) };
    this.#send({ kind: "head", json: Buffer.from(JSON.stringify(head)) });
    try {
      for await (const chunk of body) await this.#sendBody(chunk);
      this.#send({ kind: "end" });
      this.end();
    } catch (error) {
      this.#breakOff(error instanceof Error ? error.message : String(error));
    }
  }

  async #sendBody(bytes: Buffer): Promise<void> {
    for (let offset = 0; offset < bytes.length && !this.#isOver; ) {
      if (this.#credit === 0) {
        await new Promise<void>((resolve) => (this.#onCredit = resolve));
        continue;
      }
      const chunk = bytes.subarray(offset, offset + this.#credit);
      offset += chunk.length;
      this.#credit -= chunk.length;
      this.#send({ kind: "body", chunk });
    }
  }

  #breakOff(why: string): void {
    this.#send({ kind: "break-off", why });
    this.end();
  }

  #send(part: HttpPart): void {
    if (!this.#isOver) this.#surroundings.send(part);
  }
}

/** @see RFC 9110, section 9.2.2 */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([raw[index] as string, raw[index + 1] as string]);
  return pairs;
}
