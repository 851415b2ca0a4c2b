import { expect, test } from "@jest/globals";
import {
  type ActorSystem,
  CallFailed,
  type ChildSpec,
  Down,
  dynamicSupervisorRef,
  Exit,
  Exited,
  type ExitReason,
  type MonitorRef,
  type Pid,
  type ProcessHandler,
  type ProcessInfo,
  processInfo,
  type Report,
  type Self,
  type StopFailed,
  startDynamicSupervisor,
  startSupervisor,
} from "../../src/index.ts";
import { explore, type Fault, type SeededRandom, type Simulation } from "../../src/testing/index.ts";

// What must hold for supervisors, and for starting and stopping, whoever runs first and whatever fails.

const MAX_RESTARTS = 3;
const PERIOD_MS = 10;
const KILLS: Fault = { kind: "kill", process: "child", when: { chance: 0.03 } };

/** A child that takes some time for everything, and fails now and then. */
function anyBody(random: SeededRandom): ProcessHandler {
  const [initMs, stopMs] = [random.below(3), random.below(8)];
  const [traps, failing] = [random.chance(0.5), random.pick(["never", "never", "never", "ignore", "error", "throw"])];
  return {
    async init(self) {
      self.trapExit(traps);
      if (initMs > 0) await self.sleep(initMs);
      if (failing === "throw") throw new Error("init");
      if (failing === "ignore") return { kind: "ignore" };
      return failing === "error" ? { kind: "error", reason: Exit.of("init") } : { kind: "ok" };
    },
    handle(message, self) {
      if (message === "fail") throw new Error("asked to");
      if (message === "leave") self.exit(Exit.normal);
    },
    async stop(_reason, self) {
      await self.sleep(stopMs);
    },
  };
}

function anySpec(random: SeededRandom, id: string): ChildSpec {
  const named = random.chance(0.5);
  return {
    id,
    restart: random.pick(["permanent", "transient", "temporary"]),
    shutdown: random.pick([0, 3, "infinity", "brutal-kill"] as const),
    start: (supervisor) =>
      supervisor.start(anyBody(random), { link: true, label: "child", ...(named && { name: id }) }),
  };
}

const childrenOf = (system: ActorSystem, supervisor: Pid): Pid[] =>
  system.processes().filter((pid) => processInfo(pid)?.parent === supervisor);

function isNameTaken(reason: ExitReason): boolean {
  return (reason.kind === "custom" ? (reason.value as { kind?: unknown }) : undefined)?.kind === "already-started";
}

function expectSymmetricLinks(system: ActorSystem): void {
  for (const pid of system.processes()) {
    for (const other of processInfo(pid)?.links ?? []) expect(processInfo(other)?.links).toContain(pid);
  }
}

/** Adds, ends and asks for children, and bears with a supervisor that is gone. */
async function meddle(self: Self, supervisor: Pid, { random }: Simulation, name: string): Promise<void> {
  const ref = dynamicSupervisorRef(self, supervisor);
  const known: Pid[] = [];
  for (let i = 0; i < 6; i++) {
    try {
      if (known.length === 0 || random.chance(0.5)) {
        const started = await ref.startChild(anySpec(random, `${name}${i}`));
        if (started.kind === "ok") known.push(started.pid);
        if (started.kind === "error") expect(isNameTaken(started.reason)).toBe(false);
      } else {
        const pid = random.pick(known);
        const how = random.pick(["terminate", "fail", "leave", "kill", "list"] as const);
        if (how === "terminate") {
          await ref.terminateChild(pid);
          expect(self.isAlive(pid)).toBe(false);
        } else if (how === "kill") self.exitSignal(pid, Exit.kill);
        else if (how === "list") await ref.whichChildren();
        else self.send(pid, how);
      }
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
    }
    await self.sleep(random.below(4));
  }
}

test("whatever happens to a dynamic supervisor: its list is true, its restarts are counted, nobody outlives it", async () => {
  await explore({ seeds: 80, faults: [KILLS] }, async (simulation) => {
    const { random, clock } = simulation;
    const attempts: { readonly atMs: number; readonly event: string; readonly restarts: number }[] = [];
    let namesTaken = 0;
    const report = (made: Report): void => {
      if (made.kind !== "supervisor") return;
      if (made.event === "restarting" || made.event === "gave-up") {
        attempts.push({ atMs: clock.nowMs(), event: made.event, restarts: made.restarts });
      }
      if (made.event === "start-failed" && isNameTaken(made.reason)) namesTaken += 1;
    };
    const system = simulation.createSystem({ report });
    let supervisor: Pid | undefined;
    const root = system.spawn(async (self) => {
      self.trapExit(true);
      const started = await startDynamicSupervisor(self, { maxRestarts: MAX_RESTARTS, periodMs: PERIOD_MS });
      if (started.kind === "ok") supervisor = started.pid;
      const message = await self.receive();
      if (message === "leave") self.exit(Exit.of("root"));
      await self.receive((other) => other === "leave");
    });
    await simulation.quiesce();
    const watched = supervisor as unknown as Pid;
    const meddlers = ["a", "b"].map((name) => system.spawn((self) => meddle(self, watched, simulation, name)));
    for (const reason of await Promise.all(meddlers.map((pid) => system.exited(pid)))) {
      if (reason.kind === "crash") throw reason.error;
    }
    await simulation.settle();
    expectSymmetricLinks(system);
    if (system.isAlive(watched)) {
      const listed = dynamicSupervisorRef(system, watched).whichChildren();
      const running = (await listed).flatMap(({ status }) => (status.kind === "running" ? [status.pid] : []));
      expect(new Set(running)).toEqual(new Set(childrenOf(system, watched)));
      await random.pick([
        async () => system.exitSignal(watched, Exit.kill),
        async () => system.send(root, "leave"),
        () => system.stop(watched, { reason: random.pick([Exit.normal, Exit.shutdown, Exit.of("stop")]) }),
      ])();
      await simulation.settle();
    }
    expect(system.isAlive(watched)).toBe(false);
    expect(childrenOf(system, watched)).toEqual([]);
    let times: number[] = [];
    for (const { atMs, event, restarts } of attempts) {
      times = [...times, atMs].filter((time) => time >= atMs - PERIOD_MS);
      expect({ event, restarts }).toEqual({
        event: times.length > MAX_RESTARTS ? "gave-up" : "restarting",
        restarts: times.length,
      });
    }
    // A name is free before its holder's supervisor hears of the end.
    expect(namesTaken).toBe(0);
    system.exitSignal(root, Exit.kill);
    await simulation.settle();
    expect(system.processes()).toEqual([]);
  });
});

