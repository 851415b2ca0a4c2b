// Supervision where things happen at the worst moment.
import { expect, test } from "@jest/globals";
import {
  type ChildSpec,
  Down,
  dynamicSupervisorRef,
  Exit,
  type Exited,
  GaveUp,
  type GenServer,
  type ProcessBody,
  reply,
  type Self,
  startDynamicSupervisor,
  started,
  startGenServer,
  startSupervisor,
  supervisorRef,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { endingWith, inShort, slowToStop, startSupervisionWorld } from "./supervision-world.ts";
import { obedient, rejection } from "./world.ts";

test("a restart exactly as old as the period still counts, one a millisecond older does not", async () => {
  const { supervise, child, end, pass, system } = await startSupervisionWorld();
  const { pid } = await supervise({ children: [child("a")], maxRestarts: 2, periodMs: 1_000 });
  await end("a", Exit.of(1));
  await pass(500);
  await end("a", Exit.of(2));
  await pass(501);
  // The first is 1,001 ms old.
  await end("a", Exit.of(3));
  expect(system.isAlive(pid)).toBe(true);
  await pass(499);
  // The second is 1,000 ms old.
  await end("a", Exit.of(4));
  expect(await system.exited(pid)).toEqual(Exit.noproc);
});

test("one second's worth of restarts may come again and again, as long as no window holds too many", async () => {
  const { supervise, child, end, pass, system } = await startSupervisionWorld();
  const { pid } = await supervise({ children: [child("a"), child("b")], maxRestarts: 2, periodMs: 1_000 });
  for (let round = 0; round < 20; round++) {
    await end("a", Exit.of(round));
    await end("b", Exit.of(round));
    await pass(1_001);
  }
  expect(system.isAlive(pid)).toBe(true);
});

test("a child that dies while another is being started is restarted afterwards", async () => {
  const { supervise, child, told, pid, system, pass } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("a")] });
  const slow: ProcessBody = { init: (self) => self.sleep(100), handle() {} };
  const added = ref.startChild(child("slow", {}, slow));
  await quiesce(system);
  system.exitSignal(pid("a"), Exit.of("crash"));
  await quiesce(system);
  expect(told()).toEqual(["start a", "end a crash"]);
  await pass(100);
  expect(await added).toMatchObject({ kind: "ok" });
  expect(told()).toEqual(["start slow", "start a"]);
});

test("a child that dies of its neighbour's restart round does not cause a second round", async () => {
  const { supervise, child, told, pid, system, end } = await startSupervisionWorld();
  const { ref } = await supervise({ strategy: "rest-for-one", children: [child("a"), child("b"), child("c")] });
  const a = pid("a");
  // c goes with b by a link of their own, before its supervisor can stop it.
  system.send(pid("c"), (self: Self) => self.link(pid("b")));
  await quiesce(system);
  told();
  await end("b", Exit.of("crash"));
  expect(told()).toEqual(["end b crash", "end c crash", "start b", "start c"]);
  expect(pid("a")).toBe(a);
  expect(inShort(await ref.whichChildren())).toEqual(["a", "b", "c"]);
});

test("in a round each child has its own way and time to stop, one after another in reverse", async () => {
  const { supervise, child, told, end, pass } = await startSupervisionWorld();
  await supervise({
    strategy: "one-for-all",
    children: [
      child("a"),
      child("patient", { shutdown: "infinity" }, slowToStop(300)),
      child("late", { shutdown: 100 }, slowToStop(5_000)),
      child("brutal", { shutdown: "brutal-kill" }, slowToStop(5_000)),
    ],
  });
  told();
  await end("a", Exit.of("crash"));
  expect(told()).toEqual(["end a crash", "end brutal killed"]);
  await pass(99);
  expect(told()).toEqual([]);
  await pass(1);
  expect(told()).toEqual(["end late killed"]);
  await pass(300);
  expect(told()).toEqual(["end patient shutdown", "start a", "start patient", "start late", "start brutal"]);
});

test("children of a dynamic supervisor have their times side by side", async () => {
  const { system, child, told, pass } = await startSupervisionWorld();
  const supervisor = await startDynamicSupervisor(system);
  if (supervisor.kind !== "ok") throw new Error(supervisor.kind);
  const ref = dynamicSupervisorRef(system, supervisor.pid);
  await ref.startChild(child("a", { shutdown: 300 }, slowToStop(5_000)));
  await ref.startChild(child("b", { shutdown: 100 }, slowToStop(5_000)));
  await ref.startChild(child("c", { shutdown: "infinity" }, slowToStop(200)));
  told();
  const stopped = system.stop(supervisor.pid, { reason: Exit.shutdown });
  await pass(100);
  expect(told()).toEqual(["end b killed"]);
  await pass(100);
  expect(told()).toEqual(["end c shutdown"]);
  await pass(100);
  expect(told()).toEqual(["end a killed"]);
  await stopped;
});

test("a supervisor that gives up is not restarted where it is transient, and is where it is permanent", async () => {
  const { supervise, child, end, told } = await startSupervisionWorld();
  const below = (id: string, restart: "permanent" | "transient"): ChildSpec => ({
    id,
    restart,
    type: "supervisor",
    start: (self) => startSupervisor(self, { children: [child(`${id}-child`)], maxRestarts: 0 }),
  });
  const { ref } = await supervise({ children: [below("transient", "transient"), below("permanent", "permanent")] });
  told();
  await end("transient-child", Exit.of("crash"));
  await end("permanent-child", Exit.of("crash"));
  expect(told()).toEqual(["end transient-child crash", "end permanent-child crash", "start permanent-child"]);
  expect(inShort(await ref.whichChildren())).toEqual(["transient!", "permanent"]);
});

