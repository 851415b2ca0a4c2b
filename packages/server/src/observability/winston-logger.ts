import { Writable } from "node:stream";
import winston from "winston";
import { logBacklogBytes } from "../limits.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";
import { redact } from "./redact.ts";

export interface LoggerOptions {
  /** Milder lines are left out. */
  readonly level: LogLevel;
  /** `json`: one object a line with `ts`, `level`, `message`, `fields`. `text`: for people. */
  readonly format: "text" | "json";
  /** Stays the caller's: it is never ended here. */
  readonly stream: Writable;
  /** Milliseconds since 1970-01-01 UTC. Default: the machine's clock. */
  readonly wallMs?: () => number;
}

/**
 * The server's own log, by winston.
 *
 * A line is written before the call returns, unless more than 1 MiB waits for a slow reader: then it is dropped, and the next
 * line that fits is preceded by one that says how many were. Secrets are taken out by `redact`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const wallMs = options.wallMs ?? Date.now;
  const lineOf = options.format === "json" ? jsonLine : textLine;
  const droppedNote = (dropped: number): string => {
    const entry = { atMs: wallMs(), fields: { dropped } };
    return lineOf({ level: "warn", message: "Log lines dropped: the reader is too slow", entry });
  };
  const logger = winston.createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format.printf((info) => lineOf(info as unknown as Line)),
    transports: [new winston.transports.Stream({ stream: bounded(options.stream, droppedNote), eol: "\n" })],
  });
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      // Under one key, so that a field called `level` or `message` cannot overwrite winston's own.
      if (logger.isLevelEnabled(level)) {
        logger.log({ level, message: String(redact(message)), entry: { atMs: wallMs(), fields: redact(fields) } });
      }
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

interface Entry {
  readonly atMs: number;
  readonly fields: LogFields;
}

interface Line {
  readonly level: string;
  readonly message: string;
  readonly entry: Entry;
}

function jsonLine({ level, message, entry }: Line): string {
  return JSON.stringify({ ts: new Date(entry.atMs).toISOString(), level, message, fields: entry.fields });
}

function textLine({ level, message, entry }: Line): string {
  const fields = Object.entries(entry.fields).map(([name, value]) => ` ${name}=${fieldText(value)}`);
  return `${new Date(entry.atMs).toISOString()} ${level.padEnd(5)} ${oneLine(message)}${fields.join("")}`;
}

/** Bare where that is readable, else JSON, which also keeps a value on its line. */
function fieldText(value: unknown): string {
  return typeof value === "string" && /^[\w./:@-]+$/.test(value)
    ? value
    : oneLine(JSON.stringify(value) ?? "undefined");
}

/** Control characters written out: nothing that is logged may forge a line or steer a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    return character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Takes every chunk at once, always: a stream that makes winston wait makes it keep lines without bound. */
function bounded(stream: Writable, droppedNote: (dropped: number) => string): Writable {
  let dropped = 0;
  // A log nobody can read any more, such as a closed pipe, must not end the server.
  stream.on("error", () => {});
  return new Writable({
    decodeStrings: false,
    write(line: string, _, done) {
      if (!stream.writable || stream.writableLength >= logBacklogBytes) {
        dropped += 1;
      } else {
        if (dropped > 0) stream.write(`${droppedNote(dropped)}\n`);
        dropped = 0;
        stream.write(line);
      }
      done();
    },
  });
}
