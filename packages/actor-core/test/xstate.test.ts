import { expect, test } from "@jest/globals";
import {
  assertEvent,
  assign,
  createMachine,
  emit,
  fromCallback,
  fromPromise,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
} from "xstate";
import {
  type Call,
  type Caller,
  CallFailed,
  Exit,
  Exited,
  MissingCallback,
  processInfo,
  type Self,
  StartFailed,
  startSupervisor,
  sys,
} from "../src/index.ts";
import { quiesce, startProbe } from "../src/testing/index.ts";
import { Emitted, launchMachine, type MachineUpgrade, machineRef, startMachine } from "../src/xstate/index.ts";
import { rejection, startWorld } from "./conformance/world.ts";

const boom = Exit.of("boom");

/** Counts pushes, and says no to a third by an error. */
const counter = setup({
  types: {
    context: {} as { count: number },
    events: {} as { type: "push" } | { type: "finish" },
    output: {} as number,
  },
}).createMachine({
  id: "counter",
  initial: "counting",
  context: { count: 0 },
  output: ({ context }) => context.count,
  states: {
    counting: {
      on: {
        push: {
          actions: assign({
            count: ({ context }) => {
              if (context.count === 2) {
                throw boom;
              }
              return context.count + 1;
            },
          }),
        },
        finish: "done",
      },
    },
    done: { type: "final" },
  },
});

const light = createMachine({
  id: "light",
  initial: "green",
  states: {
    green: { after: { 1000: "yellow" }, on: { break: "broken" } },
    yellow: { after: { 500: "red" } },
    red: {},
    broken: {},
  },
});

/** A machine that notes what its child says to it, and waits in `waiting` while the child runs. */
const parentOf = (child: Parameters<typeof spawnChild>[0], noted: unknown[]) =>
  createMachine({
    initial: "waiting",
    states: {
      waiting: {
        invoke: {
          id: "child",
          src: child as never,
          onDone: { target: "done", actions: ({ event }) => noted.push(["done", event.output]) },
          onError: { target: "failed", actions: ({ event }) => noted.push(["error", event.error]) },
        },
        on: { leave: "left", said: { actions: ({ event }) => noted.push(event.what) } },
      },
      left: { on: { said: { actions: ({ event }) => noted.push(["too late", event.what]) } } },
      done: {},
      failed: {},
    },
  });

test("events are messages, casts and calls, handled in order; a call gives the snapshot it led to", async () => {
  const { system } = await startWorld();
  const ref = await startMachine(system, counter, { name: "counter" });
  ref.send({ type: "push" });
  system.cast("counter", { type: "push" });
  const snapshot = await ref.snapshot();
  expect(snapshot.context).toEqual({ count: 2 });
  const other = machineRef(system, counter, ref.pid);
  expect((await other.call({ type: "finish" })).status).toBe("done");
});

test("a final state ends the process normally, with its output for those who wait and for who started it", async () => {
  const { system, trapping } = await startWorld();
  const ref = await startMachine(trapping.self, counter, { link: true });
  const output = machineRef(system, counter, ref.pid).output();
  ref.send({ type: "push" });
  ref.send({ type: "finish" });
  expect(await output).toBe(1);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(ref.pid, Exit.normal)]);
  expect(await ref.output()).toBe(1);
  expect(await rejection(machineRef(system, counter, ref.pid).output())).toMatchObject({ reason: Exit.noproc });
});

test("a machine that is done at once has started and ended", async () => {
  const { system } = await startWorld();
  const ref = await startMachine(system, createMachine({ initial: "a", states: { a: { type: "final" } }, output: 7 }));
  expect(await ref.output()).toBe(7);
  await quiesce(system);
  expect(system.isAlive(ref.pid)).toBe(false);
});

