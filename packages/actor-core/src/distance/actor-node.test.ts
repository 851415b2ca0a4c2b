import { expect, test } from "@jest/globals";
import {
  type ActorSystem,
  Call,
  CallFailed,
  Cast,
  createActorSystem,
  createAlias,
  Down,
  defineServer,
  Exit,
  Exited,
  NameTaken,
  type Pid,
  type ProcessHandler,
  processInfo,
  reply,
  type Self,
  StopFailed,
  serverRef,
  startServer,
  sys,
  unalias,
} from "../index.ts";
import {
  explore,
  type NetworkOptions,
  type Probe,
  type SimulatedNetwork,
  type Simulation,
  simulate,
  simulatedNetwork,
  startProbe,
} from "../testing/index.ts";
import { type ActorNode, type Frame, NotPlainData, type Packet, startNode, type Transport } from "./index.ts";

/** A node with a process that keeps what it gets, and one that does what it is told. */
interface Place {
  readonly system: ActorSystem;
  readonly node: ActorNode;
  readonly probe: Probe;
  /** Held under the name `worker`. It runs functions, ends when told `end`, and answers calls with what it was asked. */
  readonly worker: Pid;
}

const obliging: ProcessHandler = {
  handle(message, self) {
    if (typeof message === "function") {
      message(self);
    } else if (message instanceof Call) {
      message.from.reply(message.request);
    } else if (message === "end") {
      self.exit(Exit.of("told to"));
    }
  },
};

interface World {
  readonly simulation: Simulation;
  readonly network: SimulatedNetwork;
  readonly a: Place;
  readonly b: Place;
  /** Starts another life of node `b`. */
  restartB(): Promise<Place>;
  /** Starts a third node. */
  startC(): Promise<Place>;
}

const startWorld = async (simulation: Simulation, options?: NetworkOptions): Promise<World> => {
  const network = simulatedNetwork(simulation, options);
  const start = async (name: string, incarnation: number): Promise<Place> => {
    const system = simulation.createSystem({ name });
    const node = startNode(system, {
      name,
      incarnation,
      transport: network.transport(name),
      tickMs: 1_000,
      setupMs: 500,
    });
    const probe = await startProbe(system, { trapExit: true });
    system.register("probe", probe.pid);
    const worker = system.spawn(obliging, { name: "worker" });
    return { system, node, probe, worker };
  };
  const [a, b] = [await start("a", 1), await start("b", 1)];
  return { simulation, network, a, b, restartB: () => start("b", 2), startC: () => start("c", 1) };
};

/** Plays under many seeds on a network that loses nothing. */
const everywhere = async (scenario: (world: World) => Promise<void>, options?: NetworkOptions): Promise<void> => {
  await explore({ seeds: 30 }, async (simulation) => scenario(await startWorld(simulation, options)));
};

/** Lets everything happen that is under way; connections go on. */
const settle = (world: World): Promise<void> => world.simulation.pass(200);
/** Lets both sides notice what has become of their connection. */
const notice = (world: World): Promise<void> => world.simulation.pass(10_000);

/** Gets the pid of `b`'s worker to `a`. */
const pidOfWorker = async ({ a, b }: World): Promise<Pid> => {
  b.system.send(b.worker, (self: Self) => self.send(b.node.remote("probe", "a"), self.pid));
  return (await a.probe.self.receive((message) => typeof message === "object")) as Pid;
};

// What crosses

test("messages go to a name on another node, and to pids that came from there", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    a.probe.self.send(a.node.remote("probe", "b"), { from: a.probe.pid, values: [1, "x", null, undefined] });
    await settle(world);
    const [{ from, values }] = b.probe.messages as [{ from: Pid; values: unknown }];
    expect(values).toEqual([1, "x", null, undefined]);
    b.probe.self.send(from, "answer");
    await settle(world);
    expect(a.probe.messages).toEqual(["answer"]);
    expect([a.node.connected(), b.node.connected()]).toEqual([["b"], ["a"]]);
  });
});

test("a pid that comes home is itself, and one that comes twice is the same", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const [first, second] = [await pidOfWorker(world), await pidOfWorker(world)];
    expect(second).toBe(first);
    expect(String(first)).toMatch(/^<b\.\d+>$/);
    a.probe.self.send(a.node.remote("probe", "b"), [first, a.probe.pid]);
    await settle(world);
    const [[home, away]] = b.probe.messages as [[Pid, Pid]];
    expect(home).toBe(b.worker);
    b.probe.self.send(away, "x");
    await settle(world);
    expect(a.probe.messages).toEqual(["x"]);
  });
});

