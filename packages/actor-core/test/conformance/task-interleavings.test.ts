import { expect, test } from "@jest/globals";
import {
  type ActorSystem,
  asyncTask,
  awaitTask,
  awaitTasks,
  Down,
  Exit,
  Exited,
  ignoreTask,
  type Pid,
  processInfo,
  type Self,
  shutdownTask,
  startTaskSupervisor,
  type Task,
  TaskFailed,
  TaskReply,
  taskStream,
  taskSupervisorRef,
  yieldTask,
  yieldTasks,
} from "../../src/index.ts";
import { explore, type SeededRandom } from "../../src/testing/index.ts";

// What must hold for tasks whoever runs first and however long signals take.

const SUPERVISOR = "tasks";

/** Something that takes a few milliseconds and ends in one of all possible ways. */
function anyWork(random: SeededRandom): (task: Self) => Promise<string> {
  const delayMs = random.below(6);
  const way = random.pick(["value", "value", "exit", "throw", "normal", "stubborn"] as const);
  return async (task) => {
    if (way === "stubborn") {
      task.trapExit(true);
      await task.receive((message) => message instanceof Exited, { timeoutMs: delayMs });
    }
    await task.sleep(delayMs);
    if (way === "exit") task.exit(Exit.of("failed"));
    if (way === "normal") task.exit(Exit.normal);
    if (way === "throw") throw new Error("thrown");
    return way;
  };
}

/** Does one thing with tasks that the owner can do. Gives those that may still send something. */
async function useTasks(self: Self, tasks: readonly Task<string>[], random: SeededRandom): Promise<Task<string>[]> {
  const [task] = tasks as [Task<string>];
  const timeoutMs = random.pick([0, 1, 3, 5_000]);
  switch (random.below(6)) {
    case 0:
      await awaitTasks(self, tasks, { timeoutMs }).catch((error) => expect(error).toBeInstanceOf(TaskFailed));
      return [];
    case 1:
      await Promise.allSettled(tasks.map((each) => awaitTask(self, each, { timeoutMs })));
      return [];
    case 2: {
      const onTimeout = random.pick(["nothing", "ignore", "kill"] as const);
      const outcomes = await yieldTasks(self, tasks, { timeoutMs, onTimeout });
      return onTimeout === "nothing"
        ? outcomes.flatMap(([each, outcome]) => (outcome.kind === "none" ? [each] : []))
        : [];
    }
    case 3:
      await Promise.all(tasks.map((each) => shutdownTask(self, each, random.pick([0, 2, "infinity", "brutal-kill"]))));
      return [];
    case 4:
      for (const each of tasks) ignoreTask(self, each);
      return [];
    default:
      return (await yieldTask(self, task, { timeoutMs })).kind === "none" ? [...tasks] : tasks.slice(1);
  }
}

function expectSymmetricLinks(system: ActorSystem): void {
  for (const pid of system.processes()) {
    for (const other of processInfo(pid)?.links ?? []) {
      expect(processInfo(other)?.links).toContain(pid);
    }
  }
}

test("whatever an owner does with its tasks, nothing of those it is done with stays or arrives", async () => {
  await explore({ seeds: 60 }, async (simulation) => {
    const { random } = simulation;
    const system = simulation.createSystem();
    const supervisor = await startTaskSupervisor(system, {}, { name: SUPERVISOR });
    if (supervisor.kind !== "ok") throw new Error(supervisor.kind);
    const trapping = random.chance(0.7);
    let finished = false;
    const owner = system.spawn(async (self) => {
      self.trapExit(trapping);
      const supervised = taskSupervisorRef(self, SUPERVISOR);
      const open: Task<string>[] = [];
      for (let round = 0; round < 4; round++) {
        const tasks: Task<string>[] = [];
        for (let i = 0; i <= random.below(3); i++) {
          const work = anyWork(random);
          const kind = random.below(3);
          tasks.push(
            kind === 0
              ? asyncTask(self, work)
              : await (kind === 1 ? supervised.async(work) : supervised.asyncNolink(work)),
          );
        }
        open.push(...(await useTasks(self, tasks, random)));
      }
      await self.sleep(100);
      const messages = (processInfo(self.pid)?.messages ?? []).filter((message) => !(message instanceof Exited));
      const expected = open.flatMap((task) => {
        const ofTask = messages.filter((m) => (m instanceof Down ? m.monitor === task.ref : task.isReply(m)));
        expect(ofTask.map((m) => m instanceof TaskReply)).toEqual(ofTask.length === 2 ? [true, false] : [false]);
        return ofTask;
      });
      expect(new Set(messages)).toEqual(new Set(expected));
      expect(processInfo(self.pid)?.monitors).toEqual([]);
      expect(processInfo(self.pid)?.links).toEqual([]);
      finished = true;
    });
    const reason = await system.exited(owner);
    expect(reason.kind === "crash" && trapping ? reason.error : undefined).toBeUndefined();
    expect(finished || !trapping).toBe(true);
    await simulation.settle();
    expectSymmetricLinks(system);
    await system.stop(supervisor.pid, { reason: Exit.shutdown });
    expect(system.processes()).toEqual([]);
  });
});

