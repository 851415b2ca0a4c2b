// How far a revocation reaches: down to everything that was made of what is taken back, and never into another tenant.
import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  GrantCapabilityRequest,
  ListCertificatesRequest,
  RevokeCapabilityRequest,
  RevokeCertificateRequest,
} from "@solo/proto";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

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

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let adminIdentity: Credentials;
let annIdentity: Credentials;
let ann: Connection;
let ben: Connection;

async function open(): Promise<void> {
  server = await startServer(data.folder);
  adminIdentity = readProfile(server.ready.profile);
  admin = connect(server.ready.grpc, adminIdentity);
}
beforeAll(async () => {
  await open();
  annIdentity = await issueIdentity(admin, "ann");
  ann = connect(server.ready.grpc, annIdentity);
  ben = connect(server.ready.grpc, await issueIdentity(admin, "ben"));
});
afterAll(async () => {
  for (const client of [admin, ann, ben]) client.close();
  await server.stop();
  data.remove();
});

function thumbprintOf({ certificate }: Credentials): string {
  const pem = new X509Certificate(certificate).publicKey.export({ format: "pem", type: "spki" });
  const { crv, kty, x, y } = createPublicKey(pem).export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

const revoke = (by: Connection, subject: RevokeCapabilityRequest["subject"], tenant = "") => {
  const request = RevokeCapabilityRequest.fromPartial({
    requestId: freshId(),
    tenant,
    reason: "a test",
    ...(subject && { subject }),
  });
  return ask(by.capabilities, by.capabilities.revokeCapability, request);
};
const revokeHolder = (tenant: string, holder: string) => {
  const request = RevokeCertificateRequest.fromPartial({ requestId: freshId(), tenant, holder, reason: "a test" });
  return ask(admin.certificates, admin.certificates.revokeCertificate, request);
};
const listOf = async (tenant: string) =>
  (await ask(admin.capabilities, admin.capabilities.listCapabilities, { tenant })).capabilities;
test("a tenant takes back nothing of another, nor of an administrator, whatever it names", async () => {
  const [bens] = await listOf("ben");
  const operators = await listOf("kernel");
  for (const { cid } of [...(bens === undefined ? [] : [bens]), ...operators]) {
    await revoke(ann, { $case: "cid", value: cid });
    await revoke(ann, { $case: "childrenOf", value: cid });
  }
  await revoke(ann, { $case: "holder", value: thumbprintOf(adminIdentity) });
  await revoke(ann, { $case: "holder", value: bens?.holder ?? "" });
  expect(await ben.list()).toEqual([]);
  expect(await listOf("ben")).toEqual([bens]);
  expect(await listOf("kernel")).toEqual(operators);
});

test("a certificate is revoked with all that its key has handed on and deployed", async () => {
  const dora = connect(server.ready.grpc, await issueIdentity(admin, "dora", { holder: "first" }));
  const helper = await issueIdentity(admin, "dora", { holder: "helper", grants: ["svc/call on svc/none"] });
  const { bundle } = await ask(
    dora.capabilities,
    dora.capabilities.grantCapability,
    GrantCapabilityRequest.fromPartial({
      requestId: freshId(),
      holder: `jkt:${thumbprintOf(helper)}`,
      grants: ["svc/list on svc/**"],
    }),
  );
  const own = await issueIdentity(admin, "dora", { holder: "other" });
  await dora.deploy("keeper", keeper, { manifest: { grants: ["kv/write on kv/keeper/**"] } });
  expect(await dora.call("keeper", "keep")).toBe("kept");
  const [helping, other] = [connect(server.ready.grpc, helper, bundle), connect(server.ready.grpc, own)];
  expect(await helping.list()).toHaveLength(1);
  await revokeHolder("dora", "first");
  expect(await refusal(helping.list())).toMatchObject({ reason: "CAPABILITY_DENIED" });
  expect(await other.call("keeper", "keep")).toBe("CAPABILITY_DENIED");
  expect(await other.list()).toHaveLength(1);
  for (const client of [dora, helping, other]) client.close();
});

test("what an administrator has granted in a tenant ends with what it was granted by, and nothing else does", async () => {
  const cleo = await issueIdentity(admin, "cleo", { grants: ["svc/list on svc/**"] });
  const granted = connect(server.ready.grpc, cleo);
  expect(await granted.list()).toEqual([]);
  const [before] = await listOf("cleo");
  const [above] = await listOf("kernel");
  // Another administrator: the first one's key is gone.
  for (const client of [granted, admin, ann, ben]) client.close();
  await server.stop();
  rmSync(join(data.folder, "profiles", "admin"), { recursive: true });
  await open();
  const dora = await issueIdentity(admin, "cleo", { holder: "dora", grants: ["svc/list on svc/**"] });
  const late = connect(server.ready.grpc, dora);
  const early = connect(server.ready.grpc, cleo);
  expect(await early.list()).toEqual([]);
  await revoke(admin, { $case: "cid", value: above?.cid ?? "" }, "kernel");
  expect(await refusal(early.list())).toMatchObject({ reason: "CAPABILITY_DENIED" });
  expect(await late.list()).toEqual([]);
  const revoked = async () => new Map((await listOf("cleo")).map((each) => [each.cid, each.revoked]));
  const [after] = (await listOf("cleo")).filter(({ revoked: isRevoked }) => !isRevoked);
  const all = new Map([
    [after?.cid, false],
    [before?.cid, true],
  ]);
  expect(await revoked()).toEqual(all);
  // On record where it ended, too.
  const told = (await admin.history("", "cleo")).filter(({ type }) => type === "capability.revoked");
  expect(told.map(({ dataJson }) => JSON.parse(dataJson))).toEqual([
    { scope: "link", id: before?.cid, reason: "what it was granted by has ended" },
  ]);
  for (const client of [early, late, admin]) client.close();
  await server.kill();
  await open();
  expect(await revoked()).toEqual(all);
  const again = connect(server.ready.grpc, cleo);
  expect(await refusal(again.list())).toMatchObject({ reason: "CAPABILITY_DENIED" });
  again.close();
});

test("the administrator's certificates are listed; the key before is revoked, the present one never", async () => {
  const list = async () => {
    const request = ListCertificatesRequest.fromPartial({ tenant: "kernel" });
    return (await ask(admin.certificates, admin.certificates.listCertificates, request)).certificates;
  };
  const wish = (name: object) => {
    const request = RevokeCertificateRequest.fromPartial({
      requestId: freshId(),
      tenant: "kernel",
      reason: "a test",
      ...name,
    });
    return ask(admin.certificates, admin.certificates.revokeCertificate, request);
  };
  const before = adminIdentity;
  const [present] = await list();
  expect(present).toMatchObject({ holder: "local", keyThumbprint: thumbprintOf(before), revocationReason: "" });
  for (const name of [
    { serialNumber: present?.serialNumber },
    { fingerprint: present?.fingerprint },
    { holder: "local" },
  ]) {
    expect(await refusal(wish(name))).toMatchObject({ reason: "ADMIN_IN_USE" });
  }
  const [above] = (await listOf("kernel")).filter(({ holder }) => holder === thumbprintOf(before));
  for (const subject of [
    { $case: "cid", value: above?.cid ?? "" },
    { $case: "childrenOf", value: above?.cid ?? "" },
    { $case: "holder", value: thumbprintOf(before) },
    { $case: "everything", value: true },
  ] as const) {
    expect(await refusal(revoke(admin, subject, "kernel"))).toMatchObject({ reason: "ADMIN_IN_USE" });
  }
  admin.close();
  await server.stop();
  rmSync(join(data.folder, "profiles", "admin", "key.pem"));
  await open();
  const thief = connect(server.ready.grpc, before);
  expect(await thief.list()).toEqual([]);
  await wish({ serialNumber: present?.serialNumber });
  // Its connection has ended, and there is no other for it.
  expect((await refusal(thief.list())).reason).not.toBe(undefined);
  thief.close();
  expect((await list()).filter(({ keyThumbprint }) => keyThumbprint === thumbprintOf(before))).toEqual([
    expect.objectContaining({ revocationReason: "a test" }),
    expect.objectContaining({ revocationReason: "a test" }),
  ]);
  expect((await listOf("kernel")).find(({ cid }) => cid === above?.cid)).toMatchObject({ revoked: true });
  expect(await admin.list()).toEqual([]);
});
