// Secrets over the wire, against a real server: kept through crashes, told to nobody, and only while the vault is unsealed.
import { createHash, createPublicKey, randomBytes, X509Certificate } from "node:crypto";
import { globSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity, refusal } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

async function open(flags: readonly string[] = [], folder = data.folder): Promise<void> {
  server = await startServer(folder, ["--pool-size", "1", "--log-level", "debug", ...flags]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
}

async function close(): Promise<void> {
  solo.close();
  await server.stop();
}

beforeAll(() => open());
afterAll(async () => {
  await close();
  data.remove();
});

const put = async ({ vault }: Connection, name: string, value: Uint8Array | string): Promise<number> => {
  const request = { requestId: freshId(), validateOnly: false, tenant: "", name, value: Buffer.from(value) };
  return (await ask(vault, vault.storeSecret, request)).version?.version ?? 0;
};

const fetchSecret = ({ vault }: Connection, name: string, { version = 0, leaseMs = 0 } = {}) =>
  ask(vault, vault.fetchSecret, { tenant: "", name, version, leaseMs });

const get = async (by: Connection, name: string, version = 0): Promise<string> =>
  (await fetchSecret(by, name, { version })).value.toString();

const rotate = ({ vault }: Connection, name: string, value = "") =>
  ask(vault, vault.rotateSecret, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    name,
    value: Buffer.from(value),
  });

const seal = () => ask(solo.vault, solo.vault.seal, { requestId: freshId(), validateOnly: false });
const unseal = (passphrase = "") =>
  ask(solo.vault, solo.vault.unseal, {
    requestId: freshId(),
    validateOnly: false,
    passphrase: Buffer.from(passphrase),
  });

/** How a secret may look that has got where it must not be. */
function looksOf(secret: Buffer): readonly Buffer[] {
  // Base64 of it within something longer begins at one of three places.
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), secret])
      .toString("base64")
      .slice(4, -4)
      .replace(/=/g, ""),
  );
  const texts = [secret.toString("hex"), secret.toString("base64url").slice(4, -4), ...shifted];
  const hashes = [createHash("sha256").update(secret).digest()];
  return [secret, ...texts.map((text) => Buffer.from(text)), ...hashes];
}

