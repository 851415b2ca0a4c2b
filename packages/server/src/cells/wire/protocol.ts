/**
 * What the kernel and a guest say to each other, inside the payload of a frame: `[kind u8][fields][payload bytes]`.
 *
 * Both sides use this file. Text fields carry their length (u16 or u32, little endian) and are UTF-8; arguments and
 * replies are the rest of the payload and are never looked into here. The bytes of a guest are hostile: every length is
 * checked against what is there and against its bound, and decoding throws a {@link ProtocolError} or nothing.
 */

import { ProtocolError } from "../errors.ts";

/** Spoken by both sides; a guest that says another number in `ready` is refused. */
export const PROTOCOL_VERSION = 1;
/** Argument of the guest's program that asks for practice before `ready`. */
export const PRACTICE = "--practice";
/** Source is sent in pieces of this size. */
export const SOURCE_CHUNK_BYTES = 1024 * 1024;
/** Longest method or service name in bytes. */
export const MAX_NAME_BYTES = 512;
/** The driver of what concerns the service alone: `restrict`, and `next` and `close` of its streams. */
export const SELF = "self";
/** Longest `traceparent` in bytes; those of version 00 have 55. */
const MAX_TRACE_BYTES = 64;
/** Longest line of text (log, message of an error) in bytes; what is longer is cut by the sender. */
export const MAX_LINE_BYTES = 8 * 1024;
/** Longest stack or detail in bytes. */
export const MAX_DETAIL_BYTES = 4 * 1024;
/** Most bytes of one grant that a service lends. */
const MAX_GRANT_BYTES = 2 * 1024;
/** A table of all drivers takes a tenth of it. */
const MAX_LENT_BYTES = 32 * 1024;
/** Most methods of one kind that a service may have. */
export const MAX_METHODS = 1024;
/** Longest contract in bytes. */
export const MAX_CONTRACT_BYTES = 64 * 1024;

/** What the source of a guest is written in. */
export type SourceLanguage = "typescript" | "javascript" | "bundle";

/** What the guest is told before its source. */
export interface Boot {
  readonly serviceId: string;
  readonly tenant: string;
  readonly fileName: string;
  readonly language: SourceLanguage;
  readonly logLevel: Level;
  readonly environment: Readonly<Record<string, string>>;
  /** What the service finds in its `ctx`; absent for nothing. */
  readonly drivers?: DriverTable | undefined;
  /** SHA-256 of the list of files that a bundle must have. */
  readonly contents?: string | undefined;
  readonly sourceBytes: number;
}

/** The drivers that a service is granted something of, by name, with the names of their operations. */
export type DriverTable = Readonly<
  Record<string, { readonly calls: readonly string[]; readonly streams: readonly string[] }>
>;

/** Least to most urgent. */
export type Level = "debug" | "info" | "warn" | "error";

/** A message that may be part of a trace; only one that is takes more bytes. */
interface Traced {
  /** W3C's `traceparent`. */
  readonly trace?: string | undefined;
}

export type KernelMessage =
  /** Wakes a guest for whom a service is about to come. Sent any number of times, before `boot` only. */
  | { readonly kind: "rouse" }
  /** Asks whether the guest waits for the kernel alone. It says `resting` when it does, and nothing when it does not. */
  | { readonly kind: "ask-rest" }
  | { readonly kind: "boot"; readonly boot: Boot }
  | { readonly kind: "source"; readonly chunk: Uint8Array }
  /** All source is sent; start. `args` is a JSON array, or empty for none. */
  | { readonly kind: "run"; readonly args: Uint8Array }
  | ({
      readonly kind: "call";
      readonly timeoutMs: number;
      readonly method: string;
      readonly args: Uint8Array;
      /** Drivers that act with the caller's authority while the call is open. Absent for none, and for programs. */
      readonly lent?: DriverTable;
    } & Traced)
  | ({ readonly kind: "cast"; readonly method: string; readonly args: Uint8Array } & Traced)
  | { readonly kind: "stop" }
  /** Asks whether the guest's event loop turns and whether its service takes messages. */
  | { readonly kind: "probe" }
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | { readonly kind: "refusal"; readonly reason: string; readonly message: string }
  /** A part of the HTTP exchange of this frame's id, as `http-frames.ts` writes it. */
  | { readonly kind: "http"; readonly part: readonly Uint8Array[] };

