import { expect, test } from "@jest/globals";
import {
  type Alias,
  createAlias,
  Down,
  Exit,
  type MonitorRef,
  monitorAs,
  type Pid,
  processInfo,
  type Self,
  TaggedDown,
  unalias,
} from "../../src/index.ts";
import { quiesce, startProbe } from "../../src/testing/index.ts";
import { obedient, startWorld } from "./world.ts";

const frop = Exit.of("frop");

test("MON-001 a monitor tells the reason", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor(obedient);
  system.exitSignal(pid, frop);
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, pid, frop)]);
});

test("MON-002 monitoring the dead gives noproc as a message", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(() => {});
  await quiesce(system);
  const monitor = plain.self.monitor(pid);
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, pid, Exit.noproc)]);
});

test("MON-003 a monitor by name tells the name", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient, { name: "jeeves" });
  const monitor = plain.self.monitor("jeeves");
  system.exitSignal(pid, frop);
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, "jeeves", frop)]);
});

test("MON-004 monitoring a free name gives noproc", async () => {
  const { system, plain } = await startWorld();
  const monitor = plain.self.monitor("jeeves");
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, "jeeves", Exit.noproc)]);
});

test("MON-005 a watcher killed by the watched leaves one Down for its own watcher", async () => {
  const { system, plain } = await startWorld();
  const a = plain.self.spawnMonitor(obedient);
  const b = system.spawn(obedient);
  system.send(a.pid, (self: Self) => {
    self.monitor(b);
  });
  await quiesce(system);
  system.send(b, (self: Self) => {
    self.exitSignal(a.pid, Exit.kill);
    self.exit(Exit.normal);
  });
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(a.monitor, a.pid, Exit.killed)]);
});

test("MON-006 nothing comes after demonitor", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor(obedient);
  plain.self.demonitor(monitor);
  system.exitSignal(pid, frop);
  await quiesce(system);
  expect(plain.messages).toEqual([]);
});

test("MON-007 a process that monitors itself may let go twice", async () => {
  const { system, plain } = await startWorld();
  const monitor = plain.self.monitor(plain.pid);
  plain.self.demonitor(monitor);
  plain.self.demonitor(monitor);
  await quiesce(system);
  expect([plain.messages, processInfo(plain.pid)?.monitors]).toEqual([[], []]);
});

test("MON-008 letting go of what is no monitor any more, or of nobody's, does nothing", async () => {
  const { system, plain, trapping } = await startWorld();
  const dead = system.spawn(() => {});
  await quiesce(system);
  const fired = plain.self.monitor(dead);
  plain.self.demonitor(fired);
  const theirs = trapping.self.monitor(plain.pid);
  plain.self.demonitor(theirs);
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(fired, dead, Exit.noproc)]);
});

test("MON-009 only its maker ends a monitor, and what is no reference is refused", async () => {
  const { system, plain, trapping } = await startWorld();
  expect(() => plain.self.demonitor("x" as unknown as MonitorRef)).toThrow(TypeError);
  const theirs = trapping.self.monitor(plain.pid);
  plain.self.demonitor(theirs);
  system.exitSignal(plain.pid, frop);
  await quiesce(system);
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
  await quiesce(system);
  expect(plain.messages).toEqual(monitors.map((monitor) => new Down(monitor, pid, frop)));
  expect(new Set(plain.messages.map((message) => (message as Down).monitor))).toEqual(new Set(monitors));
  expect(new Set(monitors).size).toBe(3);
});

test("MON-012 a watcher that does not trap is unharmed", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor(obedient);
  system.exitSignal(pid, frop);
  await quiesce(system);
  expect([system.isAlive(plain.pid), plain.messages]).toEqual([true, [new Down(monitor, pid, frop)]]);
});

test("MON-013 lists are empty after demonitor and after Down", async () => {
  const { system, plain } = await startWorld();
  const first = plain.self.spawnMonitor(obedient);
  plain.self.demonitor(first.monitor);
  expect([processInfo(plain.pid)?.monitors, processInfo(first.pid)?.monitoredBy]).toEqual([[], []]);
  const second = plain.self.spawnMonitor(obedient);
  system.exitSignal(second.pid, frop);
  expect(processInfo(plain.pid)?.monitors).toEqual([]);
});

test("MON-014 a large, nested reason arrives whole", async () => {
  const { system, plain } = await startWorld();
  const large = Exit.of({
    big: [[["nested"]]],
    data: Array.from({ length: 10_000 }, (_, i) => i),
    bytes: new Uint8Array(64_000),
  });
  const { pid, monitor } = plain.self.spawnMonitor((self) => self.exit(structuredClone(large)));
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, pid, large)]);
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
    got.push(processInfo(self.pid)?.messages);
  });
  const end = system.exited(script);
  await quiesce(system);
  expect(await end).toEqual(Exit.normal);
  expect(got).toEqual([true, []]);
});

test("MON-016 an unknown option of demonitor is refused, and the monitor stays", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor(obedient);
  expect(() => plain.self.demonitor(monitor, { flash: true } as object)).toThrow(TypeError);
  system.exitSignal(pid, frop);
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, pid, frop)]);
});

