import { describe, expect, test } from "@jest/globals";
import {
  asyncTask,
  type Call,
  createActorSystem,
  Down,
  dictionaryKey,
  dictionaryOf,
  Exit,
  Exited,
  NameNotHeld,
  type Pid,
  processInfo,
  type Self,
  yieldTask,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { obedient, rejection, startWorld } from "./world.ts";

const crashWith = (error: unknown) => () => {
  throw error;
};

test("PROC-001 a process whose function returns ends normal, and its monitor fires once", async () => {
  const { system, trapping } = await startWorld();
  const { pid, monitor } = trapping.self.spawnMonitor(() => {});
  await quiesce(system);
  expect(trapping.messages).toEqual([new Down(monitor, pid, Exit.normal)]);
  expect((trapping.messages[0] as Down).monitor).toBe(monitor);
});

test("PROC-002 a thrown error is the reason, by identity and with its stack", async () => {
  const { system, trapping } = await startWorld();
  const error = new Error("E");
  const pid = trapping.self.spawnLink(crashWith(error));
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, Exit.crash(error))]);
  const { reason } = trapping.messages[0] as Exited;
  const thrown = reason.kind === "crash" ? reason.error : undefined;
  expect(thrown).toBe(error);
  expect((thrown as Error).stack).toContain("processes.test");
});

test("PROC-003 exit gives the bare value as reason", async () => {
  const { system, trapping } = await startWorld();
  const pid = trapping.self.spawnLink((self) => self.exit(Exit.of("bye")));
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, { kind: "custom", value: "bye" })]);
});

test("PROC-004 a thrown value that is no error is told apart from exit with it", async () => {
  const { system, trapping } = await startWorld();
  const pid = trapping.self.spawnLink(crashWith("ball"));
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, { kind: "crash", error: "ball" })]);
});

test("PROC-005 a deep, large reason arrives whole", async () => {
  const { system, trapping } = await startWorld();
  const deep = { bytes: new Uint8Array(128 * 1024).fill(7), nested: [[[["x"]]]] };
  const { pid, monitor } = trapping.self.spawnMonitor((self) => self.exit(Exit.of(deep)));
  await quiesce(system);
  expect(trapping.messages).toEqual([new Down(monitor, pid, Exit.of(deep))]);
});

test("PROC-006 spawn never runs the child inside the caller's turn", async () => {
  const { system, trapping } = await startWorld();
  const pid = system.spawn((self) => self.send(trapping.pid, "hello"));
  expect(trapping.messages).toEqual([]);
  expect(system.isAlive(pid)).toBe(true);
  await quiesce(system);
  expect(trapping.messages).toEqual(["hello"]);
});

test("PROC-007 asking about a dead process gives nothing, and no error", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(() => {});
  await quiesce(system);
  expect(processInfo(pid)).toBeUndefined();
  expect(system.isAlive(pid)).toBe(false);
});

test("PROC-008 sending to a dead pid does nothing", async () => {
  const { system, trapping, plain } = await startWorld();
  const pid = system.spawn(() => {});
  await quiesce(system);
  plain.self.send(pid, "m");
  await quiesce(system);
  expect([...trapping.messages, ...plain.messages]).toEqual([]);
});

test("PROC-009 sending to a name that nobody holds is an error of the sender", async () => {
  const { plain } = await startWorld();
  expect(() => plain.self.send("nobody", "m")).toThrow(NameNotHeld);
});

test("PROC-010 a process gets its messages to itself in order", async () => {
  const { system } = await startWorld();
  const got: unknown[] = [];
  system.spawn(async (self) => {
    for (const n of [1, 2, 3]) {
      self.send(self.pid, n);
    }
    got.push(await self.receive(), await self.receive(), await self.receive());
  });
  await quiesce(system);
  expect(got).toEqual([1, 2, 3]);
});

test("PROC-014 a label is read from inside and outside, and not from the dead", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(obedient, { label: "worker 7" });
  const labels: unknown[] = [];
  system.send(pid, (self: Self) => labels.push(self.label));
  await quiesce(system);
  expect([...labels, processInfo(pid)?.label]).toEqual(["worker 7", "worker 7"]);
  system.exitSignal(pid, Exit.kill);
  expect(processInfo(pid)).toBeUndefined();
});

test("PROC-015 reading a mailbox gives its messages in order and consumes none", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(async (self) => {
    await self.receive((message): message is never => message === "never");
  });
  for (const message of ["a", "b", "c"]) {
    system.send(pid, message);
  }
  await quiesce(system);
  expect(processInfo(pid)?.messages).toEqual(["a", "b", "c"]);
  expect(processInfo(pid)?.messages).toEqual(["a", "b", "c"]);
});

