import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Duplex, Readable } from "node:stream";
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
 * response comes back as parts, or at once where it is short and there as a whole.
 *
 * One that is idempotent and has no body goes over a kept connection, where there is one, and once more over a new one when
 * that fails before there is an answer. Any other does so only when it is short and has come as a whole, and once more only
 * when nothing of it has been sent; the rest goes over new connections.
 *
 * Credit is given for what the program has taken, and used up by what it sends, so that neither side's body waits here
 * beyond a window.
 */
export class ProgramExchange {
  readonly #surroundings: ProgramExchangeSurroundings;
  #asked: ClientRequest | undefined;
  /** Once the program has gone on in another protocol. */
  #upgraded: Duplex | undefined;
  /** Of the request's body, what came before it was begun. */
  #early: Uint8Array[] = [];
  #hasEnded = false;
  /** Of the answer, while it may still be one that is there as a whole. */
  #unsent: { readonly head: Buffer; readonly pieces: Buffer[]; bytes: number } | undefined;
  #body: Readable | undefined;
  /** What there is no credit for. */
  #rest: Buffer | undefined;
  /** All of it has been read; a stream may say so while its last piece waits here. */
  #bodyEnded = false;
  #credit = HTTP_WINDOW_BYTES;
  #isOver = false;

  constructor(surroundings: ProgramExchangeSurroundings) {
    this.#surroundings = surroundings;
  }

  receive(part: HttpPart): void {
    if (this.#isOver) return;
    switch (part.kind) {
      case "head":
        this.#take(JSON.parse(Buffer.from(part.json).toString()) as HttpRequestHead);
        return;
      case "body":
        if (this.#asked === undefined) this.#early.push(part.chunk);
        else this.#write(part.chunk);
        return;
      case "end":
        this.#hasEnded = true;
        (this.#upgraded ?? this.#asked)?.end();
        return;
      case "credit":
        this.#credit += part.bytes;
        this.#goOn();
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
    this.#leave();
    this.#asked?.destroy();
    this.#upgraded?.destroy();
  }

  #leave(): void {
    this.#isOver = true;
    this.#surroundings.onOver();
  }

  #take(head: HttpRequestHead): void {
    if (!head.hasBody) {
      this.#hasEnded = true;
      this.#tryBegin(head);
      return;
    }
    // Of a short body all comes in the same turn.
    process.nextTick(() => {
      if (!this.#isOver) this.#tryBegin(head);
    });
  }

  #tryBegin(head: HttpRequestHead): void {
    try {
      this.#begin(head);
    } catch (error) {
      // What one side's parser has let in, the other's writer may still refuse.
      this.#breakOff(error instanceof Error ? error.message : String(error));
    }
  }

  #begin(head: HttpRequestHead, again = false): void {
    const { method, url, headers, hasBody, upgrade } = head;
    const { connections } = this.#surroundings;
    const early = this.#early;
    const isRepeatable = !hasBody && IDEMPOTENT.has(method);
    const isShort = this.#hasEnded && early.reduce((sum, { length }) => sum + length, 0) <= MAX_SHORT_BYTES;
    const mayBeKept = !again && upgrade === undefined && (isRepeatable || isShort);
    const kept = mayBeKept ? connections.takeKept({ isRepeatable }) : undefined;
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
      if (this.#isOver) return;
      if (kept === undefined || answered) return this.#breakOff(error.message);
      connections.learn("ends");
      if (isRepeatable || isUnsent(error)) this.#begin(head, true);
      else this.#breakOff(error.message);
    });
    asked.once("response", (response) => {
      answered = true;
      if (kept !== undefined) connections.learn("keeps");
      this.#answer(response, response);
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
      socket.unshift(first);
      this.#answer(response, socket);
    });
    for (const chunk of early) this.#write(chunk);
    if (this.#hasEnded) asked.end();
    else {
      asked.flushHeaders();
      this.#early = [];
    }
  }

  #write(chunk: Uint8Array): void {
    (this.#upgraded ?? this.#asked)?.write(chunk, (error) => {
      if (!error) this.#send({ kind: "credit", bytes: chunk.length });
    });
  }

  #answer({ statusCode, rawHeaders }: IncomingMessage, body: Readable): void {
    const head: HttpResponseHead = { status: statusCode ?? 0, headers: pairsOf(rawHeaders) };
    this.#unsent = { head: Buffer.from(JSON.stringify(head)), pieces: [], bytes: 0 };
    this.#body = body;
    // Who waits for the head alone has it in the next turn.
    if (body === this.#upgraded) this.#sendUnsent();
    else setImmediate(() => this.#sendUnsent());
    body.on("data", (chunk: Buffer) => this.#hear(chunk));
    body.once("end", () => {
      this.#bodyEnded = true;
      if (this.#rest === undefined) this.#finish();
    });
    body.on("error", (error) => this.#breakOff(error.message));
    body.once("close", () => {
      if (!this.#bodyEnded) this.#breakOff("The program has ended the connection in the middle of its answer");
    });
  }

  #hear(chunk: Buffer): void {
    if (this.#isOver) return;
    const unsent = this.#unsent;
    if (unsent !== undefined && unsent.bytes + chunk.length <= this.#credit) {
      unsent.bytes += chunk.length;
      unsent.pieces.push(chunk);
      return;
    }
    this.#sendUnsent();
    this.#sendBody(chunk);
  }

  /** The answer does not come at once, or not in full. */
  #sendUnsent(): void {
    const { head, pieces } = this.#unsent ?? {};
    if (head === undefined) return;
    this.#unsent = undefined;
    this.#send({ kind: "head", json: head });
    for (const piece of pieces ?? []) this.#sendBody(piece);
  }

  #sendBody(bytes: Buffer): void {
    const chunk = bytes.subarray(0, this.#credit);
    this.#credit -= chunk.length;
    this.#rest = chunk.length < bytes.length ? bytes.subarray(chunk.length) : undefined;
    if (this.#rest !== undefined) this.#body?.pause();
    if (chunk.length > 0) this.#send({ kind: "body", chunk });
  }

  #goOn(): void {
    if (this.#rest === undefined) return;
    this.#sendBody(this.#rest);
    if (this.#rest !== undefined) return;
    if (this.#bodyEnded) this.#finish();
    else this.#body?.resume();
  }

  #finish(): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    if (unsent === undefined) this.#send({ kind: "end" });
    else this.#send({ kind: "answer", json: unsent.head, body: Buffer.concat(unsent.pieces, unsent.bytes) });
    this.end();
  }

  #breakOff(why: string): void {
    this.#unsent = undefined;
    this.#send({ kind: "break-off", why });
    this.end();
  }

  #send(part: HttpPart): void {
    if (!this.#isOver) this.#surroundings.send(part);
  }
}

/** @see RFC 9110, section 9.2.2 */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** Of a body that goes out together with its head, in one piece: with the longest head still fewer than a socket takes as one. */
const MAX_SHORT_BYTES = 8 * 1024;

/** Whether nothing of what was written in one piece has left: the other side had ended the connection before. */
const isUnsent = (error: NodeJS.ErrnoException): boolean => error.code === "EPIPE";

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([raw[index] as string, raw[index + 1] as string]);
  return pairs;
}
