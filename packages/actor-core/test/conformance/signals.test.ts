import { expect, test } from "@jest/globals";
import { Down, Exit, Exited, type ExitReason, type Pid, type Self, started, startGenServer } from "../../src/index.ts";
import { quiesce, startProbe } from "../../src/testing/index.ts";
import { obedient, startWorld, type World } from "./world.ts";

const boom = Exit.of("boom");
/** Links two living processes by the hands of a third. */
const link = async ({ system }: World, a: Pid, b: Pid): Promise<void> => {
  system.send(a, (self: Self) => self.link(b));
  await quiesce(system);
};

test("SIG-001 normal from another process does nothing to one that does not trap", async () => {
  const { system, trapping } = await startWorld();
  const pid = trapping.self.spawnLink(obedient);
  trapping.self.exitSignal(pid, Exit.normal);
  await quiesce(system);
  expect([system.isAlive(pid), trapping.messages]).toEqual([true, []]);
});

test("SIG-002 normal from another process is a message to one that traps", async () => {
  const { system, trapping, plain } = await startWorld();
  plain.self.exitSignal(trapping.pid, Exit.normal);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(plain.pid, Exit.normal)]);
  expect(system.isAlive(trapping.pid)).toBe(true);
});

test("SIG-003 any other reason ends the process with exactly it", async () => {
  const { system, trapping, plain } = await startWorld();
  const pid = trapping.self.spawnLink(obedient);
  const monitor = plain.self.monitor(pid);
  plain.self.exitSignal(pid, boom);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, boom)]);
  expect(plain.messages).toEqual([new Down(monitor, pid, boom)]);
});

test("SIG-004 a trapping process that signals itself gets the message and lives", async () => {
  const { system, trapping } = await startWorld();
  trapping.self.exitSignal(trapping.pid, boom);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(trapping.pid, boom)]);
  expect(system.isAlive(trapping.pid)).toBe(true);
});

test("SIG-005 normal sent to itself ends a process", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor((self) => self.exitSignal(self.pid, Exit.normal));
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, pid, Exit.normal)]);
});

test("SIG-006 nothing after a signal to itself can be observed", async () => {
  const { system, trapping, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor((self) => {
    try {
      self.exitSignal(self.pid, boom);
    } catch {
      self.send(trapping.pid, "still here");
    }
  });
  await quiesce(system);
  expect(trapping.messages).toEqual([]);
  expect(plain.messages).toEqual([new Down(monitor, pid, boom)]);
});

test("SIG-007 kill cannot be trapped and arrives as killed", async () => {
  const { system, trapping, plain } = await startWorld();
  const monitor = plain.self.monitor(trapping.pid);
  plain.self.exitSignal(trapping.pid, Exit.kill);
  await quiesce(system);
  expect(trapping.messages).toEqual([]);
  expect(plain.messages).toEqual([new Down(monitor, trapping.pid, Exit.killed)]);
});

test("SIG-008 after its first hop killed is an ordinary reason", async () => {
  const world = await startWorld();
  const { system, trapping } = world;
  const p = trapping.self.spawnLink(obedient);
  const q = system.spawn(obedient);
  await link(world, p, q);
  const end = system.exited(p);
  system.exitSignal(q, Exit.kill);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(p, Exit.killed)]);
  expect([await end, system.isAlive(trapping.pid)]).toEqual([Exit.killed, true]);
});

test("SIG-009 ending itself with kill is an ordinary reason for those linked", async () => {
  const { system, trapping } = await startWorld();
  const pid = trapping.self.spawnLink((self) => self.exit(Exit.kill));
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, Exit.kill)]);
  expect(system.isAlive(trapping.pid)).toBe(true);
});

const chain = async (world: World, length: number): Promise<Pid[]> => {
  const pids = Array.from({ length }, () => world.system.spawn(obedient));
  for (let i = 1; i < length; i++) {
    world.system.send(pids[i - 1] as Pid, (self: Self) => self.link(pids[i] as Pid));
  }
  await quiesce(world.system);
  return pids;
};

test("SIG-010 a chain of links dies of the first reason", async () => {
  const world = await startWorld();
  const pids = await chain(world, 3);
  const monitors = pids.map((pid) => world.plain.self.monitor(pid));
  world.system.exitSignal(pids[0] as Pid, boom);
  await quiesce(world.system);
  expect(world.plain.messages).toEqual(
    pids.map((pid, i) => new Down(monitors[i] as (typeof monitors)[number], pid, boom)),
  );
});

test("SIG-010 a chain of 20,000 links does not overflow the stack", async () => {
  const world = await startWorld();
  const pids = await chain(world, 20_000);
  world.system.exitSignal(pids[0] as Pid, boom);
  expect(world.system.processes()).toEqual([world.trapping.pid, world.plain.pid]);
});

test("SIG-011 a trapping process stops the spread", async () => {
  const world = await startWorld();
  const { system, trapping } = world;
  const a = trapping.self.spawnLink(obedient);
  const c = trapping.self.spawnLink(obedient);
  system.exitSignal(a, boom);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(a, boom)]);
  expect([system.isAlive(trapping.pid), system.isAlive(c)]).toEqual([true, true]);
});

test("SIG-012 a linked process that returns leaves one that does not trap alone", async () => {
  const { system, plain } = await startWorld();
  plain.self.spawnLink(() => {});
  await quiesce(system);
  expect([system.isAlive(plain.pid), plain.messages]).toEqual([true, []]);
});