test("PROC-016 links and monitors are seen from both ends", async () => {
  const { trapping } = await startWorld();
  const linked = trapping.self.spawnLink(obedient);
  const { pid: watched } = trapping.self.spawnMonitor(obedient);
  expect(processInfo(trapping.pid)).toMatchObject({ links: [linked], monitors: [watched] });
  expect(processInfo(watched)?.monitoredBy).toEqual([trapping.pid]);
  expect(processInfo(linked)?.links).toEqual([trapping.pid]);
});

test("PROC-017 the listing holds every living process once and none of the dead", async () => {
  const system = createActorSystem();
  const pids = Array.from({ length: 1_000 }, () => system.spawn(obedient));
  for (const pid of pids.slice(500)) {
    system.exitSignal(pid, Exit.kill);
  }
  await quiesce(system);
  expect(system.processes()).toEqual(pids.slice(0, 500));
});

test("PROC-018 a parent is known, also after it has ended", async () => {
  const { system } = await startWorld();
  const parent = system.spawn(obedient);
  let child: Self["pid"] | undefined;
  system.send(parent, (self: Self) => {
    child = self.spawn(obedient);
  });
  await quiesce(system);
  system.exitSignal(parent, Exit.kill);
  expect(child && processInfo(child)?.parent).toBe(parent);
});

test("PROC-019 a link made by spawn is in place before the child's first step", async () => {
  const { system, trapping } = await startWorld();
  const error = new Error("at once");
  const pid = trapping.self.spawnLink(crashWith(error));
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, Exit.crash(error))]);
});

test("PROC-020 a monitor made by spawn is in place before the child's first step", async () => {
  const { system, trapping } = await startWorld();
  const { pid, monitor } = trapping.self.spawnMonitor(crashWith("at once"));
  await quiesce(system);
  expect(trapping.messages).toEqual([new Down(monitor, pid, Exit.crash("at once"))]);
});

test("PROC-021 trapExit takes true and false and nothing else", async () => {
  const { plain } = await startWorld();
  expect(() => plain.self.trapExit("yes" as unknown as boolean)).toThrow(TypeError);
  expect(processInfo(plain.pid)?.trapExit).toBe(false);
});

test("PROC-022 trapExit gives back what it was", async () => {
  const { plain } = await startWorld();
  expect([plain.self.trapExit(true), plain.self.trapExit(false), plain.self.trapExit(false)]).toEqual([
    false,
    true,
    false,
  ]);
});

test("PROC-025 busy processes starve neither their peers nor the host", async () => {
  const system = createActorSystem({ budget: { messages: 2_000, elapsedMs: Number.POSITIVE_INFINITY } });
  let handled = 0;
  let stop = false;
  const loop = {
    handle(_message: unknown, self: Self) {
      handled += 1;
      if (!stop) {
        self.send(self.pid, "again");
      }
    },
  };
  const busy = [system.spawn(loop), system.spawn(loop)];
  for (const pid of busy) {
    system.send(pid, "go");
  }
  const third = Promise.withResolvers<number>();
  const quiet = system.spawn({ handle: () => third.resolve(handled) });
  system.send(quiet, "me too");
  expect(await third.promise).toBeLessThan(100);
  // Both go on for ever, and a timer of the host has its turn all the same.
  await new Promise((fired) => setTimeout(fired, 1));
  stop = true;
  // A whole budget of messages, but for the few turns in which processes began.
  expect(handled).toBeGreaterThan(1_900);
  await quiesce(system);
});

