import { ProcessExited, TaskFailed } from "../process/errors.ts";
import { Exit } from "../process/exit-reason.ts";
import type { HostSignal } from "../process/host-signal.ts";
import type { Process } from "../process/process.ts";
import { DEFAULT_CALL_TIMEOUT_MS } from "../process/request.ts";
import type { Self } from "../process/self.ts";
import { checkDelay } from "../process/timers.ts";
import { InputSource } from "./input-source.ts";
import {
  type StreamedTask,
  StreamedTasks,
  type TaskSpawner,
  type TaskStreamBody,
  type TaskStreamResult,
} from "./streamed-tasks.ts";
import { ownerOf } from "./task.ts";

export interface TaskStreamOptions {
  /** How many tasks may be alive at once: 1 or more. Default 8; one thread runs them all, so it is about waiting. */
  readonly maxConcurrency?: number;
  /** Whether results come in the order of the inputs, and not as they are there. Default true. */
  readonly ordered?: boolean;
  /** What one task may take. Default 5,000; `Infinity` is no limit. */
  readonly timeoutMs?: number;
  /** A task that is out of time is killed. Then `exit`, the default, fails the whole; `kill` gives `exit` with `timeout`. */
  readonly onTimeout?: "exit" | "kill";
  /** Fails the whole, with `aborted`. */
  readonly signal?: HostSignal;
}

/**
 * Runs a task for each input, some at once, and gives their results one after another.
 *
 * Nothing is taken from `inputs` and no task starts before a result is asked for, nor while enough run; results that
 * nobody asks for hold up what follows. Tasks are linked: when one fails, an owner that does not trap exits ends too, and
 * one that traps gets the `exit` as a result and no `Exited`. However the loop is left, what still runs is killed before
 * it goes on, `inputs` is closed, and no message is left behind.
 *
 * An asynchronous source is asked ahead, so it runs beside the loop: only one of them may `receive` or `sleep` by `self`.
 *
 * @throws {RangeError} A number is out of bounds; {@link TaskFailed} and what `inputs` throws come from the iteration.
 * @see Elixir, `Task.async_stream`
 *
 * @example
 * for await (const result of taskStream(self, urls, (url) => fetchPage(url), { maxConcurrency: 4 })) {
 *   if (result.kind === "ok") index(result.input, result.value);
 * }
 */
export function taskStream<I, T>(
  self: Self,
  inputs: Iterable<I> | AsyncIterable<I>,
  run: TaskStreamBody<I, T>,
  options: TaskStreamOptions = {},
): AsyncIterable<TaskStreamResult<I, T>> {
  return streamThrough(self, inputs, run, options, {
    linked: true,
    spawn: (begin) => void begin((script) => self.spawn(script)),
  });
}

/** {@link taskStream}, with processes from wherever. */
export function streamThrough<I, T>(
  self: Self,
  inputs: Iterable<I> | AsyncIterable<I>,
  run: TaskStreamBody<I, T>,
  options: TaskStreamOptions,
  from: { readonly linked: boolean; readonly spawn: TaskSpawner },
): AsyncIterable<TaskStreamResult<I, T>> {
  const plan = completeOptions(options);
  return {
    [Symbol.asyncIterator]: () => resultsOf(ownerOf(self, "stream tasks"), inputs, run, { ...plan, ...from }),
  };
}

interface StreamPlan extends Required<Omit<TaskStreamOptions, "signal">> {
  readonly signal: HostSignal | undefined;
  readonly linked: boolean;
  readonly spawn: TaskSpawner;
}

async function* resultsOf<I, T>(
  owner: Process,
  inputs: Iterable<I> | AsyncIterable<I>,
  run: TaskStreamBody<I, T>,
  plan: StreamPlan,
): AsyncGenerator<TaskStreamResult<I, T>, void, undefined> {
  const { signal, ordered, timeoutMs, onTimeout } = plan;
  const tasks = new StreamedTasks(owner, run, { linked: plan.linked, timeoutMs });
  const source = new InputSource(inputs, tasks.notify);
  signal?.addEventListener("abort", tasks.notify);
  try {
    /** Those that are done before their turn, by position. */
    const early = new Map<number, StreamedTask<I, T>>();
    for (let delivered = 0; ; ) {
      if (owner.dead) {
        throw new ProcessExited(owner.pid, "stream tasks");
      }
      if (signal?.aborted) {
        throw new TaskFailed({ reason: Exit.aborted(signal.reason), tasks: tasks.running(), timeoutMs });
      }
      const due = early.get(delivered);
      if (due !== undefined) {
        early.delete(delivered);
        delivered += 1;
        yield due.result;
        continue;
      }
      await startMore(tasks, source, plan);
      const done = tasks.takeEnded();
      if (done === undefined) {
        if (source.done && tasks.open === 0) {
          return;
        }
        await tasks.change();
      } else if (done.late && onTimeout === "exit") {
        throw new TaskFailed({ reason: Exit.timeout, tasks: [done], timeoutMs });
      } else if (ordered) {
        early.set(done.position, done);
      } else {
        yield done.result;
      }
    }
  } finally {
    signal?.removeEventListener("abort", tasks.notify);
    tasks.close();
    await source.close();
  }
}

/** As many as may be open, and as there are inputs for. */
async function startMore<I, T>(tasks: StreamedTasks<I, T>, source: InputSource<I>, plan: StreamPlan): Promise<void> {
  while (tasks.open < plan.maxConcurrency) {
    const next = source.take();
    if (next === undefined) {
      return;
    }
    await plan.spawn((spawn) => tasks.begin(next.input, spawn));
  }
}

function completeOptions(options: TaskStreamOptions): Omit<StreamPlan, "linked" | "spawn"> {
  const {
    maxConcurrency = 8,
    ordered = true,
    timeoutMs = DEFAULT_CALL_TIMEOUT_MS,
    onTimeout = "exit",
    signal,
  } = options;
  if (!Number.isInteger(maxConcurrency) || maxConcurrency < 1) {
    throw new RangeError(
      `Cannot stream tasks: maxConcurrency must be a whole number from 1 on, got ${String(maxConcurrency)}`,
    );
  }
  if (onTimeout !== "exit" && onTimeout !== "kill") {
    throw new TypeError(`Cannot stream tasks: onTimeout must be "exit" or "kill", got ${String(onTimeout)}`);
  }
  if (timeoutMs !== Number.POSITIVE_INFINITY) {
    checkDelay("task timeout", timeoutMs);
  }
  return { maxConcurrency, ordered, timeoutMs, onTimeout, signal };
}
