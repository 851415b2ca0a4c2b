// The tamper-evident log: what it takes to write an event into it, and to check all of it from its files alone.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const events = 26 * 768;
/** As the server writes them. */
const batch = 768;

export async function* receipts({ root, repeat }) {
  const library = await import(pathToFileURL(join(root, "packages/receipts/dist/index.js")).href);
  const { appendLog, checkEventEntry, encodeEventEntry, generateNoteKey, logOrigin, noteSigner, openLog, verifierOf } =
    library;
  const origin = logOrigin("bench", "acme");
  const signer = noteSigner("solo.receipts/bench", generateNoteKey());
  const json = JSON.stringify({
    body: { type: "service.started", serviceId: "counter", version: 1, attempt: 1, warm: true, elapsedMs: 2.5 },
    causationSequence: 41,
    correlationId: "V1StGXR8_Z5jdHi6B-myT",
    actor: "kernel",
  });
  const entryOf = (index) => encodeEventEntry({ tenant: "acme", sequence: index + 1, atMs: 1_790_000_000_000, json });
  const written = [];
  const hashed = [];
  const checked = [];
  for (let round = -1; round < repeat; round++) {
    const folder = mkdtempSync(join(tmpdir(), "solo-receipts-"));
    try {
      const owner = { folder: join(folder, "log"), origin, signer };
      let checkpoint = openLog(owner);
      const beganMs = performance.now();
      while (checkpoint.size < events) {
        const { size } = checkpoint;
        checkpoint = await appendLog(
          owner,
          checkpoint,
          Array.from({ length: batch }, (_, at) => entryOf(size + at)),
        );
      }
      const writtenMs = performance.now() - beganMs;
      const hashingMs = timed(() => {
        for (let index = 0; index < events; index++) createHash("sha256").update(entryOf(index)).digest();
      });
      const checkingMs = timed(() => {
        const verdict = library.verifyLog({
          folder: owner.folder,
          verifier: verifierOf(signer),
          checkEntry: (entry, index) => checkEventEntry(entry, index, origin),
        });
        if (verdict.kind !== "holds") throw new Error(verdict.problem);
      });
      if (round < 0) continue;
      written.push((writtenMs * 1_000) / events);
      hashed.push((hashingMs * 1_000) / events);
      checked.push(events / checkingMs);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  yield {
    name: "receipts: an event into the log",
    unit: "µs",
    ours: written,
    peer: { name: "one SHA-256 of it", samples: hashed },
    goal: "≤ 15 µs",
  };
  yield { name: "receipts: checked offline", unit: "k/s", ours: checked, goal: "≥ 50,000 a second" };
}

function timed(work) {
  const beganMs = performance.now();
  work();
  return performance.now() - beganMs;
}
