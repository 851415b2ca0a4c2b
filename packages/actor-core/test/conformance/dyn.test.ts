import { describe, expect, test } from "@jest/globals";
import {
  type ChildSpec,
  type DynamicSupervisorDefinition,
  type DynamicSupervisorRef,
  dynamicSupervisorRef,
  Exit,
  Exited,
  type ExitReason,
  GaveUp,
  InvalidSupervisor,
  type Pid,
  type Self,
  startDynamicSupervisor,
  startRegistry,
  supervisorRef,
  uniqueRegistry,
  type ViaName,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { costGrowth, processorMs } from "./cost-growth.ts";
import { endingWith, inShort, type SupervisionWorld, slowToStop, startSupervisionWorld } from "./supervision-world.ts";
import { obedient, rejection } from "./world.ts";

const OK = { kind: "ok" };
const STARTED = { kind: "ok", pid: expect.anything() };
const NOBODY = { specs: 0, active: 0, supervisors: 0, workers: 0 };
const ONE = { specs: 1, active: 1, supervisors: 0, workers: 1 };

const forever = new Promise<void>(() => {});

interface DynamicWorld extends SupervisionWorld {
  readonly supervisor: Pid;
  readonly ref: DynamicSupervisorRef;
  /** Children that did not obey their shutdown, as reported. */
  failures(): { id: string; reason: ExitReason }[];
  /** Stops the supervisor as its starter would. */
  shutDown(): Promise<void>;
}

/** A running dynamic supervisor with intensity 2 in 3,600 s, started by the trapping process. */
async function startDynamicWorld(definition: DynamicSupervisorDefinition = {}): Promise<DynamicWorld> {
  const world = await startSupervisionWorld();
  const { system, trapping } = world;
  const started = await startDynamicSupervisor(trapping.self, { maxRestarts: 2, periodMs: 3_600_000, ...definition });
  if (started.kind !== "ok") throw new Error(`the supervisor did not start: ${started.kind}`);
  return {
    ...world,
    supervisor: started.pid,
    ref: dynamicSupervisorRef(system, started.pid),
    failures: () =>
      world.reports.flatMap((report) =>
        report.kind === "supervisor" && report.event === "shutdown-failed"
          ? [{ id: report.childId, reason: report.reason }]
          : [],
      ),
    async shutDown() {
      trapping.self.exitSignal(started.pid, Exit.shutdown);
      await quiesce(system);
    },
  };
}

test("DYN-001 it starts empty; children are listed and counted as they come", async () => {
  const { ref, child } = await startDynamicWorld();
  expect(await ref.whichChildren()).toEqual([]);
  expect(await ref.countChildren()).toEqual(NOBODY);
  await ref.startChild(child("c"));
  await ref.startChild(child("c"));
  expect(inShort(await ref.whichChildren())).toEqual(["c", "c"]);
  expect(await ref.countChildren()).toEqual({ specs: 2, active: 2, supervisors: 0, workers: 2 });
});

test("DYN-002 DYN-023 a child is terminated by its pid, once; a stranger is not found and lives", async () => {
  const { system, ref, child, pid, told, trapping } = await startDynamicWorld();
  await ref.startChild(child("a"));
  await ref.startChild(child("b", { shutdown: "brutal-kill" }, slowToStop(1)));
  told();
  expect(await ref.terminateChild(pid("a"))).toEqual(OK);
  expect(await ref.terminateChild(pid("b"))).toEqual(OK);
  expect(told()).toEqual(["end a shutdown", "end b killed"]);
  expect(await ref.terminateChild(pid("a"))).toEqual({ kind: "not-found" });
  expect(await ref.terminateChild(trapping.pid)).toEqual({ kind: "not-found" });
  expect(system.isAlive(trapping.pid)).toBe(true);
  expect(await ref.countChildren()).toEqual(NOBODY);
});

test("DYN-002 what only a supervisor with fixed ids can do is refused", async () => {
  const { system, supervisor } = await startDynamicWorld();
  const fixed = supervisorRef(system, supervisor);
  expect(await fixed.terminateChild("c")).toEqual({ kind: "not-found" });
  expect(await rejection(fixed.restartChild("c"))).toBeInstanceOf(TypeError);
  expect(await rejection(fixed.deleteChild("c"))).toBeInstanceOf(TypeError);
});

test("DYN-003 a child is restarted alone; one restart too many ends all", async () => {
  const { ref, child, pid, end, told, trapping, supervisor } = await startDynamicWorld();
  await ref.startChild(child("a"));
  await ref.startChild(child("b"));
  const b = pid("b");
  await end("a", Exit.of("1"));
  await end("a", Exit.of("2"));
  expect(pid("b")).toBe(b);
  told();
  await end("a", Exit.of("3"));
  expect(told()).toEqual(["end a 3", "end b shutdown"]);
  const gaveUp = new GaveUp({ childId: "a", reason: Exit.of("3"), restarts: 3 });
  expect(trapping.messages).toEqual([new Exited(supervisor, Exit.shutdownFor(gaveUp))]);
});

test("an exit signal of a stranger, and one of a child that lives, are ignored", async () => {
  const { system, ref, child, pid, told, supervisor } = await startDynamicWorld();
  await ref.startChild(child("c"));
  told();
  system.exitSignal(supervisor, Exit.of("go away"));
  system.send(pid("c"), (self: Self) => self.exitSignal(supervisor, Exit.of("go away")));
  await quiesce(system);
  expect(told()).toEqual([]);
  expect(await ref.countChildren()).toEqual(ONE);
});

test("DYN-005 DYN-020 failed attempts count: the others are stopped, the supervisor ends", async () => {
  const { ref, child, end, told, failing, trapping, supervisor } = await startDynamicWorld({ maxRestarts: 1 });
  await ref.startChild(child("a"));
  await ref.startChild(child("b"));
  failing.set("a", Exit.of("broken"));
  told();
  await end("a", Exit.of("x"));
  expect(told()).toEqual(["end a x", "fail a", "end b shutdown"]);
  const gaveUp = new GaveUp({ childId: "a", reason: Exit.of("broken"), restarts: 2 });
  expect(trapping.messages).toEqual([new Exited(supervisor, Exit.shutdownFor(gaveUp))]);
});

test("DYN-006 a child that does not want to run is neither listed nor counted", async () => {
  const { ref, shutDown, trapping, supervisor } = await startDynamicWorld();
  expect(await ref.startChild({ id: "c", start: () => ({ kind: "ignore" }) })).toEqual({ kind: "ignore" });
  expect(await ref.whichChildren()).toEqual([]);
  expect(await ref.countChildren()).toEqual(NOBODY);
  await shutDown();
  expect(trapping.messages).toEqual([new Exited(supervisor, Exit.shutdown)]);
});

describe("stopping", () => {
  test.each([
    ["brutal-kill", "killed"],
    ["infinity", "shutdown"],
    [1_000, "shutdown"],
  ] as const)("DYN-007 DYN-021 ten children with shutdown %j end of %s", async (shutdown, reason) => {
    const { ref, child, told, shutDown, trapping, supervisor } = await startDynamicWorld();
    for (let i = 0; i < 10; i++) await ref.startChild(child("c", { shutdown }));
    told();
    await shutDown();
    expect(told()).toEqual(Array.from({ length: 10 }, () => `end c ${reason}`));
    expect(trapping.messages).toEqual([new Exited(supervisor, Exit.shutdown)]);
  });

  test("DYN-008 DYN-022 children end with reasons of their own, and are not restarted meanwhile", async () => {
    const { ref, child, told, shutDown, trapping, supervisor } = await startDynamicWorld();
    const reasons: readonly ExitReason[] = [Exit.normal, Exit.shutdown, Exit.shutdownFor("oops"), Exit.of("other")];
    for (const reason of reasons) await ref.startChild(child("c", {}, endingWith(reason)));
    told();
    await shutDown();
    expect(told()).toEqual(["end c normal", "end c shutdown", "end c shutdown: oops", "end c other"]);
    expect(trapping.messages).toEqual([new Exited(supervisor, Exit.shutdown)]);
  });

  test("all children stop at once, each with its own time", async () => {
    const { ref, child, told, shutDown, pass, trapping } = await startDynamicWorld();
    await ref.startChild(child("patient", { shutdown: "infinity" }, slowToStop(300)));
    await ref.startChild(child("late", { shutdown: 200 }, slowToStop(10_000)));
    await ref.startChild(child("later", { shutdown: 250 }, slowToStop(10_000)));
    await ref.startChild(child("quick", { shutdown: 100 }, slowToStop(50)));
    told();
    await shutDown();
    expect(told()).toEqual([]);
    await pass(50);
    expect(told()).toEqual(["end quick shutdown"]);
    await pass(149);
    expect(told()).toEqual([]);
    await pass(1);
    expect(told()).toEqual(["end late killed"]);
    await pass(50);
    expect(told()).toEqual(["end later killed"]);
    expect(trapping.messages).toEqual([]);
    await pass(50);
    expect(told()).toEqual(["end patient shutdown"]);
    expect(trapping.messages).toHaveLength(1);
  });

  test("a child that ended before it was asked to stop is reported with its own reason", async () => {
    const { system, ref, child, pid, settled, failures } = await startDynamicWorld();
    await ref.startChild(child("c"));
    const terminated = ref.terminateChild(pid("c"));
    system.exitSignal(pid("c"), Exit.of("early"));
    expect(await settled(terminated)).toEqual(OK);
    expect(failures()).toEqual([{ id: "c", reason: Exit.of("early") }]);
  });

  test("a child that waits for its restart has nothing to stop", async () => {
    const { system, ref, child, kill, trapping, supervisor, failures } = await startDynamicWorld();
    let starts = 0;
    await ref.startChild({
      ...child("c"),
      start(parent) {
        starts += 1;
        if (starts === 1) return child("c").start(parent);
        trapping.self.exitSignal(supervisor, Exit.shutdown);
        return { kind: "error", reason: Exit.of("broken") };
      },
    });
    await kill("c");
    expect(system.isAlive(supervisor)).toBe(false);
    expect(starts).toBe(2);
    expect(failures()).toEqual([]);
  });

  test("a thousand children that end of their shutdown leave no timer", async () => {
    const { ref, child, shutDown, clock, system, supervisor } = await startDynamicWorld();
    for (let i = 0; i < 1_000; i++) await ref.startChild(child(`c${i}`));
    await shutDown();
    expect(system.isAlive(supervisor)).toBe(false);
    await quiesce(system);
    expect(clock.pending).toBe(0);
  });
});

test("DYN-009 it is supervised like any child: by name, by a key of a registry, and anonymously", async () => {
  const { system, supervise } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [] });
  const registry = uniqueRegistry("registry");
  await startRegistry(system, registry);
  const spec = (id: string, name?: string | ViaName): ChildSpec => ({
    id,
    type: "supervisor",
    start: (supervisor) => startDynamicSupervisor(supervisor, {}, name === undefined ? {} : { name }),
  });
  expect(await ref.startChild(spec("named", "dynamic"))).toEqual({ kind: "ok", pid: system.whereis("dynamic") });
  expect(await ref.startChild(spec("via", registry.via("dynamic")))).toEqual({
    kind: "ok",
    pid: system.whereis(registry.via("dynamic")),
  });
  expect(await dynamicSupervisorRef(system, registry.via("dynamic")).countChildren()).toEqual(NOBODY);
  const first = await ref.startChild(spec("anonymous"));
  if (first.kind !== "ok") throw new Error(first.kind);
  expect(await ref.startChild(spec("anonymous"))).toEqual({ kind: "already-started", pid: first.pid });
  expect(await dynamicSupervisorRef(system, "dynamic").countChildren()).toEqual(NOBODY);
});

