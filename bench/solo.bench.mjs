// SOLO over its real door: a server in its own process, this process as the client, a bare mTLS echo beside it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "@solo/client";
import { startEcho } from "./baseline/echo.mjs";
import { fetchSource, openAsker, startProxiedBun } from "./baseline/proxy.mjs";
import { perSecond } from "./per-second.mjs";
import { memoryBelow, service5Kb, startSolo } from "./solo/server.mjs";
import { quantile } from "./statistics.mjs";

const echoArguments = Buffer.from('["0123456789abcdef"]');

/** From the deploy request to the service's first reply, a warm cell waiting: in bursts of half a pool, and one by one. */
export async function* deployWarm(context) {
  const goals = ["≤ echo + 4 ms", "≤ echo + 10 ms"];
  yield* deployments(context, { label: "warm", burst: 4, pauseMs: 400, goals });
  yield* deployments(context, { label: "warm, 60 ms apart", burst: 1, pauseMs: 60, goals });
}

/** The same with an empty pool. */
export async function* deployCold(context) {
  yield* deployments(context, {
    label: "cold",
    args: ["--pool-size", "0"],
    burst: 1,
    pauseMs: 20,
    goals: ["", "≤ 60 ms"],
  });
}

async function* deployments({ root, repeat }, { label, args = [], burst, pauseMs, goals }) {
  const [solo, echo] = [await startSolo({ root, args }), await startEcho()];
  try {
    const rounds = [];
    const echoes = [];
    for (let round = -1; round < repeat; round++) {
      const times = [];
      const bare = [];
      for (let first = 0; first < 40; first += burst) {
        // Lets the pool fill again: what a deploy does not wait for must not be in its way either.
        await delay(pauseMs);
        const ids = Array.from({ length: burst }, (_, index) => `bench-${first + index}`);
        for (const id of ids) {
          const startedMs = performance.now();
          await solo.deploy(id, service5Kb);
          await solo.call(id, "add", Buffer.from("[1]"));
          times.push(performance.now() - startedMs);
          bare.push(await timed(() => echo.call(Buffer.from(service5Kb))));
        }
        for (const id of ids) await solo.kill(id);
      }
      if (round < 0) continue;
      rounds.push(times);
      echoes.push(bare);
    }
    for (const [index, [name, share]] of [
      ["p50", 0.5],
      ["p99", 0.99],
    ].entries()) {
      yield {
        name: `deploy → first reply, ${label}, ${name}`,
        unit: "ms",
        ours: rounds.map((times) => quantile(times, share)),
        peer: { name: "bare echo of 5 KB", samples: echoes.map((times) => quantile(times, share)) },
        goal: goals[index],
      };
    }
  } finally {
    await echo.close();
    await solo.close();
  }
}

/** A unary call to a running service, one after the other, in turn with the bare echo. */
export async function* unaryCall({ root, repeat }) {
  const [solo, echo] = [await startSolo({ root }), await startEcho()];
  try {
    await solo.deploy("echo", service5Kb);
    const ours = [];
    const bare = [];
    for (let round = -2; round < repeat; round++) {
      const times = await series(1_000, () => solo.call("echo", "echo", echoArguments));
      const echoes = await series(1_000, () => echo.call(echoArguments));
      if (round < 0) continue;
      ours.push(times);
      bare.push(echoes);
    }
    for (const [name, share] of [
      ["p50", 0.5],
      ["p99", 0.99],
    ]) {
      yield {
        name: `unary call, ${name}`,
        unit: "ms",
        ours: ours.map((times) => quantile(times, share)),
        peer: { name: "bare echo", samples: bare.map((times) => quantile(times, share)) },
        goal: name === "p50" ? "≤ 1.6 × the echo" : "",
      };
    }
  } finally {
    await echo.close();
    await solo.close();
  }
}

/** The same call where capabilities decide, with receipts, and where a table of rules does, in turn. */
export async function* authorisedCall(context) {
  yield* besideAnother(context, {
    call: "authorised call",
    name: "a table of rules",
    changes: new URL("baseline/rule-table.mjs", import.meta.url),
    goal: "≤ 1.15 ×",
  });
}

/** The same call where every use is counted, told and left for receipts, and where none is, in turn. */
export async function* capabilitiesAudit(context) {
  yield* besideAnother(context, {
    call: "call with full audit",
    name: "without",
    changes: new URL("baseline/no-audit.mjs", import.meta.url),
    goal: "≤ 1.2 ×",
  });
}

/** A call to a server as it is, in turn with one that a module of `baseline/` has changed. */
async function* besideAnother({ root, repeat }, { call: named, name: peerName, changes, goal }) {
  const [solo, peer] = await Promise.all([
    startSolo({ root }),
    startSolo({ root, env: { NODE_OPTIONS: `--import=${changes.href}` } }),
  ]);
  try {
    const sides = { ours: solo, peer };
    const alone = { ours: [], peer: [] };
    const many = { ours: [], peer: [] };
    for (const side of Object.values(sides)) await side.deploy("echo", service5Kb);
    for (let round = -2; round < repeat * 2; round++) {
      const times = { ours: [], peer: [] };
      const rates = { ours: [], peer: [] };
      // In short turns, so that whatever else the machine does meets both.
      for (let turn = 0; turn < 24; turn++) {
        const order = turn % 2 === 0 ? ["ours", "peer"] : ["peer", "ours"];
        for (const name of order) {
          const call = () => sides[name].call("echo", "echo", echoArguments);
          times[name].push(...(await series(40, call)));
          rates[name].push(1_000_000 / (await perSecond(128, 32, call)));
        }
      }
      if (round < 0) continue;
      for (const name of Object.keys(sides)) {
        alone[name].push(quantile(times[name], 0.5));
        many[name].push(quantile(rates[name], 0.5));
      }
    }
    const peerOf = (samples) => ({ name: peerName, samples });
    yield { name: `${named}, p50`, unit: "ms", ours: alone.ours, peer: peerOf(alone.peer), goal };
    yield { name: `${named}, 32 in flight`, unit: "µs a call", ours: many.ours, peer: peerOf(many.peer), goal };
  } finally {
    await solo.close();
    await peer.close();
  }
}

