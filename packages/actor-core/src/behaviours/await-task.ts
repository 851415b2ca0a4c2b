import { TaskFailed } from "../process/errors.ts";
import type { HostSignal } from "../process/host-signal.ts";
import { DEFAULT_CALL_TIMEOUT_MS } from "../process/request.ts";
import type { Self } from "../process/self.ts";
import { monitorOf, ownerOf, type Task } from "./task.ts";
import { Gathering } from "./task-gathering.ts";

export interface AwaitTaskOptions {
  /** Default 5,000; `Infinity` waits for ever, 0 takes only what has come. */
  readonly timeoutMs?: number;
  /** Gives up as a timeout does, with `aborted`. */
  readonly signal?: HostSignal;
}

/** The values of tasks, each in its task's place. */
export type TaskValues<Ts extends readonly Task<unknown>[]> = {
  -readonly [K in keyof Ts]: Ts[K] extends Task<infer T> ? T : never;
};

/**
 * Waits for the value of a task. It can be had once: afterwards, as after `ignoreTask`, there is none (`noproc`).
 *
 * Out of time the task goes on, but its value will be dropped. A linked owner that does not catch the error takes the task
 * along.
 *
 * @throws {TaskFailed} It ended without a value, did not have it in time, or the wait was aborted.
 * @throws {NotTaskOwner} Another process started it.
 */
export async function awaitTask<T>(self: Self, task: Task<T>, options?: AwaitTaskOptions): Promise<T> {
  const [value] = await awaitTasks(self, [task], options);
  return value;
}

/**
 * Waits for the values of several tasks, and gives them in the order of the tasks. One time limit for all.
 *
 * The first failure is everyone's: the values of the others will be dropped.
 *
 * @throws {TaskFailed} One ended without a value, not all had theirs in time, or the wait was aborted.
 * @throws {NotTaskOwner} Another process started one of them.
 *
 * @example
 * const [user, orders] = await awaitTasks(self, [asyncTask(self, findUser), asyncTask(self, findOrders)]);
 */
export async function awaitTasks<const Ts extends readonly Task<unknown>[]>(
  self: Self,
  tasks: Ts,
  options: AwaitTaskOptions = {},
): Promise<TaskValues<Ts>> {
  const monitors = tasks.map((task) => monitorOf(self, task, "await"));
  const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS, signal } = options;
  const limit = monitors.length;
  const gathering = new Gathering(ownerOf(self, "await tasks"), monitors, {
    timeoutMs,
    signal,
    limit,
    mode: "all-or-nothing",
  });
  const reason = await gathering.end;
  if (reason !== undefined) {
    throw new TaskFailed({ reason, tasks, timeoutMs });
  }
  const values = monitors.map((monitor) => {
    const result = gathering.results.get(monitor);
    return result?.kind === "ok" ? result.value : undefined;
  });
  // One value for each task, as the type says.
  return values as TaskValues<Ts>;
}
