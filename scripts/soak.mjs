// `npm run soak -- --seed N --minutes M`: mixed load on every face of one server for a long time, then rest; at rest it must hold
// as little as before: memory, descriptors, processes, control groups.
import { readdirSync, readFileSync } from "node:fs";
import { globalAgent } from "node:https";
import { Client } from "@grpc/grpc-js";
import { connect, isRunning, named, Reading, tlsOf, WireError } from "../packages/server/test/client.ts";
import { footprintOf, groupsOfServer } from "../packages/server/test/footprint.ts";
import { makeDataFolder, readProfile, startServer, until } from "../packages/server/test/server-process.ts";
import { Random } from "../tooling/random.ts";
import { campaign } from "./campaign.mjs";
import { openFaces, webSource } from "./soak/faces.mjs";
import { inspected, liveHeapOf } from "./soak/heap.mjs";

const poolSize = 4;
const workers = 3;
const MiB = 1024 * 1024;

const source = `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({ sum: 0 }),
  calls: {
    add: ({ state }, by) => reply(state.sum + by, { sum: state.sum + by }),
    echo: ({ state }, value) => reply(value, state),
    hang: ({ state }) => noReply(state),
    crash: () => { throw new Error("asked to crash"); },
    log: ({ state, ctx }, lines) => {
      for (let line = 0; line < lines; line += 1) ctx.log("line " + line);
      return reply(null, state);
    },
    ask: async ({ state, ctx }, other) => reply(await ctx.call(other, "echo", 1).catch(() => null), state),
  },
  casts: { forget: () => ({ sum: 0 }) },
});
`;
/** A service with `fetch` that lives as long as the load. */
const web = "soak-web";
const manifest = { maxRestarts: 100_000, restartPeriodMs: 1_000 };