export type GuestMessage =
  /** `landlock` is the version of it that the guest has put in force on itself; 0 for none. */
  | { readonly kind: "ready"; readonly version: number; readonly landlock: number }
  /** `contract` is JSON: what the methods take and answer; empty where nothing is known of it. */
  | {
      readonly kind: "started";
      readonly calls: readonly string[];
      readonly casts: readonly string[];
      readonly contract: string;
    }
  | { readonly kind: "reply"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly error: GuestFault }
  /** A part of the HTTP exchange of this frame's id. */
  | { readonly kind: "http"; readonly part: readonly Uint8Array[] }
  /** The cast of this frame's id is done with, well or not. */
  | { readonly kind: "handled" }
  /** Answers the probe of this frame's id at once. */
  | { readonly kind: "alive" }
  /** Answers it too, once the service has come to it behind all earlier messages. */
  | { readonly kind: "reached" }
  /** The handler under way has returned a promise. Told only of one that has sent nothing meanwhile. */
  | { readonly kind: "awaiting" }
  /** No timer of the service is pending. */
  | { readonly kind: "resting" }
  | ({ readonly kind: "log"; readonly level: Level; readonly text: string } & Traced)
  | ({
      readonly kind: "send-call";
      readonly timeoutMs: number;
      readonly target: string;
      readonly method: string;
      readonly args: Uint8Array;
      /** Absent: by the service's own authority, lending nothing. */
      readonly terms?: CallTerms | undefined;
    } & Traced)
  | ({
      readonly kind: "send-cast";
      readonly target: string;
      readonly method: string;
      readonly args: Uint8Array;
    } & Traced)
  /** Answered like a call. The driver {@link SELF} is the kernel itself. */
  | {
      readonly kind: "driver-call";
      /** Id of the call whose caller's authority is used; 0 for the service's own. */
      readonly lentBy: number;
      readonly driver: string;
      readonly operation: string;
      readonly args: Uint8Array;
    }
  /** The guest's last words: why it did not start, or why it ends. */
  | { readonly kind: "exiting"; readonly ending: Ending };

/** By whose authority a service calls another. */
export interface CallTerms {
  /** Id of the call whose caller's authority decides; 0 for the service's own. */
  readonly by: number;
  /** Id of the call of whose caller's authority a part is lent; 0 for the service's own. */
  readonly of: number;
  /** What is lent, each as `kv/write on kv/carts/**`. */
  readonly lend: readonly string[];
}

/** The guest's answer to a call that did not work. */
export interface GuestFault {
  readonly kind: string;
  readonly message: string;
  /** Path inside a value, such as `$.items[3].when`. */
  readonly path?: string;
  readonly detail?: string;
}

/** Why a guest ends, in its own words. `normal` is what the guest claims, not yet what the kernel believes. */
export interface Ending {
  readonly kind: EndingKind;
  readonly normal: boolean;
  readonly message: string;
  readonly detail?: string;
  readonly location?: { readonly file: string; readonly line: number; readonly column: number };
}

export type EndingKind = "compile" | "init" | "crash" | "stop" | "artifact" | "arguments";

const LEVELS = ["debug", "info", "warn", "error"] as const;
const ENDING_KINDS = ["compile", "init", "crash", "stop", "artifact", "arguments"] as const;

const KERNEL = {
  boot: 1,
  source: 2,
  run: 3,
  call: 4,
  cast: 5,
  stop: 6,
  answer: 7,
  refusal: 8,
  rouse: 9,
  probe: 10,
  askRest: 11,
  traced: 12,
  lent: 13,
  http: 32,
} as const;
const GUEST = {
  ready: 65,
  started: 66,
  reply: 67,
  error: 68,
  log: 69,
  sendCall: 70,
  sendCast: 71,
  exiting: 72,
  handled: 73,
  alive: 74,
  reached: 75,
  awaiting: 76,
  resting: 77,
  driverCall: 78,
  traced: 79,
  terms: 80,
  http: 96,
} as const;