test("DYN-010 defaults: 3 restarts in 5 s, no limit of children", async () => {
  const { system } = await startSupervisionWorld();
  const started = await startDynamicSupervisor(system);
  if (started.kind !== "ok") throw new Error(started.kind);
  expect(await dynamicSupervisorRef(system, started.pid).definition()).toEqual({
    maxRestarts: 3,
    periodMs: 5_000,
    maxChildren: Number.POSITIVE_INFINITY,
    onReport: undefined,
  });
});

describe("DYN-011 what it is started with", () => {
  test.each<[DynamicSupervisorDefinition, string, string]>([
    [{ maxRestarts: -1 }, "maxRestarts", "invalid"],
    [{ periodMs: 0 }, "periodMs", "invalid"],
    [{ maxRestarts: 0.5 }, "maxRestarts", "invalid"],
    [{ maxChildren: -1 }, "maxChildren", "invalid"],
    [{ maxChildren: 1.5 }, "maxChildren", "invalid"],
  ])("%j is refused", async (definition, field, problem) => {
    const { system } = await startSupervisionWorld();
    const started = await startDynamicSupervisor(system, definition);
    const error = started.kind === "error" && started.reason.kind === "crash" ? started.reason.error : undefined;
    expect(error).toBeInstanceOf(InvalidSupervisor);
    expect(error).toMatchObject({ field, problem });
  });

  test("no definition at all is refused, ignore is answered", async () => {
    const { system } = await startSupervisionWorld();
    expect(await startDynamicSupervisor(system, () => 7 as DynamicSupervisorDefinition)).toEqual({
      kind: "error",
      reason: Exit.badReturn("setup", 7),
    });
    expect(await startDynamicSupervisor(system, () => ({ kind: "ignore" }))).toEqual({ kind: "ignore" });
  });
});

