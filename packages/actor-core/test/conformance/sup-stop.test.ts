import { describe, expect, test } from "@jest/globals";
import {
  type ChildSpec,
  completeChildSpec,
  dynamicSupervisorRef,
  Exit,
  Exited,
  type ExitReason,
  type ProcessBody,
  type Report,
  startDynamicSupervisor,
  startSupervisor,
  supervisionTree,
  supervisorRef,
} from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { costGrowth, processorMs } from "./cost-growth.ts";
import { endingWith, inShort, readable, slowToStop, startSupervisionWorld } from "./supervision-world.ts";

/** Does not hurry to stop, but hears when its supervisor is gone. */
const patientUntilOrphaned: ProcessBody = async (self) => {
  self.trapExit(true);
  self.acknowledge();
  await self.receive((message) => message instanceof Exited && message.reason.kind === "shutdown");
  await self.receive((message) => message instanceof Exited && message.reason.kind === "killed");
  self.exit(Exit.of("orphaned"));
};

describe("stopping", () => {
  test("SUP-049 children stop in reverse start order, each waited for, before the supervisor ends", async () => {
    const { supervise, child, told, trapping, pass, system } = await startSupervisionWorld();
    const children = ["a", "b", "c"].map((id) => child(id, {}, slowToStop(100)));
    const { pid } = await supervise({ children });
    told();
    trapping.self.exitSignal(pid, Exit.shutdown);
    await quiesce(system);
    expect(told()).toEqual([]);
    await pass(100);
    expect(told()).toEqual(["end c shutdown"]);
    await pass(100);
    expect(told()).toEqual(["end b shutdown"]);
    expect(trapping.messages).toEqual([]);
    await pass(100);
    expect(told()).toEqual(["end a shutdown"]);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.shutdown)]);
  });

  test("SUP-050 a shutdown time of infinity waits a minute too", async () => {
    const { supervise, child, told, trapping, pass } = await startSupervisionWorld();
    const { pid } = await supervise({
      children: [
        child("w", { shutdown: "infinity" }, slowToStop(60_000)),
        child("s", { shutdown: "infinity", type: "supervisor" }),
      ],
    });
    told();
    trapping.self.exitSignal(pid, Exit.shutdown);
    await pass(59_999);
    expect(told()).toEqual(["end s shutdown"]);
    await pass(1);
    expect(told()).toEqual(["end w shutdown"]);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.shutdown)]);
  });

  test("SUP-051 a child that is busy past its time is killed; then it is the next one's turn", async () => {
    const { supervise, child, told, trapping, pass } = await startSupervisionWorld();
    const { pid } = await supervise({ children: [child("c1"), child("c2", {}, slowToStop(5_000))] });
    told();
    trapping.self.exitSignal(pid, Exit.shutdown);
    await pass(999);
    expect(told()).toEqual([]);
    await pass(1);
    expect(told()).toEqual(["end c2 killed", "end c1 shutdown"]);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.shutdown)]);
  });

  test("SUP-052 brutal-kill kills at once, and nothing is cleaned up", async () => {
    const { supervise, child, told, trapping, pass } = await startSupervisionWorld();
    const { pid } = await supervise({
      children: [child("c1"), child("c2", { shutdown: "brutal-kill" }, slowToStop(10))],
    });
    told();
    trapping.self.exitSignal(pid, Exit.shutdown);
    await pass(0);
    expect(told()).toEqual(["end c2 killed", "end c1 shutdown"]);
  });

  test("SUP-053 a shutdown time of 0 kills what is not gone at once", async () => {
    const { supervise, child, told, trapping, pass } = await startSupervisionWorld();
    const { pid } = await supervise({
      children: [child("quick", { shutdown: 0 }), child("slow", { shutdown: 0 }, slowToStop(1))],
    });
    told();
    trapping.self.exitSignal(pid, Exit.shutdown);
    await pass(0);
    expect(told()).toEqual(["end slow killed", "end quick shutdown"]);
  });

  test("SUP-054 stopped with another reason, the children get shutdown all the same", async () => {
    const { system, supervise, child, told, trapping } = await startSupervisionWorld();
    const { pid } = await supervise({ children: [child("c1")] });
    told();
    await system.stop(pid, { reason: Exit.normal });
    expect(told()).toEqual(["end c1 shutdown"]);
    await quiesce(system);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.normal)]);
  });

  test("SUP-055 a message nobody expects is reported, and changes nothing", async () => {
    const { system, supervise, child, reports, told } = await startSupervisionWorld();
    const { pid } = await supervise({ children: [child("c1")] });
    told();
    system.send(pid, "hello");
    await quiesce(system);
    expect(reports).toEqual([{ kind: "unexpected-message", pid, label: undefined, message: "hello" }]);
    expect(told()).toEqual([]);
    expect(system.isAlive(pid)).toBe(true);
  });

  test("SUP-056 a killed supervisor takes its children along", async () => {
    const { system, supervise, child, told, trapping } = await startSupervisionWorld();
    const { pid } = await supervise({ children: [child("c1"), child("c2")] });
    told();
    system.exitSignal(pid, Exit.kill);
    await quiesce(system);
    expect(told().sort()).toEqual(["end c1 killed", "end c2 killed"]);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.killed)]);
  });

  test("a supervisor that is killed while it waits for a child takes that child along", async () => {
    const { system, supervise, child, told, trapping } = await startSupervisionWorld();
    const { pid } = await supervise({ children: [child("c1", { shutdown: "infinity" }, patientUntilOrphaned)] });
    told();
    trapping.self.exitSignal(pid, Exit.shutdown);
    await quiesce(system);
    expect(told()).toEqual([]);
    system.exitSignal(pid, Exit.kill);
    await quiesce(system);
    expect(told()).toEqual(["end c1 orphaned"]);
  });

  test("a child that ended before it was asked to stop is reported with its own reason", async () => {
    const { system, supervise, child, pid, reports } = await startSupervisionWorld();
    await supervise({ strategy: "one-for-all", children: [child("c1"), child("c2")] });
    const c2 = pid("c2");
    system.exitSignal(pid("c1"), Exit.of("x"));
    system.exitSignal(c2, Exit.of("y"));
    await quiesce(system);
    expect(reports).toContainEqual(
      expect.objectContaining({ event: "shutdown-failed", child: c2, reason: Exit.of("y") }),
    );
  });

  test("a child that has unlinked itself is waited for all the same", async () => {
    const { system, supervise, child, pid, pass, told, trapping } = await startSupervisionWorld();
    const supervisor = await supervise({ children: [child("c1", {}, slowToStop(10))] });
    system.send(pid("c1"), (self: { unlink(pid: unknown): void }) => self.unlink(supervisor.pid));
    await quiesce(system);
    told();
    trapping.self.exitSignal(supervisor.pid, Exit.shutdown);
    await pass(1_000);
    expect(told()).toEqual(["end c1 killed"]);
    expect(system.isAlive(supervisor.pid)).toBe(false);
  });
});

