// Services of two tenants take all they can get of a real server's host: who is calm is served all the while, and so is the
// server's administrator. When what the server lives on runs out, new work goes first, then the newest service.

import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { ask, type Connection, type Credentials, connect, isRunning, issueIdentity, refusal } from "./client.ts";
import { footprintOf, groupsOfServer } from "./footprint.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

jest.setTimeout(120_000);

/** All that the server may open, few enough to be used up; cells may open as many. */
const DESCRIPTORS = 256;
const POOL_SIZE = 2;
/** An answer is wanted, not a fast one. */
const PATIENCE_MS = 60_000;

const calm = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    add: ({ state }, by) => reply(state + by, state + by),
    keep: async ({ state, ctx }, value) => { await ctx.kv.put("kept", value); return reply((await ctx.kv.get("kept")).value, state); },
  },
});
`;
/** Takes memory, scratch and descriptors up to its limits, and says how far it came; then the processor, for ever. */
const greedy = `
import { defineServer, reply } from "@solo/actor-core";
const load = (name) => import(name);
const hoard = [];
const untilRefused = (take) => { let taken = 0; try { for (;;) { take(taken); taken += 1; } } catch {} return taken; };
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    hoard: async ({ state }, mebibytes) => {
      const fs = await load("node:fs");
      for (let each = 0; each < mebibytes; each += 1) hoard.push(new Uint8Array(1 << 20).fill(1));
      const { dlopen } = await load("bun:ffi");
      const { epoll_create1 } = dlopen("libc.so.6", { epoll_create1: { args: ["i32"], returns: "i32" } }).symbols;
      const scratch = untilRefused((taken) => fs.writeFileSync("/tmp/" + taken, new Uint8Array(1 << 16)));
      const descriptors = untilRefused(() => { if (epoll_create1(0) < 0) throw new Error("refused"); });
      return reply({ scratch, descriptors }, state);
    },
  },
  casts: { loop: () => { for (;;); } },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let identities: readonly [Credentials, Credentials];
let tenants: readonly [Connection, Connection];
let atRest: ReturnType<typeof hostUse>;
const held: TLSSocket[] = [];

beforeAll(async () => {
  const flags = ["--pool-size", String(POOL_SIZE), "--pool-most", String(POOL_SIZE), "--cpu-overcommit", "100"];
  const under = ["sh", "-c", `ulimit -n ${DESCRIPTORS} && exec "$@"`, "sh"];
  server = await startServer(data.folder, flags, under);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  identities = [await issueIdentity(admin, "one"), await issueIdentity(admin, "two")];
  tenants = [connect(server.ready.grpc, identities[0]), connect(server.ready.grpc, identities[1])];
  for (const tenant of tenants)
    await tenant.deploy("calm", calm, { manifest: { grants: ["kv/read,kv/write on kv/**"] } });
  await until("the pool is full", poolIsFull);
  atRest = hostUse();
});

afterAll(async () => {
  for (const socket of held) socket.destroy();
  for (const client of [admin, ...tenants]) client.close();
  await server.stop();
  data.remove();
});

test("while services of two tenants take all processors, memory, scratch and descriptors they may, all others are served", async () => {
  for (const tenant of tenants) {
    for (const id of greedyOfEach) {
      await tenant.deploy(id, greedy, { manifest: { limits: { cpuPercent: 100, cpuTimeMs: 3_600_000 } } });
      if (server.ready.confinement === "full") {
        const { scratch, descriptors } = (await tenant.call(id, "hoard", [24], PATIENCE_MS)) as {
          scratch: number;
          descriptors: number;
        };
        expect({ scratch: scratch > 0, descriptors: descriptors > 0 }).toEqual({ scratch: true, descriptors: true });
      }
      await tenant.cast(id, "loop");
    }
  }
  for (const tenant of tenants) {
    for (const id of greedyOfEach)
      await until(
        `${id} takes what it gets`,
        async () => (((await tenant.status(id)).usage?.cpuMicros ?? 0n) > 200_000n ? true : undefined),
        PATIENCE_MS,
      );
  }
  for (let round = 1; round <= 3; round += 1) await expectServed(round);
  // That it takes what it may have is no reason to end anybody.
  for (const tenant of tenants)
    for (const id of greedyOfEach) expect(await tenant.status(id)).toMatchObject({ restarts: 0 });
});

