import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { Exited } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { processOf } from "../process/process.ts";
import { type Self, timedOut } from "../process/self.ts";
import type { Shutdown } from "./child-spec.ts";

/** A running child that is to stop, and the time it has for that. */
export interface StoppingChild {
  readonly pid: Pid | undefined;
  readonly spec: { readonly shutdown: Shutdown };
}

/**
 * Stops children all at once and waits until all are gone, each with its own time from now on. Their exit signals may stay
 * in the mailbox.
 *
 * @returns The children in the same order, each with the reason it ended with; its own one if it had ended before.
 */
export async function stopTogether<C extends StoppingChild>(
  self: Self,
  children: readonly C[],
): Promise<readonly [C, ExitReason][]> {
  const stopped = await Promise.all(children.map((child) => stopChild(self, child)));
  for (const child of stopped) {
    if (child[1].kind === "noproc") {
      const isExited = (message: unknown): message is Exited =>
        message instanceof Exited && message.from === child[0].pid;
      const exited = await self.receive(isExited, { timeoutMs: 0 });
      if (exited !== timedOut) child[1] = exited.reason;
    }
  }
  return stopped;
}

async function stopChild<C extends StoppingChild>(self: Self, child: C): Promise<[C, ExitReason]> {
  const { shutdown } = child.spec;
  // It runs, so it has one.
  const pid = child.pid as Pid;
  // Not by the link: a child may have unlinked itself, and waiting for its exit signal would never end.
  const ended = self.exited(pid);
  self.exitSignal(pid, shutdown === "brutal-kill" ? Exit.kill : Exit.shutdown);
  const deadline =
    typeof shutdown === "number"
      ? processOf(self.pid)?.runtime.timers.after(shutdown, () => processOf(pid)?.end(Exit.killed))
      : undefined;
  try {
    return [child, await ended];
  } finally {
    deadline?.clear();
  }
}
