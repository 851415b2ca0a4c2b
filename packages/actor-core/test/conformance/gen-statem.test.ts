import { expect, test } from "@jest/globals";
import {
  answer,
  type Call,
  type Caller,
  Down,
  type EnterResult,
  Exit,
  Exited,
  type ExitReason,
  eventTimeout,
  failStart,
  type GenStatem,
  type HandlerStatem,
  ignore,
  keepState,
  keepStateAndData,
  MissingCallback,
  nextEvent,
  nextState,
  type Pid,
  postpone,
  processInfo,
  type ReplyTo,
  repeatState,
  repeatStateAndData,
  replyTo,
  type Self,
  type StartOptions,
  type StatemEvent,
  type StatemResult,
  startGenStatem,
  startIn,
  stateTimeout,
  stop,
  stopAndReply,
  sys,
  timeout,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { rejection, startWorld } from "./world.ts";

const boom = Exit.of("boom");

/** A result, after something was noted on the way. */
const also = <T>(_noted: unknown, result: T): T => result;

/** What an event was about. */
function contentOf(event: StatemEvent): unknown {
  switch (event.kind) {
    case "call":
    case "cast":
      return event.request;
    case "info":
      return event.message;
    default:
      return event.content;
  }
}

/** Requests and messages are functions from state, data and event to a result; all else is kept as it is. */
type Deed = (state: unknown, data: unknown, event: StatemEvent, self: Self) => StatemResult<unknown, unknown>;
const doing: HandlerStatem<unknown, unknown> = {
  init: () => startIn("a", "d0"),
  handle: (event, state, data, self) => {
    const deed = contentOf(event);
    return typeof deed === "function" ? (deed as Deed)(state, data, event, self) : keepStateAndData();
  },
};

/** The state and data a machine has, asked for as a caller would. */
const standing: Deed = (state, data) => keepStateAndData(answer([state, data]));

/**
 * A machine that notes each event with the state it came in: `["a", "cast", 1]`. What it does is told by deeds, which
 * are not noted, and by `rules`, from `state kind content` to a result.
 */
function noting(rules: { readonly [event: string]: () => StatemResult<unknown, unknown> } = {}): {
  readonly machine: HandlerStatem<unknown, unknown>;
  readonly noted: unknown[];
} {
  const noted: unknown[] = [];
  const machine: HandlerStatem<unknown, unknown> = {
    ...doing,
    handle: (event, state, data, self) => {
      const content = contentOf(event);
      if (typeof content === "function") {
        return doing.handle(event, state, data, self);
      }
      noted.push([state, event.kind, content]);
      return rules[`${state} ${event.kind} ${content}`]?.() ?? keepStateAndData();
    },
  };
  return { machine, noted };
}

/** Notes what is entered, as `["enter", from, state]`. */
const entering = (noted: unknown[], result: () => EnterResult<unknown> = keepStateAndData) => ({
  enter: (from: unknown, state: unknown): EnterResult<unknown> => {
    noted.push(["enter", from, state]);
    return result();
  },
});

async function running<S, D>(caller: Caller, statem: GenStatem<S, D>, options?: StartOptions): Promise<Pid> {
  const result = await startGenStatem(caller, statem, [], options);
  if (result.kind !== "ok") {
    throw new Error(`Expected a start, got ${result.kind}`);
  }
  return result.pid;
}

test("SM-001 a machine starts anonymously, answers, and is gone after its stop", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const end = system.exited(pid);
  expect(await system.call(pid, () => stopAndReply("stopped", [answer("ok")]))).toBe("ok");
  expect(await end).toEqual(Exit.of("stopped"));
  expect(await rejection(system.call(pid, standing))).toMatchObject({ reason: Exit.noproc });
});

test("SM-001 a linked machine takes its starter along, and the other way round", async () => {
  const { system, plain, trapping } = await startWorld();
  const first = await running(trapping.self, doing, { link: true });
  system.cast(first, () => stop("boom"));
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(first, boom)]);
  const second = await running(plain.self, doing, { link: true });
  system.exitSignal(plain.pid, boom);
  expect(system.isAlive(second)).toBe(false);
});

test("SM-001 a monitored start gives the monitor", async () => {
  const { system, plain } = await startWorld();
  const result = await startGenStatem(plain.self, doing, [], { monitor: true });
  if (result.kind !== "ok" || result.monitor === undefined) {
    throw new Error("Expected a monitored start");
  }
  await system.stop(result.pid, { reason: boom });
  await quiesce(system);
  expect(plain.messages).toEqual([new Down(result.monitor, result.pid, boom)]);
});

test("SM-001 a name leads to the machine, and a second start under it tells who holds it", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing, { name: "n" });
  expect(await system.call("n", standing)).toEqual(["a", "d0"]);
  expect(await startGenStatem(system, doing, [], { name: "n" })).toEqual({ kind: "already-started", pid });
});

test.each<[string, () => never, unknown]>([
  ["ignores", () => ignore() as never, { kind: "ignore" }],
  ["stops", () => stop("r") as never, { kind: "error", reason: Exit.of("r") }],
  ["fails", () => failStart("r") as never, { kind: "error", reason: Exit.of("r") }],
  ["returns foo", () => "foo" as never, { kind: "error", reason: Exit.badReturn("init", "foo") }],
  ["rejects", () => Promise.reject("E") as never, { kind: "error", reason: Exit.crash("E") }],
])("SM-001 an init that %s gives that outcome, and the name is free", async (_name, init, outcome) => {
  const { system } = await startWorld();
  expect(await startGenStatem(system, { ...doing, init }, [], { name: "n" })).toEqual(outcome);
  expect(system.whereis("n")).toBeUndefined();
});

test("SM-001 an init that stops ends a linked starter that does not trap; one that ignores or fails does not", async () => {
  const { system, plain } = await startWorld();
  for (const init of [() => ignore(), () => failStart("boom")]) {
    await startGenStatem(plain.self, { ...doing, init }, [], { link: true });
    expect(system.isAlive(plain.pid)).toBe(true);
  }
  const end = system.exited(plain.pid);
  void startGenStatem(plain.self, { ...doing, init: () => stop("boom") }, [], { link: true }).catch(() => {});
  expect(await end).toEqual(boom);
});

