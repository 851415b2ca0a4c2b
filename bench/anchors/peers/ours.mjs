// Links, monitors, time limits and failure paths are on: callers are processes, servers are GenServers.
import {
  createActorSystem,
  Down,
  defineServer,
  Exit,
  noReply,
  reply,
  started,
  startGenServer,
  startServer,
  startSupervisor,
} from "@solo/actor-core";
import { quiesce } from "@solo/actor-core/testing";
import { gate, heapBytes, latch, turn } from "../gates.mjs";

const system = createActorSystem({ report() {} });

/** Runs a process to its end. */
async function inProcess(script) {
  const pid = system.spawn(script);
  const reason = await system.exited(pid);
  if (reason.kind !== "normal") throw reason.error ?? new Error(reason.kind);
}

function end(...pids) {
  for (const pid of pids) system.exitSignal(pid, Exit.kill);
}

export async function pingpong(n, timer) {
  const { opened, open } = gate();
  let left = n / 2;
  const echo = system.spawn({ handle: (from, self) => self.send(from, "pong") });
  const asker = system.spawn({
    handle(message, self) {
      if (message === "pong") left -= 1;
      if (left === 0) open();
      else self.send(echo, self.pid);
    },
  });
  timer.start();
  system.send(asker, "go");
  await opened;
  timer.stop();
  end(echo, asker);
}

export async function ring(n, timer) {
  const { opened, open } = gate();
  const pids = [];
  for (let i = 0; i < 100; i++) {
    const next = (i + 1) % 100;
    pids.push(system.spawn({ handle: (hops, self) => (hops === 0 ? open() : self.send(pids[next], hops - 1)) }));
  }
  timer.start();
  system.send(pids[0], n);
  await opened;
  timer.stop();
  end(...pids);
}

export async function flood(n, timer) {
  const { opened, open } = gate();
  let count = 0;
  const counter = system.spawn({
    handle(message) {
      if (message === "get") open(count);
      else count += 1;
    },
  });
  timer.start();
  for (let i = 0; i < n; i++) system.send(counter, "inc");
  system.send(counter, "get");
  if ((await opened) !== n) throw new Error("Messages were lost");
  timer.stop();
  end(counter);
}

const counting = {
  init: () => started(0),
  handleCall: (_request, _from, count) => reply(count, count),
  handleCast: (_request, count) => noReply(count + 1),
};

export async function cast(n, timer) {
  const { pid } = await startGenServer(system, counting, []);
  await inProcess(async (self) => {
    timer.start();
    for (let i = 0; i < n; i++) self.cast(pid, "inc");
    if ((await self.call(pid, "get", { timeoutMs: Number.POSITIVE_INFINITY })) !== n)
      throw new Error("Casts were lost");
    timer.stop();
  });
  end(pid);
}

export async function call(n, timer) {
  const { pid } = await startGenServer(system, counting, []);
  const options = { timeoutMs: 5_000 };
  await inProcess(async (self) => {
    timer.start();
    for (let i = 0; i < n; i++) await self.call(pid, "get", options);
    timer.stop();
  });
  end(pid);
}

const typed = defineServer({
  version: 1,
  init: () => 0,
  calls: { add: ({ state }, by) => reply(state + by, state + by) },
});

export async function typedCall(n, timer) {
  await inProcess(async (self) => {
    const server = await startServer(self, typed);
    timer.start();
    for (let i = 0; i < n; i++) await server.call("add", 1);
    timer.stop();
    await server.stop();
  });
}

/** Asks again and again for what is there at once. */
export async function atOnce(n, timer) {
  await inProcess(async (self) => {
    timer.start();
    for (let i = 0; i < n; i++) await self.sleep(0);
    timer.stop();
  });
}

/** An actor with a state of its own. */
class Once {
  #done;

  constructor(done) {
    this.#done = done;
  }

  handle(message, self) {
    if (message === "stay") return;
    this.#done.hit();
    self.exit(Exit.normal);
  }
}

/** `extra`: bytes of an idle actor that is new, and of one that has handled a message. */
export async function create(n, timer) {
  const done = latch(n);
  const pids = new Array(n);
  const before = heapBytes();
  timer.start();
  for (let i = 0; i < n; i++) pids[i] = system.spawn(new Once(done));
  await turn();
  timer.stop();
  await quiesce(system);
  const bytes = (heapBytes() - before) / n;
  for (const pid of pids) system.send(pid, "stay");
  await quiesce(system);
  const usedBytes = (heapBytes() - before) / n;
  timer.start();
  for (const pid of pids) system.send(pid, "go");
  await done.opened;
  timer.stop();
  await quiesce(system);
  return { bytes, usedBytes };
}

export async function bytesOfServer(n, timer) {
  const before = heapBytes();
  timer.start();
  const pids = await Promise.all(
    Array.from({ length: n }, async () => (await startGenServer(system, counting, [])).pid),
  );
  timer.stop();
  await quiesce(system);
  const bytes = (heapBytes() - before) / n;
  end(...pids);
  return { bytes };
}

/** As many for one supervisor as in Erlang, which looks through all restarts of the period at each. */
const restartsEach = 200;

export const restartThrow = restart(() => {
  throw new Error("boom");
});

export const restartExit = restart((self) => self.exit(Exit.of("boom")));

function restart(crash) {
  return (n, timer) =>
    inProcess(async (self) => {
      for (let left = n; left > 0; left -= restartsEach) await restartMany(self, Math.min(left, restartsEach), timer);
    });

  async function restartMany(self, count, timer) {
    const server = {
      init(own) {
        own.send(self.pid, own.pid);
        return started(0);
      },
      handleCast: (_request, _state, own) => crash(own),
    };
    const supervisor = await startSupervisor(self, {
      maxRestarts: 1_000_000,
      periodMs: 1_000,
      children: [{ id: "server", start: (parent) => startGenServer(parent, server, [], { link: true }) }],
    });
    let pid = await self.receive();
    timer.start();
    for (let i = 0; i < count; i++) {
      self.cast(pid, "crash");
      pid = await self.receive();
    }
    timer.stop();
    await self.stop(supervisor.pid);
  }
}

export function monitor(n, timer) {
  return inProcess((self) => endMany(self, n, timer));
}

const mortal = { handle: (_message, self) => self.exit(Exit.of("crash")) };

/** Not a closure, which each repetition would compile anew. */
async function endMany(self, n, timer) {
  const watched = Array.from({ length: n }, () => self.spawnMonitor(mortal));
  await turn();
  timer.start();
  for (const { pid, monitor } of watched) {
    self.send(pid, "die");
    await self.receive((message) => message instanceof Down && message.monitor === monitor);
  }
  timer.stop();
}