test("DYN-012 a bad spec is refused before the supervisor is reached", async () => {
  const { system, child } = await startSupervisionWorld();
  const ref = dynamicSupervisorRef(system, "nobody");
  const significant = child("a", { restart: "transient", significant: true });
  expect(await rejection(ref.startChild(significant))).toMatchObject({
    field: "significant",
    problem: "contradictory",
  });
  const misspelt = child("a", { restart: "prmanent" as "permanent" });
  expect(await rejection(ref.startChild(misspelt))).toMatchObject({ field: "restart", problem: "invalid" });
  expect(await rejection(ref.startChild(child("a")))).toMatchObject({ reason: Exit.noproc });
});

test("DYN-013 each outcome of a start is told", async () => {
  const { ref } = await startDynamicWorld();
  const pids: Pid[] = [];
  const outcome = (start: ChildSpec["start"]) => ref.startChild({ id: "c", start });
  const withInfo: ChildSpec["start"] = async (supervisor) => {
    const result = await supervisor.start(obedient, { link: true });
    if (result.kind !== "ok") return result;
    pids.push(result.pid);
    return { ...result, info: "extra" };
  };
  expect(await outcome(withInfo)).toEqual({ kind: "ok", pid: pids[0], info: "extra" });
  expect(await outcome((supervisor) => supervisor.start(obedient, { link: true }))).toEqual(STARTED);
  expect(await outcome(() => ({ kind: "ignore" }))).toEqual({ kind: "ignore" });
  expect(await outcome(() => ({ kind: "error", reason: Exit.of("found") }))).toEqual({
    kind: "error",
    reason: Exit.of("found"),
  });
  for (const garbage of [undefined, "pid", { kind: "ok", pid: 7 }, { kind: "what" }]) {
    expect(await outcome(() => garbage as { kind: "ignore" })).toEqual({
      kind: "error",
      reason: Exit.badReturn("start", garbage),
    });
  }
  expect(await ref.countChildren()).toEqual({ specs: 2, active: 2, supervisors: 0, workers: 2 });
});