test("SM-001 an init out of time is killed, and nothing of it remains", async () => {
  const { system, plain, pass } = await startWorld();
  const statem = { ...doing, init: (self: Self) => self.sleep(1_000).then(() => startIn("a", "d0")) };
  const start = startGenStatem(plain.self, statem, [], { timeoutMs: 100, name: "n", link: true });
  await pass(99);
  expect(system.whereis("n")).toBeDefined();
  await pass(1);
  expect(await start).toEqual({ kind: "error", reason: Exit.timeout });
  expect(system.whereis("n")).toBeUndefined();
  expect([plain.messages, system.isAlive(plain.pid)]).toEqual([[], true]);
});

test("SM-001 start arguments reach init", async () => {
  const { system } = await startWorld();
  const statem: GenStatem<string, number, readonly [string, number]> = {
    init: (_self, state, data) => startIn(state, data),
    handle: (_event, state, data) => keepStateAndData(answer([state, data])),
  };
  const result = await startGenStatem(system, statem, ["x", 7]);
  expect(await system.call((result as { pid: Pid }).pid, 1)).toEqual(["x", 7]);
});

test("SM-002 stop ends a machine by pid and by name, with a reason, and its name is free", async () => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const statem: typeof doing = {
    ...doing,
    terminate: (reason, state, data) => void ended.push([reason, state, data]),
  };
  const pid = await running(system, statem);
  await system.stop(pid);
  expect(await rejection(system.stop(pid))).toMatchObject({ reason: Exit.noproc });
  await running(system, statem, { name: "n" });
  await system.stop("n", { reason: boom });
  expect(system.whereis("n")).toBeUndefined();
  expect(ended).toEqual([
    [Exit.normal, "a", "d0"],
    [boom, "a", "d0"],
  ]);
});

test("SM-002 stop with a bad time is refused and does nothing", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  expect(await rejection(system.stop(pid, { timeoutMs: -1 }))).toBeInstanceOf(RangeError);
  expect(await system.call(pid, standing)).toEqual(["a", "d0"]);
});

test("SM-002 stop waits behind the messages that came before", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, 1);
  const stopped = system.stop(pid);
  system.cast(pid, 2);
  await stopped;
  expect(noted).toEqual([["a", "cast", 1]]);
});

test("SM-003 an answer within the time arrives, one beyond it does not", async () => {
  const { system, pass } = await startWorld();
  const after = (ms: number) => async (_s: unknown, _d: unknown, _e: StatemEvent, self: Self) => {
    await self.sleep(ms);
    return keepStateAndData(answer("late"));
  };
  const pid = await running(system, doing);
  const answered = system.call(pid, after(100), { timeoutMs: 2_000 });
  await pass(100);
  expect(await answered).toBe("late");
  const failed = rejection(system.call(pid, after(2_000), { timeoutMs: 100 }));
  await pass(100);
  expect(await failed).toMatchObject({ reason: Exit.timeout });
});

test("SM-004 an illegal result ends the machine and fails the call with it", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const end = system.exited(pid);
  const reason = Exit.badReturn("handle", "badreturn");
  expect(await rejection(system.call(pid, () => "badreturn"))).toMatchObject({ reason });
  expect(await end).toEqual(reason);
});

test("SM-004 a look-alike of a result is no result", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const forged: unknown = JSON.parse('{"kind":"keepState","actions":[]}');
  expect(await rejection(system.call(pid, () => forged))).toMatchObject({ reason: Exit.badReturn("handle", forged) });
});

test.each([
  ["of no kind", "badaction"],
  ["of an unknown kind", { kind: "hibernate" }],
  ["that is no object", null],
  ["with a time below 0", stateTimeout(-1)],
  ["with a time that is no number", timeout("t", Number.NaN)],
  ["with a time that is a text", eventTimeout("soon" as never)],
  ["with a bad absolute time", eventTimeout({ atMs: "1" as never })],
  ["with an event of no kind", nextEvent({ kind: "what" } as never)],
  ["that answers nobody", replyTo(undefined as never, 1)],
])("SM-005 an action %s ends the machine with it", async (_name, action) => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const pid = await running(system, { ...doing, terminate: (...facts) => void ended.push(facts.slice(0, 3)) });
  const reason = Exit.badReturn("action", action);
  const first = system.call(pid, () => nextState("b", "d1", answer("first"), action as never));
  expect(await first).toBe("first");
  await quiesce(system);
  expect(ended).toEqual([[reason, "b", "d1"]]);
  expect(system.isAlive(pid)).toBe(false);
});

test("SM-005 a bad action of init ends the machine that has started", async () => {
  const { system, trapping } = await startWorld();
  const init = () => startIn("a", "d0", "bad" as never);
  const result = await startGenStatem(trapping.self, { ...doing, init }, [], { link: true });
  await quiesce(system);
  expect(result.kind).toBe("ok");
  expect(trapping.messages).toEqual([new Exited(expect.anything() as never, Exit.badReturn("action", "bad"))]);
});

test("SM-005 answering what is no call is a bad action", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const end = system.exited(pid);
  system.cast(pid, () => keepStateAndData(answer(1)));
  expect(await end).toEqual(Exit.badReturn("action", answer(1)));
});

test("SM-006 a planned stop with a reply answers, tells those linked, and is not reported", async () => {
  const { system, trapping, reports } = await startWorld();
  const pid = await running(trapping.self, doing, { link: true });
  const reason = Exit.shutdownFor("r");
  const deed: Deed = (_s, _d, event) => stopAndReply(reason, [replyTo((event as { from: ReplyTo }).from, "reply")]);
  expect(await trapping.self.call(pid, deed)).toBe("reply");
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, reason)]);
  expect(reports).toEqual([]);
});

