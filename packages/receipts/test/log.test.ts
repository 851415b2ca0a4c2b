import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import {
  appendLog,
  checkProof,
  consistencyProof,
  emptyRoot,
  formatProof,
  generateNoteKey,
  hashLeaf,
  inclusionProof,
  isConsistent,
  LogDamaged,
  LogFolder,
  NoteRefused,
  noteSigner,
  openCheckpoint,
  openLog,
  proveEntry,
  verifierOf,
  verifyLog,
} from "../src/index.ts";
import { encodeEntry, tilePath } from "../src/tiles.ts";
import { entry, grow, newLog } from "./logs.ts";

// Files are written and read thousands of times, and the machine may be busy with other tests.
jest.setTimeout(60_000);

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();

test("a folder without a log is one of an empty tree", () => {
  using log = newLog();
  expect(openLog(log)).toEqual({ origin: log.origin, size: 0, root: emptyRoot });
  expect(verifyLog({ folder: log.folder })).toMatchObject({ kind: "broken", problem: /no log here/ });
});

test.each([[[1]], [[255]], [[256]], [[257]], [[1, 254, 1]], [[200, 100, 300]], [[1_000, 1, 1_000]], [[66_000, 3]]])(
  "entries in batches of %j can be read again, hold and are proved",
  async (batches) => {
    using log = newLog();
    const { size, root } = await grow(log, batches);
    const verdict = verifyLog({ folder: log.folder, verifier: verifierOf(log.signer) });
    expect(verdict).toMatchObject({
      kind: "holds",
      checkpoint: { origin: log.origin, size },
      checkpoints: batches.length,
    });
    expect(openLog(log)).toEqual({ origin: log.origin, size, root });
    const files = new LogFolder(log.folder);
    for (const index of [0, Math.floor(size / 2), size - 1]) {
      expect(files.entry(index, size)).toEqual(entry(index));
      const proof = formatProof({
        index,
        hashes: inclusionProof(index, size, files.nodes(size)),
        checkpoint: files.text("checkpoint") ?? "",
        entry: entry(index),
      });
      expect(checkProof(proof, verifierOf(log.signer))).toEqual({
        index,
        entry: entry(index),
        checkpoint: openLog(log),
        note: files.text("checkpoint"),
      });
      expect(proveEntry(files, index)).toBe(proof);
    }
  },
);

test("however it grew, a log is the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }), async (batches) => {
      using once = newLog();
      using slowly = newLog();
      const size = batches.reduce((sum, count) => sum + count, 0);
      const { root } = await grow(once, [size]);
      expect((await grow(slowly, batches)).root).toEqual(root);
      const tiles = (folder: string) => filesOf(folder).filter((name) => name.startsWith("tile"));
      expect(tiles(slowly.folder)).toEqual(tiles(once.folder));
      for (const tile of tiles(once.folder)) {
        expect(readFileSync(join(slowly.folder, tile))).toEqual(readFileSync(join(once.folder, tile)));
      }
    }),
    { numRuns: 10 },
  );
});

test("each checkpoint is shown to be the beginning of a later one", async () => {
  using log = newLog();
  const older = await grow(log, [300]);
  const newer = await grow(log, [400]);
  const proof = consistencyProof(older.size, newer.size, new LogFolder(log.folder).nodes(newer.size));
  expect(isConsistent(older, newer, proof)).toBe(true);
});

test("paths are those of the specification", () => {
  expect(tilePath({ level: 0, index: 0, width: 256 })).toBe("tile/0/000");
  expect(tilePath({ level: 1, index: 7, width: 3 })).toBe("tile/1/007.p/3");
  expect(tilePath({ level: "entries", index: 1_234_067, width: 256 })).toBe("tile/entries/x001/x234/067");
});

test("every byte of every file matters", async () => {
  using log = newLog();
  await grow(log, [3, 300]);
  for (const name of filesOf(log.folder)) {
    if (name === "verifier") continue;
    const file = join(log.folder, name);
    const bytes = readFileSync(file);
    const step = Math.max(1, Math.floor(bytes.length / 30));
    for (let at = 0; at < bytes.length; at += step) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      writeFileSync(file, changed);
      const { kind } = verifyLog({ folder: log.folder, verifier: verifierOf(log.signer) });
      if (kind !== "broken") throw new Error(`Byte ${at} of ${name} was changed and nobody noticed`);
    }
    truncateSync(file, bytes.length - 1);
    expect([name, verifyLog({ folder: log.folder, verifier: verifierOf(log.signer) }).kind]).toEqual([name, "broken"]);
    rmSync(file);
    expect([name, verifyLog({ folder: log.folder, verifier: verifierOf(log.signer) }).kind]).toEqual([name, "broken"]);
    writeFileSync(file, bytes);
  }
  expect(verifyLog({ folder: log.folder }).kind).toBe("holds");
});

test("the first bad entry is named", async () => {
  using log = newLog();
  await grow(log, [600]);
  const bundle = join(log.folder, "tile/entries/001");
  writeFileSync(bundle, readFileSync(bundle, "utf8").replace('{"sequence":300}', '{"sequence":999}'));
  expect(verifyLog({ folder: log.folder })).toEqual({
    kind: "broken",
    index: 299,
    problem: "The entry is not the one that was hashed when it was written",
  });
});

