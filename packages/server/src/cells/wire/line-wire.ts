/**
 * The conversation as lines of words, for programs that have no bytes to count, such as shell scripts: the same messages as
 * in frames, each one line, its words parted by one space, the last word taking the rest of the line.
 *
 * Arguments and values are JSON and go through unread; a line break in them can only stand between tokens, so it becomes a
 * space. The lines of a program are hostile: each is bounded before it is kept, and a wrong one is a {@link ProtocolError}.
 */

import { ProtocolError } from "../errors.ts";
import { MAX_FRAME_BYTES } from "./frames.ts";
import {
  decodeKernelMessage,
  type EndingKind,
  encodeGuestMessage,
  type GuestMessage,
  type KernelMessage,
  type Level,
} from "./protocol.ts";
import type { Wire, WireDecoder } from "./wire.ts";

/** Lines of the kernel: `run`, `trace`, `call`, `cast`, `stop`, `answer`, `refusal`. Of a program: see {@link readLine}. */
export const lineWire: Wire = {
  encode: (id, parts) => {
    const message = decodeKernelMessage(Buffer.concat(parts));
    const plain = writeLine(id, message);
    const trace = "trace" in message ? message.trace : undefined;
    return trace === undefined ? plain : Buffer.concat([line(["trace", id, word(trace)]), plain]);
  },
  decoder: (onFrame) => new LineDecoder(onFrame),
};

function writeLine(id: number, message: KernelMessage): Uint8Array {
  switch (message.kind) {
    case "run":
      return line(["run"], message.args, "[]");
    case "call":
      return line(["call", id, message.timeoutMs, word(message.method)], message.args, "[]");
    case "cast":
      return line(["cast", id, word(message.method)], message.args, "[]");
    case "stop":
      return line(["stop"]);
    case "answer":
      return line(["answer", id], message.bytes, "null");
    case "refusal":
      return line(["refusal", id, word(message.reason)], Buffer.from(message.message));
    // Said to guests of ours only.
    case "rouse":
    case "ask-rest":
    case "boot":
    case "source":
    case "probe":
    case "http":
      return new Uint8Array(0);
  }
}

function line(words: readonly (string | number)[], rest?: Uint8Array, whenEmpty = ""): Uint8Array {
  const head = words.join(" ");
  if (rest === undefined) return Buffer.from(`${head}\n`);
  const bytes = Buffer.concat([Buffer.from(`${head} `), rest.length === 0 ? Buffer.from(whenEmpty) : rest, NEWLINE]);
  for (let index = bytes.indexOf(LF); index < bytes.length - 1; index = bytes.indexOf(LF, index + 1)) {
    bytes[index] = SPACE;
  }
  return bytes;
}

/** A name as one word: what would part it is written as `%20` and the like, and so is `%`. */
function word(name: string): string {
  return name.replace(/[\s%]/gu, (character) => encodeURIComponent(character));
}

class LineDecoder implements WireDecoder {
  readonly #onFrame: (id: number, payload: Uint8Array) => void;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(onFrame: (id: number, payload: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#hold(chunk.subarray(start, end));
      this.#deliver();
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
  }

  #hold(bytes: Uint8Array): void {
    if (this.#heldBytes + bytes.length > MAX_FRAME_BYTES) {
      throw new ProtocolError(`Cannot read line: it has more than ${MAX_FRAME_BYTES} bytes`);
    }
    if (bytes.length === 0) return;
    this.#held.push(bytes.slice());
    this.#heldBytes += bytes.length;
  }

  #deliver(): void {
    const bytes = Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    const { id, message } = readTracedLine(bytes);
    this.#onFrame(id, encode(message));
  }
}

function encode(message: GuestMessage): Uint8Array {
  try {
    return Buffer.concat(encodeGuestMessage(message));
  } catch (error) {
    // Too many names of calls and casts, or too long ones.
    if (error instanceof RangeError) throw new ProtocolError(error.message, { cause: error });
    throw error;
  }
}

/** Reads a line that may say before it what trace it is part of: `traced TRACEPARENT LINE`. @throws {ProtocolError} */
function readTracedLine(bytes: Buffer): { readonly id: number; readonly message: GuestMessage } {
  const words = new WordReader(bytes);
  if (words.next() !== "traced") return readLine(bytes);
  const trace = words.next();
  const { id, message } = readLine(Buffer.from(words.rest()));
  if (message.kind === "send-call" || message.kind === "send-cast" || message.kind === "log") {
    return { id, message: { ...message, trace } };
  }
  throw new ProtocolError(`Cannot read line: ${message.kind} has no trace`);
}