test("whatever happens to a tree of supervisors: names are free for restarts, nobody outlives it", async () => {
  await explore({ seeds: 80, faults: [KILLS] }, async (simulation) => {
    const { random } = simulation;
    let namesTaken = 0;
    const system = simulation.createSystem({
      report(made) {
        if (made.kind === "supervisor" && made.event === "start-failed" && isNameTaken(made.reason)) namesTaken += 1;
      },
    });
    const tree = (id: string, depth: number): ChildSpec => ({
      id,
      type: "supervisor",
      restart: random.pick(["permanent", "transient"]),
      start: (parent) =>
        startSupervisor(parent, {
          strategy: random.pick(["one-for-one", "one-for-all", "rest-for-one"]),
          maxRestarts: MAX_RESTARTS,
          periodMs: PERIOD_MS,
          children: [
            anySpec(random, `${id}1`),
            depth > 0 ? tree(`${id}2`, depth - 1) : anySpec(random, `${id}2`),
            anySpec(random, `${id}3`),
          ],
        }),
    });
    const started = await startSupervisor(system, { maxRestarts: 10, periodMs: 1_000, children: [tree("t", 2)] });
    if (started.kind === "ok") {
      const root = started.pid;
      for (let i = 0; i < 8 && system.isAlive(root); i++) {
        await simulation.pass(random.below(5));
        const workers = system.processes().filter((pid) => processInfo(pid)?.label === "child");
        if (workers.length > 0) system.send(random.pick(workers), random.pick(["fail", "leave"]));
      }
      await simulation.settle();
      expectSymmetricLinks(system);
      if (system.isAlive(root)) {
        await random.pick([() => system.stop(root), async () => system.exitSignal(root, Exit.kill)])();
        await simulation.settle();
      }
    }
    await simulation.settle();
    expect(system.processes()).toEqual([]);
    expect(namesTaken).toBe(0);
  });
});

test("whatever becomes of a start or a stop: a failed one leaves no process, no name and no notice but the link's", async () => {
  await explore({ seeds: 80, faults: [KILLS] }, async (simulation) => {
    const { random } = simulation;
    const system = simulation.createSystem();
    const NAMES = ["n", "m"];
    const clients = ["a", "b", "c"].map(() =>
      system.spawn(async (self) => {
        self.trapExit(true);
        const linked = new Set<Pid>();
        const monitored = new Map<MonitorRef, Pid>();
        for (let round = 0; round < 5; round++) {
          const name = random.chance(0.7) ? random.pick(NAMES) : undefined;
          const link = random.chance(0.5);
          const limited = random.chance(0.3);
          const before = new Set(system.processes());
          const starting = self.start(anyBody(random), {
            link,
            monitor: random.chance(0.5),
            label: "child",
            ...(name !== undefined && { name }),
            ...(limited && { timeoutMs: random.below(3) }),
          });
          const pid = system.processes().find((each) => !before.has(each));
          const result = await starting;
          if (pid !== undefined && link) linked.add(pid);
          if (result.kind === "ok") {
            expect(result.pid).toBe(pid);
            if (result.monitor !== undefined) monitored.set(result.monitor, result.pid);
            const reason = random.pick([Exit.normal, Exit.shutdown, Exit.of("stop")]);
            const stopped = self.stop(result.pid, { reason, ...(limited && { timeoutMs: random.below(9) }) });
            const outcome = await stopped.then(
              () => reason,
              (error: StopFailed) => error.reason,
            );
            if (outcome.kind !== "timeout") expect(self.isAlive(result.pid)).toBe(false);
            else self.exitSignal(result.pid, Exit.kill);
          } else if (pid !== undefined) {
            expect(self.isAlive(pid)).toBe(false);
            if (result.kind === "error" && result.reason.kind === "timeout") linked.delete(pid);
          }
          if (name !== undefined && pid !== undefined && !self.isAlive(pid)) expect(self.whereis(name)).not.toBe(pid);
        }
        await self.sleep(50);
        const { messages, links, monitors } = processInfo(self.pid) as ProcessInfo;
        const downs = messages.filter((message) => message instanceof Down);
        expect(new Set(downs.map(({ monitor }) => monitor))).toEqual(new Set(monitored.keys()));
        expect(downs).toHaveLength(monitored.size);
        const exits = messages.filter((message) => message instanceof Exited).map(({ from }) => from);
        expect(exits.filter((from) => from === undefined || !linked.has(from))).toEqual([]);
        expect(exits).toHaveLength(new Set(exits).size);
        expect([links, monitors]).toEqual([[], []]);
      }),
    );
    for (const reason of await Promise.all(clients.map((pid) => system.exited(pid)))) {
      if (reason.kind === "crash") throw reason.error;
    }
    await simulation.settle();
    expect([system.processes(), NAMES.map((name) => system.whereis(name))]).toEqual([[], [undefined, undefined]]);
  });
});
