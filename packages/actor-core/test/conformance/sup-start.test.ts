import { describe, expect, test } from "@jest/globals";
import {
  type ChildSpec,
  childSpec,
  completeChildSpec,
  DEFAULT_RESTART_INTENSITY,
  type DynamicSupervisorDefinition,
  defineServer,
  dynamicSupervisorRef,
  Exit,
  Exited,
  FailedToStartChild,
  type GenServer,
  InvalidChildSpec,
  InvalidSupervisor,
  reply,
  type StartResult,
  type SupervisorDefinition,
  serverRef,
  startDynamicSupervisor,
  started,
  startGenServer,
  startSupervisor,
  supervisorRef,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { inShort, readable, startSupervisionWorld } from "./supervision-world.ts";

const ignoring: ChildSpec["start"] = () => ({ kind: "ignore" });

/** The error a start failed with. */
function crashOf(result: StartResult): unknown {
  return result.kind === "error" && result.reason.kind === "crash" ? result.reason.error : undefined;
}

test("SUP-001 a supervisor without children starts, and ends of its starter's shutdown", async () => {
  const { trapping, system } = await startSupervisionWorld();
  const started = await startSupervisor(trapping.self, { children: [] });
  if (started.kind !== "ok") throw new Error(started.kind);
  trapping.self.exitSignal(started.pid, Exit.shutdown);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(started.pid, Exit.shutdown)]);
});

test("SUP-002 a setup that wants no supervisor now: start answers ignore, the process ended normal", async () => {
  const { trapping, system } = await startSupervisionWorld();
  expect(await startSupervisor(trapping.self, () => ({ kind: "ignore" }))).toEqual({ kind: "ignore" });
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(expect.anything() as never, Exit.normal)]);
});

test("SUP-003 a child that does not want to run is kept, stopped", async () => {
  const { supervise, child } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [] });
  expect(await ref.startChild({ id: "c1", start: ignoring })).toEqual({ kind: "ignore" });
  expect(await ref.startChild(child("c2"))).toEqual({ kind: "ok", pid: expect.anything() });
  expect(inShort(await ref.whichChildren())).toEqual(["c1!", "c2"]);
  expect(await ref.countChildren()).toEqual({ specs: 2, active: 1, supervisors: 0, workers: 2 });
});

test("SUP-004 SUP-005 a temporary child that does not want to run is forgotten", async () => {
  const { supervise, child } = await startSupervisionWorld();
  const c1: ChildSpec = { id: "c1", start: ignoring, restart: "temporary" };
  const { ref } = await supervise({ children: [c1, child("c2", { restart: "temporary" })] });
  expect(inShort(await ref.whichChildren())).toEqual(["c2"]);
  expect(await ref.countChildren()).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
  expect(await ref.startChild(c1)).toEqual({ kind: "ignore" });
  expect(inShort(await ref.whichChildren())).toEqual(["c2"]);
});

test("SUP-006 a setup that gives no definition: start fails, and the starter hears of the same", async () => {
  const { trapping, system } = await startSupervisionWorld();
  const reason = Exit.badReturn("setup", "nonsense");
  const started = await startSupervisor(trapping.self, () => "nonsense" as unknown as SupervisorDefinition);
  expect(started).toEqual({ kind: "error", reason });
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(expect.anything() as never, reason)]);
});

test("SUP-007 a setup that throws: start fails with the crash, and the starter hears of the same", async () => {
  const { trapping, system } = await startSupervisionWorld();
  const error = new Error("E");
  const started = await startSupervisor(trapping.self, () => {
    throw error;
  });
  expect(started).toEqual({ kind: "error", reason: Exit.crash(error) });
  expect(crashOf(started)).toBe(error);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(expect.anything() as never, Exit.crash(error))]);
});

