import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { membersOfSession } from "./process-tree.ts";

/**
 * Ends what is left of a session whose leader is gone, where there is neither a control group nor a namespace to end.
 *
 * Node has no process descriptors, without which a signal may reach a stranger that was given the number since; so a
 * short run of Bun takes them. What has made a session of its own is not found: such a host has no wall to it.
 */
export function endSession(bun: string, session: number): void {
  const members = membersOfSession(session);
  if (members.length === 0) return;
  const program = fileURLToPath(new URL("../../dist/host/end-processes.js", import.meta.url));
  execFile(bun, ["--no-install", program, ...members.map(({ id, startedAt }) => `${id}:${startedAt}`)], () => {});
}
