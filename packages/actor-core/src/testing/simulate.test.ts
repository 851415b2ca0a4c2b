import { expect, test } from "@jest/globals";
import {
  type ActorSystem,
  Call,
  type Caller,
  createAlias,
  Down,
  defineServer,
  Exit,
  Exited,
  launchServer,
  type Pid,
  ProcessExited,
  processInfo,
  RequestAnswered,
  reply,
  type Self,
  sendEvery,
  sendRequest,
  startServer,
  startSupervisor,
  timedOut,
  unalias,
} from "../index.ts";
import {
  explore,
  type Fault,
  InjectedFault,
  quiesce,
  type Simulation,
  SimulationFailed,
  SimulationStuck,
  SimulationTooLong,
  simulate,
  startProbe,
} from "./index.ts";

const sendAll = (self: Caller, to: Pid, messages: readonly unknown[]): void => {
  for (const message of messages) {
    self.send(to, message);
  }
};

/** Keeps what it is sent. */
const keeping = (kept: unknown[]) => ({ handle: (message: unknown) => void kept.push(message) });

/** What each of many seeds comes to, without repetition. */
const outcomes = async (seeds: number, scenario: (simulation: Simulation) => Promise<unknown>): Promise<unknown[]> => {
  const seen = new Set<string>();
  await explore({ seeds }, async (simulation) => {
    seen.add(JSON.stringify(await scenario(simulation)));
  });
  return Array.from(seen, (text) => JSON.parse(text) as unknown).sort();
};

const failure = async (promise: Promise<unknown>): Promise<SimulationFailed> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SimulationFailed);
  return error as SimulationFailed;
};

// The same seed, the same run

const counter = defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: {
    async add({ state }, by: number) {
      await null;
      return reply(state.count + by, { count: state.count + by });
    },
  },
});

/** A supervised server, clients that call it with pauses, and things that go wrong. */
const busyScenario = async (simulation: Simulation): Promise<readonly unknown[]> => {
  const system = simulation.createSystem();
  const heard: unknown[] = [];
  await startSupervisor(system, {
    strategy: "one-for-one",
    maxRestarts: 100,
    periodMs: 1_000,
    children: [
      {
        id: "counter",
        restart: "permanent",
        start: (supervisor) => launchServer(supervisor, counter, { args: [], name: "counter", link: true }),
      },
    ],
  });
  for (const client of ["a", "b", "c"]) {
    system.spawn(
      async (self) => {
        for (let i = 0; i < 5; i++) {
          await self.sleep(simulation.random.below(20));
          const answer = await self.call("counter", { method: "add", args: [1] }, { timeoutMs: 100 }).catch(String);
          heard.push([client, self.nowMs(), typeof answer]);
        }
      },
      { label: client },
    );
  }
  await simulation.settle();
  return heard;
};

const busyFaults: readonly Fault[] = [
  { kind: "kill", process: "counter", when: { chance: 0.05 } },
  { kind: "drop", to: "counter", when: { nth: 3 } },
  { kind: "delay", from: "a", ms: 30, when: { chance: 0.3 } },
];

test("the same seed gives the same run, line for line, whatever goes wrong in it", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const options = { seed, faults: busyFaults, lateness: 0.01 };
    const [first, second] = [await simulate(options, busyScenario), await simulate(options, busyScenario)];
    expect(second.trace.lines).toEqual(first.trace.lines);
    expect(second).toEqual(first);
  }
});

test("another seed gives another run", async () => {
  const digests = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    digests.add((await simulate({ seed, faults: busyFaults }, busyScenario)).trace.digest);
  }
  expect(digests.size).toBe(20);
});

// Finding races

/** Two clients add one to a number that a server keeps; `add` says how. */
const twoAdd =
  (add: (self: Self, store: Pid) => Promise<void>) =>
  async (simulation: Simulation): Promise<void> => {
    const system = simulation.createSystem();
    let value = 0;
    const store = system.spawn({
      handle(message) {
        if (message instanceof Call) {
          const request = message.request as { readonly set?: number; readonly add?: number };
          value = request.set ?? value + (request.add ?? 0);
          message.from.reply(value);
        }
      },
    });
    for (const label of ["first", "second"]) {
      system.spawn((self) => add(self, store), { label });
    }
    await simulation.settle();
    expect(value).toBe(2);
  };

