import { expect, test } from "@jest/globals";
import { adopt, type Call, Exit, Exited, pipeToSelf, processInfo, type ReplyTo, type Self } from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { obedient, rejection, startWorld } from "./world.ts";

interface Settle {
  resolve(value: string): void;
  reject(error: unknown): void;
}

test("ASYNC-001 a kill ends a process in the middle of its await, and nothing comes of the rest", async () => {
  const { system, plain, pass } = await startWorld();
  const foreign = Promise.withResolvers<void>();
  const pid = system.spawn({
    async handle(_message, self) {
      await foreign.promise;
      self.send(plain.pid, "after death");
    },
  });
  const end = system.exited(pid);
  system.send(pid, "go");
  await pass(0);
  system.exitSignal(pid, Exit.kill);
  expect(await end).toEqual(Exit.killed);
  foreign.resolve();
  await quiesce(system);
  expect(plain.messages).toEqual([]);
});

test("ASYNC-002 a stop lets the handler finish", async () => {
  const { system, plain, pass } = await startWorld();
  const pid = system.spawn({
    async handle(_message, self) {
      await self.sleep(100);
      self.send(plain.pid, "finished");
    },
  });
  system.send(pid, "go");
  await quiesce(system);
  const stopped = system.stop(pid);
  await pass(100);
  await stopped;
  expect(plain.messages).toEqual(["finished"]);
});

test("ASYNC-003 a trapped signal waits for the handler that runs", async () => {
  const { system, plain, pass } = await startWorld();
  const seen: unknown[] = [];
  const pid = system.spawn({
    init: (self) => void self.trapExit(true),
    async handle(message, self) {
      if (message === "go") {
        await self.sleep(100);
        seen.push("handled");
      } else {
        seen.push(message);
      }
    },
  });
  system.send(pid, "go");
  await quiesce(system);
  plain.self.exitSignal(pid, Exit.shutdown);
  await pass(100);
  expect(seen).toEqual(["handled", new Exited(plain.pid, Exit.shutdown)]);
});

test("ASYNC-004 a kill during init fails the start, a kill during stop ends at once", async () => {
  const { system } = await startWorld();
  const start = system.start({ init: () => new Promise<void>(() => {}), handle() {} }, { name: "n" });
  await quiesce(system);
  system.exitSignal("n", Exit.kill);
  expect(await start).toEqual({ kind: "error", reason: Exit.killed });
  const pid = system.spawn({ handle() {}, stop: () => new Promise<void>(() => {}) });
  const failure = rejection(system.stop(pid));
  await quiesce(system);
  system.exitSignal(pid, Exit.kill);
  expect(await failure).toMatchObject({ reason: Exit.killed });
});

test("ASYNC-005 each process keeps its identity across interleaved awaits", async () => {
  const { system } = await startWorld();
  const seen: string[] = [];
  const script = (name: string) => async (self: Self) => {
    for (let i = 0; i < 3; i++) {
      await null;
      seen.push(`${name} ${processInfo(self.pid)?.label}`);
    }
  };
  system.spawn(script("a"), { label: "a" });
  system.spawn(script("b"), { label: "b" });
  await quiesce(system);
  expect(seen).toEqual(["a a", "b b", "a a", "b b", "a a", "b b"]);
});

test.each([
  ["fulfilled", (settle: Settle) => settle.resolve("v"), { got: "v" }],
  ["rejected", (settle: Settle) => settle.reject("E"), { failed: "E" }],
] as const)("ASYNC-006 a piped promise that is %s becomes a message", async (_name, act, message) => {
  const { system, plain } = await startWorld();
  const foreign = Promise.withResolvers<string>();
  pipeToSelf(plain.self, foreign.promise, (result) =>
    result.status === "fulfilled" ? { got: result.value } : { failed: result.reason },
  );
  await quiesce(system);
  expect(plain.messages).toEqual([]);
  act(foreign);
  await quiesce(system);
  expect(plain.messages).toEqual([message]);
});

test("ASYNC-006 a piped promise that settles after the end of its process is dropped, also a rejected one", async () => {
  const { system, plain } = await startWorld();
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const made: unknown[] = [];
  for (const { promise } of [first, second]) {
    pipeToSelf(plain.self, promise, (result) => made.push(result));
  }
  system.exitSignal(plain.pid, Exit.kill);
  first.resolve("late");
  second.reject("late");
  await quiesce(system);
  expect([made, plain.messages]).toEqual([[], []]);
  expect(() => pipeToSelf(plain.self, first.promise, () => 1)).toThrow(
    expect.objectContaining({ code: "ACTOR_PROCESS_EXITED" }),
  );
});

