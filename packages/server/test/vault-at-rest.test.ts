// What lies on the disk of a vault opens with its own key, and with nothing that can be guessed.
import { createHash, scryptSync } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "@jest/globals";
import { bindingOf } from "../src/vault/binding.ts";
import { open as openSealed } from "../src/vault/envelope.ts";
import { decodeRoot, decodeSecret, type RootCheck } from "../src/vault/records.ts";
import type { SealedSecret } from "../src/vault/sealed-secret.ts";
import { ask, connect, freshId, refusal } from "./client.ts";
import { makeDataFolder, readProfile, startServer } from "./server-process.ts";

const folders: ReturnType<typeof makeDataFolder>[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

const passphrase = "correct horse battery";

/** A vault that has kept one secret and removed another, as its stopped server leaves it. */
async function vaultAtRest(): Promise<{ readonly root: RootCheck; readonly secret: SealedSecret }> {
  const data = makeDataFolder();
  folders.push(data);
  const server = await startServer(data.folder, ["--pool-size", "0", "--vault-unseal", "passphrase"]);
  const solo = connect(server.ready.grpc, readProfile(server.ready.profile));
  const { vault } = solo;
  const change = () => ({ requestId: freshId(), validateOnly: false });
  await ask(vault, vault.unseal, { ...change(), passphrase: Buffer.from(passphrase) });
  for (const name of ["same", "removed"]) {
    await ask(vault, vault.storeSecret, { ...change(), tenant: "", name, value: Buffer.from("the same value") });
  }
  await ask(vault, vault.removeSecret, { ...change(), tenant: "", name: "removed", version: 0 });
  const gone = refusal(ask(vault, vault.fetchSecret, { tenant: "", name: "removed", version: 0, leaseMs: 0 }));
  expect(await gone).toMatchObject({ reason: "SECRET_NOT_FOUND" });
  expect((await solo.history()).map(({ type }) => type)).toContain("secret.removed");
  solo.close();
  await server.stop();
  const database = new DatabaseSync(join(data.folder, "solo.db"), { readOnly: true });
  const rows = database.prepare("SELECT key, value FROM record WHERE collection IN ('secret', 'vault-key')").all();
  database.close();
  expect(rows.map(({ key }) => key)).not.toContain("removed/1");
  const recordOf = (key: string) => rows.find((row) => row.key === key)?.value as Uint8Array;
  return { root: decodeRoot(recordOf("root")) as RootCheck, secret: decodeSecret(recordOf("same/1")) as SealedSecret };
}

test("nothing that can be guessed of a tenant, and no quick hash of a passphrase, opens a vault; what is removed is gone (lesson 22)", async () => {
  const [one, two] = [await vaultAtRest(), await vaultAtRest()];
  expect([one.root.salt.length, one.root.salt.equals(two.root.salt)]).toEqual([16, false]);
  expect([one.secret.value.equals(two.secret.value), one.secret.dek.equals(two.secret.dek)]).toEqual([false, false]);
  const opens = (key: Buffer) => openSealed(key, one.root.check, bindingOf("root", one.root.id)) !== undefined;
  const sha256 = (...parts: readonly (string | Uint8Array)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
  // As it is, so that the guesses below are known to be wrong and not merely misspelled.
  expect(opens(scryptSync(passphrase, one.root.salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 }))).toBe(true);
  const guesses = [
    sha256(passphrase),
    sha256(one.root.salt, passphrase),
    sha256(passphrase, one.root.salt),
    scryptSync(passphrase, one.root.salt, 32),
    scryptSync(passphrase, "", 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 }),
    ...["default", "kernel", "same"].flatMap((text) => [
      sha256(text),
      Buffer.alloc(32, text),
      Buffer.alloc(32).fill(text, 0, text.length),
    ]),
    Buffer.alloc(32),
  ];
  expect(guesses.filter(opens)).toEqual([]);
}, 90_000);
