// What a service keeps: from its own cell to the disk and back, beside the storage port alone on the same disk.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startSolo } from "./solo/server.mjs";

const writers = 64;
const putsEach = 50;
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
  const { openSqliteStorage } = await import(pathToFileURL(join(root, "packages/server/dist/storage/index.js")).href);
  const folder = mkdtempSync(join(tmpdir(), "solo-kv-"));
  const solo = await startSolo({ root });
  const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };
  const storage = await openSqliteStorage({ folder: join(folder, "data"), clock });
  try {
    await solo.deploy("bench", service, { manifest: { grants: ["kv/read,kv/write on kv/bench/**"] } });
    const inService = async (method, round) => {
      const { reply } = await solo.call("bench", method, Buffer.from(JSON.stringify([round])));
      return JSON.parse(Buffer.from(reply).toString());
    };
    const bytes = Buffer.from(JSON.stringify(value));
    const alone = async (round, events) => {
      const startedMs = performance.now();
      await Promise.all(
        Array.from({ length: writers }, async (_, writer) => {
          for (let index = 0; index < putsEach; index += 1) {
            const key = `bench/${round}/${writer}/${index}`;
            await storage.state.commit({
              tenant: "default",
              events: events(key),
              puts: [{ collection: "kv", key, value: bytes }],
            });
          }
        }),
      );
      return performance.now() - startedMs;
    };
    const written = (key) => [
      {
        body: { type: "kv.written", serviceId: "bench", store: "bench", key, change: "put" },
        correlationId: "V1StGXR8_Z5jdHi6B-myT",
        actor: "spiffe://solo.local/tenant/default/svc/bench",
      },
    ];
    const perSecond = (elapsedMs) => (writers * putsEach) / elapsedMs;
    const [puts, gets, bare, withEvents] = [[], [], [], []];
    for (let round = -1; round < repeat; round++) {
      const putMs = await inService("put", round);
      const bareMs = await alone(`bare-${round}`, () => []);
      const eventMs = await alone(`event-${round}`, written);
      const getMs = await inService("get", round);
      if (round < 0) continue;
      puts.push(perSecond(putMs));
      gets.push(perSecond(getMs));
      bare.push(perSecond(bareMs));
      withEvents.push(perSecond(eventMs));
    }
    yield {
      name: `kv: put from a service, ${writers} writers`,
      unit: "k/s",
      ours: puts,
      peer: { name: "the storage port's put", samples: bare },
      others: [{ name: "its put with an event", samples: withEvents }],
      goal: "≥ 0.7",
    };
    yield { name: `kv: get from a service, ${writers} readers`, unit: "k/s", ours: gets };
  } finally {
    await storage.close();
    await solo.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
