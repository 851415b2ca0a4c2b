// What comes out of the cell that unpacks is hostile: it may have been taken over by the archive.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Program } from "../../ports/artifact.ts";
import { ProgramRefused } from "./errors.ts";
import { type ArchiveFile, ProgramFolders, unpackedLimits } from "./program-folders.ts";
import { ownPlace } from "./program-place.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "solo-programs-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const script = Buffer.from("#!/bin/sh\n");
const tarball: Program = { packaging: "tarball", entry: "main", protocol: "lines", arguments: [] };
const alone: Program = { ...tarball, packaging: "executable", entry: "" };

function file(path: string, content: readonly Uint8Array[] = [script], executable = true): ArchiveFile {
  return { path, executable, content: each(content) };
}

async function* each<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values;
}

const telling = (files: Iterable<ArchiveFile>) => new ProgramFolders(ownPlace(root), () => each(files));

test("files are there while somebody holds them, once for all holders, and nobody can write them", async () => {
  const folders = telling([]);
  const [first, second] = await Promise.all([folders.take(script, alone), folders.take(script, alone)]);
  expect(first.folder).toBe(second.folder);
  expect(readFileSync(join(first.folder, first.entry))).toEqual(script);
  expect(statSync(join(first.folder, first.entry)).mode & 0o777).toBe(0o555);
  first.release();
  first.release();
  await folders.settle();
  expect(readdirSync(root)).toHaveLength(1);
  second.release();
  await folders.settle();
  expect(readdirSync(root)).toEqual([]);
});

test("an archive's files keep their place and whether they can be executed", async () => {
  const held = await telling([
    file("main"),
    file("share/words/en.txt", [Buffer.from("a"), Buffer.from("b")], false),
  ]).take(Buffer.from("archive"), tarball);
  expect(held).toMatchObject({ entry: "main", executable: { kind: "script", interpreter: "sh" } });
  expect(readFileSync(join(held.folder, "share/words/en.txt"), "utf8")).toBe("ab");
  expect(statSync(join(held.folder, "share/words/en.txt")).mode & 0o777).toBe(0o444);
});

test("names that differ in case alone are two files", async () => {
  const files = [file("main"), file("Main", [Buffer.from("other")], false)];
  const held = await telling(files).take(Buffer.from("archive"), tarball);
  expect(readFileSync(join(held.folder, "main"))).toEqual(script);
  expect(readFileSync(join(held.folder, "Main"), "utf8")).toBe("other");
});

function* many(count: number): Iterable<ArchiveFile> {
  for (let index = 0; index < count; index += 1) yield file(`f${index}`, []);
}

function* zeros(count: number): Iterable<Uint8Array> {
  const piece = new Uint8Array(8);
  Object.defineProperty(piece, "length", { value: count });
  yield piece;
}

test.each<[string, Iterable<ArchiveFile>]>([
  ["an absolute path", [file("/etc/passwd")]],
  ["a path that leads out", [file("a/../../b")]],
  ["a path of nothing", [file("")]],
  ["a NUL", [file("a\u0000b")]],
  ["a line break", [file("a\nb")]],
  ["a back slash", [file("a\\b")]],
  ["a name that is too long", [file("a".repeat(256))]],
  ["too many folders", [file(`${"a/".repeat(40)}b`)]],
  ["a path twice", [file("main"), file("main")]],
  ["a folder where a file is", [file("main"), file("main/a")]],
  ["a file where a folder is", [file("a/b"), file("a")]],
  ["too many files", many(unpackedLimits.files + 1)],
  ["too many bytes", [{ path: "main", executable: true, content: each(zeros(unpackedLimits.bytes + 1)) }]],
  ["no entry", [file("other")]],
  ["an empty entry", [file("main", [])]],
  ["an entry that is not executable", [file("main", [script], false)]],
])(
  "%s is refused, and leaves nothing",
  async (_, files) => {
    await expect(telling(files).take(Buffer.from("archive"), tarball)).rejects.toThrow(ProgramRefused);
    expect(readdirSync(root)).toEqual([]);
    // Thousands of files, on a machine that does other things too.
  },
  120_000,
);