const racing = twoAdd(async (self, store) => {
  const value = (await self.call(store, {})) as number;
  await self.call(store, { set: value + 1 });
});

const correct = twoAdd(async (self, store) => {
  await self.call(store, { add: 1 });
});

test("a read and a write with a gap between them fail under some seed, which is told and fails again", async () => {
  const found = await failure(explore({ seeds: 100 }, racing));
  expect(found.message).toContain(`Run it again: simulate({ seed: ${found.seed} }, scenario)\n`);
  const again = await failure(simulate({ seed: found.seed }, racing));
  expect(again.message).toBe(found.message);
  expect(again.trace.lines).toEqual(found.trace.lines);
});

test("a correct version of the same never fails", async () => {
  expect(await explore({ seeds: 300 }, correct)).toBe(300);
});

test("a scenario that depends on more than its seed is told apart", async () => {
  let runs = 0;
  const found = await failure(
    explore({ seeds: 1 }, (simulation) => {
      simulation.note(`run ${runs++}`);
      throw new Error("broken");
    }),
  );
  expect(found.message).toContain("the scenario depends on more than its seed");
  expect(found.cause).toEqual(new Error("broken"));
});

// What may interleave, and what not

test("messages of two senders come in either order, those of one in theirs", async () => {
  const orders = await outcomes(1_000, async (simulation) => {
    const system = simulation.createSystem();
    const kept: unknown[] = [];
    const receiver = system.spawn(keeping(kept));
    system.spawn((self) => sendAll(self, receiver, ["a1", "a2"]));
    system.spawn((self) => sendAll(self, receiver, ["b1", "b2"]));
    await simulation.quiesce();
    return kept;
  });
  expect(orders).toHaveLength(6);
  for (const order of orders as string[][]) {
    expect(order.filter((message) => message.startsWith("a"))).toEqual(["a1", "a2"]);
    expect(order.filter((message) => message.startsWith("b"))).toEqual(["b1", "b2"]);
  }
});

test("a message may be overtaken by one that goes through a third process", async () => {
  const orders = await outcomes(60, async (simulation) => {
    const system = simulation.createSystem();
    const kept: unknown[] = [];
    const receiver = system.spawn(keeping(kept));
    const third = system.spawn({ handle: (message, self) => self.send(receiver, message) });
    system.spawn((self) => {
      self.send(receiver, "direct");
      self.send(third, "detour");
    });
    await simulation.quiesce();
    return kept;
  });
  expect(orders).toEqual([
    ["detour", "direct"],
    ["direct", "detour"],
  ]);
});

test("a queue of many messages is handled in turns of every length", async () => {
  const orders = await outcomes(200, async (simulation) => {
    const system = simulation.createSystem();
    const kept: unknown[] = [];
    for (const name of ["a", "b"]) {
      const pid = system.spawn({ handle: () => void kept.push(name) });
      for (let i = 0; i < 3; i++) {
        system.send(pid, i);
      }
    }
    await simulation.quiesce();
    return kept.join("");
  });
  expect(orders.length).toBeGreaterThan(10);
  expect(orders).toEqual(expect.arrayContaining(["aaabbb", "bbbaaa"]));
});

test("the notices of a death come after what the dead one sent", async () => {
  await explore({ seeds: 60 }, async (simulation) => {
    const system = simulation.createSystem();
    const { self, pid, messages } = await startProbe(system, { trapExit: true });
    const child = self.spawnLink((own) => {
      own.send(pid, 1);
      own.send(pid, 2);
      own.exit(Exit.of("done"));
    });
    const monitor = self.monitor(child);
    await simulation.quiesce();
    const late = self.monitor(child);
    await simulation.quiesce();
    expect(messages.slice(0, 2)).toEqual([1, 2]);
    expect(messages.slice(2, 4)).toEqual(
      expect.arrayContaining([new Exited(child, Exit.of("done")), new Down(monitor, child, Exit.of("done"))]),
    );
    expect(messages.slice(4)).toEqual([new Down(late, child, Exit.noproc)]);
  });
});

