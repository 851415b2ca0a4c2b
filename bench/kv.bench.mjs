// What a service keeps: from its own cell to the disk and back, beside the storage port alone on the same disk.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startSolo } from "./solo/server.mjs";

const writers = 64;
/** Of each writer in one turn, and turns of a round: short ones, so that whatever else the machine does meets all alike. */
const putsEach = 25;
const turns = 4;
const value = { name: "pear", pieces: 12, note: "0123456789abcdef0123456789abcdef" };

/** As many writers as in the service, each with one write under way; the clock is the service's own. */
const service = `
import { defineServer, reply } from "@solo/actor-core";
const run = async (ctx, round, work) => {
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: ${writers} }, async (_, writer) => {
    for (let index = 0; index < ${putsEach}; index += 1) await work(\`\${round}/\${writer}/\${index}\`);
  }));
  return performance.now() - startedMs;
};
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    put: async ({ ctx, state }, round) => reply(await run(ctx, round, (key) => ctx.kv.put(key, ${JSON.stringify(value)})), state),
    get: async ({ ctx, state }, round) => reply(await run(ctx, round, (key) => ctx.kv.get(key)), state),
  },
});`;

export async function* kv({ root, repeat }) {
  const built = (path) => import(pathToFileURL(join(root, "packages/server/dist", path)).href);
  const [{ openSqliteStorage }, { kvDriver }] = [await built("storage/index.js"), await built("drivers/kv/kv.js")];
  const folder = mkdtempSync(join(tmpdir(), "solo-kv-"));
  // The service may have a whole processor: its usual half would be what is measured.
  const solo = await startSolo({ root, args: ["--service-cpu", "200"] });
  const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };
  const storage = await openSqliteStorage({ folder: join(folder, "data"), clock });
  try {
    await solo.deploy("bench", service, { manifest: { grants: ["kv/read,kv/write on kv/bench/**"] } });
    const inService = async (method, round) => {
      const { reply } = await solo.call("bench", method, Buffer.from(JSON.stringify([round])));
      return JSON.parse(Buffer.from(reply).toString());
    };
    const bytes = Buffer.from(JSON.stringify(value));
    const alone = async (round, write) => {
      const startedMs = performance.now();
      await Promise.all(
        Array.from({ length: writers }, async (_, writer) => {
          for (let index = 0; index < putsEach; index += 1) await write(`${round}/${writer}/${index}`);
        }),
      );
      return performance.now() - startedMs;
    };
    const putByPort = (events) => (key) =>
      storage.state.commit({
        tenant: "default",
        events: events(key),
        puts: [{ collection: "kv", key: `bench/${key}`, value: bytes }],
      });
    const quota = { allowed: () => 2 ** 50, reached: () => undefined };
    const asker = {
      tenant: "default",
      serviceId: "bench",
      spiffeId: "spiffe://solo.local/tenant/default/svc/bench",
      correlationId: "V1StGXR8_Z5jdHi6B-myT",
    };
    const { put } = kvDriver({ state: storage.state, clock, quota }).operations;
    const scope = { signal: new AbortController().signal };
    const putByDriver = (key) => put.plan([key, value], asker).run(scope);
    const written = (key) => [
      {
        body: { type: "kv.written", serviceId: "bench", store: "bench", key, change: "put" },
        correlationId: asker.correlationId,
        actor: asker.spiffeId,
      },
    ];
    const sides = {
      service: async (turn, times) => {
        times.puts += await inService("put", turn);
        times.gets += await inService("get", turn);
      },
      driver: async (turn, times) => (times.byDriver += await alone(`driver-${turn}`, putByDriver)),
      event: async (turn, times) => (times.withEvents += await alone(`event-${turn}`, putByPort(written))),
      bare: async (turn, times) => {
        times.bare += await alone(
          `bare-${turn}`,
          putByPort(() => []),
        );
      },
    };
    const rates = { puts: [], gets: [], byDriver: [], withEvents: [], bare: [] };
    for (let round = -1; round < repeat; round++) {
      const times = { puts: 0, gets: 0, byDriver: 0, withEvents: 0, bare: 0 };
      for (let turn = 0; turn < turns; turn++) {
        const order = turn % 2 === 0 ? Object.values(sides) : Object.values(sides).reverse();
        for (const side of order) await side(`${round}-${turn}`, times);
      }
      if (round < 0) continue;
      for (const [name, elapsedMs] of Object.entries(times)) {
        rates[name].push((writers * putsEach * turns) / elapsedMs);
      }
    }
    const { puts, gets, byDriver, withEvents, bare } = rates;
    // A write has an event, as every change has: what the storage port takes for both is what there is to compare with.
    const peer = { name: "the storage port's put with its event", samples: withEvents };
    const others = [{ name: "its put alone", samples: bare }];
    const goal = "≥ 0.7";
    yield { name: `kv: put by the driver, ${writers} writers`, unit: "k/s", ours: byDriver, peer, others, goal };
    yield { name: `kv: put from a service, ${writers} writers`, unit: "k/s", ours: puts, peer, others, goal };
    yield { name: `kv: get from a service, ${writers} readers`, unit: "k/s", ours: gets };
  } finally {
    await storage.close();
    await solo.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
