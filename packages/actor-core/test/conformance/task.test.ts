import { describe, expect, test } from "@jest/globals";
import {
  asyncTask,
  awaitTask,
  awaitTasks,
  callersOf,
  completedTask,
  Down,
  defineServer,
  Exit,
  Exited,
  type ExitReason,
  ignoreTask,
  NotTaskOwner,
  noReply,
  type Pid,
  processInfo,
  type ReplyTo,
  type Self,
  shutdownTask,
  startServer,
  startSupervisor,
  startTask,
  supervisorRef,
  type Task,
  TaskFailed,
  TaskReply,
  taskSpec,
  yieldTask,
  yieldTasks,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { forever, links, mailbox, startTaskWorld } from "./task-world.ts";
import { rejection } from "./world.ts";

/** Waits until the task has ended, leaving what it brings where it is. */
const ended = (self: Self, task: Task<unknown>): Promise<ExitReason> => self.exited(task.pid as Pid);

test("PROC-027 the callers of a task within a task are the outer task and who started that", async () => {
  const { runT } = await startTaskWorld();
  const [callers, outer, own] = await runT(async (self) => {
    const task = asyncTask(self, async (outer) => awaitTask(outer, asyncTask(outer, callersOf)));
    return [await awaitTask(self, task), task.pid, self.pid];
  });
  expect(callers).toEqual([outer, own]);
});

test("TASK-001 a task is linked; its value comes as one reply, then it ends normal", async () => {
  const { runT, system } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, (script) => script.receive());
    expect(links(self)).toEqual([task.pid]);
    expect(task.owner).toBe(self.pid);
    self.send(task.pid as Pid, "done");
    await ended(self, task);
    expect(mailbox(self)).toEqual([new TaskReply(task.ref, "done"), new Down(task.ref, task.pid as Pid, Exit.normal)]);
    expect(await awaitTask(self, task)).toBe("done");
    expect(mailbox(self)).toEqual([]);
    const second = asyncTask(self, () => 2);
    expect(await awaitTask(self, second)).toBe(2);
    await ended(self, second);
    expect([mailbox(self), links(self)]).toEqual([[], []]);
  });
  await quiesce(system);
});

test("TASK-001 owners that trap exits hear of the end through the link too", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    self.trapExit(true);
    const task = asyncTask(self, () => "done");
    expect(await awaitTask(self, task)).toBe("done");
    await ended(self, task);
    expect(mailbox(self)).toEqual([new Exited(task.pid, Exit.normal)]);
  });
});

test("TASK-001 an owner may take the reply itself, and end the monitor itself", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, () => 7);
    const reply = await self.receive((message): message is TaskReply<number> => task.isReply(message));
    expect(reply.value).toBe(7);
    self.demonitor(task.ref, { flush: true });
    await ended(self, task);
    expect(mailbox(self)).toEqual([]);
    expect(await rejection(awaitTask(self, task))).toMatchObject({ reason: Exit.noproc });
  });
});

test("TASK-002 a started task runs by itself, linked if that is wanted", async () => {
  const { runT, system } = await startTaskWorld();
  await runT(async (self) => {
    const free = startTask(self, () => "nobody's");
    expect(links(self)).toEqual([]);
    const linked = startTask(self, () => "nobody's", { link: true });
    expect(links(self)).toEqual([linked.pid]);
    expect(await Promise.all([self.exited(free.pid), self.exited(linked.pid)])).toEqual([Exit.normal, Exit.normal]);
    expect(mailbox(self)).toEqual([]);
  });
  const { pid } = startTask(system, async (task) => task.exit(Exit.of("outside")));
  expect(await system.exited(pid)).toEqual(Exit.of("outside"));
  expect(() => startTask(system, () => {}, { link: true })).toThrow(TypeError);
});

test("TASK-003 a completed task has its value and no process", async () => {
  const { runT, system } = await startTaskWorld();
  const before = system.processes().length;
  await runT(async (self) => {
    const task = completedTask(self, "value");
    expect([task.pid, system.processes().length]).toEqual([undefined, before + 1]);
    expect(await awaitTask(self, task, { timeoutMs: 0 })).toBe("value");
    expect(await shutdownTask(self, completedTask(self, 1))).toEqual({ kind: "ok", value: 1 });
    expect(await yieldTask(self, completedTask(self, 2))).toEqual({ kind: "ok", value: 2 });
    expect(ignoreTask(self, completedTask(self, 3))).toEqual({ kind: "ok", value: 3 });
    expect(mailbox(self)).toEqual([]);
  });
});

