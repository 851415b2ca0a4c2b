import { describe, expect, test } from "@jest/globals";
import {
  type ActorSystem,
  type Call,
  type Caller,
  CallFailed,
  type ChildSpec,
  type Clock,
  consoleReporter,
  continueWith,
  createActorSystem,
  createAlias,
  Down,
  defineServer,
  Exit,
  Exited,
  type ExitReason,
  exitAfter,
  type GenServer,
  idleAfter,
  NameTaken,
  noReply,
  type Pid,
  type ProcessBody,
  type ProcessHandler,
  processInfo,
  type ReplyTo,
  reply,
  runAfter,
  runEvery,
  type Self,
  type StatemResult,
  type Stop,
  sendAt,
  sendEvery,
  started,
  startGenServer,
  startGenStatem,
  startIn,
  startServer,
  startSupervisor,
  startTimer,
  stop,
  stopReply,
  supervisorRef,
  unalias,
} from "../src/index.ts";
import { quiesce } from "../src/testing/index.ts";
import { obedient, rejection, startWorld } from "./conformance/world.ts";

/** What a caller without types can hand in. */
const untyped = <T>(value: unknown): T => value as T;

async function running(caller: Caller, server: GenServer<unknown>, link = false): Promise<Pid> {
  const result = await startGenServer(caller, server, [], link ? { link } : {});
  if (result.kind !== "ok") throw new Error(`Expected a start, got ${result.kind}`);
  return result.pid;
}

/** A server that notes its terminate, and whose handlers return whatever they are told. */
function returning(value: () => unknown, ended: unknown[] = []): GenServer<unknown> {
  return {
    init: () => started("s0"),
    handleCall: () => untyped(value()),
    handleCast: () => untyped(value()),
    handleInfo: () => untyped(value()),
    handleContinue: () => untyped(value()),
    terminate: (reason, state) => void ended.push(reason, state),
  };
}

const lookAlike = JSON.parse('{"kind":"noReply","state":1}') as unknown;

describe("a handler that returns an illegal value ends its server with it, after terminate with the old state", () => {
  const illegal: readonly unknown[] = [undefined, null, 7, "reply", [], () => {}, lookAlike];

  test.each(illegal)("%p", async (value) => {
    for (const [callback, act] of [
      ["handleCall", (system: ActorSystem, pid: Pid) => void system.call(pid, 1).catch(() => {})],
      ["handleCast", (system: ActorSystem, pid: Pid) => system.cast(pid, 1)],
      ["handleInfo", (system: ActorSystem, pid: Pid) => system.send(pid, 1)],
    ] as const) {
      for (const later of [false, true]) {
        const { system, reports } = await startWorld();
        const ended: unknown[] = [];
        const pid = await running(
          system,
          returning(() => (later ? Promise.resolve(value) : value), ended),
        );
        const end = system.exited(pid);
        act(system, pid);
        const reason = Exit.badReturn(callback, value);
        expect([await end, ended]).toEqual([reason, [reason, "s0"]]);
        expect(reports).toMatchObject([{ kind: "crash", pid, reason }]);
      }
    }
  });

  test("a reply where nobody asked", async () => {
    const { system } = await startWorld();
    for (const result of [reply("v", "s1"), stopReply("v", "normal", "s1")]) {
      const ended: unknown[] = [];
      const pid = await running(
        system,
        returning(() => result, ended),
      );
      const end = system.exited(pid);
      system.cast(pid, 1);
      const reason = Exit.badReturn("handleCast", result);
      expect([await end, ended]).toEqual([reason, [reason, "s0"]]);
    }
  });

  test("after a continuation", async () => {
    const { system, trapping } = await startWorld();
    const ended: unknown[] = [];
    const server = { ...returning(() => 7, ended), init: () => started("s0", continueWith(1)) };
    const pid = await running(trapping.self, server, true);
    await quiesce(system);
    const reason = Exit.badReturn("handleContinue", 7);
    expect([trapping.messages, ended]).toEqual([[new Exited(pid, reason)], [reason, "s0"]]);
  });

  test("the one who called hears of it at once", async () => {
    const { system } = await startWorld();
    const pid = await running(
      system,
      returning(() => 7),
    );
    expect(await rejection(system.call(pid, 1))).toMatchObject({ reason: Exit.badReturn("handleCall", 7) });
  });
});

