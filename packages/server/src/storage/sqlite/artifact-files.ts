import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LargeArtifacts } from "../engine.ts";
import { StorageFull, StorageUnavailable } from "../errors.ts";

/**
 * Artifacts as files `<2 hex>/<sha256>`, each complete from the moment at which it has its name.
 *
 * Written under another name, synced, renamed, and the folder synced: whatever kills the server leaves the whole file
 * or none. What an earlier process left half written is removed.
 *
 * @param folder Made when missing. The caller sees to it that no other process uses it.
 */
export async function openArtifactFiles(folder: string): Promise<LargeArtifacts> {
  const incoming = join(folder, "incoming");
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  const fileOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256);

  return {
    async put(sha256, bytes) {
      const file = fileOf(sha256);
      const temporary = join(incoming, randomUUID());
      try {
        const made = await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        if (made !== undefined) await syncPath(folder);
        // Known and undamaged bytes are only synced again: the earlier put may not have come that far.
        if (!(await holds(file, bytes))) {
          await writeSynced(temporary, bytes);
          await rename(temporary, file);
        }
        await syncPath(dirname(file));
      } catch (error) {
        await rm(temporary, { force: true });
        throw isNoSpace(error) ? new StorageFull({ cause: error }) : new StorageUnavailable("broken", { cause: error });
      }
    },
    get: (sha256) => readIfPresent(fileOf(sha256)),
  };
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function holds(file: string, bytes: Uint8Array): Promise<boolean> {
  const present = await readIfPresent(file);
  return present !== undefined && Buffer.compare(present, bytes) === 0;
}

async function readIfPresent(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function isNoSpace(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOSPC" || code === "EDQUOT";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