test("TASK-004 awaiting an unfinished task for no time fails", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, forever);
    const error = await rejection(awaitTask(self, task, { timeoutMs: 0 }));
    expect(error).toBeInstanceOf(TaskFailed);
    expect(error).toMatchObject({ code: "ACTOR_TASK_FAILED", reason: Exit.timeout, tasks: [task], timeoutMs: 0 });
  });
});

test("awaiting takes 5,000 ms, not less, unless told otherwise", async () => {
  const { runT, pass, system } = await startTaskWorld();
  let pid: Pid | undefined;
  let error: unknown;
  void runT(async (self) => {
    const task = asyncTask(self, forever);
    pid = task.pid;
    await awaitTask(self, task);
  }).catch((thrown) => {
    error = thrown;
  });
  await pass(4_999);
  expect(error).toBeUndefined();
  await pass(1);
  expect(error).toMatchObject({ reason: Exit.timeout });
  expect(String(error)).toBe(`TaskFailed: Cannot await task ${pid}: timeout after 5000 ms`);
  expect(system.isAlive(pid as Pid)).toBe(true);
});

test("an owner that does not catch the failure ends with it, and its linked tasks with the owner", async () => {
  const { system, pass } = await startTaskWorld();
  let pid: Pid | undefined;
  const owner = system.spawn(async (self) => {
    const task = asyncTask(self, forever);
    pid = task.pid;
    await awaitTask(self, task, { timeoutMs: 10 });
  });
  const end = system.exited(owner);
  await pass(10);
  const reason = await end;
  expect(reason).toMatchObject({ kind: "crash", error: { code: "ACTOR_TASK_FAILED" } });
  expect(system.isAlive(pid as Pid)).toBe(false);
});

test("TASK-005 after a timeout neither reply nor Down ever comes", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, (script) => script.receive());
    await rejection(awaitTask(self, task, { timeoutMs: 0 }));
    self.send(task.pid as Pid, "late");
    expect(await ended(self, task)).toEqual(Exit.normal);
    expect(mailbox(self)).toEqual([]);
    expect(processInfo(self.pid)?.monitors).toEqual([]);
  });
});

test("TASK-006 a task that exits normal without a value fails the await", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, (script) => script.exit(Exit.normal));
    expect(await rejection(awaitTask(self, task))).toMatchObject({ reason: Exit.normal });
    expect(mailbox(self)).toEqual([]);
  });
});

test("TASK-006 one that swallows its own exit has no value either", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, (script) => {
      try {
        script.exit(Exit.normal);
      } catch {
        return "swallowed";
      }
    });
    expect(await rejection(awaitTask(self, task))).toMatchObject({ reason: Exit.normal });
  });
});

const thrown = { thrown: "value" };
const error = new Error("oops");
test.each<[string, (task: Self) => unknown, ExitReason]>([
  ["throws a value", () => Promise.reject(thrown), Exit.crash(thrown)],
  [
    "throws an error",
    () => {
      throw error;
    },
    Exit.crash(error),
  ],
  ["exits", async (task) => task.exit(Exit.of("unknown")), Exit.of("unknown")],
])("TASK-007 a trapping owner whose task %s hears why", async (_how, run, reason) => {
  const { runT, reports } = await startTaskWorld();
  await runT(async (self) => {
    self.trapExit(true);
    const task = asyncTask(self, run);
    const failure = (await rejection(awaitTask(self, task))) as TaskFailed;
    expect(failure).toMatchObject({ reason, tasks: [task] });
    expect(failure.cause).toBe(reason.kind === "crash" ? reason.error : undefined);
    expect(mailbox(self)).toEqual([new Exited(task.pid, reason)]);
  });
  expect(reports.map((report) => report.kind)).toEqual(["crash"]);
});

test("TASK-007 an owner that does not trap exits ends with its task", async () => {
  const { system, plain } = await startTaskWorld();
  asyncTask(plain.self, (task) => task.exit(Exit.of("unknown")));
  expect(await system.exited(plain.pid)).toEqual(Exit.of("unknown"));
});

