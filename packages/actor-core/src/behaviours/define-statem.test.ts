import { expect, test } from "@jest/globals";
import {
  answer,
  answerLater,
  createActorSystem,
  defineServer,
  defineStatem,
  Exit,
  eventTimeout,
  type KeepState,
  keepState,
  keepStateAndData,
  launchStatem,
  MissingCallback,
  NotInState,
  nextEvent,
  nextState,
  postpone,
  type ReplyTo,
  type Report,
  reply,
  replyTo,
  startIn,
  startServer,
  startStatem,
  stateTimeout,
  stopAndReply,
  sys,
  timeout,
  UnknownMethod,
} from "../index.ts";
import { manualClock, quiesce } from "../testing/index.ts";

const world = () => {
  const clock = manualClock();
  const reports: Report[] = [];
  const system = createActorSystem({ clock, report: (report) => reports.push(report) });
  const pass = async (ms: number): Promise<void> => {
    await quiesce(system);
    clock.advance(ms);
    await quiesce(system);
  };
  return { system, reports, pass };
};

const door = defineStatem({
  version: 1,
  init: (_self, code: string) => startIn("locked", { code, wrong: 0 }),
  states: {
    locked: {
      calls: {
        unlock: ({ data }, code: string) =>
          code === data.code
            ? nextState("open", data, answer(true), stateTimeout(10_000))
            : keepState({ ...data, wrong: data.wrong + 1 }, answer(false)),
        enter: () => keepStateAndData(postpone()),
      },
    },
    open: {
      calls: { enter: ({ data }) => keepStateAndData(answer(data.wrong)) },
      casts: { close: ({ data }) => nextState("locked", data) },
      stateTimeout: ({ data }) => nextState("locked", data),
    },
  },
  anyState: { calls: { where: ({ state }) => keepStateAndData(answer(state)) } },
});

test("a machine goes through its states by named calls and casts", async () => {
  const { system, pass } = world();
  const ref = await startStatem(system, door, "1234");
  const entered = ref.call("enter");
  expect(await ref.call("unlock", "0000")).toBe(false);
  expect(await ref.call("unlock", "1234")).toBe(true);
  expect(await entered).toBe(1);
  ref.cast("close");
  expect(await ref.call("where")).toBe("locked");
  await ref.call("unlock", "1234");
  await pass(9_999);
  expect(await ref.call("where")).toBe("open");
  await pass(1);
  expect(await ref.call("where")).toBe("locked");
});

test("a call that the state does not take is refused, and one that no state takes; the machine goes on", async () => {
  const { system } = world();
  const ref = await startStatem(system, door, "1234");
  await ref.call("unlock", "1234");
  await expect(ref.call("unlock", "1234")).rejects.toEqual(new NotInState("unlock", "open"));
  await expect(ref.applyCall("toString", [])).rejects.toBeInstanceOf(UnknownMethod);
  await expect(system.call(ref.pid, "raw")).rejects.toBeInstanceOf(UnknownMethod);
  expect(await ref.call("where")).toBe("open");
});

test("casts and messages that the state does not take are reported", async () => {
  const { system, reports } = world();
  const ref = await startStatem(system, door, "1234");
  ref.cast("close");
  system.cast(ref.pid, "raw");
  system.send(ref.pid, "message");
  expect(await ref.call("where")).toBe("locked");
  expect(reports).toMatchObject([
    { kind: "unexpected-message", message: { method: "close" } },
    { kind: "unexpected-message", message: "raw" },
    { kind: "unexpected-message", message: "message" },
  ]);
});

test.each([
  ["a state timeout", stateTimeout(0), "a.stateTimeout"],
  ["an event timeout", eventTimeout(0), "a.eventTimeout"],
  ["a named timeout", timeout("t", 0), "a.timeouts.t"],
  ["an internal event", nextEvent({ kind: "internal", content: 1 }), "a.internal"],
])("%s that the state has no handler for is a crash", async (_name, action, missing) => {
  const { system } = world();
  const machine = defineStatem({
    version: 1,
    init: () => startIn("a", 0),
    states: { a: { casts: { go: () => keepStateAndData(action) } } },
  });
  const ref = await startStatem(system, machine);
  const end = system.exited(ref.pid);
  ref.cast("go");
  expect(await end).toEqual(Exit.crash(new MissingCallback(missing)));
});

test.each(["enter", "info"])("a handler of %s that returns nothing has made a mistake", async (kind) => {
  const { system } = world();
  const machine = defineStatem({
    version: 1,
    init: () => startIn("a", 0),
    states: { a: { casts: { go: () => nextState("b", 0) } }, b: { [kind]: () => undefined as never } },
  });
  const ref = await startStatem(system, machine);
  const end = system.exited(ref.pid);
  ref.cast("go");
  system.send(ref.pid, "message");
  expect(await end).toEqual(Exit.badReturn(kind === "enter" ? "enter" : "handle", undefined));
});