describe("significant children", () => {
  const ENDS: readonly ExitReason[] = [Exit.normal, Exit.shutdown, Exit.of("abnormal"), Exit.killed];
  const SIGNIFICANT = { restart: "temporary", significant: true } as const;

  test.each(["never", "any-significant", "all-significant"] as const)(
    "SUP-057 %s: children that are not significant end without consequence",
    async (autoShutdown) => {
      for (const restart of ["temporary", "transient"] as const) {
        for (const reason of ENDS) {
          const { system, supervise, child, end, kill } = await startSupervisionWorld();
          const { pid } = await supervise({ autoShutdown, children: [child("c1", { restart }), child("c2")] });
          await (reason.kind === "killed" ? kill("c1") : end("c1", reason));
          expect(system.isAlive(pid)).toBe(true);
        }
      }
    },
  );

  test.each(ENDS)(
    "SUP-058 any-significant: the first end of a significant temporary child, by %j, is all",
    async (reason) => {
      const { supervise, child, end, kill, told, trapping } = await startSupervisionWorld();
      const children = [child("c1", SIGNIFICANT), child("c2", SIGNIFICANT), child("c3")];
      const { pid } = await supervise({ autoShutdown: "any-significant", children });
      told();
      await (reason.kind === "killed" ? kill("c1") : end("c1", reason));
      expect(told().slice(1)).toEqual(["end c3 shutdown", "end c2 shutdown"]);
      expect(trapping.messages).toEqual([new Exited(pid, Exit.shutdown)]);
    },
  );

  test("SUP-059 all-significant: only the last significant end is all", async () => {
    const { supervise, child, end, told, trapping } = await startSupervisionWorld();
    const children = [child("c1", SIGNIFICANT), child("c2", SIGNIFICANT), child("c3")];
    const { pid } = await supervise({ autoShutdown: "all-significant", children });
    told();
    await end("c1", Exit.normal);
    expect(told()).toEqual(["end c1 normal"]);
    await end("c2", Exit.normal);
    expect(told()).toEqual(["end c2 normal", "end c3 shutdown"]);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.shutdown)]);
  });

  test("SUP-060 a significant transient child is restarted after a crash; its normal end is all", async () => {
    const { supervise, child, end, kill, told, trapping } = await startSupervisionWorld();
    const children = [child("c1", { restart: "transient", significant: true }), child("c2")];
    const { pid } = await supervise({ autoShutdown: "any-significant", children });
    told();
    await kill("c1");
    await end("c1", Exit.of("abnormal"));
    expect(told()).toEqual(["end c1 killed", "start c1", "end c1 abnormal", "start c1"]);
    await end("c1", Exit.normal);
    expect(told()).toEqual(["end c1 normal", "end c2 shutdown"]);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.shutdown)]);
  });

  test("SUP-061 a significant child that is terminated by request is no reason to end", async () => {
    const { system, supervise, child } = await startSupervisionWorld();
    const children = [child("c1", SIGNIFICANT), child("c2")];
    const { pid, ref } = await supervise({ autoShutdown: "any-significant", children });
    await ref.terminateChild("c1");
    await quiesce(system);
    expect(system.isAlive(pid)).toBe(true);
  });

  test("SUP-062 a child of a dynamic supervisor cannot be significant, and no end of one is all", async () => {
    const { system, trapping, child, end } = await startSupervisionWorld();
    const started = await startDynamicSupervisor(trapping.self, { autoShutdown: "any-significant" } as object);
    if (started.kind !== "ok") throw new Error(started.kind);
    const ref = dynamicSupervisorRef(system, started.pid);
    await expect(ref.startChild(child("c1", SIGNIFICANT))).rejects.toMatchObject({
      field: "significant",
      problem: "contradictory",
    });
    await ref.startChild(child("c1", { restart: "temporary" }));
    await end("c1", Exit.normal);
    expect(system.isAlive(started.pid)).toBe(true);
  });

  test("SUP-063 without auto-shutdown a significant child is refused", async () => {
    const { supervise, child } = await startSupervisionWorld();
    const { ref } = await supervise({ children: [] });
    await expect(ref.startChild(child("c1", SIGNIFICANT))).rejects.toMatchObject({
      code: "ACTOR_INVALID_CHILD_SPEC",
      field: "significant",
      problem: "contradictory",
    });
    expect(await ref.whichChildren()).toEqual([]);
  });
});