test("a call is answered, refused, or fails as a local one does", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const pid = await pidOfWorker(world);
    expect(await a.probe.self.call(pid, { n: 1 })).toEqual({ n: 1 });
    expect(await a.system.call(a.node.remote("worker", "b"), 2)).toBe(2);
    const refusing = b.system.spawn(
      { handle: (message) => message instanceof Call && message.from.refuse(new RangeError("no")) } as ProcessHandler,
      { name: "refusing" },
    );
    await expect(a.probe.self.call(a.node.remote("refusing", "b"), 3)).rejects.toMatchObject({
      name: "RangeError",
      message: "no",
    });
    const silent = b.system.spawn({ handle() {} }, { name: "silent" });
    const asked = a.probe.self.call(a.node.remote("silent", "b"), 4);
    const late = a.probe.self.call(a.node.remote("silent", "b"), 4, { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ reason: Exit.timeout });
    b.system.exitSignal(silent, Exit.of("gone"));
    await expect(asked).rejects.toMatchObject({ reason: Exit.of("gone") });
    await expect(a.probe.self.call(a.node.remote("nobody", "b"), 5)).rejects.toMatchObject({ reason: Exit.noproc });
    expect(b.system.isAlive(refusing)).toBe(true);
  });
});

test("casts, exit signals and stops cross", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const pid = await pidOfWorker(world);
    a.probe.self.cast(a.node.remote("probe", "b"), "cast");
    a.probe.self.exitSignal(a.node.remote("probe", "b"), Exit.of("trapped"));
    await settle(world);
    expect(b.probe.messages).toEqual([
      new Cast("cast"),
      new Exited(expect.anything() as unknown as Pid, Exit.of("trapped")),
    ]);
    await a.probe.self.stop(pid);
    expect(b.system.isAlive(b.worker)).toBe(false);
    await expect(a.probe.self.stop(pid)).rejects.toBeInstanceOf(StopFailed);
    a.probe.self.exitSignal(a.node.remote("probe", "b"), Exit.kill);
    await settle(world);
    expect(b.system.isAlive(b.probe.pid)).toBe(false);
  });
});

test("what is sent to an alias of another node is dropped once it is withdrawn", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const alias = createAlias(a.probe.self);
    a.probe.self.send(a.node.remote("probe", "b"), { alias });
    await settle(world);
    const [received] = b.probe.messages as [{ alias: typeof alias }];
    b.probe.self.send(received.alias, "first");
    await settle(world);
    unalias(a.probe.self, alias);
    b.probe.self.send(received.alias, "second");
    await settle(world);
    expect(a.probe.messages).toEqual(["first"]);
  });
});

test("plain data arrives as it was, and later changes do not cross", async () => {
  await simulate({ seed: 1 }, async (simulation) => {
    const world = await startWorld(simulation);
    const { a, b } = world;
    const value = {
      numbers: [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 12n],
      date: new Date(0),
      map: new Map<unknown, unknown>([["k", new Set([1])]]),
      bytes: Uint8Array.of(1, 2),
      nothing: undefined,
      $: "a key like a tag",
    };
    a.probe.self.send(a.node.remote("probe", "b"), value);
    value.numbers.push(7);
    await settle(world);
    expect(b.probe.messages).toEqual([{ ...value, numbers: value.numbers.slice(0, -1) }]);
  });
});

test.each<[string, unknown, string]>([
  ["a function", { orders: [1, { save() {} }] }, ".orders[1].save"],
  ["a symbol", [Symbol("s")], "[0]"],
  ["an instance of a class", { self: new (class Thing {})() }, ".self"],
])("%s is refused with its path, and nothing is sent", async (_name, value, path) => {
  await simulate({ seed: 1 }, async (simulation) => {
    const world = await startWorld(simulation);
    const { a, b } = world;
    const to = a.node.remote("probe", "b");
    const refused = expect.objectContaining({ code: "ACTOR_NOT_PLAIN_DATA", path });
    expect(() => a.probe.self.send(to, value)).toThrow(NotPlainData);
    expect(() => a.probe.self.cast(to, value)).toThrow(refused as unknown as Error);
    await expect(a.probe.self.call(to, value)).rejects.toEqual(refused);
    await settle(world);
    expect(b.probe.messages).toEqual([]);
  });
});