test("an error is the crash of the process, with the very value thrown", async () => {
  const { system, trapping, reports } = await startWorld();
  const ref = await startMachine(trapping.self, counter, { link: true });
  ref.send({ type: "push" });
  ref.send({ type: "push" });
  expect(await rejection(ref.call({ type: "push" }))).toMatchObject({ reason: Exit.crash(boom) });
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(ref.pid, Exit.crash(boom))]);
  expect(reports).toMatchObject([{ kind: "crash", pid: ref.pid, reason: Exit.crash(boom) }]);
});

test.each([
  ["an entry action", { entry: () => fail(null) }],
  ["a context", { context: () => fail(null) }],
])("an error in %s at the beginning fails the start", async (_name, config) => {
  const { system } = await startWorld();
  const machine = createMachine(config as Parameters<typeof createMachine>[0]);
  expect(await launchMachine(system, machine, { name: "n" })).toEqual({ kind: "error", reason: Exit.crash(null) });
  expect(system.whereis("n")).toBeUndefined();
  expect(await rejection(startMachine(system, machine))).toBeInstanceOf(StartFailed);
});

function fail(error: unknown): never {
  throw error;
}

test("a supervisor starts a crashed machine anew", async () => {
  const { system } = await startWorld();
  await startSupervisor(system, {
    strategy: "one-for-one",
    children: [
      {
        id: "counter",
        restart: "permanent",
        start: (supervisor: Caller) => launchMachine(supervisor, counter, { name: "counter", link: true }),
      },
    ],
  });
  const first = system.whereis("counter");
  for (let i = 0; i < 3; i += 1) {
    system.send("counter", { type: "push" });
  }
  await quiesce(system);
  const second = system.whereis("counter");
  expect(second === undefined || second === first).toBe(false);
  expect((await machineRef(system, counter, second as never).snapshot()).context).toEqual({ count: 0 });
});

test("delays follow the system's clock", async () => {
  const { system, pass, clock } = await startWorld();
  const ref = await startMachine(system, light);
  await pass(999);
  expect((await ref.snapshot()).value).toBe("green");
  await pass(1);
  expect((await ref.snapshot()).value).toBe("yellow");
  await pass(500);
  expect((await ref.snapshot()).value).toBe("red");
  await quiesce(system);
  expect(clock.pending).toBe(0);
});

test("leaving a state cancels its delay, also one whose time has come", async () => {
  const { system, pass, clock } = await startWorld();
  const ref = await startMachine(system, light);
  await pass(999);
  ref.send({ type: "break" });
  // Behind the event in the mailbox by now.
  clock.advance(1);
  await quiesce(system);
  expect((await ref.snapshot()).value).toBe("broken");
});

test("delayed events of one id replace each other, and a bad delay is a crash", async () => {
  const { system, pass } = await startWorld();
  const noted: unknown[] = [];
  const machine = setup({
    types: { events: {} as { type: "later" | "now"; n: number } | { type: "bad" } },
  }).createMachine({
    on: {
      later: { actions: raise(({ event }) => ({ type: "now" as const, n: event.n }), { id: "x", delay: 100 }) },
      bad: { actions: raise({ type: "bad" }, { delay: -1 }) },
      now: { actions: ({ event }) => noted.push(event.n) },
    },
  });
  const ref = await startMachine(system, machine);
  ref.send({ type: "later", n: 1 });
  await pass(50);
  ref.send({ type: "later", n: 2 });
  await pass(1_000);
  expect(noted).toEqual([2]);
  expect(await rejection(ref.call({ type: "bad" }))).toMatchObject({ reason: Exit.crash(expect.any(RangeError)) });
});

test("an invoked promise's value comes as an event in the process's turn", async () => {
  const { system } = await startWorld();
  const noted: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<number>();
  const ref = await startMachine(system, parentOf(fromPromise(() => promise) as never, noted));
  await sys.suspend(system, ref.pid);
  resolve(7);
  await quiesce(system);
  expect(noted).toEqual([]);
  await sys.resume(system, ref.pid);
  await ref.waitFor((snapshot) => snapshot.matches("done"));
  expect(noted).toEqual([["done", 7]]);
});

