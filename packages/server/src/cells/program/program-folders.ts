import { createHash, randomUUID } from "node:crypto";
import { chmod, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Program } from "../../ports/artifact.ts";
import { ProgramRefused } from "./errors.ts";
import { type Executable, HEAD_BYTES, readExecutable } from "./executable.ts";
import type { ProgramPlace } from "./program-place.ts";

/** Name of a program that came alone, inside its folder. */
const ALONE = "program";

/** One file out of an archive, as a cell tells it: hostile. */
export interface ArchiveFile {
  readonly path: string;
  readonly executable: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Takes an archive apart in a cell. @throws {ProgramRefused} */
export type Unpack = (archive: Uint8Array) => AsyncIterable<ArchiveFile>;

/** A program's files on this host, read-only, as long as somebody holds them. */
export interface ProgramFiles {
  readonly folder: string;
  /** Path of the program inside the folder. */
  readonly entry: string;
  readonly executable: Exclude<Executable, { kind: "refused" }>;
  /** Once for each time they were taken; the last one removes them. */
  release(): void;
}

interface Held {
  readonly files: Promise<Omit<ProgramFiles, "release">>;
  holders: number;
}

/** Most that an archive may come to, unpacked. */
export const unpackedLimits = { bytes: 200_000_000, files: 4_096, depth: 32 } as const;

/**
 * The files of the programs that run, each artifact once, however many services run it.
 *
 * Nothing here reads an archive: a cell does, and what it says is held to be hostile. Files are made new, in a folder that
 * nobody else writes to and in which there is never a link, so a path leads where it says.
 */
export class ProgramFolders {
  readonly #place: ProgramPlace;
  readonly #unpack: Unpack;
  readonly #held = new Map<string, Held>();
  #removals: Promise<unknown> = Promise.resolve();

  constructor(place: ProgramPlace, unpack: Unpack) {
    this.#place = place;
    this.#unpack = unpack;
  }

  /** Removes what a killed server left. */
  sweep(): Promise<void> {
    return this.#place.sweep();
  }

  /** @throws {ProgramRefused} When the artifact is no program that can run here; nothing is left then. */
  async take(artifact: Uint8Array, { packaging, entry }: Program): Promise<ProgramFiles> {
    const key = `${createHash("sha256").update(artifact).digest("hex")} ${packaging} ${entry}`;
    const known = this.#held.get(key);
    const held: Held = known ?? {
      files: packaging === "executable" ? this.#placeAlone(artifact) : this.#placeAll(artifact, entry),
      holders: 0,
    };
    held.holders += 1;
    if (known === undefined) this.#held.set(key, held);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      held.holders -= 1;
      if (held.holders > 0) return;
      this.#held.delete(key);
      const removal = held.files
        .then(({ folder }) => rm(folder, { recursive: true, force: true }))
        .catch(() => undefined);
      this.#removals = Promise.all([this.#removals, removal]);
    };
    try {
      return { ...(await held.files), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Waits until what was released is removed. */
  async settle(): Promise<void> {
    await this.#removals;
  }

  /** Nobody may hold files of it any more. */
  async close(): Promise<void> {
    await this.#removals;
    await this.#place.remove();
  }

  async #placeAlone(artifact: Uint8Array): Promise<Omit<ProgramFiles, "release">> {
    const executable = requireProgram(artifact, "the artifact");
    return this.#inNewFolder(async (folder) => {
      await writeFile(join(folder, ALONE), [artifact], 0o555);
      return { folder, entry: ALONE, executable };
    });
  }

  async #placeAll(archive: Uint8Array, entry: string): Promise<Omit<ProgramFiles, "release">> {
    return this.#inNewFolder(async (folder) => {
      const made = new Set<string>();
      const parents = new Set<string>();
      let files = 0;
      let bytes = 0;
      let head: Uint8Array | undefined;
      for await (const file of this.#unpack(archive)) {
        const path = checkPath(file.path);
        files += 1;
        if (files > unpackedLimits.files) throw tooMuch(`more than ${unpackedLimits.files} files`);
        if (made.has(path)) throw refused(`it has ${JSON.stringify(path)} twice`);
        made.add(path);
        for (const parent of parentsOf(path)) {
          if (!parents.has(parent)) await makeFolder(join(folder, parent));
          parents.add(parent);
        }
        const counted = async function* (): AsyncIterable<Uint8Array> {
          for await (const chunk of file.content) {
            bytes += chunk.length;
            if (bytes > unpackedLimits.bytes) throw tooMuch(`more than ${unpackedLimits.bytes} bytes unpacked`);
            if (path === entry && head === undefined) head = chunk.slice(0, HEAD_BYTES);
            yield chunk;
          }
        };
        await writeFile(join(folder, path), counted(), file.executable ? 0o555 : 0o444);
        if (path === entry) {
          head ??= new Uint8Array(0);
          if (!file.executable)
            throw refused(`its entry ${JSON.stringify(entry)} is not executable: chmod +x it before it is packed`);
        }
      }
      if (head === undefined) throw refused(`it has no file ${JSON.stringify(entry)}, which is to be its entry`);
      return { folder, entry, executable: requireProgram(head, `its entry ${JSON.stringify(entry)}`) };
    });
  }

  async #inNewFolder<T>(fill: (folder: string) => Promise<T>): Promise<T> {
    const folder = join(await this.#place.folder(), randomUUID());
    try {
      await makeFolder(folder);
      return await fill(folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      switch (codeOf(error)) {
        case "EEXIST":
        case "ENOTDIR":
        case "EISDIR":
          throw refused("it has a file and a folder of the same name, or two names that are one on this host's disk");
        case "ENOSPC":
        case "EDQUOT":
          throw new ProgramRefused("disk_full", "There is no room for its files on the disk of the data folder", {
            cause: error,
          });
      }
      throw error;
    }
  }
}

function requireProgram(bytes: Uint8Array, what: string): Exclude<Executable, { kind: "refused" }> {
  const executable = readExecutable(bytes, process.arch);
  if (executable.kind !== "refused") return executable;
  throw refused(`${what} is ${executable.found}; wanted: ${executable.wanted}`);
}

/** @throws {ProgramRefused} For a path that could lead out of its folder, or that not every file system can hold. */
function checkPath(path: string): string {
  const parts = path.split("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== ".." && Buffer.byteLength(part) <= 255);
  if (isPlain && parts.length <= unpackedLimits.depth && path.length <= 1_024 && !/[\p{Cc}\\]/u.test(path)) {
    return path;
  }
  throw refused(
    `it has the path ${JSON.stringify(path.slice(0, 200))}; wanted: relative paths without "..", of at most 32 names`,
  );
}

/** Of `a/b/c`: `a` and `a/b`. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** A cell's user may be another one, who has to pass through whatever the server's mask is. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path);
  await chmod(path, 0o755);
}

async function writeFile(
  path: string,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    for await (const chunk of content) await handle.writeFile(chunk);
    // The mode it was opened with passed through the server's mask.
    await handle.chmod(mode);
  } finally {
    await handle.close();
  }
}

function refused(message: string): ProgramRefused {
  return new ProgramRefused("artifact", message);
}

function tooMuch(found: string): ProgramRefused {
  return refused(
    `it holds ${found}; wanted: at most ${unpackedLimits.files} files of ${unpackedLimits.bytes} bytes together`,
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