test("each kind of event has its handler, the state's own before that of any", async () => {
  const { system, pass } = world();
  const noted: unknown[] = [];
  const note =
    (name: string) =>
    (_turn: unknown, content?: unknown): KeepState<never> => {
      noted.push([name, content]);
      return keepStateAndData();
    };
  const machine = defineStatem({
    version: 1,
    init: () => startIn("a", 0),
    states: {
      a: {
        enter: note("enter a"),
        info: note("info"),
        internal: note("internal"),
        stateTimeout: note("state timeout"),
        timeouts: { own: note("own timeout") },
        casts: {
          go: () =>
            keepStateAndData(
              stateTimeout(10, 1),
              timeout("own", 20, 2),
              timeout("any", 30, 3),
              nextEvent({ kind: "internal", content: 4 }),
            ),
          quiet: () => keepStateAndData(eventTimeout(5, 5)),
          leave: () => nextState("b", 1),
        },
      },
      b: {},
    },
    anyState: {
      enter: note("enter any"),
      info: note("info any"),
      eventTimeout: note("event timeout"),
      timeouts: { own: note("any's own"), any: note("any timeout") },
    },
  });
  const ref = await startStatem(system, machine);
  ref.cast("go");
  system.send(ref.pid, "message");
  await pass(10);
  await pass(10);
  await pass(10);
  ref.cast("quiet");
  await pass(5);
  ref.cast("leave");
  await quiesce(system);
  expect(noted).toEqual([
    ["enter a", "a"],
    ["internal", 4],
    ["info", "message"],
    ["state timeout", 1],
    ["own timeout", 2],
    ["any timeout", 3],
    ["event timeout", 5],
    ["enter any", "a"],
  ]);
});

test("a call may be answered in a later event", async () => {
  const { system } = world();
  const queue = defineStatem({
    version: 1,
    init: () => startIn("waiting", [] as readonly ReplyTo[]),
    states: {
      waiting: {
        calls: { next: ({ data, from }) => keepState([...data, from], answerLater<string>()) },
        casts: { give: ({ data }, what: string) => keepState([], ...data.map((from) => replyTo(from, what))) },
      },
    },
  });
  const ref = await startStatem(system, queue);
  const answers: Promise<string>[] = [ref.call("next"), ref.call("next")];
  ref.cast("give", "a");
  expect(await Promise.all(answers)).toEqual(["a", "a"]);
});

test("a machine that stops with an answer has answered, and cleaned up with state and data as they were", async () => {
  const { system } = world();
  const ended: unknown[] = [];
  const machine = defineStatem({
    version: 1,
    init: () => startIn("a", 0),
    states: { a: { calls: { end: () => stopAndReply("normal", [answer("bye")], 7) } } },
    terminate: ({ state, data }, reason) => void ended.push([state, data, reason]),
  });
  const ref = await startStatem(system, machine);
  expect(await ref.call("end")).toBe("bye");
  expect(ended).toEqual([["a", 7, Exit.normal]]);
});

test("a server reaches a machine by its name", async () => {
  const { system } = world();
  await launchStatem(system, door, { args: ["1234"], name: "door" });
  const visitor = defineServer({
    version: 1,
    init: () => 0,
    calls: { visit: async ({ ctx, state }) => reply(await ctx.call("door", "unlock", "1234"), state) },
  });
  expect(await (await startServer(system, visitor)).call("visit")).toBe(true);
});

test("a suspended machine takes a new definition, and state and data as that makes them", async () => {
  const { system } = world();
  const ref = await startStatem(system, door, "1234");
  await ref.call("unlock", "0000");
  const shut = {
    shut: { calls: { where: ({ data }: { data: { tries: number } }) => keepStateAndData(answer(data.tries)) } },
  };
  const init = () => startIn("shut", { tries: 0 });
  const unable = defineStatem({ version: 2, init, states: shut });
  const able = defineStatem({
    version: 2,
    init,
    states: shut,
    migrate: (from, { state, data }) => {
      expect([from, state]).toEqual([1, "locked"]);
      return { state: "shut", data: { tries: (data as { wrong: number }).wrong } };
    },
  });
  await sys.suspend(system, ref.pid);
  expect(await sys.changeCode(system, ref.pid, { to: unable })).toEqual({
    kind: "error",
    error: new MissingCallback("migrate"),
  });
  expect(await sys.changeCode(system, ref.pid, { to: "door" })).toMatchObject({ kind: "error" });
  expect(await sys.changeCode(system, ref.pid, { to: able })).toEqual({ kind: "ok" });
  await sys.resume(system, ref.pid);
  expect(await ref.call("where")).toBe(1);
});

test.each<[string, object, string]>([
  ["a version of 0", { version: 0 }, "wanted a version of 1 or more, got 0"],
  ["no init", { init: undefined }, "wanted a function as init, got undefined"],
  ["no states", { states: {} }, "wanted at least one state"],
  ["a state that is none", { states: { a: 1 } }, "wanted handlers as a, got number"],
  ["a handler that is none", { states: { a: { info: 1 } } }, "wanted a function as a.info, got number"],
  ["a call that is none", { states: { a: { calls: { x: 1 } } } }, "wanted a function as a.calls.x, got number"],
  [
    "a handler for what there is not",
    { states: { a: { call: {} } } },
    "a has no call; known are calls, casts, timeouts, enter, info, internal, stateTimeout, eventTimeout",
  ],
  [
    "a key there is not",
    { state: {} },
    "there is no state; known are version, init, states, anyState, terminate, migrate",
  ],
])("a definition with %s is refused", (_name, wrong, message) => {
  const definition = { version: 1, init: () => startIn("a", 0), states: { a: {} }, ...wrong };
  expect(() => defineStatem(definition as never)).toThrow(new TypeError(`Cannot define state machine: ${message}`));
});
