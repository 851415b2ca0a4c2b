import { expect, test } from "@jest/globals";
import {
  duplicateRegistry,
  Exit,
  Exited,
  type ExitReason,
  type GenServer,
  NameNotHeld,
  noReply,
  type Pid,
  ProcessExited,
  processInfo,
  Registered,
  registryRef,
  reply,
  type Self,
  type StartResult,
  started,
  startGenServer,
  startRegistry,
  sys,
  Unregistered,
  uniqueRegistry,
} from "../../src/index.ts";
import { type Probe, quiesce, startProbe } from "../../src/testing/index.ts";
import { obedient, startWorld, type World } from "./world.ts";

const names = uniqueRegistry<unknown, unknown>("names", { listeners: ["listener"], meta: { region: "eu" } });
const topics = duplicateRegistry<unknown, unknown>("topics", { listeners: ["listener"] });

const counter: GenServer<number> = {
  init: () => started(0),
  handleCall: (_request, _from, count) => reply(count + 1, count + 1),
  handleInfo: (_message, count) => noReply(count + 1),
};

/** A world with both kinds of registry. `T` is the trapping probe and `P` another process. */
async function startRegistries() {
  const world = await startWorld();
  const { system, trapping } = world;
  await startRegistry(system, names);
  await startRegistry(system, topics);
  const other = await startProbe(system);
  return {
    ...world,
    T: trapping.pid,
    P: other.pid,
    other,
    unique: registryRef(trapping.self, names),
    duplicate: registryRef(trapping.self, topics),
    uniqueOfP: registryRef(other.self, names),
    duplicateOfP: registryRef(other.self, topics),
  };
}

async function kill({ system }: World, { pid }: Probe): Promise<void> {
  system.exitSignal(pid, Exit.kill);
  await quiesce(system);
}

test("REG-001 a key is registered once, also by the same process", async () => {
  const { unique, T } = await startRegistries();
  expect(unique.register("hello", "value")).toEqual({ kind: "ok" });
  expect(unique.keys(T)).toEqual(["hello"]);
  expect(unique.register("hello", "other")).toEqual({ kind: "already-registered", pid: T });
  expect(unique.keys(T)).toEqual(["hello"]);
  expect(unique.values("hello", T)).toEqual(["value"]);
  expect(unique.register("world", "value")).toEqual({ kind: "ok" });
  expect(unique.keys(T)).toEqual(["hello", "world"]);
  expect(unique.count()).toBe(2);
});

test("REG-002 a key that another holds is not given away", async () => {
  const { unique, uniqueOfP, T, P } = await startRegistries();
  uniqueOfP.register("hello", "value");
  expect(unique.register("hello", "recent")).toEqual({ kind: "already-registered", pid: P });
  expect(unique.keys(T)).toEqual([]);
  expect(unique.values("hello", T)).toEqual([]);
  expect(unique.lookup("hello")).toEqual({ key: "hello", pid: P, value: "value" });
});

test("REG-003 a duplicate key is registered as often as one likes", async () => {
  const { duplicate, T } = await startRegistries();
  expect(duplicate.register("hello", "v")).toEqual({ kind: "ok" });
  expect(duplicate.register("hello", "v")).toEqual({ kind: "ok" });
  expect(duplicate.keys(T)).toEqual(["hello", "hello"]);
  expect(duplicate.values("hello", T)).toEqual(["v", "v"]);
  expect(duplicate.count()).toBe(2);
});

test("REG-004 unregistering gives up the caller's own entries of that key, all of them", async () => {
  const { duplicate, duplicateOfP, unique, T, P } = await startRegistries();
  for (const key of ["hello", "hello", "world"]) duplicate.register(key, key);
  duplicateOfP.register("hello", "mine");
  duplicate.unregister("hello");
  expect(duplicate.keys(T)).toEqual(["world"]);
  expect(duplicate.lookup("hello")).toEqual([{ key: "hello", pid: P, value: "mine" }]);
  expect(duplicate.count()).toBe(2);
  unique.unregister("never registered");
  expect(unique.count()).toBe(0);
});

