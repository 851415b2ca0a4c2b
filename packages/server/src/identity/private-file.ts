import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { IdentityKeyExposed } from "./errors.ts";

/**
 * Files that hold keys: mode 0600 in folders of mode 0700, whole or absent after a crash at any moment.
 *
 * Each file is written under a temporary name, synced, given its name in one step, and the folder is synced.
 * One writer per folder at a time.
 */
const temporaryPattern = /^\..+\.[0-9a-f]{16}\.tmp$/;

/** Makes the folder and its missing parents with mode 0700, tightens it when it is open, removes what a crash left. */
export async function openPrivateFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  if (firstMade !== undefined) {
    for (let made = folder; made !== dirname(firstMade); made = dirname(made)) await syncFolder(dirname(made));
  }
  for (const entry of await readdir(folder)) {
    if (temporaryPattern.test(entry)) await rm(join(folder, entry));
  }
}

/** Writes a file that must not exist; says whether this call made it. An existing file is never touched. */
export async function createPrivateFile(path: string, content: string | Uint8Array): Promise<boolean> {
  const temporary = await writeTemporary(path, content);
  try {
    // Unlike rename, link fails when the name is taken.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary);
  }
  await syncFolder(dirname(path));
  return true;
}

/** Writes a file over what was there; a reader sees the old text or the new one. */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  const temporary = await writeTemporary(path, text);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * The text of a file; `undefined` when there is none.
 *
 * @throws {IdentityKeyExposed} If group or others may do anything with it.
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const mode = (await file.stat()).mode & 0o777;
    if ((mode & 0o077) !== 0) throw new IdentityKeyExposed(path, mode);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

async function writeTemporary(path: string, content: string | Uint8Array): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString("hex")}.tmp`);
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return temporary;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
