import { expect, test } from "@jest/globals";
import {
  boundedMailbox,
  type Caller,
  CallFailed,
  continueWith,
  Down,
  Exit,
  Exited,
  type ExitReason,
  failStart,
  type GenServer,
  idleAfter,
  idleTimeout,
  ignore,
  MissingCallback,
  noReply,
  type Pid,
  priorityMailbox,
  processInfo,
  type ReplyTo,
  recordingMailbox,
  reply,
  type Self,
  type StartOptions,
  started,
  startGenServer,
  stop,
  stopReply,
  sys,
  Via,
} from "../../src/index.ts";
import { quiesce, startProbe } from "../../src/testing/index.ts";
import { costGrowth, processorMs } from "./cost-growth.ts";
import { obedient, rejection, startWorld } from "./world.ts";

const boom = Exit.of("boom");

/** Handlers are functions from state to result, sent as requests: each test says what its server does where it does it. */
type Deed = (state: unknown, from: ReplyTo, self: Self) => never;
const doing: GenServer<unknown> = {
  init: () => started("s0"),
  handleCall: (deed, from, state, self) => (deed as Deed)(state, from, self),
  handleCast: (deed, state, self) => (deed as (state: unknown, self: Self) => never)(state, self),
  handleInfo: (deed, state, self) => (deed as (state: unknown, self: Self) => never)(state, self),
};

/** A way to one process, as a registry has them. */
class Through extends Via {
  readonly #pid: Pid;

  constructor(pid: Pid) {
    super();
    this.#pid = pid;
  }

  holder(): Pid {
    return this.#pid;
  }

  toString(): string {
    return "through";
  }
}

/** A result, after something was noted on the way. */
const also = <T>(_noted: unknown, result: T): T => result;

async function running<S>(caller: Caller, server: GenServer<S>, options?: StartOptions): Promise<Pid> {
  const result = await startGenServer(caller, server, [], options);
  if (result.kind !== "ok") {
    throw new Error(`Expected a start, got ${result.kind}`);
  }
  return result.pid;
}

test("GS-001 a server that stops with a reply answers, ends with its reason, and is gone", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const end = system.exited(pid);
  expect(await system.call(pid, () => stopReply("ok", "stopped"))).toBe("ok");
  expect(await end).toEqual(Exit.of("stopped"));
  expect(await rejection(system.call(pid, 1))).toMatchObject({ reason: Exit.noproc });
});

test("GS-002 a start that is out of time leaves no process, no name and no message", async () => {
  const { system, trapping, pass } = await startWorld();
  const before = system.processes();
  const server: GenServer<number> = {
    init: async (self) => {
      await self.sleep(1_000);
      return started(0);
    },
  };
  const outcomes: unknown[] = [];
  void startGenServer(trapping.self, server, [], { timeoutMs: 100, name: "n", link: true }).then((result) =>
    outcomes.push(result),
  );
  await pass(99);
  expect(outcomes).toEqual([]);
  await pass(1);
  expect(outcomes).toEqual([{ kind: "error", reason: Exit.timeout }]);
  await pass(1_000);
  expect([system.processes(), system.whereis("n"), trapping.messages]).toEqual([before, undefined, []]);
});

test("GS-003 ignore is an outcome, and a linked starter lives", async () => {
  const { system, plain } = await startWorld();
  expect(await startGenServer(plain.self, { init: () => ignore() }, [], { link: true })).toEqual({ kind: "ignore" });
  expect(system.isAlive(plain.pid)).toBe(true);
  const { trapping } = await startWorld();
  await startGenServer(trapping.self, { init: () => ignore() }, [], { link: true });
  expect(trapping.messages).toEqual([new Exited(expect.anything() as never, Exit.normal)]);
});

test("GS-004 a stop in init fails the start with its reason", async () => {
  const { system, plain } = await startWorld();
  const server = { init: () => stop("stopped") };
  expect(await startGenServer(plain.self, server, [])).toEqual({ kind: "error", reason: Exit.of("stopped") });
  expect(system.isAlive(plain.pid)).toBe(true);
});

test("GS-005 a stop in init ends a linked starter that does not trap; failStart does not", async () => {
  const { system, plain } = await startWorld();
  expect(await startGenServer(plain.self, { init: () => failStart("boom") }, [], { link: true })).toEqual({
    kind: "error",
    reason: boom,
  });
  expect(system.isAlive(plain.pid)).toBe(true);
  const end = system.exited(plain.pid);
  void startGenServer(plain.self, { init: () => stop("boom") }, [], { link: true }).catch(() => {});
  expect(await end).toEqual(boom);
});