test("a process of another node cannot be looked into, and says so at once", async () => {
  await simulate({ seed: 1 }, async (simulation) => {
    const world = await startWorld(simulation);
    const pid = await pidOfWorker(world);
    const refused = expect.objectContaining({ message: `Cannot look into process ${pid}: it runs on another node` });
    await expect(sys.getState(world.a.system, pid)).rejects.toEqual(refused);
    await expect(sys.suspend(world.a.probe.self, pid)).rejects.toEqual(refused);
    expect(() => sys.trace(world.a.system, pid, () => {})).toThrow(refused as unknown as Error);
    // Nothing is left that would fail later, with nobody to hear of it.
    await notice(world);
  });
});

test("a value that contains itself is refused", async () => {
  await simulate({ seed: 1 }, async (simulation) => {
    const { a } = await startWorld(simulation);
    const loop: { inner?: unknown } = {};
    loop.inner = loop;
    expect(() => a.probe.self.send(a.node.remote("probe", "b"), loop)).toThrow(NotPlainData);
  });
});

test("a crash crosses with what can cross of its error", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const pid = await pidOfWorker(world);
    const monitor = a.probe.self.monitor(pid);
    await settle(world);
    b.system.send(b.worker, () => {
      throw Object.assign(new TypeError("broken"), { code: "E_BROKEN", hook: () => {} });
    });
    await settle(world);
    const [down] = a.probe.messages as [Down];
    expect([down.monitor, down.target, down.reason.kind]).toEqual([monitor, pid, "crash"]);
    expect(down.reason.kind === "crash" && down.reason.error).toMatchObject({
      name: "TypeError",
      message: "broken",
      code: "E_BROKEN",
    });
  });
});

test("a server of another node is used through a reference as a local one is", async () => {
  const counter = defineServer({
    version: 1,
    init: () => 0,
    calls: {
      add({ state }, by: number) {
        if (by < 0) {
          throw new RangeError("only up");
        }
        return reply(state + by, state + by);
      },
    },
    casts: { reset: () => 0 },
  });
  await everywhere(async (world) => {
    const { a, b } = world;
    const { pid } = await startServer(b.system, counter);
    b.probe.self.send(b.node.remote("probe", "a"), pid);
    await settle(world);
    const ref = serverRef(a.system, counter, a.probe.messages[0] as Pid);
    expect([await ref.call("add", 2), await ref.call("add", 3)]).toEqual([2, 5]);
    ref.cast("reset");
    expect(await ref.call("add", 1)).toBe(1);
    await expect(ref.call("add", -1)).rejects.toMatchObject({
      reason: { kind: "crash" },
      cause: { name: "RangeError", message: "only up" },
    });
  });
});

test("a pid that is handed on leads to its own node, by whatever way it came", async () => {
  await everywhere(async (world) => {
    const { a, b, startC } = world;
    const c = await startC();
    const pid = await pidOfWorker(world);
    a.probe.self.send(a.node.remote("probe", "c"), pid);
    await settle(world);
    const handed = c.probe.messages[0] as Pid;
    expect(await c.probe.self.call(handed, "from c")).toBe("from c");
    const monitor = c.probe.self.monitor(handed);
    world.network.split("a", "c");
    await settle(world);
    b.system.send(b.worker, "end");
    await settle(world);
    expect(c.probe.messages.slice(1)).toEqual([new Down(monitor, handed, Exit.of("told to"))]);
  });
});

test("news of a node's next life, from a third one, ends its former life", async () => {
  await everywhere(async (world) => {
    const { a, network, startC, restartB } = world;
    const c = await startC();
    const former = await pidOfWorker(world);
    const monitor = a.probe.self.monitor(former);
    await settle(world);
    network.split("a", "b");
    const reborn = await restartB();
    reborn.probe.self.send(reborn.node.remote("probe", "c"), reborn.worker);
    await settle(world);
    c.probe.self.send(c.node.remote("probe", "a"), c.probe.messages[0]);
    await settle(world);
    const [down, next] = a.probe.messages;
    expect(down).toEqual(new Down(monitor, former, Exit.noconnection));
    expect([a.system.isAlive(former), a.system.isAlive(next as Pid)]).toEqual([false, true]);
    network.heal("a", "b");
    expect(await a.probe.self.call(next as Pid, "hello")).toBe("hello");
  });
});