test("SUP-008 a first child that does not start: those before it are stopped in reverse, those after never start", async () => {
  const { trapping, system, child, failing, told } = await startSupervisionWorld();
  const bad = Exit.of("bad");
  failing.set("c", bad);
  const started = await startSupervisor(trapping.self, { children: ["a", "b", "c", "d"].map((id) => child(id)) });
  expect(told()).toEqual(["start a", "start b", "fail c", "end b shutdown", "end a shutdown"]);
  const reason = Exit.shutdownFor(new FailedToStartChild("c", bad));
  expect(started).toEqual({ kind: "error", reason });
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(expect.anything() as never, reason)]);
});

test("SUP-009 a first child that does not want to run is no failure", async () => {
  const { supervise, child } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("a"), { id: "c", start: ignoring }, child("d")] });
  expect(inShort(await ref.whichChildren())).toEqual(["a", "c!", "d"]);
});

test("SUP-010 a server whose init throws fails its supervisor's start with the very error", async () => {
  const { system } = await startSupervisionWorld();
  const error = new Error("E");
  const server = {
    init() {
      throw error;
    },
  };
  const started = await startSupervisor(system, {
    children: [{ id: "srv", start: (supervisor) => startGenServer(supervisor, server, [], { link: true }) }],
  });
  expect(started).toEqual({
    kind: "error",
    reason: Exit.shutdownFor(new FailedToStartChild("srv", Exit.crash(error))),
  });
});

test("SUP-011 specs are read back with their defaults", async () => {
  const { supervise } = await startSupervisionWorld();
  const { ref } = await supervise({
    children: [
      { id: "w", start: ignoring },
      { id: "s", start: ignoring, type: "supervisor" },
    ],
  });
  const defaults = { restart: "permanent", significant: false };
  expect(readable(await ref.childSpec("w"))).toEqual({ ...defaults, id: "w", shutdown: 5_000, type: "worker" });
  expect(readable(await ref.childSpec("s"))).toEqual({
    ...defaults,
    id: "s",
    shutdown: "infinity",
    type: "supervisor",
  });
  expect(await ref.childSpec("x")).toBeUndefined();
});

describe("definitions that are refused", () => {
  const start = ignoring;

  test.each<[string, object, string, string]>([
    ["SUP-013", { start }, "id", "missing"],
    ["SUP-013", { id: "a" }, "start", "missing"],
    ["SUP-014", { id: "a", start: "go" }, "start", "invalid"],
    ["SUP-014", { id: "a", start, restart: "prmanent" }, "restart", "invalid"],
    ["SUP-014", { id: "a", start, shutdown: -10 }, "shutdown", "invalid"],
    ["SUP-053", { id: "a", start, shutdown: -1 }, "shutdown", "invalid"],
    ["SUP-014", { id: "a", start, type: "wrker" }, "type", "invalid"],
    ["SUP-014", { id: "a", start, significant: "maybe" }, "significant", "invalid"],
    ["SUP-017", { id: "a", start, significant: true }, "significant", "contradictory"],
    ["SUP-017", { id: "a", start, significant: true, restart: "transient" }, "significant", "contradictory"],
  ])("%s by startChild and at the start: %j (%#)", async (_id, spec, field, problem) => {
    const { supervise, system } = await startSupervisionWorld();
    const { ref } = await supervise({ children: [] });
    await expect(ref.startChild(spec as ChildSpec)).rejects.toMatchObject({
      code: "ACTOR_INVALID_CHILD_SPEC",
      field,
      problem,
    });
    expect(await ref.whichChildren()).toEqual([]);
    const started = await startSupervisor(system, { children: [spec as ChildSpec] });
    expect(crashOf(started)).toBeInstanceOf(InvalidChildSpec);
    expect(crashOf(started)).toMatchObject({ field, problem });
  });

  test("SUP-013 what is no spec at all; keys that are unknown are accepted", async () => {
    const { supervise } = await startSupervisionWorld();
    const { ref } = await supervise({ children: [] });
    await expect(ref.startChild(undefined as unknown as ChildSpec)).rejects.toMatchObject({
      field: "id",
      problem: "missing",
    });
    const spec = { id: "a", start, colour: "red" };
    expect(await ref.startChild(spec)).toEqual({ kind: "ignore" });
  });

  test("SUP-016 an id given twice, before any child is started", async () => {
    const { system, child, told } = await startSupervisionWorld();
    const started = await startSupervisor(system, { children: [child("a"), child("b"), child("a")] });
    expect(crashOf(started)).toMatchObject({ field: "id", problem: "duplicate", id: "a" });
    expect(told()).toEqual([]);
  });

  test.each<[object, string, string]>([
    [{ strategy: "two-for-one" }, "strategy", "invalid"],
    [{ maxRestarts: -1 }, "maxRestarts", "invalid"],
    [{ maxRestarts: Number.POSITIVE_INFINITY }, "maxRestarts", "invalid"],
    [{ periodMs: 0 }, "periodMs", "invalid"],
    [{ autoShutdown: "sometimes" }, "autoShutdown", "invalid"],
  ])("SUP-019 %j", async (flags, field, problem) => {
    const { system } = await startSupervisionWorld();
    const started = await startSupervisor(system, { children: [], ...flags } as SupervisorDefinition);
    expect(crashOf(started)).toBeInstanceOf(InvalidSupervisor);
    expect(crashOf(started)).toMatchObject({ code: "ACTOR_INVALID_SUPERVISOR", field, problem });
  });

  test("SUP-019 flags that are unknown are ignored", async () => {
    const { system } = await startSupervisionWorld();
    const definition = { children: [], hibernate: true };
    expect(await startSupervisor(system, definition)).toMatchObject({ kind: "ok" });
  });
});