describe("trees", () => {
  test("SUP-070 a supervisor below a supervisor comes back with its children and their names", async () => {
    const { system, supervise, reports } = await startSupervisionWorld();
    const server = { handle() {} };
    const { pid } = await supervise({
      children: [
        {
          id: "middle",
          type: "supervisor",
          start: (top) =>
            startSupervisor(
              top,
              { children: [{ id: "srv", start: (middle) => middle.start(server, { link: true, name: "server" }) }] },
              { name: "middle" },
            ),
        },
      ],
    });
    const held = () => [system.whereis("middle"), system.whereis("server")];
    const [middle, first] = held();
    if (middle === undefined || first === undefined) throw new Error("not started");
    system.exitSignal(first, Exit.kill);
    await quiesce(system);
    const [same, second] = held();
    expect(same).toBe(middle);
    expect(second).not.toBe(first);
    system.exitSignal(middle, Exit.kill);
    await quiesce(system);
    const [other, third] = held();
    expect([other, third]).not.toContain(undefined);
    expect(other).not.toBe(middle);
    expect(third).not.toBe(second);
    expect(await supervisionTree(system, pid)).toEqual({
      supervisor: pid,
      children: [
        {
          id: "middle",
          type: "supervisor",
          status: { kind: "running", pid: other },
          name: "middle",
          below: {
            supervisor: other,
            children: [{ id: "srv", type: "worker", status: { kind: "running", pid: third }, name: "server" }],
          },
        },
      ],
    });
    expect(reports.filter((report) => report.kind === "supervisor").map((report) => report.event)).toEqual([
      ...["child-terminated", "restarting"],
      ...["child-terminated", "restarting"],
    ]);
  });

  test.each([
    ["permanent", ["middle"]],
    ["transient", ["middle!"]],
    ["temporary", []],
  ] as const)("a supervisor that gave up, as a %s child, leaves %j behind", async (restart, left) => {
    const { supervise, child, kill } = await startSupervisionWorld();
    const { ref } = await supervise({
      children: [
        {
          id: "middle",
          type: "supervisor",
          restart,
          start: (top) => startSupervisor(top, { maxRestarts: 0, children: [child("c1")] }),
        },
      ],
    });
    await kill("c1");
    expect(inShort(await ref.whichChildren())).toEqual(left);
  });
});

