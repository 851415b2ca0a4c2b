import { describe, expect, test } from "@jest/globals";
import {
  callersOf,
  Exit,
  Exited,
  type Pid,
  type Self,
  TaskFailed,
  type TaskStreamOptions,
  type TaskStreamResult,
  taskStream,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { forever, links, mailbox, startTaskWorld } from "./task-world.ts";
import { rejection } from "./world.ts";

type Short = readonly ["ok", unknown] | readonly ["exit", unknown];

/** All results without their inputs. */
async function collect(stream: AsyncIterable<TaskStreamResult<unknown, unknown>>, most = Infinity): Promise<Short[]> {
  const results: Short[] = [];
  for await (const result of stream) {
    results.push(result.kind === "ok" ? ["ok", result.value] : ["exit", result.reason]);
    if (results.length >= most) break;
  }
  return results;
}

/** Does nothing for so many milliseconds; for ever if need be. */
async function sleep(delayMs: number, task: Self): Promise<number> {
  await (delayMs === Infinity ? forever(task) : task.sleep(delayMs));
  return delayMs;
}

const ok = (...values: unknown[]): Short[] => values.map((value) => ["ok", value]);
const exit = (value: unknown, task: Self): never => task.exit(Exit.of(value));

describe.each([2, 4, 8])("four inputs, %i at once", (maxConcurrency) => {
  test("TASK-018 results come in the order of the inputs, also when the first is the slowest", async () => {
    const { runT, inTime } = await startTaskWorld();
    const done = runT(async (self) => {
      self.trapExit(true);
      const first = await collect(taskStream(self, [1, 2, 3, 4], sleep, { maxConcurrency }));
      const second = await collect(taskStream(self, [4, 3, 2, 1], sleep, { maxConcurrency }));
      return [first, second, mailbox(self), links(self)];
    });
    expect(await inTime(done)).toEqual([ok(1, 2, 3, 4), ok(4, 3, 2, 1), [], []]);
  });

  test("TASK-021 exits are results for an owner that traps, and nothing else", async () => {
    const { runT } = await startTaskWorld();
    await runT(async (self) => {
      self.trapExit(true);
      expect(await collect(taskStream(self, [1, 2, 3, 4], exit, { maxConcurrency }))).toEqual(
        [1, 2, 3, 4].map((n) => ["exit", Exit.of(n)]),
      );
      expect([mailbox(self), links(self)]).toEqual([[], []]);
    });
  });

  test("TASK-023 tasks that are not waited for any more are dead, links as before", async () => {
    const { runT, inTime, system, plain } = await startTaskWorld();
    const before = system.processes().length;
    const done = runT(async (self) => {
      self.link(plain.pid);
      const stream = taskStream(self, [0, Infinity, Infinity, Infinity], sleep, { maxConcurrency });
      expect(await collect(stream, 1)).toEqual(ok(0));
      return [mailbox(self), links(self), system.processes().length];
    });
    expect(await inTime(done)).toEqual([[], [plain.pid], before + 1]);
  });

  test("TASK-023 a loop that is left by a throw leaves nothing either", async () => {
    const { runT, system } = await startTaskWorld();
    const before = system.processes().length;
    await runT(async (self) => {
      const failing = async (): Promise<void> => {
        for await (const _ of taskStream(self, [0, Infinity], sleep, { maxConcurrency })) throw new Error("enough");
      };
      expect(await rejection(failing())).toEqual(new Error("enough"));
      expect([mailbox(self), links(self), system.processes().length]).toEqual([[], [], before + 1]);
    });
  });

  test("two streams of one owner do not disturb each other", async () => {
    const { runT, inTime } = await startTaskWorld();
    const done = runT((self) => {
      const stream = taskStream(self, [4, 3, 2, 1], sleep, { maxConcurrency });
      return Promise.all([collect(stream), collect(stream)]);
    });
    expect(await inTime(done)).toEqual([ok(4, 3, 2, 1), ok(4, 3, 2, 1)]);
  });

  test("a task that is out of time can be killed alone", async () => {
    const { runT, inTime } = await startTaskWorld();
    const done = runT(async (self) => {
      const stream = taskStream(self, [100, 1, 100, 1], sleep, { maxConcurrency, onTimeout: "kill", timeoutMs: 50 });
      return [await collect(stream), mailbox(self), links(self)];
    });
    const late = ["exit", Exit.timeout];
    expect(await inTime(done)).toEqual([[late, ["ok", 1], late, ["ok", 1]], [], []]);
  });
});

test("TASK-019 unordered, results come as they are there", async () => {
  const { runT, inTime } = await startTaskWorld();
  const results = (maxConcurrency: number, more?: TaskStreamOptions) =>
    inTime(
      runT((self) =>
        collect(taskStream(self, [400, 300, 200, 100], sleep, { maxConcurrency, ordered: false, ...more })),
      ),
    );
  expect(await results(4)).toEqual(ok(100, 200, 300, 400));
  expect(await results(1)).toEqual(ok(400, 300, 200, 100));
  const late = ["exit", Exit.timeout];
  expect(await results(4, { timeoutMs: 250, onTimeout: "kill" })).toEqual([...ok(100, 200), late, late]);
});

test("a result tells its input", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    self.trapExit(true);
    const results: unknown[] = [];
    const stream = taskStream(self, ["a", "b"], (input, task) => (input === "b" ? task.exit(Exit.normal) : 1));
    for await (const result of stream) results.push(result);
    expect(results).toEqual([
      { kind: "ok", input: "a", value: 1 },
      { kind: "exit", input: "b", reason: Exit.normal },
    ]);
  });
});