test("TASK-008 only the owner can have a task", async () => {
  const { runT, plain } = await startTaskWorld();
  const task = asyncTask(plain.self, forever);
  await runT(async (self) => {
    for (const asked of [
      awaitTask(self, task),
      awaitTasks(self, [task]),
      yieldTask(self, task),
      yieldTasks(self, [task]),
      shutdownTask(self, task),
      (async () => ignoreTask(self, task))(),
    ]) {
      const refusal = await rejection(asked);
      expect(refusal).toBeInstanceOf(NotTaskOwner);
      expect(refusal).toMatchObject({ code: "ACTOR_NOT_TASK_OWNER", owner: plain.pid, caller: self.pid, task });
    }
    expect(self.isAlive(task.pid as Pid)).toBe(true);
  });
});

test("TASK-009 several values come in the order of the tasks, whatever the order of finishing", async () => {
  const { runT, pass } = await startTaskWorld();
  const slow =
    <T>(value: T, delayMs: number) =>
    async (task: Self): Promise<T> => {
      await task.sleep(delayMs);
      return value;
    };
  const values = runT(async (self) => {
    const tasks = [
      asyncTask(self, slow("a", 30)),
      asyncTask(self, slow(2, 10)),
      asyncTask(self, slow(true, 20)),
    ] as const;
    const results = await awaitTasks(self, [...tasks, tasks[0]]);
    await ended(self, tasks[0]);
    return [results, mailbox(self), await awaitTasks(self, [])];
  });
  await pass(30);
  expect(await values).toEqual([["a", 2, true, "a"], [], []]);
});

test("TASK-010 unrelated messages, and a second answer, stay in the mailbox", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const tasks = [asyncTask(self, () => 1), asyncTask(self, () => 2)] as const;
    const other = asyncTask(self, () => 3);
    self.send(self.pid, "unrelated");
    for (const task of [...tasks, other]) await ended(self, task);
    const second = new TaskReply(tasks[0].ref, "second");
    self.send(self.pid, second);
    expect(await awaitTasks(self, tasks)).toEqual([1, 2]);
    expect(mailbox(self)).toEqual([
      "unrelated",
      new TaskReply(other.ref, 3),
      new Down(other.ref, other.pid as Pid, Exit.normal),
      second,
    ]);
  });
});

test("TASK-011 out of time, awaiting several fails with all of them, and drops what comes later", async () => {
  const { runT, pass } = await startTaskWorld();
  const done = runT(async (self) => {
    const tasks = [asyncTask(self, () => "in time"), asyncTask(self, (task) => task.receive())] as const;
    const failure = await rejection(awaitTasks(self, tasks, { timeoutMs: 50 }));
    expect(failure).toMatchObject({ reason: Exit.timeout, tasks, timeoutMs: 50 });
    self.send(tasks[1].pid as Pid, "late");
    await ended(self, tasks[1]);
    return mailbox(self);
  });
  await pass(50);
  expect(await done).toEqual([]);
});

test("TASK-011 the first failure fails all", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    self.trapExit(true);
    const tasks = [asyncTask(self, forever), asyncTask(self, (task) => task.exit(Exit.of("bad")))] as const;
    expect(await rejection(awaitTasks(self, tasks))).toMatchObject({ reason: Exit.of("bad"), tasks });
    self.exitSignal(tasks[0].pid as Pid, Exit.kill);
    expect(mailbox(self)).toEqual([new Exited(tasks[1].pid, Exit.of("bad")), new Exited(tasks[0].pid, Exit.killed)]);
  });
});

test("TASK-011 what others have brought already when one fails is dropped too", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const fail = (task: Self): never => task.exit(Exit.normal);
    const tasks = [asyncTask(self, fail), asyncTask(self, () => "value"), asyncTask(self, fail)];
    await Promise.all(tasks.map((task) => ended(self, task)));
    expect(await rejection(awaitTasks(self, tasks))).toMatchObject({ reason: Exit.normal });
    expect(mailbox(self)).toEqual([]);
  });
});

test("an aborted await fails with the reason of the signal, and drops what comes later", async () => {
  const { runT, system } = await startTaskWorld();
  const controller = new AbortController();
  const done = runT(async (self) => {
    const task = asyncTask(self, (script) => script.receive());
    const failure = await rejection(awaitTask(self, task, { signal: controller.signal }));
    self.send(task.pid as Pid, "late");
    await ended(self, task);
    const again = rejection(awaitTask(self, asyncTask(self, forever), { signal: controller.signal }));
    return [failure, await again, mailbox(self)];
  });
  await quiesce(system);
  controller.abort("enough");
  const aborted = expect.objectContaining({ reason: Exit.aborted("enough") });
  expect(await done).toEqual([aborted, aborted, []]);
});