/** The parts of one payload, for `send`. Payload bytes are handed through, not copied. */
export function encodeKernelMessage(message: KernelMessage): readonly Uint8Array[] {
  if ("trace" in message && message.trace !== undefined) {
    const { trace, ...plain } = message;
    return [new FieldWriter(KERNEL.traced).text(trace, MAX_TRACE_BYTES).bytes(), ...encodeKernelMessage(plain)];
  }
  if ("lent" in message && message.lent !== undefined) {
    const { lent, ...plain } = message;
    return [
      new FieldWriter(KERNEL.lent).text(JSON.stringify(lent), MAX_LENT_BYTES).bytes(),
      ...encodeKernelMessage(plain),
    ];
  }
  switch (message.kind) {
    case "rouse":
      return [new FieldWriter(KERNEL.rouse).bytes()];
    case "ask-rest":
      return [new FieldWriter(KERNEL.askRest).bytes()];
    case "boot":
      return [new FieldWriter(KERNEL.boot).rest(JSON.stringify(message.boot)).bytes()];
    case "source":
      return [new FieldWriter(KERNEL.source).bytes(), message.chunk];
    case "run":
      return [new FieldWriter(KERNEL.run).bytes(), message.args];
    case "call":
      return [
        new FieldWriter(KERNEL.call).u32(message.timeoutMs).text(message.method, MAX_NAME_BYTES).bytes(),
        message.args,
      ];
    case "cast":
      return [new FieldWriter(KERNEL.cast).text(message.method, MAX_NAME_BYTES).bytes(), message.args];
    case "stop":
      return [new FieldWriter(KERNEL.stop).bytes()];
    case "probe":
      return [new FieldWriter(KERNEL.probe).bytes()];
    case "http":
      return [new FieldWriter(KERNEL.http).bytes(), ...message.part];
    case "answer":
      return [new FieldWriter(KERNEL.answer).bytes(), message.bytes];
    case "refusal":
      return [
        new FieldWriter(KERNEL.refusal)
          .text(message.reason, MAX_NAME_BYTES)
          .text(message.message, MAX_LINE_BYTES)
          .bytes(),
      ];
  }
}

/** Whether the first part of a message says the trace of what the others are. */
export const isTrace = (part: Uint8Array): boolean => part[0] === KERNEL.traced;

/** @throws {ProtocolError} For anything that {@link encodeKernelMessage} does not make. */
export function decodeKernelMessage(payload: Uint8Array): KernelMessage {
  const reader = new FieldReader(payload);
  const kind = reader.u8();
  switch (kind) {
    case KERNEL.rouse:
      reader.end();
      return { kind: "rouse" };
    case KERNEL.askRest:
      reader.end();
      return { kind: "ask-rest" };
    case KERNEL.boot:
      return { kind: "boot", boot: decodeBoot(reader.rest()) };
    case KERNEL.source:
      return { kind: "source", chunk: reader.rest() };
    case KERNEL.run:
      return { kind: "run", args: reader.rest() };
    case KERNEL.call:
      return decodeCall(reader);
    case KERNEL.cast:
      return { kind: "cast", method: reader.text(MAX_NAME_BYTES), args: reader.rest() };
    case KERNEL.stop:
      reader.end();
      return { kind: "stop" };
    case KERNEL.probe:
      reader.end();
      return { kind: "probe" };
    case KERNEL.traced: {
      const trace = reader.text(MAX_TRACE_BYTES);
      const plain = decodeKernelMessage(reader.rest());
      if (plain.kind === "call" || plain.kind === "cast") return { ...plain, trace };
      throw new ProtocolError(`Cannot read message of the kernel: ${plain.kind} has no trace`);
    }
    case KERNEL.lent: {
      const lent = decodeJson("what is lent", () => reader.text(MAX_LENT_BYTES)) as DriverTable;
      const plain = decodeKernelMessage(reader.rest());
      if (plain.kind === "call") return { ...plain, lent };
      throw new ProtocolError(`Cannot read message of the kernel: nothing is lent with ${plain.kind}`);
    }
    case KERNEL.answer:
      return { kind: "answer", bytes: reader.rest() };
    case KERNEL.http:
      return { kind: "http", part: [reader.rest()] };
    case KERNEL.refusal: {
      const reason = reader.text(MAX_NAME_BYTES);
      const message = reader.text(MAX_LINE_BYTES);
      reader.end();
      return { kind: "refusal", reason, message };
    }
    default:
      throw new ProtocolError(`Cannot read message of the kernel: unknown kind ${kind}`);
  }
}

function decodeCall(reader: FieldReader): KernelMessage & { readonly kind: "call" } {
  const timeoutMs = reader.u32();
  return { kind: "call", timeoutMs, method: reader.text(MAX_NAME_BYTES), args: reader.rest() };
}

function decodeBoot(bytes: Uint8Array): Boot {
  return decodeJson("boot message", () => TEXT.decode(bytes)) as Boot;
}