test("a monitor of a dead process answers after what that process had sent", async () => {
  await explore({ seeds: 60 }, async (simulation) => {
    const system = simulation.createSystem();
    const { self, pid, messages } = await startProbe(system);
    const child = system.spawn((own) => own.send(pid, "last words"));
    while (system.isAlive(child)) {
      await self.sleep(1);
    }
    const monitor = self.monitor(child);
    await simulation.quiesce();
    expect(messages).toEqual(["last words", new Down(monitor, child, Exit.noproc)]);
  });
});

test("an answer comes after what the one who answers had sent", async () => {
  await explore({ seeds: 60 }, async (simulation) => {
    const system = simulation.createSystem();
    const { self, pid, messages } = await startProbe(system);
    const helper = system.spawn({
      handle(message, own) {
        own.send(pid, "from the helper");
        (message as Call).from.reply("answer");
      },
    });
    const server = system.spawn({
      handle(message, own) {
        own.send(helper, message);
      },
    });
    const answer = await self.call(server, "question");
    await self.receive(() => false, { timeoutMs: 0 });
    expect([answer, messages]).toEqual(["answer", ["from the helper"]]);
  });
});

test("an answer that comes as a message stays behind what the one who answers had sent", async () => {
  await explore({ seeds: 100 }, async (simulation) => {
    const system = simulation.createSystem();
    const { self, pid, messages } = await startProbe(system);
    const server = system.spawn({
      async handle(message, own) {
        own.send(pid, "before");
        await null;
        (message as Call).from.reply("answer");
      },
    });
    const request = sendRequest(self, server, "question");
    await simulation.quiesce();
    expect(messages).toEqual(["before", new RequestAnswered(request, { kind: "reply", reply: "answer" })]);
  });
});

test("nothing arrives from a link, a monitor or an alias that was taken back", async () => {
  await explore({ seeds: 60 }, async (simulation) => {
    const system = simulation.createSystem();
    const { self, pid, messages } = await startProbe(system, { trapExit: true });
    const child = self.spawnLink({ handle: (message, own) => own.exit(Exit.of(message)) });
    const monitor = self.monitor(child);
    const alias = createAlias(self);
    const sender = system.spawn({ handle: (_message, own) => own.send(alias, "through the alias") });
    system.send(sender, "go");
    system.send(child, "end");
    await self.sleep(0);
    const before = messages.length + (processInfo(pid)?.messages.length ?? 0);
    self.unlink(child);
    self.demonitor(monitor);
    unalias(self, alias);
    await simulation.settle();
    expect(messages).toHaveLength(before);
  });
});

test("a process that is killed while its answer is on the way does not go on", async () => {
  const ends = await outcomes(60, async (simulation) => {
    const system = simulation.createSystem();
    const server = system.spawn({ handle: (message) => (message as Call).from.reply("pong") });
    let seen = "nothing";
    const client = system.spawn(async (self) => {
      try {
        await self.call(server, "ping");
        seen = "answer";
      } catch (error) {
        seen = error instanceof ProcessExited ? "exited" : String(error);
      }
    });
    system.exitSignal(client, Exit.kill);
    await simulation.quiesce();
    return seen;
  });
  expect(ends).toEqual(["answer", "exited", "nothing"]);
});

test("one message is handled at a time, also across await, in every interleaving", async () => {
  await explore({ seeds: 40 }, async (simulation) => {
    const system = simulation.createSystem();
    let inside = 0;
    const ref = await startServer(
      system,
      defineServer({
        version: 1,
        init: () => 0,
        calls: {
          async enter({ state }) {
            inside += 1;
            expect(inside).toBe(1);
            await Promise.resolve();
            await new Promise<void>((resolve) => queueMicrotask(resolve));
            inside -= 1;
            return reply(state, state + 1);
          },
        },
      }),
    );
    const answers = await Promise.all(Array.from({ length: 5 }, () => ref.call("enter")));
    expect(answers.toSorted()).toEqual([0, 1, 2, 3, 4]);
  });
});

// Time

test("time moves to the next timer when nothing else is left to do", async () => {
  const { value, nowMs } = await simulate({ seed: 1 }, async (simulation) => {
    const { self } = await startProbe(simulation.createSystem());
    await self.sleep(3_600_000);
    return self.nowMs();
  });
  expect([value, nowMs]).toEqual([3_600_000, 3_600_000]);
});