/** The machine of OTP's suite, each state with a function of its own. */
type Phase = "idle" | "wait" | "connected";
const going = (to: Phase, event: StatemEvent): StatemResult<Phase, number> =>
  event.kind === "call" ? nextState(to, 0, answer("accept")) : nextState(to, 0);
const asking = (state: Phase, event: StatemEvent): StatemResult<Phase, number> =>
  contentOf(event) === "state" ? keepStateAndData(answer(state)) : keepStateAndData(answer("wrong_state"));
const connection: GenStatem<Phase, number> = {
  init: () => startIn("idle", 0),
  states: {
    idle: { handle: (event) => (contentOf(event) === "connect" ? going("wait", event) : asking("idle", event)) },
    wait: {
      handle: (event) => {
        switch (contentOf(event)) {
          case "confirm":
            return going("connected", event);
          case "ping":
            return keepStateAndData(postpone());
          default:
            return asking("wait", event);
        }
      },
    },
    connected: {
      handle: (event) => {
        switch (contentOf(event)) {
          case "ping":
            return keepStateAndData(answer("pong"));
          case "disconnect":
            return going("idle", event);
          default:
            return asking("connected", event);
        }
      },
    },
  },
};

test.each(["cast", "call"] as const)("SM-007 a machine goes through its states by %s", async (by) => {
  const { system } = await startWorld();
  const pid = await running(system, connection);
  const seen: unknown[] = [await system.call(pid, "state")];
  for (const step of ["connect", "confirm", "disconnect"]) {
    await (by === "cast" ? system.cast(pid, step) : system.call(pid, step));
    seen.push(await system.call(pid, "state"));
  }
  expect(seen).toEqual(["idle", "wait", "connected", "idle"]);
});

test("SM-007 a state that is not in the map ends the machine", async () => {
  const { system } = await startWorld();
  const pid = await running(system, {
    init: () => startIn("a", 0),
    states: { a: { handle: () => nextState("toString" as "a", 0, nextEvent({ kind: "internal", content: 1 })) } },
  });
  const end = system.exited(pid);
  system.cast(pid, "go");
  expect(await end).toEqual(Exit.crash(new MissingCallback("states.toString")));
});

test("SM-008 a postponed call is answered in the state that can", async () => {
  const { system } = await startWorld();
  const pid = await running(system, connection);
  system.cast(pid, "connect");
  let answered: unknown;
  const ping = system.call(pid, "ping").then((value) => {
    answered = value;
  });
  await quiesce(system);
  expect(answered).toBeUndefined();
  system.cast(pid, "confirm");
  await ping;
  expect(answered).toBe("pong");
});

test("SM-009 postponed events come again in order after a change of state, before what came later", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting({
    "a cast 1": () => keepStateAndData(postpone()),
    "a cast 2": () => keepStateAndData(postpone()),
    "a cast go": () => nextState("b", "d1"),
  });
  const pid = await running(system, machine);
  for (const request of [1, 2, "go", 3]) {
    system.cast(pid, request);
  }
  await quiesce(system);
  expect(noted).toEqual([
    ["a", "cast", 1],
    ["a", "cast", 2],
    ["a", "cast", "go"],
    ["b", "cast", 1],
    ["b", "cast", 2],
    ["b", "cast", 3],
  ]);
});

test("SM-009 an event postponed together with a change of state comes last of the postponed, and can be again", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting({
    "a cast 1": () => keepStateAndData(postpone()),
    "a cast 2": () => nextState("b", "d1", postpone()),
    "b cast 1": () => keepStateAndData(postpone()),
    "b cast 2": () => nextState("c", "d2", postpone(), postpone(false)),
  });
  const pid = await running(system, machine);
  system.cast(pid, 1);
  system.cast(pid, 2);
  await quiesce(system);
  expect(noted).toEqual([
    ["a", "cast", 1],
    ["a", "cast", 2],
    ["b", "cast", 1],
    ["b", "cast", 2],
    ["c", "cast", 1],
  ]);
});

test.each<[string, () => StatemResult<unknown, unknown>]>([
  ["keeping the state", () => keepState("d1")],
  ["repeating the state", () => repeatStateAndData()],
  ["going to the same state", () => nextState("a", "d1")],
])("SM-010 a postponed event does not come again by %s", async (_name, result) => {
  const { system } = await startWorld();
  const { machine, noted } = noting({ "a cast 1": () => keepStateAndData(postpone()), "a cast stay": result });
  const pid = await running(system, machine);
  system.cast(pid, 1);
  system.cast(pid, "stay");
  await quiesce(system);
  expect(noted).toEqual([
    ["a", "cast", 1],
    ["a", "cast", "stay"],
  ]);
});

const internal = (content: unknown) => nextEvent({ kind: "internal", content });

test("SM-011 inserted events come in order and before all that wait", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting({
    "a cast go": () => keepStateAndData(internal("a"), internal("b"), internal("c")),
    "a internal a": () => keepStateAndData(internal("nested")),
  });
  const pid = await running(system, machine);
  system.cast(pid, "go");
  system.cast(pid, "later");
  await quiesce(system);
  expect(noted).toEqual([
    ["a", "cast", "go"],
    ["a", "internal", "a"],
    ["a", "internal", "nested"],
    ["a", "internal", "b"],
    ["a", "internal", "c"],
    ["a", "cast", "later"],
  ]);
});

test("SM-011 inserted events come before postponed ones, and may be of any kind", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting({
    "a cast 1": () => keepStateAndData(postpone()),
    "a cast go": () =>
      nextState(
        "b",
        "d1",
        nextEvent({ kind: "cast", request: "put in" }),
        nextEvent({ kind: "state-timeout", content: "forged" }),
      ),
  });
  const pid = await running(system, machine);
  system.cast(pid, 1);
  system.cast(pid, "go");
  await quiesce(system);
  expect(noted.slice(2)).toEqual([
    ["b", "cast", "put in"],
    ["b", "state-timeout", "forged"],
    ["b", "cast", 1],
  ]);
});