test("the way to a name cannot be sent, nor can it be linked to or registered", async () => {
  await simulate({ seed: 1 }, async (simulation) => {
    const world = await startWorld(simulation);
    const { a } = world;
    const way = a.system.whereis(a.node.remote("worker", "b")) as Pid;
    expect(String(way)).toBe("worker@b");
    expect(() => a.probe.self.send(a.node.remote("probe", "b"), { way })).toThrow(NotPlainData);
    expect(() => a.system.register("mine", way)).toThrow(NameTaken);
    a.probe.self.link(way);
    await settle(world);
    expect(a.probe.messages).toEqual([new Exited(way, Exit.noproc)]);
  });
});

test("a node that speaks nonsense loses its connection and does no other harm", async () => {
  await simulate({ seed: 1 }, async (simulation) => {
    const { network, a, ...world } = await startWorld(simulation);
    const stranger = network.transport("stranger");
    const heard: Packet[] = [];
    stranger.listen((packet) => heard.push(packet));
    const origin = { from: "stranger", incarnation: 1, session: 1 };
    stranger.send("a", { kind: "hello", ...origin });
    await simulation.pass(20);
    expect(a.node.connected()).toEqual(["stranger"]);
    const hello = heard[0] as Packet;
    const to = { incarnation: hello.incarnation, session: hello.session };
    const message = { $: "no such thing" };
    const frame: Frame = { kind: "send", to: { kind: "name", name: "probe" }, message };
    stranger.send("a", { kind: "data", ...origin, to, sequence: 0, frame });
    await simulation.pass(20);
    expect([a.node.connected(), a.probe.messages, heard.at(-1)?.kind]).toEqual([[], [], "bye"]);
    expect(await a.probe.self.call(a.node.remote("worker", "b"), 1)).toBe(1);
    expect(world.b.node.connected()).toEqual(["a"]);
  });
});

test("a stopped node holds nothing of the host", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const before = timers();
  const wires = new Map<string, (packet: Packet) => void>();
  const start = (name: string): ActorNode => {
    const system = createActorSystem();
    system.spawn(obliging, { name: "worker" });
    const transport: Transport = {
      send: (to, packet) => void setImmediate(() => wires.get(to)?.(packet)),
      listen: (receive) => void wires.set(name, receive),
    };
    const node = startNode(system, { name, incarnation: 1, transport });
    ask = (to) => system.call(node.remote("worker", to), "hello");
    return node;
  };
  let ask: (node: string) => Promise<unknown> = async () => {};
  const nodes = [start("a"), start("b")];
  expect(await ask("a")).toBe("hello");
  for (const node of nodes) {
    node.stop();
  }
  await turn();
  await turn();
  expect(timers()).toBe(before);
});

// Links and monitors

test("a monitor hears the end of a process of another node, once, after what that had sent", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const pid = await pidOfWorker(world);
    const byPid = a.probe.self.monitor(pid);
    const name = a.node.remote("worker", "b");
    const byName = a.probe.self.monitor(name);
    await settle(world);
    b.system.send(b.worker, (self: Self) => {
      self.send(b.node.remote("probe", "a"), "last words");
      self.exit(Exit.of("done"));
    });
    await notice(world);
    expect(a.probe.messages[0]).toBe("last words");
    expect(a.probe.messages.slice(1)).toEqual([
      new Down(byPid, pid, Exit.of("done")),
      new Down(byName, name, Exit.of("done")),
    ]);
    const late = a.probe.self.monitor(pid);
    await settle(world);
    expect(a.probe.messages.slice(3)).toEqual([new Down(late, pid, Exit.noproc)]);
  });
});

test("after demonitor nothing comes", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const pid = await pidOfWorker(world);
    const monitor = a.probe.self.monitor(pid);
    b.system.send(b.worker, "end");
    a.probe.self.demonitor(monitor);
    await settle(world);
    expect(a.probe.messages).toEqual([]);
  });
});

