import { expect, test } from "@jest/globals";
import {
  Exit,
  Exited,
  LinkFailed,
  processInfo,
  reply,
  type Self,
  started,
  startGenServer,
  stop,
} from "../../src/index.ts";
import { quiesce, startProbe } from "../../src/testing/index.ts";
import { obedient, startWorld } from "./world.ts";

const x = Exit.of("x");

test("LINK-001 two links between a pair are one", async () => {
  const { system, trapping } = await startWorld();
  const b = system.spawn(obedient);
  trapping.self.link(b);
  trapping.self.link(b);
  expect(processInfo(trapping.pid)?.links).toEqual([b]);
  system.exitSignal(b, x);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(b, x)]);
});

test("LINK-002 a link goes both ways, whoever made it", async () => {
  const { system, trapping } = await startWorld();
  const a = system.spawn(obedient);
  system.send(a, (self: Self) => self.link(trapping.pid));
  await quiesce(system);
  system.exitSignal(a, x);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(a, x)]);
});

test("LINK-003 either end may unlink, and no death is noticed afterwards", async () => {
  const { system, trapping } = await startWorld();
  const b = trapping.self.spawnLink(obedient);
  system.send(b, (self: Self) => self.unlink(trapping.pid));
  await quiesce(system);
  expect([processInfo(b)?.links, processInfo(trapping.pid)?.links]).toEqual([[], []]);
  system.exitSignal(b, x);
  await quiesce(system);
  expect(trapping.messages).toEqual([]);
});

test("LINK-004 linking to the dead gives a trapping process noproc as a message, once", async () => {
  const { system, trapping } = await startWorld();
  const dead = system.spawn(() => {});
  await quiesce(system);
  trapping.self.link(dead);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(dead, Exit.noproc)]);
});

test("LINK-005 linking to the dead is an error of a process that does not trap, and ends it uncaught", async () => {
  const { system, plain } = await startWorld();
  const dead = system.spawn(() => {});
  await quiesce(system);
  expect(() => plain.self.link(dead)).toThrow(LinkFailed);
  const q = system.spawn((self) => self.link(dead));
  expect(await system.exited(q)).toMatchObject({ kind: "crash", error: { reason: Exit.noproc } });
});

test("LINK-006 linking to itself does nothing", async () => {
  const { system, trapping } = await startWorld();
  trapping.self.link(trapping.pid);
  await quiesce(system);
  expect([processInfo(trapping.pid)?.links, trapping.messages]).toEqual([[], []]);
});

test("LINK-007 unlinking where there is no link, or no process, does nothing", async () => {
  const { system, trapping } = await startWorld();
  const b = system.spawn(obedient);
  const dead = system.spawn(() => {});
  await quiesce(system);
  trapping.self.unlink(b);
  trapping.self.unlink(dead);
  await quiesce(system);
  expect([processInfo(trapping.pid)?.links, trapping.messages]).toEqual([[], []]);
});

test("LINK-008 link, unlink, link is one link", async () => {
  const { system, trapping } = await startWorld();
  const b = system.spawn(obedient);
  trapping.self.link(b);
  trapping.self.unlink(b);
  trapping.self.link(b);
  system.exitSignal(b, x);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(b, x)]);
});

test("LINK-009 a thousand linked ends give a thousand messages, each with its own reason", async () => {
  const { system, trapping } = await startWorld();
  const pids = Array.from({ length: 1_000 }, (_, i) => trapping.self.spawnLink((self) => self.exit(Exit.of(i))));
  await quiesce(system);
  expect(trapping.messages).toEqual(pids.map((pid, i) => new Exited(pid, Exit.of(i))));
});

test("LINK-010 a linked start links, another does not", async () => {
  const { trapping } = await startWorld();
  const server = { init: () => started(0), handleCall: () => reply(0, 0) };
  const linked = await startGenServer(trapping.self, server, [], { link: true });
  await startGenServer(trapping.self, server, []);
  expect(linked.kind === "ok" && processInfo(trapping.pid)?.links).toEqual([linked.kind === "ok" && linked.pid]);
});

test("LINK-011 a reason is passed on unchanged, by each as its own sender", async () => {
  const { system, trapping } = await startWorld();
  const p = trapping.self.spawnLink(obedient);
  const q = system.spawn(obedient);
  system.send(p, (self: Self) => self.link(q));
  await quiesce(system);
  system.exitSignal(q, x);
  await quiesce(system);
  expect(trapping.messages).toEqual([new Exited(p, x)]);
});

test("LINK-012 a server that stops itself abnormally ends those linked with its reason", async () => {
  const { system } = await startWorld();
  const { self, messages, pid } = await startProbe(system, { trapExit: true });
  const server = { init: () => started(0), handleInfo: () => stop("wibble") };
  const result = await startGenServer(self, server, [], { link: true });
  if (result.kind !== "ok") {
    throw new Error("Expected a start");
  }
  system.send(result.pid, "go");
  await quiesce(system);
  expect(messages).toEqual([new Exited(result.pid, Exit.of("wibble"))]);
  expect(system.isAlive(pid)).toBe(true);
});
