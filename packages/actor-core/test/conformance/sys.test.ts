import { expect, test } from "@jest/globals";
import {
  Call,
  type CodeChange,
  defineServer,
  dynamicSupervisorRef,
  Exit,
  Exited,
  type ExitReason,
  type GenServer,
  launchServer,
  MissingCallback,
  noReply,
  type Pid,
  type ProcessHandler,
  reply,
  type StartResult,
  SystemRequestFailed,
  serverRef,
  startDynamicSupervisor,
  started,
  startGenServer,
  sys,
} from "../../src/index.ts";
import { inShort, startSupervisionWorld } from "./supervision-world.ts";
import { obedient, rejection, startWorld } from "./world.ts";

/** Casts put a value into the list that is its state, calls ask for it. */
const listing: GenServer<readonly unknown[]> = {
  init: () => started([]),
  handleCall: (_request, _from, state) => reply(state, state),
  handleCast: (value, state) => noReply([...state, value]),
};

function pidOf(result: StartResult): Pid {
  if (result.kind !== "ok") throw new Error(`Expected a start, got ${result.kind}`);
  return result.pid;
}

const boom = Exit.of("boom");

test("SYS-001 the state is told by pid and by name, in time or not at all, running or suspended", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, [], { name: "n" }));
  system.cast(pid, "a");
  expect(await sys.getState(system, pid)).toEqual(["a"]);
  expect(await sys.getState(system, "n", { timeoutMs: 1_000 })).toEqual(["a"]);
  await sys.suspend(system, pid);
  expect(await sys.getState(system, "n")).toEqual(["a"]);
});

test("SYS-002 a replaced state is answered and is the state from then on", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  system.cast(pid, "a");
  const seen: unknown[] = [];
  const replace = (state: unknown): unknown => {
    seen.push(state);
    return ["b"];
  };
  expect(await sys.replaceState(system, pid, replace)).toEqual(["b"]);
  expect([seen, await sys.getState(system, pid), await system.call(pid, "list")]).toEqual([[["a"]], ["b"], ["b"]]);
});

test("a replacer that throws leaves the state as it was, running or suspended", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  const failing = (): never => {
    throw boom;
  };
  for (const _mode of ["running", "suspended"]) {
    const failure = await rejection(sys.replaceState(system, pid, failing));
    expect(failure).toBeInstanceOf(SystemRequestFailed);
    expect(failure).toMatchObject({ code: "ACTOR_SYSTEM_REQUEST_FAILED", operation: "replaceState", pid, cause: boom });
    expect(await sys.getState(system, pid)).toEqual([]);
    await sys.suspend(system, pid);
  }
});

test("SYS-003 a suspended server says so and answers no call until it is resumed", async () => {
  const { system, plain, pass } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  await sys.suspend(system, pid);
  const failure = rejection(plain.self.call(pid, "list", { timeoutMs: 1_000 }));
  await pass(1_000);
  expect(await failure).toMatchObject({ reason: Exit.timeout });
  expect(await sys.status(system, pid)).toMatchObject({ mode: "suspended", state: { kind: "shown", value: [] } });
  await sys.resume(system, pid);
  expect(await sys.status(system, pid)).toMatchObject({ mode: "running", process: { pid, messages: [] } });
  expect(await system.call(pid, "list")).toEqual([]);
  await system.quiesce();
  expect(plain.messages).toEqual([]);
});

test("SYS-004 what comes while suspended waits, in its order", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  await sys.suspend(system, pid);
  for (const value of ["a", "b", "c"]) system.cast(pid, value);
  expect(await sys.getState(system, pid)).toEqual([]);
  await system.quiesce();
  expect(system.info(pid)?.messages).toHaveLength(3);
  await sys.resume(system, pid);
  expect(await system.call(pid, "list")).toEqual(["a", "b", "c"]);
});

test("what was called in vain while suspended is handled afterwards", async () => {
  const { system, plain, pass } = await startWorld();
  const seen: unknown[] = [];
  const pid = system.spawn({ handle: (message) => void (message instanceof Call && seen.push(message.request)) });
  await sys.suspend(system, pid);
  const failure = rejection(plain.self.call(pid, "late", { timeoutMs: 10 }));
  await pass(10);
  expect(await failure).toMatchObject({ reason: Exit.timeout });
  await sys.resume(system, pid);
  await system.quiesce();
  expect(seen).toEqual(["late"]);
});