describe("PROC-025 asking again and again for what is there at once lets host timers fire", () => {
  const dead = async (self: Self): Promise<Pid> => {
    const pid = self.spawn(() => {});
    await self.exited(pid);
    return pid;
  };
  const loops: Record<string, (self: Self) => Promise<() => Promise<unknown>>> = {
    "an answered call": async (self) => {
      const server = self.spawn({ handle: (message) => (message as Call).from.reply(1) });
      return () => self.call(server, 1);
    },
    "a call to one who is dead": async (self) => {
      const pid = await dead(self);
      return () => rejection(self.call(pid, 1));
    },
    "a call to itself": async (self) => () => rejection(self.call(self.pid, 1)),
    "an aborted call": async (self) => {
      const server = self.spawn({ handle() {} });
      return () => rejection(self.call(server, 1, { signal: AbortSignal.abort() }));
    },
    "a receive that waits for nothing": async (self) => () => self.receive(undefined, { timeoutMs: 0 }),
    "a receive of what waits": async (self) => {
      return () => {
        self.send(self.pid, 1);
        return self.receive();
      };
    },
    "no sleep": async (self) => () => self.sleep(0),
    "the end of one who is dead": async (self) => {
      const pid = await dead(self);
      return () => self.exited(pid);
    },
    "a stop of one who is dead": async (self) => {
      const pid = await dead(self);
      return () => rejection(self.stop(pid));
    },
    "a start under a name that is taken": async (self) => {
      self.spawn({ handle() {} }, { name: "taken" });
      return () => self.start({ handle() {} }, { name: "taken" });
    },
    "a start that is ignored": async (self) => () => self.start({ init: () => ({ kind: "ignore" }), handle() {} }),
    "a task that is not done": async (self) => {
      const task = asyncTask(self, (own) => own.receive());
      return () => yieldTask(self, task, { timeoutMs: 0 });
    },
  };

  test.each(Object.keys(loops))("%s", async (name) => {
    const system = createActorSystem();
    let fired = false;
    const pid = system.spawn(async (self) => {
      const again = await loops[name]?.(self);
      setTimeout(() => (fired = true), 1);
      for (let i = 0; i < 1_000_000 && !fired; i++) await again?.();
    });
    expect(await system.exited(pid)).toEqual(Exit.normal);
    expect(fired).toBe(true);
  });
});

test("PROC-011 a dictionary gives back what was there before", async () => {
  const { plain } = await startWorld();
  const k = dictionaryKey<string>("k");
  const dictionary = dictionaryOf(plain.self);
  const steps = [
    dictionary.put(k, "a"),
    dictionary.put(k, "b"),
    dictionary.get(k),
    dictionary.delete(k),
    dictionary.get(k),
    dictionary.delete(k),
  ];
  expect(steps).toEqual([undefined, "a", "b", "b", undefined, undefined]);
});

test("PROC-012 a dictionary tells under which keys a value is kept", async () => {
  const { plain } = await startWorld();
  const [k1, k2, k3] = ["k1", "k2", "k3"].map((label) => dictionaryKey<string>(label));
  const dictionary = dictionaryOf(plain.self);
  if (k1 === undefined || k2 === undefined || k3 === undefined) {
    throw new Error("Expected three keys");
  }
  dictionary.put(k1, "x");
  dictionary.put(k2, "x");
  dictionary.put(k3, "y");
  expect([dictionary.keysOf("x"), dictionary.keysOf("absent")]).toEqual([[k1, k2], []]);
});

test("PROC-013 a dictionary is of its own process and not inherited", async () => {
  const { system, plain } = await startWorld();
  const k = dictionaryKey<string>("k");
  dictionaryOf(plain.self).put(k, "a");
  const read: unknown[] = [];
  plain.self.spawn((self) => void read.push(dictionaryOf(self).get(k)));
  await quiesce(system);
  expect([read, dictionaryOf(plain.self).get(k)]).toEqual([[undefined], "a"]);
  system.exitSignal(plain.pid, Exit.kill);
  expect(() => dictionaryOf(plain.self)).toThrow(expect.objectContaining({ code: "ACTOR_PROCESS_EXITED" }));
});

test("PROC-023 an idle process keeps its state and takes what is queued when it becomes idle at once", async () => {
  const { system } = await startWorld();
  const server = system.spawn(async (self: Self<Call<"state", string>>) => {
    for (let state = "s"; ; state += "!") {
      const { from } = await self.receive();
      from.reply(state);
    }
  });
  expect(await system.call(server, "state")).toBe("s");
  await quiesce(system);
  expect(processInfo(server)?.status).toBe("waiting");
  expect(await Promise.all([system.call(server, "state"), system.call(server, "state")])).toEqual(["s!", "s!!"]);
});

test("PROC-024 an idle process that a message wakes may end of it", async () => {
  const { system, trapping } = await startWorld();
  const crashed = Exit.of("i_crashed");
  const pid = trapping.self.spawnLink(async (self) => {
    await self.receive();
    self.exit(crashed);
  });
  await quiesce(system);
  system.send(pid, "wake");
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, crashed)]);
});

test("PROC-026 ancestors are known, nearest first, by their name where they have one", async () => {
  const { system, plain } = await startWorld();
  const spawned: Pid[] = [];
  const a = plain.self.spawn(obedient);
  system.send(a, (self: Self) => spawned.push(self.spawn(obedient)));
  await quiesce(system);
  const ancestors = () => spawned.map((b) => processInfo(b)?.ancestors);
  expect(ancestors()).toEqual([[a, plain.pid]]);
  system.register("a", a);
  expect(ancestors()).toEqual([["a", plain.pid]]);
  // Of one who has ended nothing further is known.
  system.exitSignal(a, Exit.kill);
  expect(ancestors()).toEqual([[a]]);
});
