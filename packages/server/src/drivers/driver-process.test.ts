import { afterEach, expect, test } from "@jest/globals";
import { createActorSystem, Exit, type Pid, startSupervisor } from "@solo/actor-core";
import type { Driver } from "./driver.ts";
import { DriverProcesses } from "./driver-process.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Two drivers under one supervisor, as in the kernel. */
async function start(open?: Driver["open"]) {
  const system = createActorSystem({ report: () => undefined });
  const processes = new DriverProcesses(system);
  const pids: { readonly name: string; readonly pid: Pid }[] = [];
  const drivers: readonly Driver[] = [
    { name: "one", operations: {}, ...(open === undefined ? {} : { open }) },
    { name: "other", operations: {} },
  ];
  const root = await startSupervisor(system, {
    strategy: "one-for-one",
    maxRestarts: 5,
    periodMs: 1_000,
    children: drivers.map((driver) => ({
      id: driver.name,
      start: async (parent) => {
        const result = await parent.start(processes.handlerOf(driver), { link: true });
        if (result.kind === "ok") pids.push({ name: driver.name, pid: result.pid });
        return result;
      },
    })),
  });
  if (root.kind !== "ok") throw new Error("The drivers did not start");
  stops.push(() => system.exitSignal(root.pid, Exit.kill));
  const pidOf = (name: string) => pids.findLast((each) => each.name === name)?.pid as Pid;
  return { system, processes, pidOf };
}

const job = (begin: (life: AbortSignal) => Promise<unknown>) => ({ name: "one.do", timeoutMs: 60_000, begin });
const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test("effects go on side by side, and what one throws ends nothing", async () => {
  const { processes, pidOf } = await start();
  const before = pidOf("one");
  const slow = Promise.withResolvers<string>();
  const first = processes.do(
    "one",
    job(() => slow.promise),
  );
  const thrown = new Error("mine");
  await expect(
    processes.do(
      "one",
      job(() => Promise.reject(thrown)),
    ),
  ).rejects.toBe(thrown);
  const atOnce = processes.do(
    "one",
    job(() => {
      throw thrown;
    }),
  );
  await expect(atOnce).rejects.toBe(thrown);
  slow.resolve("late");
  expect(await first).toBe("late");
  expect(pidOf("one")).toBe(before);
});

test("a driver that is killed in the middle restarts alone, and who waits hears that the outcome is unknown", async () => {
  const { system, processes, pidOf } = await start();
  const other = pidOf("other");
  let life: AbortSignal | undefined;
  const waiting = processes.do(
    "one",
    job((signal) => {
      life = signal;
      return new Promise(() => undefined);
    }),
  );
  await turns();
  system.exitSignal(pidOf("one"), Exit.kill);
  await expect(waiting).rejects.toMatchObject({ code: "DRIVER_OUTCOME_UNKNOWN" });
  await turns();
  expect(life?.aborted).toBe(true);
  expect(
    await processes.do(
      "one",
      job(async () => "again"),
    ),
  ).toBe("again");
  expect(pidOf("other")).toBe(other);
});

test("while it is being started, nothing is done, and that can be asked again", async () => {
  const opening = [Promise.resolve(), Promise.withResolvers<void>().promise];
  const { system, processes, pidOf } = await start(async () => {
    await opening.shift();
    return { close: async () => undefined };
  });
  system.exitSignal(pidOf("one"), Exit.kill);
  await turns();
  const asked = processes.do(
    "one",
    job(async () => "never"),
  );
  await expect(asked).rejects.toMatchObject({ code: "DRIVER_UNAVAILABLE", facts: { retryAfterMs: 100 } });
});

test("what it is told and nobody waits for is done in order and once, whoever ends meanwhile", async () => {
  const { system, processes, pidOf } = await start();
  const done: number[] = [];
  for (const each of [1, 2, 3]) processes.tell("one", () => void done.push(each));
  const before = pidOf("one");
  system.exitSignal(before, Exit.kill);
  for (const each of [4, 5]) processes.tell("one", () => void done.push(each));
  await turns();
  expect(pidOf("one")).not.toBe(before);
  expect(done).toEqual([1, 2, 3, 4, 5]);

  const failing = pidOf("one");
  processes.tell("one", () => {
    throw new Error("mine");
  });
  processes.tell("one", () => void done.push(6));
  await turns();
  expect(pidOf("one")).not.toBe(failing);
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
});

test("what it is told and what it is asked for is begun in the order in which it came", async () => {
  const { processes } = await start();
  const begun: number[] = [];
  const note = (each: number) => void begun.push(each);
  processes.tell("one", () => note(1));
  processes.tell("one", () => note(2));
  const asked = processes.do(
    "one",
    job(async () => note(3)),
  );
  processes.tell("one", () => note(4));
  const last = processes.do(
    "one",
    job(async () => note(5)),
  );
  processes.tell("one", () => note(6));
  await Promise.all([asked, last]);
  await turns();
  expect(begun).toEqual([1, 2, 3, 4, 5, 6]);
});

test("what it holds is closed however it ends, and opened anew; a break of it ends the process", async () => {
  const seen: string[] = [];
  const breaks: ((error: Error) => void)[] = [];
  const { system, pidOf } = await start(async () => {
    seen.push("opened");
    const { promise, resolve } = Promise.withResolvers<Error>();
    breaks.push(resolve);
    return { broken: promise, close: async () => void seen.push("closed") };
  });
  breaks[0]?.(new Error("gone"));
  await turns();
  system.exitSignal(pidOf("one"), Exit.kill);
  await turns();
  expect(seen).toEqual(["opened", "closed", "opened", "closed", "opened"]);
});