/**
 * Reads what a program may say: `started CALLS CASTS`, `reply ID VALUE`, `error ID KIND MESSAGE`, `handled ID`,
 * `log LEVEL TEXT`, `call ID TIMEOUT_MS SERVICE METHOD ARGS`, `cast SERVICE METHOD ARGS`,
 * `driver ID LENT_BY DRIVER OPERATION ARGS`, `exiting KIND MESSAGE`.
 *
 * @throws {ProtocolError} For any other line.
 */
function readLine(bytes: Buffer): { readonly id: number; readonly message: GuestMessage } {
  const words = new WordReader(bytes);
  const kind = words.next();
  switch (kind) {
    case "started":
      return {
        id: 0,
        message: { kind: "started", calls: names(words.next()), casts: names(words.next()), contract: "" },
      };
    case "reply":
      return { id: words.number(), message: { kind: "reply", bytes: words.rest() } };
    case "error":
      return { id: words.number(), message: { kind: "error", error: { kind: words.next(), message: words.text() } } };
    case "handled":
      return { id: words.number(), message: { kind: "handled" } };
    case "log":
      return { id: 0, message: { kind: "log", level: words.oneOf(LEVELS), text: words.text() } };
    case "call": {
      const id = words.number();
      const timeoutMs = words.number();
      return {
        id,
        message: { kind: "send-call", timeoutMs, target: words.name(), method: words.name(), args: words.rest() },
      };
    }
    case "cast":
      return { id: 0, message: { kind: "send-cast", target: words.name(), method: words.name(), args: words.rest() } };
    case "driver": {
      const id = words.number();
      const [lentBy, driver, operation] = [words.number(), words.name(), words.name()];
      return { id, message: { kind: "driver-call", lentBy, driver, operation, args: words.rest() } };
    }
    case "exiting": {
      const ending = words.oneOf(ENDINGS);
      return {
        id: 0,
        message: { kind: "exiting", ending: { kind: ending, normal: ending === "stop", message: words.text() } },
      };
    }
    default:
      throw new ProtocolError(`Cannot read line: it begins with ${JSON.stringify(kind.slice(0, 40))}`);
  }
}

class WordReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The next word; empty at the end. */
  next(): string {
    const found = this.#bytes.indexOf(SPACE, this.#offset);
    const end = found === -1 ? this.#bytes.length : found;
    if (end - this.#offset > MAX_WORD_BYTES) throw new ProtocolError("Cannot read line: a word is too long");
    const word = this.#bytes.toString("utf8", this.#offset, end);
    this.#offset = Math.min(end + 1, this.#bytes.length);
    return word;
  }

  number(): number {
    const word = this.next();
    const value = Number(word);
    if (!/^\d{1,10}$/.test(word) || value > 0xffff_ffff) {
      throw new ProtocolError(
        `Cannot read line: a number up to ${0xffff_ffff} is wanted, got ${JSON.stringify(word.slice(0, 40))}`,
      );
    }
    return value;
  }

  oneOf<T extends string>(values: readonly T[]): T {
    const word = this.next();
    const value = values.find((each) => each === word);
    if (value === undefined) {
      throw new ProtocolError(
        `Cannot read line: one of ${values.join(", ")} is wanted, got ${JSON.stringify(word.slice(0, 40))}`,
      );
    }
    return value;
  }

  name(): string {
    return decodeName(this.next());
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  text(): string {
    return this.#bytes.toString("utf8", this.#offset, this.#offset + MAX_TEXT_BYTES);
  }
}

/** Parted by commas; `-` or nothing for none. */
function names(list: string): readonly string[] {
  return list === "-" || list === "" ? [] : list.split(",").map(decodeName);
}

function decodeName(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];
const ENDINGS: readonly Exclude<EndingKind, "compile" | "artifact" | "arguments">[] = ["init", "crash", "stop"];
const MAX_WORD_BYTES = 64 * 1024;
const MAX_TEXT_BYTES = 8 * 1024;
const LF = 10;
const SPACE = 32;
const NEWLINE = Buffer.from("\n");
