import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import { type FaultyDisk, faultyDisk } from "../../test/faulty-disk.ts";
import { kernelTenant } from "../authority/names.ts";
import { silentLogger } from "../observability/logger.ts";
import type { Clock } from "../ports/clock.ts";
import type { Collection } from "../ports/state-store.ts";
import type { Storage } from "../ports/storage.ts";
import type { RootKeySource } from "./root-key.ts";
import { vaultLimits } from "./tenant-vault.ts";
import { Vault } from "./vault.ts";

const origin = { correlationId: "c", actor: "a" } as const;
let folder: string;
let keyFile: RootKeySource & { readonly kind: "key-file" };
let nowMs: number;
let clock: Clock;
let disk: FaultyDisk;
let storage: Storage;
let vault: Vault;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "solo-vault-"));
  keyFile = { kind: "key-file", path: join(folder, "vault", "root.key") };
  nowMs = 1_000_000;
  clock = { ...manualClock(), wallMs: () => nowMs };
  disk = await faultyDisk(clock);
  storage = await disk.open();
  vault = await openVault();
});
afterEach(async () => {
  await vault.close();
  rmSync(folder, { recursive: true, force: true });
});

const openVault = (rootKey: RootKeySource = keyFile): Promise<Vault> =>
  Vault.open({ state: storage.state, events: storage.events, clock, logger: silentLogger, rootKey });

async function reopen(rootKey?: RootKeySource): Promise<void> {
  await vault.close();
  vault = await openVault(rootKey);
}

async function put(name: string, value: string, tenant = "acme"): Promise<number> {
  const stored = await (await vault.of(tenant)).store({ name, value: Buffer.from(value), mustExist: false }, origin);
  return stored.version;
}

async function read(name: string, version?: number, tenant = "acme"): Promise<string> {
  const secrets = await vault.of(tenant);
  return (await secrets.read(name, secrets.find(name, version))).toString();
}

const reason = (wish: Promise<unknown>): Promise<string> =>
  wish.then(
    (value) => `it gave ${JSON.stringify(value)}`,
    (error: unknown) => String((error as { readonly code?: unknown }).code ?? error),
  );

/** What somebody does who can write to the database. */
async function tamper(
  tenant: string,
  from: { readonly collection: Collection; readonly key: string },
  to: { readonly tenant?: string; readonly key?: string; readonly change?: (value: Buffer) => Buffer },
): Promise<void> {
  const record = await storage.state.get(tenant, from);
  if (record === undefined) throw new Error(`There is no record ${from.key}`);
  const value = (to.change ?? ((same: Buffer) => same))(Buffer.from(record.value));
  await storage.state.commit({
    tenant: to.tenant ?? tenant,
    events: [],
    puts: [{ collection: from.collection, key: to.key ?? from.key, value }],
  });
}

const field =
  (name: string, change: (bytes: Buffer) => Buffer) =>
  (value: Buffer): Buffer => {
    const record = JSON.parse(value.toString()) as Record<string, string>;
    record[name] = change(Buffer.from(record[name] as string, "base64")).toString("base64");
    return Buffer.from(JSON.stringify(record));
  };

test("the key file is made once, for nobody else to read", async () => {
  expect(statSync(keyFile.path)).toMatchObject({ size: 32 });
  expect(statSync(keyFile.path).mode & 0o777).toBe(0o600);
  const made = readFileSync(keyFile.path);
  await reopen();
  expect(readFileSync(keyFile.path)).toEqual(made);
});

test("a secret gets a version with each value, and is there after a start", async () => {
  expect([await put("a", "one"), await put("a", "two"), await put("b", "other")]).toEqual([1, 2, 1]);
  await reopen();
  expect([await read("a"), await read("a", 1), await read("b")]).toEqual(["two", "one", "other"]);
  const secrets = await vault.of("acme");
  expect(secrets.list({ after: "", limit: 10 })).toEqual([
    {
      name: "a",
      versions: [
        { version: 1, createdAtMs: 1_000_000 },
        { version: 2, createdAtMs: 1_000_001 },
      ],
    },
    { name: "b", versions: [{ version: 1, createdAtMs: 1_000_002 }] },
  ]);
});

test("the oldest version goes when there are more than may be kept", async () => {
  for (let version = 1; version <= vaultLimits.versions + 1; version += 1) await put("a", `value ${version}`);
  expect(await reason(read("a", 1))).toBe("SECRET_NOT_FOUND");
  expect(await storage.state.get("acme", { collection: "secret", key: "a/1" })).toBeUndefined();
  expect(await read("a", 2)).toBe("value 2");
});

