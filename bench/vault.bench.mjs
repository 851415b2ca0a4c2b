// A secret sealed and opened, with its own key and all that it is bound to, beside the cipher alone on the same bytes.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const valueBytes = 256;
const times = 5_000;

export async function* vault({ root, repeat }) {
  const { openSecret, sealSecret, rewrapSecret } = await import(
    pathToFileURL(join(root, "packages/server/dist/vault/sealed-secret.js")).href
  );
  const value = randomBytes(valueBytes);
  const key = { id: "first", key: randomBytes(32) };
  const next = { id: "second", key: randomBytes(32) };
  const place = { tenant: "acme", name: "payments-key", version: 3, createdAtMs: 1_790_000_000_000 };
  const sealed = sealSecret(key, place, value);
  const bare = bareSeal(key.key, value);
  const rows = [
    { name: "vault: seal 256 bytes", ours: () => sealSecret(key, place, value), peer: () => bareSeal(key.key, value) },
    { name: "vault: open 256 bytes", ours: () => openSecret(key, place, sealed), peer: () => bareOpen(key.key, bare) },
    {
      name: "vault: wrap by another key",
      ours: () => rewrapSecret({ from: key, to: next }, place, sealed),
      peer: () => bareSeal(key.key, value),
    },
  ];
  for (const { name, ours, peer } of rows) {
    const samples = { ours: [], peer: [] };
    for (let round = -1; round < repeat; round++) {
      const measured = { ours: timed(ours), peer: timed(peer) };
      if (round < 0) continue;
      samples.ours.push(measured.ours);
      samples.peer.push(measured.peer);
    }
    yield { name, unit: "µs", ours: samples.ours, peer: { name: "one AES-256-GCM of it", samples: samples.peer } };
  }
}

function bareSeal(key, value) {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: 16 });
  const ciphertext = cipher.update(value);
  cipher.final();
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

function bareOpen(key, { iv, ciphertext, tag }) {
  const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: 16 });
  decipher.setAuthTag(tag);
  const value = decipher.update(ciphertext);
  decipher.final();
  return value;
}

/** Microseconds for one. */
function timed(act) {
  const beganMs = performance.now();
  for (let time = 0; time < times; time++) act();
  return ((performance.now() - beganMs) * 1_000) / times;
}