test("SUP-015 every combination of restart, shutdown and type is a legal spec", () => {
  const start = ignoring;
  for (const restart of ["permanent", "transient", "temporary"] as const) {
    for (const shutdown of [0, 1_000, "infinity", "brutal-kill"] as const) {
      for (const type of ["worker", "supervisor"] as const) {
        const spec = { id: "a", start, restart, shutdown, type };
        expect(completeChildSpec(spec)).toEqual({ ...spec, significant: false });
      }
    }
  }
});

test("SUP-018 a dynamic supervisor has no children to begin with, and no template", async () => {
  const { system, child, told } = await startSupervisionWorld();
  for (const children of [[], [child("a"), child("b")]]) {
    const definition = { children } as DynamicSupervisorDefinition;
    const started = await startDynamicSupervisor(system, definition);
    if (started.kind !== "ok") throw new Error(started.kind);
    expect(await dynamicSupervisorRef(system, started.pid).whichChildren()).toEqual([]);
  }
  expect(told()).toEqual([]);
});

test("SUP-015 SUP-017 legal combinations are accepted", async () => {
  const { system, child } = await startSupervisionWorld();
  for (const autoShutdown of ["any-significant", "all-significant"] as const) {
    const children = (["transient", "temporary"] as const).flatMap((restart) =>
      ([0, 1_000, "infinity", "brutal-kill"] as const).flatMap((shutdown) =>
        (["worker", "supervisor"] as const).map((type) =>
          child(`${restart} ${shutdown} ${type}`, { restart, shutdown, type, significant: true }),
        ),
      ),
    );
    expect(await startSupervisor(system, { autoShutdown, children })).toMatchObject({ kind: "ok" });
  }
});

test("SUP-020 SUP-068 the definition can be read back, with the defaults 3 restarts in 5 s", async () => {
  const { system } = await startSupervisionWorld();
  const started = await startSupervisor(system, { children: [] });
  if (started.kind !== "ok") throw new Error(started.kind);
  expect(await supervisorRef(system, started.pid).definition()).toEqual({
    strategy: "one-for-one",
    ...DEFAULT_RESTART_INTENSITY,
    autoShutdown: "never",
    children: [],
    onReport: undefined,
  });
  expect(DEFAULT_RESTART_INTENSITY).toEqual({ maxRestarts: 3, periodMs: 5_000 });
});

