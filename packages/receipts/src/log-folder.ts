import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HASH_BYTES, hashNode, type ReadNode } from "./merkle-tree.ts";
import { countAt, decodeBundle, placeOf, TILE_HEIGHT, TILE_WIDTH, type TilePlace, tilePath } from "./tiles.ts";

/** Names of a log's files beside its tiles. */
export const logFiles = {
  /** The newest checkpoint. */
  checkpoint: "checkpoint",
  /** Every checkpoint, each as one JSON string on a line of its own. */
  history: "checkpoints.jsonl",
  /** The key that checks them, as one line. */
  verifier: "verifier",
} as const;

/** A part of a log is not there, or is not what it must be. */
export class LogDamaged extends Error {
  override readonly name = "LogDamaged";
}

/** Reads the files of one log. Blocks: meant for a command, and for the few tiles at a log's end. */
export class LogFolder {
  readonly folder: string;
  readonly #tiles = new Map<string, Uint8Array>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A file beside the tiles; `undefined` when there is none. */
  text(name: keyof typeof logFiles): string | undefined {
    const file = join(this.folder, logFiles[name]);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  /** The hashes of a tree of this size. @throws {LogDamaged} From the returned function, for a tile that is not there. */
  nodes(size: number): ReadNode {
    return (level, index) => {
      const tileLevel = Math.floor(level / TILE_HEIGHT);
      const width = 2 ** (level % TILE_HEIGHT);
      const first = index * width;
      const place = placeOf(tileLevel, first, countAt(tileLevel, size));
      return rootOfHashes(this.hashes(place).slice(first % TILE_WIDTH, (first % TILE_WIDTH) + width));
    };
  }

  /** The hashes of a tile. @throws {LogDamaged} */
  hashes(place: TilePlace): readonly Uint8Array[] {
    const bytes = this.#read(place);
    if (bytes.length < place.width * HASH_BYTES) {
      throw new LogDamaged(`${tilePath(place)} must hold ${place.width} hashes, it has ${bytes.length} bytes`);
    }
    return Array.from({ length: place.width }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  }

  /** The entries of a bundle. @throws {LogDamaged} */
  bundle(place: TilePlace & { readonly level: "entries" }): readonly Uint8Array[] {
    const entries = decodeBundle(this.#read(place));
    if (entries === undefined || entries.length < place.width) {
      throw new LogDamaged(`${tilePath(place)} must hold ${place.width} entries, it has ${entries?.length ?? "none"}`);
    }
    return entries.slice(0, place.width);
  }

  /** One entry of a log of this size. @throws {LogDamaged} */
  entry(index: number, size: number): Uint8Array {
    const place = { ...placeOf("entries", index, size), level: "entries" as const };
    return this.bundle(place)[index % TILE_WIDTH] as Uint8Array;
  }

  /** What was written later holds what was written before it, so a wider tile serves as well. */
  #read(place: TilePlace): Uint8Array {
    const path = tilePath(place);
    const known = this.#tiles.get(path);
    if (known !== undefined) return known;
    const whole = tilePath({ ...place, width: TILE_WIDTH });
    const wider = [path, whole, ...this.#partials(place)].find((each) => existsSync(join(this.folder, each)));
    if (wider === undefined) throw new LogDamaged(`${path} is not there`);
    const bytes = readFileSync(join(this.folder, wider));
    this.#tiles.set(path, bytes);
    return bytes;
  }

  #partials(place: TilePlace): readonly string[] {
    const folder = dirname(tilePath({ ...place, width: 1 }));
    if (!existsSync(join(this.folder, folder))) return [];
    return readdirSync(join(this.folder, folder))
      .filter((width) => Number(width) >= place.width)
      .map((width) => `${folder}/${width}`);
  }
}

/** The root of a whole subtree from its leaves, of which there are a power of two. */
export function rootOfHashes(hashes: readonly Uint8Array[]): Uint8Array {
  let row = hashes;
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, at) =>
      hashNode(row[2 * at] as Uint8Array, row[2 * at + 1] as Uint8Array),
    );
  }
  return row[0] as Uint8Array;
}