test("SM-011 a machine that feeds itself for ever can be stopped, and lets others have their turn", async () => {
  const { system } = await startWorld();
  const again = (): StatemResult<unknown, unknown> => keepStateAndData(internal("again"));
  const { machine } = noting({ "a cast go": again, "a internal again": again });
  const pid = await running(system, machine);
  system.cast(pid, "go");
  await system.stop(pid, { reason: boom });
  expect(system.isAlive(pid)).toBe(false);
});

test("SM-012 what looks like an internal event or a timeout comes as info from outside", async () => {
  const { system } = await startWorld();
  const noted: StatemEvent[] = [];
  const pid = await running(system, { ...doing, handle: (event) => also(noted.push(event), keepStateAndData()) });
  const forged = [
    { kind: "internal", content: 1 },
    { kind: "state-timeout", content: 1 },
  ];
  for (const message of forged) {
    system.send(pid, message);
  }
  await quiesce(system);
  expect(noted).toEqual(forged.map((message) => ({ kind: "info", message })));
});

test("SM-013 a state timeout comes at its time with its content, once", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => nextState("b", "d1", stateTimeout(100, "content")));
  await pass(99);
  expect(noted).toEqual([]);
  await pass(1);
  expect(noted).toEqual([["b", "state-timeout", "content"]]);
  await pass(1_000);
  expect(noted).toHaveLength(1);
});

test("SM-013 a state timeout may be set in init, and at a time of the clock", async () => {
  const { system, clock, pass } = await startWorld();
  clock.advance(1_000);
  const { machine, noted } = noting();
  await running(system, { ...machine, init: () => startIn("a", "d0", stateTimeout({ atMs: 1_100 }, "absolute")) });
  await pass(99);
  expect(noted).toEqual([]);
  await pass(1);
  expect(noted).toEqual([["a", "state-timeout", "absolute"]]);
});

test("SM-014 a change of state cancels the state timeout, also one whose time has come", async () => {
  const { system, clock, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => nextState("b", "d1", stateTimeout(100)));
  await pass(50);
  system.cast(pid, () => nextState("c", "d1"));
  await pass(1_000);
  expect(noted).toEqual([]);
  system.cast(pid, () => nextState("b", "d1", stateTimeout(100)));
  await quiesce(system);
  system.cast(pid, () => nextState("c", "d1"));
  // In its mailbox behind the cast by now.
  clock.advance(100);
  await quiesce(system);
  expect(noted).toEqual([]);
});

test("SM-015 other events leave the state timeout alone", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => nextState("b", "d1", stateTimeout(100, 1)));
  await pass(50);
  system.cast(pid, () => keepState("d2"));
  system.cast(pid, () => repeatState("d3"));
  await pass(49);
  expect(noted).toEqual([]);
  await pass(1);
  expect(noted).toEqual([["b", "state-timeout", 1]]);
});

test("SM-016 going to the same state leaves the state timeout running", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => nextState("b", "d1", stateTimeout(100, 1)));
  await pass(50);
  system.cast(pid, () => nextState("b", "d2"));
  await pass(50);
  expect(noted).toEqual([["b", "state-timeout", 1]]);
});

test("SM-017 a state timeout set again counts from then, and infinity cancels it", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => nextState("b", "d1", stateTimeout(100, "old")));
  await pass(50);
  system.cast(pid, () => keepStateAndData(stateTimeout(300, "new")));
  await pass(299);
  expect(noted).toEqual([]);
  await pass(1);
  expect(noted).toEqual([["b", "state-timeout", "new"]]);
  system.cast(pid, () => keepStateAndData(stateTimeout(100)));
  await pass(50);
  system.cast(pid, () => keepStateAndData(stateTimeout(Number.POSITIVE_INFINITY)));
  await pass(1_000);
  expect(noted).toHaveLength(1);
});

test("SM-017 of several settings of one timer in a result the last counts", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(stateTimeout(10, 1), stateTimeout(30, 2), stateTimeout(20, 3)));
  await pass(100);
  expect(noted).toEqual([["a", "state-timeout", 3]]);
});

test("SM-017 an update changes the content and not the time; of one that does not run it comes at once", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(stateTimeout(100, "old")));
  await pass(50);
  system.cast(pid, () => keepStateAndData(stateTimeout("update", "new")));
  await pass(49);
  expect(noted).toEqual([]);
  await pass(1);
  expect(noted).toEqual([["a", "state-timeout", "new"]]);
  system.cast(pid, () => keepStateAndData(stateTimeout("update", "at once")));
  system.cast(pid, "queued");
  await quiesce(system);
  expect(noted.slice(1)).toEqual([
    ["a", "state-timeout", "at once"],
    ["a", "cast", "queued"],
  ]);
});

test("SM-018 any event cancels an event timeout, whatever is done with it", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting({ "a info x": () => keepStateAndData(postpone()) });
  const pid = await running(system, machine);
  for (const message of ["ignored", "x"]) {
    system.cast(pid, () => keepStateAndData(eventTimeout(60)));
    await pass(30);
    system.send(pid, message);
    await pass(1_000);
  }
  expect(noted).toEqual([
    ["a", "info", "ignored"],
    ["a", "info", "x"],
  ]);
});

test("SM-019 an event timeout comes when nothing else does, once", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(eventTimeout(60, "quiet")));
  await pass(59);
  expect(noted).toEqual([]);
  await pass(1);
  await pass(1_000);
  expect(noted).toEqual([["a", "event-timeout", "quiet"]]);
});

test("SM-020 a named timeout lives through transitions and events", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(timeout("g", 100, "content")));
  await pass(50);
  system.cast(pid, () => nextState("b", "d1"));
  system.cast(pid, "event");
  await pass(50);
  expect(noted).toEqual([
    ["b", "cast", "event"],
    ["b", "timeout", "content"],
  ]);
});