test.each<[string, (order: number[]) => number[]]>([
  ["two that have changed places", (order) => order.with(20, 21).with(21, 20)],
  ["one left out", (order) => order.toSpliced(20, 1)],
  ["one put in twice", (order) => order.toSpliced(20, 0, 20)],
  ["the last one cut off", (order) => order.slice(0, -1)],
  ["all of them the other way round", (order) => order.toReversed()],
])("of the entries %s: found, also where their hashes were moved along", async (_, reorder) => {
  using log = newLog();
  await grow(log, [300]);
  const order = reorder(Array.from({ length: 256 }, (_, at) => at));
  const entries = join(log.folder, "tile/entries/000");
  const hashes = join(log.folder, "tile/0/000");
  const lengthBefore = readFileSync(hashes).length;
  const before = readFileSync(hashes);
  writeFileSync(entries, Buffer.concat(order.map((at) => encodeEntry(entry(at)))));
  expect(verifyLog({ folder: log.folder })).toMatchObject({ kind: "broken" });
  writeFileSync(hashes, Buffer.concat(order.map((at) => before.subarray(32 * at, 32 * (at + 1)))));
  expect(verifyLog({ folder: log.folder })).toMatchObject({ kind: "broken" });
  expect(lengthBefore).toBe(32 * 256);
});

test("a log that was set back is known by a checkpoint kept elsewhere", async () => {
  using log = newLog();
  await grow(log, [10]);
  const copy = `${log.folder}-old`;
  cpSync(log.folder, copy, { recursive: true });
  await grow(log, [10]);
  const anchor = readFileSync(join(log.folder, "checkpoint"), "utf8");
  expect(verifyLog({ folder: log.folder, anchors: [anchor] }).kind).toBe("holds");
  rmSync(log.folder, { recursive: true });
  cpSync(copy, log.folder, { recursive: true });
  expect(verifyLog({ folder: log.folder }).kind).toBe("holds");
  expect(verifyLog({ folder: log.folder, anchors: [anchor] })).toMatchObject({
    kind: "broken",
    problem: "The log has 10 entries; a checkpoint kept elsewhere says that there were 20",
  });
});

test("a history written anew with the log's own key is known by a checkpoint kept elsewhere", async () => {
  using log = newLog();
  await grow(log, [10]);
  const anchor = readFileSync(join(log.folder, "checkpoint"), "utf8");
  rmSync(log.folder, { recursive: true });
  await appendLog(
    log,
    openLog(log),
    Array.from({ length: 12 }, () => Buffer.from("forged")),
  );
  expect(verifyLog({ folder: log.folder }).kind).toBe("holds");
  expect(verifyLog({ folder: log.folder, anchors: [anchor] })).toMatchObject({ kind: "broken", index: 9 });
});

test("a log signed by another key than the one that is asked for is refused", async () => {
  using log = newLog();
  await grow(log, [10]);
  const other = verifierOf(noteSigner("solo.test", generateNoteKey()));
  expect(verifyLog({ folder: log.folder, verifier: other })).toMatchObject({
    kind: "broken",
    problem: /not signed by/,
  });
});

test("what an interrupted write left behind does no harm, and is written again", async () => {
  using log = newLog();
  const before = await grow(log, [250]);
  const note = readFileSync(join(log.folder, "checkpoint"), "utf8");
  await grow(log, [300]);
  // As if it had been killed before the new checkpoint had its name, with a line half written.
  writeFileSync(join(log.folder, "checkpoint"), note);
  appendFileSync(join(log.folder, "checkpoints.jsonl"), '"solo.test/acme\\n55');
  expect(verifyLog({ folder: log.folder })).toMatchObject({ kind: "holds", checkpoint: { size: 550 } });
  expect(openLog(log)).toEqual(before);
  await grow(log, [310]);
  expect(verifyLog({ folder: log.folder })).toMatchObject({ kind: "holds", checkpoint: { size: 560 }, checkpoints: 3 });
});

test("an owner does not go on with tiles that were changed, another's log, or another's key", async () => {
  using log = newLog();
  const before = await grow(log, [20]);
  expect(() => openLog({ ...log, origin: "solo.test/other" })).toThrow(LogDamaged);
  expect(() => openLog({ ...log, signer: noteSigner("solo.test", generateNoteKey()) })).toThrow(NoteRefused);
  const tile = join(log.folder, "tile/0/000.p/20");
  writeFileSync(tile, Buffer.concat([hashLeaf(Buffer.from("forged")), readFileSync(tile).subarray(32)]));
  expect(() => openLog(log)).toThrow("do not lead to the root of the checkpoint of size 20");
  rmSync(tile);
  await expect(appendLog(log, before, [entry(20)])).rejects.toThrow(LogDamaged);
});

test("an entry that a bundle cannot hold is refused before anything is written", async () => {
  using log = newLog();
  await expect(appendLog(log, openLog(log), [new Uint8Array(65_536)])).rejects.toThrow(RangeError);
});

test("no changed proof holds", async () => {
  using log = newLog();
  await grow(log, [20]);
  const files = new LogFolder(log.folder);
  const text = formatProof({
    index: 7,
    hashes: inclusionProof(7, 20, files.nodes(20)),
    checkpoint: files.text("checkpoint") ?? "",
    entry: entry(7),
  });
  for (let at = 0; at < text.length; at++) {
    const changed = text.slice(0, at) + (text[at] === "B" ? "C" : "B") + text.slice(at + 1);
    expect(() => checkProof(changed, verifierOf(log.signer))).toThrow(NoteRefused);
  }
  expect(() => openCheckpoint(text, verifierOf(log.signer))).toThrow(NoteRefused);
});
