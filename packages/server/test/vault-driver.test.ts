// A service reads a secret that it was granted: with a lease, on record, and in nothing that is kept of it.
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LogsRequest } from "@solo/proto";
import { ask, type Connection, connect, freshId, issueIdentity, Reading } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const service = `
import { defineServer, reply } from "@solo/actor-core";
import type { Secrets } from "@solo/server/drivers";
declare module "@solo/actor-core" {
  interface Drivers { readonly vault: Secrets }
}
const text = (value: Uint8Array) => new TextDecoder().decode(value);
export default defineServer({
  version: 1,
  init: () => ({}),
  calls: {
    read: async ({ state, ctx }, ...args: readonly unknown[]) => {
      try {
        const { value, ...rest } = await (ctx.vault.read as any)(...args);
        return reply({ text: text(value), ...rest }, state);
      } catch (error) {
        return reply({ code: (error as any).code ?? null, message: (error as Error).message }, state);
      }
    },
    has: ({ state, ctx }) => reply(ctx.vault !== undefined, state),
    restrict: async ({ state, ctx }, ...grants: readonly string[]) => {
      await (ctx as any).restrict(...grants);
      return reply(ctx.vault !== undefined, state);
    },
    blab: async ({ state, ctx }, name: string) => {
      const { value } = await ctx.vault.read(name);
      ctx.log("key:", text(value));
      console.error("bytes:", value);
      return reply("said", state);
    },
    fail: async ({ ctx }, name: string): Promise<never> => {
      const { value } = await ctx.vault.read(name);
      throw new Error("refused with key " + text(value) + ", " + btoa(text(value)));
    },
  },
});
`;

const canary = `canary-${randomBytes(24).toString("hex")}`;
const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

beforeAll(async () => {
  server = await startServer(data.folder, ["--pool-size", "1", "--log-level", "debug"]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
  for (const name of ["api-key", "other-key"]) await put(name, canary);
  await solo.deploy("reader", service, { manifest: { grants: ["vault/read on vault/api-key"] } });
});
afterAll(async () => {
  solo.close();
  await server.stop();
  data.remove();
});

const put = (name: string, value: string | Buffer, by = solo) =>
  ask(by.vault, by.vault.storeSecret, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    name,
    value: Buffer.from(value),
  });

const fetched = async () =>
  (await solo.history()).filter(({ type }) => type === "secret.fetched").map(({ dataJson }) => JSON.parse(dataJson));

test("it is there by grant alone: to use a secret is not to read it", async () => {
  await solo.deploy("user", service, {
    manifest: { grants: ["vault/use on vault/api-key", "net/fetch on net/egress host=localhost"] },
  });
  await solo.deploy("bare", service);
  expect(await Promise.all(["user", "bare", "reader"].map((id) => solo.call(id, "has")))).toEqual([false, false, true]);
});

test("what is read comes with its version and a lease, and is on record before it is handed out", async () => {
  const before = (await fetched()).length;
  const read = (await solo.call("reader", "read", ["api-key", { leaseMs: 60_000 }])) as {
    readonly lease: { readonly id: string; readonly expiresAtMs: number };
  };
  expect(read).toEqual({
    text: canary,
    version: 1,
    lease: { id: expect.any(String), expiresAtMs: expect.any(Number) },
  });
  expect(read.lease.expiresAtMs).toBeLessThanOrEqual(Date.now() + 60_000);
  const [event, ...more] = (await fetched()).slice(before);
  expect(more).toEqual([]);
  expect(event).toMatchObject({ name: "api-key", version: 1, leaseId: read.lease.id, cid: expect.any(String) });
  const status = await ask(solo.vault, solo.vault.vaultStatus, { tenant: "" });
  expect(status.leases).toBeGreaterThan(0);
  await put("api-key", `${canary}-2`);
  expect(await solo.call("reader", "read", ["api-key"])).toMatchObject({ text: `${canary}-2`, version: 2 });
  expect(await solo.call("reader", "read", ["api-key", { version: 1 }])).toMatchObject({ text: canary, version: 1 });
});

test("every byte comes as it was put, as many as a secret may have", async () => {
  const sized = await solo.deploy("sizer", service.replace("text: text(value)", "hash: Bun.hash(value).toString(16)"), {
    manifest: { grants: ["vault/read on vault/*"] },
  });
  expect(sized.calls).toContain("read");
  for (const length of [1, 2, 3, 65_536]) {
    const value = randomBytes(length);
    await put("any-bytes", value);
    const { hash } = (await solo.call("sizer", "read", ["any-bytes"])) as { readonly hash: string };
    await solo.deploy(`hasher-${length}`, hasher(value), {});
    expect(await solo.call(`hasher-${length}`, "hash")).toBe(hash);
    await solo.kill(`hasher-${length}`);
  }
});

const hasher = (value: Buffer): string => `
import { defineServer, reply } from "@solo/actor-core";
const value = Uint8Array.from(atob("${value.toString("base64")}"), (each) => each.charCodeAt(0));
export default defineServer({
  version: 1,
  init: () => 0,
  calls: { hash: ({ state }) => reply(Bun.hash(value).toString(16), state) },
});
`;

