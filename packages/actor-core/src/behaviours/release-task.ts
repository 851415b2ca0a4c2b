import type { Self } from "../process/self.ts";
import type { Shutdown } from "../supervision/child-spec.ts";
import { monitorOf, type Task } from "./task.ts";
import { shutDown, type TaskOutcome } from "./task-shutdown.ts";

/**
 * Ends a task and waits until it is gone. What it had worked out by then is not lost: it is returned as `ok`.
 *
 * `none`: it ended as it was asked to. `exit`: it ended of something else; `killed` when it did not obey in time, and
 * `noproc` when there is nothing to know of it, as its result was had before.
 *
 * @param shutdown As in a child spec: milliseconds to obey `shutdown` in, `infinity`, or `brutal-kill`. Default 5,000.
 * @throws {NotTaskOwner} Another process started it.
 */
export async function shutdownTask<T>(self: Self, task: Task<T>, shutdown: Shutdown = 5_000): Promise<TaskOutcome<T>> {
  return shutDown(monitorOf(self, task, "shut down"), task.pid, shutdown);
}

/**
 * Lets a task go on by itself: unlinks it, and drops what it will come to.
 *
 * @returns What it has come to already; otherwise `none`.
 * @throws {NotTaskOwner} Another process started it.
 */
export function ignoreTask<T>(self: Self, task: Task<T>): TaskOutcome<T> {
  const monitor = monitorOf(self, task, "ignore");
  const result = monitor.take();
  monitor.end();
  if (task.pid !== undefined) {
    self.unlink(task.pid);
  }
  return result ?? { kind: "none" };
}
