import { DEFAULT_CALL_TIMEOUT_MS } from "../process/request.ts";
import type { Self } from "../process/self.ts";
import { ignoreTask, shutdownTask } from "./release-task.ts";
import { monitorOf, ownerOf, type Task } from "./task.ts";
import { Gathering } from "./task-gathering.ts";
import type { TaskMonitor } from "./task-monitor.ts";
import type { TaskOutcome } from "./task-shutdown.ts";

export interface YieldTaskOptions {
  /** Default 5,000; `Infinity` waits for ever, 0 takes only what has come. */
  readonly timeoutMs?: number;
}

export interface YieldTasksOptions extends YieldTaskOptions {
  /** How many results are enough to return before the time is over. Default: all. */
  readonly limit?: number;
  /** What becomes of tasks that are not done in time. Default `nothing`: they can be asked again. */
  readonly onTimeout?: "nothing" | "ignore" | "kill";
}

/** Tasks with what has become of them, each in its place. */
export type YieldedTasks<Ts extends readonly Task<unknown>[]> = {
  -readonly [K in keyof Ts]: readonly [Ts[K], Ts[K] extends Task<infer T> ? TaskOutcome<T> : never];
};

/**
 * Waits for a task without failing: `none` when it has not ended in time. Then it goes on, and can be asked again.
 *
 * @throws {NotTaskOwner} Another process started it.
 *
 * @example
 * const outcome = await yieldTask(self, task, { timeoutMs: 1_000 });
 * if (outcome.kind === "none") await shutdownTask(self, task);
 */
export async function yieldTask<T>(self: Self, task: Task<T>, options: YieldTaskOptions = {}): Promise<TaskOutcome<T>> {
  const [[, outcome]] = await yieldTasks(self, [task], { timeoutMs: options.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS });
  return outcome;
}

/**
 * Waits for several tasks without failing, in the order of the tasks. One time limit for all.
 *
 * @throws {NotTaskOwner} Another process started one of them.
 */
export async function yieldTasks<const Ts extends readonly Task<unknown>[]>(
  self: Self,
  tasks: Ts,
  options: YieldTasksOptions = {},
): Promise<YieldedTasks<Ts>> {
  const monitors = tasks.map((task) => monitorOf(self, task, "yield to"));
  const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS, limit = monitors.length, onTimeout = "nothing" } = options;
  if (!Number.isInteger(limit) || limit < 0) {
    throw new RangeError(`Cannot yield to tasks: wanted a whole number from 0 on as limit, got ${String(limit)}`);
  }
  if (!ON_TIMEOUT.has(onTimeout)) {
    throw new TypeError(
      `Cannot yield to tasks: onTimeout must be "nothing", "ignore" or "kill", got ${String(onTimeout)}`,
    );
  }
  const gathering = new Gathering(ownerOf(self, "yield to tasks"), monitors, {
    timeoutMs,
    signal: undefined,
    limit,
    mode: "what-there-is",
  });
  const late = (await gathering.end) === undefined ? "nothing" : onTimeout;
  const outcomes = tasks.map(async (task, index) => {
    const monitor = monitors[index] as TaskMonitor<unknown>;
    return [task, gathering.results.get(monitor) ?? (await outcomeOf(self, task, late))] as const;
  });
  // One outcome for each task, as the type says.
  return (await Promise.all(outcomes)) as YieldedTasks<Ts>;
}

const ON_TIMEOUT: ReadonlySet<unknown> = new Set(["nothing", "ignore", "kill"]);

async function outcomeOf<T>(self: Self, task: Task<T>, late: "nothing" | "ignore" | "kill"): Promise<TaskOutcome<T>> {
  switch (late) {
    case "nothing":
      return { kind: "none" };
    case "ignore":
      return ignoreTask(self, task);
    case "kill":
      return shutdownTask(self, task, "brutal-kill");
  }
}
