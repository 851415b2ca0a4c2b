import { openCheckpoint } from "./checkpoint.ts";
import { LogDamaged, type LogFolder } from "./log-folder.ts";
import { inclusionProof } from "./merkle-tree.ts";
import { formatProof } from "./proof-text.ts";
import { parseVerifier } from "./signed-note.ts";

/**
 * Makes a proof that one entry is in a log, from the log's files alone.
 *
 * @param index From 0; below the size of the newest checkpoint.
 * @throws {LogDamaged | NoteRefused} Files that it needs are not there, or not what they must be.
 * @throws {RangeError} For an entry that there is not.
 */
export function proveEntry(files: LogFolder, index: number): string {
  const checkpoint = files.text("checkpoint");
  if (checkpoint === undefined) throw new LogDamaged("the file `checkpoint` is not there");
  const { size } = openCheckpoint(checkpoint, parseVerifier((files.text("verifier") ?? "").trimEnd()));
  if (!(index >= 0 && index < size)) {
    throw new RangeError(`Cannot prove entry ${index}: the log has ${size}, counted from 0`);
  }
  const hashes = inclusionProof(index, size, files.nodes(size));
  return formatProof({ index, hashes, checkpoint, entry: files.entry(index, size) });
}
