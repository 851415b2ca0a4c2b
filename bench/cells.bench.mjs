// Cells and what passes between them and the kernel: starts, round trips, wakes, and calls from service to service.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { openSandbox } from "../packages/server/dist/cells/sandbox.js";
import { hostClock, startService, testFolderId } from "../packages/server/dist/cells/testing/real-cells.js";
import { service5Kb, startSolo } from "./solo/server.mjs";
import { quantile } from "./statistics.mjs";

const text = "0123456789abcdef";
const shares = { p50: 0.5, p99: 0.99 };

/** From a service's call to another one until it has the answer, as the caller sees it: alone, and a hundred pairs at a time. */
export async function* serviceToService({ root, repeat }) {
  const solo = await startSolo({ root });
  const asking = `import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    ask: async ({ state, ctx }, service: string, count: number, pauseMs: number) => {
      const times: number[] = [];
      for (let made = 0; made < count; made += 1) {
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
        const startedMs = performance.now();
        await ctx.call(service, "echo", "${text}");
        times.push(performance.now() - startedMs);
      }
      return reply(times, state);
    },
  },
});`;
  const manifest = { grants: ["svc/call on svc/*"] };
  const ask = async (pair, count, pauseMs) => {
    const args = Buffer.from(JSON.stringify([`echo-${pair}`, count, pauseMs]));
    const answer = await solo.call(`asker-${pair}`, "ask", args);
    return JSON.parse(Buffer.from(answer.reply).toString("utf8"));
  };
  const pairs = Array.from({ length: 100 }, (_, pair) => pair);
  try {
    await solo.deploy("echo-0", service5Kb);
    await solo.deploy("asker-0", asking, { manifest });
    const alone = [];
    for (let round = -2; round < repeat; round++) {
      const times = await ask(0, 1_000, 0);
      if (round >= 0) alone.push(times);
    }
    for (const pair of pairs.slice(1)) {
      await Promise.all([solo.deploy(`echo-${pair}`, service5Kb), solo.deploy(`asker-${pair}`, asking, { manifest })]);
    }
    const together = [];
    for (let round = -1; round < repeat; round++) {
      const times = (await Promise.all(pairs.map((pair) => ask(pair, 20, 100)))).flat();
      if (round >= 0) together.push(times);
    }
    const rows = [
      ["service → service call", alone, { p50: "≤ 0.12 ms", p99: "" }],
      ["service → service call, 100 pairs", together, { p50: "", p99: "≤ 1 ms" }],
    ];
    for (const [name, samples, goals] of rows) {
      for (const [label, share] of Object.entries(shares)) {
        yield {
          name: `${name}, ${label}`,
          unit: "ms",
          ours: samples.map((times) => quantile(times, share)),
          goal: goals[label],
        };
      }
    }
  } finally {
    await solo.close();
  }
}

/** One call after the other to a service in its cell, without the door, in turn with a bare pipe to a process that echoes. */
export async function* cellRoundTrip({ repeat }) {
  const sandbox = await openCells({ poolSize: 1 });
  const pipe = startPipeEcho();
  try {
    const service = await startService(sandbox, service5Kb);
    const rounds = { ours: [], bare: [] };
    for (let round = -2; round < repeat; round++) {
      const ours = await series(2_000, () => service.call("echo", text));
      const bare = await series(2_000, () => pipe.call(text));
      if (round < 0) continue;
      rounds.ours.push(ours);
      rounds.bare.push(bare);
    }
    for (const [label, share] of Object.entries(shares)) {
      yield {
        name: `kernel ↔ service round trip, ${label}`,
        unit: "ms",
        ours: rounds.ours.map((times) => quantile(times, share)),
        peer: { name: "bare pipe echo", samples: rounds.bare.map((times) => quantile(times, share)) },
        goal: label === "p50" ? "≤ 0.05 ms" : "",
      };
    }
  } finally {
    pipe.close();
    await sandbox.close();
  }
}

