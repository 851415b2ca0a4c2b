import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { Down, Exited, type MonitorRef } from "../process/messages.ts";
import { Pid } from "../process/pid.ts";
import { type Self, timedOut } from "../process/self.ts";
import type { Shutdown } from "./child-spec.ts";

/** A running child that is to stop, and the time it has for that. */
export interface StoppingChild {
  readonly pid: Pid;
  readonly shutdown: Shutdown;
}

/**
 * Stops a child and waits until it is gone, without limit once it has been killed. Takes its `Exited` out of the mailbox.
 *
 * @returns The reason it ended with; its own one if it had ended before.
 */
export async function stopChild(self: Self, { pid, shutdown }: StoppingChild): Promise<ExitReason> {
  // A monitor and not the link: a child may have unlinked itself, and waiting for its exit signal would never end.
  const monitor = self.monitor(pid);
  const isDown = (message: unknown): message is Down => message instanceof Down && message.monitor === monitor;
  askToEnd(self, pid, shutdown);
  let down =
    typeof shutdown === "number" ? await self.receive(isDown, { timeoutMs: shutdown }) : await self.receive(isDown);
  if (down === timedOut) {
    self.exitSignal(pid, Exit.kill);
    down = await self.receive(isDown);
  }
  self.unlink(pid);
  const isExited = (message: unknown): message is Exited => message instanceof Exited && message.from === pid;
  const exited = await self.receive(isExited, { timeoutMs: 0 });
  return exited !== timedOut && down.reason.kind === "noproc" ? exited.reason : down.reason;
}

/**
 * Stops children all at once and waits until all are gone, each with its own time from now on.
 *
 * @returns The reason each child ended with.
 */
export async function stopTogether(self: Self, children: readonly StoppingChild[]): Promise<Map<Pid, ExitReason>> {
  const reasons = new Map<Pid, ExitReason>();
  const waiting = new Map<Pid, MonitorRef>();
  const startMs = self.nowMs();
  for (const { pid } of children) waiting.set(pid, self.monitor(pid));
  for (const { pid, shutdown } of children) askToEnd(self, pid, shutdown);
  // Exit signals are taken with the `Down`s: left in the mailbox, each receive would have to look past all of them.
  const isEnd = (message: unknown): message is Down | Exited =>
    message instanceof Down
      ? message.target instanceof Pid && waiting.get(message.target) === message.monitor
      : message instanceof Exited && message.from !== undefined && ours.has(message.from);
  const ours = new Set(waiting.keys());
  const deadlines = deadlinesOf(children);
  while (waiting.size > 0) {
    const next = deadlines.at(-1);
    const end =
      next === undefined
        ? await self.receive(isEnd)
        : await self.receive(isEnd, { timeoutMs: Math.max(0, startMs + next.afterMs - self.nowMs()) });
    if (end === timedOut) {
      deadlines.pop();
      for (const pid of next?.pids ?? []) if (waiting.has(pid)) self.exitSignal(pid, Exit.kill);
    } else if (end instanceof Exited) {
      if (end.from !== undefined) reasons.set(end.from, end.reason);
    } else if (end.target instanceof Pid) {
      waiting.delete(end.target);
      const earlier = end.reason.kind === "noproc" ? reasons.get(end.target) : undefined;
      reasons.set(end.target, earlier ?? end.reason);
    }
  }
  return reasons;
}

function askToEnd(self: Self, pid: Pid, shutdown: Shutdown): void {
  self.exitSignal(pid, shutdown === "brutal-kill" ? Exit.kill : Exit.shutdown);
}

/** Who is to be killed when, the latest first. */
function deadlinesOf(children: readonly StoppingChild[]): { readonly afterMs: number; readonly pids: Pid[] }[] {
  const pidsAfter = new Map<number, Pid[]>();
  for (const { pid, shutdown } of children) {
    if (typeof shutdown !== "number") continue;
    const pids = pidsAfter.get(shutdown);
    if (pids === undefined) pidsAfter.set(shutdown, [pid]);
    else pids.push(pid);
  }
  return [...pidsAfter].map(([afterMs, pids]) => ({ afterMs, pids })).sort((a, b) => b.afterMs - a.afterMs);
}