test("decisions are reported as data, to the system and to the one who asked", async () => {
  const seen: Report[] = [];
  const { supervise, child, end, pid, reports, failing } = await startSupervisionWorld();
  const supervisor = await supervise({
    children: [child("c1", {}, endingWith(Exit.of("no")))],
    maxRestarts: 1,
    onReport(report) {
      seen.push(report);
      throw new Error("a reporter's fault is its own");
    },
  });
  await supervisor.ref.terminateChild("c1");
  await supervisor.ref.startChild(child("c2"));
  const c2 = pid("c2");
  failing.set("c2", Exit.of("broken"));
  await end("c2", Exit.of("crashed"));
  const common = { kind: "supervisor", supervisor: supervisor.pid } as const;
  const broken = { childId: "c2", child: undefined, reason: Exit.of("broken") };
  expect(seen).toEqual([
    { ...common, event: "shutdown-failed", childId: "c1", child: pid("c1"), reason: Exit.of("no"), restarts: 0 },
    { ...common, event: "child-terminated", childId: "c2", child: c2, reason: Exit.of("crashed"), restarts: 0 },
    { ...common, event: "restarting", childId: "c2", child: undefined, reason: Exit.of("crashed"), restarts: 1 },
    { ...common, event: "start-failed", ...broken, restarts: 1 },
    { ...common, event: "gave-up", ...broken, restarts: 2 },
  ]);
  expect(reports.filter((report) => report.kind === "supervisor")).toEqual(seen);
});

test("SUP-067 nothing of what a temporary child was started with is kept, of others it is", async () => {
  const { system, trapping, supervise, child, pid } = await startSupervisionWorld();
  const dynamic = await startDynamicSupervisor(trapping.self);
  if (dynamic.kind !== "ok") throw new Error(dynamic.kind);
  const refs = [(await supervise({ children: [] })).ref, dynamicSupervisorRef(system, dynamic.pid)];
  for (const restart of ["temporary", "permanent", "transient"] as const) {
    for (const ref of refs) {
      const spec = child(restart, { restart });
      await ref.startChild(spec);
      const kept = await ref.childSpec(pid(restart));
      expect([restart, kept?.start === spec.start]).toEqual([restart, restart !== "temporary"]);
      expect(readable(kept)).toEqual(readable(completeChildSpec(spec)));
    }
  }
});

test("a supervisor is shut down with the block that uses it, and one that is gone is no matter", async () => {
  const { system, supervise, child, told, trapping } = await startSupervisionWorld();
  const { pid, ref } = await supervise({ children: [child("a"), child("b")] });
  told();
  {
    await using _ref = ref;
  }
  await quiesce(system);
  expect(told()).toEqual(["end b shutdown", "end a shutdown"]);
  expect(trapping.messages).toEqual([new Exited(pid, Exit.shutdown)]);
  await ref[Symbol.asyncDispose]();
});

test("SUP-066 starting and stopping a hundred times as many children costs less than a thousand times as much", async () => {
  const { system, supervise } = await startSupervisionWorld();
  const cost = async (count: number): Promise<number> => {
    const children = Array.from(
      { length: count },
      (_, index): ChildSpec => ({
        id: String(index),
        start: (supervisor) => supervisor.start({ handle() {} }, { link: true }),
      }),
    );
    const beganMs = processorMs();
    const { pid } = await supervise({ children });
    expect((await supervisorRef(system, pid).countChildren()).active).toBe(count);
    await system.stop(pid);
    return processorMs() - beganMs;
  };
  // Once is enough: a tenth of what is allowed is what it should be.
  expect(await costGrowth(cost, 1_000, 100_000, 1)).toBeLessThan(1_000);
});
