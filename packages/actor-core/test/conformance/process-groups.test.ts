import { expect, test } from "@jest/globals";
import {
  CallFailed,
  createActorSystem,
  Exit,
  GroupJoined,
  GroupLeft,
  GroupMonitor,
  groupScope,
  type Pid,
  ProcessExited,
  processGroups,
  startGroupScope,
  sys,
} from "../../src/index.ts";
import { manualClock, type Probe, quiesce } from "../../src/testing/index.ts";
import { obedient, startWorld, type World } from "./world.ts";

/** A world with the default scope. `T` acts, and `P` is another process. */
async function startGroups() {
  const world = await startWorld();
  const { system, trapping, plain } = world;
  await startGroupScope(system);
  return { ...world, T: trapping.pid, P: plain.pid, groups: processGroups(trapping.self) };
}

async function kill({ system }: World, pid: Pid): Promise<void> {
  system.exitSignal(pid, Exit.kill);
  await quiesce(system);
}

/** What a probe has been told since it was last asked. */
function reader({ messages }: Probe): () => unknown[] {
  let read = 0;
  return () => {
    const news = messages.slice(read);
    read = messages.length;
    return news;
  };
}

test("PG-001 a group is there while somebody is in it", async () => {
  const { system, groups, T } = await startGroups();
  expect(system.whereis("pg")).toBeDefined();
  groups.join("g", T);
  expect(groups.members("g")).toEqual([T]);
  expect(groups.groups()).toEqual(["g"]);
  expect(groups.leave("g", T)).toEqual({ kind: "ok" });
  expect(groups.members("g")).toEqual([]);
  expect(groups.groups()).toEqual([]);
});

test("PG-002 a process leaves as often as it has joined", async () => {
  const { groups, T, P } = await startGroups();
  groups.join("g", T);
  groups.join("g", [T, T]);
  expect(groups.members("g")).toEqual([T, T, T]);
  expect(groups.leave("never joined", T)).toEqual({ kind: "not-joined" });
  expect(groups.leave("g", [P, P])).toEqual({ kind: "not-joined" });
  expect(groups.leave("g", [T, T])).toEqual({ kind: "ok" });
  expect(groups.members("g")).toEqual([T]);
  expect(groups.leave("g", T)).toEqual({ kind: "ok" });
  expect([groups.members("g"), groups.groups()]).toEqual([[], []]);
  expect(groups.leave("g", T)).toEqual({ kind: "not-joined" });
});

test("PG-003 a dead process is in no group", async () => {
  const world = await startGroups();
  const { groups, T, P } = world;
  groups.join("g", [T, P, P]);
  groups.join("only P", P);
  await kill(world, P);
  expect([groups.members("g"), groups.groups()]).toEqual([[T], ["g"]]);
});

test("PG-004 what is no process of this system cannot join, nor can those given with it", async () => {
  const { groups, T } = await startGroups();
  const stranger = createActorSystem({ clock: manualClock() }).spawn(obedient);
  groups.join("g", T);
  for (const wrong of [undefined, 7, "T", [undefined], [T, "P"]]) {
    expect(() => groups.join("g", wrong as unknown as Pid)).toThrow(/wanted pids|not iterable/);
  }
  expect(() => groups.join("g", stranger)).toThrow(RangeError);
  expect(() => groups.join("g", [T, stranger])).toThrow(RangeError);
  expect(() => groups.leave("g", [T, stranger])).toThrow(RangeError);
  expect(groups.members("g")).toEqual([T]);
});

test("PG-005 who begins to watch a scope is given all groups", async () => {
  const { groups, T, P } = await startGroups();
  groups.join("a", [T, T]);
  groups.join("b", [P]);
  const all = new Map([
    ["a", [T, T]],
    ["b", [P]],
  ]);
  const first = groups.monitorAll();
  expect(first).toEqual({ monitor: expect.any(GroupMonitor), groups: all });
  expect(groups.demonitor(first.monitor)).toBe(true);
  const second = groups.monitorAll();
  expect(second.groups).toEqual(all);
  expect(second.monitor).not.toBe(first.monitor);
});

test("PG-006 who watches a group is told of each join and leave once", async () => {
  const world = await startGroups();
  const { groups, trapping, system, T, P } = world;
  const news = reader(trapping);
  groups.join("g", T);
  const { monitor, members } = groups.monitor("g");
  expect(members).toEqual([T]);
  groups.join("g", P);
  groups.join("g", [P, T, P]);
  groups.join("another", [T, P]);
  groups.leave("g", [T, P]);
  groups.leave("another", T);
  groups.leave("g", T);
  await kill(world, P);
  expect(news()).toEqual([
    new GroupJoined(monitor, "g", [P]),
    new GroupJoined(monitor, "g", [P, T, P]),
    new GroupLeft(monitor, "g", [T, P]),
    new GroupLeft(monitor, "g", [T]),
    new GroupLeft(monitor, "g", [P]),
    new GroupLeft(monitor, "g", [P]),
  ]);
  expect(groups.leave("g", T)).toEqual({ kind: "not-joined" });
  await quiesce(system);
  expect(news()).toEqual([]);
});

test("PG-006 a watch over all groups and one over a single group are told apart", async () => {
  const { groups, trapping, system, T, P } = await startGroups();
  const all = groups.monitorAll();
  const twice = [groups.monitor("g"), groups.monitor("g")] as const;
  groups.join("g", T);
  groups.leave("g", [P, T]);
  await quiesce(system);
  const told = [all, ...twice].map(({ monitor }) => monitor);
  expect(trapping.messages).toEqual([
    ...told.map((monitor) => new GroupJoined(monitor, "g", [T])),
    ...told.map((monitor) => new GroupLeft(monitor, "g", [T])),
  ]);
});

