// Makes the tarball of the actor core as a release would: from its sources, with nothing left over from earlier builds.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** @typedef {{ tarball: string, files: string[] }} Packed The tarball's path, and what is in it, seen from the package's root. */

/**
 * Builds and packs on the first call; the tarball is there until the program ends.
 *
 * @param {string} root The checkout.
 * @returns {Promise<Packed>}
 */
export function packedCore(root) {
  packed ??= pack(root, join(root, "packages", "actor-core"));
  return packed;
}

/** @type {Promise<Packed> | undefined} */
let packed;

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

async function pack(root, source) {
  const folder = mkdtempSync(join(tmpdir(), "solo-pack-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const part of ["package.json", "README.md", "LICENSE", "docs", "src"]) {
    cpSync(join(source, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(source, "node_modules"), join(folder, "node_modules"));
  const configuration = readFileSync(join(source, "tsconfig.json"), "utf8");
  writeFileSync(join(folder, "tsconfig.json"), configuration.replace("../../", `${root}/`));
  await execute(join(root, "node_modules", ".bin", "tsc"), ["-p", folder, "--pretty", "false"], { cwd: folder });
  const args = ["pack", "--json", "--ignore-scripts"];
  const { stdout } = await execute("npm", args, { cwd: folder, maxBuffer: 2 ** 26 });
  const [{ filename, files }] = JSON.parse(stdout);
  return { tarball: join(folder, filename), files: files.map(({ path }) => path) };
}
