import { expect, test } from "@jest/globals";
import { type Call, consoleReporter, createActorSystem, Exit } from "../index.ts";
import { manualClock, quiesce } from "../testing/index.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a system whose processes are idle holds no host handle, also after calls and timers", async () => {
  const clock = manualClock();
  const system = createActorSystem({ clock });
  const server = system.spawn({ handle: (message) => (message as Call).from.reply("pong") });
  await system.call(server, "ping");
  system.sendAfter(3_600_000, server, "never").cancel();
  expect(clock.pending).toBe(1);
  await turn();
  await turn();
  expect(clock.pending).toBe(0);
  expect(system.isAlive(server)).toBe(true);
});

test("a drain stops at its budget of messages and lets the host go on", async () => {
  const system = createActorSystem({ budget: { messages: 100 } });
  let handled = 0;
  const pid = system.spawn({ handle: () => void (handled += 1) });
  for (let i = 0; i < 1_000; i++) {
    system.send(pid, i);
  }
  await turn();
  expect(handled).toBeGreaterThan(0);
  expect(handled).toBeLessThan(1_000);
  await quiesce(system);
  expect(handled).toBe(1_000);
});

test("a drain stops at its budget of time", async () => {
  const system = createActorSystem({ budget: { elapsedMs: 1 } });
  let handled = 0;
  const pid = system.spawn({
    handle() {
      handled += 1;
      for (const endMs = performance.now() + 1; performance.now() < endMs; );
    },
  });
  for (let i = 0; i < 60; i++) {
    system.send(pid, i);
  }
  await turn();
  expect(handled).toBeLessThan(60);
});

test("long work that gives way by a sleep of 0 ms holds up the host for no more than a step", async () => {
  const system = createActorSystem({ budget: { elapsedMs: 1 } });
  // Such fast ones that the clock is seldom looked at.
  const pid = system.spawn({ handle() {} });
  for (let i = 0; i < 1_000; i++) {
    system.send(pid, i);
  }
  await quiesce(system);
  let steps = 0;
  let turned = false;
  const worker = system.spawn(async (self) => {
    setImmediate(() => (turned = true));
    for (; !turned && steps < 100; steps++) {
      for (const endMs = performance.now() + 1; performance.now() < endMs; );
      await self.sleep(0);
    }
  });
  await system.exited(worker);
  expect(steps).toBeLessThan(5);
});

test("quiesce lets promises settle and fires what is due, but does not move time", async () => {
  const clock = manualClock();
  const system = createActorSystem({ clock });
  const seen: unknown[] = [];
  const pid = system.spawn({
    async handle(message) {
      for (let i = 0; i < 50; i++) {
        await null;
      }
      seen.push(message);
    },
  });
  system.sendAfter(0, pid, "now");
  system.sendAfter(1, pid, "later");
  await quiesce(system);
  expect(seen).toEqual(["now"]);
});

test("two systems do not share names", () => {
  const [a, b] = [createActorSystem(), createActorSystem()];
  a.spawn(() => {}, { name: "n" });
  expect(b.whereis("n")).toBeUndefined();
});

test("a reporter that throws harms nobody", async () => {
  const system = createActorSystem({
    report: () => {
      throw new Error("bad reporter");
    },
  });
  const end = system.exited(system.spawn((self) => self.exit(Exit.of("x"))));
  expect(await end).toEqual(Exit.of("x"));
});

test("the console's reporter shows a crash in one line and with its stack", () => {
  const lines: unknown[][] = [];
  const original = console.error;
  console.error = (...values: unknown[]) => void lines.push(values);
  try {
    const error = new Error("broken");
    const pid = createActorSystem().spawn(() => {});
    consoleReporter({
      ...{ kind: "crash", pid, name: "n", label: undefined, reason: Exit.crash(error), lastMessage: 1 },
      ...{ state: { kind: "unknown" }, recentMessages: undefined, waiting: 0, ancestors: [], links: [] },
    });
    expect(lines).toEqual([[`Process ${pid} n ended: crash: Error: broken`, error]]);
  } finally {
    console.error = original;
  }
});
