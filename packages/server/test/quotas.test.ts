// What a tenant and the machine may promise, and what is refused at the door, seen from outside.

import { totalmem } from "node:os";
import { status as grpcStatus, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CallRequest, CallResponse, MessagingServiceService } from "@solo/proto";
import { ask, type Connection, connect, freshId, isRunning, issueIdentity, refusal, WireError } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const obedient = `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    echo: ({ state }, value) => reply(value, state),
    hold: ({ state }) => noReply(state),
  },
});
`;
const MiB = 1024n * 1024n;

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;
let acme: Connection;

async function open(...flags: readonly string[]): Promise<void> {
  server = await startServer(data.folder, ["--memory-overcommit", "1", "--tenant-services", "20", ...flags]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
  acme = connect(server.ready.grpc, await issueIdentity(solo, "acme"));
}

async function close(): Promise<void> {
  solo.close();
  acme.close();
  await server.stop();
}

beforeAll(() => open());
afterAll(async () => {
  await close();
  data.remove();
});

const setQuota = (limits: Record<string, bigint>, by: Connection = solo, requestId = freshId()) =>
  ask(by.quotas, by.quotas.setQuota, { requestId, validateOnly: false, tenant: "acme", limits });

const quota = async (limit: string) => {
  const { limits } = await ask(acme.quotas, acme.quotas.getQuota, { tenant: "" });
  return limits.find((use) => use.limit === limit);
};

const deploy = (by: Connection, serviceId: string, memoryBytes = 64n * MiB) =>
  by.deploy(serviceId, obedient, { manifest: { limits: { memoryBytes } } });

const eventsOf = async (type: string, by: Connection = acme) =>
  (await by.history()).filter((event) => event.type === type).map(({ dataJson }) => JSON.parse(dataJson));

test("a tenant's stores and files are counted, bounded, and shown with what is used of them", async () => {
  const keeper = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    do: async ({ state, ctx }, driver, operation, ...args) => {
      try {
        return reply((await ctx[driver][operation](...args)) ?? "done", state);
      } catch ({ code, message }) {
        return reply({ code, message }, state);
      }
    },
  },
});
`;
  const grants = ["kv/read,kv/write on kv/keeper/**", "fs/read,fs/write on fs/keeper/**"];
  await acme.deploy("keeper", keeper, { manifest: { grants } });
  const use = (...args: readonly unknown[]) => acme.call("keeper", "do", args);
  await setQuota({ kv_keys: 2n, kv_bytes: 100n, files_bytes: 10n });
  expect(await use("kv", "put", "a", "1")).toBe("done");
  expect(await use("kv", "put", "b", "2")).toBe("done");
  const refused = (limit: string) => ({ code: "QUOTA_EXCEEDED", message: expect.stringContaining(limit) });
  expect(await use("kv", "put", "c", "3")).toEqual(refused("kv_keys"));
  expect(await use("kv", "put", "a", "x".repeat(100))).toEqual(refused("kv_bytes"));
  expect(await use("kv", "put", "a", "3")).toBe("done");
  expect(await use("kv", "delete", "b")).toBe("done");
  expect(await use("kv", "put", "c", "3")).toBe("done");
  expect(await use("fs", "write", "a", "12345678")).toBe("done");
  expect(await use("fs", "write", "b", "123")).toEqual(refused("files_bytes"));
  // Two keys of "keeper/" and a letter, and values of three bytes.
  expect(await quota("kv_keys")).toMatchObject({ used: 2n, allowed: 2n, timesReached: 1n });
  expect(await quota("kv_bytes")).toMatchObject({ used: 22n, allowed: 100n, timesReached: 1n });
  expect(await quota("files_bytes")).toMatchObject({ used: 8n, allowed: 10n, timesReached: 1n });
  await until("the refusals are on record", async () =>
    (await eventsOf("tenant.quota-reached")).length === 3 ? true : undefined,
  );
  await server.kill();
  solo.close();
  acme.close();
  await open();
  expect(await quota("kv_bytes")).toMatchObject({ used: 22n, allowed: 100n });
  expect(await quota("files_bytes")).toMatchObject({ used: 8n, allowed: 10n });
  expect(await use("kv", "put", "d", "4")).toEqual(refused("kv_keys"));
  await acme.kill("keeper");
  await until("its files are gone", async () => ((await quota("files_bytes"))?.used === 0n ? true : undefined));
  await setQuota({ kv_keys: 0n, kv_bytes: 0n, files_bytes: 0n });
});

describe("a tenant's quota", () => {
  test("is the operator's to set, and the tenant sees it with what is used of it", async () => {
    await setQuota({ memory_bytes: 100n * MiB });
    expect(await refusal(setQuota({ services: 1_000n }, acme))).toMatchObject({ reason: "ADMIN_REQUIRED" });
    expect(isRunning(await deploy(acme, "first"))).toBe(true);
    expect(await quota("memory_bytes")).toMatchObject({ used: 64n * MiB, allowed: 100n * MiB, timesReached: 0n });
    expect(await quota("services")).toMatchObject({ used: 1n, allowed: 20n });
    expect((await eventsOf("tenant.quota-set")).at(-1)).toEqual({ limits: { memory_bytes: 104_857_600 } });
  });

  test("refuses what would promise more, with the numbers, and leaves what runs alone", async () => {
    const refused = await refusal(deploy(acme, "second"));
    expect(refused).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
      reason: "QUOTA_EXCEEDED",
      quota: { subject: "memory_bytes", used: 67_108_864, allowed: 104_857_600 },
    });
    expect(refused.hint?.found).toContain("67108864 bytes asked for beside 67108864 of 104857600");
    expect(await refusal(acme.status("second"))).toMatchObject({ reason: "SERVICE_NOT_FOUND" });
    expect(isRunning(await deploy(acme, "small", 36n * MiB))).toBe(true);
    await until("the refusal is on record", async () => (await eventsOf("tenant.quota-reached"))[0]);
    expect(await quota("memory_bytes")).toMatchObject({ used: 100n * MiB, timesReached: 1n });
  });

  test("counts what lives: what is killed gives its promise back, and what is validated takes none", async () => {
    await acme.kill("small");
    const only = { validateOnly: true, manifest: { limits: { memoryBytes: 36n * MiB } } };
    await acme.deploy("planned", obedient, only);
    await acme.deploy("planned", obedient, only);
    expect(await deploy(acme, "small", 36n * MiB)).toMatchObject({ version: 2 });
    expect(await refusal(acme.deploy("planned", obedient, only))).toMatchObject({ reason: "QUOTA_EXCEEDED" });
  });

  test("lets only as many through as there is room for when many come at once", async () => {
    await setQuota({ memory_bytes: 0n, services: 5n });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, number) => deploy(acme, `many-${number}`, 32n * MiB)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    for (let number = 0; number < 8; number += 1) await acme.kill(`many-${number}`).catch(() => undefined);
  });

  test("is still there after the server was killed, and says nothing of other tenants", async () => {
    await setQuota({ services: 2n });
    await server.kill();
    await close();
    await open();
    expect(await quota("services")).toMatchObject({ used: 2n, allowed: 2n });
    expect(await refusal(deploy(acme, "third"))).toMatchObject({ quota: { subject: "services", used: 2, allowed: 2 } });
    expect(isRunning(await deploy(solo, "elsewhere"))).toBe(true);
  });

  test("with a limit that there is not, or one too large, is refused with those that there are", async () => {
    const unknown = await refusal(setQuota({ memroy_bytes: 1n }));
    expect(unknown).toMatchObject({ status: grpcStatus.INVALID_ARGUMENT, reason: "QUOTA_INVALID" });
    expect(unknown.message).toContain("did you mean memory_bytes?");
    expect(unknown.hint?.wanted).toContain("calls_in_flight");
    expect(await refusal(setQuota({}))).toMatchObject({ reason: "QUOTA_INVALID" });
    expect(await refusal(setQuota({ services: 2n ** 60n }))).toMatchObject({ reason: "QUOTA_INVALID" });
  });
});

test("more than the machine has, times the overcommit, is not promised to anybody", async () => {
  const most = BigInt(totalmem());
  const share = (most * 6n) / 10n;
  await deploy(solo, "large", share);
  const refused = await refusal(deploy(solo, "larger", share));
  expect(refused).toMatchObject({
    status: grpcStatus.RESOURCE_EXHAUSTED,
    reason: "CAPACITY_PROMISED",
    quota: { subject: "memory_bytes" },
  });
  expect(refused.hint?.fix).toContain("capacity.memory_overcommit");
  await solo.kill("large");
  await deploy(solo, "larger", share);
  await solo.kill("larger");
});

describe("at the door", () => {
  test("a tenant's message beyond its quota is refused before it is read, and all else goes on", async () => {
    await setQuota({ services: 0n, calls_in_flight: 3n });
    await deploy(acme, "holder");
    const held = [1, 2, 3].map(() => refusal(acme.call("holder", "hold")));
    await until("three are being served", async () =>
      (await quota("calls_in_flight"))?.used === 3n ? true : undefined,
    );
    // The head of a call, whose message never comes.
    const refused = await new Promise<WireError>((resolve) => {
      const call = acme.messaging.makeClientStreamRequest(
        MessagingServiceService.call.path,
        (message: CallRequest) => Buffer.from(CallRequest.encode(message).finish()),
        CallResponse.decode,
        new Metadata(),
        (error: ServiceError | null) => resolve(new WireError(error as ServiceError)),
      );
      expect(call).toBeDefined();
    });
    expect(refused).toMatchObject({
      status: grpcStatus.RESOURCE_EXHAUSTED,
      reason: "TOO_MANY_CALLS",
      quota: { subject: "calls_in_flight", used: 3, allowed: 3 },
    });
    expect((await acme.status("holder")).usage?.mailboxMessages).toBe(3);
    expect(await solo.call("elsewhere", "echo", [1])).toBe(1);
    const text = await solo.metrics();
    expect(text).toMatch(/^solo_messages_shed_total\{by="tenant"\} 1$/m);
    await acme.kill("holder", { force: true });
    await Promise.all(held);
    expect(await quota("calls_in_flight")).toMatchObject({ used: 0n, timesReached: 1n });
  });
});

test("a caller whose calls only fail is kept from the service for a while, and other callers are not", async () => {
  await deploy(acme, "silent");
  await setQuota({ calls_in_flight: 0n });
  const failing = Array.from({ length: 10 }, () => refusal(acme.call("silent", "hold", [], 300)));
  for (const each of await Promise.all(failing)) expect(each.status).toBe(grpcStatus.DEADLINE_EXCEEDED);
  const opened = await until("the circuit is open", async () => (await eventsOf("circuit.opened"))[0]);
  expect(opened).toMatchObject({ failures: 10, openMs: 1_000 });
  const asAdmin = { tenant: "acme", serviceId: "silent", method: "echo", arguments: Buffer.from("[1]"), lend: [] };
  await ask(solo.messaging, solo.messaging.call, asAdmin);
  const answered = await until("the circuit is closed again", async () => {
    try {
      return (await acme.call("silent", "echo", ["again"])) as string;
    } catch (error) {
      expect(error).toMatchObject({ status: grpcStatus.UNAVAILABLE, reason: "CIRCUIT_OPEN" });
      return undefined;
    }
  });
  expect(answered).toBe("again");
  await until("that is on record", async () => (await eventsOf("circuit.closed"))[0]);
});
