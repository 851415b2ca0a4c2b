import { expect, test } from "@jest/globals";
import {
  type BackOffRef,
  type BackOffSupervisorOptions,
  backOffRef,
  CallFailed,
  type ChildSpec,
  describeExit,
  dynamicSupervisorRef,
  Exit,
  Exited,
  GaveUp,
  InvalidChildSpec,
  type Pid,
  type ProcessHandler,
  processInfo,
  type Self,
  startBackOffSupervisor,
  startDynamicSupervisor,
  startSupervisor,
  subscribeDeadLetters,
  supervisionTree,
  supervisorRef,
  sys,
  withBackOff,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { inShort, type SupervisionWorld, slowToStop, startSupervisionWorld } from "./supervision-world.ts";
import { rejection } from "./world.ts";

interface BackOffWorld extends SupervisionWorld {
  readonly supervisor: Pid;
  readonly ref: BackOffRef;
  /** Lets the child `c` crash, waits, and tells after how many milliseconds it runs again. */
  delay(limitMs?: number): Promise<number | undefined>;
}

/** A back-off supervisor of the child `c`, started by the trapping process; what has been told so far is forgotten. */
async function startBackOffWorld(
  backOff: Partial<BackOffSupervisorOptions> = {},
  spec: Partial<ChildSpec> = {},
  body?: ProcessHandler,
): Promise<BackOffWorld> {
  const world = await startSupervisionWorld();
  const { system, trapping, child, end, told, pass } = world;
  const started = await startBackOffSupervisor(trapping.self, child("c", spec, body), {
    minMs: 100,
    maxMs: 10_000,
    ...backOff,
  });
  if (started.kind !== "ok") throw new Error(`the supervisor did not start: ${started.kind}`);
  told();
  return {
    ...world,
    supervisor: started.pid,
    ref: backOffRef(system, started.pid),
    async delay(limitMs = 20_000) {
      await end("c", Exit.of("crash"));
      expect(told()).toEqual(["end c crash"]);
      for (let afterMs = 1; afterMs <= limitMs; afterMs++) {
        await pass(1);
        if (told().length > 0) return afterMs;
      }
    },
  };
}

test("BACK-001 a child that has stopped is started again after the delay, and not before", async () => {
  for (const reason of [Exit.normal, Exit.shutdown, Exit.of("crash")]) {
    const { end, pass, told } = await startBackOffWorld();
    await end("c", reason);
    expect(told()).toEqual([`end c ${describeExit(reason)}`]);
    await pass(99);
    expect(told()).toEqual([]);
    await pass(1);
    expect(told()).toEqual(["start c"]);
    await pass(10_000);
    expect(told()).toEqual([]);
  }
});

test("BACK-002 each delay is twice the one before, and there is one child at a time", async () => {
  const { ref, end, pass, told, pid } = await startBackOffWorld({ minMs: 200 });
  for (const delayMs of [200, 400, 800, 1_600]) {
    const before = pid("c");
    await end("c", Exit.of("crash"));
    expect(await ref.child()).toBeUndefined();
    await pass(delayMs - 1);
    expect(told()).toEqual(["end c crash"]);
    await pass(1);
    expect(told()).toEqual(["start c"]);
    expect(pid("c")).not.toBe(before);
    expect(await ref.child()).toBe(pid("c"));
  }
});

test("BACK-002 an attempt that fails is waited for longer, too", async () => {
  const { failing, end, pass, told } = await startBackOffWorld();
  failing.set("c", Exit.of("not yet"));
  await end("c", Exit.of("crash"));
  for (const delayMs of [100, 200, 400]) {
    await pass(delayMs - 1);
    await pass(1);
  }
  expect(told()).toEqual(["end c crash", "fail c", "fail c", "fail c"]);
  failing.clear();
  await pass(799);
  expect(told()).toEqual([]);
  await pass(1);
  expect(told()).toEqual(["start c"]);
});

test("BACK-003 after a child has run well the next delay is the first again", async () => {
  const { ref, delay, pass } = await startBackOffWorld({ resetAfterMs: 1_000 });
  expect([await delay(), await delay(), await delay()]).toEqual([100, 200, 400]);
  await pass(999);
  expect(await delay()).toBe(800);
  expect(await ref.restarts()).toBe(4);
  await pass(1_000);
  expect(await delay()).toBe(100);
  expect(await ref.restarts()).toBe(1);
});

test("BACK-004 a child is well after the mean of the shortest and the longest delay, unless told otherwise", async () => {
  const { delay, pass } = await startBackOffWorld({ minMs: 100, maxMs: 500 });
  expect([await delay(), await delay()]).toEqual([100, 200]);
  await pass(299);
  expect(await delay()).toBe(400);
  await pass(300);
  expect(await delay()).toBe(100);
});

test("BACK-005 one stop more than there may be restarts ends the supervisor", async () => {
  const { delay, end, told, trapping, supervisor, reports } = await startBackOffWorld({ maxRestarts: 2 });
  expect([await delay(), await delay()]).toEqual([100, 200]);
  await end("c", Exit.of("crash"));
  expect(told()).toEqual(["end c crash"]);
  const gaveUp = new GaveUp({ childId: "c", reason: Exit.of("crash"), restarts: 3 });
  expect(trapping.messages).toEqual([new Exited(supervisor, Exit.shutdownFor(gaveUp))]);
  const events = reports.flatMap((report) => (report.kind === "supervisor" ? [report.event] : []));
  expect(events).toEqual([
    ...["child-terminated", "restarting", "child-terminated", "restarting", "child-terminated", "gave-up"],
  ]);
});

test("BACK-006 what is sent to the supervisor reaches the child; in the delay it is lost, and calls fail", async () => {
  const heard: unknown[] = [];
  const echo: ProcessHandler = {
    handle(message, self) {
      if (typeof message === "function") return message(self);
      heard.push("request" in (message as object) ? (message as { request: unknown }).request : message);
      const { from, request } = message as Partial<import("../../src/index.ts").Call>;
      if (request === "crash") self.exit(Exit.of("crash"));
      from?.reply({ answer: request, caller: from.caller });
    },
  };
  const { system, trapping, supervisor, pass, pid } = await startBackOffWorld({}, {}, echo);
  const hello = { hello: "there" };
  system.send(supervisor, hello);
  system.cast(supervisor, "cast");
  expect(await trapping.self.call(supervisor, "call")).toEqual({ answer: "call", caller: trapping.pid });
  expect(heard).toEqual([hello, "cast", "call"]);
  const child = pid("c");
  const failures = ["crash", "behind it"].map((request) => rejection(system.call(supervisor, request)));
  await quiesce(system);
  failures.push(rejection(system.call(supervisor, "in the delay")));
  expect(await Promise.all(failures)).toEqual([
    expect.objectContaining({ reason: Exit.of("crash"), target: child, request: "crash" }),
    expect.objectContaining({ reason: Exit.of("crash"), target: child, request: "behind it" }),
    expect.objectContaining({ reason: Exit.noproc, target: child, request: "in the delay" }),
  ]);
  expect((await failures[0]) instanceof CallFailed).toBe(true);
  const letters: unknown[] = [];
  subscribeDeadLetters(system, (letter) => letters.push(letter));
  system.send(supervisor, { lost: true });
  await quiesce(system);
  expect(letters).toEqual([{ kind: "no-receiver", message: { lost: true }, from: supervisor, to: child }]);
  await pass(100);
  expect(await system.call(supervisor, "again")).toMatchObject({ answer: "again" });
  expect(heard).toEqual([hello, "cast", "call", "crash", "again"]);
});

test("BACK-006 with a stand-in reply, those who call in the delay get that", async () => {
  const { system, supervisor, end, pass, pid } = await startBackOffWorld({ replyWhileStopped: "come back later" });
  await end("c", Exit.of("crash"));
  expect(await system.call(supervisor, "are you there?")).toBe("come back later");
  await pass(100);
  const waiting = rejection(system.call(supervisor, "are you there?", { timeoutMs: 10 }));
  await pass(10);
  expect(await waiting).toMatchObject({ reason: Exit.timeout });
  expect(processInfo(pid("c"))?.messages).toEqual([]);
});

test("BACK-007 a reset forgets the restarts, and does not cut a delay short", async () => {
  const { ref, delay, end, pass, told } = await startBackOffWorld();
  expect([await delay(), await delay()]).toEqual([100, 200]);
  await end("c", Exit.of("crash"));
  expect(await ref.restarts()).toBe(3);
  await ref.reset();
  expect(await ref.restarts()).toBe(0);
  await pass(399);
  expect(told()).toEqual(["end c crash"]);
  await pass(1);
  expect(told()).toEqual(["start c"]);
  expect(await delay()).toBe(100);
  expect(await ref.restarts()).toBe(1);
});

test("BACK-008 the children of a child that fails are gone before the delay begins", async () => {
  const world = await startSupervisionWorld();
  const { system, trapping, child, told, pass } = world;
  const nested: ChildSpec = {
    ...child("nested"),
    type: "supervisor",
    start: (supervisor) =>
      startSupervisor(supervisor, { maxRestarts: 0, children: [child("a"), child("b", {}, slowToStop(70))] }),
  };
  await startBackOffSupervisor(trapping.self, nested, { minMs: 100, maxMs: 1_000 });
  expect(told()).toEqual(["start a", "start b"]);
  await world.end("a", Exit.of("crash"));
  await pass(70);
  expect(told()).toEqual(["end a crash", "end b shutdown"]);
  await pass(99);
  expect(told()).toEqual([]);
  await pass(1);
  expect(told()).toEqual(["start a", "start b"]);
  expect(system.processes()).toHaveLength(6);
});

test("BACK-008 processes linked to a child that fails go with it", async () => {
  const { system, end, pid, pass, told } = await startBackOffWorld();
  let below: Pid | undefined;
  system.send(pid("c"), (self: Self) => {
    below = self.spawnLink({ handle() {} });
  });
  await quiesce(system);
  await end("c", Exit.of("crash"));
  expect(system.isAlive(below as Pid)).toBe(false);
  await pass(100);
  expect(told()).toEqual(["end c crash", "start c"]);
});

test("BACK-009 jitter prolongs a delay by up to its part, chosen by the random numbers given", async () => {
  const numbers = [0, 0.5, 0.999, 0.25, 1];
  const { delay } = await startBackOffWorld({ maxMs: 400, jitter: 0.2, random: () => numbers.shift() ?? 0 });
  const delays: (number | undefined)[] = [];
  for (let i = 0; i < 5; i++) delays.push(await delay());
  expect(delays).toEqual([100, 220, 480, 420, 480]);
});

test("BACK-009 without numbers of one's own the delays still keep to their bounds", async () => {
  const { delay } = await startBackOffWorld({ maxMs: 200, jitter: 0.2 });
  for (const baseMs of [100, 200, 200]) {
    const delayMs = await delay();
    expect(delayMs).toBeGreaterThanOrEqual(baseMs);
    expect(delayMs).toBeLessThanOrEqual(1.2 * baseMs);
  }
});

test("BACK-010 after a final message the child's next end is the last", async () => {
  const { system, supervisor, delay, end, told, pid, trapping } = await startBackOffWorld({
    isFinal: (message) => message === "that was it",
  });
  expect(await delay()).toBe(100);
  system.cast(supervisor, "that was it");
  await quiesce(system);
  expect(system.isAlive(pid("c"))).toBe(true);
  await end("c", Exit.of("crash"));
  expect(told()).toEqual(["end c crash"]);
  expect(trapping.messages).toEqual([new Exited(supervisor, Exit.normal)]);
});

test("a transient child that has ended as expected takes its supervisor along, with its reason", async () => {
  for (const reason of [Exit.normal, Exit.shutdownFor("done")]) {
    const { delay, end, trapping, supervisor } = await startBackOffWorld({}, { restart: "transient" });
    expect(await delay()).toBe(100);
    await end("c", reason);
    expect(trapping.messages).toEqual([new Exited(supervisor, reason)]);
  }
});

test("a child whose first start fails is not waited for", async () => {
  const { trapping, child, failing, told } = await startSupervisionWorld();
  failing.set("c", Exit.of("broken"));
  const started = await startBackOffSupervisor(trapping.self, child("c"), { minMs: 100, maxMs: 1_000 });
  expect(started).toMatchObject({ kind: "error", reason: { detail: { childId: "c", reason: Exit.of("broken") } } });
  expect(told()).toEqual(["fail c"]);
});

test("a child that does not want to run again is let go", async () => {
  let wanted = true;
  const world = await startSupervisionWorld();
  const c = world.child("c");
  const started = await startBackOffSupervisor(
    world.trapping.self,
    { ...c, start: (supervisor) => (wanted ? c.start(supervisor) : { kind: "ignore" }) },
    { minMs: 100, maxMs: 1_000 },
  );
  wanted = false;
  await world.end("c", Exit.of("crash"));
  await world.pass(100);
  expect(world.trapping.messages).toEqual([new Exited((started as { pid: Pid }).pid, Exit.normal)]);
});

test("with back-off a child fits any supervisor, and costs it no restart until it gives up", async () => {
  const { system, supervise, child, end, pass, told } = await startSupervisionWorld();
  const c = withBackOff(child("c"), { minMs: 100, maxMs: 1_000, maxRestarts: 3 }, { name: "c's address" });
  const { pid, ref } = await supervise({ maxRestarts: 1, children: [child("before"), c] });
  expect(await ref.childSpec("c")).toMatchObject({ restart: "permanent", shutdown: "infinity", type: "supervisor" });
  expect((await supervisionTree(system, pid)).children[1]).toMatchObject({
    id: "c",
    below: { children: [{ id: "c" }] },
  });
  const inner = supervisorRef(system, "c's address");
  expect(await inner.countChildren()).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
  const first = system.whereis("c's address");
  for (const delayMs of [100, 200, 400]) {
    await end("c", Exit.of("crash"));
    expect(inShort(await inner.whichChildren())).toEqual(["c?"]);
    await pass(delayMs);
  }
  expect(system.whereis("c's address")).toBe(first);
  told();
  await end("c", Exit.of("crash"));
  expect(told()).toEqual(["end c crash", "start c"]);
  expect(system.whereis("c's address")).not.toBe(first);
  expect(await rejection(inner.deleteChild("c"))).toBeInstanceOf(TypeError);
});

test("a dynamic supervisor forgets what has given up", async () => {
  const { system, trapping, child, end, pass } = await startSupervisionWorld();
  const started = await startDynamicSupervisor(trapping.self);
  const dynamic = dynamicSupervisorRef(system, (started as { pid: Pid }).pid);
  const c = child("c", { restart: "transient" });
  await dynamic.startChild(withBackOff(c, { minMs: 100, maxMs: 1_000, maxRestarts: 1 }));
  await end("c", Exit.of("crash"));
  await pass(100);
  expect(inShort(await dynamic.whichChildren())).toEqual(["c"]);
  await end("c", Exit.of("crash"));
  expect(await dynamic.whichChildren()).toEqual([]);
});

test("a supervisor that is stopped stops its child first, and in a delay just ends", async () => {
  const running = await startBackOffWorld({}, {}, slowToStop(50) as ProcessHandler);
  const stopping = running.system.stop(running.supervisor, { reason: Exit.shutdown });
  await running.pass(49);
  expect(running.told()).toEqual([]);
  await running.pass(1);
  await stopping;
  expect(running.told()).toEqual(["end c shutdown"]);

  const waiting = await startBackOffWorld();
  await waiting.end("c", Exit.of("crash"));
  await waiting.system.stop(waiting.supervisor);
  await waiting.pass(1_000);
  expect(waiting.told()).toEqual(["end c crash"]);
});

test("exit signals of strangers, and of a child that lives, are no ends", async () => {
  const { system, supervisor, ref, pid, told } = await startBackOffWorld();
  system.exitSignal(supervisor, Exit.of("go away"));
  system.send(pid("c"), (self: Self) => self.exitSignal(supervisor, Exit.of("go away")));
  await quiesce(system);
  expect([told(), await ref.child()]).toEqual([[], pid("c")]);
});

test("what cannot be waited for is refused", async () => {
  const { system, child } = await startSupervisionWorld();
  expect(() => withBackOff(child("c", { restart: "temporary" }), { minMs: 1, maxMs: 2 })).toThrow(InvalidChildSpec);
  expect(() => withBackOff(child("c"), { minMs: 2, maxMs: 1 })).toThrow(RangeError);
  expect(await rejection(startBackOffSupervisor(system, child("c"), { minMs: 0, maxMs: 1 }))).toBeInstanceOf(
    RangeError,
  );
});

test("the state of a back-off supervisor is its child and how often that was started again", async () => {
  const { system, supervisor, end } = await startBackOffWorld();
  await end("c", Exit.of("crash"));
  expect(await sys.getState(system, supervisor)).toEqual({
    child: { id: "c", type: "worker", status: { kind: "restarting" } },
    restarts: 1,
  });
});
