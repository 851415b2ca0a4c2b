export { appendLog, type LogOwner, openLog } from "./append-log.ts";
export { type Checkpoint, openCheckpoint, signCheckpoint } from "./checkpoint.ts";
export { checkEventEntry, type EventEntry, encodeEventEntry, logOrigin } from "./event-entry.ts";
export { LogDamaged, LogFolder, logFiles } from "./log-folder.ts";
export {
  consistencyProof,
  emptyRoot,
  hashLeaf,
  hashNode,
  inclusionProof,
  type ReadNode,
  rootOf,
} from "./merkle-tree.ts";
export { checkProof, formatProof, isProof, type LogProof } from "./proof-text.ts";
export { proveEntry } from "./prove-entry.ts";
export {
  formatVerifier,
  generateNoteKey,
  NoteRefused,
  type NoteSigner,
  type NoteVerifier,
  noteSigner,
  openNote,
  parseVerifier,
  signNote,
  verifierOf,
} from "./signed-note.ts";
export { MAX_ENTRY_BYTES, TILE_WIDTH } from "./tiles.ts";
export { type LogVerdict, type VerifyOptions, verifyLog } from "./verify-log.ts";
export { isConsistent, isIncluded, type TreeHead } from "./verify-proof.ts";
