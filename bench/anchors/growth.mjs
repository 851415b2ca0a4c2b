// node --expose-gc growth.mjs SUBJECT REPETITIONS   prints [{ name, size, samples, host? }] as one line of JSON
//
// What an operation costs, in nanoseconds, when there are 1,000, 10,000, 100,000 or 1,000,000 of something already; `host`
// holds what the same costs in the host's own collection, where there is one.
import {
  createActorSystem,
  dynamicSupervisorRef,
  Exit,
  startDynamicSupervisor,
  startSupervisor,
  supervisorRef,
} from "@solo/actor-core";
import { quiesce } from "@solo/actor-core/testing";
import { gate } from "./gates.mjs";

const [subject, repetitions] = process.argv.slice(2);
const system = createActorSystem({ report() {} });

const idle = { handle() {} };
const leaving = { handle: (_message, self) => self.exit(Exit.normal) };
const crashing = { handle: (_message, self) => self.exit(Exit.of("crash")) };

const millions = [1e3, 1e4, 1e5, 1e6];
const rows = [];

const subjects = {
  /** Others come and go while so many live. */
  async actors() {
    const each = 10_000;
    const alive = [];
    for (const size of millions) {
      while (alive.length < size) alive.push(system.spawn(idle));
      await quiesce(system);
      await measure(size, each, {
        async "spawn + message + exit, actors alive"() {
          for (let i = 0; i < each; i++) system.send(system.spawn(leaving), "go");
          await quiesce(system);
        },
      });
    }
  },

  /** One mailbox is filled, then emptied. */
  async mailbox() {
    const each = 1e6;
    let emptied = gate();
    const pid = system.spawn({ handle: (message) => message === "last" && emptied.open() });
    for (const size of millions) {
      await measure(size, each, {
        async "send + handle, messages waiting"() {
          for (let sent = 0; sent < each; sent += size) {
            emptied = gate();
            for (let i = 1; i < size; i++) system.send(pid, i);
            system.send(pid, "last");
            await emptied.opened;
          }
        },
      });
    }
  },

  async dynamicSupervisor() {
    const { pid } = await startDynamicSupervisor(system, { maxRestarts: 1e6, periodMs: 1 });
    const supervisor = dynamicSupervisorRef(system, pid);
    await measureChildren("DynamicSupervisor", {
      start: (spec) => supervisor.startChild(spec),
      stop: (child) => supervisor.terminateChild(child.pid),
    });
  },

  async supervisor() {
    const { pid } = await startSupervisor(system, { children: [], maxRestarts: 1e6, periodMs: 1 });
    const supervisor = supervisorRef(system, pid);
    await measureChildren("Supervisor", {
      start: (spec) => supervisor.startChild(spec),
      async stop(child) {
        await supervisor.terminateChild(child.id);
        await supervisor.deleteChild(child.id);
      },
    });
  },

  async names() {
    const others = Array.from({ length: 10_000 }, () => system.spawn(idle));
    const map = new Map();
    for (const size of millions) {
      for (let held = map.size; held < size; held++) {
        map.set(`name-${held}`, system.spawn(idle, { name: `name-${held}` }));
      }
      await quiesce(system);
      const operations = {
        async "register + send + unregister, names held"() {
          for (const [i, other] of others.entries()) {
            const name = `other-${i}`;
            system.register(name, other);
            system.send(name, "m");
            system.unregister(name);
          }
          await quiesce(system);
        },
      };
      await measure(size, others.length, operations, {
        "register + send + unregister, names held"() {
          for (const [i, other] of others.entries()) {
            const name = `other-${i}`;
            map.set(name, other);
            map.get(name);
            map.delete(name);
          }
        },
      });
    }
  },
};

await subjects[subject]();
console.log(JSON.stringify(rows));
process.exit(0);

/**
 * Runs the operations in turn, each together with the host's own one of its name where there is one; each does `count` of
 * what it measures. The first rounds only warm up.
 */
async function measure(size, count, operations, hosts = {}) {
  globalThis.gc();
  const names = Object.keys(operations);
  const samples = names.map(() => []);
  const host = names.map(() => []);
  for (let round = rows.length === 0 ? -10 : -1; round < Number(repetitions); round++) {
    for (const [i, name] of names.entries()) {
      const ours = await timed(operations[name], count);
      const theirs = hosts[name] && (await timed(hosts[name], count));
      if (round < 0) continue;
      samples[i].push(ours);
      if (theirs !== undefined) host[i].push(theirs);
    }
  }
  for (const [i, name] of names.entries()) {
    rows.push({ name, size, samples: samples[i], host: host[i].length === 0 ? undefined : host[i] });
  }
}

async function timed(operation, count) {
  const startedAt = process.hrtime.bigint();
  await operation();
  return Number(process.hrtime.bigint() - startedAt) / count;
}

/** Some more children of one supervisor are started, crash and are stopped. */
async function measureChildren(supervisor, { start, stop }) {
  const each = 1_000;
  let count = 0;
  const startOne = async () => {
    count += 1;
    const child = { id: `child-${count}`, pid: undefined, restarted: undefined };
    const started = (parent) =>
      parent.start(crashing, { link: true }).then((result) => {
        child.pid = result.pid;
        child.restarted?.();
        return result;
      });
    await start({ id: child.id, start: started });
    return child;
  };
  // Who runs, who is linked, and, where children have ids, who is known.
  const collections = [new Map(), new Set(), ...(supervisor === "Supervisor" ? [new Map()] : [])];
  const keep = (id) => {
    const child = { id };
    for (const collection of collections) {
      if (collection instanceof Map) collection.set(child, child);
      else collection.add(child);
    }
    return child;
  };
  const drop = (child) => {
    for (const collection of collections) collection.delete(child);
  };
  for (const size of [1e3, 1e4, 1e5]) {
    while (count < size) {
      await startOne();
      keep(`child-${count}`);
    }
    count = size;
    let children = [];
    let kept = [];
    await measure(
      size,
      each,
      {
        async [`${supervisor}: start, children`]() {
          children = [];
          for (let i = 0; i < each; i++) children.push(await startOne());
        },
        async [`${supervisor}: restart, children`]() {
          for (const child of children) {
            const { opened, open } = gate();
            child.restarted = open;
            system.send(child.pid, "crash");
            await opened;
          }
        },
        async [`${supervisor}: stop, children`]() {
          for (const child of children) await stop(child);
        },
      },
      {
        [`${supervisor}: start, children`]() {
          kept = [];
          for (let i = 0; i < each; i++) kept.push(keep(`child-${i}`));
        },
        [`${supervisor}: restart, children`]() {
          kept = kept.map((child) => {
            drop(child);
            return keep(child.id);
          });
        },
        [`${supervisor}: stop, children`]() {
          kept.forEach(drop);
        },
      },
    );
  }
}