test("twice suspended is suspended once, and who runs can be resumed", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  await sys.resume(system, pid);
  await sys.suspend(system, pid);
  await sys.suspend(system, pid);
  await sys.resume(system, pid);
  expect(await sys.status(system, pid)).toMatchObject({ mode: "running" });
});

test("a suspended process ends by signals, by stop and by the end of its parent, as ever", async () => {
  const { system, trapping } = await startWorld();
  const ended: unknown[] = [];
  const server: GenServer<number> = {
    init: (self) => {
      self.trapExit(true);
      return started(0);
    },
    terminate: (reason) => void ended.push(reason),
  };
  const start = async (): Promise<Pid> => {
    const pid = pidOf(await startGenServer(trapping.self, server, [], { link: true }));
    await sys.suspend(system, pid);
    return pid;
  };
  const [killed, stopped, orphaned, told] = [await start(), await start(), await start(), await start()];
  system.exitSignal(killed, Exit.kill);
  await system.stop(stopped, { reason: boom });
  trapping.self.exitSignal(orphaned, Exit.shutdown);
  // Of a stranger: an ordinary message, and those wait.
  system.exitSignal(told, boom);
  await system.quiesce();
  expect(ended).toEqual([boom, Exit.shutdown]);
  expect(trapping.messages).toEqual([
    new Exited(killed, Exit.killed),
    new Exited(stopped, boom),
    new Exited(orphaned, Exit.shutdown),
  ]);
  expect(system.info(told)?.messages).toEqual([new Exited(undefined, boom)]);
});

test("SYS-007 a formatter decides what the status shows, and may fail", async () => {
  const { system } = await startWorld();
  const secret = { init: () => started("secret") };
  const shows = pidOf(await startGenServer(system, { ...secret, formatState: (s: string) => s.length }, []));
  const fails = pidOf(
    await startGenServer(
      system,
      {
        ...secret,
        formatState: () => {
          throw boom;
        },
      },
      [],
    ),
  );
  expect((await sys.status(system, shows)).state).toEqual({ kind: "shown", value: 6 });
  expect((await sys.status(system, fails)).state).toEqual({ kind: "failed", error: boom });
  expect((await sys.status(system, system.spawn(obedient))).state).toEqual({ kind: "unknown" });
});

test("SYS-009 a request waits for its turn behind the messages before it", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  for (let i = 0; i < 100; i++) system.cast(pid, i);
  const asked = sys.getState(system, pid);
  for (let i = 100; i < 200; i++) system.cast(pid, i);
  expect(await asked).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test.each(["running", "suspended"])("SYS-010 a process that is told to terminate while %s cleans up", async (mode) => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const pid = pidOf(
    await startGenServer(
      system,
      { ...listing, terminate: (reason: ExitReason, state: unknown) => void ended.push(reason, state) },
      [],
    ),
  );
  const end = system.exited(pid);
  if (mode === "suspended") await sys.suspend(system, pid);
  await sys.terminate(system, pid, boom);
  expect(await end).toEqual(boom);
  expect(ended).toEqual([boom, []]);
});

test("SYS-011 a suspended server's state is turned by its code change, or stays when that throws", async () => {
  const { system } = await startWorld();
  const server: GenServer<unknown> = {
    init: () => started("s0"),
    codeChange: ({ extra }, state) => (extra as (state: unknown) => unknown)(state),
  };
  const pid = pidOf(await startGenServer(system, server, []));
  expect(await sys.changeCode(system, pid, {})).toEqual({ kind: "not-suspended" });
  await sys.suspend(system, pid);
  expect(await sys.changeCode(system, pid, { extra: (s: string) => `${s}!` })).toEqual({ kind: "ok" });
  expect(await sys.getState(system, pid)).toBe("s0!");
  const failing = (): never => {
    throw boom;
  };
  expect(await sys.changeCode(system, pid, { extra: failing })).toEqual({ kind: "error", error: boom });
  expect(await sys.getState(system, pid)).toBe("s0!");
  await sys.resume(system, pid);
  expect(await sys.status(system, pid)).toMatchObject({ mode: "running" });
});