test("SM-021 named, state and event timeouts come each as its own", async () => {
  const { system, clock, pass } = await startWorld();
  const noted: unknown[] = [];
  const pid = await running(system, {
    ...doing,
    handle: (event, ...rest) =>
      event.kind === "cast"
        ? doing.handle(event, ...rest)
        : also(noted.push([clock.nowMs(), event]), keepStateAndData()),
  });
  system.cast(pid, () => keepStateAndData(timeout("state", 500, 1), stateTimeout(100, 2), eventTimeout(50, 3)));
  await pass(0);
  for (const ms of [50, 50, 400]) {
    await pass(ms);
  }
  expect(noted).toEqual([
    [50, { kind: "event-timeout", content: 3 }],
    [100, { kind: "state-timeout", content: 2 }],
    [500, { kind: "timeout", name: "state", content: 1 }],
  ]);
});

test("SM-022 timeouts of two names are independent, and setting one again replaces only it", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(timeout("g", 100, "g"), timeout("h", 200, "h")));
  await pass(50);
  system.cast(pid, () => keepStateAndData(timeout("g", 300, "g again")));
  await pass(150);
  expect(noted).toEqual([["a", "timeout", "h"]]);
  await pass(150);
  expect(noted.slice(1)).toEqual([["a", "timeout", "g again"]]);
});

test("SM-022 a timeout beyond 2^31 ms comes at its time", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(timeout("g", 2 ** 32, "long")));
  await pass(2 ** 32 - 1);
  expect(noted).toEqual([]);
  await pass(1);
  expect(noted).toEqual([["a", "timeout", "long"]]);
});

test("SM-023 cancelling a timer that runs stops it, and one that does not is no error", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  const cancels = [stateTimeout("cancel"), eventTimeout("cancel"), timeout("g", "cancel")];
  system.cast(pid, () => keepStateAndData(...cancels));
  expect(await system.call(pid, standing)).toEqual(["a", "d0"]);
  system.cast(pid, () => keepStateAndData(stateTimeout(0), timeout("g", 10)));
  system.cast(pid, () => keepStateAndData(timeout("g", 0), ...cancels));
  await pass(100);
  expect(noted).toEqual([["a", "state-timeout", undefined]]);
});

test("SM-024 an event timeout of 0 comes before an event that waits outside", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(eventTimeout(0, "zero")));
  system.cast(pid, "queued");
  await quiesce(system);
  expect(noted).toEqual([
    ["a", "event-timeout", "zero"],
    ["a", "cast", "queued"],
  ]);
});

test("SM-024 an event timeout of 0 never comes when an inserted or postponed event does", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting({ "a cast keep": () => keepStateAndData(postpone()) });
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(eventTimeout(0), internal("put in")));
  system.cast(pid, "keep");
  system.cast(pid, () => nextState("b", "d1", eventTimeout(0)));
  await quiesce(system);
  expect(noted).toEqual([
    ["a", "internal", "put in"],
    ["a", "cast", "keep"],
    ["b", "cast", "keep"],
  ]);
});

test("SM-025 state and named timeouts of 0 come in the order of setting, before an event that waits outside", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  system.cast(pid, () => keepStateAndData(timeout("g", 0, 1), stateTimeout(0, 2), timeout("h", 0, 3), internal("in")));
  system.cast(pid, "queued");
  await quiesce(system);
  expect(noted).toEqual([
    ["a", "internal", "in"],
    ["a", "timeout", 1],
    ["a", "state-timeout", 2],
    ["a", "timeout", 3],
    ["a", "cast", "queued"],
  ]);
});

test("SM-026 a state is entered before any event: at the start from itself, then from the one before", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting({
    "a cast keep": () => keepStateAndData(postpone()),
    "a cast go": () => nextState("b", "d1", internal("put in")),
  });
  const pid = await running(system, { ...machine, ...entering(noted) });
  for (const request of ["keep", "go", "queued"]) {
    system.cast(pid, request);
  }
  await quiesce(system);
  expect(noted).toEqual([
    ["enter", "a", "a"],
    ["a", "cast", "keep"],
    ["a", "cast", "go"],
    ["enter", "a", "b"],
    ["b", "internal", "put in"],
    ["b", "cast", "keep"],
    ["b", "cast", "queued"],
  ]);
});

test("SM-026 a state's own enter callback runs, and start has returned before", async () => {
  const { system } = await startWorld();
  const noted: unknown[] = [];
  const statem: GenStatem<"a" | "b", number> = {
    init: () => startIn("a", 0),
    states: {
      a: { handle: () => nextState("b", 1) },
      b: { enter: (from, data) => also(noted.push([from, data]), stop("boom")), handle: () => keepStateAndData() },
    },
  };
  const pid = await running(system, statem);
  const end = system.exited(pid);
  system.cast(pid, "go");
  expect(await end).toEqual(boom);
  expect(noted).toEqual([["a", 1]]);
  const failing: typeof doing = { ...doing, enter: () => stop("boom") };
  const result = await startGenStatem(system, failing, []);
  expect(result.kind).toBe("ok");
});

test.each<[string, unknown, ExitReason]>([
  ["goes elsewhere", nextState("c", 0), Exit.badReturn("enter", nextState("c", 0))],
  ["returns anything else", "foo", Exit.badReturn("enter", "foo")],
  ["returns nothing", undefined, Exit.badReturn("enter", undefined)],
  ["postpones", keepStateAndData(postpone()), Exit.badReturn("enter action", postpone())],
  ["puts an event in", keepStateAndData(internal(1)), Exit.badReturn("enter action", internal(1))],
])("SM-026 an enter callback that %s ends the machine", async (_name, result, reason) => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const pid = await running(system, {
    ...doing,
    enter: (_from: unknown, state: unknown) => (state === "b" ? (result as never) : keepStateAndData()),
    terminate: (...facts) => void ended.push(facts.slice(0, 3)),
  });
  system.cast(pid, () => nextState("b", "d1"));
  await quiesce(system);
  expect(ended).toEqual([[reason, "b", "d1"]]);
});

