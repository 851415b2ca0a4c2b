import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type ChildSpec,
  dynamicSupervisorRef,
  Exit,
  type Exited,
  GaveUp,
  type Pid,
  startDynamicSupervisor,
  startSupervisor,
} from "../../src/index.ts";
import { inShort, slowToStop, startSupervisionWorld } from "./supervision-world.ts";

const IDS = ["a", "b", "c", "d"] as const;
const ids = fc.constantFrom(...IDS);
const reasons = fc.constantFrom(Exit.normal, Exit.shutdown, Exit.killed, Exit.of("x"));

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("end" as const), id: ids, reason: reasons }),
    fc.record({ kind: fc.constantFrom("terminate" as const, "restart", "delete", "start", "break", "mend"), id: ids }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(1_500) }),
  ),
  { maxLength: 25 },
);

const specs = fc.tuple(
  ...IDS.map(() =>
    fc.record({
      restart: fc.constantFrom("permanent" as const, "transient", "temporary"),
      shutdown: fc.constantFrom(0, 10, "infinity" as const, "brutal-kill" as const),
    }),
  ),
);

test("whatever happens: a supervisor's list is true, no child lives unlisted, and none outlives it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("one-for-one" as const, "one-for-all", "rest-for-one"),
      fc.nat(6),
      specs,
      steps,
      async (strategy, maxRestarts, kinds, history) => {
        const world = await startSupervisionWorld();
        const { system, failing, pass, trapping, clock } = world;
        const probes = [trapping.pid, world.plain.pid];
        const children = IDS.map((id, i) => world.child(id, kinds[i] ?? {}, i % 2 === 0 ? undefined : slowToStop(5)));
        const { pid, ref } = await world.supervise({ strategy, maxRestarts, periodMs: 1_000, children });
        const others = () => system.processes().filter((each) => each !== pid && !probes.includes(each));

        // Slow children are stopped one after another, each in its own time: go on until nobody waits for time.
        const calm = async () => {
          do await pass(10);
          while (clock.pending > 0);
        };

        for (const step of history) {
          if (!system.isAlive(pid)) break;
          const asked = (() => {
            switch (step.kind) {
              case "end":
                system.exitSignal(world.pid(step.id), step.reason.kind === "killed" ? Exit.kill : step.reason);
                return undefined;
              case "terminate":
                return ref.terminateChild(step.id);
              case "restart":
                return ref.restartChild(step.id);
              case "delete":
                return ref.deleteChild(step.id);
              case "start":
                return ref.startChild(children[IDS.indexOf(step.id)] as ChildSpec);
              case "break":
                failing.set(step.id, Exit.of("broken"));
                return undefined;
              case "mend":
                failing.delete(step.id);
                return undefined;
              case "pass":
                return undefined;
            }
          })()?.catch(() => {});
          if (step.kind === "pass") await pass(step.ms);
          await calm();
          await asked;
          if (!system.isAlive(pid)) break;
          const listed = await ref.whichChildren();
          const running = listed.flatMap(({ status }) => (status.kind === "running" ? [status.pid] : []));
          expect(new Set(running)).toEqual(new Set(others()));
          expect(listed.map(({ id }) => id)).toEqual([...new Set(listed.map(({ id }) => id))]);
        }

        trapping.self.exitSignal(pid, Exit.shutdown);
        await calm();
        expect(others()).toEqual([]);
        expect(trapping.messages).toHaveLength(1);
        const [end] = trapping.messages as readonly Exited[];
        expect(end?.from).toBe(pid);
        expect(end?.reason.kind).toBe("shutdown");
      },
    ),
    { numRuns: 150 },
  );
});

test("a service that crashes for ever spends its own supervisor's restarts, not its neighbour's or its parent's", async () => {
  const { system, trapping, child, pass, end, told, kill, pid } = await startSupervisionWorld();
  const tenant = await startDynamicSupervisor(trapping.self, { maxRestarts: 0 });
  if (tenant.kind !== "ok") throw new Error(tenant.kind);
  const services = dynamicSupervisorRef(system, tenant.pid);
  const service = (id: string, maxRestarts: number): ChildSpec => ({
    id,
    type: "supervisor",
    restart: "temporary",
    start: (parent) => startSupervisor(parent, { maxRestarts, periodMs: 5_000, children: [child(id)] }),
  });
  const started = async (spec: ChildSpec): Promise<Pid> => {
    const result = await services.startChild(spec);
    if (result.kind !== "ok") throw new Error(result.kind);
    return result.pid;
  };
  const ill = await started(service("ill", 3));
  await started(service("well", 3));
  const well = pid("well");
  const ended = system.exited(ill);
  for (let crash = 0; crash < 4; crash++) {
    await kill("ill");
    await pass(100);
  }
  expect(await ended).toEqual(Exit.shutdownFor(new GaveUp({ childId: "ill", reason: Exit.killed, restarts: 4 })));
  expect(inShort(await services.whichChildren())).toEqual(["well"]);
  expect(pid("well")).toBe(well);
  told();
  await end("well", Exit.of("once"));
  expect(told()).toEqual(["end well once", "start well"]);
  expect(trapping.messages).toEqual([]);
});