test("quiesce waits for what is due now and lets time stand", async () => {
  await simulate({ seed: 1 }, async (simulation) => {
    const system = simulation.createSystem();
    const { pid, messages } = await startProbe(system);
    system.sendAfter(0, pid, "now");
    system.sendAfter(1, pid, "later");
    await quiesce(system);
    expect([messages, system.nowMs()]).toEqual([["now"], 0]);
  });
});

test("pass lets exactly that much time go by", async () => {
  await simulate({ seed: 1 }, async (simulation) => {
    const system = simulation.createSystem();
    const { pid, messages } = await startProbe(system);
    sendEvery(system, 10, pid, "tick");
    await simulation.pass(30);
    await simulation.quiesce();
    expect([messages, system.nowMs()]).toEqual([["tick", "tick", "tick"], 30]);
    await simulation.pass(5);
    expect([messages.length, system.nowMs()]).toEqual([3, 35]);
  });
});

test("those who wake at the same time wake in any order", async () => {
  const orders = await outcomes(40, async (simulation) => {
    const system = simulation.createSystem();
    const woken: string[] = [];
    for (const name of ["a", "b", "c"]) {
      system.spawn(async (self) => {
        await self.sleep(10);
        woken.push(name);
      });
    }
    await simulation.settle();
    return woken.join("");
  });
  expect(orders).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
});

test("a time limit is missed for want of time only where lateness is asked for", async () => {
  const limits = async (lateness: number): Promise<Set<unknown>> => {
    const seen = new Set<unknown>();
    await explore({ seeds: 40, lateness }, async (simulation) => {
      const system = simulation.createSystem();
      const { self, pid } = await startProbe(system);
      system.spawn((own) => own.send(pid, "in time"));
      const message = await self.receive(() => true, { timeoutMs: 1 });
      seen.add(message === timedOut ? "late" : message);
    });
    return seen;
  };
  expect(await limits(0)).toEqual(new Set(["in time"]));
  expect(await limits(0.2)).toEqual(new Set(["in time", "late"]));
});

// Ends that are none

test("a scenario that waits for what cannot come fails at once", async () => {
  const found = await failure(simulate({ seed: 1 }, () => new Promise(() => {})));
  expect(found.cause).toEqual(new SimulationStuck());
});

test("a scenario without end fails after so many steps", async () => {
  const endless = async (simulation: Simulation): Promise<void> => {
    const system = simulation.createSystem();
    const pid = system.spawn({ handle: (message, self) => self.send(self.pid, message) });
    system.send(pid, "again");
    await simulation.quiesce();
  };
  const found = await failure(simulate({ seed: 1, maxSteps: 100 }, endless));
  expect(found.cause).toEqual(new SimulationTooLong(100));
  expect(found.step).toBe(100);
});

// Faults

/** A worker that keeps what it gets, watched by a probe. */
const watchedWorker = async (system: ActorSystem, kept: unknown[]) => {
  const watcher = await startProbe(system);
  const { pid, monitor } = watcher.self.spawnMonitor(keeping(kept), { label: "worker" });
  return { watcher, pid, monitor };
};

test("a kill at a step ends the process in that very step", async () => {
  const { trace } = await simulate(
    { seed: 4, faults: [{ kind: "kill", process: "worker", when: { step: 9 } }] },
    async (simulation) => {
      const { watcher, pid, monitor } = await watchedWorker(simulation.createSystem(), []);
      for (let i = 0; i < 20; i++) {
        await watcher.self.sleep(1);
      }
      expect(watcher.messages).toEqual([new Down(monitor, pid, Exit.killed)]);
    },
  );
  expect(trace.lines).toContainEqual(expect.stringMatching(/^9 @\d+ fault: kill system<2> worker$/));
});