test("a message that cannot be made of a piped promise is a crash", async () => {
  const { system, plain } = await startWorld();
  const end = system.exited(plain.pid);
  pipeToSelf(plain.self, Promise.resolve(), () => {
    throw "E";
  });
  expect(await end).toEqual(Exit.crash("E"));
});

test("ASYNC-007 an adopted promise that is rejected crashes its process, and nothing else", async () => {
  const { system, trapping, reports } = await startWorld();
  const error = new Error("E");
  const foreign = Promise.withResolvers<void>();
  const pid = trapping.self.spawnLink({
    init(self) {
      self.trapExit(true);
      adopt(self, foreign.promise);
      adopt(self, Promise.resolve());
    },
    handle() {},
  });
  await quiesce(system);
  expect(system.isAlive(pid)).toBe(true);
  foreign.reject(error);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(pid, Exit.crash(error))]);
  expect(reports).toMatchObject([{ kind: "crash", pid, reason: Exit.crash(error) }]);
});

test("a process spawned with a signal gets an exit signal when that is aborted, and shuts down", async () => {
  const { system, trapping } = await startWorld();
  const [first, second] = [new AbortController(), new AbortController()];
  const plain = trapping.self.spawnLink(obedient, { signal: first.signal });
  first.abort("enough");
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(plain, Exit.shutdownFor("enough"))]);
  const seen: unknown[] = [];
  const stubborn = system.spawn(
    { init: (self) => void self.trapExit(true), handle: (message) => void seen.push(message) },
    { signal: second.signal },
  );
  await quiesce(system);
  second.abort("enough");
  second.abort("again");
  await quiesce(system);
  expect([seen, system.isAlive(stubborn)]).toEqual([[new Exited(undefined, Exit.shutdownFor("enough"))], true]);
});

test("a process spawned with an aborted signal never runs", async () => {
  const { system } = await startWorld();
  let ran = false;
  const pid = system.spawn(
    () => {
      ran = true;
    },
    { signal: AbortSignal.abort("no") },
  );
  expect(system.isAlive(pid)).toBe(false);
  await quiesce(system);
  expect(ran).toBe(false);
});

test("a signal keeps nothing of a process that has ended", async () => {
  const { system } = await startWorld();
  const controller = new AbortController();
  const removed: unknown[] = [];
  const { signal } = controller;
  signal.removeEventListener = (type: string) => void removed.push(type);
  const pid = system.spawn(() => {}, { signal });
  await system.exited(pid);
  expect(removed).toEqual(["abort"]);
});

test("ASYNC-008 a call abandoned by its signal fails, and its late answer is dropped", async () => {
  const { system, plain } = await startWorld();
  let from: ReplyTo | undefined;
  const pid = system.spawn({ handle: (message) => void (from = (message as Call).from) });
  const controller = new AbortController();
  const failure = rejection(plain.self.call(pid, 1, { signal: controller.signal }));
  await quiesce(system);
  controller.abort("enough");
  expect(await failure).toMatchObject({ reason: Exit.aborted("enough") });
  from?.reply("late");
  await quiesce(system);
  expect(plain.messages).toEqual([]);
  expect(await rejection(system.call(pid, 1, { signal: controller.signal }))).toMatchObject({
    reason: Exit.aborted("enough"),
  });
});

test("the signal of a process is aborted with its reason", async () => {
  const { system, plain } = await startWorld();
  const { signal } = plain.self;
  system.exitSignal(plain.pid, Exit.of("boom"));
  await quiesce(system);
  expect([signal.aborted, signal.reason]).toEqual([true, Exit.of("boom")]);
});

test("a process that waits for a call and ends gets ProcessExited, and nobody an unhandled rejection", async () => {
  const { system, plain } = await startWorld();
  const failure = rejection(plain.self.call(system.spawn(obedient), 1));
  void plain.self.call(system.spawn(obedient), 1);
  system.exitSignal(plain.pid, Exit.kill);
  expect(await failure).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  await quiesce(system);
});
