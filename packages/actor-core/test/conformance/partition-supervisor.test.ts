import { expect, test } from "@jest/globals";
import {
  dynamicSupervisorRef,
  Exit,
  type PartitionSupervisorDefinition,
  type Pid,
  partition,
  partitionSupervisorRef,
  partitionSupervisorSpec,
  type Self,
  type StartResult,
  startDynamicSupervisor,
  startPartitionSupervisor,
  startRegistry,
  startSupervisor,
  sys,
  uniqueRegistry,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { obedient, rejection, startWorld } from "./world.ts";

const OK = { kind: "ok", pid: expect.anything() };

/** Workers that answer with their index. */
const workers = (partitions: number): PartitionSupervisorDefinition => ({
  name: "workers",
  partitions,
  child: (index) => ({
    start: (supervisor) =>
      supervisor.start(
        {
          handle(message, self) {
            const { from } = message as { from?: { reply(value: unknown): void } };
            if (from === undefined) return (message as (self: Self) => void)(self);
            from.reply(index);
          },
        },
        { link: true },
      ),
  }),
});

/** Dynamic supervisors. */
const shards: PartitionSupervisorDefinition = {
  name: "shards",
  partitions: 8,
  child: () => ({ type: "supervisor", start: (supervisor) => startDynamicSupervisor(supervisor) }),
};

async function startWorkers(partitions: number) {
  const world = await startWorld();
  const started = await startPartitionSupervisor(world.trapping.self, workers(partitions));
  if (started.kind !== "ok") throw new Error(`the supervisor did not start: ${started.kind}`);
  return { ...world, supervisor: started.pid, ref: partitionSupervisorRef(world.system, "workers") };
}

test("PART-001 each key's child is found under one partition", async () => {
  const { system, trapping } = await startWorld();
  expect(await startPartitionSupervisor(trapping.self, shards)).toEqual(OK);
  const started = new Map<string, Pid>();
  for (let i = 0; i < 100; i++) {
    const key = `key ${(i * 7_919) % 10_007}`;
    const child = { id: key, start: (self: Self): Promise<StartResult> => self.start(obedient, { link: true }) };
    const result = await dynamicSupervisorRef(system, partition("shards", key)).startChild(child);
    if (result.kind === "ok") started.set(key, result.pid);
  }
  const found: Pid[] = [];
  for (const { pid } of await partitionSupervisorRef(system, "shards").partitions()) {
    const children = await dynamicSupervisorRef(system, pid as Pid).whichChildren();
    expect(children.length).toBeGreaterThan(0);
    for (const { id, status } of children) {
      expect(system.whereis(partition("shards", id))).toBe(pid);
      if (status.kind === "running") found.push(status.pid);
    }
  }
  expect(found.sort((a, b) => a.id - b.id)).toEqual([...started.values()]);
  expect(found).toHaveLength(100);
});

test("PART-002 whole numbers go round the partitions, whatever their sign", async () => {
  const { system } = await startWorkers(3);
  for (const [key, index] of [
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 0],
    [-1, 1],
    [10n ** 30n, 1],
    [-5n, 2],
  ] as const) {
    expect(await system.call(partition("workers", key), "who are you?")).toBe(index);
  }
});

test("PART-003 all other keys have their partition for ever", async () => {
  const { system } = await startWorkers(16);
  const indexes: unknown[] = [];
  for (const key of ["", "a", "b", "hello", "world", "grüße", "😀", "1", 1.5, Number.NaN]) {
    indexes.push(await system.call(partition("workers", key), "who are you?"));
  }
  // Found by an earlier run, and to be found by every later one.
  expect(indexes).toEqual([12, 4, 13, 5, 4, 14, 11, 5, 13, 12]);
});

test("PART-004 a definition that lacks something is refused, and nothing starts", async () => {
  const { system } = await startWorld();
  const { name, child, partitions } = workers(3);
  const before = system.processes();
  for (const [definition, error] of [
    [{ child, partitions }, TypeError],
    [{ name: "", child, partitions }, TypeError],
    [{ name: 7, child, partitions }, TypeError],
    [{ name, partitions }, TypeError],
    [{ name, partitions, child: { start: obedient } }, TypeError],
    [{ name, child }, RangeError],
    [{ name, child, partitions: 0 }, RangeError],
    [{ name, child, partitions: 1.5 }, RangeError],
    [{ name, child, partitions, autoShutdown: "any-significant" }, { code: "ACTOR_INVALID_SUPERVISOR" }],
  ] as const) {
    const refused = await rejection(startPartitionSupervisor(system, definition as PartitionSupervisorDefinition));
    if (typeof error === "function") expect(refused).toBeInstanceOf(error);
    else expect(refused).toMatchObject(error);
    expect(() => partitionSupervisorSpec(definition as PartitionSupervisorDefinition)).toThrow(refused as Error);
  }
  expect(system.processes()).toEqual(before);
});