function decodeJson(what: string, read: () => string): unknown {
  try {
    return JSON.parse(read());
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    throw new ProtocolError(`Cannot read ${what}: it is not JSON`, { cause });
  }
}

/** The parts of one payload. Text above its bound is cut, names are not: too many or too long ones throw. */
export function encodeGuestMessage(message: GuestMessage): readonly Uint8Array[] {
  if ("trace" in message && message.trace !== undefined) {
    const { trace, ...plain } = message;
    return [new FieldWriter(GUEST.traced).text(trace, MAX_TRACE_BYTES).bytes(), ...encodeGuestMessage(plain)];
  }
  if ("terms" in message && message.terms !== undefined) {
    const { terms, ...plain } = message;
    const writer = new FieldWriter(GUEST.terms).u32(terms.by).u32(terms.of).names(terms.lend, MAX_GRANT_BYTES);
    return [writer.bytes(), ...encodeGuestMessage(plain)];
  }
  switch (message.kind) {
    case "ready":
      return [new FieldWriter(GUEST.ready).u8(message.version).u8(message.landlock).bytes()];
    case "started":
      return [new FieldWriter(GUEST.started).names(message.calls).names(message.casts).rest(message.contract).bytes()];
    case "reply":
      return [new FieldWriter(GUEST.reply).bytes(), message.bytes];
    case "error": {
      const { kind, message: text, path, detail } = message.error;
      const writer = new FieldWriter(GUEST.error).text(kind, MAX_NAME_BYTES).text(text, MAX_LINE_BYTES);
      return [writer.optional(path, MAX_DETAIL_BYTES).optional(detail, MAX_DETAIL_BYTES).bytes()];
    }
    case "handled":
      return [new FieldWriter(GUEST.handled).bytes()];
    case "alive":
      return [new FieldWriter(GUEST.alive).bytes()];
    case "reached":
      return [new FieldWriter(GUEST.reached).bytes()];
    case "awaiting":
      return [new FieldWriter(GUEST.awaiting).bytes()];
    case "resting":
      return [new FieldWriter(GUEST.resting).bytes()];
    case "http":
      return [new FieldWriter(GUEST.http).bytes(), ...message.part];
    case "log":
      return [new FieldWriter(GUEST.log).u8(LEVELS.indexOf(message.level)).text(message.text, MAX_LINE_BYTES).bytes()];
    case "send-call":
      return [
        new FieldWriter(GUEST.sendCall)
          .u32(message.timeoutMs)
          .text(message.target, MAX_NAME_BYTES)
          .text(message.method, MAX_NAME_BYTES)
          .bytes(),
        message.args,
      ];
    case "send-cast":
      return [
        new FieldWriter(GUEST.sendCast)
          .text(message.target, MAX_NAME_BYTES)
          .text(message.method, MAX_NAME_BYTES)
          .bytes(),
        message.args,
      ];
    case "driver-call":
      return [
        new FieldWriter(GUEST.driverCall)
          .u32(message.lentBy)
          .text(message.driver, MAX_NAME_BYTES)
          .text(message.operation, MAX_NAME_BYTES)
          .bytes(),
        message.args,
      ];
    case "exiting": {
      const { kind, normal, message: text, detail, location } = message.ending;
      const writer = new FieldWriter(GUEST.exiting)
        .u8(ENDING_KINDS.indexOf(kind))
        .u8(normal ? 1 : 0)
        .text(text, MAX_LINE_BYTES)
        .optional(detail, MAX_DETAIL_BYTES);
      if (location === undefined) return [writer.u8(0).bytes()];
      return [writer.u8(1).text(location.file, MAX_NAME_BYTES).u32(location.line).u32(location.column).bytes()];
    }
  }
}