test("REG-005 nothing is left of a process that was killed", async () => {
  const world = await startRegistries();
  const { unique, uniqueOfP, duplicate, duplicateOfP, other, P, trapping } = world;
  uniqueOfP.register("hello", "value");
  duplicateOfP.register("hello", 1);
  duplicateOfP.register("hello", 2);
  duplicate.register("hello", 3);
  const seen: unknown[] = [];
  trapping.self.monitor(P);
  const heard = trapping.self.receive().then(() => {
    seen.push(unique.lookup("hello"), unique.register("hello", "mine"));
  });
  await kill(world, other);
  await heard;
  expect(seen).toEqual([undefined, { kind: "ok" }]);
  expect([unique.keys(P), duplicate.keys(P), unique.values("hello", P)]).toEqual([[], [], []]);
  expect(duplicate.lookup("hello").map((entry) => entry.value)).toEqual([3]);
  expect([unique.count(), duplicate.count()]).toEqual([1, 1]);
});

test("REG-006 a value is changed by its owner alone", async () => {
  const { unique, uniqueOfP, duplicate } = await startRegistries();
  const untouched = (): never => {
    throw new Error("must not be called");
  };
  expect(unique.updateValue("hello", untouched)).toEqual({ kind: "not-registered" });
  uniqueOfP.register("hello", 0);
  expect(unique.updateValue("hello", untouched)).toEqual({ kind: "not-registered" });
  unique.register("world", 1);
  expect(unique.updateValue("world", (value) => Number(value) + 1)).toEqual({ kind: "ok", value: 2, previous: 1 });
  expect(unique.lookup("world")?.value).toBe(2);
  expect(() => unique.updateValue("world", untouched)).toThrow("must not be called");
  expect(unique.lookup("world")?.value).toBe(2);
  // @ts-expect-error a duplicate registry has no one value to change
  expect(() => duplicate.updateValue("hello", untouched)).toThrow("is not a function");
});

test("REG-007 a dispatch gets the entries of its key, and is not made when there are none", async () => {
  const { unique, duplicate, duplicateOfP, system, trapping, other } = await startRegistries();
  const never = (): never => {
    throw new Error("must not be called");
  };
  unique.dispatch("hello", never);
  duplicate.dispatch("hello", never);
  duplicate.register("hello", 1);
  duplicateOfP.register("hello", 2);
  duplicate.register("world", 3);
  duplicate.dispatch("hello", (entries) => {
    for (const { pid, value } of entries) trapping.self.send(pid, value);
  });
  await quiesce(system);
  expect([trapping.messages, other.messages]).toEqual([[1], [2]]);
  expect(() => duplicate.dispatch("hello", never)).toThrow("must not be called");
});

test("REG-008 listeners hear who registers and who gives up a key, and not who ends", async () => {
  const world = await startRegistries();
  const { unique, uniqueOfP, duplicate, system, plain, other, T, P } = world;
  unique.register("nobody listens yet", 0);
  system.register("listener", plain.pid);
  uniqueOfP.register("hello", "world");
  unique.register("world", "value");
  unique.register("world", "refused");
  unique.unregister("world");
  unique.unregister("world");
  duplicate.register("d", 1);
  duplicate.register("d", 2);
  duplicate.unregister("d");
  await kill(world, other);
  expect(plain.messages).toEqual([
    new Registered("names", { key: "hello", pid: P, value: "world" }),
    new Registered("names", { key: "world", pid: T, value: "value" }),
    new Unregistered("names", "world", T),
    new Registered("topics", { key: "d", pid: T, value: 1 }),
    new Registered("topics", { key: "d", pid: T, value: 2 }),
    new Unregistered("topics", "d", T),
  ]);
});

test("REG-009 nothing can be asked of a registry that does not run", async () => {
  const { trapping } = await startRegistries();
  const unknown = registryRef(trapping.self, uniqueRegistry("unknown"));
  const operations: (() => unknown)[] = [
    () => unknown.register("k"),
    () => unknown.unregister("k"),
    () => unknown.lookup("k"),
    () => unknown.keys(trapping.pid),
    () => unknown.count(),
    () => unknown.dispatch("k", () => {}),
    () => unknown.select(() => true),
    () => unknown.updateValue("k", (value) => value),
    () => unknown.meta("m"),
  ];
  for (const operation of operations) {
    expect(operation).toThrow(NameNotHeld);
    expect(operation).toThrow('registry "unknown"');
  }
  await expect(unknown.lock("k", () => {})).rejects.toThrow(NameNotHeld);
  const start = startGenServer(trapping.self, { init: () => started(0) }, [], {
    name: uniqueRegistry("unknown").via("k"),
  });
  await expect(start).rejects.toThrow(NameNotHeld);
});