test("an invoked promise's rejection is an event where it is handled, and a crash where it is not", async () => {
  const { system, trapping } = await startWorld();
  const noted: unknown[] = [];
  const failing = fromPromise(() => Promise.reject("E"));
  const handling = await startMachine(system, parentOf(failing as never, noted));
  await handling.waitFor((snapshot) => snapshot.matches("failed"));
  expect(noted).toEqual([["error", "E"]]);
  const crashing = await startMachine(trapping.self, createMachine({ invoke: { src: failing } }), { link: true });
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(crashing.pid, Exit.crash("E"))]);
});

/** A child that can be made to talk, and says when it is stopped. */
function talking(noted: unknown[]) {
  const hold: { say(what: unknown): void } = { say: () => {} };
  const logic = fromCallback(({ sendBack }) => {
    hold.say = (what) => sendBack({ type: "said", what });
    return () => {
      noted.push("stopped");
    };
  });
  return { logic, hold };
}

test("what a callback child says becomes an event, and nothing of it once it is stopped", async () => {
  const { system } = await startWorld();
  const noted: unknown[] = [];
  const { logic, hold } = talking(noted);
  const ref = await startMachine(system, parentOf(logic as never, noted));
  hold.say(1);
  expect(noted).toEqual([]);
  await quiesce(system);
  ref.send({ type: "leave" });
  hold.say(2);
  await quiesce(system);
  expect(noted).toEqual([1, "stopped"]);
});

test.each<[string, (self: Self, pid: Self["pid"]) => unknown]>([
  ["is stopped", (self, pid) => self.stop(pid)],
  ["is killed", (self, pid) => self.exitSignal(pid, Exit.kill)],
  ["gets an exit signal", (self, pid) => self.exitSignal(pid, boom)],
  ["crashes", (self, pid) => self.send(pid, { type: "crash" })],
])("children are stopped when their machine's process %s, and can say no more", async (_name, end) => {
  const { system, plain, clock } = await startWorld();
  const noted: unknown[] = [];
  const { logic, hold } = talking(noted);
  const machine = createMachine({
    invoke: { src: logic },
    initial: "a",
    states: { a: { after: { 100: "a" } } },
    on: { said: { actions: ({ event }) => noted.push(event.what) }, crash: { actions: () => fail("E") } },
  });
  const ref = await startMachine(system, machine);
  await end(plain.self, ref.pid);
  await quiesce(system);
  hold.say("from the dead");
  await quiesce(system);
  expect(noted).toEqual(["stopped"]);
  expect([system.isAlive(ref.pid), clock.pending]).toEqual([false, 0]);
});

test("children whose machine failed are stopped, at any depth", async () => {
  const { system, trapping } = await startWorld();
  const noted: unknown[] = [];
  const note = (name: string) => fromCallback(() => () => void noted.push(name));
  const failing = createMachine({
    invoke: { src: note("grandchild") },
    initial: "a",
    states: { a: { on: { go: "b" } }, b: { invoke: { src: note("never begun") }, entry: () => fail("E") } },
  });
  const machine = createMachine({
    initial: "a",
    states: {
      a: { invoke: { id: "c", src: failing, onError: "b" }, on: { go: { actions: sendTo("c", { type: "go" }) } } },
      b: {},
    },
  });
  const handling = await startMachine(system, machine);
  handling.send({ type: "go" });
  expect((await handling.snapshot()).value).toBe("b");
  expect(noted.splice(0)).toEqual(["grandchild"]);
  const crashing = await startMachine(trapping.self, failing, { link: true });
  crashing.send({ type: "go" });
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(crashing.pid, Exit.crash("E"))]);
  expect(noted).toEqual(["grandchild"]);
});