test("with no restarts allowed the first end is the last, and tells whose it was", async () => {
  const { supervise, child, end, trapping, told } = await startSupervisionWorld();
  await supervise({ children: [child("a"), child("b")], maxRestarts: 0 });
  told();
  await end("a", Exit.normal);
  expect(told()).toEqual(["end a normal", "end b shutdown"]);
  const [exited] = trapping.messages as Exited[];
  expect(exited?.reason).toEqual(Exit.shutdownFor(new GaveUp({ childId: "a", reason: Exit.normal, restarts: 1 })));
});

test("a stop that comes while a child is slow to stop waits for it, and stops the rest once", async () => {
  const { supervise, child, told, pass, system } = await startSupervisionWorld();
  const { pid, ref } = await supervise({
    children: [child("a"), child("slow", { shutdown: 1_000 }, slowToStop(500))],
  });
  told();
  const terminated = ref.terminateChild("slow");
  await quiesce(system);
  const stopped = system.stop(pid, { reason: Exit.shutdown });
  await pass(500);
  expect(await terminated).toEqual({ kind: "ok" });
  await stopped;
  expect(told()).toEqual(["end slow shutdown", "end a shutdown"]);
});

test("a child that answers shutdown with a crash of its own is reported and not restarted", async () => {
  const { supervise, child, told, reports, system } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("a", {}, endingWith(Exit.of("stubborn")))] });
  told();
  expect(await ref.terminateChild("a")).toEqual({ kind: "ok" });
  await quiesce(system);
  expect(told()).toEqual(["end a stubborn"]);
  expect(reports).toContainEqual(
    expect.objectContaining({ kind: "supervisor", event: "shutdown-failed", reason: Exit.of("stubborn") }),
  );
  expect(inShort(await ref.whichChildren())).toEqual(["a!"]);
});

test("a name is free when its holder's end is heard of, for one who monitors and for a supervisor", async () => {
  const { system, trapping } = await startSupervisionWorld();
  const named: ChildSpec = { id: "a", start: (self) => self.start(obedient, { link: true, name: "only" }) };
  const result = await startSupervisor(system, { children: [named] });
  if (result.kind !== "ok") throw new Error(result.kind);
  const seen: unknown[] = [];
  const first = system.whereis("only");
  system.spawn(async (self) => {
    self.monitor("only");
    await self.receive((message) => message instanceof Down);
    // Either nobody holds it, or the one who was restarted; never the dead.
    seen.push(system.whereis("only") !== first);
  });
  await quiesce(system);
  system.exitSignal("only", Exit.kill);
  await quiesce(system);
  expect(seen).toEqual([true]);
  expect(inShort(await supervisorRef(trapping.self, result.pid).whichChildren())).toEqual(["a"]);
});

test("a server that traps exits from its init cleans up when its parent ends, whatever the reason", async () => {
  for (const reason of [Exit.normal, Exit.shutdown, Exit.of("crash")]) {
    const { system } = await startSupervisionWorld();
    const cleaned: unknown[] = [];
    const server: GenServer<number> = {
      init(self) {
        self.trapExit(true);
        return started(0);
      },
      terminate: (why) => void cleaned.push(why),
    };
    const parent = system.spawn(async (self) => {
      await startGenServer(self, server, [], { link: true });
      await self.receive();
      self.exit(reason);
    });
    await quiesce(system);
    system.send(parent, "end");
    await quiesce(system);
    expect(cleaned).toEqual([reason]);
  }
});

test("an answer after the call's time reaches nobody, and the next call gets its own", async () => {
  const { system, trapping, pass } = await startSupervisionWorld();
  const late: GenServer<number> = {
    init: () => started(0),
    handleCall: async (request, _from, count, self) => {
      if (request === "late") await self.sleep(100);
      return reply(request, count);
    },
  };
  const result = await startGenServer(system, late, []);
  if (result.kind !== "ok") throw new Error(result.kind);
  const call = rejection(trapping.self.call(result.pid as never, "late" as never, { timeoutMs: 50 }));
  await pass(50);
  expect(await call).toMatchObject({ reason: Exit.timeout });
  const next = trapping.self.call(result.pid as never, "next" as never);
  await pass(50);
  expect(await next).toBe("next");
  expect(trapping.messages).toEqual([]);
});

test("all callers of a server that is killed with calls queued hear the same, and only once", async () => {
  const { system, trapping, plain } = await startSupervisionWorld();
  const silent = system.spawn({ handle: () => new Promise<void>(() => {}) });
  const calls = [trapping, plain, trapping].map(({ self }) => rejection(self.call(silent as never, "q" as never)));
  await quiesce(system);
  system.exitSignal(silent, Exit.kill);
  const reasons = (await Promise.all(calls)).map((error) => (error as { reason: unknown }).reason);
  expect(reasons).toEqual([Exit.killed, Exit.killed, Exit.killed]);
  expect([...trapping.messages, ...plain.messages]).toEqual([]);
});
