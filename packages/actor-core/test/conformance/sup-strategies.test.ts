import { describe, expect, test } from "@jest/globals";
import { type ChildSpec, Exit, Exited, type ExitReason, GaveUp, type RestartStrategy } from "../../src/index.ts";
import { quiesce } from "../../src/testing/index.ts";
import { inShort, slowToStop, startSupervisionWorld } from "./supervision-world.ts";

const gaveUp = (childId: string, reason: ExitReason, restarts = 3) =>
  Exit.shutdownFor(new GaveUp({ childId, reason, restarts }));

/** A child that starts once; `meanwhile` runs inside the first attempt to start it again, which fails as all later do. */
function failingAgain(spec: ChildSpec, meanwhile: () => void): ChildSpec {
  let starts = 0;
  return {
    ...spec,
    start(supervisor) {
      starts += 1;
      if (starts === 1) return spec.start(supervisor);
      if (starts === 2) meanwhile();
      return { kind: "error", reason: Exit.of("broken") };
    },
  };
}

const ENDS: readonly ExitReason[] = [Exit.normal, Exit.shutdown, Exit.shutdownFor("x"), Exit.of("abnormal")];

describe("restart types", () => {
  test.each(ENDS)("SUP-032 a permanent child is restarted after %j", async (reason) => {
    const { supervise, child, pid, end } = await startSupervisionWorld();
    const { ref } = await supervise({ children: [child("c1")] });
    const first = pid("c1");
    await end("c1", reason);
    expect(pid("c1")).not.toBe(first);
    expect(await ref.countChildren()).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
  });

  test.each(ENDS.slice(0, 3))(
    "SUP-033 a transient child is not restarted after %j, and its spec stays",
    async (reason) => {
      const { supervise, child, end, told } = await startSupervisionWorld();
      const { ref } = await supervise({ children: [child("c1", { restart: "transient" })] });
      await end("c1", reason);
      expect(told().filter((line) => line === "start c1")).toHaveLength(1);
      expect(inShort(await ref.whichChildren())).toEqual(["c1!"]);
      expect(await ref.restartChild("c1")).toEqual({ kind: "ok", pid: expect.anything() });
      expect(inShort(await ref.whichChildren())).toEqual(["c1"]);
    },
  );

  test("SUP-034 a transient child is restarted after an abnormal end and after a kill", async () => {
    const { supervise, child, end, kill, told } = await startSupervisionWorld();
    await supervise({ children: [child("c1", { restart: "transient" })] });
    await end("c1", Exit.of("abnormal"));
    await kill("c1");
    expect(told()).toEqual(["start c1", "end c1 abnormal", "start c1", "end c1 killed", "start c1"]);
  });

  test.each([...ENDS, Exit.killed])("SUP-035 a temporary child is gone with its spec after %j", async (reason) => {
    const { supervise, child, end, kill } = await startSupervisionWorld();
    const { ref } = await supervise({ children: [child("c1", { restart: "temporary" })] });
    await (reason.kind === "killed" ? kill("c1") : end("c1", reason));
    expect(await ref.whichChildren()).toEqual([]);
    expect(await ref.startChild(child("c1", { restart: "temporary" }))).toEqual({ kind: "ok", pid: expect.anything() });
  });

  test("SUP-036 an end without a restart does not count towards the intensity", async () => {
    const { system, supervise, child, end, pid } = await startSupervisionWorld();
    const children = ["t1", "t2", "t3", "t4"].map((id) => child(id, { restart: "temporary" }));
    const supervisor = await supervise({ children: [...children, child("x", { restart: "transient" }), child("p")] });
    for (const id of ["t1", "t2", "t3", "t4"]) await end(id, Exit.of("abnormal"));
    await end("x", Exit.normal);
    await end("p", Exit.normal);
    await end("p", Exit.normal);
    expect(system.isAlive(supervisor.pid)).toBe(true);
    expect(system.isAlive(pid("p"))).toBe(true);
  });

  test("SUP-037 a temporary child that is terminated is gone: a second time it is not found", async () => {
    const { supervise, child } = await startSupervisionWorld();
    const { ref } = await supervise({ children: [child("c1", { restart: "temporary" })] });
    expect(await ref.terminateChild("c1")).toEqual({ kind: "ok" });
    expect(await ref.terminateChild("c1")).toEqual({ kind: "not-found" });
    expect(await ref.whichChildren()).toEqual([]);
  });
});