test("whatever becomes of a stream, its results are right, never too many run, and nothing is left", async () => {
  await explore({ seeds: 60 }, async (simulation) => {
    const { random } = simulation;
    const system = simulation.createSystem();
    const supervisor = await startTaskSupervisor(system, {}, { name: SUPERVISOR });
    if (supervisor.kind !== "ok") throw new Error(supervisor.kind);
    const trapping = random.chance(0.8);
    const ordered = random.chance(0.5);
    const maxConcurrency = 1 + random.below(4);
    const inputs = Array.from({ length: random.below(9) }, (_, index) => index);
    const most = random.chance(0.3) ? random.below(4) : Infinity;
    const began: Pid[] = [];
    let closed = inputs.length === 0;
    async function* source(self: Self) {
      const pauses = taskSupervisorRef(self, SUPERVISOR);
      const delayMs = random.below(4);
      try {
        for (const input of inputs) {
          // Not by the owner's mailbox: the source runs beside the loop.
          if (random.chance(0.3)) await awaitTask(self, await pauses.asyncNolink((task) => task.sleep(delayMs)));
          yield input;
        }
      } finally {
        closed = true;
      }
    }
    const run = async (input: number, task: Self): Promise<number> => {
      began.push(task.pid);
      expect(began.filter((pid) => system.isAlive(pid)).length).toBeLessThanOrEqual(maxConcurrency);
      await task.sleep(random.below(6));
      if (random.chance(0.1)) task.exit(Exit.of("failed"));
      return 10 * input;
    };
    const owner = system.spawn(async (self) => {
      self.trapExit(trapping);
      const options = {
        ordered,
        maxConcurrency,
        timeoutMs: random.pick([3, 5_000]),
        onTimeout: random.pick(["exit", "kill"] as const),
      };
      const supervised = taskSupervisorRef(self, SUPERVISOR);
      const given = random.chance(0.5) ? inputs : source(self);
      const stream = [
        () => taskStream(self, given, run, options),
        () => supervised.stream(given, run, options),
        () => supervised.streamNolink(given, run, options),
      ][random.below(3)] as () => ReturnType<typeof taskStream<number, number>>;
      const seen: number[] = [];
      try {
        for await (const result of stream()) {
          seen.push(result.input);
          if (result.kind === "ok") expect(result.value).toBe(10 * result.input);
          if (seen.length > most) break;
          if (random.chance(0.2)) await self.sleep(random.below(6));
        }
        expect(seen).toHaveLength(Math.min(inputs.length, most + 1));
      } catch (error) {
        if (!(error instanceof TaskFailed)) throw error;
        expect(error.reason).toEqual(Exit.timeout);
      }
      if (ordered) expect(seen).toEqual(inputs.slice(0, seen.length));
      expect(new Set(seen).size).toBe(seen.length);
      expect(began.filter((pid) => system.isAlive(pid))).toEqual([]);
      await self.sleep(50);
      expect(processInfo(self.pid)).toMatchObject({ messages: [], links: [], monitors: [] });
      if (given !== inputs) expect(closed || began.length === 0).toBe(true);
    });
    if (random.chance(0.2)) {
      await simulation.pass(random.below(8));
      system.exitSignal(owner, Exit.kill);
    }
    const reason = await system.exited(owner);
    if (reason.kind === "crash") throw reason.error;
    await simulation.settle();
    expectSymmetricLinks(system);
    await system.stop(supervisor.pid, { reason: Exit.shutdown });
    expect(system.processes()).toEqual([]);
  });
});
