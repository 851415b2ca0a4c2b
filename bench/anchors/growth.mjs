// node --expose-gc growth.mjs SUBJECT REPETITIONS   prints [{ name, size, samples, fewer, host }] as one line of JSON
//
// What an operation costs, in nanoseconds, when there are 1,000, 10,000, 100,000 or 1,000,000 of something already; at each
// size as many operations are measured. `fewer` is what it costs in the same turn and the same heap where there are but
// 1,000 of them. `host`, undefined where there is nothing to compare, has both of the one collection of the host that
// nobody can do without who keeps as many: what of our growth is its growth, the processor's caches miss.
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

const few = 1e3;
const millions = [few, 1e4, 1e5, 1e6];
const rows = [];

const idle = { handle() {} };
const leaving = { handle: (_message, self) => self.exit(Exit.normal) };
const crashing = { handle: (_message, self) => self.exit(Exit.of("crash")) };

const newSystem = () => createActorSystem({ report() {} });

const subjects = {
  /** Others come and go while so many live. */
  actors: () =>
    measure("actors alive", millions, () => {
      const each = 5_000;
      const system = newSystem();
      const alive = [];
      return {
        each,
        grow() {
          alive.push(system.spawn(idle));
        },
        operations: {
          async "spawn + message + exit"() {
            for (let i = 0; i < each; i++) system.send(system.spawn(leaving), "go");
            await quiesce(system);
          },
        },
      };
    }),

  /** One mailbox is filled, then emptied. */
  mailbox: () =>
    measure("messages waiting", millions, () => {
      const each = 1e6;
      const system = newSystem();
      let size = 0;
      let emptied = gate();
      const pid = system.spawn({ handle: (message) => message === "last" && emptied.open() });
      return {
        each,
        grow() {
          size += 1;
        },
        operations: {
          async "send + handle"() {
            for (let sent = 0; sent < each; sent += size) {
              emptied = gate();
              for (let i = 1; i < size; i++) system.send(pid, i);
              system.send(pid, "last");
              await emptied.opened;
            }
          },
        },
        host: {
          "send + handle"() {
            for (let sent = 0; sent < each; sent += size) {
              const waiting = [];
              for (let i = 0; i < size; i++) waiting.push(i);
              for (let i = 0; i < size; i++) waiting[i] = undefined;
            }
          },
        },
      };
    }),

  dynamicSupervisor: () =>
    measure("children of a DynamicSupervisor", millions.slice(0, 3), async () => {
      const system = newSystem();
      const { pid } = await startDynamicSupervisor(system, { maxRestarts: 1e6, periodMs: 1 });
      const supervisor = dynamicSupervisorRef(system, pid);
      return childrenOf(system, ({ pid }) => pid, {
        start: (spec) => supervisor.startChild(spec),
        stop: (child) => supervisor.terminateChild(child.pid),
      });
    }),

  supervisor: () =>
    measure("children of a Supervisor", millions.slice(0, 3), async () => {
      const system = newSystem();
      const { pid } = await startSupervisor(system, { children: [], maxRestarts: 1e6, periodMs: 1 });
      const supervisor = supervisorRef(system, pid);
      return childrenOf(system, ({ id }) => id, {
        start: (spec) => supervisor.startChild(spec),
        async stop(child) {
          await supervisor.terminateChild(child.id);
          await supervisor.deleteChild(child.id);
        },
      });
    }),

  names: () =>
    measure("names held", millions, () => {
      const system = newSystem();
      const others = Array.from({ length: 10_000 }, () => system.spawn(idle));
      const map = new Map();
      return {
        each: others.length,
        grow() {
          const name = `name-${map.size}`;
          map.set(name, system.spawn(idle, { name }));
        },
        operations: {
          async "register + send + unregister"() {
            for (const [i, other] of others.entries()) {
              const name = `other-${i}`;
              system.register(name, other);
              system.send(name, "m");
              system.unregister(name);
            }
            await quiesce(system);
          },
        },
        host: {
          "register + send + unregister"() {
            for (const [i, other] of others.entries()) {
              const name = `other-${i}`;
              map.set(name, other);
              map.get(name);
              map.delete(name);
            }
          },
        },
      };
    }),
};

/**
 * Some more children of one supervisor are started, crash and are stopped.
 *
 * @param keyOf What a child is found by; the host keeps as many in one Map.
 */
function childrenOf(system, keyOf, { start, stop }) {
  const each = 1_000;
  const map = new Map();
  let count = 0;
  let children = [];
  let kept = [];
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
  const keep = (id) => {
    const child = { id, pid: {} };
    if (!map.has(keyOf(child))) map.set(keyOf(child), child);
    return child;
  };
  const drop = (child) => map.delete(keyOf(child));
  return {
    each,
    async grow() {
      await startOne();
      keep(`child-${count}`);
    },
    operations: {
      async start() {
        children = [];
        for (let i = 0; i < each; i++) children.push(await startOne());
      },
      async restart() {
        for (const child of children) {
          const { opened, open } = gate();
          child.restarted = open;
          system.send(child.pid, "crash");
          await opened;
        }
      },
      async stop() {
        for (const child of children) await stop(child);
      },
    },
    host: {
      start() {
        kept = Array.from({ length: each }, (_, i) => keep(`other-${i}`));
      },
      restart() {
        kept = kept.map((child) => {
          drop(child);
          return keep(child.id);
        });
      },
      stop() {
        kept.forEach(drop);
      },
    },
  };
}

/**
 * Runs the operations of a population that grows to each of the sizes, in turn with those of one that stays small; each
 * operation does `each` of what it measures. The first rounds only warm up.
 */
async function measure(what, sizes, makePopulation) {
  const growing = await makePopulation();
  const small = await makePopulation();
  for (let i = 0; i < few; i++) await small.grow();
  let grown = 0;
  for (const size of sizes) {
    for (; grown < size; grown++) await growing.grow();
    globalThis.gc();
    const names = Object.keys(growing.operations);
    const taken = new Map(
      names.map((name) => [name, { samples: [], fewer: [], host: growing.host && { samples: [], fewer: [] } }]),
    );
    for (let round = size === few ? -10 : -2; round < Number(repetitions); round++) {
      // Each goes first as often as second.
      const order = round % 2 === 0 ? ["samples", "fewer"] : ["fewer", "samples"];
      for (const column of order) {
        const population = column === "samples" ? growing : small;
        for (const name of names) {
          const nanoseconds = (await timed(population.operations[name])) / population.each;
          if (round >= 0) taken.get(name)[column].push(nanoseconds);
        }
        for (const name of names) {
          if (population.host === undefined) continue;
          const nanoseconds = (await timed(population.host[name])) / population.each;
          if (round >= 0) taken.get(name).host[column].push(nanoseconds);
        }
      }
    }
    for (const [name, columns] of taken) rows.push({ name: `${name}, ${what}`, size, ...columns });
  }
}

async function timed(operation) {
  const startedAt = process.hrtime.bigint();
  await operation();
  return Number(process.hrtime.bigint() - startedAt);
}

await subjects[subject]();
console.log(JSON.stringify(rows));
process.exit(0);