test("a scarce resource is told at 80 and at 90 %, new work is refused there, and when all is used the newest service goes", async () => {
  await holdDescriptors(0.83);
  expect(await untilLoad("high")).toMatchObject({ usedPercent: expect.any(Number) });
  await expectServed(4);

  await holdDescriptors(0.92);
  expect(await untilLoad("critical")).toMatchObject({ usedPercent: expect.any(Number) });
  const refused = await refusal(tenants[0].deploy("late", calm));
  expect(refused).toMatchObject({ status: grpcStatus.RESOURCE_EXHAUSTED, reason: "RESOURCES_SCARCE" });
  expect(refused.quota).toMatchObject({ allowed: 90 });
  await expectServed(5);

  await holdDescriptors(0.98);
  const newest = greedyOfEach.at(-1) as string;
  const shed = await until(
    "the newest is ended",
    async () => (await tenants[1].history(newest)).find(({ type }) => type === "service.failed"),
    PATIENCE_MS,
  );
  expect(JSON.parse(shed.dataJson)).toMatchObject({ cause: { kind: "shed" } });
  await expectServed(6);
});

test("after the load all is as before", async () => {
  for (const socket of held.splice(0)) socket.destroy();
  await untilLoad("normal");
  const newest = greedyOfEach.at(-1) as string;
  expect(isRunning(await tenants[1].restart(newest))).toBe(true);
  for (const tenant of tenants) for (const id of greedyOfEach) await tenant.kill(id, { force: true });
  await expectServed(7);
  for (const tenant of tenants) {
    expect(
      (await tenant.history("calm")).filter(({ type }) => type.startsWith("service.")).map(({ type }) => type),
    ).toEqual(["service.deployed", "service.started"]);
  }
  await until("the pool is full", poolIsFull);
  await until("nothing of it is left", () => (isNoMore(hostUse(), atRest) ? true : undefined));
});

const greedyOfEach = Array.from(
  { length: Math.min(8, Math.max(2, availableParallelism())) },
  (_, each) => `greedy-${each}`,
);

/** Everything that an administrator and a tenant ask for, each answered. */
async function expectServed(round: number): Promise<void> {
  for (const tenant of tenants) {
    expect(await tenant.call("calm", "add", [1], PATIENCE_MS)).toBe(round);
    expect(await tenant.call("calm", "keep", [round], PATIENCE_MS)).toBe(round);
    expect(isRunning(await tenant.status("calm"))).toBe(true);
    expect((await tenant.list()).length).toBeGreaterThan(0);
  }
  expect((await ask(admin.kernel, admin.kernel.doctor, {}, PATIENCE_MS)).checks.length).toBeGreaterThan(0);
}

/** Holds connections open until the server has this share of its descriptors in use, as any client with an identity may. */
async function holdDescriptors(share: number): Promise<void> {
  const [host = "", port = ""] = server.ready.grpc.split(":");
  const { certificate: cert, key, root: ca } = identities[0];
  while (openDescriptors() < DESCRIPTORS * share) {
    const socket = connectTls({
      host,
      port: Number(port),
      cert,
      key,
      ca,
      servername: "localhost",
      ALPNProtocols: ["h2"],
    });
    held.push(socket);
    await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    socket.on("error", () => undefined);
  }
}

/** The event that tells of this load of the descriptors, the newest of them. */
function untilLoad(load: string): Promise<object> {
  return until(
    `descriptors are ${load}`,
    async () => {
      const told = (await admin.history("", "kernel"))
        .filter(({ type }) => type === "kernel.load-changed")
        .map(({ dataJson }) => JSON.parse(dataJson) as { readonly resource: string; readonly load: string })
        .findLast(({ resource }) => resource === "descriptors");
      return told?.load === load ? told : undefined;
    },
    PATIENCE_MS,
  );
}

const openDescriptors = (): number => readdirSync(`/proc/${server.ready.pid}/fd`).length;

async function poolIsFull(): Promise<true | undefined> {
  return (await ask(admin.kernel, admin.kernel.doctor, {})).warmCells === POOL_SIZE ? true : undefined;
}

function hostUse() {
  const { pid } = server.ready;
  return {
    processes: footprintOf(pid).processes.length,
    groups: groupsOfServer(data.folder).length,
    descriptors: openDescriptors(),
  };
}

const isNoMore = (now: typeof atRest, before: typeof atRest): boolean =>
  now.processes <= before.processes && now.groups <= before.groups && now.descriptors <= before.descriptors;