test("TASK-012 yielding for no time gives none, the task goes on, and a later one its value", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, (script) => script.receive());
    expect(await yieldTask(self, task, { timeoutMs: 0 })).toEqual({ kind: "none" });
    self.send(task.pid as Pid, "v");
    expect(await yieldTask(self, task)).toEqual({ kind: "ok", value: "v" });
    expect(await yieldTask(self, task)).toEqual({ kind: "exit", reason: Exit.noproc });
  });
});

test("TASK-013 yielding to a task that exits normal tells so, and does not fail", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, (script) => script.exit(Exit.normal));
    expect(await yieldTask(self, task)).toEqual({ kind: "exit", reason: Exit.normal });
  });
});

test("TASK-014 yielding to several pairs each with what became of it, in order", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    self.trapExit(true);
    const finished = asyncTask(self, () => "v");
    const unfinished = asyncTask(self, forever);
    const exited = asyncTask(self, (task) => task.exit(Exit.of("r")));
    for (const task of [finished, exited]) await ended(self, task);
    expect(await yieldTasks(self, [finished, unfinished, exited], { timeoutMs: 0 })).toEqual([
      [finished, { kind: "ok", value: "v" }],
      [unfinished, { kind: "none" }],
      [exited, { kind: "exit", reason: Exit.of("r") }],
    ]);
    expect(mailbox(self)).toEqual([new Exited(finished.pid, Exit.normal), new Exited(exited.pid, Exit.of("r"))]);
    expect(self.isAlive(unfinished.pid as Pid)).toBe(true);
  });
});

test("TASK-014 yielding to several returns once enough are done", async () => {
  const { runT, pass } = await startTaskWorld();
  const done = runT(async (self) => {
    const tasks = [10, 30, 20].map((delayMs) =>
      asyncTask(self, async (task) => {
        await task.sleep(delayMs);
        return delayMs;
      }),
    );
    const outcomes = await yieldTasks(self, tasks, { limit: 2, onTimeout: "kill" });
    return [outcomes.map(([, outcome]) => outcome), self.isAlive(tasks[1]?.pid as Pid)];
  });
  await pass(20);
  expect(await done).toEqual([[{ kind: "ok", value: 10 }, { kind: "none" }, { kind: "ok", value: 20 }], true]);
});

test("TASK-015 yielding to several can kill what is late", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, forever);
    expect(await yieldTasks(self, [task], { timeoutMs: 0, onTimeout: "kill" })).toEqual([[task, { kind: "none" }]]);
    expect([self.isAlive(task.pid as Pid), links(self), mailbox(self)]).toEqual([false, [], []]);
  });
});

test("TASK-015 yielding to several can ignore what is late", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, (script) => script.receive());
    expect(await yieldTasks(self, [task], { timeoutMs: 0, onTimeout: "ignore" })).toEqual([[task, { kind: "none" }]]);
    expect(links(self)).toEqual([]);
    self.send(task.pid as Pid, "late");
    expect([await ended(self, task), mailbox(self)]).toEqual([Exit.normal, []]);
  });
});

test.each(["infinity", "brutal-kill", 0, 100] as const)("TASK-016 a sleeping task is shut down by %s", async (how) => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, forever);
    await self.sleep(0);
    expect(await shutdownTask(self, task, how)).toEqual({ kind: "none" });
    expect([self.isAlive(task.pid as Pid), links(self), mailbox(self)]).toEqual([false, [], []]);
  });
});

const trapping =
  (then: (task: Self) => unknown) =>
  async (task: Self): Promise<unknown> => {
    task.trapExit(true);
    await task.receive((message) => message instanceof Exited);
    return then(task);
  };

describe("TASK-016 a task that traps exits, shut down", () => {
  test.each<[string, (task: Self) => unknown, unknown]>([
    ["may give its value after all", () => "last words", { kind: "ok", value: "last words" }],
    ["may end as it was asked to", (task) => task.exit(Exit.shutdown), { kind: "none" }],
    [
      "may end of something else",
      (task) => task.exit(Exit.shutdownFor("busy")),
      { kind: "exit", reason: Exit.shutdownFor("busy") },
    ],
    ["is killed when its time is over", forever, { kind: "exit", reason: Exit.killed }],
  ])("%s", async (_name, then, outcome) => {
    const { runT, pass } = await startTaskWorld();
    const done = runT(async (self) => {
      const task = asyncTask(self, trapping(then));
      await self.sleep(0);
      const result = await shutdownTask(self, task, 100);
      return [result, self.isAlive(task.pid as Pid), links(self), mailbox(self)];
    });
    await pass(100);
    expect(await done).toEqual([outcome, false, [], []]);
  });
});