test("nothing that the server writes or says holds a secret: no file, event, log or error", async () => {
  const canary = Buffer.from(`canary-${randomBytes(24).toString("hex")}`);
  const passphrase = Buffer.from(`phrase-${randomBytes(24).toString("hex")}`);
  const said: string[] = [];
  const tell = async (wish: Promise<unknown>): Promise<void> => {
    const error = await refusal(wish);
    said.push(error.message, JSON.stringify(error), JSON.stringify((error.cause as { metadata?: unknown }).metadata));
  };
  await put(solo, "canary", canary);
  await put(solo, "canary", Buffer.concat([canary, Buffer.from("-2")]));
  await rotate(solo, "canary", canary.toString());
  // Everything that can go wrong with it in the hand.
  const wrong = { requestId: freshId(), validateOnly: false, tenant: "", name: "canary", value: canary };
  await tell(ask(solo.vault, solo.vault.storeSecret, { ...wrong, requestId: "not a request id" }));
  await tell(ask(solo.vault, solo.vault.storeSecret, { ...wrong, name: "../canary" }));
  await tell(ask(solo.vault, solo.vault.storeSecret, { ...wrong, tenant: "not a tenant" }));
  const large = Buffer.concat([canary, Buffer.alloc(65_536)]);
  await tell(ask(solo.vault, solo.vault.storeSecret, { ...wrong, value: large }));
  await tell(ask(solo.vault, solo.vault.rotateSecret, { ...wrong, name: "no-such" }));
  await tell(ask(solo.vault, solo.vault.unseal, { requestId: "/", validateOnly: false, passphrase }));
  const again = { ...wrong, requestId: freshId() };
  await ask(solo.vault, solo.vault.storeSecret, again);
  await tell(ask(solo.vault, solo.vault.storeSecret, { ...again, value: Buffer.concat([canary, canary]) }));
  expect(await get(solo, "canary", 1)).toBe(canary.toString());
  await ask(solo.vault, solo.vault.changeKey, { requestId: freshId(), validateOnly: false, tenant: "" });
  await seal();
  await tell(ask(solo.vault, solo.vault.storeSecret, { ...wrong, requestId: freshId() }));
  await unseal(passphrase.toString());
  expect(await get(solo, "canary")).toBe(canary.toString());
  const checkpoint = await ask(solo.events, solo.events.getCheckpoint, { tenant: "" });
  const histories = [...(await solo.history()), ...(await solo.history("", "kernel"))];
  expect(histories.filter(({ type }) => type === "secret.fetched")).toHaveLength(2);
  said.push(
    JSON.stringify(checkpoint),
    JSON.stringify(histories, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
  );
  for (const { dataJson } of histories) said.push(dataJson);
  await close();

  const files = globSync("**", { cwd: data.folder, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(10);
  const places = [
    ...files.map((entry) => ({ where: entry.name, bytes: readFileSync(join(entry.parentPath, entry.name)) })),
    { where: "the log", bytes: Buffer.from(server.log()) },
    ...said.map((text) => ({ where: "what was said", bytes: Buffer.from(text) })),
  ];
  // What is looked for in the right places would be found there.
  const found = places.filter(({ bytes }) => bytes.includes("secret.rotated")).map(({ where }) => where);
  expect(found).toEqual(expect.arrayContaining(["solo.db", "what was said"]));
  for (const secret of [canary, passphrase]) {
    for (const look of looksOf(secret)) {
      expect(places.filter(({ bytes }) => bytes.includes(look)).map(({ where }) => where)).toEqual([]);
    }
  }
  await open();
}, 60_000);

test("what was acknowledged before the server was killed is there, and what was not is a whole version or none", async () => {
  const names = ["one", "two", "three"];
  const acknowledged = new Map<string, number>();
  let isKilled = false;
  const writers = names.map(async (name) => {
    for (let value = 1; !isKilled; value += 1) {
      const version = await put(solo, name, `${name} ${value}`).catch(() => undefined);
      if (version === undefined) return;
      expect(version).toBe(value);
      acknowledged.set(name, version);
    }
  });
  await until("each has a few versions", () =>
    names.every((name) => (acknowledged.get(name) ?? 0) >= 3) ? true : undefined,
  );
  await server.kill();
  isKilled = true;
  await Promise.all(writers);
  solo.close();
  await open();
  const { secrets } = await ask(solo.vault, solo.vault.listSecrets, { tenant: "", pageSize: 0, pageToken: "" });
  for (const name of names) {
    const versions = secrets.find((each) => each.name === name)?.versions.map(({ version }) => version) ?? [];
    const newest = versions.at(-1) ?? 0;
    const known = acknowledged.get(name) ?? 0;
    expect([known, known + 1]).toContain(newest);
    for (const version of versions) expect(await get(solo, name, version)).toBe(`${name} ${version}`);
  }
}, 60_000);

test("whoever can write to the database gets no old version, and no other secret, into the place of a secret", async () => {
  await put(solo, "tampered", "old");
  await put(solo, "tampered", "new");
  await put(solo, "swapped", "mine");
  await put(solo, "untouched", "fine");
  for (const name of ["set-back", "cut-out"]) {
    const tenant = connect(server.ready.grpc, await issueIdentity(solo, name));
    await put(tenant, "rotated", "leaked");
    await put(tenant, "rotated", "good");
    await put(tenant, "later", "more");
    await ask(tenant.events, tenant.events.getCheckpoint, { tenant: "" });
    tenant.close();
  }
  await close();
  const database = new DatabaseSync(join(data.folder, "solo.db"));
  const replace = database.prepare(
    "UPDATE record SET value = (SELECT value FROM record WHERE collection = 'secret' AND key = ?) WHERE collection = 'secret' AND key = ?",
  );
  expect(replace.run("tampered/1", "tampered/2").changes).toBe(1);
  expect(replace.run("untouched/1", "swapped/1").changes).toBe(1);
  // One history is set back to before the newest version, which the signed log alone can tell; from the other that is cut out.
  database.exec(`
    DELETE FROM event WHERE tenant = 'cut-out' AND json LIKE '%"version":2%';
    DELETE FROM event WHERE tenant = 'set-back' AND sequence >=
      (SELECT sequence FROM event WHERE tenant = 'set-back' AND json LIKE '%"version":2%');
    UPDATE head SET sequence = (SELECT max(sequence) FROM event WHERE tenant = 'set-back') WHERE tenant = 'set-back';
    DELETE FROM record WHERE tenant IN ('set-back', 'cut-out') AND collection = 'vault-key' AND key = 'history';
  `);
  database.close();
  await open();

  const damaged = { status: grpcStatus.DATA_LOSS, reason: "VAULT_DAMAGED" };
  expect(await refusal(get(solo, "tampered"))).toMatchObject(damaged);
  expect(await refusal(get(solo, "swapped"))).toMatchObject(damaged);
  expect([await get(solo, "tampered", 1), await get(solo, "untouched")]).toEqual(["old", "fine"]);
  for (const tenant of ["set-back", "cut-out"]) {
    const request = { tenant, name: "rotated", version: 0, leaseMs: 0 };
    expect(await refusal(ask(solo.vault, solo.vault.fetchSecret, request))).toMatchObject(damaged);
  }
  // What was written over is put right by a new version.
  await put(solo, "tampered", "newer");
  expect(await get(solo, "tampered")).toBe("newer");
});

test("a sealed server refuses secrets and serves everything else", async () => {
  await put(solo, "sealed", "away");
  await seal();
  const refused = { status: grpcStatus.UNAVAILABLE, reason: "VAULT_SEALED", hint: { command: "solo vault unseal" } };
  expect(await refusal(get(solo, "sealed"))).toMatchObject(refused);
  expect(await refusal(put(solo, "sealed", "more"))).toMatchObject(refused);
  expect(await refusal(rotate(solo, "sealed"))).toMatchObject(refused);
  expect(await ask(solo.vault, solo.vault.vaultStatus, { tenant: "" })).toMatchObject({ sealed: true, secrets: 0 });
  const source = `import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { read: ({ state }) => reply(state, state) } });`;
  await solo.deploy("meanwhile", source);
  expect(await solo.call("meanwhile", "read")).toBe(0);
  await unseal();
  expect(await get(solo, "sealed")).toBe("away");
});

test("a rotated secret that the server made up is another one each time, and the one before it stays for a while", async () => {
  await put(solo, "rotated", "given");
  await rotate(solo, "rotated");
  const first = await get(solo, "rotated");
  await rotate(solo, "rotated");
  const second = await get(solo, "rotated");
  for (const made of [first, second]) expect(made).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(second).not.toBe(first);
  expect([await get(solo, "rotated", 1), await get(solo, "rotated", 2)]).toEqual(["given", first]);
  expect((await refusal(rotate(solo, "no-such"))).reason).toBe("SECRET_NOT_FOUND");
});

test("bytes come back as they were, whatever they are", async () => {
  for (const value of [Buffer.from([0]), Buffer.from([0xff, 0xfe, 0, 0x0a]), randomBytes(65_536)]) {
    await put(solo, "bytes", value);
    expect((await fetchSecret(solo, "bytes")).value.equals(value)).toBe(true);
  }
});

test.each([
  ["an empty value", { value: Buffer.alloc(0) }, "value"],
  ["a value of 64 KiB and a byte", { value: Buffer.alloc(65_537, 1) }, "value"],
  ["no name", { name: "" }, "name"],
  ["a name that climbs", { name: "../root" }, "name"],
  ["a name in capitals", { name: "KEY" }, "name"],
  ["a name with a look-alike", { name: "kеy" }, "name"],
  ["a name with a zero byte", { name: "a\0b" }, "name"],
  ["a name of 64 characters", { name: "a".repeat(64) }, "name"],
])("%s is refused", async (_, wrong, field) => {
  const request = { requestId: freshId(), validateOnly: false, tenant: "", name: "a", value: Buffer.from("x") };
  const refused = await refusal(ask(solo.vault, solo.vault.storeSecret, { ...request, ...wrong }));
  expect(refused).toMatchObject({ status: grpcStatus.INVALID_ARGUMENT, reason: "SECRET_INVALID", field });
});

test("over HTTP there is no way to a secret, since JSON cannot be wiped; names and state are there", async () => {
  const http = httpClient(server.ready.http, readProfile(server.ready.profile));
  const post = (method: string, body: object) =>
    http.ask(`/v1/VaultService/${method}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  for (const method of ["StoreSecret", "FetchSecret", "RotateSecret", "Unseal"]) {
    expect((await post(method, { name: "sealed" })).status).toBe(404);
  }
  expect((await post("ListSecrets", {})).json.secrets).toContainEqual(expect.objectContaining({ name: "sealed" }));
  expect((await post("VaultStatus", {})).json).toMatchObject({ unsealedBy: "key-file" });
});

describe("an agent", () => {
  let identity: Credentials;
  beforeAll(async () => {
    identity = await issueIdentity(solo, "agents");
  });

  const thumbprint = (): string => {
    const { publicKey } = new X509Certificate(identity.certificate);
    const pem = publicKey.export({ format: "pem", type: "spki" });
    const { crv, kty, x, y } = createPublicKey(pem).export({ format: "jwk" });
    return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  };

  async function granted(grants: readonly string[], lifetimeSeconds = 600) {
    const { bundle, capability } = await ask(solo.capabilities, solo.capabilities.grantCapability, {
      requestId: freshId(),
      validateOnly: false,
      tenant: "agents",
      holder: `jkt:${thumbprint()}`,
      grants: [...grants],
      lifetimeSeconds,
      label: "",
      standing: false,
      depth: undefined,
    });
    return { cid: capability?.cid ?? "", by: connect(server.ready.grpc, identity, bundle) };
  }

  test("may do with a secret what it was granted, and not the next thing", async () => {
    const own = connect(server.ready.grpc, identity);
    await put(own, "mine", "a secret");
    const { by: lister } = await granted(["vault/list on vault"]);
    const { by: writer } = await granted(["vault/write on vault/mine"]);
    const denied = { status: grpcStatus.PERMISSION_DENIED, reason: "CAPABILITY_DENIED" };
    expect(
      (await ask(lister.vault, lister.vault.listSecrets, { tenant: "", pageSize: 0, pageToken: "" })).secrets,
    ).toHaveLength(1);
    expect(await refusal(get(lister, "mine"))).toMatchObject(denied);
    expect(await put(writer, "mine", "another")).toBe(2);
    expect(await refusal(get(writer, "mine"))).toMatchObject(denied);
    expect(await refusal(put(writer, "other", "x"))).toMatchObject(denied);
    // The same, whether there is such a secret or not.
    await put(own, "theirs", "a secret");
    expect((await refusal(get(writer, "theirs"))).message).toBe(
      (await refusal(get(writer, "nothing"))).message.replaceAll("nothing", "theirs"),
    );
    for (const each of [own, lister, writer]) each.close();
  });

  test("gets a lease no longer than its capability, and its revocation is told as a reason to rotate", async () => {
    const own = connect(server.ready.grpc, identity);
    await put(own, "leased", "a secret");
    const { by, cid } = await granted(["vault/read on vault/leased"]);
    const usual = await fetchSecret(own, "leased");
    const shorter = await fetchSecret(by, "leased");
    const asked = await fetchSecret(by, "leased", { leaseMs: 5_000 });
    const leftMs = ({ leaseExpiresAt }: typeof usual) => (leaseExpiresAt?.getTime() ?? 0) - Date.now();
    expect(leftMs(usual)).toBeGreaterThan(3_000_000);
    expect(leftMs(shorter)).toBeLessThanOrEqual(600_000);
    expect(leftMs(asked)).toBeLessThanOrEqual(5_000);
    await ask(solo.capabilities, solo.capabilities.revokeCapability, {
      requestId: freshId(),
      validateOnly: false,
      tenant: "agents",
      subject: { $case: "cid", value: cid },
      reason: "test",
    });
    expect(await refusal(get(by, "leased"))).toMatchObject({ reason: "CAPABILITY_DENIED" });
    const told = await until("the lease's end is told", async () =>
      (await solo.history("", "agents")).find(
        ({ type, dataJson }) => type === "secret.lease-revoked" && dataJson.includes(shorter.leaseId),
      ),
    );
    expect(JSON.parse(told.dataJson)).toMatchObject({ name: "leased", version: 1, leaseId: shorter.leaseId });
    for (const each of [own, by]) each.close();
  });
});

test("a server with a passphrase is sealed at each start until it is given, and makes no key file", async () => {
  await close();
  const folder = join(data.folder, "with-passphrase");
  mkdirSync(folder);
  const flags = ["--vault-unseal", "passphrase"];
  await open(flags, folder);
  expect(await ask(solo.vault, solo.vault.vaultStatus, { tenant: "" })).toMatchObject({
    sealed: true,
    unsealedBy: "passphrase",
    fresh: true,
  });
  await unseal("correct horse battery");
  await put(solo, "a", "one");
  await close();
  await open(flags, folder);
  expect((await refusal(get(solo, "a"))).reason).toBe("VAULT_SEALED");
  expect(await refusal(unseal("correct horse batterY"))).toMatchObject({
    status: grpcStatus.PERMISSION_DENIED,
    reason: "UNSEAL_REFUSED",
  });
  await unseal("correct horse battery");
  expect(await get(solo, "a")).toBe("one");
  expect(statSync(join(folder, "vault"), { throwIfNoEntry: false })).toBeUndefined();
}, 60_000);