test.each([undefined, null, 7, lookAlike, reply(1, 2), Promise.resolve("no result")])(
  "an init that returns %p fails the start with it",
  async (value) => {
    const { system, trapping, reports } = await startWorld();
    const reason = Exit.badReturn("init", await value);
    const server: GenServer<unknown> = { init: () => untyped(value) };
    expect(await startGenServer(trapping.self, server, [], { link: true, name: "n" })).toEqual({
      kind: "error",
      reason,
    });
    await quiesce(system);
    expect(trapping.messages).toEqual([new Exited(expect.anything() as never, reason)]);
    expect([reports, system.whereis("n")]).toEqual([[], undefined]);
  },
);

test.each([7, "ok", {}, { kind: "what" }])(
  "a handler's own init that returns %p fails the start with it",
  async (value) => {
    const { system } = await startWorld();
    const reason = Exit.badReturn("init", value);
    for (const outcome of [value, Promise.resolve(value)]) {
      expect(await system.start({ init: () => untyped(outcome), handle() {} })).toEqual({ kind: "error", reason });
    }
  },
);

test.each([undefined, 7, { kind: "reply" }])("a method of a server that returns %p ends it", async (value) => {
  const { system } = await startWorld();
  const server = defineServer({
    version: 1,
    init: () => 0,
    calls: { bad: () => untyped<Stop>(value) },
  });
  const ref = await startServer(system, server);
  const reason = Exit.badReturn("handleCall", value);
  expect(await rejection(ref.call("bad"))).toMatchObject({ reason });
  expect(system.isAlive(ref.pid)).toBe(false);
});

const frozen = Object.freeze({ code: 1 });
const frozenError = Object.freeze(new Error("frozen"));
const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error("look elsewhere");
    },
  },
);

test.each<[string, unknown]>([
  ["null", null],
  ["undefined", undefined],
  ["a frozen object", frozen],
  ["a frozen error", frozenError],
  ["an object that cannot be looked at", hostile],
  ["an exit reason", Exit.normal],
  ["a legal result", noReply(1)],
])("a handler that throws %s crashes with that very value, and everyone hears of it", async (_name, thrown) => {
  const { system, trapping, reports } = await startWorld();
  const ended: ExitReason[] = [];
  for (const later of [false, true]) {
    const server = {
      ...returning(() => {
        if (later) return Promise.reject(thrown);
        throw thrown;
      }),
      terminate: (reason: ExitReason) => void ended.push(reason),
    };
    const pid = await running(trapping.self, server, true);
    const failure = await rejection(system.call(pid, 1));
    expect(failure).toBeInstanceOf(CallFailed);
    const { reason } = failure as CallFailed;
    expect(reason.kind === "crash" && Object.is(reason.error, thrown)).toBe(true);
    expect(Object.is((failure as CallFailed).cause, thrown)).toBe(true);
    expect(ended.at(-1)).toBe(reason);
    await quiesce(system);
    const { from, reason: heard } = trapping.messages.at(-1) as Exited;
    expect([from === pid, heard === reason]).toEqual([true, true]);
  }
  expect(reports.map(({ kind }) => kind)).toEqual(["crash", "crash"]);
  const { error } = console;
  const lines: unknown[] = [];
  console.error = (...values: unknown[]) => void lines.push(values);
  try {
    for (const report of reports) consoleReporter(report);
  } finally {
    console.error = error;
  }
  expect(lines).toHaveLength(2);
});

test("a script that throws nothing at all has crashed", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(() => {
    throw undefined;
  });
  expect(await system.exited(pid)).toEqual(Exit.crash(undefined));
});

test("a handler that never settles holds up its own process alone: calls run out of time, stop too, a kill ends it", async () => {
  const { system, plain, pass } = await startWorld();
  const pid = await running(
    system,
    returning(() => new Promise(() => {})),
  );
  const other = await running(
    system,
    returning(() => reply("v", "s1")),
  );
  const first = rejection(plain.self.call(pid, 1, { timeoutMs: 100 }));
  const second = rejection(plain.self.call(pid, 2, { timeoutMs: 100 }));
  expect(await system.call(other, 1)).toBe("v");
  await pass(100);
  expect([await first, await second]).toMatchObject([{ reason: Exit.timeout }, { reason: Exit.timeout }]);
  const stopped = rejection(system.stop(pid, { timeoutMs: 100 }));
  await pass(100);
  expect(await stopped).toMatchObject({ reason: Exit.timeout });
  expect(processInfo(pid)?.status).toBe("running");
  const end = system.exited(pid);
  system.exitSignal(pid, Exit.kill);
  expect(await end).toEqual(Exit.killed);
});