test("DYN-014 a start that throws fails with what was thrown, and the supervisor lives", async () => {
  const { system, ref, supervisor } = await startDynamicWorld();
  for (const thrown of ["value", new Error("E")]) {
    const start = () => {
      throw thrown;
    };
    expect(await ref.startChild({ id: "c", start })).toEqual({ kind: "error", reason: Exit.crash(thrown) });
  }
  expect(system.isAlive(supervisor)).toBe(true);
  expect(await ref.countChildren()).toEqual(NOBODY);
});

test("DYN-014 a supervisor that is killed while it starts a child has nothing to tell of that start", async () => {
  const { system, ref, child, kill, supervisor, reports } = await startDynamicWorld();
  let starts = 0;
  await ref.startChild({
    ...child("c"),
    start: (parent) => (starts++ === 0 ? child("c").start(parent) : parent.start({ init: () => forever, handle() {} })),
  });
  await kill("c");
  const before = reports.length;
  system.exitSignal(supervisor, Exit.kill);
  await quiesce(system);
  expect([starts, reports.slice(before)]).toEqual([2, []]);
});

test("DYN-015 no more children than allowed", async () => {
  const none = await startDynamicWorld({ maxChildren: 0 });
  expect(await none.ref.startChild(none.child("c"))).toEqual({ kind: "max-children" });
  const one = await startDynamicWorld({ maxChildren: 1 });
  expect(await one.ref.startChild(one.child("a"))).toEqual(STARTED);
  expect(await one.ref.startChild(one.child("b"))).toEqual({ kind: "max-children" });
  await one.ref.terminateChild(one.pid("a"));
  expect(await one.ref.startChild(one.child("b"))).toEqual(STARTED);
});