test("MON-017 a tag given to a monitor is in its notice, also of the dead", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient);
  const first = monitorAs(plain.self, pid, { tag: "t" });
  system.exitSignal(pid, frop);
  const second = monitorAs(plain.self, pid, { tag: "u" });
  await quiesce(system);
  expect(plain.messages).toEqual([new TaggedDown(first, pid, frop), new TaggedDown(second, pid, Exit.noproc)]);
  expect(plain.messages).toMatchObject([{ tag: "t" }, { tag: "u" }]);
});

test("MON-018 an alias delivers until its owner withdraws it", async () => {
  const { system, plain } = await startWorld();
  const alias = createAlias(plain.self);
  system.send(alias, 1);
  system.send(alias, 2);
  unalias(plain.self, alias);
  system.send(alias, 3);
  await quiesce(system);
  expect(plain.messages).toEqual([1, 2]);
});

test("MON-019 an alias for one message takes one message", async () => {
  const { system, plain } = await startWorld();
  const alias = createAlias(plain.self, { once: true });
  for (const message of [1, 2, 3]) {
    system.send(alias, message);
  }
  await quiesce(system);
  expect(plain.messages).toEqual([1]);
});

test("MON-020 nobody but the owner withdraws an alias", async () => {
  const { system, plain, trapping } = await startWorld();
  const alias: Alias = createAlias(plain.self);
  unalias(trapping.self, alias);
  system.send(alias, 1);
  await quiesce(system);
  expect(plain.messages).toEqual([1]);
});

test("MON-021 an alias of the dead takes messages silently", async () => {
  const { system, plain } = await startWorld();
  const alias = createAlias(plain.self);
  system.exitSignal(plain.pid, Exit.kill);
  system.send(alias, 1);
  await quiesce(system);
  expect(plain.messages).toEqual([]);
});

test("MON-022 a monitor's own alias takes the answer, and the same monitor tells the end", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient);
  const monitor = monitorAs(plain.self, pid, { alias: "explicit" });
  system.send(pid, (self: Self) => {
    self.send(monitor.alias as Alias, "reply");
    self.exit(frop);
  });
  await quiesce(system);
  expect(plain.messages).toEqual(["reply", new Down(monitor, pid, frop)]);
  system.send(monitor.alias as Alias, "still in force");
  unalias(plain.self, monitor.alias as Alias);
  system.send(monitor.alias as Alias, "withdrawn");
  await quiesce(system);
  expect(plain.messages.slice(2)).toEqual(["still in force"]);
});

test("a monitor's alias for one message ends the monitor with it", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient);
  const { alias } = monitorAs(plain.self, pid, { alias: "once" });
  system.send(alias as Alias, 1);
  system.send(alias as Alias, 2);
  system.exitSignal(pid, frop);
  await quiesce(system);
  expect(plain.messages).toEqual([1]);
  expect(processInfo(plain.pid)?.monitors).toEqual([]);
});

test.each(["demonitor", "Down"])("a monitor's alias ends with %s", async (by) => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient);
  const monitor = monitorAs(plain.self, pid, { alias: "monitor" });
  if (by === "demonitor") {
    plain.self.demonitor(monitor);
  } else {
    system.exitSignal(pid, frop);
  }
  system.send(monitor.alias as Alias, "too late");
  await quiesce(system);
  expect(plain.messages).toEqual(by === "Down" ? [new Down(monitor, pid, frop)] : []);
});

test("a monitor ends with the block that uses it, and its Down goes with it", async () => {
  const { system } = await startWorld();
  const left: unknown[] = [];
  const pid = system.spawn(obedient);
  system.spawn(async (self) => {
    {
      using monitor = self.monitor(pid);
      system.exitSignal(pid, frop);
      left.push(processInfo(self.pid)?.messages.map((message) => (message as Down).monitor === monitor));
    }
    left.push(processInfo(self.pid)?.messages);
  });
  await quiesce(system);
  expect(left).toEqual([[true], []]);
});

test("MON-023 every watcher gets one Down, one that let go gets none", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(obedient);
  const watchers = await Promise.all([1, 2, 3, 4].map(() => startProbe(system)));
  const monitors = watchers.map(({ self }) => self.monitor(pid));
  watchers[3]?.self.demonitor(monitors[3] as MonitorRef);
  system.exitSignal(pid, frop);
  await quiesce(system);
  const downs = monitors.map((monitor) => [new Down(monitor, pid, frop)]);
  expect(watchers.map(({ messages }) => messages)).toEqual([...downs.slice(0, 3), []]);
});

test("MON-024 a name is resolved once, when the monitor is made", async () => {
  const { system, plain } = await startWorld();
  const p = system.spawn(obedient, { name: "n" });
  const monitor = plain.self.monitor("n");
  system.unregister("n");
  const q = system.spawn(obedient, { name: "n" });
  system.exitSignal(q, frop);
  await quiesce(system);
  expect(plain.messages).toEqual([]);
  system.exitSignal(p, frop);
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, "n", frop)]);
});

test("MON-025 what a process sent before it ended comes before its Down", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor((self) => self.send(plain.pid, "m"));
  await quiesce(system);
  expect(plain.messages).toEqual(["m", new Down(monitor, pid, Exit.normal)]);
});