await campaign("soak", { minutes: 10 }, async ({ random, minutes, say, hold }) => {
  const data = makeDataFolder();
  Object.assign(process.env, inspected);
  const server = await startServer(data.folder, ["--pool-size", String(poolSize), "--pool-most", String(poolSize)]);
  const identity = readProfile(server.ready.profile);
  const client = connect(server.ready.grpc, identity);
  const { thousandStreams, ...faces } = openFaces({ ready: server.ready, identity, client, hold });
  const actions = { deploys: 0, kills: 0, calls: 0, refused: 0, streams: 0, strangers: 0 };
  for (const face of Object.keys(faces)) actions[face] = 0;
  const totalMs = minutes * 60_000;
  try {
    // What is made once and kept (compiled code, caches, the newest log lines) is there after the first round.
    await load(totalMs / 3);
    const first = await atRest();
    say(`at rest after a third: ${shown(first)}`);
    await load((totalMs * 2) / 3);
    const last = await atRest();
    say(`at rest after all:     ${shown(last)}`);
    hold(last.processes === first.processes, `processes at rest: ${last.processes}, were ${first.processes}`);
    hold(last.groups === first.groups, `control groups at rest: ${last.groups}, were ${first.groups}`);
    hold(
      last.descriptors <= first.descriptors + 4,
      `descriptors at rest: ${last.descriptors}, were ${first.descriptors}`,
    );
    // Memory that the runtime has once taken it gives back late; a leak goes beyond any such margin in time.
    const most = first.memoryBytes * 1.3 + 96 * MiB;
    hold(last.memoryBytes <= most, `memory at rest: ${shownMiB(last.memoryBytes)}, was ${shownMiB(first.memoryBytes)}`);
    // Without its garbage the heap tells more: caches that are full after a third grow no more.
    const mostHeap = first.heapBytes * 1.15 + 8 * MiB;
    hold(last.heapBytes <= mostHeap, `heap at rest: ${shownMiB(last.heapBytes)}, was ${shownMiB(first.heapBytes)}`);
    hold((await server.stop()) === 0, "an orderly end exits with 0");
    hold(!/"level":"error"/.test(server.log()), `the server has logged no error: ${server.log().slice(-2_000)}`);
  } finally {
    client.close();
    await server.kill();
    data.remove();
  }
  return Object.entries(actions)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");

  async function load(forMs) {
    const endAt = Date.now() + forMs;
    await client.deploy(web, webSource, { manifest });
    await thousandStreams();
    // However little time there is, every face has been there.
    for (const face of Object.keys(faces)) await visit(face, random, "soak-none");
    await Promise.all(
      Array.from({ length: workers }, (_, index) => work(index, new Random(random.whole(1, 2 ** 31)), endAt)),
    );
    await client.kill(web, { force: true });
  }

  async function visit(face, own, id) {
    await faces[face](own, id, web);
    actions[face] += 1;
  }

  /** Deploys, uses and kills services of its own, in every way that a client has. */
  async function work(worker, own, endAt) {
    const ids = [0, 1, 2].map((index) => `soak-${worker}-${index}`);
    const live = new Set();
    while (Date.now() < endAt) {
      const id = own.pick(ids);
      try {
        if (!live.has(id)) {
          await client.deploy(id, `${source}\n// ${own.whole(1, 5)}`, { manifest });
          live.add(id);
          actions.deploys += 1;
        } else if (own.chance(0.1)) {
          await client.kill(id, { force: own.chance(0.5) });
          live.delete(id);
          actions.kills += 1;
        } else if (own.chance(0.05)) {
          await stream(id, own);
        } else if (own.chance(0.03)) {
          await stranger();
        } else if (own.chance(0.4)) {
          await visit(own.pick(Object.keys(faces)), own, id);
        } else {
          await call(id, own);
        }
      } catch (error) {
        if (!(error instanceof WireError) || error.reason === undefined) throw error;
        hold(error.reason !== "INTERNAL", `no request fails by the server's own fault: ${error.message}`);
        actions.refused += 1;
      }
    }
    for (const id of live) await client.kill(id, { force: true });
  }

  async function call(id, own) {
    const [method, args] = own.pick([
      ["add", [1]],
      ["add", [1]],
      ["echo", ["x".repeat(own.whole(0, 100_000))]],
      ["log", [own.whole(1, 50)]],
      // Only those that stand behind it: a circle of handlers that wait for each other ends at the deadline.
      ["ask", [`${id.slice(0, -1)}${Number(id.at(-1)) + 1}`]],
      ["crash", []],
      ["nothing", []],
    ]);
    if (own.chance(0.1)) await client.cast(id, "forget");
    await client.call(id, method, args);
    actions.calls += 1;
  }

  async function stream(id, own) {
    const { deployments, events } = client;
    const reading = new Reading(
      own.chance(0.5)
        ? deployments.watch({ tenant: "", serviceId: id, afterCursor: "", usageIntervalMs: 200 })
        : own.chance(0.5)
          ? deployments.logs({ tenant: "", serviceId: id, afterSequence: 0n, follow: true, tailLines: 10 })
          : events.tailEvents({ tenant: "", after: "", serviceId: id, onlyNew: false }),
    );
    await client.call(id, "log", [1]);
    await reading.stop();
    actions.streams += 1;
  }

  /** A connection of its own, without a certificate, that asks and goes. */
  async function stranger() {
    const anonymous = new Client(server.ready.grpc, tlsOf({ root: identity.root }), named);
    const same = (bytes) => bytes;
    await new Promise((resolve) => {
      anonymous.makeUnaryRequest("/solo.v1.KernelService/Doctor", same, same, Buffer.alloc(0), resolve);
    });
    anonymous.close();
    actions.strangers += 1;
  }

  /** What the server holds when nothing happens: no service, a full pool, memory that has been given back. */
  async function atRest() {
    hold((await client.list()).filter(isRunning).length === 0, "no service is left");
    // Connections that were kept for the next request.
    globalAgent.destroy();
    let steady = await measure();
    await until("what it holds has been the same for a while", async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const now = await measure();
      const same = ["processes", "groups", "descriptors"].every((name) => now[name] === steady[name]);
      steady = now;
      return same && now.warmCells === poolSize ? true : undefined;
    });
    // Garbage holds memory outside of the heap too.
    const heapBytes = await liveHeapOf(server.log());
    return { ...(await measure()), heapBytes };
  }

  async function measure() {
    const { pid } = server.ready;
    const warmCells = await new Promise((resolve, reject) => {
      client.kernel.doctor({}, (error, answer) => (error ? reject(error) : resolve(answer.warmCells)));
    });
    return {
      warmCells,
      memoryBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      processes: footprintOf(pid).processes.length,
      groups: groupsOfServer(data.folder).length,
    };
  }
});

function shown({ memoryBytes, heapBytes, descriptors, processes, groups }) {
  return `${shownMiB(memoryBytes)}, heap ${shownMiB(heapBytes)}, ${descriptors} descriptors, ${processes} processes, ${groups} control groups`;
}

function shownMiB(bytes) {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}