describe("strategies", () => {
  test("SUP-038 one-for-one restarts only the child that ended, and gives up at one too many", async () => {
    const { supervise, child, pid, end, trapping, told } = await startSupervisionWorld();
    const supervisor = await supervise({ children: [child("c1"), child("c2")] });
    const [c1, c2] = [pid("c1"), pid("c2")];
    await end("c1", Exit.of("first"));
    expect(pid("c1")).not.toBe(c1);
    expect(pid("c2")).toBe(c2);
    await end("c1", Exit.of("second"));
    told();
    await end("c1", Exit.of("third"));
    expect(told()).toEqual(["end c1 third", "end c2 shutdown"]);
    expect(trapping.messages).toEqual([new Exited(supervisor.pid, gaveUp("c1", Exit.of("third")))]);
  });

  test("SUP-039 one-for-one: failed attempts count, until the supervisor gives up and stops the others", async () => {
    const { supervise, child, end, trapping, told, failing } = await startSupervisionWorld();
    const supervisor = await supervise({ children: [child("c1"), child("c2")] });
    failing.set("c1", Exit.of("broken"));
    told();
    await end("c1", Exit.of("first"));
    expect(told()).toEqual(["end c1 first", "fail c1", "fail c1", "end c2 shutdown"]);
    expect(trapping.messages).toEqual([new Exited(supervisor.pid, gaveUp("c1", Exit.of("broken")))]);
  });

  test("SUP-040 SUP-045 one-for-all stops the others in reverse and starts all in order", async () => {
    const { supervise, child, end, told, pid } = await startSupervisionWorld();
    await supervise({ strategy: "one-for-all", children: [child("1"), child("2"), child("3")] });
    const before = ["1", "2", "3"].map(pid);
    told();
    await end("2", Exit.of("x"));
    expect(told()).toEqual(["end 2 x", "end 3 shutdown", "end 1 shutdown", "start 1", "start 2", "start 3"]);
    const after = ["1", "2", "3"].map(pid);
    expect(after.filter((each) => before.includes(each))).toEqual([]);
  });

  test("SUP-041 one-for-all: a sibling's failed start stops the round, starts all again, and ends it at last", async () => {
    const { supervise, child, end, told, failing, trapping } = await startSupervisionWorld();
    const supervisor = await supervise({ strategy: "one-for-all", children: [child("c1"), child("c2")] });
    failing.set("c2", Exit.of("broken"));
    told();
    await end("c1", Exit.of("x"));
    expect(told()).toEqual([
      ...["end c1 x", "end c2 shutdown", "start c1", "fail c2"],
      ...["end c1 shutdown", "start c1", "fail c2"],
      "end c1 shutdown",
    ]);
    expect(trapping.messages).toEqual([new Exited(supervisor.pid, gaveUp("c2", Exit.of("broken")))]);
  });

  test("SUP-042 rest-for-one leaves the earlier children alone", async () => {
    const { supervise, child, end, told, pid } = await startSupervisionWorld();
    await supervise({ strategy: "rest-for-one", children: [child("c1"), child("c2"), child("c3")] });
    const first = pid("c1");
    told();
    await end("c2", Exit.of("x"));
    expect(told()).toEqual(["end c2 x", "end c3 shutdown", "start c2", "start c3"]);
    expect(pid("c1")).toBe(first);
  });

  test("SUP-043 rest-for-one: tries again from the failed child on, and gives up", async () => {
    const { supervise, child, end, told, failing, trapping } = await startSupervisionWorld();
    const children = [child("c1"), child("c2"), child("c3")];
    const supervisor = await supervise({ strategy: "rest-for-one", children });
    failing.set("c2", Exit.of("broken"));
    told();
    await end("c1", Exit.of("x"));
    expect(told()).toEqual([
      ...["end c1 x", "end c3 shutdown", "end c2 shutdown", "start c1", "fail c2"],
      "fail c2",
      "end c1 shutdown",
    ]);
    expect(trapping.messages).toEqual([new Exited(supervisor.pid, gaveUp("c2", Exit.of("broken")))]);
  });

  test("SUP-044 SUP-046 rest-for-one: the first child takes all along, the last none", async () => {
    const { supervise, child, kill, told } = await startSupervisionWorld();
    const starts = () => told().filter((line) => line.startsWith("start"));
    await supervise({ strategy: "rest-for-one", maxRestarts: 9, children: [child("1"), child("2"), child("3")] });
    expect(starts()).toEqual(["start 1", "start 2", "start 3"]);
    await kill("1");
    expect(starts()).toEqual(["start 1", "start 2", "start 3"]);
    await kill("2");
    expect(starts()).toEqual(["start 2", "start 3"]);
    await kill("3");
    expect(starts()).toEqual(["start 3"]);
  });

  test.each<RestartStrategy>(["one-for-all", "rest-for-one"])(
    "SUP-047 %s: the normal end of a transient child touches nobody",
    async (strategy) => {
      const { supervise, child, end, told } = await startSupervisionWorld();
      const children = [child("c1"), child("c2", { restart: "transient" }), child("c3")];
      const { ref } = await supervise({ strategy, children });
      told();
      await end("c2", Exit.normal);
      expect(told()).toEqual(["end c2 normal"]);
      expect(inShort(await ref.whichChildren())).toEqual(["c1", "c2!", "c3"]);
    },
  );

  test("SUP-048 restarts further apart than the period are forgiven", async () => {
    const { system, supervise, child, end, pass, told } = await startSupervisionWorld();
    const { pid } = await supervise({ maxRestarts: 1, periodMs: 1_000, children: [child("c1")] });
    for (let i = 0; i < 4; i++) {
      await end("c1", Exit.of("x"));
      await pass(2_100);
    }
    expect(told().filter((line) => line === "start c1")).toHaveLength(5);
    expect(system.isAlive(pid)).toBe(true);
  });

  test("a round drops temporary siblings, and counts once also when two children ended together", async () => {
    const { system, supervise, child, told, pid, pass } = await startSupervisionWorld();
    const children = [child("c1"), child("t", { restart: "temporary" }), child("c2")];
    const supervisor = await supervise({ strategy: "one-for-all", maxRestarts: 1, children });
    told();
    system.exitSignal(pid("c1"), Exit.of("x"));
    system.exitSignal(pid("c2"), Exit.of("y"));
    await pass(0);
    expect(told()).toEqual(["end c1 x", "end c2 y", "end t shutdown", "start c1", "start c2"]);
    expect(inShort(await supervisor.ref.whichChildren())).toEqual(["c1", "c2"]);
  });

  test("one-for-one counts two children that ended together twice", async () => {
    const { system, supervise, child, pid, pass } = await startSupervisionWorld();
    const supervisor = await supervise({ maxRestarts: 1, children: [child("c1"), child("c2")] });
    system.exitSignal(pid("c1"), Exit.of("x"));
    system.exitSignal(pid("c2"), Exit.of("y"));
    await pass(0);
    expect(system.isAlive(supervisor.pid)).toBe(false);
  });

  test("while a child waits for its next attempt, requests are served and a terminate ends the attempts", async () => {
    const { supervise, child, kill, settled } = await startSupervisionWorld();
    const asked: Promise<unknown>[] = [];
    // Asked from inside the first attempt, so that the requests stand in the mailbox before the second.
    const c1 = failingAgain(child("c1"), () => {
      asked.push(ref.whichChildren().then(inShort));
      asked.push(ref.startChild(c1), ref.restartChild("c1"), ref.deleteChild("c1"), ref.terminateChild("c1"));
    });
    const { ref } = await supervise({ maxRestarts: 1_000_000, children: [c1] });
    await kill("c1");
    expect(await settled(Promise.all(asked))).toEqual([
      ["c1?"],
      { kind: "already-present" },
      { kind: "restarting" },
      { kind: "restarting" },
      { kind: "ok" },
    ]);
    expect(inShort(await ref.whichChildren())).toEqual(["c1!"]);
  });

  test("a child that waits for its restart does not keep its supervisor from being stopped", async () => {
    const { supervise, child, kill, trapping, told } = await startSupervisionWorld();
    const c1 = failingAgain(child("c1"), () => trapping.self.exitSignal(pid, Exit.shutdown));
    const { pid } = await supervise({ maxRestarts: 1_000_000, children: [child("c0"), c1] });
    told();
    await kill("c1");
    expect(told()).toEqual(["end c1 killed", "end c0 shutdown"]);
    expect(trapping.messages).toEqual([new Exited(pid, Exit.shutdown)]);
  });

  test("an exit signal of a stranger, and one of a child that lives, are ignored", async () => {
    const { system, supervise, child, pid, told } = await startSupervisionWorld();
    const supervisor = await supervise({ children: [child("c1", {}, slowToStop(0))] });
    told();
    system.exitSignal(supervisor.pid, Exit.of("go away"));
    system.send(pid("c1"), (self: { exitSignal(target: unknown, reason: ExitReason): void }) =>
      self.exitSignal(supervisor.pid, Exit.of("go away")),
    );
    await quiesce(system);
    expect(told()).toEqual([]);
    expect(system.isAlive(supervisor.pid)).toBe(true);
  });
});
