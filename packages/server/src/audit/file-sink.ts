import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { AuditBatch, AuditSink } from "../ports/audit-sink.ts";

export interface FileSinkOptions {
  readonly path: string;
  /** A file that has grown to this is put aside under a number, and a new one begun. None is ever removed. */
  readonly maxBytes: number;
}

/** What is known to be on disk. Kept beside the file, and replaced after each batch that was synced. */
interface Cursor {
  readonly inode: number;
  readonly bytes: number;
  /** How many files were put aside. */
  readonly rotations: number;
  readonly sequences: { readonly [tenant: string]: number };
}

/**
 * Appends events to a file, one JSON object a line: `{"tenant","sequence","at","event"}`, the event as it is stored.
 *
 * Each batch is synced (fdatasync) before its cursor is, so a line that is in the file stays there after a loss of power, and
 * after a crash what is behind the cursor is cut off and written again: each event stands there once.
 */
export class FileSink implements AuditSink {
  readonly name: string;
  readonly #path: string;
  readonly #maxBytes: number;
  #file: FileHandle | undefined;
  #cursor: Cursor = { inode: 0, bytes: 0, rotations: 0, sequences: {} };

  constructor({ path, maxBytes }: FileSinkOptions) {
    this.#path = resolve(path);
    this.#maxBytes = maxBytes;
    this.name = this.#path;
  }

  async open(): Promise<{ readonly cursors: ReadonlyMap<string, number>; readonly problem?: string }> {
    await this.close();
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const known = await this.#readCursor();
    this.#cursor = known ?? this.#cursor;
    const { problem } = await this.#take(known);
    const cursors = new Map(Object.entries(this.#cursor.sequences));
    return { cursors, ...(problem === undefined ? {} : { problem }) };
  }

  async write({ tenant, records }: AuditBatch): Promise<void> {
    const last = records.at(-1);
    if (last === undefined) return;
    if (this.#file === undefined) throw new Error(`The audit file ${this.#path} is not open`);
    const there = await stat(this.#path).catch(() => undefined);
    if (there?.ino !== this.#cursor.inode) throw new Error(`The audit file ${this.#path} was taken away`);
    if (this.#cursor.bytes >= this.#maxBytes) await this.#rotate();
    const lines = Buffer.from(records.map((record) => lineOf(tenant, record)).join(""));
    await writeAll(this.#file, lines, this.#cursor.bytes);
    await this.#file.datasync();
    const { sequences } = this.#cursor;
    await this.#keep({
      ...this.#cursor,
      bytes: this.#cursor.bytes + lines.length,
      sequences: { ...sequences, [tenant]: last.sequence },
    });
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Goes on in the file that the cursor is about, or in a new one. */
  async #take(known: Cursor | undefined): Promise<{ readonly problem?: string }> {
    const file = await open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.#file = file;
    const { ino: inode, size } = await file.stat();
    if (known === undefined) {
      // What others have written there stays.
      await this.#keep({ ...this.#cursor, inode, bytes: size });
      return {};
    }
    if (known.inode === inode && size >= known.bytes) {
      // Written and not vouched for, perhaps torn.
      await file.truncate(known.bytes);
      return {};
    }
    if (known.inode === inode) {
      await this.#keep({ ...known, bytes: size });
      return { problem: `${this.#path} is ${known.bytes - size} bytes shorter than it was left` };
    }
    // Put aside, but killed before that was noted.
    const aside = await stat(this.#asidePath(known.rotations + 1)).catch(() => undefined);
    if (aside?.ino === known.inode) {
      await file.truncate(0);
      this.#cursor = { ...known, inode, bytes: 0, rotations: known.rotations + 1 };
      return {};
    }
    await this.#keep({ ...known, inode, bytes: size });
    if (Object.keys(known.sequences).length === 0) return {};
    return { problem: `${this.#path} is another file than the one that was written to` };
  }

  async #rotate(): Promise<void> {
    const rotations = this.#cursor.rotations + 1;
    await rename(this.#path, this.#asidePath(rotations));
    await this.close();
    const file = await open(this.#path, "wx+", 0o600);
    this.#file = file;
    const { ino: inode } = await file.stat();
    await syncFolder(dirname(this.#path));
    this.#cursor = { ...this.#cursor, inode, bytes: 0, rotations };
  }

  #asidePath(rotation: number): string {
    return `${this.#path}.${String(rotation).padStart(6, "0")}`;
  }

  get #cursorPath(): string {
    return `${this.#path}.cursor`;
  }

  async #readCursor(): Promise<Cursor | undefined> {
    try {
      return JSON.parse(await readFile(this.#cursorPath, "utf8")) as Cursor;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async #keep(cursor: Cursor): Promise<void> {
    const fresh = `${this.#cursorPath}.new`;
    const file = await open(fresh, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(cursor));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(fresh, this.#cursorPath);
    this.#cursor = cursor;
  }
}

function lineOf(tenant: string, { sequence, atMs, json }: AuditBatch["records"][number]): string {
  const at = new Date(atMs).toISOString();
  return `{"tenant":${JSON.stringify(tenant)},"sequence":${sequence},"at":"${at}","event":${json}}\n`;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
