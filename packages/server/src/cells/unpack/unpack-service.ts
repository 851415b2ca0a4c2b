/**
 * Takes a tar archive apart, plain or gzip: a service that the kernel runs in a cell of its own, since archives are foreign
 * bytes. It answers with the files one after the other, and refuses whatever is no plain file or folder.
 */

import { defineServer, reply } from "@solo/actor-core";

/** One answer to `next`. */
type NextFile =
  | { readonly path: string; readonly executable: boolean }
  | { readonly refused: string }
  | Record<string, never>;

interface State {
  readonly pieces: Uint8Array[];
  archive?: Archive;
}

/** What one `read` gives at most: a frame holds base64 of it. */
const READ_BYTES = 2 * 1024 * 1024;

export default defineServer({
  version: 1,
  init: (): State => ({ pieces: [] }),
  calls: {
    push: ({ state }, bytes: Uint8Array) => {
      state.pieces.push(bytes);
      return reply({}, state);
    },
    // All of it is looked at before anything of it is handed out.
    check: async ({ state }) => reply(await refusing(() => check(new Archive(openBytes(state.pieces)))), state),
    next: async ({ state }) => {
      state.archive ??= new Archive(openBytes(state.pieces));
      return reply(await refusing(() => (state.archive as Archive).next()), state);
    },
    read: async ({ state }) => reply(await refusing(() => (state.archive as Archive).read()), state),
  },
});

async function refusing<T>(ask: () => Promise<T>): Promise<T | { readonly refused: string }> {
  try {
    return await ask();
  } catch (error) {
    return { refused: error instanceof Refused ? error.message : `it cannot be read: ${String(error)}` };
  }
}

class Refused extends Error {}

async function check(archive: Archive): Promise<Record<string, never>> {
  while ("path" in (await archive.next())) {}
  return {};
}

/** The archive's bytes, unpacked as they are asked for. */
function openBytes(given: readonly Uint8Array[]): ByteSource {
  const pieces = [...given] as Uint8Array<ArrayBuffer>[];
  const [first] = pieces;
  const isGzip = first !== undefined && first[0] === 0x1f && first[1] === 0x8b;
  let stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const next = pieces.shift();
      if (next === undefined) controller.close();
      else
        for (let at = 0; at < next.length; at += INPUT_BYTES) controller.enqueue(next.subarray(at, at + INPUT_BYTES));
    },
  });
  if (isGzip) stream = stream.pipeThrough(new DecompressionStream("gzip"));
  return new ByteSource(stream.getReader());
}

/** Fed to the decompressor at a time: a bomb makes a thousand times as much of it, and no more at once. */
const INPUT_BYTES = 16 * 1024;

class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  /** Up to `most` bytes; undefined at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    while (this.#held.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#held = value;
    }
    const taken = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  /** Exactly so many; undefined when there is nothing at all. */
  async exactly(count: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      const some = await this.some(count - filled);
      if (some === undefined) {
        if (filled === 0) return undefined;
        throw new Refused("it ends in the middle of a file");
      }
      bytes.set(some, filled);
      filled += some.length;
    }
    return bytes;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const some = await this.some(left);
      if (some === undefined) throw new Refused("it ends in the middle of a file");
      left -= some.length;
    }
  }
}

const BLOCK_BYTES = 512;
/** Longest record that tells the name or size of the file behind it. */
const MAX_EXTENSION_BYTES = 64 * 1024;
/** Folders among them. The kernel counts the files once more, and has the same bounds. */
const MAX_ENTRIES = 20_000;
const MAX_FILES = 4_096;
const MAX_BYTES = 200_000_000;