test("the newest version is not removed alone, which would put the one before it into use", async () => {
  await put("a", "one");
  await put("a", "two");
  const secrets = await vault.of("acme");
  expect(await reason(secrets.remove({ name: "a", version: 2 }, origin))).toBe("SECRET_INVALID");
  await secrets.remove({ name: "a", version: 1 }, origin);
  expect([await read("a"), await reason(read("a", 1))]).toEqual(["two", "SECRET_NOT_FOUND"]);
  await secrets.remove({ name: "a" }, origin);
  expect(await reason(read("a"))).toBe("SECRET_NOT_FOUND");
});

test("a record that stands in for another one does not open: of another name, version, tenant, or with another's key", async () => {
  await put("a", "one");
  await put("a", "two");
  await put("b", "of b");
  await put("a", "of the other", "other");
  const original = await storage.state.get("acme", { collection: "secret", key: "a/2" });
  const others = [
    ["acme", "a/1"],
    ["acme", "b/1"],
    ["other", "a/1"],
  ] as const;
  for (const [tenant, key] of others) {
    await tamper(tenant, { collection: "secret", key }, { tenant: "acme", key: "a/2" });
    expect(await reason(read("a"))).toBe("VAULT_DAMAGED");
  }
  const put2 = { collection: "secret", key: "a/2", value: original?.value as Uint8Array } as const;
  await storage.state.commit({ tenant: "acme", events: [], puts: [put2] });
  expect(await read("a")).toBe("two");
});

test("a record that was there before its name was removed and taken again does not open", async () => {
  await put("a", "leaked");
  const old = await storage.state.get("acme", { collection: "secret", key: "a/1" });
  await (await vault.of("acme")).remove({ name: "a" }, origin);
  // The clock was set back: the same millisecond comes again.
  nowMs -= 60_000;
  expect(await put("a", "good")).toBe(1);
  await storage.state.commit({
    tenant: "acme",
    events: [],
    puts: [{ collection: "secret", key: "a/1", value: old?.value as Uint8Array }],
  });
  await reopen();
  expect(await reason(read("a"))).toBe("VAULT_DAMAGED");
});

test.each(["dek", "value"])(
  "not one byte of the %s of a record may be another one, nor its tag be shorter",
  async (name) => {
    await put("a", "one");
    const place = { collection: "secret", key: "a/1" } as const;
    const original = (await storage.state.get("acme", place))?.value as Uint8Array;
    const sealed = Buffer.from(
      (JSON.parse(Buffer.from(original).toString()) as Record<string, string>)[name] as string,
      "base64",
    );
    const restore = () => storage.state.commit({ tenant: "acme", events: [], puts: [{ ...place, value: original }] });
    for (let at = 0; at < sealed.length; at += 1) {
      await tamper("acme", place, {
        change: field(name, (bytes) => {
          bytes[at] = (bytes[at] as number) ^ 1;
          return bytes;
        }),
      });
      expect(await reason(read("a"))).toBe("VAULT_DAMAGED");
      await restore();
    }
    for (const tagBytes of [0, 4, 8, 12, 15]) {
      const short = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 12 + tagBytes), bytes.subarray(28)]);
      await tamper("acme", place, { change: field(name, short) });
      expect(await reason(read("a"))).toBe("VAULT_DAMAGED");
      await restore();
    }
    for (const change of [() => Buffer.alloc(0), () => Buffer.from("{}"), () => Buffer.from('{"keyId":1}')]) {
      await tamper("acme", place, { change });
      expect(await reason(read("a"))).toBe("VAULT_DAMAGED");
    }
  },
);

test("a key of one tenant does not open in another's place", async () => {
  await put("a", "one");
  await put("a", "of the other", "other");
  const keysOf = async (tenant: string) =>
    (await storage.state.list({ tenant, collection: "vault-key", limit: 10 })).filter(({ key }) =>
      key.startsWith("kek/"),
    );
  const [own] = await keysOf("acme");
  const [others] = await keysOf("other");
  await tamper(
    "other",
    { collection: "vault-key", key: others?.key as string },
    { tenant: "acme", key: own?.key as string },
  );
  await reopen();
  expect(await reason(read("a"))).toBe("VAULT_DAMAGED");
  expect(await read("a", undefined, "other")).toBe("of the other");
});

test("a history that was kept is no more than what the log tells after it", async () => {
  await put("a", "one");
  await reopen();
  const kept = await storage.state.get("acme", { collection: "vault-key", key: "history" });
  expect(kept).toBeDefined();
  await put("a", "two");
  await reopen();
  // Set back to the older one: the newer version is known all the same.
  await storage.state.commit({
    tenant: "acme",
    events: [],
    puts: [{ collection: "vault-key", key: "history", value: kept?.value as Uint8Array }],
  });
  vault = await openVault();
  expect(await read("a")).toBe("two");
});