test("REG-009 a name that something else holds is no registry", async () => {
  const { trapping, plain, system } = await startRegistries();
  system.register("taken", plain.pid);
  expect(() => registryRef(trapping.self, uniqueRegistry("taken")).count()).toThrow(TypeError);
  expect(() => registryRef(trapping.self, uniqueRegistry("names")).count()).toThrow(TypeError);
  expect(await startRegistry(trapping.self, uniqueRegistry("taken"))).toEqual({
    kind: "already-started",
    pid: plain.pid,
  });
  expect(() => uniqueRegistry("")).toThrow(TypeError);
});

test("REG-010 a key is a name: to be started as, and to be called by", async () => {
  const { trapping, unique, system } = await startRegistries();
  const start = (key: string, value?: unknown): Promise<StartResult> =>
    startGenServer(trapping.self, counter, [], { name: names.via(key, value) });
  const first = await start("hello", "some value");
  expect(unique.lookup("hello")).toEqual({ key: "hello", pid: first.kind === "ok" && first.pid, value: "some value" });
  expect(await trapping.self.call(names.via("hello"), "next")).toBe(1);
  trapping.self.send(names.via("hello"), "count this");
  expect(await trapping.self.call(names.via("hello"), "next")).toBe(3);
  expect(await start("hello")).toEqual({ kind: "already-started", pid: first.kind === "ok" && first.pid });
  expect(() => trapping.self.send(names.via("free"), "lost")).toThrow(new NameNotHeld("send to", "names/free"));
  await system.stop(names.via("hello"));
  expect([system.whereis(names.via("hello")), unique.count()]).toEqual([undefined, 0]);
  expect(await start("hello")).toMatchObject({ kind: "ok" });
  // @ts-expect-error where a key has many holders it names nobody
  expect(() => topics.via("hello")).toThrow("is not a function");
});

test("REG-010 a start that fails leaves its key free", async () => {
  const { trapping, unique } = await startRegistries();
  const failing = { init: () => ({ kind: "error", reason: Exit.of("no") }) as const, handle() {} };
  expect(await trapping.self.start(failing, { name: names.via("k") })).toEqual({
    kind: "error",
    reason: Exit.of("no"),
  });
  expect(unique.count()).toBe(0);
});

test("REG-011 entries of a key are matched, counted and given up by their values", async () => {
  const { unique, duplicate, duplicateOfP, T, P } = await startRegistries();
  unique.register("hello", 1);
  expect(unique.match("hello", (value) => value === 1)).toEqual([{ key: "hello", pid: T, value: 1 }]);
  expect(unique.match("hello", (value) => value === 2)).toEqual([]);
  expect(unique.match("world", () => true)).toEqual([]);
  for (const value of [1, 2, 3]) duplicate.register("hello", value);
  duplicateOfP.register("hello", 2);
  const isEven = (value: unknown): boolean => Number(value) % 2 === 0;
  expect(duplicate.match("hello", isEven).map(({ pid }) => pid)).toEqual([T, P]);
  expect(duplicate.countMatch("hello", isEven)).toBe(2);
  duplicate.unregisterMatch("hello", isEven);
  expect(duplicate.lookup("hello").map(({ pid, value }) => [pid, value])).toEqual([
    [T, 1],
    [T, 3],
    [P, 2],
  ]);
  expect(duplicate.count()).toBe(3);
});

test("REG-012 entries are selected by key, process and value, as they are or as one wants them", async () => {
  const { unique, uniqueOfP, T, P } = await startRegistries();
  expect(unique.select(() => true)).toEqual([]);
  unique.register("hello", 1);
  uniqueOfP.register("world", 2);
  expect(unique.select(() => true)).toEqual([
    { key: "hello", pid: T, value: 1 },
    { key: "world", pid: P, value: 2 },
  ]);
  const keys: readonly unknown[] = unique.select(
    ({ pid, value }) => pid === P && value === 2,
    ({ key }) => key,
  );
  expect(keys).toEqual(["world"]);
  expect(unique.countSelect(({ value }) => Number(value) > 0)).toBe(2);
  expect(unique.countSelect(({ value }) => Number(value) > 1)).toBe(1);
});