test.each([
  [
    "throws",
    () => {
      throw "E";
    },
  ],
  ["rejects", () => Promise.reject("E")],
])("GS-006 an init that %s fails the start with the crash", async (_name, init) => {
  const { system, trapping } = await startWorld();
  const result = await startGenServer(trapping.self, { init }, [], { link: true });
  await quiesce(system);
  expect(result).toEqual({ kind: "error", reason: Exit.crash("E") });
  expect(trapping.messages).toEqual([new Exited(expect.anything() as never, Exit.crash("E"))]);
});

test("GS-007 an init that returns anything else fails the start", async () => {
  const { system } = await startWorld();
  const server = { init: () => "foo" as never };
  expect(await startGenServer(system, server, [])).toEqual({ kind: "error", reason: Exit.badReturn("init", "foo") });
});

test("GS-008 a thrown result is a throw, and no return", async () => {
  const { system } = await startWorld();
  const thrown = started(1);
  const init = (): never => {
    throw thrown;
  };
  expect(await startGenServer(system, { init }, [])).toEqual({ kind: "error", reason: Exit.crash(thrown) });
});

test("GS-009 a monitored start gives the monitor", async () => {
  const { system, plain } = await startWorld();
  const result = await startGenServer(plain.self, doing, [], { monitor: true });
  if (result.kind !== "ok" || result.monitor === undefined) {
    throw new Error("Expected a monitored start");
  }
  await system.stop(result.pid, { reason: boom });
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(result.monitor, result.pid, boom)]);
});

test("GS-010 stop resolves once the server is gone, normal; a second one fails with noproc", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const end = system.exited(pid);
  await system.stop(pid);
  expect(system.isAlive(pid)).toBe(false);
  expect(await end).toEqual(Exit.normal);
  expect(await rejection(system.stop(pid))).toMatchObject({ code: "ACTOR_STOP_FAILED", reason: Exit.noproc });
});

test.each(["pid", "name", "via"])(
  "GS-011 stop by %s, with a reason, ends the server and frees its name",
  async (by) => {
    const { system } = await startWorld();
    const pid = await running(system, doing, { name: "n" });
    const end = system.exited(pid);
    await system.stop(by === "pid" ? pid : by === "name" ? "n" : new Through(pid), { reason: boom });
    expect(await end).toEqual(boom);
    expect([system.isAlive(pid), system.whereis("n")]).toEqual([false, undefined]);
  },
);

test("GS-012 stop with a bad time is refused and does nothing", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  expect(await rejection(system.stop(pid, { timeoutMs: -1 }))).toBeInstanceOf(RangeError);
  expect(await system.call(pid, (s: unknown) => reply(s, s))).toBe("s0");
});

test("GS-013 a server that stops itself by stop is told so and goes on", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const failure = await system.call(pid, async (s: unknown, _from: ReplyTo, self: Self) =>
    reply(await rejection(self.stop(self.pid)), s),
  );
  expect(failure).toMatchObject({ reason: Exit.callingSelf });
  expect(system.isAlive(pid)).toBe(true);
});

test("GS-014 stop with a reason runs terminate with it and tells those linked", async () => {
  const { system, trapping } = await startWorld();
  const ended: unknown[] = [];
  const server = { ...doing, terminate: (reason: ExitReason, state: unknown) => void ended.push(reason, state) };
  const pid = await running(trapping.self, server, { link: true });
  await system.stop(pid, { reason: boom });
  await quiesce(system);
  expect(ended).toEqual([boom, "s0"]);
  expect(trapping.messages).toEqual([new Exited(pid, boom)]);
});

test("GS-015 a reply reaches the caller and the next handler sees the new state", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  expect(await system.call(pid, () => reply("v", "s1"))).toBe("v");
  expect(await system.call(pid, (s: unknown) => reply(s, s))).toBe("s1");
});

