import { ProtocolError } from "./errors.ts";
import type { GuestSession } from "./guest-session.ts";
import {
  decodeHttpPart,
  encodeHttpPart,
  HTTP_WINDOW_BYTES,
  type HttpPart,
  type HttpRequestHead,
  type HttpResponseHead,
  NO_HTTP,
} from "./wire/http-frames.ts";

/** What comes of an exchange, in this order; after `onEnd` or `onFailed` nothing. */
export interface ExchangeHandlers {
  onHead(head: HttpResponseHead): void;
  /** Give credit by {@link HttpExchange.taken} once the bytes have gone on. */
  onBody(chunk: Uint8Array): void;
  onEnd(): void;
  onFailed(failure: ExchangeFailure): void;
  /** More of the request's body may be written. */
  onWritable(): void;
  /** Bytes that the service may be sent beside all that it has not taken yet. */
  room(): number;
  /** So many bytes of the request's body more, or fewer below 0, wait for the service to take them. */
  onHeld(bytes: number): void;
  /** Broken off from this side: what comes of it nobody hears. */
  onLeft(): void;
}

/** Why there is no answer, or no more of it. */
export type ExchangeFailure =
  /** The service serves no HTTP. */
  | { readonly kind: "no-http" }
  /** The service's own words. */
  | { readonly kind: "service"; readonly message: string }
  /** What it sent is no answer. */
  | { readonly kind: "garbage"; readonly message: string }
  | { readonly kind: "gone"; readonly message: string }
  /** Too much waits for the service. */
  | { readonly kind: "overloaded" }
  /** Others have all the room, so this one does not come to it by waiting. */
  | { readonly kind: "no-room" };

/** The kernel's side of one HTTP exchange with a guest. Nothing that the guest sends throws here or is kept without bound. */
export class HttpExchange {
  readonly #handlers: ExchangeHandlers;
  readonly #link: ReturnType<GuestSession["openHttp"]>;
  readonly #mayUpgrade: boolean;
  #waiting: "head" | "body" | "nothing" = "head";
  /** What the guest may still send of its body. */
  #credit = HTTP_WINDOW_BYTES;
  /** What may still be written of the request's body. */
  #writable = HTTP_WINDOW_BYTES;

