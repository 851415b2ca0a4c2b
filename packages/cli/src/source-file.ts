import { readFileSync, statSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import type { SourceLanguage } from "@solo/proto";
import { Failure, usageFailure } from "./failure.ts";

/** A file to deploy. */
export interface SourceFile {
  /** As the user named it. */
  readonly path: string;
  /** Its last part, as the server gets to know it. */
  readonly name: string;
  readonly language: SourceLanguage;
  readonly bytes: Buffer;
}

/** 50 MB: the server refuses more, and sending it would only waste time. */
const maxBytes = 50_000_000;

const languages: ReadonlyMap<string, SourceLanguage> = new Map([
  [".ts", 1],
  [".mts", 1],
  [".js", 2],
  [".mjs", 2],
]);

/** @throws {Failure} `FILE_UNREADABLE`, `FILE_KIND_UNKNOWN`, or `SOURCE_TOO_LARGE` before a byte is read. */
export function readSourceFile(path: string, workingFolder: string): SourceFile {
  const language = languages.get(extname(path));
  if (language === undefined) {
    throw usageFailure(`Cannot deploy ${path}: its kind is not known`, {
      reason: "FILE_KIND_UNKNOWN",
      found: extname(path) === "" ? "a name without an ending" : `the ending ${extname(path)}`,
      wanted: `one of ${[...languages.keys()].join(", ")}`,
    });
  }
  const absolute = resolve(workingFolder, path);
  try {
    const about = statSync(absolute);
    if (!about.isFile()) throw new Error("it is no file");
    if (about.size > maxBytes) throw tooLarge(path, about.size);
    return { path, name: basename(path), language, bytes: readFileSync(absolute) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw usageFailure(`Cannot read ${path}`, {
      reason: "FILE_UNREADABLE",
      found: error instanceof Error ? error.message : String(error),
      wanted: "one TypeScript or JavaScript file that you may read",
    });
  }
}

/** Line of the file, counted from 1, shortened for showing; undefined when it has none such. */
export function lineOfSource(source: SourceFile, line: number): string | undefined {
  const text = source.bytes.toString("utf8").split("\n")[line - 1]?.replace(/\r$/, "");
  return text === undefined || text.length > 500 ? undefined : text;
}

function tooLarge(path: string, bytes: number): Failure {
  return new Failure(`Cannot deploy ${path}: it is too large`, {
    code: "resource_exhausted",
    reason: "SOURCE_TOO_LARGE",
    found: `${bytes} bytes`,
    wanted: `at most ${maxBytes} bytes`,
    fix: "Send less source, or split the service",
  });
}
