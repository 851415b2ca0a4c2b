import { execFile } from "node:child_process";
import { findPrograms } from "../find-programs.ts";

/**
 * How the fork server is started in namespaces of network and of inter-process communication that hold nothing and nobody: the
 * program and the arguments that run it. `undefined` where this process may not do that.
 */
export async function findSeparation(): Promise<readonly string[] | undefined> {
  const [unshare] = findPrograms("unshare");
  if (unshare === undefined || process.getuid?.() !== 0) return undefined;
  const separation = [unshare, "--net", "--ipc", "--"];
  return (await runs([...separation, "/bin/sh", "-c", ":"])) ? separation : undefined;
}

function runs([program = "", ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 5_000, env: {} }, (error) => resolve(error === null));
  });
}