/** @throws {ProtocolError} For anything that {@link encodeGuestMessage} does not make. */
export function decodeGuestMessage(payload: Uint8Array): GuestMessage {
  const reader = new FieldReader(payload);
  const kind = reader.u8();
  switch (kind) {
    case GUEST.ready: {
      const version = reader.u8();
      const landlock = reader.u8();
      reader.end();
      return { kind: "ready", version, landlock };
    }
    case GUEST.started: {
      const calls = reader.names();
      const casts = reader.names();
      return { kind: "started", calls, casts, contract: reader.restText(MAX_CONTRACT_BYTES) };
    }
    case GUEST.reply:
      return { kind: "reply", bytes: reader.rest() };
    case GUEST.error: {
      const fault = reader.text(MAX_NAME_BYTES);
      const message = reader.text(MAX_LINE_BYTES);
      const path = reader.optional(MAX_DETAIL_BYTES);
      const detail = reader.optional(MAX_DETAIL_BYTES);
      reader.end();
      return {
        kind: "error",
        error: {
          kind: fault,
          message,
          ...(path === undefined ? {} : { path }),
          ...(detail === undefined ? {} : { detail }),
        },
      };
    }
    case GUEST.handled:
      reader.end();
      return { kind: "handled" };
    case GUEST.alive:
      reader.end();
      return { kind: "alive" };
    case GUEST.reached:
      reader.end();
      return { kind: "reached" };
    case GUEST.awaiting:
      reader.end();
      return { kind: "awaiting" };
    case GUEST.resting:
      reader.end();
      return { kind: "resting" };
    case GUEST.http:
      return { kind: "http", part: [reader.rest()] };
    case GUEST.log: {
      const level = reader.oneOf(LEVELS);
      const text = reader.text(MAX_LINE_BYTES);
      reader.end();
      return { kind: "log", level, text };
    }
    case GUEST.traced: {
      const trace = reader.text(MAX_TRACE_BYTES);
      const rest = reader.rest();
      // Looked at before it is read: these may lie one inside the other without end.
      const plain = rest[0] === GUEST.traced ? undefined : decodeGuestMessage(rest);
      if (plain?.kind === "send-call" || plain?.kind === "send-cast" || plain?.kind === "log")
        return { ...plain, trace };
      throw new ProtocolError(`Cannot read message of a guest: ${plain?.kind ?? "traced"} has no trace`);
    }
    case GUEST.terms: {
      const terms = { by: reader.u32(), of: reader.u32(), lend: reader.names(MAX_GRANT_BYTES) };
      const rest = reader.rest();
      const plain = rest[0] === GUEST.sendCall ? decodeGuestMessage(rest) : undefined;
      if (plain?.kind === "send-call") return { ...plain, terms };
      throw new ProtocolError("Cannot read message of a guest: terms are of a call");
    }
    case GUEST.sendCall:
      return {
        kind: "send-call",
        timeoutMs: reader.u32(),
        target: reader.text(MAX_NAME_BYTES),
        method: reader.text(MAX_NAME_BYTES),
        args: reader.rest(),
      };
    case GUEST.sendCast:
      return {
        kind: "send-cast",
        target: reader.text(MAX_NAME_BYTES),
        method: reader.text(MAX_NAME_BYTES),
        args: reader.rest(),
      };
    case GUEST.driverCall:
      return {
        kind: "driver-call",
        lentBy: reader.u32(),
        driver: reader.text(MAX_NAME_BYTES),
        operation: reader.text(MAX_NAME_BYTES),
        args: reader.rest(),
      };
    case GUEST.exiting:
      return { kind: "exiting", ending: decodeEnding(reader) };
    default:
      throw new ProtocolError(`Cannot read message of a guest: unknown kind ${kind}`);
  }
}

function decodeEnding(reader: FieldReader): Ending {
  const kind = reader.oneOf(ENDING_KINDS);
  const normal = reader.flag();
  const message = reader.text(MAX_LINE_BYTES);
  const detail = reader.optional(MAX_DETAIL_BYTES);
  const location = reader.flag()
    ? { file: reader.text(MAX_NAME_BYTES), line: reader.u32(), column: reader.u32() }
    : undefined;
  reader.end();
  return {
    kind,
    normal,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(location === undefined ? {} : { location }),
  };
}

/** Cuts text so that it takes at most `maxBytes` in UTF-8, never inside a character. */
export function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const target = new Uint8Array(maxBytes);
  const { read } = UTF8.encodeInto(text, target);
  return read === text.length ? text : text.slice(0, read);
}

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder("utf-8", { ignoreBOM: true });

class FieldWriter {
  #bytes = new Uint8Array(FEW_BYTES);
  #length = 0;

  constructor(kind: number) {
    this.u8(kind);
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
    return this;
  }

  u32(value: number): this {
    const bounded = Math.min(0xffff_ffff, Math.max(0, Math.trunc(Number.isFinite(value) ? value : 0xffff_ffff)));
    return this.#u16(bounded & 0xffff).#u16(bounded >>> 16);
  }