test("another secret is denied, what is none is told as that, and wrong arguments change nothing", async () => {
  const before = (await fetched()).length;
  const denied = { code: "CAPABILITY_DENIED", message: expect.stringContaining("vault/read") };
  expect(await solo.call("reader", "read", ["other-key"])).toEqual(denied);
  // The same, whether there is such a secret or not.
  expect(await solo.call("reader", "read", ["no-key"])).toEqual(denied);
  expect(await solo.call("sizer", "read", ["no-key"])).toMatchObject({ code: "SECRET_NOT_FOUND" });
  expect(await solo.call("sizer", "read", ["api-key", { version: 9 }])).toMatchObject({ code: "SECRET_NOT_FOUND" });
  for (const args of [
    [],
    [7],
    ["../api-key"],
    ["api-key/x"],
    ["*"],
    ["kеy"],
    ["api-key", { version: -1 }],
    ["api-key", { leaseMs: 0 }],
    ["api-key", { leaseMs: 1e12 }],
    ["api-key", { other: 1 }],
  ]) {
    expect(await solo.call("sizer", "read", args)).toMatchObject({ code: "DRIVER_ARGUMENTS_INVALID" });
  }
  expect((await fetched()).length).toBe(before);
});

test("a service drops it for good", async () => {
  await solo.deploy("dropper", service, { manifest: { grants: ["vault/read,vault/use on vault/*"] } });
  expect(await solo.call("dropper", "restrict", ["vault/read,vault/use on vault/api-key"])).toBe(true);
  expect(await solo.call("dropper", "read", ["other-key"])).toMatchObject({ code: "CAPABILITY_DENIED" });
  expect(await solo.call("dropper", "read", ["api-key"])).toMatchObject({ version: 2 });
  expect(await solo.call("dropper", "restrict", ["vault/use on vault/api-key"])).toBe(false);
});

test("a sealed vault says so, and gives it again when it is unsealed", async () => {
  await ask(solo.vault, solo.vault.seal, { requestId: freshId(), validateOnly: false });
  expect(await solo.call("reader", "read", ["api-key"])).toMatchObject({ code: "VAULT_SEALED" });
  await ask(solo.vault, solo.vault.unseal, { requestId: freshId(), validateOnly: false, passphrase: Buffer.alloc(0) });
  expect(await solo.call("reader", "read", ["api-key"])).toMatchObject({ version: 2 });
});

test("what is taken back ends the lease, which is told, and the next read", async () => {
  const identity = await issueIdentity(solo, "acme");
  const { crv, kty, x, y } = new X509Certificate(identity.certificate).publicKey.export({ format: "jwk" });
  const thumbprint = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  const ann = connect(server.ready.grpc, identity);
  await put("api-key", canary, ann);
  const grant = "vault/read on vault/api-key";
  const { bundle, capability } = await ask(ann.capabilities, ann.capabilities.grantCapability, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    holder: `jkt:${thumbprint}`,
    grants: ["deploy/create on svc/agent", grant],
    lifetimeSeconds: 600,
    label: "",
    standing: false,
    depth: undefined,
  });
  const deployer = connect(server.ready.grpc, identity, bundle);
  await deployer.deploy("agent", service, { manifest: { grants: [grant] } });
  const read = (await ann.call("agent", "read", ["api-key", { leaseMs: 3_600_000 }])) as {
    readonly lease: { readonly id: string; readonly expiresAtMs: number };
  };
  // No longer than the authority.
  expect(read.lease.expiresAtMs).toBeLessThanOrEqual(Date.now() + 600_000);
  await ask(ann.capabilities, ann.capabilities.revokeCapability, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    subject: { $case: "cid", value: capability?.cid ?? "" },
    reason: "test",
  });
  expect(await ann.call("agent", "read", ["api-key"])).toMatchObject({ code: "CAPABILITY_DENIED" });
  const revoked = await until("the lease is told as revoked", async () =>
    (await ann.history()).find(({ type }) => type === "secret.lease-revoked"),
  );
  expect(JSON.parse(revoked.dataJson)).toMatchObject({ leaseId: read.lease.id, name: "api-key", version: 1 });
  for (const each of [ann, deployer]) each.close();
});

test("nothing that is kept holds it: no event, no log of either, no last words, no file", async () => {
  expect(await solo.call("reader", "blab", ["api-key"])).toBe("said");
  await expect(solo.call("reader", "fail", ["api-key"])).rejects.toThrow();
  const crashed = await until("its end is on record", async () =>
    (await solo.history("reader")).find(({ type }) => type === "service.crashed"),
  );
  expect(crashed.dataJson).toContain("refused with key [secret]");
  const reading = new Reading(solo.deployments.logs(LogsRequest.fromPartial({ serviceId: "reader", follow: true })));
  const lines = await reading.until("it has spoken", (items) =>
    items.some(({ line }) => line?.text.startsWith("bytes:")) ? items.map(({ line }) => line?.text) : undefined,
  );
  await reading.stop();
  expect(lines).toContain("key: [secret]");
  const { lastCause } = await solo.status("reader");
  const said = [
    ...(await solo.history()).map(({ dataJson }) => dataJson),
    ...(await solo.history("", "kernel")).map(({ dataJson }) => dataJson),
    JSON.stringify(lastCause),
    ...lines,
    server.log(),
  ];
  const files = globSync("**", { cwd: data.folder, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(10);
  const kept = [
    ...said.map((text) => Buffer.from(text ?? "")),
    ...files.map((entry) => readFileSync(join(entry.parentPath, entry.name))),
  ];
  const looks = [canary, Buffer.from(canary).toString("base64").slice(0, 40), [...Buffer.from(canary)].join(", ")];
  for (const bytes of kept) for (const look of looks) expect(bytes.includes(look)).toBe(false);
});
