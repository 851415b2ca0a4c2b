import "reflect-metadata";
import { KeyObject, randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A root with one server and one client under it, good for a day, as PEM: of the kind that SOLO makes for itself. */
export async function makeCertificates() {
  cryptoProvider.set(webcrypto);
  const authority = await newKeys();
  const root = await X509CertificateGenerator.createSelfSigned({
    ...life(),
    name: "CN=baseline",
    keys: authority,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  const leaf = async (usage, names) => {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      ...life(),
      subject: "CN=leaf",
      issuer: root.subject,
      publicKey: keys.publicKey,
      signingKey: authority.privateKey,
      signingAlgorithm: algorithm,
      extensions: [new ExtendedKeyUsageExtension([usage]), new SubjectAlternativeNameExtension(names)],
    });
    return {
      certificate: certificate.toString("pem"),
      key: KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }),
    };
  };
  return {
    root: root.toString("pem"),
    server: await leaf(ExtendedKeyUsage.serverAuth, [{ type: "dns", value: "localhost" }]),
    client: await leaf(ExtendedKeyUsage.clientAuth, [{ type: "dns", value: "client" }]),
  };
}

function newKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function life() {
  const nowMs = Date.now();
  const serialNumber = `01${randomBytes(8).toString("hex")}`;
  return { serialNumber, notBefore: new Date(nowMs - 60_000), notAfter: new Date(nowMs + 86_400_000) };
}
