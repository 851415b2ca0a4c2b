import type { TaskSpawner, TaskStreamBody, TaskStreamResult } from "../behaviours/streamed-tasks.ts";
import { ownerOf, spawnTask, type Task, type TaskBody, unheard } from "../behaviours/task.ts";
import { recordCaller } from "../behaviours/task-callers.ts";
import { streamThrough, type TaskStreamOptions } from "../behaviours/task-stream.ts";
import { StartFailed, TooManyTasks } from "../process/errors.ts";
import type { Pid } from "../process/pid.ts";
import { type Process, processOf } from "../process/process.ts";
import type { Caller, ProcessScript, Self, SpawnOptions, StartResult, Target } from "../process/self.ts";
import { shutDown } from "../process/shut-down.ts";
import type { ChildSpec, Restart, Shutdown } from "./child-spec.ts";
import { type DynamicSupervisorRef, dynamicSupervisorRef, startDynamicSupervisor } from "./dynamic-supervisor.ts";
import type { DynamicSupervisorDefinition } from "./dynamic-supervisor-definition.ts";
import type { StartSupervisorOptions } from "./supervisor.ts";
import type { StartDynamicChildResult, TerminateChildResult } from "./supervisor-request.ts";
import type { SupervisorSetup } from "./supervisor-setup.ts";

/**
 * Starts a supervisor for tasks: a dynamic one, whose shutdown ends all that is being worked out under it.
 *
 * @example
 * await startTaskSupervisor(system, { maxChildren: 100 }, { name: "downloads" });
 * // in a process:
 * const task = await taskSupervisorRef(self, "downloads").asyncNolink(() => fetchPage(url));
 * const outcome = await yieldTask(self, task);
 */
export function startTaskSupervisor(
  caller: Caller | Self,
  setup: SupervisorSetup<DynamicSupervisorDefinition> = {},
  options: StartSupervisorOptions = {},
): Promise<StartResult> {
  return startDynamicSupervisor(caller, setup, options);
}

/** Makes the hands on a running task supervisor. Tasks that are asked for belong to `caller`. */
export function taskSupervisorRef<C extends Caller>(caller: C, supervisor: Target): TaskSupervisorRef<C> {
  return new TaskSupervisorRef(caller, supervisor);
}

/** How a task is kept under a supervisor. */
export interface TaskChildOptions extends Pick<SpawnOptions, "label"> {
  /** Default 5,000. */
  readonly shutdown?: Shutdown;
}

/**
 * The hands on a running task supervisor. All fail with {@link CallFailed} when it is not there or ends first.
 *
 * Only a process can own tasks: in the hands of others `async` and its kin do not compile. With `await using` the supervisor is
 * shut down with its block.
 */
export class TaskSupervisorRef<C extends Caller = Caller> implements AsyncDisposable {
  readonly target: Target;
  readonly #caller: C;
  readonly #supervisor: DynamicSupervisorRef;

  constructor(caller: C, target: Target) {
    this.target = target;
    this.#caller = caller;
    this.#supervisor = dynamicSupervisorRef(caller, target);
  }