test("an init that never settles runs out of time, a terminate that does not is killed", async () => {
  const { system, pass } = await startWorld();
  const never: GenServer<unknown> = { init: () => new Promise<never>(() => {}) };
  const start = startGenServer(system, never, [], { timeoutMs: 10, name: "n" });
  await pass(10);
  expect([await start, system.whereis("n")]).toEqual([{ kind: "error", reason: Exit.timeout }, undefined]);
  const pid = await running(system, { init: () => started(0), terminate: () => new Promise<never>(() => {}) });
  const stopped = rejection(system.stop(pid, { timeoutMs: 10 }));
  await pass(10);
  expect(await stopped).toMatchObject({ reason: Exit.timeout });
  system.exitSignal(pid, Exit.kill);
  expect(system.isAlive(pid)).toBe(false);
});

describe("what settles after its process was killed has no effect", () => {
  test.each<[string, (state: unknown) => unknown]>([
    ["a reply", (s) => reply("late", s)],
    ["a continuation", (s) => reply("late", s, continueWith("c"))],
    ["an idle time", (s) => noReply(s, idleAfter(1))],
    ["a stop", () => stop("late")],
    ["a stop with a reply", () => stopReply("late", "late")],
    ["an illegal value", () => 7],
    ["a rejection", () => Promise.reject(new Error("late"))],
  ])("%s of a server", async (_name, late) => {
    const { system, trapping, reports, pass, clock } = await startWorld();
    const foreign = Promise.withResolvers<unknown>();
    const after: unknown[] = [];
    const server: GenServer<unknown> = {
      init: () => started("s0"),
      handleCall: (_request, _from, state) => foreign.promise.then(() => untyped(late(state))),
      handleContinue: (value, state) => {
        after.push(value);
        return noReply(state);
      },
      terminate: (reason) => void after.push(reason),
    };
    const pid = await running(trapping.self, server, true);
    const failure = rejection(system.call(pid, 1, { timeoutMs: Number.POSITIVE_INFINITY }));
    await quiesce(system);
    system.exitSignal(pid, Exit.kill);
    expect(await failure).toMatchObject({ reason: Exit.killed });
    foreign.resolve(undefined);
    await pass(10);
    expect([after, reports, clock.pending]).toEqual([[], [], 0]);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.killed)]);
  });

  test("an init, a terminate and a script", async () => {
    const { system, plain, reports } = await startWorld();
    const foreign = Promise.withResolvers<void>();
    const seen: unknown[] = [];
    const start = startGenServer(system, { init: () => foreign.promise.then(() => started(0)) }, [], { name: "n" });
    const stopping = await running(system, { init: () => started(0), terminate: () => foreign.promise });
    const stopped = rejection(system.stop(stopping));
    const script = system.spawn(async (self) => {
      await foreign.promise;
      try {
        self.send(plain.pid, "late");
      } catch (error) {
        seen.push(error);
      }
    });
    await quiesce(system);
    for (const target of ["n", stopping, script]) system.exitSignal(target, Exit.kill);
    foreign.resolve();
    expect(await start).toEqual({ kind: "error", reason: Exit.killed });
    expect(await stopped).toMatchObject({ reason: Exit.killed });
    await quiesce(system);
    expect([plain.messages, reports, system.whereis("n")]).toEqual([[], [], undefined]);
    expect(seen).toMatchObject([{ code: "ACTOR_PROCESS_EXITED", pid: script }]);
  });

  test("every operation of a process that has ended", async () => {
    const { system, plain, trapping } = await startWorld();
    const { self } = plain;
    const monitor = self.monitor(trapping.pid);
    const alias = createAlias(self);
    system.exitSignal(plain.pid, Exit.kill);
    const operations: readonly ((dead: Self) => unknown)[] = [
      (dead) => dead.send(trapping.pid, 1),
      (dead) => dead.spawn(obedient),
      (dead) => dead.spawnLink(obedient),
      (dead) => dead.spawnMonitor(obedient),
      (dead) => dead.start(obedient),
      (dead) => dead.stop(trapping.pid),
      (dead) => dead.call(trapping.pid, 1),
      (dead) => dead.cast(trapping.pid, 1),
      (dead) => dead.exited(trapping.pid),
      (dead) => dead.exitSignal(trapping.pid, Exit.kill),
      (dead) => dead.exit(Exit.normal),
      (dead) => dead.link(trapping.pid),
      (dead) => dead.unlink(trapping.pid),
      (dead) => dead.monitor(trapping.pid),
      (dead) => dead.demonitor(monitor),
      (dead) => dead.register("n", trapping.pid),
      (dead) => dead.unregister("n"),
      (dead) => dead.sendAfter(1, trapping.pid, 1),
      (dead) => sendEvery(dead, 1, trapping.pid, 1),
      (dead) => dead.receive(),
      (dead) => dead.sleep(1),
      (dead) => dead.trapExit(true),
      (dead) => dead.acknowledge(),
      (dead) => createAlias(dead),
      (dead) => unalias(dead, alias),
    ];
    for (const operation of operations) {
      const failed = await rejection((async () => operation(self))());
      expect([operation.toString(), failed]).toMatchObject([expect.anything(), { code: "ACTOR_PROCESS_EXITED" }]);
    }
    await quiesce(system);
    expect([trapping.messages, system.isAlive(trapping.pid), system.whereis("n")]).toEqual([[], true, undefined]);
    expect([self.signal.aborted, self.isAlive(self.pid), processInfo(self.pid)]).toEqual([true, false, undefined]);
  });
});

