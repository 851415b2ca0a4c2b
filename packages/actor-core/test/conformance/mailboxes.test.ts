import { expect, test } from "@jest/globals";
import {
  type ActorSystem,
  asyncTask,
  boundedMailbox,
  type Call,
  Cast,
  continueWith,
  controlAwareMailbox,
  createAlias,
  createStash,
  type DeadLetter,
  Down,
  Exit,
  Exited,
  type GenServer,
  keepStateAndData,
  MailboxFull,
  type MakeMailbox,
  noDeadLetter,
  noReply,
  type Pid,
  priorityMailbox,
  processInfo,
  type ReplyTo,
  receiveTimeout,
  reply,
  type Self,
  type Stash,
  StashEmpty,
  StashedTwice,
  StashFull,
  started,
  startGenServer,
  startGenStatem,
  startIn,
  startReceiveTimeout,
  stateTimeout,
  subscribeDeadLetters,
  sys,
  TaskReply,
  unalias,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { rejection, startWorld } from "./world.ts";

/** A process that is in the middle of a message until it is released, and then notes all that waits. */
async function busy(
  system: ActorSystem,
  mailbox?: MakeMailbox,
): Promise<{ readonly pid: Pid; readonly self: Self; readonly seen: unknown[]; release(): Promise<void> }> {
  const seen: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const hands = Promise.withResolvers<Self>();
  const pid = system.spawn(
    {
      init(self) {
        self.trapExit(true);
        hands.resolve(self);
      },
      handle: (message) => (message === "be busy" ? promise : void seen.push(message)),
    },
    { mailbox },
  );
  system.send(pid, "be busy");
  await quiesce(system);
  const release = async (): Promise<void> => {
    resolve();
    await quiesce(system);
  };
  return { pid, self: await hands.promise, seen, release };
}

function lettersOf(system: ActorSystem, options?: { readonly all?: boolean }): DeadLetter[] {
  const letters: DeadLetter[] = [];
  subscribeDeadLetters(system, (letter) => letters.push(letter), options);
  return letters;
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("MBX-001 an unbounded mailbox takes 100,000 messages and gives them in order", async () => {
  const { system } = await startWorld();
  const { pid, seen, release } = await busy(system);
  for (const i of numbers(1, 100_000)) system.send(pid, i);
  await release();
  expect(seen).toEqual(numbers(1, 100_000));
});

test("MBX-002 a message too many is a dead letter, and one that is taken makes room for one", async () => {
  const { system, plain } = await startWorld();
  const letters = lettersOf(system);
  const takers: ((message: unknown) => void)[] = [];
  const pid = system.spawn(
    async (self) => {
      for (;;) {
        await new Promise((resolve) => takers.push(resolve));
        await self.receive();
      }
    },
    { mailbox: boundedMailbox({ capacity: 10 }) },
  );
  await quiesce(system);
  for (const i of numbers(1, 11)) plain.self.send(pid, i);
  expect(letters).toEqual([{ kind: "mailbox-full", message: 11, from: plain.pid, to: pid }]);
  expect(processInfo(pid)?.messages).toEqual(numbers(1, 10));
  takers.shift()?.(undefined);
  await quiesce(system);
  for (const i of [12, 13]) plain.self.send(pid, i);
  expect(processInfo(pid)?.messages).toEqual([...numbers(2, 10), 12]);
  expect(letters.map(({ message }) => message)).toEqual([11, 13]);
});

test("MBX-003 of 20 messages the first ten get into a mailbox for ten", async () => {
  const { system } = await startWorld();
  const letters = lettersOf(system);
  const { pid, seen, release } = await busy(system, boundedMailbox({ capacity: 10 }));
  for (const i of numbers(1, 20)) system.send(pid, i);
  await release();
  expect(seen).toEqual(numbers(1, 10));
  expect(letters.map(({ message }) => message)).toEqual(numbers(11, 20));
});

test.each([
  ["drop-oldest", numbers(104, 108), numbers(4, 103)],
  ["drop-newest", numbers(4, 8), numbers(9, 108)],
] as const)(
  "MBX-004 with three busy workers and %s five of 108 jobs wait and 100 are told lost",
  async (whenFull, kept, lost) => {
    const { system } = await startWorld();
    const letters = lettersOf(system);
    const begun: unknown[] = [];
    const pool = system.spawn(
      async (self) => {
        for (let workers = 0; ; workers++) {
          if (workers >= 3) await self.receive((message) => message instanceof Down);
          begun.push(await self.receive());
          self.spawnMonitor(async (worker) => void (await worker.receive()));
        }
      },
      { mailbox: boundedMailbox({ capacity: 5, whenFull }) },
    );
    for (const job of numbers(1, 3)) {
      system.send(pool, job);
      await quiesce(system);
    }
    for (const job of numbers(4, 108)) system.send(pool, job);
    await quiesce(system);
    expect(begun).toEqual([1, 2, 3]);
    expect(processInfo(pool)?.messages).toEqual(kept);
    expect(letters).toEqual(lost.map((message) => ({ kind: "mailbox-full", message, from: undefined, to: pool })));
  },
);

test("MBX-005 a full mailbox drops no signal and no system message, whichever its policy", async () => {
  for (const whenFull of ["drop-oldest", "drop-newest"] as const) {
    const { system, plain } = await startWorld();
    const letters = lettersOf(system);
    const { pid, self, seen, release } = await busy(system, boundedMailbox({ capacity: 1, whenFull }));
    const other = system.spawn(() => {});
    await quiesce(system);
    plain.self.exitSignal(pid, Exit.of("boom"));
    system.send(pid, "a");
    const monitor = self.monitor(other);
    system.exitSignal(pid, Exit.shutdown);
    system.send(pid, "b");
    const status = sys.status(system, pid);
    const stopped = system.stop(pid);
    await release();
    expect((await status).mode).toBe("running");
    await stopped;
    const [kept, lost] = whenFull === "drop-oldest" ? ["b", "a"] : ["a", "b"];
    const signals = [
      new Exited(plain.pid, Exit.of("boom")),
      new Down(monitor, other, Exit.noproc),
      new Exited(undefined, Exit.shutdown),
    ];
    expect(seen).toEqual(whenFull === "drop-oldest" ? [...signals, kept] : [signals[0], kept, signals[1], signals[2]]);
    expect(letters.map(({ kind, message }) => [kind, message])).toEqual([["mailbox-full", lost]]);
    const killed = await busy(system, boundedMailbox({ capacity: 1, whenFull }));
    system.send(killed.pid, "a");
    const end = system.exited(killed.pid);
    system.exitSignal(killed.pid, Exit.kill);
    expect(await end).toEqual(Exit.killed);
  }
});

test("a full mailbox drops neither the answer of a task nor the timeout of a state machine", async () => {
  const { system, pass } = await startWorld();
  const letters = lettersOf(system);
  const mailbox = boundedMailbox({ capacity: 1 });
  const { pid, self, seen, release } = await busy(system, mailbox);
  system.send(pid, "a");
  const task = asyncTask(self, () => "answer");
  await quiesce(system);
  await release();
  expect(seen).toMatchObject(["a", { value: "answer" }, { reason: Exit.normal }, { reason: Exit.normal }]);
  expect(seen[1]).toEqual(new TaskReply(task.ref, "answer"));

  const blocked = Promise.withResolvers<void>();
  const events: unknown[] = [];
  const machine = await startGenStatem(
    system,
    {
      init: () => startIn("waiting", undefined, stateTimeout(10)),
      handle(event) {
        events.push(event.kind);
        return event.kind === "cast" ? blocked.promise.then(() => keepStateAndData()) : keepStateAndData();
      },
    },
    [],
    { mailbox },
  );
  if (machine.kind !== "ok") throw new Error("Expected a start");
  system.cast(machine.pid, "be busy");
  await quiesce(system);
  system.send(machine.pid, "a");
  await pass(10);
  blocked.resolve();
  await quiesce(system);
  expect(events).toEqual(["cast", "info", "state-timeout"]);
  expect(letters).toEqual([]);
});

test("a call that finds no room fails at once, and so does one that makes room", async () => {
  const { system, plain } = await startWorld();
  const newest = await busy(system, boundedMailbox({ capacity: 1 }));
  const oldest = await busy(system, boundedMailbox({ capacity: 1, whenFull: "drop-oldest" }));
  system.send(newest.pid, "a");
  const failure = await rejection(plain.self.call(newest.pid, "q"));
  expect(failure).toBeInstanceOf(MailboxFull);
  expect(failure).toMatchObject({ code: "ACTOR_MAILBOX_FULL", target: newest.pid, capacity: 1 });
  const older = rejection(plain.self.call(oldest.pid, "q"));
  system.send(oldest.pid, "a");
  expect(await older).toMatchObject({ code: "ACTOR_MAILBOX_FULL" });
  expect(processInfo(plain.pid)?.messages).toEqual([]);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("a capacity of %p is refused", (capacity) => {
  expect(() => boundedMailbox({ capacity })).toThrow(RangeError);
});

test("a policy that does not exist is refused", () => {
  expect(() => boundedMailbox({ capacity: 1, whenFull: "wait" as "drop-oldest" })).toThrow(TypeError);
});

test("what is no mailbox, no order and no listener is refused, and leaves nothing behind", async () => {
  const { system } = await startWorld();
  const nothing = 7 as never;
  const before = system.processes().length;
  expect(() => system.spawn(() => {}, { name: "n", mailbox: nothing })).toThrow("is not a function");
  expect([system.processes().length, system.whereis("n")]).toEqual([before, undefined]);
  expect(() => priorityMailbox(nothing)).toThrow(TypeError);
  expect(() => controlAwareMailbox(nothing)).toThrow(TypeError);
  expect(() => subscribeDeadLetters(system, nothing)).toThrow(TypeError);
  expect(() =>
    sys.trace(
      system,
      system.spawn(() => {}),
      nothing,
    ),
  ).toThrow(TypeError);
});

test("a receive sees what comes after older messages were dropped", async () => {
  const { system } = await startWorld();
  const seen: unknown[] = [];
  const pid = system.spawn(async (self) => void seen.push(await self.receive((message) => message === "wanted")), {
    mailbox: boundedMailbox({ capacity: 2, whenFull: "drop-oldest" }),
  });
  for (const message of ["a", "b", "c", "wanted"]) {
    system.send(pid, message);
    await quiesce(system);
  }
  expect(seen).toEqual(["wanted"]);
});

test("MBX-006 what is sent to the dead is shown to those who listen; what is marked only to those who want all", async () => {
  const { system, plain } = await startWorld();
  const [letters, all] = [lettersOf(system), lettersOf(system, { all: true })];
  const dead = system.spawn(() => {});
  await quiesce(system);
  const marked = { [noDeadLetter]: true, text: "heartbeat" };
  plain.self.send(dead, "a");
  plain.self.send(dead, marked);
  system.cast("nobody", "b");
  system.cast("nobody", marked);
  const alias = createAlias(plain.self);
  unalias(plain.self, alias);
  system.send(alias, "c");
  const shown = (message: unknown, from: Pid | undefined, to: DeadLetter["to"]): DeadLetter => ({
    ...{ kind: "no-receiver", message, from, to },
  });
  expect(letters).toEqual([
    shown("a", plain.pid, dead),
    shown(new Cast("b"), undefined, "nobody"),
    shown("c", undefined, alias),
  ]);
  expect(all).toEqual([
    shown("a", plain.pid, dead),
    shown(marked, plain.pid, dead),
    shown(new Cast("b"), undefined, "nobody"),
    shown(new Cast(marked), undefined, "nobody"),
    shown("c", undefined, alias),
  ]);
});

test("what waits in the mailbox and in the stash of a process that ends is dead letters, but for signals and calls", async () => {
  const { system, plain } = await startWorld();
  const letters = lettersOf(system);
  const { pid, self } = await busy(system);
  createStash(self).stash("stashed");
  system.send(pid, "a");
  system.cast(pid, "b");
  system.exitSignal(pid, Exit.shutdown);
  const failure = rejection(plain.self.call(pid, "q"));
  system.exitSignal(pid, Exit.kill);
  expect(await failure).toMatchObject({ reason: Exit.killed });
  expect(letters.map(({ kind, message, to }) => [kind, message, to])).toEqual([
    ["left-behind", "stashed", pid],
    ["left-behind", "a", pid],
    ["left-behind", new Cast("b"), pid],
  ]);
});

test("a listener that throws or has stopped listening disturbs nobody", async () => {
  const { system } = await startWorld();
  const stopBad = subscribeDeadLetters(system, () => {
    throw new Error("bad listener");
  });
  const seen: unknown[] = [];
  const stop = subscribeDeadLetters(system, ({ message }) => seen.push(message));
  const dead = system.spawn(() => {});
  await quiesce(system);
  system.send(dead, 1);
  stop();
  system.send(dead, 2);
  stopBad();
  stopBad();
  system.send(dead, 3);
  expect(seen).toEqual([1]);
});

test("what a timer sends to nobody is a dead letter", async () => {
  const { system, plain, pass } = await startWorld();
  const letters = lettersOf(system);
  const dead = system.spawn(() => {});
  await quiesce(system);
  plain.self.sendAfter(10, dead, "a");
  plain.self.sendAfter(20, "nobody", "b");
  const dying = system.spawn({ handle() {} });
  system.sendAfter(30, dying, "gone with its target");
  system.exitSignal(dying, Exit.kill);
  await pass(30);
  expect(letters).toEqual([
    { kind: "no-receiver", message: "a", from: plain.pid, to: dead },
    { kind: "no-receiver", message: "b", from: plain.pid, to: "nobody" },
  ]);
});

test("MBX-007 an answer that comes too late is a dead letter and no message", async () => {
  const { system, plain, pass } = await startWorld();
  const letters = lettersOf(system);
  const asked: ReplyTo[] = [];
  const pid = system.spawn({ handle: (message) => void asked.push((message as Call).from) });
  const failure = rejection(plain.self.call(pid, "q", { timeoutMs: 10 }));
  const answer = system.call(pid, "q");
  await pass(10);
  expect(await failure).toMatchObject({ reason: Exit.timeout });
  asked[0]?.reply("late");
  asked[1]?.reply("first");
  asked[1]?.reply("second");
  await quiesce(system);
  expect(await answer).toBe("first");
  expect(letters).toEqual([
    { kind: "late-reply", message: "late", from: pid, to: plain.pid },
    { kind: "late-reply", message: "second", from: pid, to: undefined },
  ]);
  expect([plain.messages, processInfo(plain.pid)?.messages]).toEqual([[], []]);
});

test("MBX-008 a control-aware mailbox gives control messages first", async () => {
  const { system } = await startWorld();
  const { pid, seen, release } = await busy(
    system,
    controlAwareMailbox((message) => message === "c"),
  );
  for (const message of ["m1", "m2", "c"]) system.send(pid, message);
  await release();
  expect(seen).toEqual(["c", "m1", "m2"]);
});

test("MBX-009 a priority mailbox orders by priority, and by age within one", async () => {
  const { system } = await startWorld();
  const { pid, seen, release } = await busy(
    system,
    priorityMailbox((message) => (typeof message === "string" ? Number(message[0]) : Number.NaN)),
  );
  for (const message of ["3a", "1a", Symbol.for("no number"), "2a", "1b", "3b", "2b", "1c"]) system.send(pid, message);
  expect(processInfo(pid)?.messages).toHaveLength(8);
  await release();
  expect(seen).toEqual(["1a", "1b", "1c", "2a", "2b", "3a", "3b", Symbol.for("no number")]);
});

test("a receive from a priority mailbox finds what has come before older messages", async () => {
  const { system } = await startWorld();
  const seen: unknown[] = [];
  const pid = system.spawn(
    async (self) => {
      seen.push(await self.receive((message) => message === 1));
      seen.push(await self.receive(), await self.receive());
    },
    { mailbox: priorityMailbox(Number) },
  );
  for (const message of [9, 8, 1]) {
    system.send(pid, message);
    await quiesce(system);
  }
  expect(seen).toEqual([1, 8, 9]);
});

test("a bound holds for a priority mailbox too", async () => {
  const { system } = await startWorld();
  const letters = lettersOf(system);
  const { pid, seen, release } = await busy(system, boundedMailbox({ capacity: 2, within: priorityMailbox(Number) }));
  for (const message of [9, 8, 1]) system.send(pid, message);
  await release();
  expect(seen).toEqual([8, 9]);
  expect(letters.map(({ message }) => message)).toEqual([1]);
});

test("stop comes before everything in a priority mailbox", async () => {
  const { system } = await startWorld();
  const { pid, seen, release } = await busy(
    system,
    priorityMailbox(() => 0),
  );
  system.send(pid, "a");
  const stopped = system.stop(pid);
  await release();
  await stopped;
  expect(seen).toEqual([]);
});

/** A process that stashes everything until the world comes, and then is open. */
function startGreeter(system: ActorSystem, capacity?: number): { pid: Pid; seen: unknown[]; stash: () => Stash } {
  const seen: unknown[] = [];
  let stash: Stash;
  let open = false;
  const pid = system.spawn({
    init: (self) => void (stash = createStash(self, capacity === undefined ? undefined : { capacity })),
    handle(message) {
      if (message === "world") {
        open = true;
        stash.unstashAll();
      }
      if (open) seen.push(message);
      else stash.stash();
    },
  });
  return { pid, seen, stash: () => stash };
}

test("MBX-010 what was stashed is handled after the message that unstashes it, before what waits", async () => {
  const { system } = await startWorld();
  const { pid, seen } = startGreeter(system);
  for (const message of ["hello", "hello", "dear", "world", "!"]) system.send(pid, message);
  await quiesce(system);
  expect(seen).toEqual(["world", "hello", "hello", "dear", "!"]);
});

test("a server stashes calls and casts, and answers them later", async () => {
  const { system } = await startWorld();
  const server: GenServer<{ readonly stash: Stash; readonly open: boolean; readonly seen: readonly unknown[] }> = {
    init: (self) => started({ stash: createStash(self), open: false, seen: [] }),
    handleCall(request, _from, state) {
      if (state.open) return reply([...state.seen, request], state);
      state.stash.stash();
      return noReply(state);
    },
    async handleCast(request, state) {
      await null;
      if (request === "open") {
        state.stash.unstashAll();
        return noReply({ ...state, open: true });
      }
      if (!state.open) state.stash.stash();
      return noReply(state.open ? { ...state, seen: [...state.seen, request] } : state);
    },
  };
  const result = await startGenServer(system, server, []);
  if (result.kind !== "ok") throw new Error("Expected a start");
  system.cast(result.pid, "a");
  const answer = system.call(result.pid, "q");
  system.cast(result.pid, "b");
  await quiesce(system);
  system.cast(result.pid, "open");
  expect(await answer).toEqual(["a", "q"]);
  expect(await sys.getState(system, result.pid)).toMatchObject({ seen: ["a", "b"] });
});

test("a continuation has no message that could be stashed, but may stash the one it was told of", async () => {
  const { system } = await startWorld();
  const seen: unknown[] = [];
  let stash: Stash | undefined;
  const server: GenServer<number> = {
    init: (self) => {
      stash = createStash(self);
      return started(0);
    },
    handleInfo: (message, s) => (seen.push(message) === 1 ? noReply(s, continueWith(message)) : noReply(s)),
    handleContinue(message, s) {
      expect(() => stash?.stash()).toThrow(TypeError);
      stash?.stash(message);
      stash?.unstashAll();
      return noReply(s);
    },
  };
  const { pid } = (await startGenServer(system, server, [])) as { pid: Pid };
  system.send(pid, "m");
  await quiesce(system);
  expect(seen).toEqual(["m", "m"]);
});

test("signals that were stashed and put back leave later signals what they are", async () => {
  const { system, trapping } = await startWorld();
  const stopped: unknown[] = [];
  let stash: Stash | undefined;
  const pid = trapping.self.spawnLink({
    init: (self) => {
      self.trapExit(true);
      stash = createStash(self);
    },
    handle(message) {
      if (message === "go") stash?.unstashAll();
      else stash?.stash();
    },
    stop: (reason) => void stopped.push(reason),
  });
  await quiesce(system);
  system.exitSignal(pid, Exit.of("a"));
  system.send(pid, "go");
  system.exitSignal(pid, Exit.of("b"));
  system.send(pid, "go");
  await quiesce(system);
  expect(stash?.size).toBe(2);
  await system.stop(pid);
  expect(stopped).toEqual([Exit.normal]);
});

test("MBX-011 a message is stashed once", async () => {
  const { system } = await startWorld();
  const failures: unknown[] = [];
  const pid = system.spawn({
    handle(_message, self) {
      const stash = createStash(self);
      stash.stash();
      try {
        stash.stash();
      } catch (error) {
        failures.push(error, stash.size);
      }
    },
  });
  system.send(pid, "hello");
  await quiesce(system);
  expect(failures[0]).toBeInstanceOf(StashedTwice);
  expect(failures).toEqual([expect.objectContaining({ code: "ACTOR_STASHED_TWICE", stashed: "hello" }), 1]);
});

test("a message that was stashed is stashed again when it comes again, and what a handler receives does not count", async () => {
  const { system, reports } = await startWorld();
  const sizes: unknown[] = [];
  let stash: Stash | undefined;
  const pid = system.spawn({
    init: (self) => void (stash = createStash(self)),
    async handle(message, self) {
      if (message === "again") {
        stash?.unstashAll();
        return;
      }
      stash?.stash();
      sizes.push(stash?.size);
      if (message !== "crash") return;
      await self.receive((next) => next === "received");
      stash?.stash();
    },
  });
  for (const message of ["a", "a", "again", "crash", "received"]) system.send(pid, message);
  await quiesce(system);
  expect(sizes).toEqual([1, 2, 1, 2, 3]);
  expect(reports).toMatchObject([{ kind: "crash", lastMessage: "crash", reason: { error: { stashed: "crash" } } }]);
});

test("MBX-012 a full stash refuses, and keeps what it has", async () => {
  const { plain } = await startWorld();
  const stash = createStash(plain.self, { capacity: 3 });
  for (const message of ["a", "b", "c"]) stash.stash(message);
  expect(() => stash.stash("d")).toThrow(StashFull);
  expect([stash.size, stash.isFull, stash.toArray()]).toEqual([3, true, ["a", "b", "c"]]);
  expect(() => createStash(plain.self, { capacity: 0 })).toThrow(RangeError);
});

test("MBX-013 a stash gives what came first, and its head stays", async () => {
  const { system, plain } = await startWorld();
  const stash = createStash(plain.self);
  for (const message of ["a", "b", "c", "d"]) stash.stash(message);
  expect([stash.head(), stash.size, stash.includes("d")]).toEqual(["a", 4, true]);
  stash.drop();
  expect([stash.head(), stash.size]).toEqual(["b", 3]);
  stash.unstash(2);
  expect(stash.toArray()).toEqual(["d"]);
  stash.unstash();
  expect(() => stash.head()).toThrow(StashEmpty);
  await quiesce(system);
  expect(plain.messages).toEqual(["d", "b", "c"]);
});

test("MBX-014 a cleared stash is empty and can be used again", async () => {
  const { system, plain } = await startWorld();
  const stash = createStash(plain.self, { capacity: 1 });
  stash.stash("a");
  stash.clear();
  expect(stash.size).toBe(0);
  stash.stash("b");
  stash.unstashAll();
  await quiesce(system);
  expect([plain.messages, stash.size]).toEqual([["b"], 0]);
});

test("a stash of a process that has ended refuses", async () => {
  const { system, plain } = await startWorld();
  const stash = createStash(plain.self);
  system.exitSignal(plain.pid, Exit.kill);
  expect(() => stash.stash("a")).toThrow(expect.objectContaining({ code: "ACTOR_PROCESS_EXITED" }));
  expect(() => createStash(plain.self)).toThrow(expect.objectContaining({ code: "ACTOR_PROCESS_EXITED" }));
});

test("only a message that is being handled can be stashed unseen", async () => {
  const { plain } = await startWorld();
  expect(() => createStash(plain.self).stash()).toThrow(TypeError);
});

test("MBX-015 a process is told when it has been idle, each message counts anew, and it can be turned off", async () => {
  const { system, plain, pass } = await startWorld();
  const turnOff = startReceiveTimeout(plain.self, { afterMs: 500 });
  await pass(400);
  system.send(plain.pid, "a");
  await pass(499);
  expect(plain.messages).toEqual(["a"]);
  await pass(1);
  expect(plain.messages).toEqual(["a", receiveTimeout]);
  await pass(500);
  expect(plain.messages).toEqual(["a", receiveTimeout, receiveTimeout]);
  turnOff();
  await pass(10_000);
  expect(plain.messages).toHaveLength(3);
  expect(() => startReceiveTimeout(plain.self, { afterMs: 0 })).toThrow(RangeError);
});

test("MBX-016 a message that does not count does not keep idleness away", async () => {
  const { system, clock, plain, pass } = await startWorld();
  const influences = (message: unknown): boolean => message !== "tick";
  startReceiveTimeout(plain.self, { afterMs: 500, message: "idle", influences });
  for (let i = 0; i < 4; i++) {
    await pass(100);
    system.send(plain.pid, "tick");
  }
  await pass(100);
  expect(plain.messages).toEqual(["tick", "tick", "tick", "tick", "idle"]);
  system.exitSignal(plain.pid, Exit.kill);
  await quiesce(system);
  expect(clock.pending).toBe(0);
});

test("a process that handles a message is not idle", async () => {
  const { system, pass } = await startWorld();
  const seen: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const pid = system.spawn({
    init: (self) => void startReceiveTimeout(self, { afterMs: 500 }),
    handle: (message) => (message === "long" ? promise : void seen.push(message)),
  });
  system.send(pid, "long");
  await pass(600);
  expect(processInfo(pid)?.messages).toEqual([]);
  resolve();
  await pass(500);
  expect(seen).toEqual([receiveTimeout]);
});
