import { type Deferred, defer } from "../process/deferred.ts";
import { ProcessExited } from "../process/errors.ts";
import { Exit, type ExitReason } from "../process/exit-reason.ts";
import type { Pid } from "../process/pid.ts";
import { type Process, processOf, type Watcher } from "../process/process.ts";
import type { Awaitable, ProcessScript, Self } from "../process/self.ts";
import { SmallSet } from "../process/small-set.ts";
import type { Deadline } from "../process/timers.ts";
import { work } from "./task.ts";
import { recordCaller } from "./task-callers.ts";

/** What came of one input. */
export type TaskStreamResult<I, T> =
  | { readonly kind: "ok"; readonly input: I; readonly value: T }
  | { readonly kind: "exit"; readonly input: I; readonly reason: ExitReason };

/** What is done with one input. */
export type TaskStreamBody<I, T> = (input: I, task: Self) => Awaitable<T>;

/** Calls `begin` with what spawns a process, now or later, once; not any more when the owner has ended. */
export type TaskSpawner = (begin: (spawn: (script: ProcessScript) => Pid) => Pid) => Awaitable<void>;

/**
 * The tasks of one stream.
 *
 * They speak to the stream and not through the owner's mailbox, where nothing can be left behind then.
 */
export class StreamedTasks<I, T> implements Watcher {
  readonly #owner: Process;
  readonly #run: TaskStreamBody<I, T>;
  readonly #timeoutMs: number;
  readonly #linked: boolean;
  /** An owner that traps exits gets results, and shall get no `Exited`. Decided once, as the stream begins. */
  readonly #trapping: boolean;
  readonly #running = new Set<StreamedTask<I, T>>();
  #ended: StreamedTask<I, T>[] = [];
  #begun = 0;
  #change: Deferred<void> | undefined;
  /** Something has happened that nobody waited for. */
  #changed = false;

  constructor(
    owner: Process,
    run: TaskStreamBody<I, T>,
    options: { readonly linked: boolean; readonly timeoutMs: number },
  ) {
    this.#owner = owner;
    this.#run = run;
    this.#linked = options.linked;
    this.#timeoutMs = options.timeoutMs;
    this.#trapping = owner.trapExit;
    (owner.watchers ??= new SmallSet()).add(this);
  }

  /** How many run, or have ended and were not taken. */
  get open(): number {
    return this.#running.size + this.#ended.length;
  }

  running(): readonly { readonly pid: Pid }[] {
    return [...this.#running];
  }

  begin(input: I, spawn: (script: ProcessScript) => Pid): Pid {
    let task: StreamedTask<I, T> | undefined;
    const pid = spawn((self) =>
      work(
        self,
        () => this.#run(input, self),
        (value) => task?.reply(value),
      ),
    );
    recordCaller(pid, this.#owner.pid);
    task = new StreamedTask(input, { pid, position: this.#begun, onEnd: (ended) => this.#end(ended) });
    this.#begun += 1;
    this.#running.add(task);
    task.watch(this.#timeoutMs, this.#linked && !this.#trapping ? this.#owner : undefined);
    return pid;
  }

  /** The one that ended first of those that were not taken. */
  takeEnded(): StreamedTask<I, T> | undefined {
    return this.#ended.shift();
  }

  /** Resolves when something has happened since the last time. One at a time may wait. */
  async change(): Promise<void> {
    if (!this.#changed) {
      this.#change = defer();
      await this.#change.promise;
    }
    this.#changed = false;
  }

  readonly notify = (): void => {
    this.#changed = true;
    this.#change?.resolve();
    this.#change = undefined;
  };

  /** Kills what runs. Nothing of it is left anywhere. */
  close(): void {
    this.#owner.watchers?.delete(this);
    for (const task of this.#running) {
      task.kill();
    }
    this.#ended = [];
  }

  /** The owner has ended. Tasks under a supervisor that were not to be linked go on. */
  targetEnded(reason: ExitReason): void {
    for (const task of this.#linked ? this.#running : []) {
      task.ownerEnded(this.#owner.pid, reason);
    }
    this.#change?.reject(new ProcessExited(this.#owner.pid, "stream tasks"));
    this.#change = undefined;
  }

  #end(task: StreamedTask<I, T>): void {
    this.#running.delete(task);
    this.#ended.push(task);
    this.notify();
  }
}

/** One task of a stream. It is done when its process is gone, so that never more are alive than allowed. */
export class StreamedTask<I, T> implements Watcher {
  readonly pid: Pid;
  readonly position: number;
  readonly #input: I;
  readonly #onEnd: (task: StreamedTask<I, T>) => void;
  #result: TaskStreamResult<I, T> | undefined;
  #linkedTo: Process | undefined;
  #deadline: Deadline | undefined;
  #late = false;

  constructor(
    input: I,
    task: { readonly pid: Pid; readonly position: number; readonly onEnd: (task: StreamedTask<I, T>) => void },
  ) {
    this.pid = task.pid;
    this.position = task.position;
    this.#input = input;
    this.#onEnd = task.onEnd;
  }

  /** It was out of time, and has no value. */
  get late(): boolean {
    return this.#late;
  }

  /** Once it has ended. */
  get result(): TaskStreamResult<I, T> {
    return this.#result as TaskStreamResult<I, T>;
  }

  /** Right after it was spawned. */
  watch(timeoutMs: number, link: Process | undefined): void {
    const process = processOf(this.pid) as Process;
    (process.watchers ??= new SmallSet()).add(this);
    if (link !== undefined) {
      this.#linkedTo = link;
      link.link(process);
    }
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#deadline = process.runtime.timers.after(timeoutMs, () => {
        this.#late = this.#result === undefined;
        this.kill();
      });
    }
  }

  reply(value: T): void {
    this.#result ??= { kind: "ok", input: this.#input, value };
  }

  kill(): void {
    const process = processOf(this.pid);
    if (process !== undefined) {
      this.#linkedTo?.unlink(process);
      // And no signal: it has ended when this returns, however long signals take.
      process.end(Exit.killed);
    }
  }

  ownerEnded(owner: Pid, reason: ExitReason): void {
    if (reason.kind === "normal") {
      // Who abandons a stream and ends does not want the rest either.
      this.kill();
    } else if (this.#linkedTo === undefined) {
      processOf(this.pid)?.linkSignal(owner, reason);
    }
  }

  targetEnded(reason: ExitReason): void {
    this.#deadline?.clear();
    this.#result ??= { kind: "exit", input: this.#input, reason: this.#late ? Exit.timeout : reason };
    this.#onEnd(this);
  }
}