  constructor(session: GuestSession, head: HttpRequestHead, handlers: ExchangeHandlers) {
    this.#handlers = handlers;
    this.#mayUpgrade = head.upgrade !== undefined;
    this.#link = session.openHttp(
      (bytes) => this.#receive(bytes),
      (message) => this.#fail({ kind: "gone", message }),
    );
    this.#send({ kind: "head", json: Buffer.from(JSON.stringify(head)) });
  }

  /**
   * Bytes of the request's body that may be written now. Where that is 0, `onWritable` tells when the service has taken some of
   * what it was sent; an exchange of which it holds nothing fails instead.
   */
  mayWrite(): number {
    const room = this.#handlers.room();
    if (room > 0) return Math.min(this.#writable, room);
    if (this.#held === 0 && this.#waiting !== "nothing") {
      this.#send({ kind: "break-off", why: "There is no room for the request's body" });
      this.#fail({ kind: "no-room" });
    }
    return 0;
  }

  /** Bytes that the service has not said it has taken. */
  get #held(): number {
    return HTTP_WINDOW_BYTES - this.#writable;
  }

  /** Writes a piece of the request's body, which must not be longer than {@link mayWrite} says. */
  write(chunk: Uint8Array): void {
    if (this.#waiting === "nothing") return;
    this.#writable -= chunk.length;
    this.#handlers.onHeld(chunk.length);
    this.#send({ kind: "body", chunk });
  }

  /** The request's body is complete. */
  endRequest(): void {
    this.#send({ kind: "end" });
  }

  /** So many bytes of the answer have gone on; the guest may send as many more. */
  taken(bytes: number): void {
    if (this.#waiting === "nothing" || bytes === 0) return;
    this.#credit += bytes;
    this.#send({ kind: "credit", bytes });
  }

  /** Nobody waits for the answer any more. */
  breakOff(why: string): void {
    if (this.#waiting === "nothing") return;
    this.#send({ kind: "break-off", why });
    this.#finish();
    this.#handlers.onLeft();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#waiting === "nothing") return;
    try {
      this.#take(decodeHttpPart(bytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#garbage(error.message);
    }
  }

  #take(part: HttpPart): void {
    const wrong = this.#faultOf(part);
    if (wrong !== undefined) throw new ProtocolError(wrong);
    switch (part.kind) {
      case "head":
        this.#waiting = "body";
        this.#handlers.onHead(readHead(part.json, this.#mayUpgrade));
        return;
      case "body":
        this.#credit -= part.chunk.length;
        this.#handlers.onBody(part.chunk);
        return;
      case "end":
        this.#finish();
        this.#handlers.onEnd();
        return;
      case "answer": {
        const head = readHead(part.json, false);
        this.#finish();
        this.#handlers.onHead(withLength(head, part.body.length));
        if (part.body.length > 0) this.#handlers.onBody(part.body);
        this.#handlers.onEnd();
        return;
      }
      case "break-off":
        this.#fail(part.why === NO_HTTP ? { kind: "no-http" } : { kind: "service", message: part.why });
        return;
      case "credit": {
        const taken = Math.min(this.#held, part.bytes);
        this.#writable += taken;
        this.#handlers.onHeld(-taken);
        this.#handlers.onWritable();
        return;
      }
    }
  }

  /** What is wrong with a part at this point. */
  #faultOf(part: HttpPart): string | undefined {
    switch (part.kind) {
      case "head":
        return this.#waiting === "head" ? undefined : "a second head";
      case "body":
        if (this.#waiting === "head") return "a body before its head";
        return part.chunk.length > this.#credit ? "more than it was given credit for" : undefined;
      case "end":
        return this.#waiting === "head" ? "an end before its head" : undefined;
      case "answer":
        if (this.#waiting !== "head") return "a second head";
        return part.body.length > this.#credit ? "more than it was given credit for" : undefined;
      default:
        return undefined;
    }
  }

  #garbage(message: string): void {
    if (this.#waiting === "nothing") return;
    this.#send({ kind: "break-off", why: `The kernel got ${message}` });
    this.#fail({ kind: "garbage", message });
  }

  #fail(failure: ExchangeFailure): void {
    if (this.#waiting === "nothing") return;
    this.#finish();
    this.#handlers.onFailed(failure);
  }

  #finish(): void {
    this.#waiting = "nothing";
    if (this.#held > 0) this.#handlers.onHeld(-this.#held);
    this.#link.close();
  }

  #send(part: HttpPart): void {
    if (this.#waiting === "nothing" || this.#link.send(encodeHttpPart(part))) return;
    this.#fail({ kind: "overloaded" });
  }
}

/** Says how long a body is that is there as a whole, so that it needs no pieces that tell their length. */
function withLength(head: HttpResponseHead, bytes: number): HttpResponseHead {
  // Without a body it may be the answer to HEAD, or of a status that has none.
  if (bytes === 0 || head.headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))) return head;
  return { ...head, headers: [...head.headers, ["content-length", String(bytes)]] };
}

/** @throws {ProtocolError} For what is no head that HTTP allows. */
function readHead(json: Uint8Array, mayUpgrade: boolean): HttpResponseHead {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(json));
  } catch (cause) {
    throw new ProtocolError("a head that is no JSON", { cause });
  }
  const { status, headers } = (value ?? {}) as Partial<HttpResponseHead>;
  const isFinal = Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599;
  if (!isFinal && !(mayUpgrade && status === 101)) {
    throw new ProtocolError(`the status ${JSON.stringify(status)?.slice(0, 40)}, wanted 200 to 599`);
  }
  if (!Array.isArray(headers) || headers.length > 200)
    throw new ProtocolError("headers that are no list of at most 200");
  for (const header of headers) {
    const [name, text] = Array.isArray(header) ? header : [];
    if (typeof name !== "string" || !/^[\w!#$%&'*+.^`|~-]{1,200}$/.test(name)) {
      throw new ProtocolError("a header whose name is none");
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in it
    if (typeof text !== "string" || /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(text)) {
      throw new ProtocolError(`a header "${name}" whose value cannot be sent`);
    }
  }
  return { status: status as number, headers };
}