describe("TASK-016 what had become of a task before it is shut down", () => {
  const abnormal = Exit.of("abnormal");
  test.each<["brutal-kill" | 5_000, ExitReason | "replied", unknown]>([
    [5_000, "replied", { kind: "ok", value: "result" }],
    [5_000, abnormal, { kind: "exit", reason: abnormal }],
    [5_000, Exit.normal, { kind: "exit", reason: Exit.normal }],
    [5_000, Exit.shutdown, { kind: "none" }],
    [5_000, Exit.killed, { kind: "exit", reason: Exit.killed }],
    ["brutal-kill", "replied", { kind: "ok", value: "result" }],
    ["brutal-kill", abnormal, { kind: "exit", reason: abnormal }],
    ["brutal-kill", Exit.shutdown, { kind: "exit", reason: Exit.shutdown }],
    ["brutal-kill", Exit.killed, { kind: "none" }],
  ])("by %s: %j gives %j", async (how, before, outcome) => {
    const { runT } = await startTaskWorld();
    await runT(async (self) => {
      self.trapExit(true);
      const task = asyncTask(self, (script) => (before === "replied" ? "result" : script.exit(before)));
      await ended(self, task);
      expect(await shutdownTask(self, task, how)).toEqual(outcome);
      expect(await shutdownTask(self, task, how)).toEqual({ kind: "exit", reason: Exit.noproc });
      expect(mailbox(self)?.filter((message) => !(message instanceof Exited))).toEqual([]);
    });
  });
});

test("a task that was given up can still be shut down", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const task = asyncTask(self, forever);
    await rejection(awaitTask(self, task, { timeoutMs: 0 }));
    expect(await shutdownTask(self, task)).toEqual({ kind: "none" });
    expect([self.isAlive(task.pid as Pid), links(self), mailbox(self)]).toEqual([false, [], []]);
  });
});

test("tasks that are disposed of at the end of a block are gone after it, and whoever waits for one hears so", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const pids: unknown[] = [];
    let waiting: Promise<unknown> | undefined;
    {
      await using done = asyncTask(self, () => 1);
      await using running = asyncTask(self, forever);
      pids.push(done.pid, running.pid);
      waiting = rejection(awaitTask(self, running));
      expect(await awaitTask(self, done)).toBe(1);
    }
    expect(await waiting).toMatchObject({ reason: Exit.shutdown });
    expect(pids.map((pid) => self.isAlive(pid as Pid))).toEqual([false, false]);
    expect([links(self), mailbox(self)]).toEqual([[], []]);
  });
});

test("several tasks can be awaited at once, beside other receives", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const tasks = [asyncTask(self, (task) => task.receive()), asyncTask(self, (task) => task.receive())];
    const values = Promise.all(tasks.map((task) => awaitTask(self, task)));
    const other = self.receive();
    for (const task of tasks.toReversed()) self.send(task.pid as Pid, task.pid);
    self.send(self.pid, "other");
    expect(await values).toEqual(tasks.map((task) => task.pid));
    expect(await other).toBe("other");
    expect(mailbox(self)).toEqual([]);
  });
});

test("a task ends when its signal is aborted, also when that was before", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    self.trapExit(true);
    const controller = new AbortController();
    const task = asyncTask(self, forever, { signal: controller.signal });
    const failure = rejection(awaitTask(self, task));
    controller.abort("enough");
    expect(await failure).toMatchObject({ reason: Exit.shutdownFor("enough") });
    const late = asyncTask(self, forever, { signal: controller.signal });
    expect(await rejection(awaitTask(self, late))).toMatchObject({ reason: Exit.noproc });
    const unheard = asyncTask(self, forever, { signal: controller.signal });
    expect(mailbox(self)?.filter((message) => message instanceof Down)).toEqual([
      new Down(unheard.ref, unheard.pid as Pid, Exit.noproc),
    ]);
  });
});