test("GS-016 an answer may come from a later message", async () => {
  const { system, pass } = await startWorld();
  const server: GenServer<ReplyTo | undefined> = {
    init: () => started(undefined),
    handleCall: (_request, from) => noReply(from, idleAfter(1)),
    handleInfo: (message, from) => {
      if (message === idleTimeout) {
        from?.reply("delayed");
      }
      return noReply(undefined);
    },
  };
  const answer = system.call(await running(system, server), 1);
  await pass(1);
  expect(await answer).toBe("delayed");
});

test("GS-017 a call out of time fails and names target, request and time", async () => {
  const { system, plain, pass } = await startWorld();
  const pid = system.spawn(obedient);
  const failure = rejection(plain.self.call(pid, "question", { timeoutMs: 30 }));
  await pass(29);
  await pass(1);
  expect(await failure).toMatchObject({
    code: "ACTOR_CALL_FAILED",
    reason: Exit.timeout,
    target: pid,
    request: "question",
    timeoutMs: 30,
    message: `Cannot call ${pid} with question: timeout after 30 ms`,
  });
});

test("GS-017 a call waits 5,000 ms when nothing else is said", async () => {
  const { system, pass } = await startWorld();
  let failed: unknown;
  system.call(system.spawn(obedient), 1).catch((error: unknown) => {
    failed = error;
  });
  await pass(4_999);
  expect(failed).toBeUndefined();
  await pass(1);
  expect(failed).toMatchObject({ reason: Exit.timeout, timeoutMs: 5_000 });
});

test("GS-017 an answer that comes too late is dropped", async () => {
  const { system, plain, pass } = await startWorld();
  let from: ReplyTo | undefined;
  const pid = await running(system, { ...doing, handleCall: (_r, f, s) => also((from = f), noReply(s)) });
  const failure = rejection(plain.self.call(pid, 1, { timeoutMs: 10 }));
  await pass(10);
  expect(await failure).toBeInstanceOf(CallFailed);
  from?.reply("late");
  await quiesce(system);
  expect(plain.messages).toEqual([]);
});

test("GS-018 an illegal result ends the server and fails the call with it", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  expect(await rejection(system.call(pid, () => "badreturn"))).toMatchObject({
    reason: Exit.badReturn("handleCall", "badreturn"),
  });
  expect(system.isAlive(pid)).toBe(false);
});

test("GS-018 a look-alike of a result is no result", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const forged = JSON.parse('{"kind":"reply","reply":1,"state":2}') as unknown;
  expect(await rejection(system.call(pid, () => forged))).toMatchObject({ reason: { kind: "bad-return" } });
});

test.each(["pid", "name", "via"])("GS-019 a process that calls itself by %s fails at once", async (by) => {
  const { system, plain, clock } = await startWorld();
  system.register("me", plain.pid);
  const me = by === "pid" ? plain.pid : by === "name" ? "me" : new Through(plain.pid);
  expect(await rejection(plain.self.call(me, 1))).toMatchObject({ reason: Exit.callingSelf });
  expect([clock.nowMs(), clock.pending, plain.messages]).toEqual([0, 0, []]);
});

test("GS-020 calling the dead or a free name fails at once", async () => {
  const { system } = await startWorld();
  const pid = system.spawn(() => {});
  await quiesce(system);
  expect(await rejection(system.call(pid, 1))).toMatchObject({ reason: Exit.noproc });
  expect(await rejection(system.call("nobody", 1))).toMatchObject({ reason: Exit.noproc, target: "nobody" });
});

test.each<[string, (state: unknown, from: ReplyTo, self: Self) => unknown, ExitReason]>([
  ["exits with shutdown", (_s, _from, self) => self.exit(Exit.shutdown), Exit.shutdown],
  ["stops with shutdown", () => stop("shutdown"), Exit.shutdown],
  ["stops with shutdown and a detail", () => stop(Exit.shutdownFor("r")), Exit.shutdownFor("r")],
])("GS-021 a handler that %s fails the call with exactly that, without a report", async (_name, deed, reason) => {
  const { system, trapping, reports } = await startWorld();
  const pid = await running(trapping.self, doing, { link: true });
  expect(await rejection(system.call(pid, deed))).toMatchObject({ reason });
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, reason)]);
  expect(reports).toEqual([]);
});

