import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Cell, CellExit, CellHoldings, CellUsage } from "../../ports/cell.ts";
import { OUTBOUND_CAP_BYTES, type ProcessCell } from "../process-cell.ts";
import { childOf, type ProcessIdentity } from "../process-tree.ts";
import { MAX_FRAME_BYTES } from "../wire/frames.ts";
import { decodeHttpPart, encodeHttpPart, type HttpPart } from "../wire/http-frames.ts";
import {
  decodeKernelMessage,
  encodeGuestMessage,
  type GuestMessage,
  type KernelMessage,
  MAX_LINE_BYTES,
} from "../wire/protocol.ts";
import { O_PATH, type SeenServer } from "./http-socket.ts";
import { ProgramConnections } from "./program-connections.ts";
import { ProgramExchange } from "./program-exchange.ts";

interface HttpCellOptions extends SeenServer {
  readonly askToEnd: (program: ProcessIdentity) => void;
}

/**
 * A cell whose program is an HTTP server: calls become requests and responses become replies, and HTTP exchanges go through as
 * they are, so that whoever owns the cell sees the conversation of any other. The program has started when its socket takes connections.
 *
 * A response is hostile: its head is bounded by the parser, its body here, before it is kept.
 */
export class HttpCell implements Cell {
  readonly exited: Promise<CellExit>;
  onFrame: (id: number, payload: Uint8Array) => void = ignore;
  onDrain: () => void = ignore;

  readonly #cell: ProcessCell;
  /** Its path; another one once the program has been seen to listen. */
  #socket: string;
  readonly #hold: () => string;
  readonly #isInner: boolean;
  readonly #askToEnd: (program: ProcessIdentity) => void;
  readonly #connections: ProgramConnections;
  /** Of calls and casts. */
  readonly #agent: Agent;
  readonly #exchanges = new Map<number, ProgramExchange>();
  #waitingBytes = 0;
  #full = false;
  #gone = false;

  /** @param options `askToEnd`: sends the program the signal by which servers are stopped. */
  constructor(cell: ProcessCell, { socket, isInner, hold, askToEnd }: HttpCellOptions) {
    this.#cell = cell;
    this.#socket = socket;
    this.#hold = hold;
    this.#isInner = isInner;
    this.#askToEnd = askToEnd;
    this.#connections = new ProgramConnections(() => connectTo(this.#socket));
    // One connection a call, which must not be sent twice: a server that ends a kept one at the wrong moment would lose it.
    this.#agent = new Agent({ keepAlive: false, maxSockets: MAX_CONNECTIONS });
    this.#agent.createConnection = () => this.#connections.open();
    this.exited = cell.exited.then((exit) => {
      this.#gone = true;
      this.#agent.destroy();
      for (const exchange of [...this.#exchanges.values()]) exchange.end();
      this.#connections.close();
      return exit;
    });
  }

  get processId(): number {
    return this.#cell.processId;
  }

  get warm(): boolean {
    return this.#cell.warm;
  }

  set onOutput(hear: Cell["onOutput"]) {
    this.#cell.onOutput = hear;
  }

  send(id: number, ...parts: readonly Uint8Array[]): boolean {
    if (this.#gone) return false;
    const payload = Buffer.concat(parts);
    if (payload.length > MAX_FRAME_BYTES)
      throw new RangeError(`Cannot send: at most ${MAX_FRAME_BYTES} bytes fit a message`);
    if (this.#waitingBytes + payload.length > OUTBOUND_CAP_BYTES) {
      this.#full = true;
      return false;
    }
    this.#say(id, decodeKernelMessage(payload));
    return true;
  }

  kill(): Promise<CellExit> {
    return this.#cell.kill();
  }

  guestRests(): void {
    this.#cell.guestRests();
  }

  usage(): CellUsage | undefined {
    return this.#cell.usage();
  }

  holdings(): CellHoldings {
    return this.#cell.holdings();
  }

  #say(id: number, message: KernelMessage): void {
    switch (message.kind) {
      case "run":
        void this.#awaitServer();
        return;
      case "call":
        void this.#call(id, message);
        return;
      case "cast":
        void this.#post(`/cast/${encodeURIComponent(message.method)}`, { ...message, timeoutMs: CAST_TIMEOUT_MS })
          .catch(ignore)
          .then(() => this.#hear(id, { kind: "handled" }));
        return;
      case "http":
        for (const bytes of message.part) this.#pass(id, decodeHttpPart(bytes));
        return;
      case "stop":
        this.#terminate();
        return;
      // Said to guests of ours, or in answer to what cannot be said by HTTP.
      case "rouse":
      case "ask-rest":
      case "boot":
      case "source":
      case "probe":
      case "answer":
      case "refusal":
        return;
    }
  }

  #pass(id: number, part: HttpPart): void {
    if (part.kind === "head") {
      const exchange = new ProgramExchange({
        connections: this.#connections,
        send: (answer) => this.#hear(id, { kind: "http", part: encodeHttpPart(answer) }),
        onOver: () => void this.#exchanges.delete(id),
      });
      this.#exchanges.set(id, exchange);
    }
    this.#exchanges.get(id)?.receive(part);
  }

  async #awaitServer(): Promise<void> {
    for (let waitMs = 1; !this.#gone; waitMs = Math.min(waitMs * 2, 50)) {
      if (await takesConnections(this.#socket)) {
        if (!this.#gone) this.#socket = this.#hold();
        return this.#hear(0, { kind: "started", calls: [], casts: [], contract: "" });
      }
      await delay(waitMs);
    }
  }

  async #call(id: number, message: KernelMessage & { readonly kind: "call" }): Promise<void> {
    try {
      const path = `/call/${encodeURIComponent(message.method)}`;
      const timeoutMs = message.timeoutMs === 0 ? CAST_TIMEOUT_MS : message.timeoutMs;
      this.#hear(id, readResponse(await this.#post(path, { ...message, timeoutMs })));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#hear(id, { kind: "error", error: { kind: faultOf(error), message } });
    }
  }

  #post(path: string, { args, timeoutMs, trace }: Posted): Promise<Response> {
    const body = args.length === 0 ? Buffer.from("[]") : args;
    this.#waitingBytes += body.length;
    const answered = new Promise<Response>((resolve, reject) => {
      const asked = request({
        agent: this.#agent,
        method: "POST",
        path,
        headers: {
          host: "solo",
          "content-type": "application/json",
          "content-length": body.length,
          "solo-timeout-ms": timeoutMs,
          ...(trace === undefined ? {} : { traceparent: trace }),
        },
        signal: AbortSignal.timeout(Math.min(timeoutMs, MAX_TIMEOUT_MS)),
      });
      asked.once("error", reject);
      asked.once("response", (response) => readBody(response).then(resolve, reject));
      // Which else would end without a word.
      asked.once("upgrade", (_response, socket) => {
        socket.destroy();
        reject(new Error("It goes on in another protocol, which nobody asked for"));
      });
      asked.end(body);
    });
    return answered.finally(() => {
      this.#waitingBytes -= body.length;
      if (this.#full) {
        this.#full = false;
        this.onDrain();
      }
    });
  }

  #hear(id: number, message: GuestMessage): void {
    if (!this.#gone) this.onFrame(id, Buffer.concat(encodeGuestMessage(message)));
  }

  /** The program itself: in its cell the first process is another, which passes no signal on. */
  #terminate(): void {
    const { guestProcess } = this.#cell;
    if (guestProcess === undefined) return;
    const program = this.#isInner ? childOf(guestProcess) : guestProcess;
    if (program !== undefined) this.#askToEnd(program);
  }
}