test("a kill may strike at the nth turn of a process, or by chance and then so many times", async () => {
  const restarts = async (fault: Fault): Promise<number> => {
    let starts = 0;
    await simulate({ seed: 4, faults: [fault] }, async (simulation) => {
      const system = simulation.createSystem();
      const start = (self: Self) =>
        self.start({ init: () => void (starts += 1), handle() {} }, { label: "worker", link: true });
      await startSupervisor(system, {
        strategy: "one-for-one",
        maxRestarts: 100,
        periodMs: 1_000,
        children: [{ id: "worker", restart: "permanent", start }],
      });
      for (let i = 0; i < 50; i++) {
        for (const pid of system.processes().slice(1)) {
          system.send(pid, i);
        }
        await simulation.pass(1);
      }
    });
    return starts;
  };
  expect(await restarts({ kind: "kill", process: "worker", when: { nth: 5 } })).toBe(2);
  expect(await restarts({ kind: "kill", process: "worker", when: { chance: 0.2, atMost: 3 } })).toBe(4);
});

test("a dropped message is lost; those around it are not", async () => {
  await simulate({ seed: 1, faults: [{ kind: "drop", to: "worker", when: { nth: 2 } }] }, async (simulation) => {
    const system = simulation.createSystem();
    const kept: unknown[] = [];
    const { pid } = await watchedWorker(system, kept);
    sendAll(system, pid, [1, 2, 3]);
    await simulation.settle();
    expect(kept).toEqual([1, 3]);
  });
});

test("a delayed message holds up what its sender sends after it, and nobody else", async () => {
  const faults: Fault[] = [{ kind: "delay", ms: 50, message: (message) => message === 1, when: { nth: 1 } }];
  await explore({ seeds: 20, faults }, async (simulation) => {
    const system = simulation.createSystem();
    const kept: unknown[] = [];
    const { watcher, pid } = await watchedWorker(system, kept);
    sendAll(watcher.self, pid, [1, 2]);
    system.send(pid, "other");
    await simulation.pass(49);
    expect(kept).toEqual(["other"]);
    await simulation.settle();
    expect(kept).toEqual(["other", 1, 2]);
  });
});

test("a spawn fails by throwing in the one who spawns", async () => {
  const faults: Fault[] = [{ kind: "fail-spawn", process: "worker", when: { nth: 2 } }];
  await simulate({ seed: 1, faults }, async (simulation) => {
    const system = simulation.createSystem();
    system.spawn(() => {}, { label: "worker" });
    expect(() => system.spawn(() => {}, { label: "worker" })).toThrow(InjectedFault);
    system.spawn(() => {}, { label: "worker" });
  });
});

test("a start fails with a crash", async () => {
  const error = new Error("no disk");
  const faults: Fault[] = [{ kind: "fail-start", process: "worker", error, when: { nth: 1 } }];
  await simulate({ seed: 1, faults }, async (simulation) => {
    const system = simulation.createSystem();
    const first = await system.start({ handle() {} }, { label: "worker" });
    expect(first).toEqual({ kind: "error", reason: Exit.crash(error) });
    expect(await system.start({ handle() {} }, { label: "worker" })).toMatchObject({ kind: "ok" });
  });
});

test("a handler crashes at its nth message, a script as it receives", async () => {
  const faults: Fault[] = [
    { kind: "crash", process: "worker", when: { nth: 2 } },
    { kind: "crash", process: "script", when: { nth: 1 } },
  ];
  await simulate({ seed: 1, faults }, async (simulation) => {
    const system = simulation.createSystem();
    const kept: unknown[] = [];
    const { watcher, pid, monitor } = await watchedWorker(system, kept);
    const script = watcher.self.spawnMonitor(async (self) => void (await self.receive()), { label: "script" });
    sendAll(system, pid, [1, 2, 3]);
    await simulation.settle();
    expect(kept).toEqual([1]);
    expect(watcher.messages).toHaveLength(2);
    expect(watcher.messages).toEqual(
      expect.arrayContaining([
        new Down(monitor, pid, Exit.crash(new InjectedFault("Handler crashes"))),
        new Down(script.monitor, script.pid, Exit.crash(new InjectedFault("Handler crashes"))),
      ]),
    );
  });
});

test.each<Fault["when"]>([{ chance: 1.1 }, { chance: Number.NaN }, { nth: 0 }, { nth: 1.5 }, { step: -1 }])(
  "a fault with %p is refused",
  async (when) => {
    const found = await failure(
      simulate({ seed: 1 }, (simulation) => simulation.inject({ kind: "kill", process: "x", when })),
    );
    expect(found.cause).toBeInstanceOf(RangeError);
  },
);