test("a suspended server takes new callbacks, and the state they make of the old one", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  system.cast(pid, "a");
  await sys.suspend(system, pid);
  system.cast(pid, "b");
  expect(await sys.changeCode(system, pid, {})).toEqual({ kind: "error", error: new MissingCallback("codeChange") });
  expect(await sys.changeCode(system, pid, { to: 7 })).toMatchObject({ kind: "error" });
  const counting: GenServer<number> = {
    init: () => started(0),
    handleCall: (_request, _from, count) => reply(count, count),
    handleCast: (_value, count) => noReply(count + 1),
    codeChange: ({ from }: CodeChange, state) => (from === 1 ? (state as unknown[]).length * 100 : -1),
  };
  expect(await sys.changeCode(system, pid, { to: counting, from: 1 })).toEqual({ kind: "ok" });
  await sys.resume(system, pid);
  expect(await system.call(pid, "count")).toBe(101);
});

test("a defined server takes a new definition, which migrates the state of an older version", async () => {
  const { system } = await startWorld();
  const first = defineServer({
    version: 1,
    init: () => 1,
    calls: { get: ({ state }) => reply(state, state) },
  });
  const second = defineServer({
    version: 2,
    init: () => ({ count: 0 }),
    calls: { get: ({ state }) => reply(state.count, state) },
    migrate: (from, state) => ({ count: (state as number) * 10 + from }),
    formatState: (state) => `count ${state.count}`,
  });
  const pid = pidOf(await launchServer(system, first, { args: [] }));
  await sys.suspend(system, pid);
  expect(await sys.changeCode(system, pid, { to: listing })).toMatchObject({ kind: "error" });
  expect(await sys.changeCode(system, pid, { to: second })).toEqual({ kind: "ok" });
  expect(await sys.changeCode(system, pid, { to: second })).toEqual({ kind: "ok" });
  await sys.resume(system, pid);
  expect(await serverRef(system, second, pid).call("get")).toBe(11);
  expect((await sys.status(system, pid)).state).toEqual({ kind: "shown", value: "count 11" });
});

test("SYS-013 requests to the dead, to oneself and to those who never get to them fail", async () => {
  const { system, plain, pass } = await startWorld();
  const dead = system.spawn(() => {});
  const busy = system.spawn({ handle: () => new Promise<void>(() => {}) });
  const script = system.spawn(async (self) => {
    await self.receive((message) => message === "never");
  });
  system.send(busy, "go");
  await system.quiesce();
  expect(await rejection(sys.suspend(system, dead))).toMatchObject({ code: "ACTOR_CALL_FAILED", reason: Exit.noproc });
  expect(await rejection(sys.getState(system, "nobody"))).toMatchObject({ reason: Exit.noproc, target: "nobody" });
  expect(await rejection(sys.getState(plain.self, plain.pid))).toMatchObject({ reason: Exit.callingSelf });
  const failures = [busy, script].map((pid) => rejection(sys.getState(system, pid, { timeoutMs: 30 })));
  await pass(30);
  for (const failure of failures) {
    expect(await failure).toMatchObject({ reason: Exit.timeout, request: "getState", timeoutMs: 30 });
  }
  expect(system.info(script)?.messages).toEqual([]);
  system.exitSignal(plain.pid, Exit.kill);
  expect(await rejection(sys.suspend(plain.self, busy))).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
});

test("who is asked and ends first fails the request with its reason", async () => {
  const { system } = await startWorld();
  const pid = system.spawn({ handle: (_message, self) => self.exit(boom) });
  system.send(pid, "go");
  expect(await rejection(sys.getState(system, pid))).toMatchObject({ reason: boom });
});