test("a promise child's signal is aborted when its machine is killed", async () => {
  const { system } = await startWorld();
  const signals: AbortSignal[] = [];
  const hanging = fromPromise(({ signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  const ref = await startMachine(system, parentOf(hanging as never, []));
  system.exitSignal(ref.pid, Exit.kill);
  await quiesce(system);
  expect(signals.map((signal) => signal.aborted)).toEqual([true]);
});

test("a child machine's delays, events and output come through its parent", async () => {
  const { system, pass } = await startWorld();
  const noted: unknown[] = [];
  const child = createMachine({
    initial: "a",
    states: {
      a: { after: { 100: { target: "b", actions: sendParent({ type: "said", what: "half" }) } } },
      b: { after: { 100: "c" } },
      c: { type: "final" },
    },
    output: "whole",
  });
  await startMachine(system, parentOf(child as never, noted));
  await pass(100);
  expect(noted).toEqual(["half"]);
  await pass(100);
  expect(noted).toEqual(["half", ["done", "whole"]]);
});

test("an error of a child machine that nobody handles is the crash of all", async () => {
  const { system, pass } = await startWorld();
  const child = createMachine({ initial: "a", states: { a: { after: { 10: "b" } }, b: { entry: () => fail("E") } } });
  const ref = await startMachine(system, createMachine({ entry: spawnChild(child) }));
  const end = system.exited(ref.pid);
  await pass(10);
  expect(await end).toEqual(Exit.crash("E"));
});

test("the state is a snapshot with the delays that run, plain data from which a machine goes on", async () => {
  const { system, pass } = await startWorld();
  const ref = await startMachine(system, light);
  await pass(400);
  const state = await sys.getState(system, ref.pid);
  expect(state).toMatchObject({
    value: "green",
    status: "active",
    delays: [{ from: [], to: [], remainingMs: 600, event: { type: "xstate.after.1000.light.green" } }],
  });
  await ref.stop();
  const restored = await startMachine(system, light, { state: JSON.parse(JSON.stringify(state)) });
  await pass(599);
  expect((await restored.snapshot()).value).toBe("green");
  await pass(1);
  expect((await restored.snapshot()).value).toBe("yellow");
});

test("children go on with their machine, and their delays with them", async () => {
  const { system, pass } = await startWorld();
  const child = createMachine({
    id: "child",
    initial: "a",
    states: { a: { after: { 100: "b" } }, b: { type: "final" } },
    output: "whole",
  });
  const parent = setup({ actors: { child } }).createMachine({
    initial: "waiting",
    states: { waiting: { invoke: { id: "c", src: "child", onDone: "done" } }, done: {} },
  });
  const ref = await startMachine(system, parent);
  await pass(60);
  const state = JSON.parse(JSON.stringify(await sys.getState(system, ref.pid)));
  expect(state.delays).toMatchObject([{ from: ["c"], to: ["c"], remainingMs: 40 }]);
  await ref.stop();
  const restored = await startMachine(system, parent, { state });
  await pass(39);
  expect((await restored.snapshot()).value).toBe("waiting");
  await pass(1);
  expect((await restored.snapshot()).value).toBe("done");
});

test("people see status, value and context", async () => {
  const { system } = await startWorld();
  const ref = await startMachine(system, counter);
  expect((await sys.status(system, ref.pid)).state).toEqual({
    kind: "shown",
    value: { status: "active", value: "counting", context: { count: 0 } },
  });
});

test("a replaced state is the machine's from then on, delays included", async () => {
  const { system, pass } = await startWorld();
  const ref = await startMachine(system, light);
  const green = await sys.getState(system, ref.pid);
  await pass(1_000);
  expect((await ref.snapshot()).value).toBe("yellow");
  await sys.replaceState(system, ref.pid, () => green);
  await pass(999);
  expect((await ref.snapshot()).value).toBe("green");
  await pass(1);
  expect((await ref.snapshot()).value).toBe("yellow");
});

test.each([["nothing of a machine"], [{ status: "active", value: "nowhere", children: {}, historyValue: {} }]])(
  "a state that is %p is refused, and the machine goes on",
  async (state) => {
    const { system } = await startWorld();
    const ref = await startMachine(system, light);
    expect(await rejection(sys.replaceState(system, ref.pid, () => state))).toMatchObject({
      code: "ACTOR_SYSTEM_REQUEST_FAILED",
    });
    expect((await ref.snapshot()).value).toBe("green");
  },
);

test("a suspended machine takes a new machine for its state, changed if need be", async () => {
  const { system } = await startWorld();
  const ref = await startMachine(system, counter);
  ref.send({ type: "push" });
  const next = createMachine({
    initial: "counting",
    context: { total: 0 },
    states: { counting: { on: { push: { actions: assign({ total: ({ context }) => context.total + 10 }) } } } },
  });
  await sys.suspend(system, ref.pid);
  ref.send({ type: "push" });
  expect(await sys.changeCode(system, ref.pid, {})).toEqual({
    kind: "error",
    error: new MissingCallback("changeCode"),
  });
  const upgrade: MachineUpgrade<typeof next> = {
    machine: next,
    migrate: (state) =>
      ({ ...state, context: { total: (state as unknown as { context: { count: number } }).context.count } }) as never,
  };
  expect(await sys.changeCode(system, ref.pid, { to: upgrade })).toEqual({ kind: "ok" });
  await sys.resume(system, ref.pid);
  expect((await machineRef(system, next, ref.pid).snapshot()).context).toEqual({ total: 11 });
});

test("waiting for a snapshot ends with the first that fits, or as the machine does", async () => {
  const { system, pass } = await startWorld();
  const ref = await startMachine(system, light);
  const yellow = ref.waitFor((snapshot) => snapshot.matches("yellow"));
  await pass(1_000);
  expect((await yellow).value).toBe("yellow");
  const late = rejection(ref.waitFor((snapshot) => snapshot.matches("green"), { timeoutMs: 10 }));
  await pass(10);
  expect(await late).toMatchObject({ reason: Exit.timeout });
  expect(await rejection(ref.waitFor(() => fail(new TypeError("no"))))).toEqual(new TypeError("no"));
  const never = rejection(ref.waitFor((snapshot) => snapshot.matches("green")));
  await quiesce(system);
  system.exitSignal(ref.pid, Exit.kill);
  expect(await never).toBeInstanceOf(CallFailed);
});

test("what a machine emits goes to those who asked for it, until they end", async () => {
  const { system } = await startWorld();
  const machine = setup({
    types: { events: {} as { type: "ring" }, emitted: {} as { type: "rang"; times: number } },
  }).createMachine({ on: { ring: { actions: emit({ type: "rang", times: 2 }) } } });
  const ref = await startMachine(system, machine);
  const [first, second] = [await startProbe(system), await startProbe(system)];
  await ref.sendEmittedTo(first.pid);
  await ref.sendEmittedTo(second.pid);
  ref.send({ type: "ring" });
  await quiesce(system);
  await system.stop(second.pid);
  ref.send({ type: "ring" });
  await quiesce(system);
  const emitted = new Emitted(ref.pid, { type: "rang", times: 2 });
  expect(first.messages).toEqual([emitted, emitted]);
  expect(second.messages).toEqual([emitted]);
  expect(processInfo(ref.pid)?.monitors).toEqual([first.pid]);
});

test("a machine that ends its process in the middle of a step emits nothing more", async () => {
  const { system, plain } = await startWorld();
  const machine = setup({
    types: { events: {} as { type: "go" }, emitted: {} as { type: "rang" } },
    actions: { end: () => {} },
  }).createMachine({ on: { go: { actions: ["end", emit({ type: "rang" })] } } });
  const ref = await startMachine(system, (self) =>
    machine.provide({ actions: { end: () => plain.self.exitSignal(self.pid, Exit.kill) } }),
  );
  await ref.sendEmittedTo(plain.pid);
  ref.send({ type: "go" });
  expect(await system.exited(ref.pid)).toEqual(Exit.killed);
  await quiesce(system);
  expect(plain.messages).toEqual([]);
});

test("a reference by name outlives restarts, and one in a block ends its machine", async () => {
  const { system } = await startWorld();
  const byName = machineRef(system, counter, "counter");
  byName.send({ type: "push" });
  expect(byName.pid).toBeUndefined();
  {
    await using ref = await startMachine(system, counter, { name: "counter" });
    byName.send({ type: "push" });
    expect((await byName.snapshot()).context).toEqual({ count: 1 });
    expect(byName.pid).toBe(ref.pid);
  }
  expect(byName.pid).toBeUndefined();
});

test.each([[undefined], ["machine"], [{}]])("%p in place of a machine is refused", async (machine) => {
  const { system } = await startWorld();
  expect(await launchMachine(system, machine as unknown as typeof counter)).toMatchObject({
    kind: "error",
    reason: { kind: "crash", error: expect.any(TypeError) },
  });
  const ref = await startMachine(system, counter);
  await sys.suspend(system, ref.pid);
  expect(await sys.changeCode(system, ref.pid, { to: machine })).toMatchObject({ kind: "error" });
  await sys.resume(system, ref.pid);
  expect((await ref.call({ type: "push" })).context).toEqual({ count: 1 });
});

test("input reaches the machine", async () => {
  const { system } = await startWorld();
  const machine = setup({ types: { input: {} as { start: number }, context: {} as { n: number } } }).createMachine({
    context: ({ input }) => ({ n: input.start }),
  });
  const ref = await startMachine(system, machine, { input: { start: 7 } });
  expect((await ref.snapshot()).context).toEqual({ n: 7 });
});

test("other messages become events where that is asked for, and are reported where not", async () => {
  const { system, reports, trapping } = await startWorld();
  const noted: unknown[] = [];
  const machine = setup({
    types: { events: {} as { type: "exited"; from: unknown } | { type: "asked"; call: Call } },
  }).createMachine({
    on: {
      exited: { actions: ({ event }) => noted.push(event.from) },
      asked: { actions: ({ event }) => event.call.from.reply("answered") },
    },
  });
  const trapExit = (self: Self): typeof machine => {
    self.trapExit(true);
    return machine;
  };
  const ref = await startMachine(system, trapExit, {
    eventOf: (message) =>
      message instanceof Exited
        ? { type: "exited", from: message.from }
        : (message as Partial<Call>).request === "question"
          ? { type: "asked", call: message as Call }
          : undefined,
  });
  trapping.self.exitSignal(ref.pid, boom);
  expect(await system.call(ref.pid, "question")).toBe("answered");
  expect(noted).toEqual([trapping.pid]);
  system.send(ref.pid, "noise");
  system.send(ref.pid, { type: "xstate.stop" });
  expect(await rejection(system.call(ref.pid, "other"))).toEqual(
    new TypeError("Cannot ask machine: wanted an event, got other"),
  );
  expect(reports).toMatchObject([
    { kind: "unexpected-message", message: "noise" },
    { kind: "unexpected-message", message: { type: "xstate.stop" } },
  ]);
});

test("a machine acts in the system by the process it was given", async () => {
  const { system, plain } = await startWorld();
  const machine = setup({
    types: { events: {} as { type: "greet"; name: string } | { type: "quit" } },
    actions: { greet: () => {}, quit: () => {} },
  }).createMachine({ on: { greet: { actions: "greet" }, quit: { actions: "quit" } } });
  const ref = await startMachine(system, (self) =>
    machine.provide({
      actions: {
        greet: ({ event }) => {
          assertEvent(event, "greet");
          self.send(plain.pid, `hello ${event.name}`);
        },
        quit: () => self.exit(Exit.shutdown),
      },
    }),
  );
  ref.send({ type: "greet", name: "Joe" });
  await quiesce(system);
  expect(plain.messages).toEqual(["hello Joe"]);
  ref.send({ type: "quit" });
  expect(await system.exited(ref.pid)).toEqual(Exit.shutdown);
});

test("log lines of a machine are reports", async () => {
  const { system, reports } = await startWorld();
  const { log } = await import("xstate");
  const ref = await startMachine(system, createMachine({ entry: log("begun") }), { label: "l" });
  await quiesce(system);
  expect(reports).toEqual([{ kind: "log", pid: ref.pid, label: "l", level: "info", values: ["begun"] }]);
});
