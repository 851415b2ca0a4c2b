import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import type { ArtifactKind, Packaging, Program, ProgramProtocol, SourceLanguage } from "@solo/proto";
import { Failure, usageFailure } from "./failure.ts";

/** A file to deploy. */
export interface ArtifactFile {
  /** As the user named it. */
  readonly path: string;
  /** Its last part, as the server gets to know it. */
  readonly name: string;
  readonly kind: ArtifactKind;
  /** Of a source file. */
  readonly language: SourceLanguage;
  /** Of an external binary. */
  readonly program: Program | undefined;
  readonly bytes: Buffer;
}

/** What the command line says about an external binary. */
export interface ProgramFlags {
  readonly protocol?: string;
  readonly entry?: string;
  readonly programArg?: readonly string[];
}

/** 50 MB: the server refuses more, and sending it would only waste time. */
const maxBytes = 50_000_000;

const kinds = { source: 1, bundle: 2, binary: 3 } as const satisfies Record<string, ArtifactKind>;
const packagings = { executable: 1, tarball: 2 } as const satisfies Record<string, Packaging>;
const protocols: ReadonlyMap<string, ProgramProtocol> = new Map([
  ["frames", 1],
  ["lines", 2],
  ["http", 3],
]);

const languages: ReadonlyMap<string, SourceLanguage> = new Map([
  [".ts", 1],
  [".mts", 1],
  [".js", 2],
  [".mjs", 2],
]);

/** Ending of what `solo build` makes. */
export const bundleEnding = ".solo";

/**
 * Reads a file and tells its kind: by its ending, and for programs, which may have any, by how it begins.
 *
 * @throws {Failure} `FILE_UNREADABLE`, `FILE_KIND_UNKNOWN`, or `SOURCE_TOO_LARGE` before a byte is read.
 */
export function readArtifactFile(path: string, workingFolder: string, flags: ProgramFlags = {}): ArtifactFile {
  const absolute = resolve(workingFolder, path);
  const name = basename(path);
  const language = languages.get(extname(path));
  if (language !== undefined || extname(path) === bundleEnding) {
    refuseProgramFlags(path, flags);
    const kind = language === undefined ? kinds.bundle : kinds.source;
    return { path, name, kind, language: language ?? 0, program: undefined, bytes: readBytes(path, absolute) };
  }
  const isTarball = /\.(tar|tar\.gz|tgz)$/.test(path);
  const head = isTarball ? "" : readHead(path, absolute);
  if (!isTarball && !isProgram(head)) {
    const ending = extname(path) === "" ? "a name without an ending" : `the ending ${extname(path)}`;
    throw usageFailure(`Cannot deploy ${path}: its kind is not known`, {
      reason: "FILE_KIND_UNKNOWN",
      found: head === "" ? "an empty file" : `${ending}, and no program`,
      wanted: `one of ${[...languages.keys()].join(", ")}, ${bundleEnding}, .tar, .tar.gz, or a program: an ELF binary, or a script that begins with #!`,
    });
  }
  if (isTarball && flags.entry === undefined) {
    throw usageFailure(`Cannot deploy ${path}: which of its files is the program is not known`, {
      found: "no --entry",
      wanted: "the path of the program inside the tarball",
      command: `solo deploy ${path} --entry bin/server`,
    });
  }
  const program = {
    packaging: isTarball ? packagings.tarball : packagings.executable,
    entry: flags.entry ?? "",
    protocol: protocolOf(flags.protocol),
    arguments: [...(flags.programArg ?? [])],
  };
  return { path, name, kind: kinds.binary, language: 0, program, bytes: readBytes(path, absolute) };
}

export function isFolder(path: string, workingFolder: string): boolean {
  return statSync(resolve(workingFolder, path), { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A bundle that was made of a folder just now. */
export function bundleArtifact(
  path: string,
  built: { readonly name: string; readonly bytes: Buffer },
  flags: ProgramFlags,
): ArtifactFile {
  refuseProgramFlags(path, flags);
  if (built.bytes.length > maxBytes) throw tooLarge(path, built.bytes.length);
  const name = `${built.name}${bundleEnding}`;
  return { path, name, kind: kinds.bundle, language: 0, program: undefined, bytes: built.bytes };
}

function protocolOf(word = "frames"): ProgramProtocol {
  const protocol = protocols.get(word);
  if (protocol !== undefined) return protocol;
  throw usageFailure("Cannot use --protocol", { found: word, wanted: [...protocols.keys()].join(", ") });
}

function refuseProgramFlags(path: string, { protocol, entry, programArg }: ProgramFlags): void {
  const given = { "--protocol": protocol, "--entry": entry, "--program-arg": programArg?.[0] };
  const [flag] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (flag === undefined) return;
  throw usageFailure(`Cannot use ${flag} with ${path}`, { found: flag, wanted: "it for an external binary only" });
}

const isProgram = (head: string): boolean => head.startsWith("#!") || head === "\x7fELF";

/** The first four bytes, fewer of a shorter file. @throws {Failure} `FILE_UNREADABLE` */
function readHead(path: string, absolute: string): string {
  const head = Buffer.alloc(4);
  try {
    if (!statSync(absolute).isFile()) throw new Error("it is no file");
    const file = openSync(absolute, "r");
    try {
      return head.toString("latin1", 0, readSync(file, head));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readBytes(path: string, absolute: string): Buffer {
  try {
    const about = statSync(absolute);
    if (!about.isFile()) throw new Error("it is no file");
    if (about.size > maxBytes) throw tooLarge(path, about.size);
    return readFileSync(absolute);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Failure {
  return usageFailure(`Cannot read ${path}`, {
    reason: "FILE_UNREADABLE",
    found: error instanceof Error ? error.message : String(error),
    wanted: "a file that you may read",
  });
}

/** Line of the file, counted from 1, shortened for showing; undefined when it has none such. */
export function lineOfSource(source: ArtifactFile, line: number): string | undefined {
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