/** The first call to a service that was frozen, in turn with the next, which finds it awake. */
export async function* freezerWake({ repeat }) {
  const sandbox = await openCells({ poolSize: 1, freezeAfterMs: 100 });
  try {
    const service = await startService(sandbox, service5Kb);
    const rounds = { frozen: [], awake: [] };
    for (let round = -1; round < repeat; round++) {
      const [frozen, awake] = [[], []];
      for (let wake = 0; wake < 10; wake++) {
        await untilFrozen(service.cell);
        frozen.push(...(await series(1, () => service.call("echo", text))));
        awake.push(...(await series(1, () => service.call("echo", text))));
      }
      if (round < 0) continue;
      rounds.frozen.push(frozen);
      rounds.awake.push(awake);
    }
    yield {
      name: "call that wakes a frozen service, p50",
      unit: "ms",
      ours: rounds.frozen.map((times) => quantile(times, 0.5)),
      peer: { name: "the next call", samples: rounds.awake.map((times) => quantile(times, 0.5)) },
      goal: "≤ 1 ms above it",
    };
  } finally {
    await sandbox.close();
  }
}

/** From nothing to the first reply: a cell from the pool, a cold one, and what Node itself starts, which has no wall. */
export async function* coldStart({ repeat }) {
  const folder = mkdtempSync(join(tmpdir(), "solo-bench-"));
  const [warm, cold] = [await openCells({ poolSize: 4 }), await openCells({ poolSize: 0 })];
  const forked = join(folder, "forked.cjs");
  writeFileSync(forked, 'process.on("message", (message) => process.send(message));');
  const threaded = join(folder, "threaded.cjs");
  writeFileSync(
    threaded,
    'const { parentPort } = require("node:worker_threads"); parentPort.on("message", (message) => parentPort.postMessage(message));',
  );
  const starts = {
    warm: () => startAndEnd(warm),
    cold: () => startAndEnd(cold),
    fork: async () => {
      const child = fork(forked);
      const startedReply = once(child, "message");
      child.send(text);
      await startedReply;
      return () => child.kill("SIGKILL");
    },
    thread: async () => {
      const worker = new Worker(threaded);
      const reply = once(worker, "message");
      worker.postMessage(text);
      await reply;
      return () => worker.terminate();
    },
  };
  try {
    const rounds = { warm: [], cold: [], fork: [], thread: [] };
    for (let round = -1; round < repeat; round++) {
      const times = { warm: [], cold: [], fork: [], thread: [] };
      for (let start = 0; start < 10; start++) {
        for (const [name, begin] of Object.entries(starts)) {
          // Lets the pool fill again.
          await delay(100);
          const startedMs = performance.now();
          const end = await begin();
          times[name].push(performance.now() - startedMs);
          await end();
        }
      }
      if (round < 0) continue;
      for (const [name, each] of Object.entries(times)) rounds[name].push(each);
    }
    const at = (name, share) => rounds[name].map((times) => quantile(times, share));
    const rows = [
      ["warm cell", "warm", { p50: "≤ 1.5 ms", p99: "≤ 5 ms" }],
      ["cold cell", "cold", { p50: "", p99: "≤ 40 ms" }],
    ];
    for (const [name, ours, goals] of rows) {
      for (const [label, share] of Object.entries(shares)) {
        yield {
          name: `${name}, kernel's start → first reply, ${label}`,
          unit: "ms",
          ours: at(ours, share),
          peer: { name: "child_process.fork", samples: at("fork", share) },
          others: [{ name: "worker_threads", samples: at("thread", share) }],
          goal: goals[label],
        };
      }
    }
  } finally {
    await warm.close();
    await cold.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function openCells(options) {
  return openSandbox({ dataFolderId: testFolderId(), clock: hostClock, log: () => {}, ...options });
}

async function startAndEnd(sandbox) {
  const service = await startService(sandbox, service5Kb);
  await service.call("add", 1);
  return () => service.cell.kill();
}

async function untilFrozen(cell) {
  const deadlineMs = performance.now() + 20_000;
  while (!cell.frozen) {
    if (performance.now() > deadlineMs) throw new Error("This host does not freeze what is idle, or finds no rest");
    await delay(20);
  }
}

/** A process that sends back what comes on its descriptor 3. */
function startPipeEcho() {
  const echo = 'const s = new (require("node:net").Socket)({ fd: 3 }); s.on("data", (chunk) => s.write(chunk));';
  const child = spawn(process.execPath, ["--eval", echo], { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  const pipe = child.stdio[3];
  return {
    call: async (message) => {
      const answered = once(pipe, "data");
      pipe.write(message);
      await answered;
    },
    close: () => child.kill("SIGKILL"),
  };
}

async function series(count, call) {
  const times = [];
  for (let made = 0; made < count; made++) {
    const startedMs = performance.now();
    await call();
    times.push(performance.now() - startedMs);
  }
  return times;
}