test("SIG-013 a linked process that returns is a message to one that traps", async () => {
  const { system, trapping } = await startWorld();
  const pid = trapping.self.spawnLink(() => {});
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, Exit.normal)]);
});

test("SIG-014 a signal to a dead process does nothing", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(() => {});
  await quiesce(system);
  plain.self.exitSignal(pid, boom);
  plain.self.exitSignal("nobody", boom);
  await quiesce(system);
  expect([system.isAlive(plain.pid), plain.messages]).toEqual([true, []]);
});

test("SIG-015 a trapped signal takes its place among the messages", async () => {
  const { system, trapping } = await startWorld();
  const q = trapping.self.spawnLink(obedient);
  await quiesce(system);
  system.send(trapping.pid, "m1");
  system.send(trapping.pid, "m2");
  system.exitSignal(q, boom);
  system.send(trapping.pid, "m3");
  await quiesce(system);
  expect(trapping.messages).toEqual(["m1", "m2", new Exited(q, boom), "m3"]);
});

test("SIG-016 one who is linked and monitors gets one of each", async () => {
  const { system, trapping } = await startWorld();
  const pid = trapping.self.spawnLink(obedient);
  const monitor = trapping.self.monitor(pid);
  system.exitSignal(pid, boom);
  await quiesce(system);
  expect(trapping.messages).toHaveLength(2);
  expect(trapping.messages).toEqual(expect.arrayContaining([new Exited(pid, boom), new Down(monitor, pid, boom)]));
});

test("SIG-017 a trapped signal stays a message when trapping ends; the next one kills", async () => {
  const { system, trapping } = await startWorld();
  const q = trapping.self.spawnLink(obedient);
  const r = trapping.self.spawnLink(obedient);
  system.exitSignal(q, boom);
  trapping.self.trapExit(false);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(q, boom)]);
  system.exitSignal(r, boom);
  expect(system.isAlive(trapping.pid)).toBe(false);
});

test.each<[string, ExitReason, ExitReason]>([
  ["a reason", Exit.of("boo"), Exit.of("boo")],
  ["kill", Exit.kill, Exit.killed],
])("SIG-018 %s sent to a linked server reaches its trapping starter", async (_name, sent, seen) => {
  const { system, trapping } = await startWorld();
  const result = await startGenServer(trapping.self, { init: () => started(0) }, [], { link: true });
  if (result.kind !== "ok") {
    throw new Error(`Expected a start, got ${result.kind}`);
  }
  system.exitSignal(result.pid, sent);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(result.pid, seen)]);
  expect(system.isAlive(trapping.pid)).toBe(true);
});

test("SIG-019 each sender's messages arrive complete and in order", async () => {
  const { system, plain } = await startWorld();
  const sender = (name: string) => async (self: Self) => {
    for (let i = 0; i < 10_000; i++) {
      self.send(plain.pid, { name, i });
      if (i % 100 === 0) {
        await null;
      }
    }
  };
  system.spawn(sender("a"));
  system.spawn(sender("c"));
  await quiesce(system);
  const numbers = Array.from({ length: 10_000 }, (_, i) => i);
  const from = (name: string) =>
    (plain.messages as { name: string; i: number }[]).filter((message) => message.name === name).map(({ i }) => i);
  expect(from("a")).toEqual(numbers);
  expect(from("c")).toEqual(numbers);
});

test("SIG-020 no order is promised through a third", async () => {
  const { system, plain } = await startWorld();
  const c = system.spawn({ handle: (message, self) => self.send(plain.pid, { forwarded: message }) });
  system.spawn((self) => {
    self.send(plain.pid, "m");
    self.send(c, "m");
  });
  await quiesce(system);
  expect(plain.messages).toHaveLength(2);
  expect(plain.messages).toEqual(expect.arrayContaining(["m", { forwarded: "m" }]));
});

test("SIG-021 messages of a dead sender are delivered", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn((self) => {
    self.send(plain.pid, 1);
    self.send(plain.pid, 2);
  });
  await system.exited(pid);
  await quiesce(system);
  expect(plain.messages).toEqual([1, 2]);
});

test.each<[string, ExitReason]>([
  ["shutdown", Exit.shutdown],
  ["shutdown with a detail", Exit.shutdownFor("update")],
])("%s through a link ends a process that does not trap", async (_name, reason) => {
  const { system } = await startWorld();
  const { self, pid } = await startProbe(system);
  const end = system.exited(pid);
  self.spawnLink((child) => child.exit(reason));
  expect(await end).toEqual(reason);
});

test("an exit that the body swallows ends the process all the same", async () => {
  const { system } = await startWorld();
  const pid = system.spawn({
    handle(_message, self) {
      try {
        self.exit(boom);
      } catch {
        // As careless code does.
      }
    },
  });
  const end = system.exited(pid);
  system.send(pid, "go");
  expect(await end).toEqual(boom);
});

test("a script that swallows its exit and receives again ends there", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(async (self) => {
    for (;;) {
      try {
        await self.receive();
        self.exit(boom);
      } catch {
        // As careless code does.
      }
      if (!self.isAlive(self.pid)) {
        return;
      }
    }
  });
  const end = system.exited(pid);
  system.send(pid, "go");
  expect(await end).toEqual(boom);
});