test("REG-013 keys of different types are different keys", async () => {
  const { unique, duplicate, T } = await startRegistries();
  const object = { id: 1 };
  for (const key of [1, "1", 1n, true, object, null]) {
    expect(unique.register(key, 0)).toEqual({ kind: "ok" });
    duplicate.register(key, 0);
  }
  expect(unique.keys(T)).toEqual([1, "1", 1n, true, object, null]);
  expect(unique.lookup({ id: 1 })).toBeUndefined();
  expect(duplicate.lookup("1")).toHaveLength(1);
});

/** Holds a lock until it is told to leave, and notes both. */
function occupy(ref: { lock: ReturnType<typeof registryRef>["lock"] }, key: unknown, log: string[], who: string) {
  let leave = (_how: "return" | "throw"): void => {};
  const done = ref
    .lock(key, async () => {
      log.push(`${who} in`);
      const how = await new Promise<"return" | "throw">((resolve) => {
        leave = resolve;
      });
      log.push(`${who} out`);
      if (how === "throw") throw new Error(who);
      return who;
    })
    .catch((error: unknown) => error);
  return { done, leave: (how: "return" | "throw" = "return") => leave(how) };
}

test("REG-014 one process at a time is inside the lock of a key", async () => {
  const { unique, uniqueOfP, system } = await startRegistries();
  const log: string[] = [];
  const first = occupy(unique, "k", log, "T");
  const second = occupy(uniqueOfP, "k", log, "P");
  const elsewhere = occupy(uniqueOfP, "another", log, "P elsewhere");
  await quiesce(system);
  expect(log).toEqual(["T in", "P elsewhere in"]);
  first.leave();
  expect(await first.done).toBe("T");
  await quiesce(system);
  expect(log).toEqual(["T in", "P elsewhere in", "T out", "P in"]);
  second.leave();
  elsewhere.leave();
  expect(await Promise.all([second.done, elsewhere.done])).toEqual(["P", "P elsewhere"]);
  expect(unique.count()).toBe(0);
});

test("REG-015 a lock is free again when its holder throws", async () => {
  const { unique, uniqueOfP, system } = await startRegistries();
  const log: string[] = [];
  const first = occupy(unique, "k", log, "T");
  const second = occupy(uniqueOfP, "k", log, "P");
  await quiesce(system);
  first.leave("throw");
  expect(await first.done).toEqual(new Error("T"));
  await quiesce(system);
  expect(log).toEqual(["T in", "T out", "P in"]);
  second.leave();
  expect(await second.done).toBe("P");
});

test("REG-015 a lock is free again when its holder is killed, and passes by those who were killed waiting", async () => {
  const world = await startRegistries();
  const { unique, uniqueOfP, system, plain, other } = world;
  const log: string[] = [];
  const inside = occupy(uniqueOfP, "k", log, "P");
  const waiting = occupy(registryRef(plain.self, names), "k", log, "plain");
  const last = occupy(unique, "k", log, "T");
  await kill(world, plain);
  await kill(world, other);
  expect(log).toEqual(["P in", "T in"]);
  expect(await waiting.done).toBeInstanceOf(ProcessExited);
  inside.leave();
  expect(await inside.done).toBeInstanceOf(ProcessExited);
  expect(log).toEqual(["P in", "T in", "P out"]);
  await system.stop("names");
  last.leave();
  expect(await last.done).toBe("T");
});

test("REG-015 who waits for a lock hears that its registry has ended", async () => {
  const { unique, duplicate, system } = await startRegistries();
  const log: string[] = [];
  const inside = occupy(unique, "k", log, "T");
  const waiting = occupy(unique, "k", log, "T again");
  const elsewhere = occupy(duplicate, "k", log, "T in another registry");
  await system.stop("names");
  expect(await waiting.done).toEqual(new NameNotHeld("lock in registry", "names"));
  expect(log).toEqual(["T in", "T in another registry in"]);
  inside.leave();
  elsewhere.leave();
  expect([await inside.done, await elsewhere.done]).toEqual(["T", "T in another registry"]);
});