test("TASK-017 a finished task that is ignored gives its value; an unfinished one goes on, unheard", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    const finished = asyncTask(self, () => "v");
    await ended(self, finished);
    expect(ignoreTask(self, finished)).toEqual({ kind: "ok", value: "v" });
    const unfinished = asyncTask(self, (task) => task.receive());
    expect(ignoreTask(self, unfinished)).toEqual({ kind: "none" });
    expect(links(self)).toEqual([]);
    self.send(unfinished.pid as Pid, "late");
    expect(await ended(self, unfinished)).toEqual(Exit.normal);
    const failed = asyncTask(self, (task) => task.exit(Exit.normal));
    await ended(self, failed);
    expect(ignoreTask(self, failed)).toEqual({ kind: "exit", reason: Exit.normal });
    expect(mailbox(self)).toEqual([]);
  });
});

test.each<[string, (n: number) => number | Promise<number>]>([
  ["at once", (n) => 2 * n],
  ["later", async (n) => 2 * n],
])("a server answers with the value of a task that is done %s, and waits for nothing", async (_when, double) => {
  const { system, reports } = await startTaskWorld();
  const seen: unknown[] = [];
  const server = defineServer({
    version: 1,
    init: (): ReadonlyMap<Task<number>, ReplyTo> => new Map(),
    calls: {
      double: ({ state, ctx, from }, n: number) =>
        noReply<number>(
          new Map(state).set(
            asyncTask(ctx.self, () => double(n)),
            from,
          ),
        ),
    },
    info: ({ state, ctx }, message) => {
      seen.push(message);
      const [task, from] = [...state].find(([each]) => each.isReply(message)) ?? [];
      if (task?.isReply(message) && from !== undefined) {
        from.reply(message.value);
        // The end that follows is of no interest.
        ignoreTask(ctx.self, task);
        return new Map([...state].filter(([each]) => each !== task));
      }
      return state;
    },
  });
  const ref = await startServer(system, server);
  expect(await Promise.all([1, 2, 3].map((n) => ref.call("double", n)))).toEqual([2, 4, 6]);
  await quiesce(system);
  expect(seen).toEqual([expect.any(TaskReply), expect.any(TaskReply), expect.any(TaskReply)]);
  expect([reports, processInfo(ref.pid)?.monitors, processInfo(ref.pid)?.links]).toEqual([[], [], []]);
});

test("an owner that ends while it awaits is told so, and the answer goes nowhere", async () => {
  const { plain, system } = await startTaskWorld();
  const task = asyncTask(plain.self, async (self) => {
    self.trapExit(true);
    await self.receive((message) => message === "go");
    return "late";
  });
  await quiesce(system);
  const waiting = [awaitTask(plain.self, task), yieldTask(plain.self, task), shutdownTask(plain.self, task)];
  system.exitSignal(plain.pid, Exit.kill);
  for (const each of waiting) expect(await rejection(each)).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  system.send(task.pid as Pid, "go");
  expect(await system.exited(task.pid as Pid)).toEqual(Exit.normal);
  expect(await rejection(awaitTask(plain.self, task))).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  expect(() => asyncTask(plain.self, () => 1)).toThrow("has ended");
  await task[Symbol.asyncDispose]();
});

test("the value that a killed task comes to later is dropped", async () => {
  const { runT } = await startTaskWorld();
  await runT(async (self) => {
    self.trapExit(true);
    const foreign = Promise.withResolvers<string>();
    const task = asyncTask(self, () => foreign.promise);
    await self.sleep(0);
    self.exitSignal(task.pid as Pid, Exit.kill);
    foreign.resolve("too late");
    expect(await rejection(awaitTask(self, task))).toMatchObject({ reason: Exit.killed });
    await self.sleep(0);
    expect(mailbox(self)).toEqual([new Exited(task.pid, Exit.killed)]);
  });
});

test("TASK-026 a task as a child is temporary, unless told otherwise", async () => {
  const { system, pass } = await startTaskWorld();
  const work = (): void => {};
  const { start: _start, ...defaults } = taskSpec(work);
  expect(defaults).toEqual({ id: "work", restart: "temporary" });
  const start = (): { readonly kind: "ignore" } => ({ kind: "ignore" });
  const custom = { id: "id", restart: "permanent", shutdown: "infinity", start } as const;
  expect(taskSpec(work, custom)).toEqual(custom);
  expect(taskSpec(() => {}).id).toBe("task");
  let ran = 0;
  const started = await startSupervisor(system, { children: [taskSpec(() => void (ran += 1))] });
  await pass(0);
  if (started.kind !== "ok") throw new Error(started.kind);
  expect([ran, await supervisorRef(system, started.pid).whichChildren()]).toEqual([1, []]);
});