test("TASK-020 never more tasks are alive than allowed, and nothing happens before the first result is asked for", async () => {
  const { runT, inTime, system } = await startTaskWorld();
  let pulled = 0;
  let most = 0;
  const before = system.processes().length;
  function* inputs() {
    for (; pulled < 10; ) yield ++pulled;
  }
  const run = async (n: number, task: Self): Promise<number> => {
    most = Math.max(most, system.processes().length - before - 1);
    await task.sleep(n % 4);
    return n;
  };
  const done = runT(async (self) => {
    const iterator = taskStream(self, inputs(), run, { maxConcurrency: 3 })[Symbol.asyncIterator]();
    await self.sleep(1);
    expect([pulled, system.processes().length]).toEqual([0, before + 1]);
    const results: unknown[] = [];
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) results.push(next.value.kind);
    return results;
  });
  expect(await inTime(done)).toEqual(Array(10).fill("ok"));
  expect([pulled, most]).toEqual([10, 3]);
});

test("TASK-020 results that nobody asks for hold up what follows", async () => {
  const { runT, system, pass } = await startTaskWorld();
  let pulled = 0;
  const go = Promise.withResolvers<void>();
  function* inputs() {
    for (;;) yield ++pulled;
  }
  const done = runT(async (self) => {
    const iterator = taskStream(self, inputs(), (n) => n, { maxConcurrency: 3 })[Symbol.asyncIterator]();
    await iterator.next();
    await go.promise;
    await iterator.return?.();
  });
  await pass(1_000);
  expect(pulled).toBe(3);
  go.resolve();
  await done;
  await quiesce(system);
});

test("TASK-021 an owner that does not trap exits ends with a task that fails", async () => {
  const { system, plain } = await startTaskWorld();
  const before = system.processes().length;
  const failure = rejection(
    collect(taskStream(plain.self, [Infinity, 1], (n, task) => (n === 1 ? exit(n, task) : forever(task)))),
  );
  expect(await system.exited(plain.pid)).toEqual(Exit.of(1));
  expect(await failure).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  expect(system.processes()).toHaveLength(before - 1);
});

test("TASK-022 a task that is out of time fails the consumer, and leaves nothing", async () => {
  const { runT, inTime } = await startTaskWorld();
  const done = runT(async (self) => {
    const failure = await rejection(collect(taskStream(self, [Infinity, Infinity], sleep, { timeoutMs: 0 })));
    return [failure, mailbox(self), links(self)];
  });
  const [failure, ...left] = await inTime(done);
  expect(failure).toBeInstanceOf(TaskFailed);
  expect(failure).toMatchObject({ reason: Exit.timeout, timeoutMs: 0 });
  expect(left).toEqual([[], []]);
});

test("a task may take 5,000 ms, and no more, unless told otherwise", async () => {
  const { runT, inTime, clock } = await startTaskWorld();
  expect(await inTime(runT((self) => collect(taskStream(self, [4_999], sleep))))).toEqual(ok(4_999));
  const beganMs = clock.nowMs();
  expect(await inTime(rejection(runT((self) => collect(taskStream(self, [Infinity], sleep)))))).toMatchObject({
    reason: Exit.timeout,
  });
  expect(clock.nowMs() - beganMs).toBe(5_000);
  expect(await inTime(runT((self) => collect(taskStream(self, [6_000], sleep, { timeoutMs: Infinity }))))).toEqual(
    ok(6_000),
  );
});

test.each<[string, object, typeof RangeError | typeof TypeError]>([
  ["no concurrency", { maxConcurrency: 0 }, RangeError],
  ["half a task", { maxConcurrency: 1.5 }, RangeError],
  ["an unknown onTimeout", { onTimeout: "unknown" }, TypeError],
  ["a negative time", { timeoutMs: -1 }, RangeError],
  ["a time that is no number", { timeoutMs: "1" }, TypeError],
])("TASK-024 %s is refused before anything starts", async (_what, options, error) => {
  const { plain } = await startTaskWorld();
  expect(() => taskStream(plain.self, [1], sleep, options)).toThrow(error);
});

/** Notes when it is closed. */
function* closing(inputs: readonly number[], closed: string[], name: string): Generator<number> {
  try {
    yield* inputs;
  } finally {
    closed.push(name);
  }
}

