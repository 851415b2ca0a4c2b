import { chmod, lstat, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A folder on this host for what programs need there, made when it is first asked for. */
export interface ProgramPlace {
  /** Removes what a killed server left. */
  sweep(): Promise<void>;
  folder(): Promise<string>;
  /** Removes it with all that is in it. */
  remove(): Promise<void>;
}

/** Within a folder of the server's own, which nobody else comes through. */
export function ownPlace(folder: string): ProgramPlace {
  const remove = () => rm(folder, { recursive: true, force: true });
  return {
    sweep: remove,
    async folder() {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      return folder;
    },
    remove,
  };
}

/**
 * In a folder that everybody on the host writes to, such as `/tmp`: under a name that nobody can have taken before, and as the
 * server's own, so that nobody else puts anything in it or in its place. Others come through it.
 *
 * @param prefix Full path, to which some letters are added. What another user has put under such a name is left alone.
 */
export function sharedPlace(prefix: string): ProgramPlace {
  let made: Promise<string> | undefined;
  return {
    async sweep() {
      const start = basename(prefix);
      const names = (await readdir(dirname(prefix))).filter(
        (name) => name.startsWith(start) && /^[A-Za-z0-9]{6}$/.test(name.slice(start.length)),
      );
      for (const path of names.map((name) => join(dirname(prefix), name))) {
        const found = await lstat(path).catch(() => undefined);
        if (found?.isDirectory() === true && found.uid === process.getuid?.())
          await rm(path, { recursive: true, force: true });
      }
    },
    folder() {
      made ??= mkdtemp(prefix).then(async (path) => {
        await chmod(path, 0o711);
        return path;
      });
      return made;
    },
    async remove() {
      if (made !== undefined) await rm(await made, { recursive: true, force: true });
    },
  };
}
