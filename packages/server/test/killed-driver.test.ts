// A whole server in this process: real sockets, cells and disk, so that a driver can be killed, and its disk be full, at the very
// moment that matters. Who asked is told, nothing is lost or doubled, and nobody else notices.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { Exit, type Pid, processInfo } from "@solo/actor-core";
import { LogsRequest } from "@solo/proto";
import { buildGuest, testFolderId } from "../src/cells/testing/real-cells.ts";
import type { Kernel } from "../src/kernel/kernel.ts";
import type { Storage } from "../src/ports/storage.ts";
import { StorageFull } from "../src/storage/errors.ts";
import { openSqliteStorage } from "../src/storage/index.ts";
import { systemClock as clock } from "../src/system-clock.ts";
import { ask, type Connection, connect, freshId, Reading, refusal } from "./client.ts";
import { startInProcess } from "./server-in-process.ts";
import { makeDataFolder, readProfile, until } from "./server-process.ts";

jest.setTimeout(30_000);

const worker = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({}),
  calls: {
    do: async ({ state, ctx }, driver: string, operation: string, ...args: unknown[]) => {
      try {
        return reply({ answer: (await (ctx as any)[driver][operation](...args)) ?? null }, state);
      } catch (error) {
        return reply({ code: (error as any).code ?? null }, state);
      }
    },
    ask: async ({ state, ctx }, ...args: [string, string, ...unknown[]]) => {
      try {
        return reply({ answer: await (ctx as any).call(...args) }, state);
      } catch (error) {
        return reply({ code: (error as any).reason?.value?.split(":")[0] ?? String(error) }, state);
      }
    },
    say: ({ state, ctx }, lines: number) => {
      for (let line = 1; line <= lines; line += 1) (ctx as any).log(line);
      return reply(null, state);
    },
  },
  casts: {
    wake: async ({ state, ctx }, notice: { timer: string; firing: number }) => {
      await (ctx as any).kv.put("woke/" + notice.timer + "/" + notice.firing, true);
      return state;
    },
  },
});
`;

/** Holds commits of one type of event where it is told to, and refuses all when it is full. */
const disk = {
  full: false,
  hold: undefined as undefined | { readonly type: string; readonly at: "before" | "after" },
  held: Promise.withResolvers<void>(),
  go: Promise.withResolvers<void>(),
};

function holding(storage: Storage): Storage {
  const commit: Storage["state"]["commit"] = async (transaction) => {
    if (disk.full) throw new StorageFull();
    const { hold } = disk;
    const isHeld = hold !== undefined && transaction.events.some(({ body }) => body.type === hold.type);
    if (!isHeld) return storage.state.commit(transaction);
    disk.hold = undefined;
    const committed = hold.at === "after" ? await storage.state.commit(transaction) : undefined;
    disk.held.resolve();
    await disk.go.promise;
    return committed ?? storage.state.commit(transaction);
  };
  return { ...storage, state: { ...storage.state, commit } };
}

const held = { asked: Promise.withResolvers<void>(), go: Promise.withResolvers<void>() };

const data = makeDataFolder();
let kernel: Kernel;
let solo: Connection;
let peer: Server;
let url: string;
let closed = 0;
let asked = 0;

beforeAll(async () => {
  buildGuest();
  peer = createServer((request, response) => {
    asked += 1;
    request.socket.once("close", () => (closed += 1));
    if (request.url === "/hello") response.end("hello");
    if (request.url === "/held") void held.go.promise.then(() => response.end("held"));
    if (request.url === "/held") held.asked.resolve();
  });
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  url = `http://localhost:${(peer.address() as AddressInfo).port}`;
  const server = await startInProcess({
    folder: data.folder,
    dataFolderId: testFolderId(),
    clock,
    openStorage: async () => holding(await openSqliteStorage({ folder: data.folder, clock })),
    allowAddresses: ["127.0.0.1"],
  });
  kernel = server.kernel;
  const { address, adminProfileFolder } = server.gateway;
  solo = connect(address, readProfile(adminProfileFolder));
  const grants = (id: string) => [
    `kv/read,kv/write on kv/${id}/**`,
    `clock/schedule on clock/${id}`,
    "net/fetch on net/egress host=localhost",
    `fs/read,fs/write on fs/${id}/**`,
    "vault/read on vault/*",
    "event/publish on event/topic/**",
    "svc/call,svc/cast on svc/*",
  ];
  for (const id of ["worker", "bystander"]) await solo.deploy(id, worker, { manifest: { grants: grants(id) } });
});
afterAll(async () => {
  solo.close();
  await kernel.stop({ graceMs: 1_000 });
  peer.closeAllConnections();
  peer.close();
  data.remove();
});

