// A server at one level of confinement, with three bystanders that answer while an attacker runs.
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { status as grpcStatus } from "@grpc/grpc-js";
import { expect } from "@jest/globals";
import { type Event, RestartKind } from "@solo/proto";
import { ask, type Connection, connect, issueIdentity, WireError } from "../client.ts";
import { footprintOf, groupsOfServer, programFolders } from "../footprint.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "../server-process.ts";
import type { Attack, Outcome } from "./attack.ts";
import { INSPECTED, inspect } from "./held-memory.ts";

const POOL_SIZE = 2;
/** What has not answered by then does not answer. */
const HANG_MS = 1_000;
const LARGEST_GROWTH = 50 * 1024 * 1024;
const ATTACKER = "attacker";
/** With a descriptor open that no guest may have, as one has that is started by a script which holds a lock meanwhile. */
const LEAKED = 77;
const LEAKING = ["bash", "-c", `exec ${LEAKED}</dev/zero; exec "$@"`, "bash"];

const bystander = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: { count: ({ state }) => reply(state + 1, state + 1), secret: ({ state }) => reply("secret", state) },
});
`;
const sink = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { take: ({ state }) => reply(1, state) }, casts: { take: ({ state }) => state } });
`;

export interface World {
  readonly confinement: string;
  /** Attacks, judges what came of it, and looks whether anything is left. */
  attack(attack: Attack): Promise<void>;
  close(): Promise<void>;
}

/** @param command What the server is started under, in place of directly. */
export async function openWorld(command: readonly string[] = []): Promise<World> {
  const data = makeDataFolder();
  const server = await startServer(
    data.folder,
    ["--pool-size", String(POOL_SIZE), "--pool-most", String(POOL_SIZE)],
    [...command, ...LEAKING, ...INSPECTED],
  );
  const admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  const tenant = async (name: string) => connect(server.ready.grpc, await issueIdentity(admin, name));
  const [mallory, victims] = [await tenant("mallory"), await tenant("victims")];
  await Promise.all([
    mallory.deploy("bystander", bystander),
    mallory.deploy("sink", sink),
    victims.deploy("victim", bystander),
    victims.deploy("other", bystander),
  ]);
  const bystanders: readonly (readonly [Connection, string])[] = [
    [mallory, "bystander"],
    [victims, "victim"],
    [victims, "other"],
  ];
  // A socket of the host, by which nobody is to come.
  const trap = { path: `${data.folder}.sock`, connections: 0 };
  const trapping = createServer((socket) => {
    trap.connections += 1;
    socket.destroy();
  }).listen(trap.path);
  const arg = {
    port: Number(server.ready.grpc.split(":")[1]),
    pid: server.ready.pid,
    folder: data.folder,
    trap: trap.path,
    leaked: LEAKED,
  };
  const memory = await inspect(server);
  // What is made once, at first use, is no harm done.
  for (let round = 0; round < 300; round += 1)
    await Promise.all(bystanders.map(([client, id]) => client.call(id, "count")));
  await until("the pool is full", () => poolIsFull(admin));
  const atRest = hostUse(server, data.folder);
  const files = readdirSync(data.folder).sort();
  const heldAtRest = await memory.measure();

  return {
    confinement: server.ready.confinement,
    async attack(attack) {
      const outcome = server.ready.confinement === "confined" ? (attack.confined ?? attack.outcome) : attack.outcome;
      const attacking = run(mallory, attack, outcome, arg);
      let over = false;
      const watching = attacking.finally(() => {
        over = true;
      });
      // While it runs, all the others answer, each at least twice.
      for (let round = 0; round < 2 || !over; round += 1) {
        const counts = await Promise.all(bystanders.map(([client, id]) => client.call(id, "count", [], 10_000)));
        for (const count of counts) expect(count).toEqual(expect.any(Number));
        await delay(10);
      }
      await watching;
      await until("the pool is full again", () => poolIsFull(admin));
      const left = await until("nothing of it is left", () => {
        const now = hostUse(server, data.folder);
        return now.processes <= atRest.processes && now.groups <= atRest.groups && now.descriptors <= atRest.descriptors
          ? now
          : undefined;
      }).catch(() => hostUse(server, data.folder));
      expect(left).toEqual(atRest);
      expect(trap.connections).toBe(0);
      expect((await memory.measure()) - heldAtRest).toBeLessThan(LARGEST_GROWTH);
    },
    async close() {
      for (const [client, id] of bystanders)
        expect((await client.history(id)).map(({ type }) => type)).toEqual(QUIET_LIFE);
      for (const client of [admin, mallory, victims, memory, trapping]) client.close();
      // Made for the first program; empty again once none is left.
      const made = readdirSync(data.folder).sort();
      expect(made.filter((name) => name !== "programs")).toEqual(files);
      expect(programFolders(data.folder)).toEqual([]);
      expect(await server.stop()).toBe(0);
      expect(groupsOfServer(data.folder)).toEqual([]);
      data.remove();
    },
  };
}

