import { expect, test } from "@jest/globals";
import {
  Call,
  Cast,
  type ChildSpec,
  type CodeChange,
  createStash,
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
  processInfo,
  recordingMailbox,
  reply,
  type Self,
  type StartResult,
  type Stash,
  SystemRequestFailed,
  serverRef,
  startAgent,
  startDynamicSupervisor,
  started,
  startGenServer,
  stop,
  subscribeDeadLetters,
  supervisionTree,
  sys,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
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
  await quiesce(system);
  expect(plain.messages).toEqual([]);
});

test("SYS-004 what comes while suspended waits, in its order", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  await sys.suspend(system, pid);
  for (const value of ["a", "b", "c"]) system.cast(pid, value);
  expect(await sys.getState(system, pid)).toEqual([]);
  await quiesce(system);
  expect(processInfo(pid)?.messages).toHaveLength(3);
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
  await quiesce(system);
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
  await quiesce(system);
  expect(ended).toEqual([boom, Exit.shutdown]);
  expect(trapping.messages).toEqual([
    new Exited(killed, Exit.killed),
    new Exited(stopped, boom),
    new Exited(orphaned, Exit.shutdown),
  ]);
  expect(processInfo(told)?.messages).toEqual([new Exited(undefined, boom)]);
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

test("SYS-005 statistics count what a server takes and gives while they are on", async () => {
  const { system, pass } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  expect(await sys.getStatistics(system, pid)).toBeUndefined();
  await system.call(pid, "before");
  await pass(5);
  await sys.startStatistics(system, pid);
  await sys.startStatistics(system, pid);
  await system.call(pid, "list");
  await pass(7);
  expect(await sys.getStatistics(system, pid)).toEqual({ startedMs: 5, nowMs: 12, messagesIn: 1, messagesOut: 1 });
  await sys.stopStatistics(system, pid);
  await sys.stopStatistics(system, pid);
  await system.call(pid, "after");
  expect(await sys.getStatistics(system, pid)).toBeUndefined();
});

test("statistics count what is sent, cast, called and refused as well", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient);
  await sys.startStatistics(system, pid);
  const other = pidOf(await startGenServer(system, listing, []));
  system.send(pid, (self: Self) => {
    self.send(plain.pid, "a");
    self.cast(other, "b");
    void self.call(other, "list");
  });
  await quiesce(system);
  expect(await sys.getStatistics(system, pid)).toMatchObject({ messagesIn: 1, messagesOut: 3 });
  expect(plain.messages).toEqual(["a"]);
});

test("SYS-006 a log keeps the last events of a process in their order, and none when it is off", async () => {
  const { system, plain, pass } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  await pass(3);
  await sys.startLog(system, pid);
  await plain.self.call(pid, "list");
  const taken = { pid, atMs: 3, kind: "taken", message: expect.objectContaining({ request: "list" }) };
  const replied = { pid, atMs: 3, kind: "replied", value: [], to: plain.pid };
  expect(await sys.getLog(system, pid)).toEqual([taken, replied]);
  await sys.startLog(system, pid, { last: 3 });
  expect(await sys.getLog(system, pid)).toEqual([]);
  await plain.self.call(pid, "list");
  await plain.self.call(pid, "list");
  expect(await sys.getLog(system, pid)).toEqual([replied, taken, replied]);
  await sys.stopLog(system, pid);
  await sys.stopLog(system, pid);
  expect(await sys.getLog(system, pid)).toEqual([]);
  expect(await rejection(sys.startLog(system, pid, { last: 0 }))).toBeInstanceOf(RangeError);
});