test("a link carries exits both ways", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const pid = await pidOfWorker(world);
    a.probe.self.link(pid);
    await settle(world);
    b.system.send(b.worker, "end");
    await settle(world);
    expect(a.probe.messages).toEqual([new Exited(pid, Exit.of("told to"))]);

    const obedient = a.system.spawn(obliging);
    a.system.send(obedient, (self: Self) => self.send(a.node.remote("probe", "b"), self.pid));
    await settle(world);
    const far = b.probe.messages[0] as Pid;
    b.probe.self.link(far);
    await settle(world);
    a.system.send(obedient, "end");
    await settle(world);
    expect(b.probe.messages.slice(1)).toEqual([new Exited(far, Exit.of("told to"))]);
  });
});

test("a link to a dead process of another node gives noproc, and ends one that does not trap", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const pid = await pidOfWorker(world);
    b.system.exitSignal(b.worker, Exit.kill);
    await settle(world);
    a.probe.self.link(pid);
    const plain = await startProbe(a.system);
    const end = a.system.exited(plain.pid);
    plain.self.link(pid);
    expect(await end).toEqual(Exit.noproc);
    await settle(world);
    expect(a.probe.messages).toEqual([new Exited(pid, Exit.noproc)]);
  });
});

test("after unlink no exit comes, whatever crossed on the way", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const pid = await pidOfWorker(world);
    a.probe.self.link(pid);
    b.system.send(b.worker, "end");
    await world.simulation.pass(world.simulation.random.below(20));
    const before = a.probe.messages.length;
    a.probe.self.unlink(pid);
    await settle(world);
    expect(a.probe.messages.length).toBe(before);
  });
});

test("links and unlinks that cross leave both ends agreeing", async () => {
  await explore({ seeds: 100 }, async (simulation) => {
    const world = await startWorld(simulation);
    const { a, b } = world;
    const toB = await pidOfWorker(world);
    const actor = a.system.spawn(obliging, { name: "actor" });
    a.system.send(actor, (self: Self) => self.send(a.node.remote("probe", "b"), self.pid));
    await settle(world);
    const toA = b.probe.messages[0] as Pid;
    for (let i = 0; i < 12; i++) {
      const linking = simulation.random.chance(0.5);
      const [system, pid, other] = simulation.random.chance(0.5)
        ? ([a.system, actor, toB] as const)
        : ([b.system, b.worker, toA] as const);
      system.send(pid, (self: Self) => (linking ? self.link(other) : self.unlink(other)));
      await simulation.pass(simulation.random.below(8));
    }
    await settle(world);
    const linkedAtA = processInfo(actor)?.links.includes(toB);
    const linkedAtB = processInfo(b.worker)?.links.includes(toA);
    expect(linkedAtA).toBe(linkedAtB);
  });
});

// Losing the connection

test("all that waits across a lost connection hears noconnection, once", async () => {
  await everywhere(async (world) => {
    const { a, b, network } = world;
    const pid = await pidOfWorker(world);
    const monitor = a.probe.self.monitor(pid);
    a.probe.self.link(pid);
    b.system.spawn({ handle() {} }, { name: "silent" });
    const asked = a.probe.self.call(a.node.remote("silent", "b"), "?", { timeoutMs: 60_000 });
    const end = a.system.exited(pid);
    const workerEnd = b.system.exited(b.worker);
    await settle(world);
    network.split("a", "b");
    await expect(asked).rejects.toMatchObject({ reason: Exit.noconnection });
    expect(await end).toEqual(Exit.noconnection);
    // Not trapping, and linked.
    expect(await workerEnd).toEqual(Exit.noconnection);
    await notice(world);
    expect(a.probe.messages).toHaveLength(2);
    expect(a.probe.messages).toEqual(
      expect.arrayContaining([new Down(monitor, pid, Exit.noconnection), new Exited(pid, Exit.noconnection)]),
    );
    expect([a.node.connected(), b.node.connected()]).toEqual([[], []]);
    network.heal("a", "b");
    await notice(world);
    expect(a.probe.messages).toHaveLength(2);
  });
});

test("a connection that works one way only is lost on both sides", async () => {
  await everywhere(async (world) => {
    const { a, b, network } = world;
    const pid = await pidOfWorker(world);
    const monitor = a.probe.self.monitor(pid);
    b.probe.self.monitor(b.node.remote("probe", "a"));
    await settle(world);
    network.cut("b", "a");
    await notice(world);
    expect(a.probe.messages).toEqual([new Down(monitor, pid, Exit.noconnection)]);
    expect(b.probe.messages).toMatchObject([{ reason: Exit.noconnection }]);
  });
});

