import { expect, test } from "@jest/globals";
import {
  createActorSystem,
  Down,
  dynamicSupervisorRef,
  Exit,
  Exited,
  type Pid,
  processInfo,
  type Self,
  startDynamicSupervisor,
  timedOut,
} from "../src/index.ts";
import { quiesce } from "../src/testing/index.ts";

// What is done to thousands takes other ways than what is done to a few.

const MANY = 5_000;
const system = createActorSystem({ report() {} });
const idle = { handle() {} };

/** Runs a script in a process and hands on what it returns. */
async function inProcess<T>(script: (self: Self) => Promise<T>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const pid = system.spawn(async (self) => resolve(await script(self)));
  expect(await system.exited(pid)).toEqual(Exit.normal);
  return promise;
}

test("of thousands that are linked to one, those that unlinked hear nothing of its end, the others in the order of their links", async () => {
  const hub = system.spawn(idle);
  const heard: number[] = [];
  const linked: Pid[] = [];
  for (let i = 0; i < MANY; i++) {
    const pid = system.spawn({
      init(self: Self) {
        self.trapExit(true);
        self.link(hub);
      },
      handle(message: unknown, self: Self) {
        if (message instanceof Exited) heard.push(i);
        else self.unlink(hub);
      },
    });
    linked.push(pid);
  }
  await quiesce(system);
  for (let i = 0; i < MANY; i += 2) system.send(linked[i] as Pid, "unlink");
  await quiesce(system);
  expect(processInfo(hub)?.links).toEqual(linked.filter((_pid, i) => i % 2 === 1));
  system.exitSignal(hub, Exit.kill);
  await quiesce(system);
  expect(heard).toEqual(Array.from({ length: MANY / 2 }, (_, i) => 2 * i + 1));
});

test("of thousands of monitors each fires once, in the order they were made, however many came and went before", async () => {
  await inProcess(async (self) => {
    const watched = self.spawn(idle);
    const monitors = Array.from({ length: MANY }, () => self.monitor(watched));
    for (let i = 0; i < 4 * MANY; i++) {
      const [oldest] = monitors.splice(0, 1);
      if (oldest) self.demonitor(oldest);
      monitors.push(self.monitor(watched));
    }
    self.exitSignal(watched, Exit.kill);
    const fired: unknown[] = [];
    for (let i = 0; i < MANY; i++) {
      const notice = await self.receive((message) => message instanceof Down);
      fired.push(monitors.indexOf(notice.monitor as (typeof monitors)[number]));
    }
    expect(fired).toEqual(Array.from({ length: MANY }, (_, i) => i));
    expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(timedOut);
  });
});

test("from among thousands of messages a script takes the one it wants, and the others stay in order", async () => {
  const wanted = [MANY - 1, 4_321, 1_024, 1_023, 0];
  await inProcess(async (self) => {
    for (let i = 0; i < MANY; i++) self.send(self.pid, i);
    for (const number of wanted) expect(await self.receive((message) => message === number)).toBe(number);
    const others: unknown[] = [];
    for (let i = wanted.length; i < MANY; i++) others.push(await self.receive());
    expect(others).toEqual(Array.from({ length: MANY }, (_, i) => i).filter((i) => !wanted.includes(i)));
    expect(await self.receive(undefined, { timeoutMs: 0 })).toBe(timedOut);
  });
});

test("a supervisor of thousands restarts and stops each of them alone, and takes all with it in the end", async () => {
  const { pid } = (await startDynamicSupervisor(system, { maxRestarts: MANY, periodMs: 1_000_000 })) as { pid: Pid };
  const supervisor = dynamicSupervisorRef(system, pid);
  const crashing = { handle: (_message: unknown, self: Self) => self.exit(Exit.of("crash")) };
  const children: Pid[] = [];
  for (let i = 0; i < MANY; i++) {
    const child = await supervisor.startChild({ id: "child", start: (self) => self.start(crashing, { link: true }) });
    children.push((child as { pid: Pid }).pid);
  }
  const [crashed, stopped] = [children.slice(0, 2_000), children.slice(2_000, 4_000)];
  for (const child of crashed) system.send(child, "crash");
  for (const child of stopped) await supervisor.terminateChild(child);
  await quiesce(system);
  const alive = (await supervisor.whichChildren()).map(({ status }) => (status as { pid: Pid }).pid);
  expect(alive).toHaveLength(MANY - stopped.length);
  const gone = new Set([...crashed, ...stopped]);
  expect(alive.filter((child) => gone.has(child))).toEqual([]);
  const linked = new Set(processInfo(pid)?.links);
  expect(linked.size).toBe(alive.length);
  expect(alive.every((child) => linked.has(child))).toBe(true);
  expect(alive.every((child) => system.isAlive(child))).toBe(true);
  await system.stop(pid, { reason: Exit.shutdown });
  expect(alive.some((child) => system.isAlive(child))).toBe(false);
});
