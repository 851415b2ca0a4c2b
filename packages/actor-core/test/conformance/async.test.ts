import { expect, test } from "@jest/globals";
import { type Call, Exit, Exited, type ReplyTo, type Self } from "../../src/index.ts";
import { obedient, rejection, startWorld } from "./world.ts";

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
  await system.quiesce();
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
  await system.quiesce();
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
  await system.quiesce();
  plain.self.exitSignal(pid, Exit.shutdown);
  await pass(100);
  expect(seen).toEqual(["handled", new Exited(plain.pid, Exit.shutdown)]);
});

test("ASYNC-004 a kill during init fails the start, a kill during stop ends at once", async () => {
  const { system } = await startWorld();
  const start = system.start({ init: () => new Promise<void>(() => {}), handle() {} }, { name: "n" });
  await system.quiesce();
  system.exitSignal("n", Exit.kill);
  expect(await start).toEqual({ kind: "error", reason: Exit.killed });
  const pid = system.spawn({ handle() {}, stop: () => new Promise<void>(() => {}) });
  const failure = rejection(system.stop(pid));
  await system.quiesce();
  system.exitSignal(pid, Exit.kill);
  expect(await failure).toMatchObject({ reason: Exit.killed });
});

test("ASYNC-005 each process keeps its identity across interleaved awaits", async () => {
  const { system } = await startWorld();
  const seen: string[] = [];
  const script = (name: string) => async (self: Self) => {
    for (let i = 0; i < 3; i++) {
      await null;
      seen.push(`${name} ${self.info(self.pid)?.label}`);
    }
  };
  system.spawn(script("a"), { label: "a" });
  system.spawn(script("b"), { label: "b" });
  await system.quiesce();
  expect(seen).toEqual(["a a", "b b", "a a", "b b", "a a", "b b"]);
});

test("ASYNC-008 a call abandoned by its signal fails, and its late answer is dropped", async () => {
  const { system, plain } = await startWorld();
  let from: ReplyTo | undefined;
  const pid = system.spawn({ handle: (message) => void (from = (message as Call).from) });
  const controller = new AbortController();
  const failure = rejection(plain.self.call(pid, 1, { signal: controller.signal }));
  await system.quiesce();
  controller.abort("enough");
  expect(await failure).toMatchObject({ reason: Exit.aborted("enough") });
  from?.reply("late");
  await system.quiesce();
  expect(plain.messages).toEqual([]);
  expect(await rejection(system.call(pid, 1, { signal: controller.signal }))).toMatchObject({
    reason: Exit.aborted("enough"),
  });
});

test("the signal of a process is aborted with its reason", async () => {
  const { system, plain } = await startWorld();
  const { signal } = plain.self;
  system.exitSignal(plain.pid, Exit.of("boom"));
  await system.quiesce();
  expect([signal.aborted, signal.reason]).toEqual([true, Exit.of("boom")]);
});

test("a process that waits for a call and ends gets ProcessExited, and nobody an unhandled rejection", async () => {
  const { system, plain } = await startWorld();
  const failure = rejection(plain.self.call(system.spawn(obedient), 1));
  void plain.self.call(system.spawn(obedient), 1);
  system.exitSignal(plain.pid, Exit.kill);
  expect(await failure).toMatchObject({ code: "ACTOR_PROCESS_EXITED" });
  await system.quiesce();
});
