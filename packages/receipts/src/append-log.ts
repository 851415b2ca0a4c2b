import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Checkpoint, openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { LogDamaged, LogFolder, logFiles, rootOfHashes } from "./log-folder.ts";
import { emptyRoot, hashLeaf, type ReadNode, rootOf } from "./merkle-tree.ts";
import { formatVerifier, type NoteSigner, verifierOf } from "./signed-note.ts";
import { countAt, encodeEntry, placeOf, TILE_HEIGHT, TILE_WIDTH, type TilePlace, tilePath } from "./tiles.ts";

export interface LogOwner {
  readonly folder: string;
  readonly origin: string;
  readonly signer: NoteSigner;
}

/**
 * The newest checkpoint of a log of ours; that of an empty tree where there is no log yet.
 *
 * @throws {NoteRefused} Its checkpoint is not what this key has signed.
 * @throws {LogDamaged} It is of another log, or the tiles at its end do not lead to its root.
 */
export function openLog({ folder, origin, signer }: LogOwner): Checkpoint {
  const files = new LogFolder(folder);
  const note = files.text("checkpoint");
  if (note === undefined) return { origin, size: 0, root: emptyRoot };
  const checkpoint = openCheckpoint(note, verifierOf(signer));
  if (checkpoint.origin !== origin) {
    throw new LogDamaged(`The log is ${checkpoint.origin}, wanted ${origin}`);
  }
  const { size, root } = checkpoint;
  if (Buffer.compare(rootOf(size, files.nodes(size)), root) !== 0) {
    throw new LogDamaged(`The tiles at the end do not lead to the root of the checkpoint of size ${size}`);
  }
  return checkpoint;
}

/**
 * Appends entries and publishes the checkpoint behind them.
 *
 * Whenever it is interrupted, the checkpoint before stays and all that it needs; the same entries are then appended again.
 * Nothing is synced to disk: what feeds a log can feed it again.
 *
 * @param before As {@link openLog} or the call before has returned it. Nobody else may write.
 */
export async function appendLog(
  owner: LogOwner,
  before: Checkpoint,
  entries: readonly Uint8Array[],
): Promise<Checkpoint> {
  if (entries.length === 0) return before;
  const { folder, signer, origin } = owner;
  const size = before.size + entries.length;
  const end = new LogEnd(new LogFolder(folder), before.size);
  const tiles: Tile[] = [];
  // Full ones as they come, of which there may be many; the others are one a level.
  for (const full of end.append(entries)) {
    await writeTile(folder, full);
    tiles.push(full);
  }
  const partial = end.partial();
  const checkpoint: Checkpoint = { origin, size, root: rootOf(size, end.nodes) };
  const note = signCheckpoint(checkpoint, signer);
  // Nobody reads these yet, so in any order; then those that say so, each once all it speaks of is there.
  await Promise.all([
    ...partial.map((tile) => writeTile(folder, tile)),
    before.size === 0 && write(join(folder, logFiles.verifier), `${formatVerifier(verifierOf(signer))}\n`),
    write(join(folder, `${logFiles.checkpoint}.new`), note),
  ]);
  await appendLine(join(folder, logFiles.history), JSON.stringify(note));
  await rename(join(folder, `${logFiles.checkpoint}.new`), join(folder, logFiles.checkpoint));
  const grown = [...tiles, ...partial].filter(({ place: { level, index } }) => {
    return index * TILE_WIDTH < countAt(level === "entries" ? 0 : level, before.size);
  });
  await Promise.all(grown.map(({ place }) => removeSuperseded(folder, place)));
  return checkpoint;
}

interface Tile {
  readonly place: TilePlace;
  readonly bytes: Uint8Array;
}

function writeTile(folder: string, { place, bytes }: Tile): Promise<void> {
  return write(join(folder, tilePath(place)), bytes);
}

/** Makes the folder where there is none, which is seldom. */
async function write(file: string, content: Uint8Array | string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, content);
  }
}

/** A line that an interrupted write has left without its end goes first. */
async function appendLine(file: string, line: string): Promise<void> {
  const handle = await open(file, "a+");
  try {
    const { size } = await handle.stat();
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    if (size > 0 && buffer.toString() !== "\n") {
      const text = await handle.readFile("utf8");
      await handle.truncate(Buffer.byteLength(text.slice(0, text.lastIndexOf("\n") + 1)));
    }
    await handle.appendFile(`${line}\n`);
  } finally {
    await handle.close();
  }
}

/** Removes partial tiles that have this wider one beside them now. */
async function removeSuperseded(folder: string, place: TilePlace): Promise<void> {
  const partials = join(folder, dirname(tilePath({ ...place, width: 1 })));
  if (place.width === TILE_WIDTH) {
    await rm(partials, { recursive: true, force: true });
    return;
  }
  for (const width of await readdir(partials)) {
    if (Number(width) < place.width) await rm(join(partials, width), { force: true });
  }
}

/** The tiles at the end of a log that are not full yet, in memory: all that appending needs of it. */
class LogEnd {
  #size: number;
  #bundle: Uint8Array[];
  /** Hashes of the last tile of each level, from below. */
  readonly #levels: Uint8Array[][] = [];

  constructor(files: LogFolder, size: number) {
    this.#size = size;
    const bundled = size % TILE_WIDTH;
    const place = { ...placeOf("entries", size - bundled, size), level: "entries" as const };
    this.#bundle = bundled === 0 ? [] : files.bundle(place).map(encodeEntry);
    for (let level = 0; countAt(level, size) > 0; level++) {
      const count = countAt(level, size);
      const width = count % TILE_WIDTH;
      this.#levels.push(width === 0 ? [] : [...files.hashes(placeOf(level, count - width, count))]);
    }
  }

  /** Takes entries in, and gives what they fill. */
  *append(entries: readonly Uint8Array[]): Iterable<Tile> {
    for (const entry of entries) {
      this.#bundle.push(encodeEntry(entry));
      this.#size += 1;
      if (this.#bundle.length === TILE_WIDTH) {
        yield this.#tile("entries", this.#size, this.#bundle);
        this.#bundle = [];
      }
      yield* this.#push(0, hashLeaf(entry));
    }
  }

  *#push(level: number, hash: Uint8Array): Iterable<Tile> {
    this.#levels[level] ??= [];
    const hashes = this.#levels[level];
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    yield this.#tile(level, countAt(level, this.#size), hashes);
    this.#levels[level] = [];
    yield* this.#push(level + 1, rootOfHashes(hashes));
  }

  /** What is not full. */
  partial(): readonly Tile[] {
    const levels = this.#levels.map((hashes, level) => ({ level, hashes, count: countAt(level, this.#size) }));
    return [
      ...(this.#bundle.length === 0 ? [] : [this.#tile("entries", this.#size, this.#bundle)]),
      ...levels
        .filter(({ hashes }) => hashes.length > 0)
        .map(({ level, hashes, count }) => this.#tile(level, count, hashes)),
    ];
  }

  /** The subtrees that the root of all is made of: each lies in the last tile of its level. */
  readonly nodes: ReadNode = (level, index) => {
    const hashes = this.#levels[Math.floor(level / TILE_HEIGHT)] ?? [];
    const width = 2 ** (level % TILE_HEIGHT);
    const first = (index * width) % TILE_WIDTH;
    return rootOfHashes(hashes.slice(first, first + width));
  };

  #tile(level: TilePlace["level"], count: number, parts: readonly Uint8Array[]): Tile {
    return { place: placeOf(level, count - 1, count), bytes: Buffer.concat(parts) };
  }
}
