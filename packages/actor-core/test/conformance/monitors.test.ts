import { expect, test } from "@jest/globals";
import { type Alias, Down, Exit, type MonitorRef, type Pid, type Self } from "../../src/index.ts";
import { startProbe } from "../../src/testing/index.ts";
import { obedient, startWorld } from "./world.ts";

const frop = Exit.of("frop");

test("MON-001 a monitor tells the reason", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor(obedient);
  system.exitSignal(pid, frop);
  await system.quiesce();
  expect(plain.messages).toEqual([new Down(monitor, pid, frop)]);
});

test("MON-002 monitoring the dead gives noproc as a message", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(() => {});
  await system.quiesce();
  const monitor = plain.self.monitor(pid);
  await system.quiesce();
  expect(plain.messages).toEqual([new Down(monitor, pid, Exit.noproc)]);
});

test("MON-003 a monitor by name tells the name", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient, { name: "jeeves" });
  const monitor = plain.self.monitor("jeeves");
  system.exitSignal(pid, frop);
  await system.quiesce();
  expect(plain.messages).toEqual([new Down(monitor, "jeeves", frop)]);
});

test("MON-004 monitoring a free name gives noproc", async () => {
  const { system, plain } = await startWorld();
  const monitor = plain.self.monitor("jeeves");
  await system.quiesce();
  expect(plain.messages).toEqual([new Down(monitor, "jeeves", Exit.noproc)]);
});

test("MON-005 a watcher killed by the watched leaves one Down for its own watcher", async () => {
  const { system, plain } = await startWorld();
  const a = plain.self.spawnMonitor(obedient);
  const b = system.spawn(obedient);
  system.send(a.pid, (self: Self) => {
    self.monitor(b);
  });
  await system.quiesce();
  system.send(b, (self: Self) => {
    self.exitSignal(a.pid, Exit.kill);
    self.exit(Exit.normal);
  });
  await system.quiesce();
  expect(plain.messages).toEqual([new Down(a.monitor, a.pid, Exit.killed)]);
});

test("MON-006 nothing comes after demonitor", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor(obedient);
  plain.self.demonitor(monitor);
  system.exitSignal(pid, frop);
  await system.quiesce();
  expect(plain.messages).toEqual([]);
});

test("MON-007 MON-008 demonitoring itself, twice, or a foreign reference does nothing", async () => {
  const { system, plain, trapping } = await startWorld();
  const monitor = plain.self.monitor(plain.pid);
  plain.self.demonitor(monitor);
  plain.self.demonitor(monitor);
  const theirs = trapping.self.monitor(plain.pid);
  plain.self.demonitor(theirs);
  await system.quiesce();
  expect(plain.messages).toEqual([]);
});

test("MON-009 only its maker ends a monitor, and what is no reference is refused", async () => {
  const { system, plain, trapping } = await startWorld();
  expect(() => plain.self.demonitor("x" as unknown as MonitorRef)).toThrow(TypeError);
  const theirs = trapping.self.monitor(plain.pid);
  plain.self.demonitor(theirs);
  system.exitSignal(plain.pid, frop);
  await system.quiesce();
  expect(trapping.messages).toEqual([new Down(theirs, plain.pid, frop)]);
});

test("MON-010 monitoring what is neither pid nor name is refused", async () => {
  const { plain } = await startWorld();
  expect(() => plain.self.monitor(7 as unknown as Pid)).toThrow(TypeError);
});

test("MON-011 three monitors give three Downs, each by its own reference", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient);
  const monitors = [plain.self.monitor(pid), plain.self.monitor(pid), plain.self.monitor(pid)];
  system.exitSignal(pid, frop);
  await system.quiesce();
  expect(plain.messages).toHaveLength(3);
  monitors.forEach((monitor, i) => {
    expect((plain.messages[i] as Down).monitor).toBe(monitor);
  });
});