test("a new key wraps everything, and the one before it is forgotten", async () => {
  await put("a", "one");
  await put("b", "two");
  const secrets = await vault.of("acme");
  const before = await storage.state.get("acme", { collection: "secret", key: "a/1" });
  await secrets.changeKey(origin);
  const after = await storage.state.get("acme", { collection: "secret", key: "a/1" });
  expect(after?.value).not.toEqual(before?.value);
  expect(secrets.keyCount).toBe(1);
  await reopen();
  expect([await read("a"), await read("b")]).toEqual(["one", "two"]);
  expect((await storage.events.read({ tenant: "acme", after: 0, limit: 10 })).map(({ body }) => body.type)).toEqual([
    "vault.key-made",
    "secret.stored",
    "secret.stored",
    "vault.key-made",
    "vault.rewrapped",
    "vault.key-removed",
  ]);
});

test("changes of keys that come at once lose nothing", async () => {
  for (const name of ["a", "b", "c"]) await put(name, `of ${name}`);
  const secrets = await vault.of("acme");
  await Promise.all([
    secrets.changeKey(origin),
    put("d", "of d"),
    secrets.changeKey(origin),
    read("a"),
    secrets.changeKey(origin),
  ]);
  await reopen();
  for (const name of ["a", "b", "c", "d"]) expect(await read(name)).toBe(`of ${name}`);
  expect((await vault.of("acme")).keyCount).toBe(1);
});

test("a change of keys that a full disk ends in the middle is finished by the next one", async () => {
  await put("a", "one");
  const secrets = await vault.of("acme");
  disk.onCommit = (types) => {
    if (types.includes("vault.rewrapped")) disk.full = "everything";
  };
  expect(await reason(secrets.changeKey(origin))).toBe("STORAGE_FULL");
  disk.full = "nothing";
  disk.onCommit = () => undefined;
  expect([await read("a"), secrets.keyCount]).toEqual(["one", 2]);
  await reopen();
  expect([await read("a"), await put("b", "two")]).toEqual(["one", 1]);
  await (await vault.of("acme")).changeKey(origin);
  expect([(await vault.of("acme")).keyCount, await read("a"), await read("b")]).toEqual([1, "one", "two"]);
});

test("on a full disk nothing is stored, and everything can be read", async () => {
  await put("a", "one");
  disk.full = "everything";
  expect(await reason(put("a", "two"))).toBe("STORAGE_FULL");
  expect(await reason(put("b", "two"))).toBe("STORAGE_FULL");
  expect(await read("a")).toBe("one");
  expect(await reason((await vault.of("acme")).remove({ name: "a" }, origin))).toBe("STORAGE_FULL");
  disk.full = "nothing";
  expect([await read("a"), await put("a", "two"), await reason(read("b"))]).toEqual(["one", 2, "SECRET_NOT_FOUND"]);
});

test("a sealed vault knows nothing until it is unsealed", async () => {
  await put("a", "one");
  const secrets = await vault.of("acme");
  await vault.seal(origin);
  expect(vault.state.isSealed).toBe(true);
  expect(() => vault.of("acme")).toThrow(expect.objectContaining({ code: "VAULT_SEALED" }));
  expect(() => vault.fingerprint(Buffer.from("x"))).toThrow(expect.objectContaining({ code: "VAULT_SEALED" }));
  // Who still holds it from before gets no further.
  expect(await reason(secrets.read("a", { version: 1, createdAtMs: 1_000_000 }))).toBe("VAULT_SEALED");
  expect(await reason(secrets.store({ name: "a", value: Buffer.from("x"), mustExist: false }, origin))).toBe(
    "VAULT_SEALED",
  );
  await vault.unseal(undefined, origin);
  expect(await read("a")).toBe("one");
});

test("sealing in the middle of everything wraps nothing by a key of zeros", async () => {
  await put("a", "one");
  await reopen();
  const going = [put("b", "two"), vault.seal(origin), put("c", "three"), put("a", "four")].map((each) => reason(each));
  for (const outcome of await Promise.all(going)) expect(outcome).toMatch(/^(it gave|VAULT_SEALED)/);
  await vault.unseal(undefined, origin);
  expect(await read("a", 1)).toBe("one");
  for (const { name } of (await vault.of("acme")).list({ after: "", limit: 10 })) await read(name);
});

test("on a full disk the vault is sealed all the same", async () => {
  disk.full = "everything";
  expect(await reason(vault.seal(origin))).toBe("STORAGE_FULL");
  expect(vault.state.isSealed).toBe(true);
});

