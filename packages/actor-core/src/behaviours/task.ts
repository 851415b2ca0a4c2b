import { NotTaskOwner, ProcessExited } from "../process/errors.ts";
import type { MonitorRef } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { type Process, processOf } from "../process/process.ts";
import type { Awaitable, Caller, ProcessScript, Self, SpawnOptions } from "../process/self.ts";
import { andThen } from "../process/thenable.ts";
import { recordCaller } from "./task-callers.ts";
import { TaskMonitor, TaskReply } from "./task-monitor.ts";
import { shutDown } from "./task-shutdown.ts";

/** What a task does, in a process of its own. It ends with what this returns, throws or exits with. */
export type TaskBody<T> = (task: Self) => Awaitable<T>;

/**
 * Something being worked out by another process, for the process that asked: its owner, the only one that can have it.
 *
 * The value comes as one {@link TaskReply} into the owner's mailbox, the end as `Down`, unless the owner waits for them
 * with `awaitTask` and its kin. `await using` shuts it down at the end of the block, if it still runs then.
 */
export class Task<T> implements AsyncDisposable {
  /** Undefined for a completed task, which never had a process. */
  readonly pid: Pid | undefined;
  readonly owner: Pid;
  /** Of the monitor: `down.monitor === task.ref`. */
  readonly ref: MonitorRef;
  readonly #monitor: TaskMonitor<T>;

  constructor(monitor: TaskMonitor<T>, pid: Pid | undefined) {
    this.pid = pid;
    this.owner = monitor.owner.pid;
    this.ref = monitor;
    this.#monitor = monitor;
  }

  /** Whether a message is the value of this task, for owners that take it out of their mailbox themselves. */
  isReply(message: unknown): message is TaskReply<T> {
    return message instanceof TaskReply && message.ref === this.ref;
  }

  /** Shuts the task down, as `shutdownTask` does in 5,000 ms. Does nothing once the task, or its owner, has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#monitor.owner.dead) {
      await shutDown(this.#monitor, this.pid, 5_000);
    }
  }

  /** The library's own way in; the class is not exported from the package. */
  static readonly internal = {
    monitorOf: <T>(task: Task<T>): TaskMonitor<T> => task.#monitor,
  };
}

/**
 * Starts a task that is linked to its owner: whichever fails, the other ends too, unless it traps exits.
 *
 * @example
 * const task = asyncTask(self, () => fetchPage(url));
 * const stock = readStock();
 * const page = await awaitTask(self, task);
 */
export function asyncTask<T>(self: Self, run: TaskBody<T>, options?: SpawnOptions): Task<T> {
  return spawnTask(ownerOf(self, "start a task"), run, (script) => self.spawnLink(script, options));
}

/** Spawns a task by the hands of whoever is to be its parent, and follows it for its owner from its first step on. */
export function spawnTask<T>(
  owner: Process,
  run: TaskBody<T>,
  spawn: (script: ProcessScript) => Pid,
): Task<T> & { readonly pid: Pid } {
  let monitor: TaskMonitor<T> | undefined;
  const pid = spawn((task) => work(task, run, (value) => monitor?.reply(value)));
  recordCaller(pid, owner.pid);
  monitor = TaskMonitor.follow(owner, pid);
  return new Task(monitor, pid) as Task<T> & { readonly pid: Pid };
}

/** A task that has its value already, for where one is wanted. */
export function completedTask<T>(self: Self, value: T): Task<T> {
  return new Task(TaskMonitor.answered(ownerOf(self, "complete a task"), value), undefined);
}

/**
 * Starts something that runs by itself: nobody gets its value.
 *
 * @param options `link` links it to the caller, as a child of a supervisor must be; refused (`TypeError`) outside of all
 * processes.
 */
export function startTask(
  caller: Caller | Self,
  run: TaskBody<unknown>,
  options: SpawnOptions & { readonly link?: boolean } = {},
): { readonly kind: "ok"; readonly pid: Pid } {
  const { link = false, ...spawn } = options;
  if (!("pid" in caller)) {
    if (link) {
      throw new TypeError("Cannot start a task with a link: there is no process to hold it");
    }
    return { kind: "ok", pid: caller.spawn(unheard(run), spawn) };
  }
  const pid = link ? caller.spawnLink(unheard(run), spawn) : caller.spawn(unheard(run), spawn);
  recordCaller(pid, caller.pid);
  return { kind: "ok", pid };
}

/** What a process runs whose value nobody gets. */
export function unheard(run: TaskBody<unknown>): ProcessScript {
  return (task) => work(task, run, () => {});
}

/** Runs in the task's process, and hands its value on before anybody can hear of its end. */
export function work<T>(task: Self, run: TaskBody<T>, done: (value: T) => void): Awaitable<void> {
  const finish = (value: T): void => {
    // One that has swallowed its own exit ends with that, and without a value.
    if (processOf(task.pid)?.exiting === undefined) {
      done(value);
    }
  };
  return andThen(run(task), finish);
}

/** The process that acts, while it lives. */
export function ownerOf(self: Self, operation: string): Process {
  const owner = processOf(self.pid);
  if (owner === undefined) {
    throw new ProcessExited(self.pid, operation);
  }
  return owner;
}

/** The owner's end of a task, for its owner. */
export function monitorOf<T>(self: Self, task: Task<T>, operation: string): TaskMonitor<T> {
  if (task.owner !== self.pid) {
    throw new NotTaskOwner(operation, task, self.pid);
  }
  ownerOf(self, operation);
  return Task.internal.monitorOf(task);
}
