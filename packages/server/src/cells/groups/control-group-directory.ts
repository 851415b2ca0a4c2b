import { mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";

/** Names of the groups below a group; none when it is not there. */
export function childDirectories(parent: string): readonly string[] {
  try {
    return readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** Makes a group below one that exists, unless it is there already. @throws {Error} With the host's own reason. */
export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Removes an empty group. @returns True when it does not exist afterwards. */
export function removeDirectory(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** Processes in a group; none when it is not there. */
export function readProcesses(directory: string): readonly number[] {
  try {
    return readFileSync(`${directory}/cgroup.procs`, "latin1").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
