import { describe, expect, test } from "@jest/globals";
import {
  type ActorSystem,
  continueWith,
  createActorSystem,
  defineServer,
  Exit,
  type ExitReason,
  isServer,
  launchServer,
  localEnvironment,
  noReply,
  type ReplyTo,
  type Report,
  reply,
  type ServerEnvironment,
  serverMethods,
  serverRef,
  started,
  startServer,
  stop,
  stopReply,
} from "../index.ts";
import { manualClock, quiesce } from "../testing/index.ts";

const counter = defineServer({
  version: 1,
  init: (_setup, start: number = 0) => ({ count: start }),
  calls: {
    add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }),
    read: async ({ state }) => reply(state.count, state),
    fail: (_turn, message: string): never => {
      throw new Error(message);
    },
    quit: ({ state }) => stopReply(state.count, "normal"),
  },
  casts: { reset: () => ({ count: 0 }), leave: () => stop("shutdown") },
});

function startSystem(): { system: ActorSystem; reports: Report[]; clock: ReturnType<typeof manualClock> } {
  const clock = manualClock();
  const reports: Report[] = [];
  return { clock, reports, system: createActorSystem({ clock, report: (report) => reports.push(report) }) };
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("a defined server", () => {
  test("is started with arguments and answers calls by name, casts in between", async () => {
    const { system } = startSystem();
    const ref = await startServer(system, counter, 40);
    expect(await ref.call("add", 2)).toBe(42);
    ref.cast("reset");
    expect(await ref.call("read")).toBe(0);
  });

  test("starts without the arguments that have defaults", async () => {
    const { system } = startSystem();
    expect(await (await startServer(system, counter)).call("add", 1)).toBe(1);
  });

  test("crashes when a handler throws, and the call fails with what was thrown", async () => {
    const { system } = startSystem();
    const ref = await startServer(system, counter);
    const error = await rejection(ref.call("fail", "why"));
    expect(error).toMatchObject({ code: "ACTOR_CALL_FAILED", cause: { message: "why" } });
    expect(system.isAlive(ref.pid)).toBe(false);
  });

  test("ends by stop and stopReply", async () => {
    const { system } = startSystem();
    const first = await startServer(system, counter, 7);
    const firstEnd = system.exited(first.pid);
    expect([await first.call("quit"), await firstEnd]).toEqual([7, Exit.normal]);
    const second = await startServer(system, counter);
    const secondEnd = system.exited(second.pid);
    second.cast("leave");
    expect(await secondEnd).toEqual(Exit.shutdown);
  });

  test("does not take plain data for a decision", async () => {
    const { system } = startSystem();
    const echo = defineServer({
      version: 1,
      init: (): unknown => null,
      calls: { read: ({ state }) => reply(state, state) },
      casts: { set: (_turn, state: unknown) => state },
    });
    const ref = await startServer(system, echo);
    const forged = { kind: "stop", reason: "normal" };
    ref.cast("set", forged);
    expect(await ref.call("read")).toEqual(forged);
  });

  test("crashes when a handler returns nothing", async () => {
    const { system } = startSystem();
    const forgetful = defineServer({ version: 1, init: () => ({}), casts: { forget: () => undefined as never } });
    const ref = await startServer(system, forgetful);
    const end = system.exited(ref.pid);
    ref.cast("forget");
    expect(await end).toEqual(Exit.badReturn("handleCast", undefined));
  });

  test("answers later through the kept reply address", async () => {
    const { system } = startSystem();
    const waiting = defineServer({
      version: 1,
      init: (): { from: ReplyTo | undefined } => ({ from: undefined }),
      calls: { wait: ({ from }) => noReply<string>({ from }) },
      casts: {
        release: ({ state }) => {
          state.from?.reply("released");
          return { from: undefined };
        },
      },
    });
    const ref = await startServer(system, waiting);
    const answer: Promise<string> = ref.call("wait");
    ref.cast("release");
    expect(await answer).toBe("released");
  });

  test("runs info, continue and terminate with its state", async () => {
    const { system } = startSystem();
    const ended: [readonly string[], ExitReason][] = [];
    const noting = defineServer({
      version: 1,
      init: () => started<readonly string[]>([], continueWith("first")),
      calls: { read: ({ state }) => reply(state, state) },
      info: ({ state }, message) => [...state, `info ${String(message)}`],
      continue: ({ state }, value) => [...state, `continue ${String(value)}`],
      terminate: ({ state }, reason) => void ended.push([state, reason]),
    });
    const ref = await startServer(system, noting);
    system.send(ref.pid, "hello");
    const notes = ["continue first", "info hello"];
    expect(await ref.call("read")).toEqual(notes);
    await ref.stop({ reason: Exit.shutdown });
    expect(ended).toEqual([[notes, Exit.shutdown]]);
  });

  test("that does not start rejects with the reason", async () => {
    const { system } = startSystem();
    const broken = defineServer({
      version: 1,
      init: (): number => {
        throw new Error("no");
      },
    });
    expect(await rejection(startServer(system, broken))).toMatchObject({
      code: "ACTOR_START_FAILED",
      cause: { message: "no" },
    });
  });
});

describe("by name", () => {
  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "nothing", ""])(
    "%p is an unknown method, and the server is not disturbed",
    async (name) => {
      const { system } = startSystem();
      const ref = await startServer(system, counter);
      expect(await rejection(ref.applyCall(name, []))).toMatchObject({
        code: "ACTOR_UNKNOWN_METHOD",
        kind: "call",
        method: name,
        known: ["add", "read", "fail", "quit"],
      });
      expect(() => ref.applyCast(name, [])).toThrow(expect.objectContaining({ code: "ACTOR_UNKNOWN_METHOD" }));
      expect(await ref.call("read")).toBe(0);
    },
  );

  test("the server itself refuses what its client thinks it has", async () => {
    const { system, reports } = startSystem();
    const newer = defineServer({
      version: 2,
      init: () => 0,
      calls: { news: ({ state }) => reply(1, state) },
      casts: { newer: ({ state }) => state },
    });
    const { pid } = await startServer(system, counter);
    const ref = serverRef(system, newer, pid);
    expect(await rejection(ref.call("news"))).toMatchObject({ code: "ACTOR_UNKNOWN_METHOD", method: "news" });
    ref.cast("newer");
    await quiesce(system);
    expect(reports).toMatchObject([{ kind: "unexpected-message", pid }]);
    expect(system.isAlive(pid)).toBe(true);
  });

  test("arguments pass unchecked, but not a million of them", async () => {
    const { system } = startSystem();
    const ref = await startServer(system, counter);
    expect(await ref.applyCall("add", ["1"])).toBe("01");
    expect(await rejection(ref.applyCall("add", Array(1_000_000).fill(0)))).toBeInstanceOf(RangeError);
    expect(system.isAlive(ref.pid)).toBe(true);
  });

  test("a host learns the methods there are", () => {
    expect(serverMethods(counter)).toEqual({ calls: ["add", "read", "fail", "quit"], casts: ["reset", "leave"] });
    expect([isServer(counter), isServer({ ...counter, calls: {} }), isServer({ version: 1 }), isServer(null)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test("a call takes the time its reference gives it", async () => {
    const { system, clock } = startSystem();
    const stuck = defineServer({
      version: 1,
      init: () => 0,
      calls: { never: ({ state }) => noReply<string>(state) },
    });
    const ref = await startServer(system, stuck);
    const failure = rejection(ref.within(50).call("never"));
    await quiesce(system);
    clock.advance(50);
    expect(await failure).toMatchObject({ reason: Exit.timeout, timeoutMs: 50 });
  });
});

describe("the context", () => {
  const caller = defineServer({
    version: 1,
    init: ({ ctx }) => {
      ctx.log("starting", 1);
      ctx.log("warn", "careful");
      ctx.log("warn");
      return null;
    },
    calls: { ask: async ({ state, ctx }, method: string) => reply(await ctx.call("counter", method, 5), state) },
    casts: {
      tell: ({ state, ctx }) => {
        ctx.cast("counter", "reset");
        return state;
      },
    },
  });

  test("reaches services by their names in the same system, and logs by reports", async () => {
    const { system, reports } = startSystem();
    await launchServer(system, counter, { args: [100], name: "counter" });
    const ref = await startServer(system, caller);
    expect(await ref.call("ask", "add")).toBe(105);
    ref.cast("tell");
    expect(await ref.call("ask", "add")).toBe(5);
    expect(reports.map((report) => report.kind === "log" && [report.level, ...report.values])).toEqual([
      ["info", "starting", 1],
      ["warn", "careful"],
      ["info", "warn"],
    ]);
  });

  test("a caller that does not handle a failed call crashes of it", async () => {
    const { system } = startSystem();
    const ref = await startServer(system, caller);
    const error = await rejection(ref.call("ask", "add"));
    expect(error).toMatchObject({ reason: { kind: "crash", error: { reason: Exit.noproc, target: "counter" } } });
  });

  test("leads where its environment says", async () => {
    const { system } = startSystem();
    const seen: unknown[] = [];
    const environment: ServerEnvironment = {
      call: async (_self, message) => {
        seen.push(message);
        return "from elsewhere";
      },
      cast: (_self, message) => void seen.push(message),
      log: (_self, level, values) => void seen.push([level, ...values]),
    };
    const result = await launchServer(system, caller, { args: [], environment });
    if (result.kind !== "ok") {
      throw new Error("Expected a start");
    }
    const ref = serverRef(system, caller, result.pid);
    expect(await ref.call("ask", "add")).toBe("from elsewhere");
    ref.cast("tell");
    await quiesce(system);
    expect(seen.slice(3)).toEqual([
      { service: "counter", method: "add", args: [5], remainingMs: 5_000 },
      { service: "counter", method: "reset", args: [] },
    ]);
  });
});

test.each<[string, object]>([
  ["no version", { init: () => 0 }],
  ["a version of 0", { version: 0, init: () => 0 }],
  ["no init", { version: 1 }],
  ["a call that is no function", { version: 1, init: () => 0, calls: { add: 7 } }],
  ["an info that is no function", { version: 1, init: () => 0, info: 7 }],
  ["an unknown part", { version: 1, init: () => 0, call: {} }],
])("a definition with %s is refused", (_name, definition) => {
  expect(() => defineServer(definition as never)).toThrow(TypeError);
});

test("a definition does not change when its parts do", async () => {
  const { system } = startSystem();
  const calls = { read: ({ state }: { state: number }) => reply(state, state) };
  const server = defineServer({ version: 1, init: () => 1, calls });
  Object.assign(calls, { read: () => "changed" });
  expect(await (await startServer(system, server)).call("read")).toBe(1);
});

test("what a server asks while it handles a call is asked within the time that is left of that call", async () => {
  const clock = manualClock();
  const system = createActorSystem({ clock });
  const asked: (number | undefined)[] = [];
  const asking = defineServer({
    version: 1,
    init: () => 0,
    calls: {
      ask: async ({ state, ctx }) => {
        await ctx.self.sleep(300);
        await ctx.call("other", "method");
        return reply(null, state);
      },
    },
    casts: {
      ask: async ({ state, ctx }) => {
        await ctx.call("other", "method");
        return state;
      },
    },
  });
  const environment: ServerEnvironment = {
    ...localEnvironment,
    call: async (_self, { remainingMs }) => asked.push(remainingMs),
  };
  const launched = await launchServer(system, asking, { args: [], environment });
  if (launched.kind !== "ok") throw new Error(launched.kind);
  const ref = serverRef(system, asking, launched.pid).within(1_000);

  const answer = ref.call("ask");
  await quiesce(system);
  clock.advance(300);
  await answer;
  ref.cast("ask");
  await quiesce(system);

  expect(asked).toEqual([700, undefined]);
});

test("the trace of a message goes on with what its handler asks and tells, and not with the next one", async () => {
  const { system } = startSystem();
  const heard: (string | undefined)[] = [];
  const last = defineServer({
    version: 1,
    init: () => 0,
    calls: {
      ask: ({ state, ctx }) => {
        heard.push(ctx.trace);
        return reply(null, state);
      },
    },
    casts: {
      tell: ({ state, ctx }) => {
        heard.push(ctx.trace);
        return state;
      },
    },
  });
  const first = defineServer({
    version: 1,
    init: () => 0,
    calls: {
      ask: async ({ state, ctx }) => {
        ctx.cast("last", "tell");
        await ctx.call("last", "ask");
        return reply(ctx.trace, state);
      },
    },
    casts: {
      tell: ({ state, ctx }) => {
        ctx.cast("last", "tell");
        return state;
      },
    },
  });
  await launchServer(system, last, { args: [], name: "last" });
  const ref = await startServer(system, first);
  expect(await ref.applyCall("ask", [], { trace: "one" })).toBe("one");
  ref.applyCast("tell", [], { trace: "two" });
  expect(await ref.call("ask")).toBeUndefined();
  expect(heard).toEqual(["one", "one", "two", undefined, undefined]);
});

test("a reference by name leads to whoever holds the name", async () => {
  const { system } = startSystem();
  const ref = serverRef(system, counter, "counter");
  expect(ref.pid).toBeUndefined();
  await expect(ref.call("read")).rejects.toMatchObject({ code: "ACTOR_CALL_FAILED", reason: Exit.noproc });
  for (const start of [1, 2]) {
    const result = await launchServer(system, counter, { args: [start], name: "counter" });
    expect(result).toEqual({ kind: "ok", pid: ref.pid });
    expect(await ref.within(10).call("read")).toBe(start);
    ref.cast("reset");
    expect(await ref.call("read")).toBe(0);
    await ref.stop();
  }
});
