// Makes the tarball of a package as a release would, and says what is in it.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Packs, works with the tarball, and removes it.
 *
 * @template T
 * @param {string} folder The package's own; it must be built.
 * @param {(packed: { tarball: string, files: string[], scratch: string }) => Promise<T>} work Gets the tarball's path, what
 *   is in it, seen from the package's root, and an empty folder outside of the workspace that is removed afterwards.
 * @returns {Promise<T>}
 */
export async function withTarball(folder, work) {
  const scratch = mkdtempSync(join(tmpdir(), "solo-pack-"));
  try {
    const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", scratch];
    const { stdout } = await promisify(execFile)("npm", args, { cwd: folder, maxBuffer: 2 ** 26 });
    const [{ filename, files }] = JSON.parse(stdout);
    return await work({ tarball: join(scratch, filename), files: files.map(({ path }) => path), scratch });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
