import { membersOfSession } from "./process-tree.ts";
import { signalProcesses } from "./signal-processes.ts";

/**
 * Ends what is left of a session whose leader is gone, where there is neither a control group nor a namespace to end. What has
 * made a session of its own is not found: such a host has no wall to it.
 */
export function endSession(bun: string, session: number): void {
  signalProcesses(bun, "SIGKILL", membersOfSession(session));
}
