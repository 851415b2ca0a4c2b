// Hosts that lack something, made of this one: what a server is started under so that it finds less.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findRuntimeFiles } from "../src/cells/runtime-files.ts";

/** A mount namespace in which the programs of bubblewrap are none. Wants root. */
export const withoutBubblewrap: readonly string[] = [
  ...["unshare", "--mount", "--propagation", "private", "sh", "-c"],
  'for program in /usr/bin/bwrap /bin/bwrap; do [ -e $program ] && mount --bind /dev/null $program; done; exec "$@"',
  "sh",
];

const LANDLOCK_CREATE_RULESET = 444;

/** A kernel that was built without Landlock. */
export async function withoutLandlock(): Promise<readonly string[]> {
  const search = await findRuntimeFiles();
  if (search.kind === "missing") throw new Error(`Cannot find ${search.what}`);
  const program = fileURLToPath(new URL("without-call.mjs", import.meta.url));
  return [search.files.bun, "--no-install", program, String(LANDLOCK_CREATE_RULESET)];
}

/** Whether this host lets itself be made lesser in this way. */
export function canRunUnder(command: readonly string[]): boolean {
  try {
    execFileSync(command[0] as string, [...command.slice(1), "/bin/true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