const QUIET_LIFE = ["service.deployed", "service.started"];

let attackers = 0;

/** Deploys the attacker, judges what comes of it, and ends it if it still lives. */
async function run(mallory: Connection, attack: Attack, outcome: Outcome, arg: object): Promise<void> {
  attackers += 1;
  const id = `${ATTACKER}-${attackers}`;
  try {
    await judge(mallory, id, attack, outcome, arg);
  } finally {
    const killed = await settle(mallory.kill(id, { force: outcome.kind === "hangs" || outcome.kind === "floods" }));
    if ("value" in killed) {
      const history = (await mallory.history(id)).map(({ type }) => type);
      expect(history).toContain("service.kill-requested");
      expect(history.at(-1)).toBe("service.killed");
    }
  }
}

async function judge(mallory: Connection, id: string, attack: Attack, outcome: Outcome, arg: object): Promise<void> {
  const { limits, ...manifest } = attack.options?.manifest ?? {};
  const deployed = await settle(
    mallory.deploy(id, attack.source, {
      ...attack.options,
      manifest: {
        restart: RestartKind.RESTART_KIND_TEMPORARY,
        // What it sends is to be as much as it can.
        grants: ["svc/call,svc/cast on svc/*", "kv/read,kv/write,kv/watch on kv/**", "event/publish on event/topic/**"],
        ...manifest,
        limits: { startTimeoutMs: 25_000, stopTimeoutMs: 500, cpuPercent: 100, ...limits },
      },
    }),
  );
  if (outcome.kind === "refused") {
    expect(deployed).toMatchObject({ reason: expect.stringMatching(outcome.reason) });
    if (outcome.cause !== undefined)
      expect(causes(await mallory.history(id), "service.failed")).toEqual([outcome.cause]);
    return;
  }
  expect(deployed).toMatchObject({ value: expect.anything() });
  const timeoutMs = { hangs: HANG_MS, floods: 3 * HANG_MS, answers: 20_000, fails: 20_000, ends: 20_000 }[outcome.kind];
  const call = (withinMs: number) => settle(mallory.call(id, "attack", [{ ...arg, self: id }], withinMs));
  const called = await call(timeoutMs);
  for (let more = 0; more < (attack.again ?? 0); more += 1) await call(HANG_MS);
  switch (outcome.kind) {
    case "answers":
      expect(called).toEqual({ value: outcome.value });
      return;
    case "fails":
      expect(called).toMatchObject({ reason: expect.stringMatching(outcome.reason) });
      return;
    case "hangs":
      expect(called).toMatchObject({ status: grpcStatus.DEADLINE_EXCEEDED });
      return;
    case "floods":
      return;
    case "ends":
      expect(called).toMatchObject({ reason: expect.any(String) });
      await expectEnd(mallory, id, outcome);
  }
}

async function expectEnd(
  mallory: Connection,
  id: string,
  { cause, message = /./ }: Outcome & { readonly kind: "ends" },
): Promise<void> {
  const event = await until(`its end is on record`, async () =>
    (await mallory.history(id)).find(({ type }) => type === "service.crashed"),
  );
  const found = (JSON.parse(event.dataJson) as { cause: { kind: string; message: string } }).cause;
  expect(found).toMatchObject({
    kind: expect.stringMatching(new RegExp(`^(${cause})$`)),
    message: expect.stringMatching(message),
  });
}

function causes(events: readonly Event[], type: string): readonly string[] {
  return events
    .filter((event) => event.type === type)
    .map(({ dataJson }) => (JSON.parse(dataJson) as { cause: { kind: string } }).cause.kind);
}

/** The value, or the reason of the refusal. */
async function settle(
  wish: Promise<unknown>,
): Promise<
  | { readonly value: unknown }
  | { readonly status: number; readonly reason: string | undefined; readonly message: string }
> {
  try {
    return { value: await wish };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { status: error.status, reason: error.reason, message: error.message };
  }
}

async function poolIsFull(admin: Connection): Promise<true | undefined> {
  const { warmCells } = await ask(admin.kernel, admin.kernel.doctor, {});
  return warmCells === POOL_SIZE ? true : undefined;
}

/** What the server, and what starts its cells, have of the host now. */
function hostUse(server: ServerProcess, folder: string) {
  const { processes } = footprintOf(server.ready.pid);
  const own = processes.filter(({ pid }) => pid === server.ready.pid || nameOf(pid).startsWith("solo-fork-serve"));
  return {
    processes: processes.length,
    groups: groupsOfServer(folder).length,
    descriptors: own.reduce((count, { pid }) => count + readdirSync(`/proc/${pid}/fd`).length, 0),
  };
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "latin1");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