/** Calls with 64 in flight: over a session by our client, beside unary calls, and beside a bare conversation. */
export async function* session({ root, repeat }) {
  // The service may have a whole processor: its usual half would be what is measured.
  const [solo, echo] = [await startSolo({ root, args: ["--service-cpu", "200"] }), await startEcho()];
  const client = connect({ profile: solo.profile });
  const conversation = echo.stream();
  try {
    await solo.deploy("echo", service5Kb);
    const service = client.service("echo");
    const calls = {
      session: () => service.call("echo", "0123456789abcdef"),
      unary: () => solo.call("echo", "echo", echoArguments),
      bare: () => conversation.call(echoArguments),
    };
    const rates = { session: [], unary: [], bare: [] };
    for (let round = -2; round < repeat; round++) {
      for (const [name, call] of Object.entries(calls)) {
        const rate = await perSecond(name === "unary" ? 3_000 : 12_000, 64, call);
        if (round >= 0) rates[name].push(rate);
      }
    }
    yield {
      name: "session, 64 in flight",
      unit: "calls/s",
      ours: rates.session,
      peer: { name: "bare bidirectional echo", samples: rates.bare },
      others: [{ name: "unary calls", samples: rates.unary }],
      goal: "≥ 0.6 × the echo, ≥ 4 × unary",
    };
  } finally {
    conversation.end();
    await client.close();
    await echo.close();
    await solo.close();
  }
}

/** Requests to a service's fetch, 64 at a time, in turn with a bare fastify proxy to the same handler on a unix socket. */
export async function* ingress({ root, repeat }) {
  const [solo, proxy] = [await startSolo({ root, args: ["--service-cpu", "200"] }), await startProxiedBun({ root })];
  const file = (name) => readFileSync(join(solo.profile, name));
  const port = Number(solo.http.split(":").pop());
  const profile = { ca: file("root.pem"), cert: file("cert.pem"), key: file("key.pem") };
  const asker = openAsker({ port, path: "/default/hello", ...profile });
  try {
    await solo.deploy("hello", fetchSource);
    const ours = [];
    const bare = [];
    for (let round = -2; round < repeat; round++) {
      const own = await perSecond(3_000, 64, asker.get);
      const other = await perSecond(3_000, 64, proxy.get);
      if (round < 0) continue;
      ours.push(own);
      bare.push(other);
    }
    yield {
      name: "HTTP request to a service, 64 at a time",
      unit: "requests/s",
      ours,
      peer: { name: "bare fastify proxy", samples: bare },
      goal: "≥ 0.5 × the proxy",
    };
  } finally {
    asker.close();
    await proxy.close();
    await solo.close();
  }
}

/** Proportional memory of an idle service, its sandbox included. */
export async function* idleMemory({ root, repeat }) {
  const count = 100;
  const solo = await startSolo({ root, args: ["--pool-size", "0"] });
  try {
    const before = memoryBelow(solo.pid);
    for (let index = 0; index < count; index++) {
      await solo.deploy(`idle-${index}`, service5Kb);
      await solo.call(`idle-${index}`, "add", Buffer.from("[1]"));
    }
    const ours = [];
    for (let sample = 0; sample < repeat; sample++) {
      await delay(1_000);
      ours.push((memoryBelow(solo.pid) - before) / count / 1e6);
    }
    yield { name: `memory of one of ${count} idle services`, unit: "MB", ours, goal: "≤ 4.5 MB" };
  } finally {
    await solo.close();
  }
}

/** From starting the process to its readiness line: on an empty folder, and with 100 services to bring back. */
export async function* boot({ root, repeat }) {
  const empty = [];
  for (let round = 0; round < repeat; round++) {
    const solo = await startSolo({ root });
    empty.push(solo.readyMs / 1_000);
    await solo.close();
  }
  yield { name: "boot, empty folder", unit: "s", ours: empty, goal: "≤ 1.5 s" };

  const folder = mkdtempSync(join(tmpdir(), "solo-bench-"));
  try {
    const first = await startSolo({ root, folder });
    for (let index = 0; index < 100; index++) await first.deploy(`kept-${index}`, service5Kb);
    await first.close();
    const recovered = [];
    for (let round = 0; round < repeat; round++) {
      const solo = await startSolo({ root, folder });
      recovered.push(solo.readyMs / 1_000);
      await solo.call("kept-99", "add", Buffer.from("[1]"));
      await solo.close();
    }
    yield { name: "boot, 100 services to recover", unit: "s", ours: recovered, goal: "≤ 4 s" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The in-process kernel, from the call to ready. */
export async function* testKernel({ repeat }) {
  const { startKernel } = await import("@solo/server/testing");
  const ours = [];
  for (let round = -1; round < repeat; round++) {
    const startedMs = performance.now();
    const kernel = await startKernel();
    if (round >= 0) ours.push(performance.now() - startedMs);
    await kernel.stop();
  }
  yield { name: "startKernel", unit: "ms", ours, goal: "≤ 50 ms" };
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