/** Connections to one program for calls and casts; those of exchanges are counted where they come in. */
const MAX_CONNECTIONS = 64;
const CAST_TIMEOUT_MS = 30_000;
/** Longer timers overflow and fire at once. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** A message on its way to the program. */
interface Posted {
  readonly args: Uint8Array;
  readonly timeoutMs: number;
  readonly trace?: string | undefined;
}

interface Response {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

class ResponseTooLarge extends Error {}

/** Time is kept here as well as by who called, and either may be first. */
function faultOf(error: unknown): "reply-too-large" | "timeout" | "handler-failed" {
  if (error instanceof ResponseTooLarge) return "reply-too-large";
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error && cause.name === "TimeoutError" ? "timeout" : "handler-failed";
}

async function readBody(response: IncomingMessage): Promise<Response> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes >= MAX_FRAME_BYTES) {
      response.destroy();
      throw new ResponseTooLarge(`The response has more bytes than the ${MAX_FRAME_BYTES - 1} that can be passed on`);
    }
    pieces.push(piece);
  }
  const type = response.headers["content-type"] ?? "";
  return { status: response.statusCode ?? 0, type, body: Buffer.concat(pieces, bytes) };
}

/** 2xx with JSON, or with nothing, is a reply; 404 is a call that it does not have; all else is one that failed. */
function readResponse({ status, type, body }: Response): GuestMessage {
  if (status >= 200 && status < 300) {
    if (body.length === 0 || /^application\/json\b/i.test(type)) return { kind: "reply", bytes: body };
    const message = `its content type is ${JSON.stringify(type.slice(0, 100))}, wanted: application/json`;
    return { kind: "error", error: { kind: "reply-not-json", message } };
  }
  const text = body.toString("utf8", 0, MAX_LINE_BYTES - 100).trim();
  const message = `It answered with status ${status}${text === "" ? "" : `: ${text}`}`;
  return { kind: "error", error: { kind: status === 404 ? "unknown-method" : "handler-failed", message } };
}

function takesConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/**
 * Connects to a socket in a file system that the program writes. The last part of the path is opened without following links
 * and then connected to by its descriptor: a link there could name any socket of the host.
 */
function connectTo(path: string): Socket {
  let descriptor: number;
  try {
    descriptor = openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    return failed(error);
  }
  try {
    if (!fstatSync(descriptor).isSocket())
      return failed(new Error("There is no socket where the program should listen"));
    // The connection is made within the call, so the descriptor is not needed longer.
    return connect({ path: `/proc/self/fd/${descriptor}` });
  } finally {
    closeSync(descriptor);
  }
}

function failed(error: unknown): Socket {
  return new Socket().destroy(error instanceof Error ? error : new Error(String(error)));
}

function ignore(): void {}
