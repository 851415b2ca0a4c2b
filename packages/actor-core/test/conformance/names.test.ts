import { expect, test } from "@jest/globals";
import {
  Exit,
  Exited,
  failStart,
  NameNotHeld,
  NameTaken,
  type Pid,
  ProcessExited,
  processInfo,
  started,
  startGenServer,
  Via,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { obedient, rejection, startWorld } from "./world.ts";

test("NAME-001 only a text names, and only a living process is named", async () => {
  const { system, plain } = await startWorld();
  const dead = system.spawn(() => {});
  await quiesce(system);
  expect(() => system.register(undefined as unknown as string, plain.pid)).toThrow(TypeError);
  expect(() => system.register("", plain.pid)).toThrow(TypeError);
  expect(() => system.register("n", 7 as unknown as Pid)).toThrow(TypeError);
  expect(() => system.register("n", dead)).toThrow(ProcessExited);
  expect(system.whereis("n")).toBeUndefined();
});

test("NAME-002 a held name is not given away", async () => {
  const { system, plain, trapping } = await startWorld();
  system.register("n", plain.pid);
  expect(() => system.register("n", trapping.pid)).toThrow(NameTaken);
  expect(() => system.register("n", plain.pid)).toThrow(NameTaken);
  expect(system.whereis("n")).toBe(plain.pid);
});

test("NAME-003 a process has one name", async () => {
  const { system, plain } = await startWorld();
  system.register("n", plain.pid);
  expect(() => system.register("m", plain.pid)).toThrow(NameTaken);
  expect(system.whereis("m")).toBeUndefined();
});

test("NAME-004 NAME-005 NAME-007 a name leads to its holder until it is freed", async () => {
  const { system, plain } = await startWorld();
  expect([system.whereis("n"), processInfo(plain.pid)?.name]).toEqual([undefined, undefined]);
  system.register("n", plain.pid);
  expect([system.whereis("n"), processInfo(plain.pid)?.name]).toEqual([plain.pid, "n"]);
  system.unregister("n");
  expect(system.whereis("n")).toBeUndefined();
  expect(system.isAlive(plain.pid)).toBe(true);
  expect(() => system.unregister("n")).toThrow(NameNotHeld);
});

test("NAME-006 a name is free again when its holder's Down arrives", async () => {
  const { system } = await startWorld();
  let rounds = 0;
  const script = system.spawn(async (self) => {
    for (; rounds < 10_000; rounds++) {
      const { pid } = self.spawnMonitor(obedient, { name: "n" });
      self.exitSignal(pid, Exit.kill);
      await self.receive();
    }
  });
  const end = system.exited(script);
  expect(await end).toEqual(Exit.normal);
  expect(rounds).toBe(10_000);
});

test("NAME-008 a server started without a name, or with undefined for one, has none", async () => {
  const { system } = await startWorld();
  const result = await startGenServer(system, { init: () => started(0) }, [], { name: undefined });
  expect(result.kind === "ok" && processInfo(result.pid)).toMatchObject({ name: undefined });
});

test.each<[string, unknown, string]>([
  ["an empty text", "", '""'],
  ["a number", 7, "7"],
  ["an object", { via: "no module" }, '{"via":"no module"}'],
  ["null", null, "null"],
])("NAME-009 a server under %s for a name is refused, and nothing is started", async (_name, name, printed) => {
  const { system } = await startWorld();
  const before = system.processes();
  const options = { name } as { name: string };
  expect(await rejection(startGenServer(system, { init: () => started(0) }, [], options))).toEqual(
    new TypeError(`Cannot take name: wanted a text, got ${printed}`),
  );
  expect(() => system.spawn(obedient, options)).toThrow(TypeError);
  expect(system.processes()).toEqual(before);
});

test("NAME-010 whereis answers for pids, names and names of a registry", async () => {
  const { system, plain } = await startWorld();
  class Always extends Via {
    holder(): Pid {
      return plain.pid;
    }
    toString(): string {
      return "always";
    }
  }
  const dead = system.spawn(() => {});
  system.register("n", plain.pid);
  await quiesce(system);
  expect([plain.pid, dead, "n", "free", new Always()].map((target) => system.whereis(target))).toEqual([
    plain.pid,
    dead,
    plain.pid,
    undefined,
    plain.pid,
  ]);
});

test("NAME-011 starting under a held name answers who holds it and leaves no process", async () => {
  const { system, trapping } = await startWorld();
  const server = { init: () => started(0) };
  const first = await startGenServer(trapping.self, server, [], { name: "n" });
  const before = system.processes().length;
  for (const options of [{}, { link: true }, { monitor: true }]) {
    expect(await startGenServer(trapping.self, server, [], { name: "n", ...options })).toEqual({
      kind: "already-started",
      pid: first.kind === "ok" && first.pid,
    });
  }
  await quiesce(system);
  expect(system.processes()).toHaveLength(before);
  expect(trapping.messages.filter((message) => message instanceof Exited)).toEqual([]);
});

test("NAME-012 a failed start leaves its name free", async () => {
  const { system } = await startWorld();
  const failing = { init: () => failStart("no") };
  expect(await startGenServer(system, failing, [], { name: "n" })).toEqual({ kind: "error", reason: Exit.of("no") });
  expect(system.whereis("n")).toBeUndefined();
  expect(await startGenServer(system, { init: () => started(0) }, [], { name: "n" })).toMatchObject({ kind: "ok" });
});
