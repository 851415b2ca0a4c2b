// The keys that sign capabilities: what was signed stays good when one is rotated, and ends when one was stolen.
import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { inspect } from "@solo/capabilities";
import { TailEventsRequest } from "@solo/proto";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity, Reading, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, tryServer } from "./server-process.ts";

// Servers are killed and started many times, and the machine may be busy with other tests.
jest.setTimeout(90_000);

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
const identities: Record<string, Credentials> = {};

const open = async (): Promise<void> => {
  server = await startServer(data.folder, ["--pool-size", "1"]);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
};
const restart = async (): Promise<void> => {
  admin.close();
  await server.kill();
  await open();
};
beforeAll(open);
afterAll(async () => {
  admin.close();
  await server.stop();
  data.remove();
});

const rotate = (tenant: string, { withdraw = false, by = admin } = {}) =>
  ask(by.capabilities, by.capabilities.rotateKey, {
    requestId: freshId(),
    validateOnly: false,
    tenant,
    withdraw,
    voucher: false,
  });
const rotateVoucher = (withdraw: boolean, by = admin) =>
  ask(by.capabilities, by.capabilities.rotateKey, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    withdraw,
    voucher: true,
  });
/** Of the keys that signed what is held in a tenant, newest first. */
const listOf = async (tenant: string) =>
  (await ask(admin.capabilities, admin.capabilities.listCapabilities, { tenant })).capabilities;
const issue = async (tenant: string, holder: string) => {
  identities[holder] = await issueIdentity(admin, tenant, { holder });
};
/** What the list of services answers to who holds this certificate. */
async function asked(holder: string): Promise<string> {
  const client = connect(server.ready.grpc, identities[holder] as Credentials);
  try {
    return await client.list().then(
      () => "allowed",
      (error) => error.reason,
    );
  } finally {
    client.close();
  }
}

test("what was signed before stays good, over several rotations and a kill of the server", async () => {
  await issue("acme", "first");
  const one = await rotate("acme");
  await issue("acme", "second");
  const two = await rotate("acme");
  await issue("acme", "third");
  expect(two.previousKid).toBe(one.kid);
  expect(new Set([one.previousKid, one.kid, two.kid]).size).toBe(3);
  for (const holder of ["first", "second", "third"]) expect(await asked(holder)).toBe("allowed");
  await restart();
  await issue("acme", "fourth");
  for (const holder of ["first", "second", "third", "fourth"]) expect(await asked(holder)).toBe("allowed");
  expect((await listOf("acme")).every(({ revoked }) => !revoked)).toBe(true);
});

test("no key that signs can be read in the database, the secret half of a key before is gone, and both histories tell of the change", async () => {
  const { kid, previousKid } = await rotate("acme");
  admin.close();
  await server.stop();
  const database = new DatabaseSync(join(data.folder, "solo.db"), { readOnly: true });
  const kept = database
    .prepare("SELECT key, value FROM record WHERE collection IN ('issuer-key', 'issuer-key-past', 'authority')")
    .all();
  database.close();
  const textOf = (key: string) => Buffer.from(kept.find((row) => row.key === key)?.value as Uint8Array).toString();
  expect(kept.map(({ key }) => key)).toEqual(expect.arrayContaining(["acme", "kernel", "voucher", previousKid]));
  expect(textOf(previousKid)).toMatch(/"x":"/);
  for (const { key } of kept) expect(textOf(key as string)).not.toMatch(/"d":/);
  // A copy of the database without the folder of keys signs nothing.
  const path = join(data.folder, "identity", "signing.key");
  const own = readFileSync(path);
  expect([own.length, statSync(path).mode & 0o777]).toEqual([32, 0o600]);
  writeFileSync(path, randomBytes(32));
  const failed = await tryServer(data.folder);
  expect(failed).toMatchObject({ code: 1, output: expect.stringContaining("it does not open with the key file") });
  writeFileSync(path, own);
  await open();
  for (const tenant of ["acme", "kernel"]) {
    const told = (await admin.history("", tenant)).filter(({ type }) => type === "authority.key-rotated").at(-1);
    expect(JSON.parse(told?.dataJson ?? "{}")).toEqual({ name: "acme", kid, previousKid, withdrawn: false });
    expect(told?.actor).toMatch(/operator\/local$/);
  }
});

test("what a stolen key has signed ends at once, what goes on too, and stays so", async () => {
  await issue("ben", "early");
  const early = connect(server.ready.grpc, identities.early as Credentials);
  const stream = new Reading(early.events.tailEvents(TailEventsRequest.fromPartial({})));
  await stream.until("it has begun", ([item]) => item);
  await rotate("ben", { withdraw: true });
  expect(await stream.ended).toMatchObject({ reason: "CAPABILITY_INVALID" });
  early.close();
  await issue("ben", "late");
  const outcome = async () => [await asked("early"), await asked("late"), await asked("first")];
  expect(await outcome()).toEqual(["CAPABILITY_INVALID", "allowed", "allowed"]);
  const shown = async () => (await listOf("ben")).map(({ label, revoked }) => [label, revoked]).sort();
  const all = [
    ["agent early", true],
    ["agent late", false],
  ];
  expect(await shown()).toEqual(all);
  await restart();
  expect(await outcome()).toEqual(["CAPABILITY_INVALID", "allowed", "allowed"]);
  expect(await shown()).toEqual(all);
});

test("administrators rotate their own key too, and nobody else rotates any", async () => {
  const { kid } = await rotate("kernel");
  await restart();
  await issue("acme", "fifth");
  expect(await asked("fifth")).toBe("allowed");
  expect(await refusal(rotate("kernel", { withdraw: true }))).toMatchObject({ reason: "CAPABILITY_MALFORMED" });
  expect((await rotate("kernel")).previousKid).toBe(kid);
  const agent = connect(server.ready.grpc, identities.fifth as Credentials);
  for (const tenant of ["", "acme"]) {
    expect(await refusal(rotate(tenant, { by: agent }))).toMatchObject({ reason: "ADMIN_REQUIRED" });
  }
  expect(await refusal(rotate("kernel", { by: agent }))).toMatchObject({ reason: "ADMIN_REQUIRED" });
  agent.close();
});

test("the key that signs is the one that was said", async () => {
  const { kid } = await rotate("cleo");
  await issue("cleo", "one");
  const client = connect(server.ready.grpc, identities.one as Credentials);
  const { bundle } = await ask(admin.capabilities, admin.capabilities.grantCapability, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "cleo",
    holder: `jkt:${"A".repeat(43)}`,
    grants: ["svc/list on svc/**"],
    lifetimeSeconds: 60,
    label: "",
    standing: false,
  });
  expect(inspect(bundle)).toMatchObject({ kid });
  client.close();
});