test.each([
  ["is missing", () => rmSync(keyFile.path)],
  ["holds another key", () => writeFileSync(keyFile.path, Buffer.alloc(32, 7))],
  ["is cut short", () => writeFileSync(keyFile.path, readFileSync(keyFile.path).subarray(0, 16))],
  ["can be read by others", () => chmodSync(keyFile.path, 0o644)],
])("a key file that %s leaves the vault sealed, and is never made anew", async (_, harm) => {
  await put("a", "one");
  const key = readFileSync(keyFile.path);
  harm();
  await reopen();
  expect(vault.state).toEqual({ isSealed: true, unsealedBy: "key-file", isNew: false });
  expect(await reason(vault.unseal(undefined, origin))).toBe("UNSEAL_REFUSED");
  rmSync(keyFile.path, { force: true });
  writeFileSync(keyFile.path, key, { mode: 0o600 });
  await vault.unseal(undefined, origin);
  expect(await read("a")).toBe("one");
});

test("a passphrase unseals what it was made with, each time anew, and no other does", async () => {
  rmSync(keyFile.path);
  disk = await faultyDisk(clock);
  storage = await disk.open();
  const passphrase = (text: string) => vault.unseal(Buffer.from(text), origin);
  await reopen({ kind: "passphrase" });
  expect(vault.state).toEqual({ isSealed: true, unsealedBy: "passphrase", isNew: true });
  expect(await reason(vault.unseal(undefined, origin))).toBe("UNSEAL_REFUSED");
  expect(await reason(passphrase("too short"))).toBe("UNSEAL_REFUSED");
  await passphrase("correct horse battery");
  await put("a", "one");
  await reopen({ kind: "passphrase" });
  expect(vault.state).toEqual({ isSealed: true, unsealedBy: "passphrase", isNew: false });
  expect(await reason(passphrase("correct horse batterY"))).toBe("UNSEAL_REFUSED");
  await passphrase("correct horse battery");
  expect(await read("a")).toBe("one");
  // Another kind of root key than it was made with is refused before anything is made.
  await reopen(keyFile);
  expect(await reason(vault.unseal(undefined, origin))).toBe("UNSEAL_REFUSED");
  const told = (await storage.events.read({ tenant: kernelTenant, after: 0, limit: 10 })).map(({ body }) => body);
  expect(told).toEqual([
    { type: "vault.unsealed", by: "passphrase", isNew: true },
    { type: "vault.unsealed", by: "passphrase", isNew: false },
  ]);
});

test("a tenant keeps no more secrets than it may, and another is not in its way", async () => {
  const secrets = await vault.of("acme");
  const names = Array.from({ length: vaultLimits.secrets }, (_, index) => `s${index}`);
  await Promise.all(names.map((name) => put(name, "x")));
  expect(await reason(put("one-more", "x"))).toBe("QUOTA_EXCEEDED");
  expect(await put("s0", "y")).toBe(2);
  expect(await put("a", "x", "other")).toBe(1);
  await secrets.remove({ name: "s1" }, origin);
  expect(await put("one-more", "x")).toBe(1);
  await reopen();
  expect((await vault.of("acme")).count).toBe(vaultLimits.secrets);
});

test("a lease ends with its authority; one that was taken back is told, since the secret is to be rotated", async () => {
  const revoked = new AbortController();
  const closed = new AbortController();
  const wish = { tenant: "acme", name: "a", version: 1, authorityUntilMs: nowMs + 5_000, lifeMs: undefined };
  const lease = vault.leases.make(wish);
  expect(lease.expiresAtMs).toBe(nowMs + 5_000);
  expect(vault.leases.make({ ...wish, lifeMs: 1_000 }).expiresAtMs).toBe(nowMs + 1_000);
  vault.leases.hold(lease, revoked.signal);
  vault.leases.hold(vault.leases.make(wish), closed.signal);
  expect(vault.leases.of("acme")).toHaveLength(2);
  expect(vault.leases.of("other")).toEqual([]);
  closed.abort(new Error("gone"));
  revoked.abort({ denial: { code: "CAP_REVOKED" } });
  expect(vault.leases.of("acme")).toEqual([]);
  await vault.close();
  expect((await storage.events.read({ tenant: "acme", after: 0, limit: 10 })).map(({ body }) => body)).toEqual([
    { type: "secret.lease-revoked", leaseId: lease.id, name: "a", version: 1 },
  ]);
  vault.leases.hold(vault.leases.make(wish), undefined);
  nowMs += 5_000;
  expect(vault.leases.of("acme")).toEqual([]);
});
