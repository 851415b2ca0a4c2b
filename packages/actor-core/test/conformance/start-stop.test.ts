import { expect, test } from "@jest/globals";
import { Down, Exit, Exited, type ExitReason, type ProcessHandler, type Self, StopFailed } from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { obedient, rejection, startWorld } from "./world.ts";

const hanging: ProcessHandler = { init: () => new Promise<void>(() => {}), handle() {} };

/** A process that stays in its handler from its first message on. */
const stuck: ProcessHandler = { handle: () => new Promise<void>(() => {}) };

test("PLIB-001 start is pending until init has settled", async () => {
  const { system } = await startWorld();
  const go = Promise.withResolvers<void>();
  let result: unknown;
  void system.start({ init: () => go.promise, handle() {} }).then((settled) => {
    result = settled;
  });
  await quiesce(system);
  expect(result).toBeUndefined();
  go.resolve();
  await quiesce(system);
  expect(result).toEqual({ kind: "ok", pid: expect.anything() });
});

test("PLIB-002 a script acknowledges, returns, and its monitor tells so", async () => {
  const { system, trapping } = await startWorld();
  const result = await trapping.self.start((self) => self.acknowledge(), { monitor: true });
  await quiesce(system);
  if (result.kind !== "ok" || result.monitor === undefined) {
    throw new Error("Expected a monitored start");
  }
  expect(trapping.messages).toEqual([new Down(result.monitor, result.pid, Exit.normal)]);
});

test("PLIB-003 linked and monitored, both notices come", async () => {
  const { system, trapping } = await startWorld();
  const result = await trapping.self.start((self) => self.acknowledge(), { monitor: true, link: true });
  await quiesce(system);
  if (result.kind !== "ok" || result.monitor === undefined) {
    throw new Error("Expected a monitored start");
  }
  expect(trapping.messages).toHaveLength(2);
  expect(trapping.messages).toEqual(
    expect.arrayContaining([new Exited(result.pid, Exit.normal), new Down(result.monitor, result.pid, Exit.normal)]),
  );
});

test.each([
  ["PLIB-004", { monitor: true }],
  ["PLIB-005", { link: true }],
])("%s a start that is out of time kills the process and leaves no notice", async (_id, options) => {
  const { system, trapping, pass } = await startWorld();
  const before = system.processes().length;
  let result: unknown;
  void trapping.self.start(hanging, { timeoutMs: 500, name: "n", ...options }).then((settled) => {
    result = settled;
  });
  await pass(499);
  expect([result, system.whereis("n")]).toEqual([undefined, expect.anything()]);
  await pass(1);
  expect(result).toEqual({ kind: "error", reason: Exit.timeout });
  expect([trapping.messages, system.processes().length, system.whereis("n")]).toEqual([[], before, undefined]);
});

test("PLIB-006 outside of all processes there is nothing to link or monitor", async () => {
  const { system } = await startWorld();
  expect(await rejection(system.start(obedient, { link: true }))).toBeInstanceOf(TypeError);
  expect(await rejection(system.start(obedient, { monitor: true }))).toBeInstanceOf(TypeError);
});

test.each<[string, ExitReason, number]>([
  ["shutdown", Exit.shutdown, 0],
  ["shutdown with a detail", Exit.shutdownFor("x"), 0],
  ["any other reason", Exit.of("die"), 1],
])("PLIB-007 %s: crash reports", async (_name, reason, count) => {
  const { system, reports } = await startWorld();
  const pid = system.spawn((self) => self.exit(reason), { label: "doomed" });
  await quiesce(system);
  const crash = {
    ...{ kind: "crash", pid, name: undefined, label: "doomed", reason, lastMessage: undefined },
    ...{ state: { kind: "unknown" }, recentMessages: undefined, waiting: 0, ancestors: [], links: [] },
  };
  expect(reports).toEqual(Array(count).fill(crash));
});

test("PLIB-008 stop resolves once the process is gone; a second one fails with noproc", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(obedient);
  await system.stop(pid);
  expect(system.isAlive(pid)).toBe(false);
  expect(await rejection(system.stop(pid))).toMatchObject({ code: "ACTOR_STOP_FAILED", reason: Exit.noproc });
});