test("a server that calls itself fails at once, and handles what it casts and sends to itself later", async () => {
  const { system, clock } = await startWorld();
  const seen: unknown[] = [];
  const server: GenServer<number> = {
    init: () => started(0),
    handleCall: async (_request, _from, n, self) => {
      self.cast(self.pid, "cast");
      self.send(self.pid, "message");
      return reply(await rejection(self.call(self.pid, "myself")), n);
    },
    handleCast: (request, n) => also(seen, request, n),
    handleInfo: (message, n) => also(seen, message, n),
  };
  const pid = await running(system, server as GenServer<unknown>);
  expect(await system.call(pid, 1)).toMatchObject({ reason: Exit.callingSelf, target: pid, request: "myself" });
  await quiesce(system);
  expect([seen, clock.nowMs(), system.isAlive(pid)]).toEqual([["cast", "message"], 0, true]);
});

function also(seen: unknown[], value: unknown, n: number) {
  seen.push(value);
  return noReply(n);
}

test("from outside of all processes everything has no sender, and what needs a process is refused", async () => {
  const { system, trapping } = await startWorld();
  const callers: unknown[] = [];
  const server = system.spawn({
    handle({ from }: Call) {
      callers.push(from.caller);
      from.reply("v");
    },
  });
  system.send(trapping.pid, "m");
  system.exitSignal(trapping.pid, Exit.of("x"));
  expect(await system.call(server, 1)).toBe("v");
  await quiesce(system);
  expect(callers).toEqual([undefined]);
  expect(trapping.messages).toEqual(["m", new Exited(undefined, Exit.of("x"))]);
  expect(processInfo(system.spawn(obedient))).toMatchObject({ parent: undefined, ancestors: [], links: [] });
  for (const options of [{ link: true }, { monitor: true }]) {
    expect(await rejection(system.start(obedient, options))).toBeInstanceOf(TypeError);
  }
});

test("only the first answer counts, whoever gives it and however", async () => {
  const { system } = await startWorld();
  const results: unknown[] = [];
  const server = system.spawn({
    handle({ from, request }: Call<"reply" | "refuse", unknown>) {
      const answers = [() => from.reply("first"), () => from.refuse(new Error("refused"))];
      for (const answer of request === "reply" ? answers : answers.reverse()) results.push(answer());
      results.push(from.reply("third"));
    },
  });
  expect(await system.call(server, "reply")).toBe("first");
  expect(await rejection(system.call(server, "refuse"))).toEqual(new Error("refused"));
  expect([results, system.isAlive(server)]).toEqual([Array(6).fill(undefined), true]);
});

test("a server that replies by its result after it has replied by hand has no effect", async () => {
  const { system } = await startWorld();
  const server: GenServer<unknown> = {
    init: () => started(0),
    handleCall: (_request, from: ReplyTo, state) => {
      from.reply("by hand");
      return reply("by result", state);
    },
  };
  const pid = await running(system, server);
  expect([await system.call(pid, 1), await system.call(pid, 2)]).toEqual(["by hand", "by hand"]);
});