const tell = (id: string, method: string, ...args: readonly unknown[]) =>
  solo.call(id, method, args) as Promise<Record<string, unknown>>;
const use = (id: string, ...args: readonly unknown[]) => tell(id, "do", ...args);

const pidOf = (driver: string): Pid | undefined =>
  kernel.system.processes().find((pid) => processInfo(pid)?.label === `driver ${driver}`);

const drivers = ["kv", "net", "clock", "fs", "vault", "events", "logs", "random", "svc", "log"];

/** Kills a driver, and waits until another stands in its place; all the others stay who they were. */
async function kill(driver: string): Promise<void> {
  const others = drivers.filter((each) => each !== driver);
  const before = [pidOf(driver), ...others.map(pidOf)];
  expect(before).not.toContain(undefined);
  kernel.system.exitSignal(before[0] as Pid, Exit.kill);
  await until("it is started again", async () => {
    const now = pidOf(driver);
    return now === undefined || now === before[0] ? undefined : true;
  });
  expect(others.map(pidOf)).toEqual(before.slice(1));
}

async function expectNobodyElseNoticed(): Promise<void> {
  expect(await use("bystander", "kv", "put", "here", "still")).toEqual({ answer: null });
  for (const id of ["worker", "bystander"]) expect(await solo.status(id)).toMatchObject({ restarts: 0 });
}

const writes = async (key: string) =>
  (await solo.history()).filter(({ type, dataJson }) => type === "kv.written" && JSON.parse(dataJson).key === key);

test.each(["before", "after"] as const)("kv: a put that is under way, %s it is on disk", async (at) => {
  Object.assign(disk, { hold: { type: "kv.written", at }, held: Promise.withResolvers(), go: Promise.withResolvers() });
  const key = `held-${at}`;
  const put = use("worker", "kv", "put", key, 1);
  await disk.held.promise;
  await kill("kv");
  expect(await put).toEqual({ code: "DRIVER_OUTCOME_UNKNOWN" });
  // The driver in its place does not wait for what its predecessor left at the disk.
  expect(await use("worker", "kv", "put", `${key}-next`, 2)).toEqual({ answer: null });
  disk.go.resolve();
  await until("it is there, once", async () =>
    (await use("worker", "kv", "get", key)).answer === null ? undefined : true,
  );
  expect(await use("worker", "kv", "get", key)).toEqual({ answer: { value: 1, revision: 1 } });
  expect(await writes(key)).toHaveLength(1);
  await expectNobodyElseNoticed();
});

test.each([
  ["events", "topic.published", "publish", "news", { at: "noon" }],
  ["vault", "secret.fetched", "read", "held-key"],
  ["clock", "timer.set", "every", 3_600_000, "wake", [], { id: "held" }],
] as const)("%s: what is under way is done once, and whoever asked is not told that it was", async (...row) => {
  const [driver, type, operation, ...args] = row;
  const secret = { requestId: freshId(), validateOnly: false, tenant: "", name: "held-key", value: Buffer.from("s") };
  if (driver === "vault") await ask(solo.vault, solo.vault.storeSecret, secret);
  const recorded = async () => (await solo.history()).filter((event) => event.type === type).length;
  const before = await recorded();
  Object.assign(disk, { hold: { type, at: "after" }, held: Promise.withResolvers(), go: Promise.withResolvers() });
  const asking = use("worker", driver, operation, ...args);
  await disk.held.promise;
  await kill(driver);
  expect(await asking).toEqual({ code: "DRIVER_OUTCOME_UNKNOWN" });
  disk.go.resolve();
  expect(await recorded()).toBe(before + 1);
  expect(await use("worker", driver, operation, ...args)).toMatchObject({ answer: expect.anything() });
  // A timer that asks for the same again is that one.
  expect(await recorded()).toBe(before + (driver === "clock" ? 1 : 2));
  if (driver === "clock") expect(await use("worker", "clock", "cancel", "held")).toEqual({ answer: true });
  await expectNobodyElseNoticed();
});

