/**
 * Where the parts of a log lie (C2SP tlog-tiles): tiles of up to 256 hashes, bundles of up to 256 entries.
 *
 * A tile at level L holds hashes of subtrees of `256 ** L` leaves. The last one of each level may be partial; its path then
 * ends with its width.
 */

/** Hashes of a whole tile, entries of a whole bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree from one level of tiles to the next. */
export const TILE_HEIGHT = 8;
/** A bundle counts the bytes of an entry in 16 bits. */
export const MAX_ENTRY_BYTES = 65_535;

/** One tile or bundle of a tree of some size. */
export interface TilePlace {
  readonly level: number | "entries";
  readonly index: number;
  /** 1 to 256. */
  readonly width: number;
}

/** Path below the log's folder, such as `tile/0/x001/234.p/17`. */
export function tilePath({ level, index, width }: TilePlace): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, "0");
  const groups = digits.match(/.{3}/g) ?? [];
  const name = groups.map((group, place) => (place < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${level}/${name}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** The tile or bundle of a tree that holds this place of its level. @param count Hashes, or entries, of that level. */
export function placeOf(level: TilePlace["level"], position: number, count: number): TilePlace {
  const index = Math.floor(position / TILE_WIDTH);
  return { level, index, width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH) };
}

/** How many hashes the tiles of a level hold in a tree of this size. */
export const countAt = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level);

/** @throws {RangeError} When the entry is larger than {@link MAX_ENTRY_BYTES}. */
export function encodeEntry(entry: Uint8Array): Uint8Array {
  if (entry.length > MAX_ENTRY_BYTES) {
    throw new RangeError(`Cannot take the entry: at most ${MAX_ENTRY_BYTES} bytes are allowed, got ${entry.length}`);
  }
  return Buffer.concat([Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]);
}

/** The entries of a bundle; `undefined` when the bytes are none. */
export function decodeBundle(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const [high = 0, low = 0] = bytes.subarray(at, at + 2);
    const end = at + 2 + high * 256 + low;
    if (end > bytes.length) return undefined;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return at === bytes.length ? entries : undefined;
}