test("a reply after the caller's time is up, or after the caller's end, reaches nobody", async () => {
  const { system, plain, trapping, pass } = await startWorld();
  const kept: ReplyTo[] = [];
  const pid = system.spawn({ handle: ({ from }: Call) => void kept.push(from) });
  const late = rejection(plain.self.call(pid, 1, { timeoutMs: 10 }));
  const orphaned = rejection(trapping.self.call(pid, 1));
  await pass(10);
  expect(await late).toMatchObject({ reason: Exit.timeout });
  system.exitSignal(trapping.pid, Exit.kill);
  expect(await orphaned).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  for (const from of kept) from.reply("late");
  await quiesce(system);
  expect([plain.messages, trapping.messages, system.isAlive(pid)]).toEqual([[], [], true]);
  expect(processInfo(pid)?.monitoredBy).toEqual([]);
});

/** Everything that takes a time. */
const timed: readonly [string, (self: Self, ms: number) => unknown][] = [
  ["sendAfter", (self, ms) => self.sendAfter(ms, self.pid, "m")],
  ["sendEvery", (self, ms) => sendEvery(self, ms, self.pid, "m")],
  ["startTimer", (self, ms) => startTimer(self, ms, self.pid, "m")],
  ["runAfter", (self, ms) => runAfter(self, ms, () => {})],
  ["runEvery", (self, ms) => runEvery(self, ms, () => {})],
  ["exitAfter", (self, ms) => exitAfter(self, ms, self.pid, Exit.kill)],
  ["sleep", (self, ms) => self.sleep(ms)],
  ["receive", (self, ms) => self.receive(undefined, { timeoutMs: ms })],
  ["call", (self, ms) => self.call("nobody", 1, { timeoutMs: ms })],
  ["start", (self, ms) => self.start(obedient, { timeoutMs: ms })],
  ["stop", (self, ms) => self.stop(self.pid, { timeoutMs: ms })],
  ["idleAfter", (_self, ms) => idleAfter(ms)],
];

describe.each(timed)("%s", (name, operation) => {
  test.each([Number.NaN, -1, Number.NEGATIVE_INFINITY])("of %p ms is refused, and nothing is left", async (ms) => {
    const { system, plain, clock } = await startWorld();
    const before = system.processes();
    expect(await rejection((async () => operation(plain.self, ms))())).toBeInstanceOf(RangeError);
    expect([system.processes(), clock.pending, plain.messages]).toEqual([before, 0, []]);
  });

  test.each(["1", {}])("of %p is refused", async (ms) => {
    const { plain, clock } = await startWorld();
    expect(await rejection((async () => operation(plain.self, untyped(ms)))())).toBeInstanceOf(TypeError);
    expect(clock.pending).toBe(0);
  });

  if (name !== "call") {
    test("of Infinity is refused", async () => {
      const { plain } = await startWorld();
      const failed = await rejection((async () => operation(plain.self, Number.POSITIVE_INFINITY))());
      expect(failed).toBeInstanceOf(RangeError);
    });
  }
});

test("a time of the clock that is no number is refused", async () => {
  const { plain } = await startWorld();
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => sendAt(plain.self, ms, plain.pid, "m")).toThrow(RangeError);
  }
});

test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53])(
  "a timer of %p ms fires when they have passed, and not before",
  async (ms) => {
    const { plain, pass } = await startWorld();
    const timer = plain.self.sendAfter(ms, plain.pid, "m");
    await pass(1_000);
    expect([timer.remainingMs(), plain.messages]).toEqual([ms - 1_000, []]);
    await pass(ms - 1_001);
    expect(plain.messages).toEqual([]);
    await pass(1);
    expect(plain.messages).toEqual(["m"]);
  },
);

test("the host is never asked for a time it would cut off", async () => {
  const asked: number[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    schedule(delayMs) {
      asked.push(delayMs);
      return () => {};
    },
  };
  const system = createActorSystem({ clock });
  system.sendAfter(2 ** 40, system.spawn(obedient), "m");
  nowMs += 1;
  await quiesce(system);
  // Looked at before it is due, the clock is asked for what is left.
  expect([...new Set(asked)]).toEqual([2 ** 40, 2 ** 40 - 1]);
});