test("what is sent while there is no way is lost; the next signal after that opens another connection", async () => {
  await everywhere(async (world) => {
    const { a, b, network } = world;
    const pid = await pidOfWorker(world);
    network.split("a", "b");
    await notice(world);
    a.probe.self.send(a.node.remote("probe", "b"), "lost");
    await expect(a.probe.self.call(pid, "lost")).rejects.toBeInstanceOf(CallFailed);
    const monitor = a.probe.self.monitor(pid);
    await notice(world);
    expect(a.probe.messages).toEqual([new Down(monitor, pid, Exit.noconnection)]);
    network.heal("a", "b");
    a.probe.self.send(a.node.remote("probe", "b"), "found");
    // The same life of the same process.
    expect(await a.probe.self.call(pid, "still there")).toBe("still there");
    await settle(world);
    expect(b.probe.messages).toEqual(["found"]);
  });
});

test("disconnecting by hand is a loss like any other", async () => {
  await everywhere(async (world) => {
    const { a } = world;
    const pid = await pidOfWorker(world);
    const monitor = a.probe.self.monitor(pid);
    await settle(world);
    a.node.disconnect("b");
    await settle(world);
    expect(a.probe.messages).toEqual([new Down(monitor, pid, Exit.noconnection)]);
    expect(await a.probe.self.call(pid, "again")).toBe("again");
  });
});

test("a node that was started again is another: its former pids are dead, its names are not", async () => {
  await everywhere(async (world) => {
    const { a, restartB } = world;
    const former = await pidOfWorker(world);
    const monitor = a.probe.self.monitor(former);
    await settle(world);
    const reborn = await restartB();
    a.probe.self.send(a.node.remote("probe", "b"), "for the new one");
    await notice(world);
    expect(a.probe.messages).toEqual([new Down(monitor, former, Exit.noconnection)]);
    // The connection that the former life had may have taken the first message with it.
    a.probe.self.send(a.node.remote("probe", "b"), "hello");
    await settle(world);
    expect(reborn.probe.messages.at(-1)).toBe("hello");
    a.probe.self.send(former, "for the dead");
    await expect(a.probe.self.call(former, "anyone?")).rejects.toMatchObject({ reason: Exit.noproc });
    const late = a.probe.self.monitor(former);
    await settle(world);
    expect(a.probe.messages.slice(1)).toEqual([new Down(late, former, Exit.noproc)]);
    expect(processInfo(reborn.worker)?.messages).toEqual([]);
    expect(await a.probe.self.call(a.node.remote("worker", "b"), "you?")).toBe("you?");
  });
});

test("a node that is stopped tells the others and is silent from then on", async () => {
  await everywhere(async (world) => {
    const { a, b } = world;
    const monitor = a.probe.self.monitor(a.node.remote("worker", "b"));
    await settle(world);
    b.node.stop();
    await settle(world);
    expect(a.probe.messages).toEqual([new Down(monitor, monitor.target, Exit.noconnection)]);
    await expect(a.probe.self.call(a.node.remote("worker", "b"), 1)).rejects.toMatchObject({
      reason: Exit.noconnection,
    });
    expect(b.system.isAlive(b.worker)).toBe(true);
  });
});

// Whatever the network does

const badNetwork: NetworkOptions = { maxDelayMs: 40, dropChance: 0.03, repeatChance: 0.05, overtakeChance: 0.05 };

/** Sends numbers from `b` to `a` while connections break and heal; returns what arrived. */
const stormOfNumbers = async (world: World): Promise<readonly [life: number, n: number][]> => {
  const { simulation, network, a } = world;
  let { b } = world;
  let life = 1;
  let n = 0;
  for (let i = 0; i < 60; i++) {
    const choice = simulation.random.below(20);
    if (choice === 0) {
      network.cut("a", "b");
    } else if (choice === 1) {
      network.cut("b", "a");
    } else if (choice <= 4) {
      network.heal("a", "b");
    } else if (choice === 5) {
      (choice % 2 === 0 ? a : b).node.disconnect(choice % 2 === 0 ? "b" : "a");
    } else if (choice === 6 && life === 1) {
      b = await world.restartB();
      life = 2;
    } else {
      b.probe.self.send(b.node.remote("probe", "a"), [life, n++]);
    }
    await simulation.pass(simulation.random.below(400));
  }
  network.heal("a", "b");
  await notice(world);
  return a.probe.messages.filter((message) => Array.isArray(message)) as [number, number][];
};

