/** The service's end of a WebSocket. A bundle of its own, loaded only when somebody asks for one. */

import { bun } from "./bun.ts";

/** Most bytes that one message from a client may have. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The connection below: bytes as they are. */
interface SocketSurroundings {
  /** @param written Called once they are on their way to the client. */
  write(bytes: Uint8Array, written: () => void): void;
  /** Nothing more is written. */
  end(): void;
  log(text: string): void;
}

/**
 * A WebSocket as browsers know it, from the side that was asked. Its events are those of the standard; pings are answered
 * by itself.
 *
 * @see RFC 6455; WHATWG WebSockets, "The WebSocket interface"
 */
export class ServiceSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;

  /** What answers the handshake of a client. @throws {TypeError} For what is none of version 13. */
  static acceptOf(headers: Headers): string {
    const key = headers.get("sec-websocket-key");
    const version = headers.get("sec-websocket-version");
    if (key === null || version !== "13") {
      throw new TypeError(
        `Cannot upgrade: wanted is a WebSocket handshake of version 13, got version ${version ?? "none"}`,
      );
    }
    return new bun.CryptoHasher("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  }

  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly extensions = "";
  readonly url: string;
  readonly protocol: string;
  binaryType: "arraybuffer" | "blob" = "blob";
  onopen: Listener = null;
  onmessage: Listener = null;
  onclose: Listener = null;
  onerror: Listener = null;

  readonly #surroundings: SocketSurroundings;
  /** One for each listener, so that it is added once and can be taken away. */
  readonly #guards = new WeakMap<AnyListener, (event: Event) => void>();
  #readyState: 0 | 1 | 2 | 3 = 0;
  #bufferedAmount = 0;
  /** Bytes that are not yet a whole frame. */
  #bytes: Uint8Array = new Uint8Array(0);
  /** The message whose frames are coming. */
  #message: { readonly isText: boolean; readonly pieces: Uint8Array[]; length: number } | undefined;

  constructor(url: string, protocol: string, surroundings: SocketSurroundings) {
    super();
    this.url = url;
    this.protocol = protocol;
    this.#surroundings = surroundings;
  }

  get readyState(): number {
    return this.#readyState;
  }

  /** Bytes of messages that wait for the client. */
  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  /** @throws {DOMException} `InvalidStateError` before it is open. @throws {TypeError} For what is neither text nor bytes. */
  send(data: string | ArrayBuffer | ArrayBufferView): void {
    if (this.#readyState === 0) throw new DOMException("The WebSocket is not open yet", "InvalidStateError");
    const [opcode, body] = messageOf(data);
    // As the standard has it: once it closes, what is sent is dropped in silence.
    if (this.#readyState !== 1) return;
    this.#bufferedAmount += body.length;
    this.#write(opcode, body, () => {
      this.#bufferedAmount -= body.length;
    });
  }

  /** @throws {DOMException} `InvalidAccessError` for a code that is not 1000 or 3000 to 4999, `SyntaxError` for a long reason. */
  close(code?: number, reason = ""): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(`Cannot close with ${code}: wanted 1000 or 3000 to 4999`, "InvalidAccessError");
    }
    if (new TextEncoder().encode(reason).length > 123) {
      throw new DOMException("Cannot close: the reason has more than 123 bytes", "SyntaxError");
    }
    this.#beginClose(code, reason);
  }

  /** The client has the answer to its handshake. */
  opened(): void {
    this.#readyState = 1;
    this.#tell(new Event("open"), this.onopen);
  }

  /** Takes bytes as they come from the client. */
  receive(chunk: Uint8Array): void {
    if (this.#readyState === 3) return;
    this.#bytes = this.#bytes.length === 0 ? chunk : joined([this.#bytes, chunk]);
    while (this.#readyState < 3 && this.#takeFrame());
  }

  /** The connection has ended. Idempotent. */
  ended(): void {
    if (this.#readyState === 3) return;
    this.#surroundings.end();
    this.#closed(1006, "", false);
  }

  #takeFrame(): boolean {
    const bytes = this.#bytes;
    if (bytes.length < 2) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [first, second] = [view.getUint8(0), view.getUint8(1)];
    const opcode = first & 15;
    const isLast = (first & 128) !== 0;
    const isControl = opcode >= 8;
    if ((first & 112) !== 0) return this.#violated(1002, "Bits are set that no extension gives a meaning");
    if ((second & 128) === 0) return this.#violated(1002, "A client must mask its frames");
    const short = second & 127;
    if (isControl && (!isLast || short > 125)) return this.#violated(1002, "A control frame is short and whole");
    const headBytes = 6 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    if (bytes.length < headBytes) return false;
    const length = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short;
    if (length + (isControl ? 0 : (this.#message?.length ?? 0)) > MAX_MESSAGE_BYTES) {
      return this.#violated(1009, `A message may have ${MAX_MESSAGE_BYTES} bytes`);
    }
    if (bytes.length < headBytes + length) return false;
    const body = unmasked(bytes.slice(headBytes, headBytes + length), bytes.subarray(headBytes - 4, headBytes));
    this.#bytes = bytes.subarray(headBytes + length);
    return isControl ? this.#takeControl(opcode, body) : this.#takeData(opcode, body, isLast);
  }

  #takeControl(opcode: number, body: Uint8Array): boolean {
    switch (opcode) {
      case OPCODES.ping:
        if (this.#readyState === 1) this.#write(OPCODES.pong, body);
        return true;
      case OPCODES.pong:
        return true;
      case OPCODES.close: {
        const code = body.length >= 2 ? new DataView(body.buffer, body.byteOffset).getUint16(0) : undefined;
        const isWrong = body.length === 1 || (code !== undefined && !mayBeSaid(code));
        if (isWrong) return this.#violated(1002, "A close has a code that may be said, or none");
        this.#beginClose(code, "");
        this.#surroundings.end();
        this.#closed(code ?? 1005, new TextDecoder().decode(body.subarray(2)), true);
        return false;
      }
      default:
        return this.#violated(1002, "There is no such frame");
    }
  }

  #takeData(opcode: number, body: Uint8Array, isLast: boolean): boolean {
    if (opcode > OPCODES.binary) return this.#violated(1002, "There is no such frame");
    if ((opcode === OPCODES.continuation) !== (this.#message !== undefined)) {
      return this.#violated(1002, "A message begins when the one before is whole, and goes on when it has begun");
    }
    const message = (this.#message ??= { isText: opcode === OPCODES.text, pieces: [], length: 0 });
    // Empty ones without end would never come to the bound of a message.
    if (body.length > 0) message.pieces.push(body);
    message.length += body.length;
    if (!isLast) return true;
    this.#message = undefined;
    const whole = joined(message.pieces);
    let data: unknown;
    try {
      data = message.isText ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole) : whole.buffer;
    } catch {
      return this.#violated(1007, "Text must be UTF-8");
    }
    if (!message.isText && this.binaryType === "blob") data = new Blob([whole]);
    // What comes after a close of this side is for nobody.
    if (this.#readyState === 1) this.#tell(new MessageEvent("message", { data }), this.onmessage);
    return true;
  }

  #violated(code: number, reason: string): false {
    this.#tell(new Event("error"), this.onerror);
    this.#beginClose(code, reason);
    this.#surroundings.end();
    this.#closed(code, reason, false);
    return false;
  }

  #beginClose(code: number | undefined, reason: string): void {
    if (this.#readyState >= 2) return;
    this.#readyState = 2;
    const text = new TextEncoder().encode(reason);
    const body = new Uint8Array(code === undefined ? 0 : 2 + text.length);
    if (code !== undefined) {
      new DataView(body.buffer).setUint16(0, code);
      body.set(text, 2);
    }
    this.#write(OPCODES.close, body);
  }

  #closed(code: number, reason: string, wasClean: boolean): void {
    if (this.#readyState === 3) return;
    this.#readyState = 3;
    this.#bytes = new Uint8Array(0);
    this.#message = undefined;
    this.#tell(new CloseEvent("close", { code, reason, wasClean }), this.onclose);
  }

  #write(opcode: number, body: Uint8Array, written: () => void = () => undefined): void {
    this.#surroundings.write(frameOf(opcode, body), written);
  }

  override addEventListener(type: string, listener: AnyListener, options?: Parameters<Listening>[2]): void {
    super.addEventListener(type, this.#guarded(listener), options);
  }

  override removeEventListener(type: string, listener: AnyListener, options?: Parameters<Unlistening>[2]): void {
    super.removeEventListener(type, this.#guarded(listener), options);
  }

  #tell(event: Event, listener: Listener): void {
    if (listener !== null) this.#guarded(listener)(event);
    this.dispatchEvent(event);
  }

  /** As what `fetch` throws, what the service's own listener throws ends no more than itself. */
  #guarded(listener: AnyListener): (event: Event) => void {
    const known = this.#guards.get(listener);
    if (known !== undefined) return known;
    const guard = (event: Event): void => {
      const heard = async () =>
        typeof listener === "function" ? listener.call(this, event) : listener.handleEvent(event);
      void heard().catch((error) => {
        const told = error instanceof Error ? error.stack : error;
        this.#surroundings.log(`A listener to "${event.type}" of a WebSocket failed: ${told}`);
      });
    };
    this.#guards.set(listener, guard);
    return guard;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: each takes the event of its name
type Listener = ((event: any) => unknown) | null;
type Listening = EventTarget["addEventListener"];
type Unlistening = EventTarget["removeEventListener"];
type AnyListener = NonNullable<Listener> | { handleEvent(event: Event): unknown };

function messageOf(data: string | ArrayBuffer | ArrayBufferView): readonly [opcode: number, body: Uint8Array] {
  if (typeof data === "string") return [OPCODES.text, new TextEncoder().encode(data)];
  if (data instanceof ArrayBuffer) return [OPCODES.binary, new Uint8Array(data)];
  if (ArrayBuffer.isView(data)) {
    return [OPCODES.binary, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  }
  throw new TypeError("Cannot send: wanted is text, an ArrayBuffer or a view of one");
}

/** Codes that one side may tell the other. */
const mayBeSaid = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);

/** Holds a copy of the body, which stays its owner's to write over. */
function frameOf(opcode: number, body: Uint8Array): Uint8Array {
  const wide = body.length > 0xffff ? 8 : body.length > 125 ? 2 : 0;
  const frame = new Uint8Array(2 + wide + body.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, 128 | opcode);
  view.setUint8(1, wide === 8 ? 127 : wide === 2 ? 126 : body.length);
  if (wide === 2) view.setUint16(2, body.length);
  if (wide === 8) view.setBigUint64(2, BigInt(body.length));
  frame.set(body, 2 + wide);
  return frame;
}

function unmasked(body: Uint8Array, mask: Uint8Array): Uint8Array {
  for (let index = 0; index < body.length; index++) body[index] = (body[index] as number) ^ (mask[index & 3] as number);
  return body;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