test("net: a fetch that is under way ends with its connection, and the next one works", async () => {
  const fetching = use("worker", "net", "fetch", `${url}/never`);
  await until("it has been asked", async () => (asked > 0 ? true : undefined));
  const before = closed;
  await kill("net");
  expect(await fetching).toEqual({ code: "DRIVER_OUTCOME_UNKNOWN" });
  await until("its connection is closed", async () => (closed > before ? true : undefined));
  expect(asked).toBe(1);
  expect(await use("worker", "net", "fetch", `${url}/hello`)).toMatchObject({ answer: { body: "hello" } });
  await expectNobodyElseNoticed();
});

test("clock: a timer that is due meanwhile is told once, and counted once", async () => {
  // Its service has handled it, and nobody has been told so yet.
  Object.assign(disk, {
    hold: { type: "timer.fired", at: "after" },
    held: Promise.withResolvers(),
    go: Promise.withResolvers(),
  });
  await use("worker", "clock", "after", 1, "wake", [], { id: "told" });
  await disk.held.promise;
  await kill("clock");
  disk.go.resolve();
  await use("worker", "clock", "after", 300, "wake", [], { id: "later" });
  await kill("clock");
  await until("the other is told", async () =>
    (await use("worker", "kv", "get", "woke/later/1")).answer === null ? undefined : true,
  );
  await until("none is left", async () =>
    ((await use("worker", "clock", "list")).answer as readonly unknown[] | undefined)?.length === 0 ? true : undefined,
  );
  for (const id of ["told", "later"]) {
    expect(await writes(`woke/${id}/1`)).toHaveLength(1);
    expect(await writes(`woke/${id}/2`)).toHaveLength(0);
  }
  const fired = (await solo.history()).filter(({ type }) => type === "timer.fired");
  expect(fired.map(({ dataJson }) => JSON.parse(dataJson).timer)).toEqual(["told", "later"]);
  await expectNobodyElseNoticed();
});

test("svc: who waits for an answer hears that it is unknown, and who was asked has been asked once", async () => {
  const before = asked;
  const asking = tell("worker", "ask", "bystander", "do", "net", "fetch", `${url}/held`);
  await held.asked.promise;
  await kill("svc");
  expect(await asking).toEqual({ code: "DRIVER_OUTCOME_UNKNOWN" });
  held.go.resolve();
  // Its next message is behind that one.
  await expectNobodyElseNoticed();
  expect(asked).toBe(before + 1);
  expect(await tell("worker", "ask", "bystander", "do", "random", "no-such")).toMatchObject({ answer: {} });
});

test("log: no line is lost or doubled, and none changes its place", async () => {
  const saying = tell("worker", "say", 100);
  await kill("log");
  await saying;
  await kill("log");
  await tell("worker", "say", 100);
  const request = { tenant: "", serviceId: "worker", follow: false, afterSequence: 0n, tailLines: 0 };
  const said = new Reading(solo.deployments.logs(LogsRequest.fromPartial(request)));
  await said.ended;
  const lines = Array.from({ length: 100 }, (_, index) => `${index + 1}`);
  expect(said.items.map(({ line }) => line?.text)).toEqual([...lines, ...lines]);
  await expectNobodyElseNoticed();
});

test("a full disk: what would be kept is refused in words, nothing is handed out that is not on record", async () => {
  const store = (value: string) =>
    ask(solo.vault, solo.vault.storeSecret, {
      requestId: freshId(),
      validateOnly: false,
      tenant: "",
      name: "api-key",
      value: Buffer.from(value),
    });
  await store("first");
  disk.full = true;
  expect(await refusal(store("second"))).toMatchObject({ reason: "DISK_FULL" });
  expect(await use("worker", "vault", "read", "api-key")).toEqual({ code: "DISK_FULL" });
  const fetch = ask(solo.vault, solo.vault.fetchSecret, { tenant: "", name: "api-key", version: 0, leaseMs: 0 });
  expect(await refusal(fetch)).toMatchObject({ reason: "DISK_FULL" });
  expect(await use("worker", "kv", "put", "full", 1)).toEqual({ code: "DISK_FULL" });
  expect(await use("worker", "clock", "after", 1, "wake")).toEqual({ code: "DISK_FULL" });
  disk.full = false;
  expect(await use("worker", "kv", "get", "full")).toEqual({ answer: null });
  expect(await use("worker", "vault", "read", "api-key")).toMatchObject({ answer: { version: 1 } });
  expect((await store("second")).version?.version).toBe(2);
  await expectNobodyElseNoticed();
});
