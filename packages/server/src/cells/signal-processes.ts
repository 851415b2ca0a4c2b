import { execFile } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import type { ProcessIdentity } from "./process-tree.ts";

/**
 * Sends a signal to processes that this one has not started, and so cannot know to be unreaped.
 *
 * Node has no process descriptors, without which a signal may reach a stranger that was given the number since; so a short run
 * of Bun takes them, some twenty milliseconds.
 */
export function signalProcesses(
  bun: string,
  signal: "SIGTERM" | "SIGKILL",
  processes: readonly ProcessIdentity[],
): void {
  if (processes.length === 0) return;
  const program = fileURLToPath(new URL("../../dist/host/signal-processes.js", import.meta.url));
  const targets = processes.map(({ id, startedAt }) => `${id}:${startedAt}`);
  execFile(bun, ["--no-install", program, String(constants.signals[signal]), ...targets], { env: {} }, () => {});
}