test("a child whose start forgets the link is linked by its supervisor", async () => {
  const { system, trapping } = await startSupervisionWorld();
  const started = await startSupervisor(trapping.self, {
    children: [{ id: "a", start: () => system.start({ handle() {} }) }],
  });
  if (started.kind !== "ok") throw new Error(started.kind);
  const [child] = await supervisorRef(system, started.pid).whichChildren();
  if (child?.status.kind !== "running") throw new Error("not running");
  system.exitSignal(started.pid, Exit.kill);
  await quiesce(system);
  expect(system.isAlive(child.status.pid)).toBe(false);
});

test("while it awaits a child's start a supervisor handles nothing else", async () => {
  const { system, supervise, child, told } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [] });
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow: ChildSpec = {
    ...child("slow"),
    async start(supervisor) {
      await promise;
      return child("slow").start(supervisor);
    },
  };
  const answers: string[] = [];
  const both = [
    ref.startChild(slow).then(() => answers.push("started")),
    ref.whichChildren().then((children) => answers.push(...inShort(children))),
  ];
  await quiesce(system);
  expect(answers).toEqual([]);
  resolve();
  await Promise.all(both);
  expect(answers).toEqual(["started", "slow"]);
  expect(told()).toEqual(["start slow"]);
});

describe("specs of servers", () => {
  const counter = defineServer({
    version: 1,
    init: (_setup, start: number = 0) => ({ count: start }),
    calls: { get: ({ state }) => reply(state.count, state) },
  });
  const echo: GenServer<string, readonly [string]> = {
    init: (_self, word) => started(word),
    handleCall: (_request, _from, word) => reply(word, word),
  };

  test("GS-059 a server is a child under its name, with its arguments, and what is given wins", async () => {
    const { system, supervise } = await startSupervisionWorld();
    const start = ignoring;
    expect(readable(completeChildSpec(childSpec(counter, { name: "counter" })))).toEqual({
      id: "counter",
      restart: "permanent",
      shutdown: 5_000,
      significant: false,
      type: "worker",
    });
    expect(childSpec(counter, { name: "counter", id: "c", restart: "transient", shutdown: 10, start })).toEqual({
      id: "c",
      restart: "transient",
      shutdown: 10,
      start,
    });
    const { ref } = await supervise({
      children: [
        childSpec(counter, { name: "counter", args: [40] }),
        childSpec(echo, { id: "echo", name: "e", args: ["hello"] }),
      ],
    });
    expect(await serverRef(system, counter, "counter").call("get")).toBe(40);
    expect(await system.call("e", "what")).toBe("hello");
    for (const name of ["counter", "e"]) {
      system.exitSignal(name, Exit.kill);
      await quiesce(system);
    }
    expect(await serverRef(system, counter, "counter").call("get")).toBe(40);
    expect(await system.call("e", "what")).toBe("hello");
    expect(inShort(await ref.whichChildren())).toEqual(["counter", "echo"]);
  });

  test("SUP-071 a spec is made of a server, of a server with arguments, and of a spec, alike", async () => {
    const { system, supervise, child } = await startSupervisionWorld();
    const overrides = { id: "x", restart: "temporary", shutdown: "infinity", significant: false } as const;
    const specs = [
      childSpec(counter, overrides),
      childSpec(counter, { ...overrides, args: [7] }),
      childSpec(child("c"), overrides),
      childSpec(childSpec(echo, { name: "echo", args: ["hello"] }), overrides),
    ];
    expect(specs.map((spec) => readable(completeChildSpec(spec)))).toEqual(
      Array(4).fill({ ...overrides, type: "worker" }),
    );
    const [one] = specs;
    const { ref } = await supervise({ children: one === undefined ? [] : [one] });
    expect(inShort(await ref.whichChildren())).toEqual(["x"]);
    expect(system.whereis("x")).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ["7", 7],
    ["undefined", undefined],
    ['{"neither":"nor"}', { neither: "nor" }],
  ])("SUP-071 %s is refused and named", (shown, of) => {
    expect(() => childSpec(of as GenServer<unknown>, { id: "x" })).toThrow(
      new TypeError(`Cannot make child spec: wanted a server or a child spec, got ${shown}`),
    );
  });

  test("a server without an id or a name is refused", () => {
    expect(() => childSpec(counter, {} as { id: string })).toThrow(TypeError);
  });
});
