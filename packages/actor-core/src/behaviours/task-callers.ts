import type { Pid } from "../process/pid.ts";
import type { Self } from "../process/self.ts";

// Beside the processes and not in them: most are no tasks and must not pay for this. One caller for each task and not
// the whole list, so that a task within a task within a task costs what the first one did.
const callerOf = new WeakMap<Pid, Pid>();

/** Notes who asked for a task. */
export function recordCaller(task: Pid, caller: Pid): void {
  callerOf.set(task, caller);
}

/**
 * Who asked for this task, who asked for that one, and so on, nearest first. Empty outside of tasks.
 *
 * The parent of a task under a supervisor is the supervisor; its caller is the process that wanted something done.
 *
 * @see Elixir, Task, "Ancestor and Caller Tracking"
 *
 * @example
 * asyncTask(self, (outer) => awaitTask(outer, asyncTask(outer, callersOf))); // [outer.pid, self.pid]
 */
export function callersOf(self: Self): readonly Pid[] {
  const callers: Pid[] = [];
  for (let pid = callerOf.get(self.pid); pid !== undefined; pid = callerOf.get(pid)) {
    callers.push(pid);
  }
  return callers;
}
