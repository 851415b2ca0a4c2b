/** Serves HTTP inside a cell. A bundle of its own, loaded only by services that export `fetch`. */

import {
  decodeHttpPart,
  encodeHttpPart,
  HTTP_WINDOW_BYTES,
  type HttpPart,
  type HttpRequestHead,
  type HttpResponseHead,
} from "../wire/http-frames.ts";
import { describeError } from "./describe-error.ts";
import type { ServiceSocket } from "./web-socket.ts";

/** What a service exports as `fetch`. */
export type FetchHandler = (request: Request, service: FetchService) => unknown;

/** The service that the handler belongs to: its state is behind its calls. */
export interface OwnService {
  call(method: string, ...args: readonly unknown[]): Promise<unknown>;
  cast(method: string, ...args: readonly unknown[]): void;
}

/** What `fetch` is given beside the request. */
interface FetchService extends OwnService {
  /**
   * Takes the WebSocket that the request asks for, as Deno does: the handler returns `response`, and `socket` opens.
   *
   * @throws {TypeError} When the request asks for none, or for the second time.
   */
  upgradeWebSocket(request: Request, options?: { readonly protocol?: string }): Upgraded;
}

interface Upgraded {
  readonly socket: ServiceSocket;
  readonly response: Response;
}

/** The guest around the handler. */
export interface HttpSurroundings {
  /** @param trace W3C's `traceparent` of the request. */
  serviceIn(trace: string | undefined): OwnService;
  send(id: number, parts: readonly Uint8Array[]): void;
  log(text: string): void;
}

/** Takes the parts of exchanges, by the id of their frames. */
export interface HttpHandler {
  receive(id: number, bytes: Uint8Array): void;
}

export function serveHttp(fetch: FetchHandler, surroundings: HttpSurroundings): HttpHandler {
  knowTexts();
  const open = new Map<number, Exchange>();
  return {
    receive(id, bytes) {
      const part = decodeHttpPart(bytes);
      if (part.kind !== "head") {
        open.get(id)?.receive(part);
        return;
      }
      const exchange = new Exchange(id, surroundings);
      open.set(id, exchange);
      void exchange.run(fetch, part.json).finally(() => open.delete(id));
    },
  };
}

/** What responses were made of: read from themselves it would come through a stream, at several times the cost. */
const texts = new WeakMap<Response, string>();

/**
 * Has `new Response(text)` carry the type that the standard gives it, which the runtime adds only where it serves by itself,
 * and be known by its text.
 */
function knowTexts(): void {
  const own = Response;
  const made = (text: string, args: unknown[], type: string, newTarget: typeof Response): Response => {
    const response = Reflect.construct(own, args, newTarget) as Response;
    if (!response.headers.has("content-type")) response.headers.set("content-type", type);
    texts.set(response, text);
    return response;
  };
  globalThis.Response = new Proxy(own, {
    construct(target, args, newTarget) {
      const [body] = args;
      if (typeof body === "string") return made(body, args, "text/plain;charset=UTF-8", newTarget as typeof Response);
      return Reflect.construct(target, args, newTarget) as Response;
    },
  });
  const json = own.json;
  own.json = (data: unknown, init?: ResponseInit) => {
    const text = JSON.stringify(data);
    // What has no JSON is refused as ever.
    return text === undefined ? json(data, init) : made(text, [text, init], "application/json;charset=utf-8", own);
  };
}

/** A bundle of its own beside this one: few of those who serve HTTP have them. */
const WEB_SOCKET = "./web-socket.js";

async function loadSocket(): Promise<typeof ServiceSocket> {
  return ((await import(WEB_SOCKET)) as typeof import("./web-socket.ts")).ServiceSocket;
}

class Exchange {
  readonly #id: number;
  readonly #surroundings: HttpSurroundings;
  readonly #abort = new AbortController();
  /** Pieces of the request's body that the handler has not asked for yet. */
  #pieces: Uint8Array[] = [];
  #ended = false;
  /** The handler waits for more of the request's body. */
  #wanted: (() => void) | undefined;
  #credit = HTTP_WINDOW_BYTES;
  #onCredit: (() => void) | undefined;
  #upgraded: Upgraded | undefined;
  /** The connection goes on as this; what the client sends is for it. */
  #socket: ServiceSocket | undefined;
  /** What a socket sends goes out in order. */
  #sent: Promise<void> = Promise.resolve();

  constructor(id: number, surroundings: HttpSurroundings) {
    this.#id = id;
    this.#surroundings = surroundings;
  }

  receive(part: HttpPart): void {
    switch (part.kind) {
      case "body":
        if (this.#socket !== undefined) {
          this.#hear(this.#socket, part.chunk);
          return;
        }
        this.#pieces.push(part.chunk);
        this.#wanted?.();
        return;
      case "end":
        this.#ended = true;
        this.#wanted?.();
        this.#socket?.ended();
        return;
      case "credit":
        this.#credit += part.bytes;
        this.#onCredit?.();
        return;
      case "break-off":
        this.#abort.abort(new Error(part.why));
        this.#wanted?.();
        this.#onCredit?.();
        this.#socket?.ended();
        return;
      case "head":
      case "answer":
        return;
    }
  }