/** The headers of POSIX ustar, with the extensions of GNU tar (`L`) and pax (`x`) for names and sizes. */
class Archive {
  readonly #source: ByteSource;
  #left = 0;
  #padding = 0;
  #entries = 0;
  #files = 0;
  #bytes = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async next(): Promise<NextFile> {
    await this.#source.skip(this.#left + this.#padding);
    this.#left = 0;
    this.#padding = 0;
    const told: { path?: string; size?: number } = {};
    for (;;) {
      const header = await this.#source.exactly(BLOCK_BYTES);
      if (header === undefined || header.every((byte) => byte === 0)) {
        if (this.#entries === 0) throw new Refused("it is no tar archive, or an empty one");
        return {};
      }
      this.#entries += 1;
      if (this.#entries > MAX_ENTRIES) throw new Refused(`it has more than ${MAX_ENTRIES} entries`);
      checkSum(header);
      const size = told.size ?? octal(header.subarray(124, 136));
      const type = String.fromCharCode(header[156] ?? 0);
      if (type === "L" || type === "x" || type === "g") {
        if (size > MAX_EXTENSION_BYTES) throw new Refused("it has a name that is too long");
        const record = (await this.#source.exactly(size)) ?? new Uint8Array(0);
        await this.#source.skip(padding(size));
        if (type === "L") told.path = text(record);
        if (type === "x") Object.assign(told, readPax(record));
        continue;
      }
      const path = (told.path ?? ustarPath(header)).replace(/^(\.\/)+/, "");
      if (type === "5") {
        if (path !== "" && path !== ".") checkFolder(path);
        if (size > 0) throw new Refused(`${JSON.stringify(path)} is a folder with content`);
        delete told.path;
        delete told.size;
        continue;
      }
      if (type !== "0" && type !== "\0")
        throw new Refused(`${JSON.stringify(path)} is ${KINDS[type] ?? "no plain file"}`);
      // By what its header says, before a byte of it is unpacked.
      this.#files += 1;
      this.#bytes += size;
      if (this.#files > MAX_FILES) throw new Refused(`it holds more than ${MAX_FILES} files`);
      if (this.#bytes > MAX_BYTES) throw new Refused(`it holds more than ${MAX_BYTES} bytes unpacked`);
      this.#left = size;
      this.#padding = padding(size);
      return { path, executable: (octal(header.subarray(100, 108)) & 0o111) !== 0 };
    }
  }

  async read(): Promise<{ readonly bytes: Uint8Array } | Record<string, never>> {
    if (this.#left === 0) return {};
    const bytes = await this.#source.some(Math.min(this.#left, READ_BYTES));
    if (bytes === undefined) throw new Refused("it ends in the middle of a file");
    this.#left -= bytes.length;
    return { bytes };
  }
}

const KINDS: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a device",
  "4": "a device",
  "6": "a named pipe",
  S: "a sparse file",
};

function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** Sum of the header's bytes, its own field taken as spaces. */
function checkSum(header: Uint8Array): void {
  const sum = header.reduce((all, byte, index) => all + (index >= 148 && index < 156 ? 32 : byte), 0);
  const told = text(header.subarray(148, 156)).trim();
  if (!/^[0-7]+$/.test(told) || sum !== Number.parseInt(told, 8)) {
    throw new Refused("it is no tar archive, or a damaged one");
  }
}

function octal(field: Uint8Array): number {
  const digits = text(field).trim();
  if (!/^[0-7]{0,12}$/.test(digits)) throw new Refused("it has a number that cannot be read");
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end));
}

function ustarPath(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  const prefix =
    text(header.subarray(257, 262)) === "ustar" && header[263] === 0x30 ? text(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function readPax(record: Uint8Array): { path?: string; size?: number } {
  const told: { path?: string; size?: number } = {};
  for (let at = 0; at < record.length; ) {
    const space = record.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(text(record.subarray(at, space)));
    if (!Number.isSafeInteger(length) || length <= space - at || at + length > record.length) {
      throw new Refused("it has a record that cannot be read");
    }
    const [, key, value = ""] = /^([^=]*)=(.*)\n$/s.exec(text(record.subarray(space + 1, at + length))) ?? [];
    if (key === "path") told.path = value;
    if (key === "size") {
      if (!/^\d{1,12}$/.test(value)) throw new Refused("it has a number that cannot be read");
      told.size = Number(value);
    }
    if (key?.startsWith("GNU.sparse")) throw new Refused("it has a sparse file");
    at += length;
  }
  return told;
}

/** A folder is made when a file lies in it; one that leads elsewhere is refused all the same. */
function checkFolder(path: string): void {
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw new Refused(`it has the path ${JSON.stringify(path)}; wanted: relative paths without ".."`);
  }
}
