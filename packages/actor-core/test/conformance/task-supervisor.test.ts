import { describe, expect, test } from "@jest/globals";
import {
  asyncTask,
  awaitTask,
  callersOf,
  Down,
  dynamicSupervisorRef,
  Exit,
  Exited,
  type Pid,
  processInfo,
  type Self,
  startSupervisor,
  startTaskSupervisor,
  TaskReply,
  type TaskStreamResult,
  TooManyTasks,
  taskSupervisorRef,
  yieldTask,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { forever, links, mailbox, startTaskWorld, type TaskWorld } from "./task-world.ts";
import { rejection } from "./world.ts";

interface SupervisedWorld extends TaskWorld {
  readonly supervisor: Pid;
}

/** A task supervisor that the trapping process has started. */
async function startSupervisedWorld(maxChildren?: number): Promise<SupervisedWorld> {
  const world = await startTaskWorld();
  const started = await startTaskSupervisor(world.trapping.self, maxChildren === undefined ? {} : { maxChildren });
  if (started.kind !== "ok") throw new Error(started.kind);
  return { ...world, supervisor: started.pid };
}

async function collect<I, T>(stream: AsyncIterable<TaskStreamResult<I, T>>, most = Infinity) {
  const results: TaskStreamResult<I, T>[] = [];
  for await (const result of stream) {
    results.push(result);
    if (results.length >= most) break;
  }
  return results;
}

async function sleep(delayMs: number, task: Self): Promise<number> {
  await (delayMs === Infinity ? forever(task) : task.sleep(delayMs));
  return delayMs;
}

test("TSUP-001 a task is the supervisor's child, linked to its owner, and gone when it is done", async () => {
  const { runT, supervisor } = await startSupervisedWorld();
  await runT(async (self) => {
    const tasks = taskSupervisorRef(self, supervisor);
    const task = await tasks.async((script) => script.receive());
    const pid = task.pid as Pid;
    expect([await tasks.children(), links(self), task.owner]).toEqual([[pid], [pid], self.pid]);
    expect(processInfo(pid)?.parent).toBe(supervisor);
    const end = self.exited(pid);
    self.send(pid, "done");
    expect(await end).toEqual(Exit.normal);
    expect(mailbox(self)).toEqual([new TaskReply(task.ref, "done"), new Down(task.ref, pid, Exit.normal)]);
    expect(await awaitTask(self, task)).toBe("done");
    expect([await tasks.children(), mailbox(self), links(self)]).toEqual([[], [], []]);
    expect(await awaitTask(self, await tasks.async(() => "at once"))).toBe("at once");
  });
});

test("TSUP-001 an owner that fails takes its tasks along", async () => {
  const { system, supervisor, plain } = await startSupervisedWorld();
  const tasks = taskSupervisorRef(plain.self, supervisor);
  const linked = await tasks.async(forever);
  const free = await tasks.asyncNolink(forever);
  const end = system.exited(linked.pid as Pid);
  system.exitSignal(plain.pid, Exit.of("boom"));
  expect(await end).toEqual(Exit.of("boom"));
  expect(await taskSupervisorRef(system, supervisor).children()).toEqual([free.pid]);
});

test("TSUP-002 a task that is not linked fails alone, and the owner hears of it", async () => {
  const { runT, supervisor } = await startSupervisedWorld();
  await runT(async (self) => {
    const tasks = taskSupervisorRef(self, supervisor);
    const error = new Error("oops");
    const fail = async (task: Self): Promise<never> => {
      await task.receive();
      throw error;
    };
    const task = await tasks.asyncNolink(fail);
    expect([await tasks.children(), links(self)]).toEqual([[task.pid], []]);
    const monitor = self.monitor(task.pid as Pid);
    self.send(task.pid as Pid, "go");
    expect(await rejection(awaitTask(self, task))).toMatchObject({ reason: Exit.crash(error) });
    expect(mailbox(self)).toEqual([new Down(monitor, task.pid as Pid, Exit.crash(error))]);
    expect(await yieldTask(self, await tasks.asyncNolink((script) => script.exit(Exit.of("r"))))).toEqual({
      kind: "exit",
      reason: Exit.of("r"),
    });
  });
});

test("TSUP-003 a child runs by itself, without link or reply", async () => {
  const { runT, supervisor } = await startSupervisedWorld();
  await runT(async (self) => {
    const tasks = taskSupervisorRef(self, supervisor);
    const started = await tasks.startChild((task) => task.receive());
    if (started.kind !== "ok") throw new Error(started.kind);
    expect([await tasks.children(), links(self)]).toEqual([[started.pid], []]);
    const end = self.exited(started.pid);
    self.send(started.pid, "go");
    expect(await end).toEqual(Exit.normal);
    expect([await tasks.children(), mailbox(self)]).toEqual([[], []]);
  });
});

test("TSUP-004 a permanent child runs again", async () => {
  const { system, supervisor } = await startSupervisedWorld();
  const tasks = taskSupervisorRef(system, supervisor);
  const ran: Pid[] = [];
  const run = (task: Self): Promise<never> => {
    ran.push(task.pid);
    return forever(task);
  };
  await tasks.startChild(run, { restart: "permanent" });
  await quiesce(system);
  system.exitSignal(ran[0] as Pid, Exit.kill);
  await quiesce(system);
  expect(ran).toHaveLength(2);
  expect(await tasks.children()).toEqual([ran[1]]);
});

test("TSUP-005 a child may be killed at its supervisor's shutdown", async () => {
  const { system, supervisor, plain, trapping } = await startSupervisedWorld();
  const tasks = taskSupervisorRef(plain.self, supervisor);
  const options = { shutdown: "brutal-kill" } as const;
  const started = await tasks.startChild(forever, options);
  if (started.kind !== "ok") throw new Error(started.kind);
  const followed = await tasks.asyncNolink(forever, options);
  const ends = [started.pid, followed.pid as Pid].map((pid) => system.exited(pid));
  trapping.self.exitSignal(supervisor, Exit.shutdown);
  expect(await Promise.all(ends)).toEqual([Exit.killed, Exit.killed]);
});

test("TSUP-006 a task too many is an error, and disturbs nobody", async () => {
  const { runT, supervisor } = await startSupervisedWorld(1);
  await runT(async (self) => {
    const tasks = taskSupervisorRef(self, supervisor);
    const first = await tasks.async(forever);
    for (const refused of [tasks.async(() => 1), tasks.asyncNolink(() => 1)]) {
      const error = await rejection(refused);
      expect(error).toBeInstanceOf(TooManyTasks);
      expect(error).toMatchObject({ code: "ACTOR_TOO_MANY_TASKS", supervisor });
    }
    expect(await tasks.startChild(() => 1)).toEqual({ kind: "max-children" });
    expect([await tasks.children(), links(self), mailbox(self)]).toEqual([[first.pid], [first.pid], []]);
    expect(await rejection(collect(tasks.stream([1], sleep)))).toBeInstanceOf(TooManyTasks);
  });
});

test("TSUP-006 a stream that cannot have as many tasks as it wants ends, and leaves nothing", async () => {
  const { runT, supervisor } = await startSupervisedWorld(1);
  await runT(async (self) => {
    const tasks = taskSupervisorRef(self, supervisor);
    const failure = await rejection(collect(tasks.stream([Infinity, Infinity], sleep, { maxConcurrency: 2 })));
    expect(failure).toBeInstanceOf(TooManyTasks);
    expect([await tasks.children(), links(self), mailbox(self)]).toEqual([[], [], []]);
  });
});

test("a supervisor that is not there fails the call, and starts nothing", async () => {
  const { runT, system } = await startTaskWorld();
  const before = system.processes().length;
  await runT(async (self) => {
    const tasks = taskSupervisorRef(self, "nobody");
    expect(await rejection(tasks.async(() => 1))).toMatchObject({ reason: Exit.noproc });
    expect(await rejection(collect(tasks.stream([1], sleep)))).toMatchObject({ reason: Exit.noproc });
    expect(system.processes()).toHaveLength(before + 1);
  });
});

test("a task supervisor that is disposed of at the end of a block ends its tasks, which are shown by their label", async () => {
  const { system, runT } = await startTaskWorld();
  await runT(async (self) => {
    const started = await startTaskSupervisor(self);
    if (started.kind !== "ok") throw new Error(started.kind);
    let pids: readonly Pid[];
    {
      await using tasks = taskSupervisorRef(self, started.pid);
      await tasks.asyncNolink(forever, { label: "for ever" });
      await tasks.startChild(forever, { label: "for ever" });
      pids = await tasks.children();
      expect(pids.map((pid) => processInfo(pid)?.label)).toEqual(["for ever", "for ever"]);
    }
    expect(pids.map((pid) => system.isAlive(pid))).toEqual([false, false]);
  });
});

test("TSUP-007 a child is terminated, once", async () => {
  const { system, supervisor } = await startSupervisedWorld();
  const tasks = taskSupervisorRef(system, supervisor);
  const started = await tasks.startChild(forever);
  if (started.kind !== "ok") throw new Error(started.kind);
  expect(await tasks.terminateChild(started.pid)).toEqual({ kind: "ok" });
  expect([await tasks.children(), system.isAlive(started.pid)]).toEqual([[], false]);
  expect(await tasks.terminateChild(started.pid)).toEqual({ kind: "not-found" });
});

test("TSUP-008 streamed without links, exits are results for an owner that does not trap", async () => {
  const { runT, supervisor } = await startSupervisedWorld();
  await runT(async (self) => {
    const tasks = taskSupervisorRef(self, supervisor);
    const results = await collect(tasks.streamNolink([1, 2, 3, 4], (n, task) => task.exit(Exit.of(n))));
    expect(results).toEqual([1, 2, 3, 4].map((input) => ({ kind: "exit", input, reason: Exit.of(input) })));
    expect([await tasks.children(), links(self), mailbox(self)]).toEqual([[], [], []]);
  });
});

describe.each(["stream", "streamNolink"] as const)("%s", (kind) => {
  test("TSUP-008 results come in the order of the inputs; what is not wanted any more is dead", async () => {
    const { runT, inTime, supervisor } = await startSupervisedWorld();
    const done = runT(async (self) => {
      const tasks = taskSupervisorRef(self, supervisor);
      const all = await collect(tasks[kind]([4, 3, 2, 1], sleep, { maxConcurrency: 4 }));
      const one = await collect(tasks[kind]([0, Infinity, Infinity], sleep, { maxConcurrency: 2 }), 1);
      return [all.map(({ input }) => input), one.length, await tasks.children(), links(self), mailbox(self)];
    });
    expect(await inTime(done)).toEqual([[4, 3, 2, 1], 1, [], [], []]);
  });
});

test("TSUP-008 streamed with links, a task that fails takes an owner that does not trap along", async () => {
  const { system, supervisor, plain } = await startSupervisedWorld();
  const tasks = taskSupervisorRef(plain.self, supervisor);
  const failure = rejection(
    collect(tasks.stream([1, Infinity], (n, task) => (n === 1 ? task.exit(Exit.of(n)) : forever(task)))),
  );
  expect(await system.exited(plain.pid)).toEqual(Exit.of(1));
  expect(await failure).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  expect(await taskSupervisorRef(system, supervisor).children()).toEqual([]);
});

test("TSUP-009 a task that is out of time is told with its input", async () => {
  const { runT, inTime, supervisor } = await startSupervisedWorld();
  const done = runT((self) =>
    collect(taskSupervisorRef(self, supervisor).streamNolink([1, 100], sleep, { timeoutMs: 50, onTimeout: "kill" })),
  );
  expect(await inTime(done)).toEqual([
    { kind: "ok", input: 1, value: 1 },
    { kind: "exit", input: 100, reason: Exit.timeout },
  ]);
});

test("TSUP-010 inside a task the caller is its owner, and the ancestors the supervisor and who started that", async () => {
  const { runT, supervisor, trapping } = await startSupervisedWorld();
  await runT(async (self) => {
    const tasks = taskSupervisorRef(self, supervisor);
    const about = (task: Self) => [callersOf(task), processInfo(task.pid)?.ancestors];
    const expected = [[self.pid], [supervisor, trapping.pid]];
    expect(await awaitTask(self, await tasks.async(about))).toEqual(expected);
    expect(await collect(tasks.stream([1], (_input, task) => about(task)))).toMatchObject([{ value: expected }]);
    const inner = await tasks.async(async (outer) => [
      await awaitTask(outer, await taskSupervisorRef(outer, supervisor).async(callersOf)),
      outer.pid,
    ]);
    expect(await awaitTask(self, inner)).toEqual([[inner.pid, self.pid], inner.pid]);
    const heard = asyncTask(self, async (outer) => {
      let callers: readonly Pid[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      await taskSupervisorRef(outer, supervisor).startChild((task) => {
        callers = callersOf(task);
        resolve();
      });
      await promise;
      return callers;
    });
    expect(await awaitTask(self, heard)).toEqual([heard.pid, self.pid]);
  });
});

test("an owner that ends before the supervisor gets to its task has none", async () => {
  const { system, supervisor, plain, pass } = await startSupervisedWorld();
  const slow = dynamicSupervisorRef(system, supervisor).startChild({
    id: "slow",
    start: async (parent) => {
      await parent.sleep(10);
      return { kind: "ignore" };
    },
  });
  let ran = false;
  const asked = rejection(
    taskSupervisorRef(plain.self, supervisor).asyncNolink(() => {
      ran = true;
    }),
  );
  await quiesce(system);
  system.exitSignal(plain.pid, Exit.kill);
  await pass(10);
  expect(await slow).toEqual({ kind: "ignore" });
  expect(await asked).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  expect([ran, await taskSupervisorRef(system, supervisor).children()]).toEqual([false, []]);
});

test("TSUP-001 a task supervisor can be supervised, by name", async () => {
  const { system, trapping } = await startTaskWorld();
  const started = await startSupervisor(trapping.self, {
    children: [
      { id: "tasks", type: "supervisor", start: (parent) => startTaskSupervisor(parent, {}, { name: "tasks" }) },
    ],
  });
  const tasks = taskSupervisorRef(system, "tasks");
  const child = await tasks.startChild(forever);
  expect(await tasks.children()).toEqual([child.kind === "ok" && child.pid]);
  if (started.kind === "ok") await system.stop(started.pid, { reason: Exit.shutdown });
  expect(trapping.messages).toEqual([expect.any(Exited)]);
  expect(child.kind === "ok" && system.isAlive(child.pid)).toBe(false);
});
