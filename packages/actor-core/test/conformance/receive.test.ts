import { expect, test } from "@jest/globals";
import { Exit, processInfo, type Self, timedOut } from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { startWorld } from "./world.ts";

const is =
  (wanted: string) =>
  (message: unknown): message is string =>
    message === wanted;
const begins =
  (letter: string) =>
  (message: unknown): message is string =>
    typeof message === "string" && message.startsWith(letter);

/** Runs a script whose mailbox holds `mailbox`, and gives what it took and what it left. */
const receiving = async (mailbox: readonly unknown[], script: (self: Self) => Promise<unknown[]>) => {
  const world = await startWorld();
  const { system } = world;
  const result = { took: [] as unknown[], left: [] as readonly unknown[] };
  const pid = system.spawn(async (self) => {
    result.took = await script(self);
    result.left = processInfo(self.pid)?.messages ?? [];
  });
  for (const message of mailbox) {
    system.send(pid, message);
  }
  await world.pass(0);
  return { ...world, pid, result };
};

test("RECV-001 a selective receive leaves the others in order", async () => {
  const { result } = await receiving(["a", "b", "c"], async (self) => [
    await self.receive(is("b")),
    await self.receive(),
    await self.receive(),
  ]);
  expect(result.took).toEqual(["b", "a", "c"]);
});

test("RECV-002 the oldest match comes first", async () => {
  const { result } = await receiving(["a1", "b1", "a2"], async (self) => [
    await self.receive(begins("a")),
    await self.receive(begins("a")),
  ]);
  expect(result).toEqual({ took: ["a1", "a2"], left: ["b1"] });
});

test("RECV-003 the order of the mailbox goes before the order of the alternatives", async () => {
  const { result } = await receiving(["y", "x"], async (self) => [
    await self.receive((message) => is("x")(message) || is("y")(message)),
  ]);
  expect(result).toEqual({ took: ["y"], left: ["x"] });
});

test("RECV-004 RECV-006 a timeout of 0 takes what is there and otherwise gives up at once", async () => {
  const { result, clock } = await receiving(["a", "b"], async (self) => [
    await self.receive(is("x"), { timeoutMs: 0 }),
    await self.receive(is("b"), { timeoutMs: 0 }),
  ]);
  expect(result).toEqual({ took: [timedOut, "b"], left: ["a"] });
  expect(clock.nowMs()).toBe(0);
});

test("RECV-005 a receive gives up at its time and not before", async () => {
  const { result, pass } = await receiving([], async (self) => [await self.receive(undefined, { timeoutMs: 1_000 })]);
  await pass(999);
  expect(result.took).toEqual([]);
  await pass(1);
  expect(result.took).toEqual([timedOut]);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("RECV-007 a timeout of %p is refused", async (timeoutMs) => {
  const { plain } = await startWorld();
  expect(() => plain.self.receive(undefined, { timeoutMs })).toThrow(RangeError);
});

test("RECV-007 a timeout that is no number is refused", async () => {
  const { plain } = await startWorld();
  expect(() => plain.self.receive(undefined, { timeoutMs: "a" as unknown as number })).toThrow(TypeError);
});

test("RECV-008 a sleep of 2^32 ms does not wrap", async () => {
  const { system, pid, pass } = await receiving([], async (self) => {
    await self.sleep(2 ** 32);
    return [];
  });
  await pass(1_000);
  expect(system.isAlive(pid)).toBe(true);
  await pass(2 ** 32);
  expect(system.isAlive(pid)).toBe(false);
});

test("RECV-009 waits end in the order of their times", async () => {
  const { system, pass } = await startWorld();
  const ended: number[] = [];
  for (let ms = 100; ms > 0; ms--) {
    system.spawn(async (self) => {
      await self.receive(undefined, { timeoutMs: ms });
      ended.push(ms);
    });
  }
  await pass(100);
  expect(ended).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
});

test("RECV-010 10,000 waits of one length all end, none early", async () => {
  const { system, pass } = await startWorld();
  let ended = 0;
  for (let i = 0; i < 10_000; i++) {
    system.spawn(async (self) => {
      await self.receive(undefined, { timeoutMs: 1_000 });
      ended += 1;
    });
  }
  await pass(999);
  expect(ended).toBe(0);
  await pass(1);
  expect(ended).toBe(10_000);
});

test("RECV-011 a receive inside another's handling passes over what was queued, which is found later", async () => {
  const { system, pid, result } = await receiving(["a", "b"], async (self) => {
    const outer = await self.receive(is("a"));
    const inner = await self.receive(is("c"));
    return [outer, inner, await self.receive()];
  });
  system.send(pid, "c");
  await quiesce(system);
  expect(result).toEqual({ took: ["a", "c", "b"], left: [] });
});

test("RECV-012 a waiting receive passes over what does not match", async () => {
  const { system, pid, result } = await receiving([], async (self) => [
    await self.receive(is("y")),
    await self.receive(),
  ]);
  system.send(pid, "x");
  await quiesce(system);
  system.send(pid, "y");
  await quiesce(system);
  expect(result.took).toEqual(["y", "x"]);
});

test("RECV-013 no code behind a receive runs once the process is killed, but finally does", async () => {
  const { system } = await startWorld();
  const ran: string[] = [];
  const pid = system.spawn(async (self) => {
    try {
      await self.receive();
      ran.push("after");
    } finally {
      ran.push("finally");
    }
  });
  await quiesce(system);
  system.exitSignal(pid, Exit.kill);
  await quiesce(system);
  expect(ran).toEqual(["finally"]);
});

test("a match that throws crashes the receiver", async () => {
  const { system } = await startWorld();
  const error = new Error("bad match");
  const pid = system.spawn(async (self) => {
    await self.receive(() => {
      throw error;
    });
  });
  const end = system.exited(pid);
  system.send(pid, "m");
  expect(await end).toEqual(Exit.crash(error));
});

test("a handler may receive selectively while its other messages wait", async () => {
  const { system } = await startWorld();
  const seen: unknown[] = [];
  const pid = system.spawn({
    async handle(message, self) {
      seen.push(message);
      if (message === "ask") {
        seen.push(["got", await self.receive(is("answer"))]);
      }
    },
  });
  for (const message of ["ask", "other", "answer", "last"]) {
    system.send(pid, message);
  }
  await quiesce(system);
  expect(seen).toEqual(["ask", ["got", "answer"], "other", "last"]);
});