const keeper = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    keep: async ({ state, ctx }) => {
      try { await ctx.kv.put("a", 1); return reply("kept", state); } catch (error) { return reply(error.code, state); }
    },
  },
});
`;

test("the voucher is rotated, and what it has signed stays good, over a kill of the server", async () => {
  await issue("dora", "keeper");
  let dora = connect(server.ready.grpc, identities.keeper as Credentials);
  const manifest = { grants: ["kv/write on kv/keeper/**"] };
  await dora.deploy("keeper", keeper, { manifest });
  const { bundle } = await ask(dora.capabilities, dora.capabilities.grantCapability, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    holder: `jkt:${"A".repeat(43)}`,
    grants: ["svc/list on svc/**"],
    lifetimeSeconds: 60,
    label: "by the voucher",
    standing: false,
    depth: undefined,
  });
  expect(inspect(bundle)).toMatchObject({ links: { length: 2 } });
  const first = await rotateVoucher(false);
  const second = await rotateVoucher(false);
  expect(second.previousKid).toBe(first.kid);
  expect(await dora.call("keeper", "keep")).toBe("kept");
  dora.close();
  await restart();
  dora = connect(server.ready.grpc, identities.keeper as Credentials);
  expect(await dora.call("keeper", "keep")).toBe("kept");
  await dora.deploy("later", keeper, { manifest: { grants: ["kv/write on kv/later/**"] } });
  expect(await dora.call("later", "keep")).toBe("kept");

  expect(await refusal(rotateVoucher(true, dora))).toMatchObject({
    reason: expect.stringMatching(/ADMIN_REQUIRED|OTHER_TENANT/),
  });
  const third = await rotateVoucher(true);
  expect(third.previousKid).toBe(second.kid);
  const outcome = async () => [await dora.call("keeper", "keep"), await dora.call("later", "keep")];
  // The first was signed before: by a voucher that is not known to be stolen.
  expect(await outcome()).toEqual(["kept", "CAPABILITY_INVALID"]);
  dora.close();
  await restart();
  dora = connect(server.ready.grpc, identities.keeper as Credentials);
  expect(await outcome()).toEqual(["kept", "CAPABILITY_INVALID"]);
  await ask(dora.deployments, dora.deployments.kill, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    serviceId: "later",
    force: false,
  });
  await dora.deploy("later", keeper, { manifest: { grants: ["kv/write on kv/later/**"] } });
  expect(await outcome()).toEqual(["kept", "kept"]);
  dora.close();
});

test("what was granted by a voucher that was stolen is shown as ended, and has ended", async () => {
  await issue("ella", "boss");
  const ella = connect(server.ready.grpc, identities.boss as Credentials);
  await ask(ella.capabilities, ella.capabilities.grantCapability, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    holder: `jkt:${"E".repeat(43)}`,
    grants: ["svc/list on svc/**"],
    lifetimeSeconds: 600,
    label: "handed on",
    standing: false,
    depth: undefined,
  });
  ella.close();
  const handedOn = async () => (await listOf("ella")).find(({ label }) => label === "handed on")?.revoked;
  expect(await handedOn()).toBe(false);
  await rotateVoucher(true);
  expect(await handedOn()).toBe(true);
  expect(await asked("boss")).toBe("allowed");
  await restart();
  expect(await handedOn()).toBe(true);
});

test("a rotation that a kill cut in two is done once, however often it is asked for", async () => {
  const request = { requestId: freshId(), validateOnly: false, tenant: "cleo", withdraw: false, voucher: false };
  const send = () => ask(admin.capabilities, admin.capabilities.rotateKey, request);
  const done = await send();
  admin.close();
  await server.stop();
  // As a kill leaves it that comes between the new key and the answer.
  const database = new DatabaseSync(join(data.folder, "solo.db"));
  const { changes } = database
    .prepare("DELETE FROM record WHERE collection = 'request' AND key = ?")
    .run(request.requestId);
  database.close();
  expect(changes).toBe(1);
  await open();
  expect(await send()).toEqual(done);
  expect(await send()).toEqual(done);
  expect((await rotate("cleo")).previousKid).toBe(done.kid);
});