test("SYS-008 a crash report shows the state as the formatter does", async () => {
  const { system, trapping, reports } = await startWorld();
  const crashing = (formatState?: (state: string) => unknown): GenServer<string> => ({
    init: () => started("secret"),
    handleCast: () => stop("boom", "spoilt"),
    ...(formatState && { formatState }),
  });
  const failing = (): never => {
    throw boom;
  };
  for (const formatState of [undefined, (state: string) => state.length, failing]) {
    const pid = pidOf(await startGenServer(trapping.self, crashing(formatState), [], { link: true }));
    system.cast(pid, "go");
    await quiesce(system);
  }
  const common = { kind: "crash", reason: boom, links: [trapping.pid], ancestors: [trapping.pid] };
  expect(reports).toEqual([
    expect.objectContaining({ ...common, state: { kind: "shown", value: "spoilt" } }),
    expect.objectContaining({ ...common, state: { kind: "shown", value: 6 } }),
    expect.objectContaining({ ...common, state: { kind: "failed", error: boom } }),
  ]);
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

test("SYS-011 a suspended agent's state is turned by a function, or stays when that throws", async () => {
  const { system } = await startWorld();
  const agent = await startAgent(system, () => 1);
  await sys.suspend(system, agent.target);
  expect(await sys.changeCode(system, agent.target, { extra: (n: number) => n + 1 })).toEqual({ kind: "ok" });
  const failing = (): never => {
    throw boom;
  };
  expect(await sys.changeCode(system, agent.target, { extra: failing })).toEqual({ kind: "error", error: boom });
  expect(await sys.changeCode(system, agent.target, {})).toMatchObject({ kind: "error", error: expect.any(TypeError) });
  await sys.resume(system, agent.target);
  expect(await agent.get((n) => n)).toBe(2);
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
  await quiesce(system);
  expect(await rejection(sys.suspend(system, dead))).toMatchObject({ code: "ACTOR_CALL_FAILED", reason: Exit.noproc });
  expect(await rejection(sys.getState(system, "nobody"))).toMatchObject({ reason: Exit.noproc, target: "nobody" });
  expect(await rejection(sys.getState(plain.self, plain.pid))).toMatchObject({ reason: Exit.callingSelf });
  const failures = [busy, script].map((pid) => rejection(sys.getState(system, pid, { timeoutMs: 30 })));
  await pass(30);
  for (const failure of failures) {
    expect(await failure).toMatchObject({ reason: Exit.timeout, request: "getState", timeoutMs: 30 });
  }
  expect(processInfo(script)?.messages).toEqual([]);
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
  await quiesce(system);
  expect(plain.messages).toEqual(["a"]);
});

test("a crash report tells the last message, what was taken before when that is kept, and how many waited", async () => {
  const { system, reports } = await startWorld();
  const body: ProcessHandler = {
    handle(message) {
      if (message === "crash") throw boom;
    },
  };
  const kept = system.spawn(body, { mailbox: recordingMailbox({ last: 2 }) });
  const asked = system.spawn(body);
  await sys.recordMessages(system, asked, 5);
  for (const pid of [kept, asked]) {
    for (const message of ["a", "b", "crash", "c", "d"]) system.send(pid, message);
  }
  expect((await sys.status(system, asked).catch(() => undefined))?.recentMessages).toBeUndefined();
  await quiesce(system);
  const common = { kind: "crash", lastMessage: "crash", state: { kind: "unknown" } };
  expect(reports).toEqual([
    expect.objectContaining({ ...common, pid: kept, recentMessages: ["b", "crash"], waiting: 2 }),
    // The question for its status waits too.
    expect.objectContaining({ ...common, pid: asked, recentMessages: ["a", "b", "crash"], waiting: 3 }),
  ]);
});

test("what a crash brings to others does not show among what waited, nor is it lost", async () => {
  const { system, trapping, reports } = await startWorld();
  const letters: unknown[] = [];
  subscribeDeadLetters(system, (letter) => letters.push(letter));
  const pid = trapping.self.spawnLink({ handle: (_message, self) => self.exit(boom) });
  trapping.self.monitor(pid);
  system.send(pid, "crash");
  await quiesce(system);
  expect(reports).toMatchObject([{ kind: "crash", pid, lastMessage: "crash", waiting: 0 }]);
  expect([letters, trapping.messages.length]).toEqual([[], 2]);
});

test("recording begins anew, ends, and shows in the status", async () => {
  const { system } = await startWorld();
  const pid = pidOf(await startGenServer(system, listing, []));
  await sys.recordMessages(system, pid, 1);
  system.cast(pid, "a");
  system.cast(pid, "b");
  expect((await sys.status(system, pid)).recentMessages).toEqual([new Cast("b")]);
  await sys.recordMessages(system, pid, 2);
  expect((await sys.status(system, pid)).recentMessages).toEqual([]);
  await sys.recordMessages(system, pid, 0);
  system.cast(pid, "c");
  expect((await sys.status(system, pid)).recentMessages).toBeUndefined();
  expect(await system.call(pid, "list")).toEqual(["a", "b", "c"]);
  expect(await rejection(sys.recordMessages(system, pid, -1))).toBeInstanceOf(RangeError);
  expect(() => recordingMailbox({ last: 0 })).toThrow(RangeError);
});

test("ancestors are those who live, the nearest first", async () => {
  const { system, plain, reports } = await startWorld();
  const middle = plain.self.spawn(obedient);
  let pid: Pid | undefined;
  system.send(middle, (self: Self) => {
    pid = self.spawn((child) => child.exit(boom));
  });
  await quiesce(system);
  expect(reports).toMatchObject([{ pid, ancestors: [middle, plain.pid] }]);
});

test("a trace shows what a process does and what is done to it, until it is stopped", async () => {
  const { system, plain } = await startWorld();
  const pid = system.spawn(obedient);
  const other = pidOf(await startGenServer(system, listing, []));
  await quiesce(system);
  const deeds: unknown[] = [];
  const stopTrace = sys.trace(system, pid, ({ pid: whose, atMs, ...deed }) => {
    deeds.push(deed);
    expect([whose, atMs]).toEqual([pid, 0]);
  });
  let child: Pid | undefined;
  const go = (self: Self): void => {
    self.send(plain.pid, "a");
    self.cast(other, "b");
    child = self.spawnLink(obedient);
    self.unlink(child);
    self.monitor(other);
    self.exitSignal(child, Exit.kill);
  };
  plain.self.send(pid, go);
  plain.self.exitSignal(pid, Exit.normal);
  await quiesce(system);
  expect(deeds).toEqual([
    { kind: "arrived", message: go, from: plain.pid },
    { kind: "exit-signal", reason: Exit.normal, from: plain.pid },
    { kind: "taken", message: go },
    { kind: "sent", message: "a", to: plain.pid },
    { kind: "sent", message: new Cast("b"), to: other },
    { kind: "spawned", child },
    { kind: "unlinked", other: child },
    { kind: "monitored", target: other },
    { kind: "exit-signal-sent", reason: Exit.kill, to: child },
  ]);
  deeds.length = 0;
  const second: unknown[] = [];
  const stopSecond = sys.trace(system, pid, ({ kind }) => second.push(kind));
  stopTrace();
  stopTrace();
  system.send(pid, "unseen by the first");
  await quiesce(system);
  stopSecond();
  system.send(pid, (self: Self) => self.send(plain.pid, "c"));
  await quiesce(system);
  expect([deeds, second]).toEqual([[], ["arrived", "taken"]]);
  expect(plain.messages).toEqual(["a", "c"]);
});

test("a trace shows a call and how it was answered, and the end", async () => {
  const { system, plain } = await startWorld();
  const server: GenServer<number> = {
    init: () => started(0),
    handleCall: (_request, from, count) => {
      if (count === 0) from.refuse(new TypeError("not now"));
      return count === 0 ? noReply(1) : reply("yes", 1);
    },
  };
  const pid = pidOf(await startGenServer(system, server, []));
  const kinds: unknown[] = [];
  sys.trace(plain.self, pid, ({ kind, ...rest }) => kinds.push(kind, "reason" in rest ? rest.reason : undefined));
  expect(await rejection(plain.self.call(pid, 1))).toEqual(new TypeError("not now"));
  expect(await plain.self.call(pid, 1)).toBe("yes");
  plain.self.exitSignal(pid, boom);
  await quiesce(system);
  expect(kinds.filter((kind) => kind !== undefined)).toEqual([
    ...["arrived", "taken", "refused"],
    ...["arrived", "taken", "replied"],
    ...["exit-signal", boom, "ended", boom],
  ]);
});

test("a process that is stuck can be traced, the dead and one who is nobody cannot", async () => {
  const { system } = await startWorld();
  const pid = system.spawn({ handle: () => new Promise<void>(() => {}) });
  system.send(pid, 1);
  await quiesce(system);
  const kinds: unknown[] = [];
  sys.trace(system, pid, ({ kind }) => {
    kinds.push(kind);
    throw new Error("bad listener");
  });
  system.send(pid, 2);
  system.exitSignal(pid, Exit.kill);
  expect(kinds).toEqual(["arrived", "exit-signal", "ended"]);
  for (const target of [pid, "nobody"]) {
    expect(() => sys.trace(system, target, () => {})).toThrow(
      expect.objectContaining({ code: "ACTOR_CALL_FAILED", reason: Exit.noproc, target }),
    );
  }
});

test("a stashed call that is traced shows its answer once", async () => {
  const { system } = await startWorld();
  const calls: string[] = [];
  let stash: Stash | undefined;
  const pid = system.spawn({
    init: (self) => void (stash = createStash(self)),
    handle(message) {
      if (message === "go") stash?.unstashAll();
      else if (calls.length === 0) calls.push("stashed") && stash?.stash();
      else if (message instanceof Call) message.from.reply("done");
    },
  });
  const kinds: unknown[] = [];
  sys.trace(system, pid, ({ kind }) => kinds.push(kind));
  const answer = system.call(pid, "q");
  system.send(pid, "go");
  expect(await answer).toBe("done");
  expect(kinds).toEqual(["arrived", "arrived", "taken", "taken", "taken", "replied"]);
});

test("the tree shows names, dynamic supervisors and who does not answer", async () => {
  const { system, supervise, child, pass, pid: childPid } = await startSupervisionWorld();
  const named = (id: string): ChildSpec => ({
    id,
    start: (supervisor) => supervisor.start(obedient, { link: true, name: id, label: `the ${id}` }),
  });
  const dynamic = (id: string): ChildSpec => ({
    id,
    type: "supervisor",
    start: (supervisor) => startDynamicSupervisor(supervisor, {}, { name: id }),
  });
  const { pid } = await supervise({ children: [named("w"), dynamic("busy"), dynamic("asleep"), child("a")] });
  await dynamicSupervisorRef(system, "busy").startChild(named("job"));
  await sys.suspend(system, "asleep");
  const tree = supervisionTree(system, pid, { timeoutMs: 100 });
  await pass(100);
  const running = (name: string): unknown => ({ kind: "running", pid: system.whereis(name) });
  expect(await tree).toEqual({
    supervisor: pid,
    children: [
      { id: "w", type: "worker", status: running("w"), name: "w", label: "the w" },
      {
        ...{ id: "busy", type: "supervisor", status: running("busy"), name: "busy" },
        below: {
          supervisor: system.whereis("busy"),
          children: [{ id: "job", type: "worker", status: running("job"), name: "job", label: "the job" }],
        },
      },
      { id: "asleep", type: "supervisor", status: running("asleep"), name: "asleep" },
      { id: "a", type: "worker", status: { kind: "running", pid: childPid("a") } },
    ],
  });
  const failure = rejection(supervisionTree(system, "asleep"));
  await pass(5_000);
  expect(await failure).toMatchObject({ reason: Exit.timeout });
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
  await quiesce(system);
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