test("GS-022 a handler that exits fails the call with its reason, with one report", async () => {
  const { system, reports } = await startWorld();
  const pid = await running(system, doing, { name: "n", label: "l" });
  const crashed = Exit.of("crashed");
  const failure = await rejection(system.call(pid, (_s: unknown, _f: ReplyTo, self: Self) => self.exit(crashed)));
  expect(failure).toMatchObject({ reason: crashed });
  expect(reports).toEqual([
    {
      ...{ kind: "crash", pid, name: "n", label: "l", reason: crashed, lastMessage: expect.anything() },
      ...{ state: { kind: "shown", value: "s0" }, recentMessages: undefined, waiting: 0, ancestors: [], links: [] },
    },
  ]);
});

test("GS-023 the answer is out before the end is heard", async () => {
  const { system, trapping } = await startWorld();
  const pid = await running(trapping.self, doing, { link: true });
  const order: unknown[] = [];
  const answered = trapping.self.call(pid, () => stopReply("rep", "normal")).then((value) => order.push(value));
  const ended = system.exited(pid).then((reason) => order.push(reason));
  await Promise.all([answered, ended]);
  expect(order).toEqual(["rep", Exit.normal]);
});

test("GS-024 a stop without a reply fails the call with its reason, also normal", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  expect(await rejection(system.call(pid, () => stop("normal")))).toMatchObject({ reason: Exit.normal });
});

test("GS-025 kept reply addresses answer each its own caller, in any order", async () => {
  const { system } = await startWorld();
  const kept: ReplyTo[] = [];
  const server = await running(system, { ...doing, handleCall: (_r, from, s) => also(kept.push(from), noReply(s)) });
  const answers = [1, 2, 3, 4, 5].map((n) => system.call(server, n));
  await quiesce(system);
  for (let i = kept.length - 1; i >= 0; i--) {
    kept[i]?.reply(i + 1);
  }
  expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5]);
});

test("GS-026 another process may answer, and only the first answer counts", async () => {
  const { system } = await startWorld();
  const helper = system.spawn({
    handle: (from) => {
      (from as ReplyTo).reply("helped");
      (from as ReplyTo).reply("again");
    },
  });
  const server = await running(system, {
    ...doing,
    handleCall: (_request, from, state, self) => {
      self.send(helper, from);
      return noReply(state);
    },
  });
  expect(await system.call(server, 1)).toBe("helped");
});

test("GS-027 a caller with a long mailbox pays no more for a call and keeps its messages", async () => {
  const { system } = await startWorld();
  const server = await running(system, { ...doing, handleCall: (n, _from, s) => reply(n, s) });
  const cost = async (queued: number): Promise<number> => {
    let tookMs = 0;
    let left: readonly unknown[] | undefined;
    const caller = system.spawn(async (self) => {
      await self.sleep(0);
      const beganMs = processorMs();
      for (let i = 0; i < 1_000; i++) {
        await self.call(server, i);
      }
      tookMs = processorMs() - beganMs;
      left = processInfo(self.pid)?.messages;
    });
    for (let i = 0; i < queued; i++) {
      system.send(caller, i);
    }
    await system.exited(caller);
    expect(left).toHaveLength(queued);
    expect(left?.every((message, i) => message === i)).toBe(true);
    return tookMs;
  };
  expect(await costGrowth(cost, 0, 100_000)).toBeLessThan(10);
});

test.each([
  ["GS-028", "handleCall", (caller: Caller, pid: Pid): void => void caller.call(pid, 1).catch(() => {})],
  ["GS-032", "handleCast", (caller: Caller, pid: Pid) => caller.cast(pid, 1)],
] as const)("%s a server without %s crashes of it", async (_id, callback, act) => {
  const { system } = await startWorld();
  const pid = await running(system, { init: () => started(0) });
  const end = system.exited(pid);
  act(system, pid);
  expect(await end).toEqual(Exit.crash(new MissingCallback(callback)));
});

test("GS-029 one message at a time, also across await", async () => {
  const { system, pass } = await startWorld();
  const order: string[] = [];
  const server = await running(system, {
    ...doing,
    handleCall: async (n, _from, s, self) => {
      order.push(`begin ${n}`);
      await self.sleep(50);
      order.push(`end ${n}`);
      return reply(n, s);
    },
  });
  const answers = [1, 2, 3].map((n) => system.call(server, n));
  await pass(50);
  await pass(50);
  await pass(50);
  expect(await Promise.all(answers)).toEqual([1, 2, 3]);
  expect(order).toEqual(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]);
});