test("SM-026 an enter callback that throws leaves terminate the state and data from before", async () => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const pid = await running(system, {
    ...doing,
    enter: (_from: unknown, state: unknown) => {
      if (state === "b") {
        throw "E";
      }
      return keepStateAndData();
    },
    terminate: (...facts) => void ended.push(facts.slice(0, 3)),
  });
  system.cast(pid, () => nextState("b", "d1"));
  await quiesce(system);
  expect(ended).toEqual([[Exit.crash("E"), "a", "d0"]]);
});

test("SM-026 a state's own enter callback that returns nothing ends the machine", async () => {
  const { system } = await startWorld();
  const statem: GenStatem<"a" | "b", number> = {
    init: () => startIn("a", 0),
    states: {
      a: { handle: () => nextState("b", 1) },
      b: { enter: () => undefined as never, handle: () => keepStateAndData() },
    },
  };
  const pid = await running(system, statem);
  const end = system.exited(pid);
  system.cast(pid, "go");
  expect(await end).toEqual(Exit.badReturn("enter", undefined));
});

test("SM-027 the same state is not entered again, unless it is repeated", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting({ "a cast keep": () => keepStateAndData(postpone()) });
  const pid = await running(system, { ...machine, ...entering(noted) });
  system.cast(pid, "keep");
  system.cast(pid, () => nextState("a", "d1"));
  await quiesce(system);
  expect(noted.splice(0)).toEqual([
    ["enter", "a", "a"],
    ["a", "cast", "keep"],
  ]);
  system.cast(pid, () => repeatState("d2"));
  system.cast(pid, () => repeatStateAndData());
  await quiesce(system);
  expect(noted).toEqual([
    ["enter", "a", "a"],
    ["enter", "a", "a"],
  ]);
  expect(await system.call(pid, standing)).toEqual(["a", "d2"]);
});

test("SM-027 an enter callback repeats its state as often as it likes, and its events come after all of that", async () => {
  const { system } = await startWorld();
  const times = 100_000;
  for (const wait of [
    (result: EnterResult<number>) => result,
    (result: EnterResult<number>) => Promise.resolve(result),
  ]) {
    const statem: HandlerStatem<string, number> = {
      init: () => startIn("counting", 0, nextEvent({ kind: "internal", content: "counted" })),
      enter: (_from, _state, count) => wait(count < times ? repeatState(count + 1) : keepStateAndData()),
      handle: (event, _state, count) => (event.kind === "call" ? keepStateAndData(answer(count)) : keepState(-count)),
    };
    const pid = await running(system, statem);
    expect(await system.call(pid, "count")).toBe(-times);
  }
});

test("SM-027 one that repeats its state for ever lets others have their turn, and can be killed", async () => {
  const { system } = await startWorld();
  let entered = 0;
  const pid = await running(system, {
    init: () => startIn("round", 0),
    enter() {
      entered += 1;
      return repeatStateAndData();
    },
    handle: () => keepStateAndData(),
  });
  const other = system.spawn({ handle: (message) => (message as Call).from.reply("here") });
  expect(await system.call(other, "there?")).toBe("here");
  system.exitSignal(pid, Exit.kill);
  expect(await system.exited(pid)).toEqual(Exit.noproc);
  const before = entered;
  await quiesce(system);
  expect(entered).toBe(before);
  expect(before).toBeGreaterThan(0);
});

test("SM-028 data, timeouts and answers of an enter callback are in force", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  let waiting: ReplyTo | undefined;
  const pid = await running(system, {
    ...machine,
    enter: (_from: unknown, state: unknown) =>
      state === "b" && waiting !== undefined
        ? keepState("entered", stateTimeout(100, "entered"), replyTo(waiting, "in b"))
        : keepStateAndData(),
  });
  const answered = system.call(pid, (_s: unknown, _d: unknown, event: StatemEvent) => {
    waiting = (event as { from: ReplyTo }).from;
    return nextState("b", "d1", stateTimeout(50, "overruled"));
  });
  expect(await answered).toBe("in b");
  expect(await system.call(pid, standing)).toEqual(["b", "entered"]);
  await pass(50);
  expect(noted).toEqual([]);
  await pass(50);
  expect(noted).toEqual([["b", "state-timeout", "entered"]]);
});

test("SM-029 several replies of one result reach their callers in the order of actions", async () => {
  const { system } = await startWorld();
  const waiting: ReplyTo[] = [];
  const order: unknown[] = [];
  const pid = await running(system, doing);
  const wait: Deed = (_s, _d, event) => also(waiting.push((event as { from: ReplyTo }).from), keepStateAndData());
  const calls = [0, 1].map((n) => system.call(pid, wait).then((value) => order.push([n, value])));
  await quiesce(system);
  const [first, second] = waiting;
  system.cast(pid, () => keepStateAndData(replyTo(second as ReplyTo, "two"), replyTo(first as ReplyTo, "one")));
  await Promise.all(calls);
  expect(order).toEqual([
    [1, "two"],
    [0, "one"],
  ]);
});

test("SM-030 stop and reply answers first; terminate sees the data as returned", async () => {
  const { system } = await startWorld();
  const order: unknown[] = [];
  const pid = await running(system, { ...doing, terminate: (...facts) => void order.push(facts.slice(0, 3)) });
  const end = system.exited(pid).then((reason) => order.push(reason));
  await system.call(pid, () => stopAndReply("boom", [answer("rep")], "d9")).then((value) => order.push(value));
  await end;
  expect(order).toEqual([[boom, "a", "d9"], "rep", boom]);
});

test("SM-030 a stop without data keeps it, and one with data has it", async () => {
  const { system } = await startWorld();
  const ended: unknown[] = [];
  const statem: typeof doing = { ...doing, terminate: (_reason, state, data) => void ended.push([state, data]) };
  system.cast(await running(system, statem), () => stop("boom"));
  system.cast(await running(system, statem), () => stop("boom", "d9"));
  system.cast(await running(system, statem), () => stop("boom", undefined));
  await quiesce(system);
  expect(ended).toEqual([
    ["a", "d0"],
    ["a", "d9"],
    ["a", undefined],
  ]);
});