test("messages of one pair arrive in order, at most once, and none of a former life after the first of the next", async () => {
  let arrivals = 0;
  await explore({ seeds: 100 }, async (simulation) => {
    const arrived = await stormOfNumbers(await startWorld(simulation, badNetwork));
    const numbers = arrived.map(([, n]) => n);
    expect(numbers).toEqual([...new Set(numbers)].sort((x, y) => x - y));
    const lives = arrived.map(([life]) => life);
    expect(lives).toEqual(lives.toSorted());
    arrivals += arrived.length;
  });
  // Most do arrive, or this would prove nothing.
  expect(arrivals).toBeGreaterThan(100 * 15);
});

test("every monitor fires exactly once, for the end of its process or of the connection, never before messages sent earlier", async () => {
  const reasons = new Map<string, number>();
  await explore({ seeds: 100 }, async (simulation) => {
    const world = await startWorld(simulation, badNetwork);
    const { network, a, b } = world;
    const monitors = new Map<unknown, number>();
    for (let i = 0; i < 25; i++) {
      const name = `target ${i}`;
      const target = b.system.spawn(
        async (self) => {
          const words = await self.receive();
          self.send(b.node.remote("probe", "a"), words);
          self.exit(Exit.of(words));
        },
        { name },
      );
      const to = a.node.remote(name, "b");
      monitors.set(a.probe.self.monitor(to), i);
      if (simulation.random.chance(0.8)) {
        a.probe.self.send(to, i);
      }
      const choice = simulation.random.below(12);
      if (choice === 0) {
        network.split("a", "b");
      } else if (choice === 1) {
        network.cut("b", "a");
      } else if (choice <= 5) {
        network.heal("a", "b");
      } else if (choice === 6) {
        b.system.exitSignal(target, Exit.kill);
      }
      await simulation.pass(simulation.random.below(300));
    }
    network.heal("a", "b");
    await notice(world);
    for (const pid of b.system.processes()) {
      b.system.exitSignal(pid, Exit.kill);
    }
    await notice(world);
    await notice(world);
    const downs = a.probe.messages.filter((message) => message instanceof Down);
    expect(downs).toHaveLength(monitors.size);
    expect(new Set(downs.map(({ monitor }) => monitor))).toEqual(new Set(monitors.keys()));
    for (const { monitor, reason } of downs) {
      reasons.set(reason.kind, (reasons.get(reason.kind) ?? 0) + 1);
      if (reason.kind === "custom") {
        const words = a.probe.messages.indexOf(monitors.get(monitor));
        const place = a.probe.messages.findIndex((message) => message instanceof Down && message.monitor === monitor);
        expect(words).toBeGreaterThanOrEqual(0);
        expect(words).toBeLessThan(place);
      }
    }
  });
  expect([...reasons.keys()].sort()).toEqual(["custom", "killed", "noconnection", "noproc"]);
});

test("every link is broken exactly once at each of its living ends", async () => {
  await explore({ seeds: 100 }, async (simulation) => {
    const world = await startWorld(simulation, badNetwork);
    const { network, a, b } = world;
    b.probe.self.send(b.node.remote("probe", "a"), b.probe.pid);
    await simulation.pass(2_000);
    const far = a.probe.messages[0];
    if (!(far instanceof Object)) {
      return;
    }
    a.probe.self.link(far as Pid);
    await simulation.pass(simulation.random.below(100));
    if (simulation.random.chance(0.5)) {
      network.split("a", "b");
    } else {
      b.system.exitSignal(b.probe.pid, Exit.kill);
    }
    await notice(world);
    await notice(world);
    const exits = a.probe.messages.slice(1);
    expect(exits).toHaveLength(1);
    expect(["killed", "noconnection", "noproc"]).toContain((exits[0] as Exited).reason.kind);
    expect(processInfo(a.probe.pid)?.links).toEqual([]);
  });
});

test("the same seed gives the same run of all nodes, line for line", async () => {
  const play = async (seed: number) =>
    simulate({ seed }, async (simulation) => {
      await stormOfNumbers(await startWorld(simulation, badNetwork));
    });
  for (let seed = 0; seed < 10; seed++) {
    const [first, second] = [await play(seed), await play(seed)];
    expect(second.trace).toEqual(first.trace);
  }
});