test("GS-030 a cast is handled, and its idle time leads to a message", async () => {
  const { system, pass } = await startWorld();
  const seen: unknown[] = [];
  const server = await running(system, {
    ...doing,
    handleCast: (request, s) => also(seen.push(request), noReply(s, idleAfter(1))),
    handleInfo: (message, s) => also(seen.push(message), noReply(s)),
  });
  system.cast(server, "c");
  await pass(1);
  expect(seen).toEqual(["c", idleTimeout]);
});

test("GS-031 a cast to nobody is nothing", async () => {
  const { system } = await startWorld();
  const dead = system.spawn(() => {});
  await quiesce(system);
  system.cast(dead, 1);
  system.cast("nobody", 1);
});

test("GS-033 a plain message reaches handleInfo, which may stop", async () => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const server = { ...doing, terminate: (reason: ExitReason) => void ended.push(reason) };
  const pid = await running(system, server);
  const end = system.exited(pid);
  system.send(pid, () => stop("boom"));
  expect([await end, ended]).toEqual([boom, [boom]]);
});

test("GS-034 without handleInfo a message is reported and dropped", async () => {
  const { system, reports } = await startWorld();
  const pid = await running(system, { init: () => started(0) });
  system.send(pid, "what");
  await quiesce(system);
  expect(system.isAlive(pid)).toBe(true);
  expect(reports).toEqual([{ kind: "unexpected-message", pid, label: undefined, message: "what" }]);
});

test("GS-035 a mistake inside handleInfo is a crash", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const end = system.exited(pid);
  system.send(pid, "no function");
  expect(await end).toMatchObject({ kind: "crash", error: { message: "deed is not a function" } });
});

test("GS-036 call and casts of one client are handled in order", async () => {
  const { system } = await startWorld();
  const seen: unknown[] = [];
  const server = await running(system, {
    ...doing,
    handleCall: (r, _from, s) => also(seen.push(r), reply(0, s)),
    handleCast: (r, s) => also(seen.push(r), noReply(s)),
  });
  system.cast(server, "a");
  const answer = system.call(server, "b");
  system.cast(server, "c");
  await answer;
  await quiesce(system);
  expect(seen).toEqual(["a", "b", "c"]);
});

test("GS-037 GS-038 a continuation of init runs after start has returned and before any message", async () => {
  const { system } = await startWorld();
  const go = Promise.withResolvers<void>();
  const seen: unknown[] = [];
  const server: GenServer<number> = {
    init: (self) => {
      self.send(self.pid, "to itself");
      return started(0, continueWith("c"));
    },
    handleContinue: async (value, s) => {
      await go.promise;
      seen.push(value);
      return noReply(s);
    },
    handleInfo: (message, s) => also(seen.push(message), noReply(s)),
  };
  const pid = await running(system, server);
  system.send(pid, "from outside");
  await quiesce(system);
  expect(seen).toEqual([]);
  go.resolve();
  await quiesce(system);
  expect(seen).toEqual(["c", "to itself", "from outside"]);
});

test("a continuation of a call runs after its reply and before queued messages", async () => {
  const { system } = await startWorld();
  const seen: unknown[] = [];
  const server = await running(system, {
    ...doing,
    handleCall: (_r, _from, s) => reply("r", s, continueWith("c")),
    handleContinue: (value, s) => also(seen.push(value), noReply(s)),
    handleInfo: (message, s) => also(seen.push(message), noReply(s)),
  });
  const answer = system.call(server, 1);
  system.send(server, "queued");
  expect(await answer).toBe("r");
  await quiesce(system);
  expect(seen).toEqual(["c", "queued"]);
});

test("GS-037 a server may continue as often as it likes: nothing overtakes, and others have their turns meanwhile", async () => {
  const { system } = await startWorld();
  const mailboxes = [
    undefined,
    boundedMailbox({ capacity: 1 }),
    priorityMailbox(Number),
    recordingMailbox({ last: 1 }),
  ];
  for (const mailbox of mailboxes) {
    let meanwhile: number | undefined;
    const neighbour = system.spawn({ handle: () => system.cast("counting", "how far") });
    const server: GenServer<number> = {
      init: () => started(0, continueWith(1)),
      handleContinue(value, count) {
        if (count === 100) system.send(neighbour, "go");
        return value === 20_000 ? noReply(count + 1) : noReply(count + 1, continueWith((value as number) + 1));
      },
      handleCast: (_request, count) => also((meanwhile = count), noReply(count)),
    };
    const { pid } = (await startGenServer(system, server, [], { name: "counting", mailbox })) as { pid: Pid };
    // Behind all of them, though sent before most of them.
    expect(await sys.getState(system, pid)).toBe(20_000);
    await quiesce(system);
    expect(meanwhile).toBe(20_000);
    await system.stop(pid);
  }
});

