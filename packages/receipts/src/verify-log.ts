import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { LogDamaged, LogFolder, rootOfHashes } from "./log-folder.ts";
import { emptyRoot, hashLeaf, hashNode } from "./merkle-tree.ts";
import { NoteRefused, type NoteVerifier, parseVerifier } from "./signed-note.ts";
import { countAt, placeOf, TILE_WIDTH } from "./tiles.ts";

export interface VerifyOptions {
  readonly folder: string;
  /** The key that the checkpoints must be signed with. Without it that of the folder itself, which proves less. */
  readonly verifier?: NoteVerifier;
  /** Checkpoints that were kept elsewhere: the log must contain them. */
  readonly anchors?: readonly string[];
  /** Says what is wrong with an entry itself; `undefined` when nothing is. */
  readonly checkEntry?: (entry: Uint8Array, index: number) => string | undefined;
}

/** What came of it. `broken` tells the first fault, from the beginning of the log. */
export type LogVerdict =
  | {
      readonly kind: "holds";
      readonly checkpoint: Checkpoint;
      readonly checkpoints: number;
      readonly verifier: NoteVerifier;
    }
  | { readonly kind: "broken"; readonly index?: number; readonly problem: string };

/**
 * Checks a log from its files alone: every entry, every hash, every signature, and that each checkpoint is the beginning of
 * the next. Whatever the files hold, it never throws for that.
 */
export function verifyLog(options: VerifyOptions): LogVerdict {
  try {
    return verify(options);
  } catch (error) {
    if (error instanceof Broken) {
      return { kind: "broken", ...(error.index === undefined ? {} : { index: error.index }), problem: error.message };
    }
    if (error instanceof NoteRefused || error instanceof LogDamaged) return { kind: "broken", problem: error.message };
    throw error;
  }
}

class Broken extends Error {
  readonly index: number | undefined;
  constructor(problem: string, index?: number) {
    super(problem);
    this.index = index;
  }
}

function verify({ folder, verifier: given, anchors = [], checkEntry = () => undefined }: VerifyOptions): LogVerdict {
  const files = new LogFolder(folder);
  const note = files.text("checkpoint");
  if (note === undefined) throw new Broken("There is no log here: the file `checkpoint` is not there");
  const verifier = given ?? parseVerifier((files.text("verifier") ?? "").trimEnd());
  const published = openCheckpoint(note, verifier);
  const history = readHistory(files.text("history") ?? "", verifier);
  const kept = anchors.map((anchor) => openCheckpoint(anchor, verifier));
  for (const { origin } of [...history, ...kept]) {
    if (origin !== published.origin) {
      throw new Broken(`A checkpoint is of the log ${origin}, this one is ${published.origin}`);
    }
  }
  const newest = newestOf(history, published);
  for (const { size } of kept) {
    if (size > newest.size) {
      throw new Broken(`The log has ${newest.size} entries; a checkpoint kept elsewhere says that there were ${size}`);
    }
  }
  const roots = new Roots([...history, ...kept, published]);
  for (let index = 0; index < newest.size; index += TILE_WIDTH) {
    const place = { ...placeOf("entries", index, newest.size), level: "entries" as const };
    const bundle = readAt(index, () => files.bundle(place));
    const hashes = readAt(index, () => files.hashes({ ...place, level: 0 }));
    for (const [offset, entry] of bundle.entries()) {
      const at = index + offset;
      const hash = hashLeaf(entry);
      if (Buffer.compare(hash, hashes[offset] as Uint8Array) !== 0) {
        throw new Broken("The entry is not the one that was hashed when it was written", at);
      }
      const problem = checkEntry(entry, at);
      if (problem !== undefined) throw new Broken(problem, at);
      roots.append(hash);
    }
  }
  checkUpperTiles(files, newest.size);
  return { kind: "holds", checkpoint: newest, checkpoints: history.length, verifier };
}

/** An interrupted write leaves a last line that does not end; it is none yet. */
function readHistory(text: string, verifier: NoteVerifier): readonly Checkpoint[] {
  const lines = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
  return lines.map((line, at) => {
    try {
      return openCheckpoint(String(JSON.parse(line)), verifier);
    } catch (error) {
      throw new Broken(`Checkpoint ${at + 1} of the history cannot be relied on: ${(error as Error).message}`);
    }
  });
}

/** The newest of all. It may be in the history alone, where a write was interrupted just before it got its own file. */
function newestOf(history: readonly Checkpoint[], published: Checkpoint): Checkpoint {
  const shrunk = history.findIndex(({ size }, at) => size < (history[at - 1]?.size ?? 0));
  if (shrunk > 0) {
    throw new Broken(`Checkpoint ${shrunk + 1} of the history is smaller than the one before: the log was set back`);
  }
  const last = history.at(-1);
  if (last === undefined || last.size < published.size) {
    throw new Broken(`The history ends at ${last?.size ?? 0} entries, the newest checkpoint says ${published.size}`);
  }
  return last;
}

/** Compares what the entries lead to with what each checkpoint says, at its size. */
class Roots {
  readonly #expected = new Map<number, Checkpoint[]>();
  /** Roots of the whole subtrees that the tree consists of, from left to right. */
  readonly #peaks: { readonly level: number; readonly hash: Uint8Array }[] = [];
  #size = 0;

  constructor(checkpoints: readonly Checkpoint[]) {
    for (const checkpoint of checkpoints) {
      const same = this.#expected.get(checkpoint.size);
      if (same === undefined) this.#expected.set(checkpoint.size, [checkpoint]);
      else same.push(checkpoint);
    }
    this.#compare();
  }

  append(hash: Uint8Array): void {
    let peak = { level: 0, hash };
    for (let left = this.#peaks.at(-1); left?.level === peak.level; left = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { level: peak.level + 1, hash: hashNode(left.hash, peak.hash) };
    }
    this.#peaks.push(peak);
    this.#size += 1;
    this.#compare();
  }

  #compare(): void {
    const expected = this.#expected.get(this.#size);
    if (expected === undefined) return;
    const hashes = this.#peaks.map(({ hash }) => hash);
    const root = hashes.length === 0 ? emptyRoot : hashes.reduceRight((right, left) => hashNode(left, right));
    for (const { root: wanted } of expected) {
      if (Buffer.compare(root, wanted) !== 0) {
        throw new Broken(
          `The first ${this.#size} entries are not those that the checkpoint of that size was made for`,
          Math.max(0, this.#size - 1),
        );
      }
    }
  }
}

/** Above the leaves, which were compared already: what is proved from these must hold too. */
function checkUpperTiles(files: LogFolder, size: number): void {
  for (let level = 1; countAt(level, size) > 0; level++) {
    const count = countAt(level, size);
    const below = countAt(level - 1, size);
    for (let at = 0; at < count; at++) {
      const found = files.hashes(placeOf(level, at, count))[at % TILE_WIDTH] as Uint8Array;
      const wanted = rootOfHashes(files.hashes(placeOf(level - 1, at * TILE_WIDTH, below)));
      if (Buffer.compare(found, wanted) !== 0) throw new Broken(`Hash ${at} of tile level ${level} is wrong`);
    }
  }
}

function readAt<T>(index: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LogDamaged) throw new Broken(error.message, index);
    throw error;
  }
}
