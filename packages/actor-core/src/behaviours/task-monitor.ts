import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { Down, type MonitorRef, Signal } from "../process/messages.ts";
import { Monitor } from "../process/monitor.ts";
import type { Pid } from "../process/pid.ts";
import { type Process, processOf } from "../process/process.ts";

/** What came of a task: its value, or why it ended without one. */
export type TaskResult<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "exit"; readonly reason: ExitReason };

/** In the owner's mailbox: the value of a task that nobody waited for when it came. A `Down` follows it. */
export class TaskReply<T = unknown> extends Signal {
  /** `ref` of the task. */
  readonly ref: MonitorRef;
  readonly value: T;

  constructor(ref: MonitorRef, value: T) {
    super();
    this.ref = ref;
    this.value = value;
  }
}

/** Waits for the result of a task. Must run no user code. */
export interface TaskWaiter {
  settled(monitor: TaskMonitor<unknown>, result: TaskResult<unknown>): void;
  ownerEnded(): void;
}

/**
 * The owner's end of a task: a monitor that is also the address of the answer.
 *
 * Answer and `Down` go to those who wait, and into the mailbox only while nobody does. For one who waits that is the same
 * as a selective receive, but several tasks can be awaited at once, and a long mailbox is not looked through.
 */
export class TaskMonitor<T> extends Monitor {
  #active = true;
  /** Something of this task was put into the mailbox, so it is worth a look. */
  #delivered = false;
  #waiters: Set<TaskWaiter> | undefined;

  private constructor(owner: Process, process: Process | undefined, task: Pid) {
    super(owner, process, task);
  }

  /** Of a task that has just been spawned. It may have ended already: of a signal that was aborted before. */
  static follow<T>(owner: Process, task: Pid): TaskMonitor<T> {
    const process = processOf(task);
    const monitor = new TaskMonitor<T>(owner, process, task);
    if (process === undefined) {
      monitor.targetEnded(Exit.noproc);
    }
    return monitor;
  }

  /** Of a task that has its value already. */
  static answered<T>(owner: Process, value: T): TaskMonitor<T> {
    const monitor = new TaskMonitor<T>(owner, undefined, owner.pid);
    monitor.reply(value);
    monitor.#active = false;
    return monitor;
  }

  /** Answers to come, or the end, will be heard of. */
  get active(): boolean {
    return this.#active;
  }

  /** The task has its value. Dropped when the owner has lost interest. */
  reply(value: T): void {
    if (!this.#active) {
      return;
    }
    if (this.#waiters === undefined) {
      this.#delivered = true;
      this.owner.deliver(new TaskReply(this, value));
    } else {
      super.end();
      this.#settle({ kind: "ok", value });
    }
  }

  /** Takes what has come already out of the mailbox. After it nothing of this task is there any more. */
  take(): TaskResult<T> | undefined {
    if (!this.#delivered) {
      return undefined;
    }
    this.#delivered = false;
    const { reply, down } = takeFrom<T>(this.owner, this);
    if (reply !== undefined) {
      this.end();
      return { kind: "ok", value: reply.value };
    }
    return down && { kind: "exit", reason: down.reason };
  }

  /** Call {@link TaskMonitor.take} first. A waiter is told once; at once if nothing can come any more. */
  wait(waiter: TaskWaiter): void {
    if (this.#active) {
      (this.#waiters ??= new Set()).add(waiter);
    } else {
      waiter.settled(this, { kind: "exit", reason: Exit.noproc });
    }
  }

  /** Stops waiting. */
  leave(waiter: TaskWaiter): void {
    this.#waiters?.delete(waiter);
    if (this.#waiters?.size === 0) {
      this.#waiters = undefined;
    }
  }

  /** Stops waiting for good: unless somebody else waits, the answer is dropped, if it has come already too. */
  abandon(waiter: TaskWaiter): void {
    this.leave(waiter);
    if (this.#waiters === undefined) {
      this.take();
      this.end();
    }
  }

  override end(): void {
    super.end();
    this.#settle({ kind: "exit", reason: Exit.noproc });
  }

  override targetEnded(reason: ExitReason): void {
    if (this.#waiters === undefined) {
      this.#active = false;
      this.#delivered = true;
      super.targetEnded(reason);
    } else {
      super.end();
      this.#settle({ kind: "exit", reason });
    }
  }

  override ownerEnded(): void {
    super.ownerEnded();
    this.#active = false;
    for (const waiter of this.#release()) {
      waiter.ownerEnded();
    }
  }

  #settle(result: TaskResult<T>): void {
    this.#active = false;
    for (const waiter of this.#release()) {
      waiter.settled(this, result);
    }
  }

  #release(): Iterable<TaskWaiter> {
    const waiters = this.#waiters ?? [];
    this.#waiters = undefined;
    return waiters;
  }
}

function takeFrom<T>(
  owner: Process,
  ref: MonitorRef,
): { readonly reply: TaskReply<T> | undefined; readonly down: Down | undefined } {
  let reply: TaskReply<T> | undefined;
  let down: Down | undefined;
  owner.discard((message) => {
    if (message instanceof Down && message.monitor === ref) {
      down = message;
      return true;
    }
    // A second answer is none: whoever sent it, it stays where it is.
    if (reply === undefined && message instanceof TaskReply && message.ref === ref) {
      reply = message;
      return true;
    }
    return false;
  });
  return { reply, down };
}