test("SM-030 other actions than replies do not go with a stop", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const end = system.exited(pid);
  system.cast(pid, () => stopAndReply("normal", [postpone() as never]));
  expect(await end).toEqual(Exit.badReturn("reply", postpone()));
});

test("SM-031 a machine with running timers stops with terminate, and no timer comes afterwards", async () => {
  const { system, clock, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, {
    ...machine,
    terminate: async (reason, state, data, self) => {
      noted.push([reason, state, data]);
      await self.sleep(50);
    },
  });
  system.cast(pid, () => nextState("b", "d1", stateTimeout(10), timeout("g", 20), eventTimeout(30)));
  await quiesce(system);
  const stopped = system.stop(pid, { reason: boom });
  await pass(50);
  await stopped;
  await pass(1_000);
  expect(noted).toEqual([[boom, "b", "d1"]]);
  expect(clock.pending).toBe(0);
});

test("SM-031 a signal ends a machine without terminate; a trapping one's parent does with it", async () => {
  const { system, trapping, plain } = await startWorld();
  const ended: unknown[] = [];
  const statem: typeof doing = { ...doing, terminate: (reason) => void ended.push(reason) };
  const untrapped = await running(trapping.self, statem, { link: true });
  system.exitSignal(untrapped, boom);
  await quiesce(system);
  expect(ended).toEqual([]);
  const init = (self: Self) => also(self.trapExit(true), startIn("a", "d0"));
  const trapped = await running(plain.self, { ...statem, init }, { link: true });
  system.exitSignal(plain.pid, boom);
  await quiesce(system);
  expect([ended, system.isAlive(trapped)]).toEqual([[boom], false]);
});

test("SM-031 an exit of anyone else is info to a trapping machine", async () => {
  const { system, trapping } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, { ...machine, init: (self) => also(self.trapExit(true), startIn("a", "d0")) });
  trapping.self.exitSignal(pid, Exit.shutdown);
  await quiesce(system);
  expect(noted).toEqual([["a", "info", new Exited(trapping.pid, Exit.shutdown)]]);
});

test("SM-032 keeping the state enters nothing", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, { ...machine, ...entering(noted) });
  system.cast(pid, () => keepState("d1"));
  system.cast(pid, () => keepStateAndData());
  await quiesce(system);
  expect(noted).toEqual([["enter", "a", "a"]]);
});

test("SM-033 there is no hibernation: the action is a bad one, and an idle machine keeps state and data", async () => {
  const { system, pass } = await startWorld();
  const pid = await running(system, doing);
  await pass(60_000);
  expect(processInfo(pid)?.status).toBe("waiting");
  expect(await system.call(pid, standing)).toEqual(["a", "d0"]);
  const end = system.exited(pid);
  system.cast(pid, () => keepStateAndData("hibernate" as never));
  expect(await end).toEqual(Exit.badReturn("action", "hibernate"));
});

test("SM-034 an idle machine waits without a timer, and wakes by call, cast and message", async () => {
  const { system, clock, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, machine);
  await pass(1_000);
  expect([processInfo(pid)?.status, clock.pending]).toEqual(["waiting", 0]);
  expect(await system.call(pid, standing)).toEqual(["a", "d0"]);
  system.cast(pid, "cast");
  system.send(pid, "message");
  await quiesce(system);
  expect(noted).toEqual([
    ["a", "cast", "cast"],
    ["a", "info", "message"],
  ]);
});

test("SM-035 a suspended machine answers when it is resumed, and a call out of time fails", async () => {
  const { system, pass } = await startWorld();
  const pid = await running(system, doing);
  await sys.suspend(system, pid);
  const failure = rejection(system.call(pid, standing, { timeoutMs: 3_000 }));
  const answered = system.call(pid, standing, { timeoutMs: 10_000 });
  await pass(3_000);
  expect(await failure).toMatchObject({ reason: Exit.timeout });
  await sys.resume(system, pid);
  expect(await answered).toEqual(["a", "d0"]);
});

test("SM-035 a timeout that comes while suspended is handled afterwards", async () => {
  const { system, pass } = await startWorld();
  const { machine, noted } = noting();
  const pid = await running(system, { ...machine, init: () => startIn("a", "d0", stateTimeout(10)) });
  await sys.suspend(system, pid);
  await pass(20);
  expect(noted).toEqual([]);
  await sys.resume(system, pid);
  await quiesce(system);
  expect(noted).toEqual([["a", "state-timeout", undefined]]);
});

test("SM-035 state and data are told and replaced as one, without any callback", async () => {
  const { system } = await startWorld();
  const { machine, noted } = noting({ "a cast keep": () => keepStateAndData(postpone()) });
  const pid = await running(system, { ...machine, ...entering(noted) });
  system.cast(pid, "keep");
  expect(await sys.getState(system, pid)).toEqual({ state: "a", data: "d0" });
  await sys.replaceState(system, pid, () => ({ state: "b", data: "d1" }));
  expect(await system.call(pid, standing)).toEqual(["b", "d1"]);
  expect(await rejection(sys.replaceState(system, pid, () => "c"))).toMatchObject({
    cause: new TypeError("Cannot take state: wanted { state, data }, got c"),
  });
  expect(noted).toEqual([
    ["enter", "a", "a"],
    ["a", "cast", "keep"],
  ]);
});

test("SYS-012 a suspended machine takes new code, and its state and data as that makes them", async () => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  const next: GenStatem<"x", unknown> = {
    init: () => startIn("x", 0),
    states: { x: { handle: (_event, data) => keepStateAndData(answer(["new", data])) } },
    codeChange: (change, state, data) => ({ state: "x", data: [change.from, state, data] }),
    formatState: (state) => `in ${state}`,
  };
  expect(await sys.changeCode(system, pid, { to: next })).toEqual({ kind: "not-suspended" });
  await sys.suspend(system, pid);
  expect(await sys.changeCode(system, pid, { to: next, from: 1 })).toEqual({ kind: "ok" });
  expect(await sys.status(system, pid)).toMatchObject({ state: { kind: "shown", value: "in x" } });
  await sys.resume(system, pid);
  expect(await system.call(pid, "any")).toEqual(["new", [1, "a", "d0"]]);
});

