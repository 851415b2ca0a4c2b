// The same echo service under SOLO, plain child_process, worker threads, workerd and pm2: its start, its memory, its round trip,
// and what becomes of three others when one loops, takes all memory, crashes or forks for ever.
//
// The killers run on a machine in the machine: one processor, 1 GiB and 256 processes for all of a system's, by control groups.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findControlGroups } from "../packages/server/dist/cells/groups/find-control-groups.js";
import { installPackages } from "./anchors/packages.mjs";
import { openQuestions } from "./peers/questions.mjs";
import { quantile } from "./statistics.mjs";

const systems = {
  SOLO: "solo",
  child_process: "child-process",
  worker_threads: "worker-threads",
  workerd: "workerd",
  pm2: "pm2",
};
const bystanders = ["bystander-1", "bystander-2", "bystander-3"];
const machine = { memoryBytes: 2 ** 30, cpuPercent: 100, processes: 256 };
/** Who has not answered by then is not served. */
const SERVED_WITHIN_MS = 1_000;
const ATTACK_MS = 2_500;
const IDLE_SERVICES = 10;

/** From the wish for a service to its first reply. */
export async function* peersStart({ repeat }) {
  const times = await inTurn({ repeat, sample: async (system) => quantile(await system.do("timeStarts", 5, 60), 0.5) });
  yield row("peers: start → first reply, p50", "ms", times);
}

/** One call after the other: SOLO's through its door, the others' as a program does that has started them. */
export async function* peersRoundTrip({ repeat }) {
  const times = await inTurn({
    repeat,
    prepare: (system) => system.do("start", "echo"),
    sample: async (system) => quantile(await system.do("timeCalls", "echo", 300), 0.5),
  });
  yield row("peers: round trip, p50", "ms", times);
}

/** What idle services add to all processes of a system, for each of them; pages that several share count for each in part. */
export async function* peersMemory({ repeat }) {
  const megabytes = await inTurn({
    repeat,
    args: { SOLO: ["--pool-size", "0"] },
    async prepare(system) {
      system.before = await system.do("memory");
      for (let each = 0; each < IDLE_SERVICES; each++) {
        await system.do("start", `idle-${each}`);
        await system.do("call", `idle-${each}`, "echo");
      }
    },
    sample: async (system) => ((await system.do("memory")) - system.before) / IDLE_SERVICES / 1e6,
  });
  yield row(`peers: memory of each of ${IDLE_SERVICES}, by PSS`, "MB", megabytes);
}

export const peersLoop = (context) => attacked(context, "loop", "one loops");
export const peersMemoryBomb = (context) => attacked(context, "memory", "one takes all memory");
export const peersCrash = (context) => attacked(context, "crash", "one crashes");
export const peersFork = (context) => attacked(context, "fork", "one forks for ever");

async function* attacked({ repeat }, killer, words) {
  const found = { served: {}, unharmed: {}, left: {} };
  installPackages();
  for (const [name, module] of Object.entries(systems)) {
    const rounds = await attackInRounds(module, killer, repeat);
    for (const what of Object.keys(found)) found[what][name] = rounds.map((each) => each[what]);
  }
  const rows = [
    [`peers: served while ${words}`, "of 3", found.served],
    [`peers: unharmed after ${words}`, "of 3", found.unharmed],
    [`peers: left when ${words}`, "processes", found.left],
  ];
  for (const [name, unit, samples] of rows) yield { ...row(name, unit, samples), counted: true };
}

/** In a system of its own for as long as nobody comes to harm in it. */
async function attackInRounds(module, killer, repeat) {
  const rounds = [];
  let opened;
  try {
    while (rounds.length < repeat) {
      opened ??= await openWalled(module);
      const round = await attack(opened, killer);
      rounds.push(round);
      if (round.unharmed === bystanders.length && round.left === 0) continue;
      await opened.close();
      opened = undefined;
    }
    return rounds;
  } finally {
    await opened?.close();
  }
}