test("REG-016 there are no partitions: one table gives all entries of a key at once, whoever holds them", async () => {
  const { system, duplicate } = await startRegistries();
  const holders = await Promise.all(Array.from({ length: 8 }, () => startProbe(system)));
  for (const { self } of holders) {
    const own = registryRef(self, topics);
    for (let key = 0; key < 100; key++) own.register(key, self.pid);
  }
  let calls = 0;
  duplicate.dispatch(7, (entries) => {
    calls += 1;
    expect(entries.map(({ pid }) => pid)).toEqual(holders.map(({ pid }) => pid));
  });
  expect([calls, duplicate.count()]).toEqual([1, 800]);
  for (const { pid } of holders) system.exitSignal(pid, Exit.kill);
  expect([duplicate.count(), duplicate.select(() => true)]).toEqual([0, []]);
});

test("a registry says of itself what it was told", async () => {
  const { unique } = await startRegistries();
  expect(unique.meta("region")).toBe("eu");
  expect(unique.meta("zone")).toBeUndefined();
  unique.putMeta("region", "us");
  unique.putMeta("zone", 1);
  expect([unique.meta("region"), unique.meta("zone")]).toEqual(["us", 1]);
  unique.deleteMeta("zone");
  expect(unique.meta("zone")).toBeUndefined();
});

test("who has registered is linked to the registry until everything is unregistered", async () => {
  const { unique, system, trapping, T } = await startRegistries();
  const registry = system.whereis("names") as Pid;
  const links = (): readonly Pid[] | undefined => processInfo(T)?.links;
  unique.register("hello", 0);
  unique.register("world", 0);
  expect(links()).toEqual([registry]);
  unique.unregister("hello");
  expect(links()).toEqual([registry]);
  unique.unregister("world");
  expect(links()).toEqual([]);
  trapping.self.link(registry);
  unique.register("hello", 0);
  unique.unregister("hello");
  expect(links()).toEqual([registry]);
});

test("when a registry ends so do its holders; started again it is empty", async () => {
  const { unique, uniqueOfP, system, trapping, T, P } = await startRegistries();
  const registry = system.whereis("names") as Pid;
  unique.register("t", 0);
  uniqueOfP.register("p", 0);
  const end: Promise<ExitReason> = system.exited(P);
  system.exitSignal(registry, Exit.kill);
  expect(await end).toEqual(Exit.killed);
  expect(trapping.messages).toEqual([new Exited(registry, Exit.killed)]);
  await startRegistry(system, names);
  expect([unique.count(), unique.keys(T)]).toEqual([0, []]);
  expect(unique.register("t", 0)).toEqual({ kind: "ok" });
});

test("a registry outlives its holders and strangers, and ends with its parent", async () => {
  const { system, plain } = await startRegistries();
  const sessions = uniqueRegistry("sessions");
  const script = system.spawn({
    async init(self) {
      await startRegistry(self, sessions);
      registryRef(self, sessions).register("the parent's own");
    },
    handle: obedient.handle,
  });
  await quiesce(system);
  const registry = system.whereis("sessions") as Pid;
  registryRef(plain.self, sessions).register("k");
  system.exitSignal(plain.pid, Exit.of("crash"));
  system.exitSignal(registry, Exit.of("go away"));
  system.send(script, (self: Self) => registryRef(self, sessions).unregister("the parent's own"));
  await quiesce(system);
  expect(system.isAlive(registry)).toBe(true);
  system.exitSignal(script, Exit.kill);
  await quiesce(system);
  expect(system.isAlive(registry)).toBe(false);
});

test("nobody registers outside of all processes, or after its end", async () => {
  const { system, plain, unique } = await startRegistries();
  const outside = registryRef(system, names);
  expect(outside.count()).toBe(0);
  expect(() => outside.register("k", 0)).toThrow(TypeError);
  expect(() => outside.unregister("k")).toThrow(TypeError);
  await expect(outside.lock("k", () => {})).rejects.toThrow(TypeError);
  const dead = registryRef(plain.self, names);
  system.exitSignal(plain.pid, Exit.kill);
  expect(() => dead.register("k", 0)).toThrow(ProcessExited);
  expect(() => dead.lookup("k")).toThrow(ProcessExited);
  await expect(dead.lock("k", () => {})).rejects.toThrow(ProcessExited);
  expect(unique.count()).toBe(0);
});

test("the state of a registry is its entries", async () => {
  const { system, unique, T } = await startRegistries();
  unique.register("hello", 1);
  expect(await sys.getState(system, "names")).toEqual([{ key: "hello", pid: T, value: 1 }]);
});
