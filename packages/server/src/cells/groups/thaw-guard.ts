import { spawn } from "node:child_process";

/**
 * Starts a small process that thaws all cells when this one has ended, however it did. Where the host delivers no signal to
 * what is frozen, a kernel that is killed would otherwise leave its frozen cells behind.
 *
 * @param pattern Of `ControlGroups.thawPattern`.
 * @returns Ends the process, in order; nothing may be frozen then.
 */
export function startThawGuard(pattern: string): () => Promise<void> {
  // A pipe that nobody writes to: it ends with its writer. What was removed meanwhile cannot be written, and need not be.
  const script = 'read -r end; for file in $0; do echo THAWED >"$file"; done';
  const guard = spawn("/bin/sh", ["-c", script, pattern], {
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
    detached: true,
  });
  guard.unref();
  const ended = new Promise<void>((resolve) => {
    guard.once("close", () => resolve());
    guard.once("error", () => resolve());
  });
  guard.stdin.on("error", () => {});
  return () => {
    guard.ref();
    guard.stdin.end();
    return ended;
  };
}
