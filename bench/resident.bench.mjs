// Many services that do nothing: what each costs, and whether each of them still answers at once.

import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { memoryBelow, service5Kb, startSolo } from "./solo/server.mjs";
import { quantile } from "./statistics.mjs";

const one = Buffer.from("[1]");
/** Until every service that can be frozen is: the server waits ten seconds, and looks once a second. */
const REST_MS = 14_000;
const IDLE_SAMPLE_MS = 2_000;

export async function* resident500(context) {
  yield* resident(context, 500);
}

export async function* resident2000(context) {
  yield* resident(context, 2_000);
}

async function* resident({ root, repeat }, count) {
  const solo = await startSolo({ root, args: ["--pool-size", "0"] });
  const ids = Array.from({ length: count }, (_, index) => `resident-${index}`);
  const name = (what) => `${what}, ${count.toLocaleString("en-US")} idle services`;
  try {
    const before = { pss: memoryBelow(solo.pid), available: availableBytes() + ownBytes() };
    await inTurn(ids, 4, async (id) => {
      await solo.deploy(id, service5Kb);
      await solo.call(id, "add", one);
    });
    await delay(REST_MS);

    const [idle, watch] = [[], []];
    for (let sample = 0; sample < repeat; sample++) {
      const before = pageWatchTicks();
      idle.push(await busyPercent(IDLE_SAMPLE_MS));
      watch.push(((pageWatchTicks() - before) * 1_000) / IDLE_SAMPLE_MS);
    }
    yield { name: name("whole machine's processor time"), unit: "% core", ours: idle, goal: "≤ 5 % of a core" };
    yield { name: name("of it the host's kernel watching pages"), unit: "% core", ours: watch };

    const calls = [];
    for (let round = 0; round < repeat; round++) {
      const times = [];
      // Each round another tenth, so that every call finds its service as it was left.
      for (const id of ids.filter((_, index) => index % 10 === round % 10))
        times.push(await timed(() => solo.call(id, "add", one)));
      calls.push(times);
    }
    yield { name: name("call, p50"), unit: "ms", ours: calls.map((times) => quantile(times, 0.5)) };
    yield { name: name("call, p99"), unit: "ms", ours: calls.map((times) => quantile(times, 0.99)), goal: "≤ 5 ms" };

    const statuses = [];
    const lists = [];
    for (let round = 0; round < repeat; round++) {
      statuses.push(await timed(() => solo.status(ids[round])));
      lists.push(await timed(() => solo.list(1_000)));
    }
    yield { name: name("status"), unit: "ms", ours: statuses, goal: "≤ 10 ms" };
    yield { name: name(`list of ${Math.min(count, 1_000)}`), unit: "ms", ours: lists, goal: "≤ 50 ms" };

    const pss = [];
    const available = [];
    for (let sample = 0; sample < repeat; sample++) {
      await delay(200);
      pss.push((memoryBelow(solo.pid) - before.pss) / count / 1e6);
      available.push((before.available - availableBytes() - ownBytes()) / count / 1e6);
    }
    yield { name: name("memory of each by PSS"), unit: "MB", ours: pss, goal: "≤ 4.5 MB" };
    yield { name: name("memory of each by MemAvailable"), unit: "MB", ours: available, goal: "≤ 4.5 MB" };

    // Every one of them, once.
    await inTurn(ids, 8, (id) => solo.call(id, "add", one));
  } finally {
    await solo.close();
  }
}

/** The server's answers while twenty services loop as fast as they are let. */
export async function* fullLoad({ root, repeat }) {
  const solo = await startSolo({ root });
  const looping = `import { defineServer, noReply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, casts: { loop: () => { for (;;); } } });`;
  try {
    await solo.deploy("calm", service5Kb);
    for (let index = 0; index < 20; index++) {
      await solo.deploy(`loop-${index}`, looping);
      await solo.cast(`loop-${index}`, "loop");
    }
    await delay(1_000);
    const [statuses, calls] = [[], []];
    for (let round = 0; round < repeat; round++) {
      statuses.push(quantile(await series(200, () => solo.status("calm")), 0.99));
      calls.push(quantile(await series(200, () => solo.call("calm", "add", one)), 0.99));
    }
    yield { name: "status, p99, 20 services loop", unit: "ms", ours: statuses, goal: "≤ 10 ms" };
    yield { name: "call of a calm service, p99, 20 loop", unit: "ms", ours: calls };
  } finally {
    await solo.close();
  }
}

/** `width` at a time, in order. */
async function inTurn(items, width, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Of one processor; all of a machine's together may be several times 100. */
async function busyPercent(overMs) {
  const before = processorTimes();
  await delay(overMs);
  const after = processorTimes();
  const total = after.total - before.total;
  return ((total - (after.idle - before.idle)) / total) * availableParallelism() * 100;
}

function processorTimes() {
  const [user, nice, system, idle, ioWait, irq, softIrq, steal] = readFileSync("/proc/stat", "latin1")
    .split("\n")[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const total = user + nice + system + idle + ioWait + irq + softIrq + steal;
  return { total, idle: idle + ioWait + steal };
}

function availableBytes() {
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "latin1"))[1]) * 1024;
}

/** What this process, the client, holds for itself: no service costs that. */
function ownBytes() {
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "latin1"))[1]) * 1024;
}

/**
 * Of a hundred a second, what the kernel's monitor of accesses (DAMON) has used, where somebody runs one over the whole machine.
 * It looks at a page in each process that has it, so the runtime's own file costs it as much as there are services.
 */
function pageWatchTicks() {
  let ticks = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, "latin1");
      if (!stat.includes("(kdamond")) continue;
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // Gone meanwhile.
    }
  }
  return ticks;
}

async function series(count, call) {
  const times = [];
  for (let made = 0; made < count; made++) times.push(await timed(call));
  return times;
}

async function timed(call) {
  const startedMs = performance.now();
  await call();
  return performance.now() - startedMs;
}
