import { execFile } from "node:child_process";

/**
 * Keeps a process, and all that it starts later, to a number of open descriptors; what goes beyond is refused to it.
 *
 * @param program `prlimit` of util-linux.
 * @throws {Error} When the process is gone, or may not be limited.
 */
export function limitOpenFiles(program: string, processId: number, openFiles: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ["--pid", String(processId), `--nofile=${openFiles}:${openFiles}`];
    execFile(program, args, { timeout: 10_000 }, (error) => (error === null ? resolve() : reject(error)));
  });
}
