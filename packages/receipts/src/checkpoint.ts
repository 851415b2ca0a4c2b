import { decodeBase64, encodeBase64 } from "./base64.ts";
import { HASH_BYTES } from "./merkle-tree.ts";
import { NoteRefused, type NoteSigner, type NoteVerifier, openNote, signNote } from "./signed-note.ts";
import type { TreeHead } from "./verify-proof.ts";

/** What a log says of itself at one moment (C2SP tlog-checkpoint). */
export interface Checkpoint extends TreeHead {
  /** Names the log: one line, never used for another. */
  readonly origin: string;
}

/** The checkpoint as a note that the log's key has signed. */
export const signCheckpoint = ({ origin, size, root }: Checkpoint, signer: NoteSigner): string =>
  signNote(`${origin}\n${size}\n${encodeBase64(root)}\n`, signer);

/** @throws {NoteRefused} When the note is no checkpoint, was changed, or is not signed by that key. */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint {
  const [origin = "", size = "", encoded = ""] = openNote(note, verifier).split("\n");
  const root = decodeBase64(encoded);
  if (origin === "" || !/^(0|[1-9]\d{0,14})$/.test(size) || root?.length !== HASH_BYTES) {
    throw new NoteRefused("Cannot read the checkpoint: wanted lines with its origin, its size and its root");
  }
  return { origin, size: Number(size), root };
}
