import { decodeBase64, encodeBase64 } from "./base64.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { HASH_BYTES, hashLeaf } from "./merkle-tree.ts";
import { NoteRefused, type NoteVerifier } from "./signed-note.ts";
import { isIncluded } from "./verify-proof.ts";

/** That one entry is in a log, to be checked without the log (C2SP tlog-proof). */
export interface LogProof {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint that the hashes lead to. */
  readonly checkpoint: string;
  /** The entry itself, which SOLO hands along as the proof's extra data. */
  readonly entry: Uint8Array;
}

const HEADER = "c2sp.org/tlog-proof@v1";

export const formatProof = ({ index, hashes, checkpoint, entry }: LogProof): string =>
  [HEADER, `extra ${encodeBase64(entry)}`, `index ${index}`, ...hashes.map(encodeBase64), "", checkpoint].join("\n");

/** Whether a text says of itself that it is a proof. */
export const isProof = (text: string): boolean => text.startsWith(`${HEADER}\n`);

/**
 * Reads and checks a proof.
 *
 * @returns The entry, where it stands, and the checkpoint that it is part of.
 * @throws {NoteRefused} When it is no proof, its checkpoint is not signed by that key, or it does not lead there.
 */
export function checkProof(
  text: string,
  verifier: NoteVerifier,
): {
  readonly index: number;
  readonly entry: Uint8Array;
  readonly checkpoint: Checkpoint;
  /** The checkpoint as it is signed. */
  readonly note: string;
} {
  const { index, hashes, checkpoint: note, entry } = parseProof(text);
  const checkpoint = openCheckpoint(note, verifier);
  if (!isIncluded({ index, hash: hashLeaf(entry) }, checkpoint, hashes)) {
    throw new NoteRefused(`The proof does not hold: entry ${index} as it stands here is not in that log`);
  }
  return { index, entry, checkpoint, note };
}

function parseProof(text: string): LogProof {
  const end = text.indexOf("\n\n");
  const [header, extra = "", index = "", ...hashes] = text.slice(0, Math.max(0, end)).split("\n");
  const entry = decodeBase64(/^extra (.*)$/.exec(extra)?.[1] ?? "-");
  const position = /^index (0|[1-9]\d{0,14})$/.exec(index)?.[1];
  const path = hashes.map(decodeBase64);
  if (
    header !== HEADER ||
    entry === undefined ||
    position === undefined ||
    !path.every((hash) => hash?.length === HASH_BYTES)
  ) {
    throw new NoteRefused(
      `Cannot read the proof: wanted a text of the form ${HEADER} with the entry as its extra data`,
    );
  }
  return { index: Number(position), hashes: path as Uint8Array[], checkpoint: text.slice(end + 2), entry };
}