test("a body without a state to show refuses, and goes on", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(obedient);
  expect(await rejection(sys.getState(system, pid))).toMatchObject({ cause: new MissingCallback("getState") });
  const open: ProcessHandler = { handle() {}, getState: () => 1 };
  const fixed = system.spawn(open);
  expect(await rejection(sys.replaceState(system, fixed, () => 2))).toMatchObject({
    cause: new MissingCallback("replaceState"),
  });
  expect([system.isAlive(pid), await sys.getState(system, fixed)]).toEqual([true, 1]);
});

test("a process that has a receive open cannot be suspended, and is not disturbed", async () => {
  const { system, plain } = await startWorld();
  const wanted = plain.self.receive((message) => message === "b");
  expect(await rejection(sys.suspend(system, plain.pid))).toBeInstanceOf(SystemRequestFailed);
  for (const message of ["a", "b"]) system.send(plain.pid, message);
  expect(await wanted).toBe("b");
  await system.quiesce();
  expect(plain.messages).toEqual(["a"]);
});

test("a suspended supervisor lets its children's ends wait", async () => {
  const { system, supervise, child, kill, told, pid: pidOfChild } = await startSupervisionWorld();
  const { pid, ref } = await supervise({ children: [child("a"), child("b")] });
  await sys.suspend(system, pid);
  await kill("a");
  expect(told()).toEqual(["start a", "start b", "end a killed"]);
  expect(await sys.getState(system, pid)).toMatchObject({
    children: [
      { id: "a", status: { kind: "running", pid: pidOfChild("a") } },
      { id: "b", status: { kind: "running" } },
    ],
  });
  await sys.resume(system, pid);
  await system.quiesce();
  expect(told()).toEqual(["start a"]);
  expect(inShort(await ref.whichChildren())).toEqual(["a", "b"]);
});

test("SUP-069 a suspended supervisor takes a new definition, and keeps the old one when that is refused", async () => {
  const { system, supervise, child, kill, told } = await startSupervisionWorld();
  const { pid, ref } = await supervise({ children: [child("a"), child("b")], maxRestarts: 1 });
  const children = [child("b", { restart: "temporary" }), child("c")];
  await sys.suspend(system, pid);
  for (const refused of [{ maxRestarts: -1 }, { strategy: "none" }, { children: [{ id: "x" }] }]) {
    expect(await sys.changeCode(system, pid, { to: { children, ...refused } })).toMatchObject({ kind: "error" });
  }
  await sys.resume(system, pid);
  expect(await ref.definition()).toMatchObject({ maxRestarts: 1, periodMs: 3_600_000 });
  expect(inShort(await ref.whichChildren())).toEqual(["a", "b"]);

  await sys.suspend(system, pid);
  const to = { children, maxRestarts: 3, periodMs: 10 };
  expect(await sys.changeCode(system, pid, { to })).toEqual({ kind: "ok" });
  await sys.resume(system, pid);
  expect(await ref.definition()).toMatchObject({ maxRestarts: 3, periodMs: 10 });
  expect(inShort(await ref.whichChildren())).toEqual(["b", "c!", "a"]);
  told();
  await kill("b");
  for (let i = 0; i < 3; i++) await kill("a");
  expect(inShort(await ref.whichChildren())).toEqual(["c!", "a"]);
  expect(told()).toEqual([
    "end b killed",
    ...["end a killed", "start a"],
    ...["end a killed", "start a"],
    ...["end a killed", "start a"],
  ]);
  expect(system.isAlive(pid)).toBe(true);
});

test("a definition that is a function is asked again, and ignore changes nothing", async () => {
  const { system } = await startWorld();
  let max = 1;
  const setup = (): { maxChildren: number } | { kind: "ignore" } =>
    max === 0 ? { kind: "ignore" } : { maxChildren: max };
  const pid = pidOf(await startDynamicSupervisor(system, setup));
  const ref = dynamicSupervisorRef(system, pid);
  for (const [next, expected] of [
    [2, 2],
    [0, 2],
    [-1, 2],
  ] as const) {
    max = next;
    await sys.suspend(system, pid);
    expect((await sys.changeCode(system, pid, {})).kind).toBe(next === -1 ? "error" : "ok");
    await sys.resume(system, pid);
    expect(await ref.definition()).toMatchObject({ maxChildren: expected });
  }
});