test("TASK-025 the source, and what follows, clean up at the end and when the loop is left", async () => {
  const { runT, inTime } = await startTaskWorld();
  const done = runT(async (self) => {
    const closed: string[] = [];
    async function* after(stream: AsyncIterable<TaskStreamResult<number, number>>) {
      try {
        yield* stream;
      } finally {
        closed.push("after");
      }
    }
    const whole = () => after(taskStream(self, closing([1, 2, 3, 4], closed, "source"), (n) => n));
    expect(await collect(whole())).toEqual(ok(1, 2, 3, 4));
    expect(closed.splice(0)).toEqual(["source", "after"]);
    expect(await collect(whole(), 2)).toEqual(ok(1, 2));
    expect(closed.splice(0)).toEqual(["source", "after"]);
    await rejection(collect(taskStream(self, closing([1, 2], closed, "source"), sleep, { timeoutMs: 0 })));
    expect(closed.splice(0)).toEqual(["source"]);
  });
  await inTime(done);
});

test("TASK-025 a source that throws ends the stream, its tasks, and is not closed again", async () => {
  const { runT, system } = await startTaskWorld();
  const before = system.processes().length;
  const broken = new Error("broken");
  await runT(async (self) => {
    function* failing() {
      yield Infinity;
      throw broken;
    }
    expect(await rejection(collect(taskStream(self, failing(), sleep)))).toBe(broken);
    const rejecting = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(broken) }) };
    expect(await rejection(collect(taskStream(self, rejecting, () => {})))).toBe(broken);
    expect([mailbox(self), links(self), system.processes().length]).toEqual([[], [], before + 1]);
  });
});

test("an asynchronous source is streamed, and results do not wait for inputs to come", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const closed: string[] = [];
    async function* inputs() {
      try {
        yield 1;
        yield 2;
        await new Promise(() => {});
      } finally {
        closed.push("never reached");
      }
    }
    expect(
      await collect(
        taskStream(self, inputs(), (n) => n),
        2,
      ),
    ).toEqual(ok(1, 2));
    async function* few() {
      yield* closing([1, 2, 3], closed, "source");
    }
    expect(await collect(taskStream(self, few(), (n) => n, { maxConcurrency: 1 }))).toEqual(ok(1, 2, 3));
    expect(
      await collect(
        taskStream(self, few(), (n) => n),
        1,
      ),
    ).toEqual(ok(1));
    expect(closed).toEqual(["source", "source"]);
  });
});

test("an aborted stream fails with the reason of the signal, and leaves nothing", async () => {
  const { runT, system } = await startTaskWorld();
  const before = system.processes().length;
  const controller = new AbortController();
  const done = runT(async (self) => {
    const failure = await rejection(collect(taskStream(self, [Infinity], sleep, { signal: controller.signal })));
    return [failure, mailbox(self), links(self), system.processes().length];
  });
  await quiesce(system);
  controller.abort("enough");
  const aborted = expect.objectContaining({ reason: Exit.aborted("enough") });
  expect(await done).toEqual([aborted, [], [], before + 1]);
});

describe("an owner that ends in the middle takes its tasks along", () => {
  test.each([
    ["of a signal", false, Exit.of("boom"), Exit.of("boom")],
    ["trapping, of its own accord", true, Exit.of("boom"), Exit.of("boom")],
    ["normally, with the stream abandoned", false, Exit.normal, Exit.killed],
  ])("%s", async (_how, traps, reason, expected) => {
    const { system } = await startTaskWorld();
    let pid: Pid | undefined;
    const owner = system.spawn(async (self) => {
      self.trapExit(traps);
      const iterator = taskStream(self, [0, Infinity], (n, task) => {
        if (n > 0) pid = task.pid;
        return sleep(n, task);
      })[Symbol.asyncIterator]();
      await iterator.next();
      await self.receive();
      self.exit(reason);
    });
    await quiesce(system);
    const end = system.exited(pid as Pid);
    system.send(owner, "end");
    expect(await end).toEqual(expected);
  });
});

test("PROC-027 the callers of streamed tasks are known", async () => {
  const { runT } = await startTaskWorld();
  const [results, own] = await runT(async (self) => {
    const outer = taskStream(self, [1], async (_one, task) => {
      const inner = await collect(taskStream(task, [1], (_input, deeper) => callersOf(deeper)));
      return [inner, task.pid];
    });
    return [await collect(outer), self.pid] as const;
  });
  const [inner, outer] = (results[0] as Short)[1] as [Short[], Pid];
  expect(inner).toEqual(ok([outer, own]));
});

test("a task that traps exits is told of its owner's end once", async () => {
  const { system, plain } = await startTaskWorld();
  const told: unknown[] = [];
  void rejection(
    collect(
      taskStream(plain.self, [1], async (_input, task) => {
        task.trapExit(true);
        told.push(await task.receive());
        told.push(...(mailbox(task) ?? []));
      }),
    ),
  );
  await quiesce(system);
  system.exitSignal(plain.pid, Exit.of("boom"));
  await quiesce(system);
  expect(told).toEqual([new Exited(plain.pid, Exit.of("boom"))]);
});