test("a server that continues for ever holds up nobody else, and can be killed", async () => {
  const { system } = await startWorld();
  let runs = 0;
  const pid = await running(system, {
    init: () => started(0, continueWith(0)),
    handleContinue: (_value, s: number) => also((runs += 1), noReply(s, continueWith(0))),
  });
  const killer = system.spawn({ handle: () => system.exitSignal(pid, Exit.kill) });
  system.send(killer, "now");
  expect(await system.exited(pid)).toEqual(Exit.killed);
  const then = runs;
  await quiesce(system);
  expect(runs).toBe(then);
});

test("GS-039 GS-040 a continuation without a handler crashes, one that stops ends the server", async () => {
  const { system, reports } = await startWorld();
  const init = () => started(0, continueWith("c"));
  await running(system, { init });
  await quiesce(system);
  expect(reports).toMatchObject([{ kind: "crash", reason: Exit.crash(new MissingCallback("handleContinue")) }]);
  const { self, messages } = await startProbe(system);
  const result = await startGenServer(self, { init, handleContinue: () => stop("normal") }, [], { monitor: true });
  await quiesce(system);
  expect(result.kind === "ok" && messages).toEqual([
    new Down(
      result.kind === "ok" ? (result.monitor as never) : (undefined as never),
      expect.anything() as never,
      Exit.normal,
    ),
  ]);
});

test("GS-041 an idle time leads to one message, at its time", async () => {
  const { system, pass } = await startWorld();
  const seen: unknown[] = [];
  await running(system, {
    init: () => started(0, idleAfter(50)),
    handleInfo: (message, s: number) => also(seen.push(message), noReply(s)),
  });
  await pass(49);
  expect(seen).toEqual([]);
  await pass(1);
  expect(seen).toEqual([idleTimeout]);
  await pass(1_000);
  expect(seen).toEqual([idleTimeout]);
});

test("GS-042 GS-043 any message cancels an idle time, also one of 0", async () => {
  const { system, pass } = await startWorld();
  const seen: unknown[] = [];
  const server = await running(system, {
    ...doing,
    handleCast: (ms, s) => noReply(s, idleAfter(ms as number)),
    handleInfo: (message, s) => also(seen.push(message), noReply(s)),
  });
  system.cast(server, 1_000);
  await pass(500);
  system.send(server, "m");
  await pass(1_000);
  system.cast(server, 0);
  system.send(server, "queued");
  await pass(0);
  expect(seen).toEqual(["m", "queued"]);
  system.cast(server, 0);
  await pass(0);
  expect(seen).toEqual(["m", "queued", idleTimeout]);
});

const noting = (ended: unknown[]): GenServer<unknown> => ({
  ...doing,
  init: (self) => {
    self.trapExit(true);
    return started("s0");
  },
  terminate: (reason, state) => void ended.push(reason, state),
});

test("GS-044 an idle server keeps its state and handles the next message as usual", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  for (const state of ["s1", "s2"]) {
    expect(await system.call(pid, () => reply("ok", state))).toBe("ok");
    await quiesce(system);
    expect(processInfo(pid)).toMatchObject({ status: "waiting", messages: [] });
    expect(await system.call(pid, (s: unknown) => reply(s, s))).toBe(state);
  }
});

test("GS-045 a server hears of its idleness after the time it asks for, counted from its last message", async () => {
  const { system, pass, clock } = await startWorld();
  const idle: number[] = [];
  const pid = await running(system, {
    init: () => started(0, idleAfter(100)),
    handleCall: (_request, _from, n: number) => reply(n, n + 1, idleAfter(100)),
    handleCast: (_request, n) => noReply(n + 1, idleAfter(100)),
    handleInfo: (message, n) => {
      if (message === idleTimeout) {
        idle.push(clock.nowMs());
        return noReply(n);
      }
      return noReply(n + 1, idleAfter(100));
    },
  });
  await pass(99);
  await system.call(pid, 1);
  await pass(99);
  system.cast(pid, 1);
  await pass(99);
  system.send(pid, 1);
  await pass(99);
  expect(idle).toEqual([]);
  await pass(1);
  expect(idle).toEqual([99 * 4 + 1]);
  expect(await system.call(pid, 1)).toBe(3);
});

