import type { ChildSpec } from "../supervision/child-spec.ts";
import { startTask, type TaskBody } from "./task.ts";

/**
 * The spec of a task as a child of a supervisor: temporary, unless told otherwise, as it is expected to end.
 *
 * @param overrides What differs. Default id: the name of the function, or `task`.
 *
 * @example
 * await startSupervisor(system, { children: [taskSpec(warmCache), taskSpec(poll, { restart: "permanent" })] });
 */
export function taskSpec(run: TaskBody<unknown>, overrides: Partial<ChildSpec> = {}): ChildSpec {
  return {
    id: run.name || "task",
    restart: "temporary",
    start: (supervisor) => startTask(supervisor, run, { link: true }),
    ...overrides,
  };
}