test("MON-012 a watcher that does not trap is unharmed", async () => {
  const { system, plain } = await startWorld();
  const { pid } = plain.self.spawnMonitor(obedient);
  system.exitSignal(pid, frop);
  await system.quiesce();
  expect(system.isAlive(plain.pid)).toBe(true);
});

test("MON-013 lists are empty after demonitor and after Down", async () => {
  const { system, plain } = await startWorld();
  const first = plain.self.spawnMonitor(obedient);
  plain.self.demonitor(first.monitor);
  expect([system.info(plain.pid)?.monitors, system.info(first.pid)?.monitoredBy]).toEqual([[], []]);
  const second = plain.self.spawnMonitor(obedient);
  system.exitSignal(second.pid, frop);
  expect(system.info(plain.pid)?.monitors).toEqual([]);
});

test("MON-015 flush takes the queued Down of that monitor and no other", async () => {
  const { system } = await startWorld();
  const got: unknown[] = [];
  const script = system.spawn(async (self) => {
    const a = self.spawnMonitor((child) => child.exit(frop));
    const b = self.spawnMonitor((child) => child.exit(frop));
    await self.sleep(0);
    self.demonitor(a.monitor, { flush: true });
    got.push(((await self.receive()) as Down).monitor === b.monitor);
    got.push(self.system.info(self.pid)?.messages);
  });
  const end = system.exited(script);
  await system.quiesce();
  expect(await end).toEqual(Exit.normal);
  expect(got).toEqual([true, []]);
});

test("MON-018 an alias delivers until its owner withdraws it", async () => {
  const { system, plain } = await startWorld();
  const alias = plain.self.alias();
  system.send(alias, 1);
  system.send(alias, 2);
  plain.self.unalias(alias);
  system.send(alias, 3);
  await system.quiesce();
  expect(plain.messages).toEqual([1, 2]);
});

test("MON-019 an alias for one message takes one message", async () => {
  const { system, plain } = await startWorld();
  const alias = plain.self.alias({ once: true });
  for (const message of [1, 2, 3]) {
    system.send(alias, message);
  }
  await system.quiesce();
  expect(plain.messages).toEqual([1]);
});

test("MON-020 nobody but the owner withdraws an alias", async () => {
  const { system, plain, trapping } = await startWorld();
  const alias: Alias = plain.self.alias();
  trapping.self.unalias(alias);
  system.send(alias, 1);
  await system.quiesce();
  expect(plain.messages).toEqual([1]);
});

test("MON-021 an alias of the dead takes messages silently", async () => {
  const { system, plain } = await startWorld();
  const alias = plain.self.alias();
  system.exitSignal(plain.pid, Exit.kill);
  system.send(alias, 1);
  await system.quiesce();
  expect(plain.messages).toEqual([]);
});

test("MON-023 every watcher gets one Down, one that let go gets none", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(obedient);
  const watchers = await Promise.all([1, 2, 3, 4].map(() => startProbe(system)));
  const monitors = watchers.map(({ self }) => self.monitor(pid));
  watchers[3]?.self.demonitor(monitors[3] as MonitorRef);
  system.exitSignal(pid, frop);
  await system.quiesce();
  expect(watchers.map(({ messages }) => messages.length)).toEqual([1, 1, 1, 0]);
});

test("MON-024 a name is resolved once, when the monitor is made", async () => {
  const { system, plain } = await startWorld();
  const p = system.spawn(obedient, { name: "n" });
  const monitor = plain.self.monitor("n");
  system.unregister("n");
  const q = system.spawn(obedient, { name: "n" });
  system.exitSignal(q, frop);
  await system.quiesce();
  expect(plain.messages).toEqual([]);
  system.exitSignal(p, frop);
  await system.quiesce();
  expect(plain.messages).toEqual([new Down(monitor, "n", frop)]);
});

test("MON-025 what a process sent before it ended comes before its Down", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor((self) => self.send(plain.pid, "m"));
  await system.quiesce();
  expect(plain.messages).toEqual(["m", new Down(monitor, pid, Exit.normal)]);
});
