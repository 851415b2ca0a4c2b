import { expect, test } from "@jest/globals";
import { createActorSystem, Exit, startSupervisor } from "@solo/actor-core";
import { manualClock, quiesce } from "@solo/actor-core/testing";
import { defineJobQueue, type JobQueueOptions } from "./job-queue.ts";

const REFUSED = new Error("no such mailbox");

/** A queue with two places. A job `joe:3` fails three times, and each attempt takes 10 ms; `log` shows when they begin. */
async function startMails(options: Partial<JobQueueOptions<string>> = {}) {
  const clock = manualClock();
  const system = createActorSystem({ clock, report: () => {} });
  const log: string[] = [];
  const failures = new Map<string, number>();
  const mails = defineJobQueue<string>({
    name: "mails",
    maxInFlight: 2,
    retry: { minMs: 100, maxMs: 10_000, maxRestarts: 3 },
    graceMs: 1_000,
    async work(job, self) {
      log.push(`${clock.nowMs()} ${job}`);
      await self.sleep(10);
      const [, wanted = 0] = job.split(":");
      const failed = failures.get(job) ?? 0;
      failures.set(job, failed + 1);
      if (failed < Number(wanted)) throw REFUSED;
      log.push(`${clock.nowMs()} ${job} done`);
    },
    ...options,
  });
  await startSupervisor(system, mails.supervisor, { name: "supervisor" });
  const pass = async (ms: number): Promise<void> => {
    await quiesce(system);
    for (let i = 0; i < ms; i += 10) {
      clock.advance(10);
      await quiesce(system);
    }
  };
  return { system, log, pass, queue: mails.ref(system) };
}

test("a job that fails is tried again, later each time", async () => {
  const { queue, log, pass } = await startMails();
  queue.cast("push", "joe:3");
  await pass(1_000);
  expect(log).toEqual(["0 joe:3", "110 joe:3", "320 joe:3", "730 joe:3", "740 joe:3 done"]);
  expect(await queue.call("status")).toEqual({ waiting: 0, inFlight: 0, parked: [], done: 1 });
});

test("a job that fails too often is parked with its reason, and holds up nobody for ever", async () => {
  const { queue, pass } = await startMails();
  for (const job of ["poison:99", "joe:0", "mike:0"]) queue.cast("push", job);
  await pass(2_000);
  const parked = [{ job: "poison:99", reason: Exit.crash(REFUSED) }];
  expect(await queue.call("status")).toEqual({ waiting: 0, inFlight: 0, parked, done: 2 });
});

test("no more jobs are under way than there are places", async () => {
  const { queue, log, pass } = await startMails();
  for (const job of ["a", "b", "c", "d", "e"]) queue.cast("push", job);
  await pass(0);
  expect(await queue.call("status")).toEqual({ waiting: 3, inFlight: 2, parked: [], done: 0 });
  await pass(50);
  const begun = log.filter((line) => !line.endsWith("done"));
  expect(begun).toEqual(["0 a", "0 b", "10 c", "10 d", "20 e"]);
});

test("a queue that is stopped begins nothing more, and ends what is being done", async () => {
  const { system, queue, log, pass } = await startMails();
  for (const job of ["a", "b", "c"]) queue.cast("push", job);
  await pass(0);
  const stopped = system.stop("supervisor", { reason: Exit.shutdown });
  await pass(100);
  await stopped;
  expect(log).toEqual(["0 a", "0 b", "10 a done", "10 b done"]);
  expect(system.processes()).toEqual([]);
});

test("a job that does not end in time is ended", async () => {
  const { system, queue, pass } = await startMails({ work: () => new Promise(() => {}) });
  queue.cast("push", "endless");
  await pass(0);
  const stopped = system.stop("supervisor", { reason: Exit.shutdown });
  await pass(990);
  expect(system.processes()).not.toEqual([]);
  await pass(10);
  await stopped;
  expect(system.processes()).toEqual([]);
});
