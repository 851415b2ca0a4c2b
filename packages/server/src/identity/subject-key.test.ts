import { generateKeyPairSync, webcrypto } from "node:crypto";
import { expect, test } from "@jest/globals";
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { KeyRefused, parseSubjectKey } from "./subject-key.ts";

async function request(algorithm: { readonly name: string; readonly namedCurve?: string; readonly hash?: string }) {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const made = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm }, webcrypto);
  return { made, spki: Buffer.from(await webcrypto.subtle.exportKey("spki", keys.publicKey)) };
}

const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const pem = (der: Uint8Array) =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;

test.each([p256, { name: "Ed25519" }])("the key of a certificate request is read: $name", async (algorithm) => {
  const { made, spki } = await request(algorithm);
  const key = await parseSubjectKey(made.toString("pem"));
  expect(key.export({ type: "spki", format: "der" })).toEqual(spki);
});

test("a certificate request of which one byte was changed is refused, whichever", async () => {
  const { made, spki } = await request(p256);
  const der = Buffer.from(made.rawData);
  for (let at = 0; at < der.length; at += 1) {
    const changed = Buffer.from(der);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const outcome = await parseSubjectKey(pem(changed)).catch((error: unknown) => error);
    // What is not signed, such as the names of algorithms, may be spelt in another way; the key may not.
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(KeyRefused);
    else
      expect(
        (outcome as typeof outcome & { export(o: object): Buffer }).export({ type: "spki", format: "der" }),
      ).toEqual(spki);
  }
});

test("a P-384 key is refused, and so is a private one", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  for (const text of [
    publicKey.export({ type: "spki", format: "pem" }),
    privateKey.export({ type: "pkcs8", format: "pem" }),
  ]) {
    await expect(parseSubjectKey(text.toString())).rejects.toBeInstanceOf(KeyRefused);
  }
});