  /**
   * As `asyncTask`, with the supervisor as parent.
   *
   * @throws {TooManyTasks} The supervisor has as many children as it may.
   */
  async<T>(this: TaskSupervisorRef<Self>, run: TaskBody<T>, options: TaskChildOptions = {}): Promise<Task<T>> {
    return follow(this.#caller, this.#supervisor, run, { ...options, linked: true });
  }

  /**
   * A task whose failure is no failure of the owner: not linked, only monitored. It goes on when the owner ends.
   *
   * @throws {TooManyTasks} The supervisor has as many children as it may.
   */
  asyncNolink<T>(this: TaskSupervisorRef<Self>, run: TaskBody<T>, options: TaskChildOptions = {}): Promise<Task<T>> {
    return follow(this.#caller, this.#supervisor, run, { ...options, linked: false });
  }

  /** As `taskStream`, with the supervisor as parent. Too few `maxChildren` fail it with {@link TooManyTasks}. */
  stream<I, T>(
    this: TaskSupervisorRef<Self>,
    inputs: Iterable<I> | AsyncIterable<I>,
    run: TaskStreamBody<I, T>,
    options: TaskStreamOptions & TaskChildOptions = {},
  ): AsyncIterable<TaskStreamResult<I, T>> {
    const spawn = spawnUnder(this.#caller, this.#supervisor, options);
    return streamThrough(this.#caller, inputs, run, options, { linked: true, spawn });
  }

  /** As `stream`, but tasks that fail are results also for an owner that does not trap exits. */
  streamNolink<I, T>(
    this: TaskSupervisorRef<Self>,
    inputs: Iterable<I> | AsyncIterable<I>,
    run: TaskStreamBody<I, T>,
    options: TaskStreamOptions & TaskChildOptions = {},
  ): AsyncIterable<TaskStreamResult<I, T>> {
    const spawn = spawnUnder(this.#caller, this.#supervisor, options);
    return streamThrough(this.#caller, inputs, run, options, { linked: false, spawn });
  }

  /**
   * Starts something that runs by itself: nobody gets its value.
   *
   * @param options `restart`: default `temporary`.
   */
  startChild(
    run: TaskBody<unknown>,
    options: TaskChildOptions & { readonly restart?: Restart } = {},
  ): Promise<StartDynamicChildResult> {
    const caller = pidOf(this.#caller);
    return this.#supervisor.startChild({
      ...specOf(options),
      start: (supervisor) => {
        const pid = supervisor.spawnLink(unheard(run), spawnOptionsOf(options));
        if (caller !== undefined) {
          recordCaller(pid, caller);
        }
        return { kind: "ok", pid };
      },
    });
  }

  /** All tasks that run, in no promised order. */
  async children(): Promise<readonly Pid[]> {
    const children = await this.#supervisor.whichChildren();
    return children.flatMap(({ status }) => (status.kind === "running" ? [status.pid] : []));
  }

  /** Stops a task. */
  terminateChild(child: Pid): Promise<TerminateChildResult> {
    return this.#supervisor.terminateChild(child);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return shutDown(this.#caller, this.target);
  }
}

async function follow<T>(
  self: Self,
  supervisor: DynamicSupervisorRef,
  run: TaskBody<T>,
  options: TaskChildOptions & { readonly linked: boolean },
): Promise<Task<T>> {
  const owner = ownerOf(self, "start a task");
  return startUnder(owner, supervisor, options, (spawn) => {
    const task = spawnTask(owner, run, spawn);
    const process = processOf(task.pid);
    if (options.linked && process !== undefined) {
      owner.link(process);
    }
    return task;
  });
}

function spawnUnder(self: Self, supervisor: DynamicSupervisorRef, options: TaskChildOptions): TaskSpawner {
  return async (begin) => {
    await startUnder(ownerOf(self, "stream tasks"), supervisor, options, (spawn) => ({ pid: begin(spawn) }));
  };
}

/** Begins in the supervisor's turn, so that the owner follows the task from its first step on. */
async function startUnder<K extends { readonly pid: Pid }>(
  owner: Process,
  supervisor: DynamicSupervisorRef,
  options: TaskChildOptions,
  begin: (spawn: (script: ProcessScript) => Pid) => K,
): Promise<K> {
  let begun: K | undefined;
  const started = await supervisor.startChild({
    ...specOf(options),
    start(parent) {
      if (owner.dead) {
        return { kind: "ignore" };
      }
      begun = begin((script) => parent.spawnLink(script, spawnOptionsOf(options)));
      return { kind: "ok", pid: begun.pid };
    },
  });
  if (started.kind === "ok" && begun !== undefined) {
    return begun;
  }
  throw started.kind === "error" ? new StartFailed(started.reason) : new TooManyTasks(supervisor.target);
}

function specOf(options: TaskChildOptions & { readonly restart?: Restart }): Omit<ChildSpec, "start"> {
  const { restart = "temporary", shutdown = 5_000 } = options;
  return { id: "task", restart, shutdown };
}

function spawnOptionsOf({ label }: TaskChildOptions): SpawnOptions {
  return label === undefined ? {} : { label };
}

function pidOf(caller: Caller | Self): Pid | undefined {
  return "pid" in caller ? caller.pid : undefined;
}