describe("a child spec that is refused leaves its supervisor as it was", () => {
  const start: ChildSpec["start"] = (supervisor) => supervisor.start(obedient, { link: true });

  test.each<[string, object, object, string, string]>([
    ["an id given twice", {}, { id: "a" }, "already-started", ""],
    [
      "significant and permanent",
      { autoShutdown: "any-significant" },
      { significant: true },
      "significant",
      "contradictory",
    ],
    [
      "significant without auto-shutdown",
      {},
      { significant: true, restart: "transient" },
      "significant",
      "contradictory",
    ],
    ["a shutdown of NaN", {}, { shutdown: Number.NaN }, "shutdown", "invalid"],
    ["a restart that is none", {}, { restart: "always" }, "restart", "invalid"],
  ])("%s", async (_name, flags, spec, outcome, problem) => {
    const { system } = await startWorld();
    const result = await startSupervisor(system, { ...flags, children: [{ id: "a", start }] });
    if (result.kind !== "ok") throw new Error(result.kind);
    const ref = supervisorRef(system, result.pid);
    const before = await ref.whichChildren();
    const added = ref.startChild(untyped({ id: "b", start, ...spec }));
    if (outcome === "already-started") expect(await added).toMatchObject({ kind: outcome });
    else expect(await rejection(added)).toMatchObject({ code: "ACTOR_INVALID_CHILD_SPEC", field: outcome, problem });
    expect(await ref.whichChildren()).toEqual(before);
  });

  test("an id given twice at the start: nothing is started", async () => {
    const { system } = await startWorld();
    const before = system.processes();
    const children = [
      { id: "a", start },
      { id: "a", start },
    ];
    expect(await startSupervisor(system, { children })).toMatchObject({
      kind: "error",
      reason: {
        kind: "crash",
        error: { code: "ACTOR_INVALID_CHILD_SPEC", field: "id", problem: "duplicate", id: "a" },
      },
    });
    expect(system.processes()).toEqual(before);
  });
});

test("a name that is taken stays with its holder, and no process is made for the other", async () => {
  const { system, plain, trapping } = await startWorld();
  system.register("n", plain.pid);
  const before = system.processes();
  const taken = expect.objectContaining({ code: "ACTOR_NAME_TAKEN", wanted: "n", holder: plain.pid });
  expect(() => system.register("n", trapping.pid)).toThrow(NameTaken);
  for (const spawn of [
    () => system.spawn(obedient, { name: "n" }),
    () => trapping.self.spawnLink(obedient, { name: "n" }),
    () => trapping.self.spawnMonitor(obedient, { name: "n" }),
  ]) {
    expect(spawn).toThrow(taken);
  }
  expect(await system.start(obedient, { name: "n" })).toEqual({ kind: "already-started", pid: plain.pid });
  await quiesce(system);
  expect([system.processes(), system.whereis("n"), trapping.messages]).toEqual([before, plain.pid, []]);
});

describe("what code without types can get wrong", () => {
  test.each([undefined, null, 7, {}, { handle: 7 }])("%p is no body", async (body) => {
    const { system } = await startWorld();
    const before = system.processes();
    expect(() => system.spawn(untyped<ProcessBody>(body), { name: "n" })).toThrow(TypeError);
    expect(await rejection(system.start(untyped<ProcessBody>(body)))).toBeInstanceOf(TypeError);
    expect([system.processes(), system.whereis("n")]).toEqual([before, undefined]);
  });

  test.each([undefined, null, "boom", 7, {}])("%p is no exit reason", async (reason) => {
    const { system, plain } = await startWorld();
    const pid = system.spawn(obedient);
    expect(() => system.exitSignal(pid, untyped(reason))).toThrow(TypeError);
    if (reason !== undefined)
      expect(await rejection(system.stop(pid, { reason: untyped(reason) }))).toBeInstanceOf(TypeError);
    expect(() => plain.self.exit(untyped(reason))).toThrow(TypeError);
    if (typeof reason !== "string") expect(() => stop(untyped(reason))).toThrow(TypeError);
    await quiesce(system);
    expect([system.isAlive(pid), system.isAlive(plain.pid)]).toEqual([true, true]);
  });

  test.each([undefined, null, 7, {}, Symbol("n")])("%p is nobody to reach", async (target) => {
    const { plain } = await startWorld();
    const operations: readonly ((self: Self, to: string) => unknown)[] = [
      (self, to) => self.send(to, 1),
      (self, to) => self.call(to, 1),
      (self, to) => self.cast(to, 1),
      (self, to) => self.monitor(to),
      (self, to) => self.exitSignal(to, Exit.kill),
      (self, to) => self.stop(to),
      (self, to) => self.exited(to),
      (self, to) => self.sendAfter(1, to, 1),
    ];
    for (const operation of operations) {
      const failed = await rejection((async () => operation(plain.self, untyped(target)))());
      expect([operation.toString(), failed]).toEqual([expect.anything(), expect.any(TypeError)]);
    }
  });

  test("anything can be a message, and is delivered as it is", async () => {
    const { system, plain } = await startWorld();
    const messages = [
      undefined,
      null,
      Number.NaN,
      frozen,
      () => {},
      new Down(plain.self.monitor(plain.pid), plain.pid, Exit.normal),
    ];
    for (const message of messages) system.send(plain.pid, message);
    system.send(plain.pid, hostile);
    await quiesce(system);
    expect(plain.messages.slice(0, -1)).toEqual(messages);
    expect(plain.messages.at(-1) === hostile).toBe(true);
  });

  test("a thenable that is none of the host's is awaited like any promise", async () => {
    const { system, plain } = await startWorld();
    const handler: ProcessHandler = {
      handle: (_message, self) =>
        untyped({
          // biome-ignore lint/suspicious/noThenProperty: this is what is tested
          then(settle: () => void) {
            self.send(plain.pid, "asked");
            settle();
          },
        }),
    };
    const pid = system.spawn(handler);
    system.send(pid, 1);
    system.send(pid, 2);
    await quiesce(system);
    expect([plain.messages, system.isAlive(pid)]).toEqual([["asked", "asked"], true]);
  });
});