test("PART-005 when it has stopped, its name is free and its partitions are gone", async () => {
  const { system, trapping } = await startWorld();
  const names = uniqueRegistry("names");
  await startRegistry(system, names);
  for (const name of ["workers", names.via("workers")]) {
    const before = system.processes().length;
    expect(await startPartitionSupervisor(trapping.self, { ...workers(3), name })).toEqual(OK);
    expect(await startPartitionSupervisor(trapping.self, { ...workers(3), name })).toMatchObject({
      kind: "already-started",
    });
    expect(await system.call(partition(name, 1), "who are you?")).toBe(1);
    await system.stop(name);
    expect(system.whereis(name)).toBeUndefined();
    expect(system.whereis(partition(name, 1))).toBeUndefined();
    expect(system.processes()).toHaveLength(before);
  }
});

test("PART-006 nothing can be asked of a partition supervisor that does not run", async () => {
  const { system } = await startWorld();
  const unknown = partitionSupervisorRef(system, "unknown");
  expect(await rejection(unknown.partitions())).toMatchObject({ reason: Exit.noproc, target: "unknown" });
  expect(await rejection(unknown.countChildren())).toMatchObject({ reason: Exit.noproc, target: "unknown" });
  const nobody = partition("unknown", "k");
  expect(await rejection(system.call(nobody, "who are you?"))).toMatchObject({ reason: Exit.noproc, target: nobody });
  expect(() => system.send(nobody, "lost")).toThrow('Cannot send to "unknown/k": no process holds that name');
});

test("PART-007 partitions are listed by index, and counted by type", async () => {
  const { system, trapping, ref } = await startWorkers(3);
  const pid = (index: number): Pid | undefined => system.whereis(partition("workers", index));
  expect(await ref.partitions()).toEqual([
    { index: 0, pid: pid(0), type: "worker" },
    { index: 1, pid: pid(1), type: "worker" },
    { index: 2, pid: pid(2), type: "worker" },
  ]);
  expect(await ref.countChildren()).toEqual({ specs: 3, active: 3, supervisors: 0, workers: 3 });
  await startPartitionSupervisor(trapping.self, shards);
  const ofShards = partitionSupervisorRef(system, "shards");
  expect(await ofShards.countChildren()).toEqual({ specs: 8, active: 8, supervisors: 8, workers: 0 });
});

test("PART-008 as a child it has its name for an id", async () => {
  const { system, trapping } = await startWorld();
  const names = uniqueRegistry<string>("names");
  await startRegistry(system, names);
  expect(partitionSupervisorSpec(workers(3)).id).toBe("workers");
  const byVia = partitionSupervisorSpec({ ...workers(3), name: names.via("other workers") });
  expect(byVia.id).toBe("names/other workers");
  expect(await startSupervisor(trapping.self, { children: [partitionSupervisorSpec(workers(3)), byVia] })).toEqual(OK);
  expect(await system.call(partition("workers", 1), "who are you?")).toBe(1);
  expect(await system.call(partition(names.via("other workers"), 2), "who are you?")).toBe(2);
});

test("PART-009 a partition that dies is restarted alone, and found again", async () => {
  const { system, ref } = await startWorkers(3);
  const before = (await ref.partitions()).map(({ pid }) => pid);
  system.exitSignal(partition("workers", 4), Exit.kill);
  expect(system.whereis(partition("workers", 4))).toBeUndefined();
  await quiesce(system);
  const after = (await ref.partitions()).map(({ pid }) => pid);
  expect([after[0], after[2]]).toEqual([before[0], before[2]]);
  expect(after[1]).not.toBe(before[1]);
  expect(system.whereis(partition("workers", 1))).toBe(after[1]);
  expect(await system.call(partition("workers", 1), "who are you?")).toBe(1);
});

test("a partition supervisor whose code is changed still knows its partitions", async () => {
  const { system } = await startWorkers(3);
  await sys.suspend(system, "workers");
  expect(await sys.changeCode(system, "workers", {})).toEqual({ kind: "ok" });
  await sys.resume(system, "workers");
  system.exitSignal(partition("workers", 1), Exit.kill);
  await quiesce(system);
  expect(await system.call(partition("workers", 1), "who are you?")).toBe(1);
});