test("GS-046 a signal ends a server that does not trap without terminate", async () => {
  const { system, trapping } = await startWorld();
  const ended: unknown[] = [];
  const pid = await running(trapping.self, { ...noting(ended), init: () => started("s0") }, { link: true });
  trapping.self.exitSignal(pid, boom);
  await quiesce(system);
  expect([system.isAlive(pid), ended]).toEqual([false, []]);
});

test("GS-047 kill ends a trapping server without terminate", async () => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const pid = await running(system, noting(ended));
  const end = system.exited(pid);
  system.exitSignal(pid, Exit.kill);
  expect([await end, ended]).toEqual([Exit.killed, []]);
});

test.each<[string, ExitReason]>([
  ["any reason", boom],
  ["normal", Exit.normal],
])("a trapping server whose parent ends with %s terminates with it", async (_name, reason) => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const parent = system.spawn(async (self) => {
    await running(self, noting(ended), { link: true });
    await self.receive();
    self.exit(reason);
  });
  await quiesce(system);
  system.send(parent, "go");
  await quiesce(system);
  expect(ended).toEqual([reason, "s0"]);
});

test("the end of one who is no parent is an ordinary message, also shutdown", async () => {
  const { system, plain } = await startWorld();
  const seen: unknown[] = [];
  const pid = await running(system, {
    ...noting([]),
    handleInfo: (message, s) => also(seen.push(message), noReply(s)),
  });
  plain.self.exitSignal(pid, Exit.shutdown);
  await quiesce(system);
  expect(seen).toEqual([new Exited(plain.pid, Exit.shutdown)]);
});

test("GS-048 a stop by decision runs terminate, with the new state", async () => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const pid = await running(system, { ...noting(ended), init: () => started("s0") });
  system.cast(pid, () => stop("oops", "s1"));
  await quiesce(system);
  expect(ended).toEqual([Exit.of("oops"), "s1"]);
});

test.each([
  [
    "throws",
    () => {
      throw "E";
    },
  ],
  ["rejects", () => Promise.reject("E")],
])("GS-049 a handler that %s runs terminate with the crash and the state from before", async (_name, deed) => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const pid = await running(system, noting(ended));
  const end = system.exited(pid);
  system.cast(pid, deed);
  expect(await end).toEqual(Exit.crash("E"));
  expect(ended).toEqual([Exit.crash("E"), "s0"]);
});

test("GS-050 without terminate a server ends with the very reason", async () => {
  const { system } = await startWorld();
  for (const reason of [Exit.normal, Exit.of({ error: "test" })]) {
    const pid = await running(system, { init: () => started(0) });
    const end = system.exited(pid);
    await system.stop(pid, { reason });
    expect(await end).toBe(reason);
  }
});

test("GS-051 everyone waits for terminate, and the name is held until it has settled", async () => {
  const { system, pass } = await startWorld();
  const pid = await running(system, { ...doing, terminate: (_r, _s, self) => self.sleep(100) }, { name: "n" });
  let stopped = false;
  void system.stop(pid).then(() => {
    stopped = true;
  });
  await pass(99);
  expect([stopped, system.whereis("n")]).toEqual([false, pid]);
  await pass(1);
  expect([stopped, system.whereis("n")]).toEqual([true, undefined]);
});

test("a terminate that throws gives the reason", async () => {
  const { system } = await startWorld();
  const terminate = (): never => {
    throw "worse";
  };
  const pid = await running(system, { ...doing, terminate });
  expect(await rejection(system.stop(pid))).toMatchObject({ reason: Exit.crash("worse") });
});

test("callers that wait in the queue all fail when the server is killed", async () => {
  const { system } = await startWorld();
  const pid = await running(system, { ...doing, handleCall: () => new Promise<never>(() => {}) });
  const failures = [1, 2, 3].map((n) => rejection(system.call(pid, n)));
  await quiesce(system);
  system.exitSignal(pid, Exit.kill);
  for (const failure of failures) {
    expect(await failure).toMatchObject({ reason: Exit.killed });
  }
});