describe("what looks like a promise and breaks its rules", () => {
  const broken = new Error("broken");
  const throwing: Record<string, () => unknown> = {
    "throws when asked for its then": () => ({
      // biome-ignore lint/suspicious/noThenProperty: this is what is tested
      get then() {
        throw broken;
      },
    }),
    "throws when it is awaited": () => ({
      // biome-ignore lint/suspicious/noThenProperty: this is what is tested
      then() {
        throw broken;
      },
    }),
  };
  const acting: Record<string, (system: ActorSystem, value: () => unknown) => Promise<void> | void> = {
    "a handler": (system, value) => {
      const pid = system.spawn(untyped<ProcessHandler>({ handle: value }));
      system.send(pid, 1);
    },
    "an init": (system, value) => void system.spawn(untyped<ProcessHandler>({ init: value, handle() {} })),
    "a script": (system, value) => void system.spawn(untyped<ProcessBody>(value)),
    "a stop": (system, value) => {
      const pid = system.spawn(untyped<ProcessHandler>({ handle() {}, stop: value }));
      system.stop(pid).catch(() => {});
    },
    "a call": async (system, value) => {
      const pid = await running(system, { init: () => started(0), handleCall: () => untyped(value()) });
      system.call(pid, 1).catch(() => {});
    },
    "an event": async (system, value) => {
      const machine = { init: () => startIn("a", 0), handle: () => untyped<StatemResult<unknown, unknown>>(value()) };
      const result = await startGenStatem(system, machine, []);
      if (result.kind !== "ok") throw new Error(result.kind);
      system.cast(result.pid, 1);
    },
  };

  for (const [how, value] of Object.entries(throwing)) {
    test.each(Object.keys(acting))(`%s that returns one that ${how} has crashed, and nobody else`, async (act) => {
      const { system, plain, reports } = await startWorld();
      await acting[act]?.(system, value);
      await quiesce(system);
      expect(reports).toMatchObject([{ kind: "crash", reason: Exit.crash(broken) }]);
      system.send(plain.pid, "still here");
      await quiesce(system);
      expect(plain.messages).toEqual(["still here"]);
    });
  }

  test("it settles once, however often it says so", async () => {
    const { system } = await startWorld();
    const seen: unknown[] = [];
    const says: (() => void)[] = [];
    const pid = system.spawn({
      handle(message) {
        seen.push(message);
        // biome-ignore lint/suspicious/noThenProperty: this is what is tested
        return untyped<PromiseLike<void>>({ then: (settle: () => void) => void says.push(settle) });
      },
    });
    for (const message of [1, 2, 3]) system.send(pid, message);
    await quiesce(system);
    // Also the second time it ends the turn of the first message alone.
    for (let i = 0; i < 2; i++) {
      says[0]?.();
      await quiesce(system);
      expect(seen).toEqual([1, 2]);
    }
  });
});
