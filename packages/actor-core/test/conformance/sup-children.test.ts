import { expect, test } from "@jest/globals";
import { CallFailed, type ChildSpec, Exit, type Pid, supervisorRef } from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { inShort, startSupervisionWorld } from "./supervision-world.ts";
import { obedient, rejection } from "./world.ts";

const OK = { kind: "ok" };
const STARTED = { kind: "ok", pid: expect.anything() };

test("SUP-021 starting a child whose id runs answers with who runs", async () => {
  const { supervise, child, pid } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1")] });
  expect(await ref.startChild(child("c1"))).toEqual({ kind: "already-started", pid: pid("c1") });
});

test("SUP-022 a terminated child ends of shutdown, stays known, and is not restarted", async () => {
  const { supervise, child, told } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1")] });
  expect(await ref.terminateChild("c1")).toEqual(OK);
  expect(told()).toEqual(["start c1", "end c1 shutdown"]);
  expect(inShort(await ref.whichChildren())).toEqual(["c1!"]);
  expect(await ref.countChildren()).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
  expect(await ref.terminateChild("c1")).toEqual(OK);
  expect(told()).toEqual([]);
});

test("SUP-023 a terminated child can be restarted, not started anew", async () => {
  const { supervise, child, pid } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1")] });
  const first = pid("c1");
  await ref.terminateChild("c1");
  expect(await ref.startChild(child("c1"))).toEqual({ kind: "already-present" });
  expect(await ref.restartChild("c1")).toEqual({ kind: "ok", pid: pid("c1") });
  expect(pid("c1")).not.toBe(first);
});

test("SUP-024 what runs is neither restarted nor deleted, what is unknown is not found", async () => {
  const { supervise, child } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1")] });
  expect(await ref.restartChild("c1")).toEqual({ kind: "running" });
  expect(await ref.deleteChild("c1")).toEqual({ kind: "running" });
  expect(await ref.restartChild("x")).toEqual({ kind: "not-found" });
  expect(await ref.deleteChild("x")).toEqual({ kind: "not-found" });
  expect(await ref.terminateChild("x")).toEqual({ kind: "not-found" });
});

test("SUP-025 a deleted child is unknown", async () => {
  const { supervise, child } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1")] });
  await ref.terminateChild("c1");
  expect(await ref.deleteChild("c1")).toEqual(OK);
  expect(await ref.countChildren()).toEqual({ specs: 0, active: 0, supervisors: 0, workers: 0 });
  expect(await ref.restartChild("c1")).toEqual({ kind: "not-found" });
});

test("SUP-026 a pid is no id: not found, and the child lives", async () => {
  const { system, supervise, child, pid } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1")] });
  expect(await ref.terminateChild(pid("c1") as unknown as string)).toEqual({ kind: "not-found" });
  expect(system.isAlive(pid("c1"))).toBe(true);
});

test("SUP-027 every request to a name that nobody holds fails with noproc", async () => {
  const { system, child } = await startSupervisionWorld();
  const ref = supervisorRef(system, "nobody");
  for (const asked of [
    ref.startChild(child("a")),
    ref.terminateChild("a"),
    ref.restartChild("a"),
    ref.deleteChild("a"),
    ref.whichChildren(),
    ref.whichChild("a"),
    ref.countChildren(),
    ref.childSpec("a"),
    ref.definition(),
  ]) {
    const error = await rejection(asked);
    expect(error).toBeInstanceOf(CallFailed);
    expect(error).toMatchObject({ reason: Exit.noproc, target: "nobody" });
  }
});

test("SUP-028 what a start hands over reaches the one who asked, and no listing", async () => {
  const { system, supervise } = await startSupervisionWorld();
  const pids: Pid[] = [];
  const spec: ChildSpec = {
    id: "c1",
    async start(supervisor) {
      const result = await supervisor.start(obedient, { link: true });
      if (result.kind !== "ok") return result;
      pids.push(result.pid);
      return { kind: "ok", pid: result.pid, info: { port: 80 } };
    },
  };
  const { ref } = await supervise({ children: [] });
  expect(await ref.startChild(spec)).toEqual({ kind: "ok", pid: pids[0], info: { port: 80 } });
  expect(await ref.whichChildren()).toEqual([{ id: "c1", type: "worker", status: { kind: "running", pid: pids[0] } }]);
  await ref.terminateChild("c1");
  expect(await ref.restartChild("c1")).toEqual({ kind: "ok", pid: pids[1], info: { port: 80 } });
  system.exitSignal(pids[1] as Pid, Exit.kill);
  await quiesce(system);
  expect(await ref.whichChildren()).toEqual([{ id: "c1", type: "worker", status: { kind: "running", pid: pids[2] } }]);
});

test("SUP-029 a child that does not start leaves no spec, and the others alone", async () => {
  const { system, supervise, child, pid, failing } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1")] });
  failing.set("c2", Exit.of("broken"));
  expect(await ref.startChild(child("c2"))).toEqual({ kind: "error", reason: Exit.of("broken") });
  expect(inShort(await ref.whichChildren())).toEqual(["c1"]);
  expect(system.isAlive(pid("c1"))).toBe(true);
});

test("SUP-030 a child's whole life by requests", async () => {
  const { supervise, child, pid } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [] });
  expect(await ref.startChild(child("c1"))).toEqual(STARTED);
  expect(await ref.whichChildren()).toEqual([
    { id: "c1", type: "worker", status: { kind: "running", pid: pid("c1") } },
  ]);
  expect(await ref.countChildren()).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
  expect(await ref.deleteChild("c1")).toEqual({ kind: "running" });
  expect(await ref.terminateChild("c1")).toEqual(OK);
  expect(await ref.restartChild("c1")).toEqual(STARTED);
  expect(await ref.terminateChild("c1")).toEqual(OK);
  expect(await ref.deleteChild("c1")).toEqual(OK);
  expect(await ref.whichChildren()).toEqual([]);
});

test("SUP-031 one child is asked for by its id", async () => {
  const { supervise, child, pid } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1"), child("c2", { type: "supervisor" })] });
  await ref.terminateChild("c2");
  expect(await ref.whichChild("c1")).toEqual({ id: "c1", type: "worker", status: { kind: "running", pid: pid("c1") } });
  expect(await ref.whichChild("c2")).toEqual({ id: "c2", type: "supervisor", status: { kind: "stopped" } });
  expect(await ref.whichChild("x")).toBeUndefined();
});

test("a restart that is asked for and fails is not tried again", async () => {
  const { supervise, child, failing, told } = await startSupervisionWorld();
  const { ref } = await supervise({ children: [child("c1")] });
  await ref.terminateChild("c1");
  failing.set("c1", Exit.of("broken"));
  told();
  expect(await ref.restartChild("c1")).toEqual({ kind: "error", reason: Exit.of("broken") });
  expect(inShort(await ref.whichChildren())).toEqual(["c1!"]);
  expect(told()).toEqual(["fail c1"]);
});

test("a question that is none of a supervisor's is refused and does not disturb it", async () => {
  const { system, supervise } = await startSupervisionWorld();
  const { pid, ref } = await supervise({ children: [] });
  expect(await rejection(system.call(pid, { kind: "which-children" }))).toBeInstanceOf(TypeError);
  expect(await ref.whichChildren()).toEqual([]);
});