  async run(fetch: FetchHandler, json: Uint8Array): Promise<void> {
    try {
      const head = JSON.parse(new TextDecoder().decode(json)) as HttpRequestHead;
      const request = this.#requestOf(head);
      const Socket = head.upgrade === undefined ? undefined : await loadSocket();
      const trace = request.headers.get("traceparent") ?? undefined;
      const response = await fetch(request, {
        ...this.#surroundings.serviceIn(trace),
        upgradeWebSocket: (_request, options) => this.#upgrade(request, Socket, options?.protocol),
      });
      if (this.#abort.signal.aborted) return this.#upgraded?.socket.ended();
      if (this.#upgraded !== undefined && response === this.#upgraded.response)
        return await this.#converse(this.#upgraded);
      this.#upgraded?.socket.ended();
      if (!(response instanceof Response)) throw new TypeError(`fetch returned ${kindOf(response)}, not a Response`);
      await this.#answer(response);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const { message, stack } = describeError(error);
      this.#surroundings.log(`fetch failed: ${stack ?? message}`);
      this.#send({ kind: "break-off", why: message });
    }
  }

  #upgrade(request: Request, Socket: typeof ServiceSocket | undefined, protocol = ""): Upgraded {
    if (Socket === undefined) throw new TypeError("Cannot upgrade: the request asks for no WebSocket");
    if (this.#upgraded !== undefined) throw new TypeError("Cannot upgrade: the request has been upgraded");
    const headers = {
      "sec-websocket-accept": Socket.acceptOf(request.headers),
      ...(protocol === "" ? {} : { "sec-websocket-protocol": protocol }),
    };
    const socket = new Socket(request.url.replace(/^http/, "ws"), protocol, {
      write: (bytes, written) => {
        this.#sent = this.#sent.then(() => this.#sendBody(bytes)).then(written);
      },
      end: () => {
        this.#sent = this.#sent.then(() => this.#send({ kind: "end" }));
      },
      log: (text) => this.#surroundings.log(text),
    });
    this.#upgraded = { socket, response: new Response(null, { status: 101, headers }) };
    return this.#upgraded;
  }

  /** Goes on as a WebSocket until that is over. */
  async #converse({ socket, response }: Upgraded): Promise<void> {
    const over = new Promise((resolve) => socket.addEventListener("close", resolve));
    const head: HttpResponseHead = { status: 101, headers: [...response.headers] };
    this.#send({ kind: "head", json: new TextEncoder().encode(JSON.stringify(head)) });
    this.#socket = socket;
    socket.opened();
    for (const piece of this.#pieces.splice(0)) this.#hear(socket, piece);
    if (this.#ended) socket.ended();
    await over;
    await this.#sent;
  }

  #hear(socket: ServiceSocket, chunk: Uint8Array): void {
    socket.receive(chunk);
    this.#send({ kind: "credit", bytes: chunk.length });
  }

  #requestOf({ method, url, headers, hasBody, upgrade }: HttpRequestHead): Request {
    // Of the connection, but what handlers ask for.
    const connection =
      upgrade === undefined
        ? []
        : ([
            ["connection", "Upgrade"],
            ["upgrade", upgrade],
          ] as const);
    const body = hasBody ? { body: this.#body(), duplex: "half" } : {};
    return new Request(url, {
      method,
      headers: [...headers, ...connection].map(([name, value]) => [name, value]),
      signal: this.#abort.signal,
      ...body,
    } as RequestInit);
  }

  #body(): ReadableStream<Uint8Array> {
    return new ReadableStream(
      {
        pull: async (controller) => {
          while (this.#pieces.length === 0 && !this.#ended && !this.#abort.signal.aborted) {
            await new Promise<void>((resolve) => (this.#wanted = resolve));
          }
          if (this.#abort.signal.aborted) return controller.error(this.#abort.signal.reason);
          const piece = this.#pieces.shift();
          if (piece === undefined) return controller.close();
          controller.enqueue(piece);
          this.#send({ kind: "credit", bytes: piece.length });
        },
      },
      { highWaterMark: 0 },
    );
  }

  async #answer(response: Response): Promise<void> {
    const head: HttpResponseHead = { status: response.status, headers: [...response.headers] };
    const json = new TextEncoder().encode(JSON.stringify(head));
    const text = response.bodyUsed ? undefined : texts.get(response);
    if (text !== undefined) {
      const body = new TextEncoder().encode(text);
      if (body.length <= this.#credit) return this.#send({ kind: "answer", json, body });
    }
    this.#send({ kind: "head", json });
    const reader = response.body?.getReader();
    try {
      while (reader !== undefined) {
        const { done, value } = await reader.read();
        if (done) break;
        await this.#sendBody(typeof value === "string" ? new TextEncoder().encode(value) : value);
        if (this.#abort.signal.aborted) return;
      }
      this.#send({ kind: "end" });
    } finally {
      // Tells the one who writes the body that nobody reads on.
      if (this.#abort.signal.aborted) await reader?.cancel(this.#abort.signal.reason).catch(() => undefined);
    }
  }

  async #sendBody(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) {
      while (this.#credit === 0 && !this.#abort.signal.aborted) {
        await new Promise<void>((resolve) => (this.#onCredit = resolve));
      }
      if (this.#abort.signal.aborted) return;
      const chunk = bytes.subarray(offset, offset + this.#credit);
      offset += chunk.length;
      this.#credit -= chunk.length;
      this.#send({ kind: "body", chunk });
    }
  }

  #send(part: HttpPart): void {
    this.#surroundings.send(this.#id, encodeHttpPart(part));
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "another object" : `a ${typeof value}`;
}
