import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendLog, type Checkpoint, generateNoteKey, type LogOwner, noteSigner, openLog } from "../src/index.ts";

/** Text as the bytes of an entry. */
export const entry = (index: number): Uint8Array => Buffer.from(`{"sequence":${index + 1}}`);

/** A log in a folder of its own, which goes with it. */
export function newLog(): LogOwner & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "solo-log-"));
  return {
    folder: join(folder, "log"),
    origin: "solo.test/acme",
    signer: noteSigner("solo.test", generateNoteKey()),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** Appends numbered entries in batches of these sizes. */
export async function grow(log: LogOwner, batches: readonly number[]): Promise<Checkpoint> {
  let checkpoint = openLog(log);
  for (const count of batches) {
    const from = checkpoint.size;
    checkpoint = await appendLog(
      log,
      checkpoint,
      Array.from({ length: count }, (_, at) => entry(from + at)),
    );
  }
  return checkpoint;
}