/** A system with its bystanders, in the small machine. */
async function openWalled(module) {
  const { group, name: machineName, close } = openMachine();
  // Without a pool, which would grow meanwhile and be taken for what is left.
  const system = await startSystem(module, group, module === "solo" ? ["--pool-size", "0"] : []);
  for (const name of bystanders) await system.do("start", name);
  return {
    system,
    machineName,
    async close() {
      await within(3_000, system.close());
      await close();
    },
  };
}

/** Of three bystanders: how many answer all the while, and how many have forgotten nothing when it is over. */
async function attack({ system, machineName }, killer) {
  const before = processesIn(machineName);
  await system.do("start", "attacker");
  const counts = new Map();
  for (const name of bystanders) counts.set(name, Number(await system.do("call", name, "count")));
  void system.do("call", "attacker", killer).catch(() => {});
  const [hungry, unharmed] = [new Set(), new Set()];
  const look = async (name) => {
    const count = await within(SERVED_WITHIN_MS, system.do("call", name, "count"));
    if (count === undefined) hungry.add(name);
    else if (Number(count) > counts.get(name)) unharmed.add(name);
    else unharmed.delete(name);
  };
  const lookAtAll = () => Promise.all(bystanders.map(look));
  for (const untilMs = performance.now() + ATTACK_MS; performance.now() < untilMs; await delay(50)) await lookAtAll();
  const served = bystanders.length - hungry.size;
  await within(5_000, system.do("end", "attacker"));
  // What is not gone by now stays.
  await delay(500);
  const left = Math.max(0, processesIn(machineName) - before);
  // Where the end of one is that of all, it is no doing of the attacker's that they have forgotten.
  if (served < bystanders.length) {
    unharmed.clear();
    await lookAtAll();
  }
  return { served, unharmed: unharmed.size, left };
}

/** Its value, or `undefined` when it fails or takes longer. */
function within(ms, wish) {
  return Promise.race([wish.catch(() => undefined), delay(ms)]);
}

/** Samples of each system, taken in turn; the first round is for practice. */
async function inTurn({ repeat, args = {}, prepare = () => {}, sample }) {
  installPackages();
  const open = [];
  const found = {};
  try {
    for (const [name, module] of Object.entries(systems)) {
      const system = await startSystem(module, undefined, args[name]);
      open.push([name, system]);
      await prepare(system);
    }
    for (let round = -1; round < repeat; round++) {
      for (const [name, system] of open) {
        const value = await sample(system);
        if (round >= 0) (found[name] ??= []).push(value);
      }
    }
    return found;
  } finally {
    for (const [, system] of open) await system.close();
  }
}

async function startSystem(module, group, args = []) {
  const host = fork(join(import.meta.dirname, "peers/host.mjs"), [module], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const questions = openQuestions((question) => host.send(question));
  host.on("message", questions.answered);
  host.on("error", () => {});
  host.once("exit", questions.close);
  const system = {
    do: (verb, ...args) => questions.ask({ verb, args }),
    async close() {
      if (host.exitCode !== null || host.signalCode !== null) return;
      const ended = once(host, "exit");
      void system.do("close").catch(() => {});
      await ended;
    },
  };
  await group?.add(host.pid);
  await system.do("open", args);
  return system;
}

function openMachine() {
  const name = `peers-${process.pid}`;
  const groups = findControlGroups(name);
  if (groups === undefined) throw new Error("Cannot wall the peers in: no control groups on this host");
  const group = groups.create("machine", machine, "foreground");
  group.setLimits(machine);
  return {
    group,
    name,
    async close() {
      while (!group.remove()) {
        group.kill();
        await delay(20);
      }
      await groups.close();
    },
  };
}

/** Whole processes, which a group counts by their threads. */
function processesIn(machineName) {
  return readdirSync("/proc").filter((id) => {
    try {
      return /^\d+$/.test(id) && readFileSync(`/proc/${id}/cgroup`, "utf8").includes(`/${machineName}/`);
    } catch {
      return false;
    }
  }).length;
}

function row(name, unit, { SOLO: ours, child_process, ...others }) {
  const peerOf = ([name, samples]) => ({ name, samples });
  return {
    name,
    unit,
    ours,
    peer: peerOf(["child_process", child_process]),
    others: Object.entries(others).map(peerOf),
  };
}