  /** Length u16 and text, cut to its bound. */
  text(value: string, maxBytes: number): this {
    const start = this.#length;
    this.#u16(0).rest(cutText(value, maxBytes));
    return this.#setU16(start, this.#length - start - 2);
  }

  optional(value: string | undefined, maxBytes: number): this {
    return value === undefined ? this.u8(0) : this.u8(1).text(value, maxBytes);
  }

  names(names: readonly string[], maxBytes = MAX_NAME_BYTES): this {
    if (names.length > MAX_METHODS) {
      throw new RangeError(`Cannot write names: at most ${MAX_METHODS} are allowed, got ${names.length}`);
    }
    this.#u16(names.length);
    for (const name of names) {
      const bytes = UTF8.encode(name).length;
      if (bytes > maxBytes) {
        throw new RangeError(`Cannot write name: at most ${maxBytes} bytes are allowed, got ${bytes}`);
      }
      this.text(name, maxBytes);
    }
    return this;
  }

  /** Text without a length, up to the end of the payload. */
  rest(value: string): this {
    this.#reserve(value.length * 3);
    const written = writeAscii(value, this.#bytes, this.#length);
    this.#length += written ?? UTF8.encodeInto(value, this.#bytes.subarray(this.#length)).written;
    return this;
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #u16(value: number): this {
    this.#reserve(2);
    this.#length += 2;
    return this.#setU16(this.#length - 2, value);
  }

  #setU16(place: number, value: number): this {
    this.#bytes[place] = value;
    this.#bytes[place + 1] = value >>> 8;
    return this;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Most fields are names of a few letters, for which the encoder takes longer than the letters. */
const FEW_BYTES = 64;

/** @returns How many bytes it took; undefined, with nothing written that counts, for what is long or not ASCII. */
function writeAscii(text: string, target: Uint8Array, start: number): number | undefined {
  if (text.length > FEW_BYTES) return undefined;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return undefined;
    target[start + index] = code;
  }
  return text.length;
}

class FieldReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#at(this.#skip(1));
  }

  flag(): boolean {
    const value = this.u8();
    if (value > 1) throw new ProtocolError(`Cannot read message: flag must be 0 or 1, got ${value}`);
    return value === 1;
  }

  oneOf<T>(values: readonly T[]): T {
    const index = this.u8();
    const value = values[index];
    if (value === undefined) {
      throw new ProtocolError(`Cannot read message: index must be below ${values.length}, got ${index}`);
    }
    return value;
  }

  u32(): number {
    return this.#u16() + this.#u16() * 0x1_0000;
  }

  text(maxBytes: number): string {
    const length = this.#u16();
    if (length > maxBytes) {
      throw new ProtocolError(`Cannot read message: text must be at most ${maxBytes} bytes, got ${length}`);
    }
    return TEXT.decode(this.#take(length));
  }

  optional(maxBytes: number): string | undefined {
    return this.flag() ? this.text(maxBytes) : undefined;
  }

  names(maxBytes = MAX_NAME_BYTES): readonly string[] {
    const count = this.#u16();
    if (count > MAX_METHODS) {
      throw new ProtocolError(`Cannot read message: at most ${MAX_METHODS} names are allowed, got ${count}`);
    }
    const names: string[] = [];
    for (let index = 0; index < count; index += 1) names.push(this.text(maxBytes));
    return names;
  }

  rest(): Uint8Array {
    return this.#take(this.#bytes.length - this.#offset);
  }

  restText(maxBytes: number): string {
    const bytes = this.rest();
    if (bytes.length > maxBytes) {
      throw new ProtocolError(`Cannot read message: text must be at most ${maxBytes} bytes, got ${bytes.length}`);
    }
    return TEXT.decode(bytes);
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) {
      throw new ProtocolError(`Cannot read message: ${this.#bytes.length - this.#offset} bytes too many`);
    }
  }

  #u16(): number {
    const place = this.#skip(2);
    return this.#at(place) | (this.#at(place + 1) << 8);
  }

  #at(place: number): number {
    return this.#bytes[place] ?? 0;
  }

  #take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, this.#offset);
  }

  /** @returns Where so many bytes begin, of which all are there. A view of a byte or two would take longer than to read them. */
  #skip(length: number): number {
    const start = this.#offset;
    const end = start + length;
    if (end > this.#bytes.length) {
      throw new ProtocolError(
        `Cannot read message: ${length} bytes are wanted, ${this.#bytes.length - start} are left`,
      );
    }
    this.#offset = end;
    return start;
  }
}
