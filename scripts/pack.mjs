// Makes the tarball of a package as a release would: from its sources, with nothing left over from earlier builds.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { manifest } from "./published.mjs";

const execute = promisify(execFile);

/** @typedef {{ tarball: string, files: string[] }} Packed The tarball's path, and what is in it, seen from the package's root. */

/**
 * Builds and packs on the first call; the tarball is there until the program ends.
 *
 * @param {string} root The checkout.
 * @param {import("./published.mjs").Published} subject
 * @returns {Promise<Packed>}
 */
export function packed(root, subject) {
  if (!tarballs.has(subject)) tarballs.set(subject, pack(root, subject));
  return tarballs.get(subject);
}

/** @type {Map<object, Promise<Packed>>} */
const tarballs = new Map();

/** Packs what is installed, as it is. @returns {Promise<string>} The tarball's path. */
export async function packInstalled(root, { folder }, dependency) {
  const out = temporaryFolder();
  const installed = realpathSync(join(root, folder, "node_modules", dependency));
  const { filename } = await npmPack(out, installed);
  return join(out, filename);
}

/**
 * Works in an empty folder outside of the workspace, and removes it.
 *
 * @template T
 * @param {(folder: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function outside(work) {
  const folder = mkdtempSync(join(tmpdir(), "solo-outside-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pack(root, subject) {
  const source = join(root, subject.folder);
  const out = temporaryFolder();
  const own = manifest(root, subject).files.filter((file) => file !== "dist" && !file.startsWith("!"));
  for (const part of ["package.json", "README.md", "LICENSE", ...own]) {
    cpSync(join(source, part), join(out, part), { recursive: true });
  }
  symlinkSync(join(source, "node_modules"), join(out, "node_modules"));
  const configuration = readFileSync(join(source, "tsconfig.json"), "utf8");
  writeFileSync(join(out, "tsconfig.json"), configuration.replace("../../", `${root}/`));
  await execute(join(root, "node_modules", ".bin", "tsc"), ["-p", out, "--pretty", "false"], { cwd: out });
  const { filename, files } = await npmPack(out, out);
  return { tarball: join(out, filename), files: files.map(({ path }) => path) };
}

async function npmPack(out, source) {
  const args = ["pack", "--json", "--ignore-scripts", source];
  const { stdout } = await execute("npm", args, { cwd: out, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout)[0];
}

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "solo-pack-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