test("PG-007 after a watch has ended nothing of it comes, nor is in the mailbox", async () => {
  const world = await startGroups();
  const { groups, trapping, plain, system, T, P } = world;
  const all = groups.monitorAll();
  const one = groups.monitor("g");
  groups.join("g", T);
  expect(groups.demonitor(all.monitor)).toBe(true);
  await quiesce(system);
  expect(trapping.messages).toEqual([new GroupJoined(one.monitor, "g", [T])]);
  expect(groups.demonitor(one.monitor)).toBe(true);
  expect(groups.demonitor(one.monitor)).toBe(false);
  expect(groups.demonitor(new GroupMonitor("pg"))).toBe(false);
  groups.leave("g", T);
  await quiesce(system);
  expect(trapping.messages).toHaveLength(1);
  const dying = [processGroups(plain.self).monitor("g").monitor, processGroups(plain.self).monitorAll().monitor];
  await kill(world, P);
  groups.join("g", T);
  expect(dying.map((monitor) => groups.demonitor(monitor))).toEqual([false, false]);
});

test("PG-008 nobody joins in a scope that does not run", async () => {
  const { trapping, T } = await startGroups();
  const missing = processGroups(trapping.self, groupScope<string>("missing"));
  const operations: (() => unknown)[] = [
    () => missing.join("g", T),
    () => missing.join("g", [T, T]),
    () => missing.leave("g", T),
    () => missing.groups(),
    () => missing.monitor("g"),
    () => missing.monitorAll(),
    () => missing.demonitor(new GroupMonitor("missing")),
  ];
  for (const operation of operations) {
    expect(operation).toThrow(CallFailed);
    expect(operation).toThrow(expect.objectContaining({ reason: Exit.noproc, target: "missing" }));
  }
  expect(missing.members("g")).toEqual([]);
});

test("PG-009 a scope that is started again is empty, and its members live", async () => {
  const { system, groups, trapping, T, P } = await startGroups();
  groups.join("g", [T, P]);
  const { monitor } = groups.monitor("g");
  await system.stop("pg");
  expect(groups.members("g")).toEqual([]);
  await startGroupScope(system);
  expect([groups.members("g"), groups.groups()]).toEqual([[], []]);
  groups.join("g", P);
  await quiesce(system);
  expect(trapping.messages).toEqual([]);
  expect([groups.demonitor(monitor), groups.leave("g", T)]).toEqual([false, { kind: "not-joined" }]);
  expect(groups.members("g")).toEqual([P]);
});

test("PG-010 groups of one name in two scopes know nothing of each other", async () => {
  const { system, trapping, groups, T, P } = await startGroups();
  const chat = groupScope<"g" | 7>("chat");
  expect(await startGroupScope(system, chat)).toMatchObject({ kind: "ok" });
  expect(await startGroupScope(system, chat)).toEqual({ kind: "already-started", pid: system.whereis("chat") });
  const others = processGroups(trapping.self, chat);
  groups.join("g", T);
  others.join("g", P);
  others.join(7, T);
  expect([groups.members("g"), others.members("g"), others.members(7)]).toEqual([[T], [P], [T]]);
  expect([groups.groups(), others.groups()]).toEqual([["g"], ["g", 7]]);
  others.leave("g", P);
  expect(groups.members("g")).toEqual([T]);
  // @ts-expect-error there is no such group
  expect(others.members("h")).toEqual([]);
});

test("PG-011 a dead process never joins", async () => {
  const { system, trapping, groups, T } = await startGroups();
  const dead = system.spawn(() => {});
  await quiesce(system);
  const { monitor } = groups.monitor("g");
  groups.join("g", dead);
  expect([groups.members("g"), groups.groups()]).toEqual([[], []]);
  groups.join("g", [dead, T]);
  expect(groups.members("g")).toEqual([T]);
  await quiesce(system);
  expect(trapping.messages).toEqual([new GroupJoined(monitor, "g", [T])]);
});

test("PG-012 ten thousand groups cost no more to join than one, and all are empty when their member ends", async () => {
  const world = await startGroups();
  const { system, P } = world;
  const numbers = groupScope<number>("numbers");
  await startGroupScope(system, numbers);
  const groups = processGroups(system, numbers);
  const chunksMs: number[] = [];
  for (let group = 0; group < 10_000; ) {
    const beganMs = performance.now();
    for (let i = 0; i < 100; i++) groups.join(group++, P);
    chunksMs.push(performance.now() - beganMs);
  }
  // The fastest of many, which no pause of the machine can slow down.
  expect(Math.min(...chunksMs.slice(-20))).toBeLessThan(5 * Math.min(...chunksMs.slice(0, 20)));
  expect(groups.groups()).toHaveLength(10_000);
  await kill(world, P);
  expect(groups.groups()).toEqual([]);
});

test("nobody watches outside of all processes, or after its end", async () => {
  const { system, plain } = await startGroups();
  expect(() => processGroups(system).monitor("g")).toThrow(TypeError);
  const dead = processGroups(plain.self);
  system.exitSignal(plain.pid, Exit.kill);
  expect(() => dead.join("g", plain.pid)).toThrow(ProcessExited);
  expect(() => dead.members("g")).toThrow(ProcessExited);
  expect(() => dead.monitorAll()).toThrow(ProcessExited);
});

test("the state of a scope is its groups", async () => {
  const { system, groups, T } = await startGroups();
  groups.join("g", [T, T]);
  expect(await sys.getState(system, "pg")).toEqual(new Map([["g", [T, T]]]));
});
