import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { Exited } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { processOf } from "../process/process.ts";
import { type Self, timedOut } from "../process/self.ts";
import type { Shutdown } from "./child-spec.ts";

/** A running child that is to stop, and the time it has for that. */
export interface StoppingChild {
  readonly pid: Pid;
  readonly shutdown: Shutdown;
}

/**
 * Stops children all at once and waits until all are gone, each with its own time from now on. Their exit signals may stay
 * in the mailbox.
 *
 * @returns The reason each child ended with, in the order of the children; its own one if it had ended before.
 */
export async function stopTogether(self: Self, children: readonly StoppingChild[]): Promise<readonly ExitReason[]> {
  const reasons = await Promise.all(children.map((child) => stopChild(self, child)));
  for (const [index, { pid }] of children.entries()) {
    if (reasons[index]?.kind === "noproc") {
      const isExited = (message: unknown): message is Exited => message instanceof Exited && message.from === pid;
      const exited = await self.receive(isExited, { timeoutMs: 0 });
      if (exited !== timedOut) reasons[index] = exited.reason;
    }
  }
  return reasons;
}

async function stopChild(self: Self, { pid, shutdown }: StoppingChild): Promise<ExitReason> {
  // Not by the link: a child may have unlinked itself, and waiting for its exit signal would never end.
  const ended = self.exited(pid);
  self.exitSignal(pid, shutdown === "brutal-kill" ? Exit.kill : Exit.shutdown);
  const deadline =
    typeof shutdown === "number"
      ? processOf(self.pid)?.runtime.timers.after(shutdown, () => processOf(pid)?.end(Exit.killed))
      : undefined;
  try {
    return await ended;
  } finally {
    deadline?.clear();
  }
}