test("a child that waits for its restart counts towards the limit, is listed so, and can be terminated", async () => {
  const { system, ref, child, pid, kill, settled } = await startDynamicWorld({
    maxChildren: 1,
    maxRestarts: 1_000_000,
  });
  const asked: Promise<unknown>[] = [];
  let starts = 0;
  await ref.startChild({
    ...child("a"),
    start(supervisor) {
      starts += 1;
      if (starts === 1) return child("a").start(supervisor);
      asked.push(ref.startChild(child("b")), ref.whichChildren().then(inShort), ref.terminateChild(pid("a")));
      return { kind: "error", reason: Exit.of("broken") };
    },
  });
  await kill("a");
  expect(await settled(Promise.all(asked))).toEqual([{ kind: "max-children" }, ["a?"], OK]);
  await quiesce(system);
  expect(starts).toBe(2);
  expect(await ref.countChildren()).toEqual(NOBODY);
});

describe("restart types", () => {
  test.each<["temporary" | "transient" | "permanent", ExitReason, object]>([
    ["temporary", Exit.shutdown, NOBODY],
    ["temporary", Exit.of("abnormal"), NOBODY],
    ["transient", Exit.shutdown, NOBODY],
    ["transient", Exit.shutdownFor("signal"), NOBODY],
    ["transient", Exit.of("abnormal"), ONE],
    ["permanent", Exit.normal, ONE],
    ["permanent", Exit.shutdown, ONE],
    ["permanent", Exit.shutdownFor("signal"), ONE],
    ["permanent", Exit.of("abnormal"), ONE],
  ])("DYN-016 DYN-017 DYN-018 a %s child that ended of %j leaves %j", async (restart, reason, counts) => {
    const { ref, child, end } = await startDynamicWorld();
    await ref.startChild(child("c", { restart }));
    await end("c", reason);
    expect(await ref.countChildren()).toEqual(counts);
  });

  test("DYN-024 DYN-004 DYN-019 a restarted child gets the arguments it was first started with", async () => {
    const { system, ref, kill, child } = await startDynamicWorld();
    const got: string[] = [];
    const worker = (argument: string): ChildSpec => ({
      ...child(argument),
      start(supervisor) {
        got.push(argument);
        return child(argument).start(supervisor);
      },
    });
    await ref.startChild(worker("a"));
    await ref.startChild(worker("b"));
    await kill("a");
    await quiesce(system);
    expect(got).toEqual(["a", "b", "a"]);
  });
});

test("SUP-012 the spec of a child is read back by its pid, a stranger's is not", async () => {
  const { ref, child, pid, trapping } = await startDynamicWorld();
  await ref.startChild(child("c"));
  expect(await ref.childSpec(pid("c"))).toMatchObject({
    id: "c",
    restart: "permanent",
    shutdown: 1_000,
    type: "worker",
  });
  expect(await ref.childSpec(trapping.pid)).toBeUndefined();
});

test.each(["worker", "supervisor"] as const)("SUP-064 two thousand temporary children of type %s", async (type) => {
  const { system, ref } = await startDynamicWorld();
  const spec: ChildSpec = {
    id: "c",
    type,
    restart: "temporary",
    start: (supervisor) => supervisor.start({ handle() {} }, { link: true }),
  };
  const counts = (n: number) => ({
    specs: n,
    active: n,
    supervisors: type === "supervisor" ? n : 0,
    workers: type === "worker" ? n : 0,
  });
  for (const n of [1_000, 2_000]) {
    await Promise.all(Array.from({ length: 1_000 }, () => ref.startChild(spec)));
    expect(await ref.countChildren()).toEqual(counts(n));
    expect(await ref.countChildren()).toEqual(counts(n));
  }
  for (const { status } of await ref.whichChildren()) {
    if (status.kind === "running") system.exitSignal(status.pid, Exit.kill);
  }
  await quiesce(system);
  expect(await ref.countChildren()).toEqual(NOBODY);
});

test("SUP-065 ending ten times as many children costs less than fifty times as much", async () => {
  const cost = async (count: number): Promise<number> => {
    const { system, ref, supervisor } = await startDynamicWorld();
    const start: ChildSpec["start"] = (child) => child.start({ handle() {} }, { link: true });
    await Promise.all(Array.from({ length: count }, () => ref.startChild({ id: "c", restart: "temporary", start })));
    const beganMs = processorMs();
    await system.stop(supervisor);
    return processorMs() - beganMs;
  };
  expect(await costGrowth(cost, 1_000, 10_000)).toBeLessThan(50);
});