test.each<[string, HandlerStatem<unknown, unknown> | undefined, unknown]>([
  [
    "throws",
    {
      ...doing,
      codeChange: () => {
        throw "E";
      },
    },
    "E",
  ],
  ["is missing", undefined, new MissingCallback("codeChange")],
])("SYS-012 when what turns the state %s, code, state and data stay", async (_name, to, error) => {
  const { system } = await startWorld();
  const pid = await running(system, doing);
  await sys.suspend(system, pid);
  expect(await sys.changeCode(system, pid, { to })).toEqual({ kind: "error", error });
  await sys.resume(system, pid);
  expect(await system.call(pid, standing)).toEqual(["a", "d0"]);
});

test("SM-036 without terminate stop keeps its reason; a terminate that throws fails it", async () => {
  const { system } = await startWorld();
  const plain = await running(system, doing);
  const end = system.exited(plain);
  await system.stop(plain, { reason: boom });
  expect(await end).toEqual(boom);
  const throwing = await running(system, {
    ...doing,
    terminate: () => {
      throw "E";
    },
  });
  expect(await rejection(system.stop(throwing))).toMatchObject({ reason: Exit.crash("E") });
});

test.each<[string, () => unknown]>([
  [
    "throws",
    () => {
      throw "E";
    },
  ],
  ["rejects", () => Promise.reject("E")],
])("SM-037 a handler that %s for what it does not know ends the machine with that", async (_name, deed) => {
  const { system, reports } = await startWorld();
  const ended: unknown[] = [];
  const pid = await running(system, { ...doing, terminate: (...facts) => void ended.push(facts.slice(0, 3)) });
  expect(await rejection(system.call(pid, deed))).toMatchObject({ reason: Exit.crash("E") });
  expect(ended).toEqual([[Exit.crash("E"), "a", "d0"]]);
  expect(reports).toMatchObject([{ kind: "crash", pid, reason: Exit.crash("E") }]);
});

test("SM-037 a handler that returns nothing for an event loses it not silently", async () => {
  const { system } = await startWorld();
  const pid = await running(system, { ...doing, handle: () => undefined as never });
  const end = system.exited(pid);
  system.send(pid, "unknown");
  expect(await end).toEqual(Exit.badReturn("handle", undefined));
});

test("SM-038 a thrown result is a throw, and no return", async () => {
  const { system } = await startWorld();
  const thrown = keepStateAndData();
  const pid = await running(system, doing);
  const deed = (): never => {
    throw thrown;
  };
  expect(await rejection(system.call(pid, deed))).toMatchObject({ reason: Exit.crash(thrown) });
});

test("SM-039 keeping state and data runs the actions, and the data is the same object", async () => {
  const { system } = await startWorld();
  const data = { count: 1 };
  const pid = await running(system, { ...doing, init: () => startIn("a", data) });
  expect(await system.call(pid, () => keepStateAndData(answer("ran")))).toBe("ran");
  expect(await system.call(pid, (_s: unknown, d: unknown) => keepStateAndData(answer(d === data)))).toBe(true);
});

test("SM-040 a state equal by value to the current one is no change", async () => {
  const { system, pass } = await startWorld();
  const noted: unknown[] = [];
  const pid = await running(system, {
    ...doing,
    ...entering(noted),
    init: () =>
      startIn(
        { kind: "open", ports: [1, { by: "joe" }] },
        "d0",
        stateTimeout(100, (s: unknown) => {
          noted.push(s);
          return keepStateAndData();
        }),
      ),
  });
  noted.length = 0;
  const open = { kind: "open", ports: [1, { by: "joe" }] };
  system.cast(pid, () => nextState(open, "d1"));
  await pass(100);
  expect(noted).toEqual([open]);
  system.cast(pid, () => nextState({ kind: "open", ports: [1, { by: "mike" }] }, "d1"));
  await quiesce(system);
  expect(noted[1]).toEqual(["enter", open, { kind: "open", ports: [1, { by: "mike" }] }]);
});

test("a result that comes after the machine was killed has no effect", async () => {
  const { system, plain, pass } = await startWorld();
  const ended: unknown[] = [];
  const kept: ReplyTo[] = [];
  const keeper = system.spawn({ handle: (message) => void kept.push((message as { from: ReplyTo }).from) });
  const waiting = plain.self.call(keeper, "question", { timeoutMs: 100 });
  await quiesce(system);
  const { promise, resolve } = Promise.withResolvers<void>();
  const pid = await running(system, { ...doing, terminate: () => void ended.push("terminate") });
  system.cast(pid, async () => {
    await promise;
    return keepStateAndData(replyTo(kept[0] as ReplyTo, "from the dead"), "bad" as never);
  });
  await quiesce(system);
  system.exitSignal(pid, Exit.kill);
  resolve();
  const failure = rejection(waiting);
  await pass(100);
  expect(await failure).toMatchObject({ reason: Exit.timeout });
  expect(ended).toEqual([]);
});

test("events are handled one at a time, also across await and for those a machine puts in", async () => {
  const { system, pass } = await startWorld();
  const order: unknown[] = [];
  const pid = await running(system, {
    ...doing,
    handle: async (event, _state, _data, self) => {
      const content = contentOf(event);
      order.push(["begin", content]);
      await self.sleep(10);
      order.push(["end", content]);
      return content === 1 ? keepStateAndData(internal("in")) : keepStateAndData();
    },
  });
  system.cast(pid, 1);
  system.cast(pid, 2);
  for (let i = 0; i < 3; i += 1) {
    await pass(10);
  }
  expect(order).toEqual(
    [1, "in", 2].flatMap((content) => [
      ["begin", content],
      ["end", content],
    ]),
  );
});