test("PLIB-009 stop with another reason gives watchers that reason", async () => {
  const { system, plain } = await startWorld();
  const { pid, monitor } = plain.self.spawnMonitor(obedient);
  const other = Exit.of("other");
  await system.stop(pid, { reason: other });
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(monitor, pid, other)]);
});

test("PLIB-010 stop fails with the actual reason when that is another", async () => {
  const { system } = await startWorld();
  const pid = system.spawn({ handle() {}, stop: (_reason, self) => self.exit(Exit.of("die")) });
  expect(await rejection(system.stop(pid))).toMatchObject({ reason: Exit.of("die") });
});

test.each([
  [Exit.shutdown, Exit.shutdownFor("x")],
  [Exit.shutdownFor("x"), Exit.shutdown],
  [Exit.shutdownFor("x"), Exit.shutdownFor("y")],
])("PLIB-010 asked to end with %j, one that ends with %j has not done so", async (asked, actual) => {
  const { system } = await startWorld();
  const pid = system.spawn({ handle() {}, stop: (_reason, self) => self.exit(actual) });
  expect(await rejection(system.stop(pid, { reason: asked }))).toMatchObject({ reason: actual });
});

test("PLIB-011 a stop that is out of time leaves the process alone", async () => {
  const { system, pass } = await startWorld();
  const pid = system.spawn(stuck);
  system.send(pid, "go");
  const failure = rejection(system.stop(pid, { timeoutMs: 1_000 }));
  await pass(1_000);
  expect(await failure).toMatchObject({ reason: Exit.timeout });
  expect(await failure).toBeInstanceOf(StopFailed);
  expect(system.isAlive(pid)).toBe(true);
});

test("PLIB-012 a failed init with an expected end spares a linked starter that does not trap", async () => {
  const { system, plain } = await startWorld();
  const failing: ProcessHandler = { init: () => ({ kind: "error", reason: Exit.of("r") }), handle() {} };
  const result = await plain.self.start(failing, { link: true, name: "n" });
  expect(result).toEqual({ kind: "error", reason: Exit.of("r") });
  expect([system.whereis("n"), system.isAlive(plain.pid)]).toEqual([undefined, true]);
});

test("stop waits behind the messages that are there already", async () => {
  const { system } = await startWorld();
  const seen: unknown[] = [];
  const pid = system.spawn({ handle: (message) => void seen.push(message) });
  system.send(pid, 1);
  const stopped = system.stop(pid);
  system.send(pid, 2);
  await stopped;
  expect(seen).toEqual([1]);
});

test("stop ends a script when it receives", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(async (self) => {
    await self.receive();
  });
  await system.stop(pid);
  expect(system.isAlive(pid)).toBe(false);
});

test("a process that waits for a start and ends gets no answer", async () => {
  const { system, plain } = await startWorld();
  const failure = rejection(plain.self.start(hanging));
  await quiesce(system);
  system.exitSignal(plain.pid, Exit.kill);
  expect(await failure).toMatchObject({ code: "ACTOR_PROCESS_EXITED", pid: plain.pid });
});

test("every operation of a process that has ended is refused", async () => {
  const { system, plain } = await startWorld();
  const { self } = plain;
  system.exitSignal(plain.pid, Exit.kill);
  const operations: ((self: Self) => unknown)[] = [
    (dead) => dead.send(dead.pid, 1),
    (dead) => dead.spawn(obedient),
    (dead) => dead.call(dead.pid, 1),
    (dead) => dead.cast(dead.pid, 1),
    (dead) => dead.link(dead.pid),
    (dead) => dead.monitor(dead.pid),
    (dead) => dead.register("n", dead.pid),
    (dead) => dead.sendAfter(1, dead.pid, 1),
    (dead) => dead.receive(),
    (dead) => dead.exit(Exit.normal),
    (dead) => dead.exitSignal(dead.pid, Exit.kill),
    (dead) => dead.trapExit(true),
  ];
  for (const operation of operations) {
    expect(() => operation(self)).toThrow(expect.objectContaining({ code: "ACTOR_PROCESS_EXITED" }));
  }
  expect(await rejection(self.start(obedient))).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  expect(await rejection(self.sleep(1))).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
});
