import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A key and its certificate, PEM, made for one test run. */
export interface TestIdentity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface TestAuthority {
  readonly rootPem: string;
  /** Good for localhost, 127.0.0.1 and ::1. */
  issueServer(): TestIdentity;
  issueClient(spiffeId: string): TestIdentity;
}

/** Makes a root of its own. X.509 is written out here in DER, so that these tests need no further package. */
export function createTestAuthority(name = "test root"): TestAuthority {
  const root = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const basicConstraints = extension("2.5.29.19", sequence(der(0x01, Buffer.from([0xff]))), { critical: true });
  const rootDer = certificate({
    subject: name,
    issuer: name,
    key: root.publicKey,
    signer: root.privateKey,
    extensions: [basicConstraints],
  });
  const issue = (subject: string, alternativeNames: readonly Buffer[]): TestIdentity => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const extensions = [extension("2.5.29.17", sequence(...alternativeNames))];
    const leaf = certificate({ subject, issuer: name, key: publicKey, signer: root.privateKey, extensions });
    return { certificatePem: pem(leaf), privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
  };
  return {
    rootPem: pem(rootDer),
    issueServer: () =>
      issue("server", [
        der(0x82, Buffer.from("localhost")),
        der(0x87, Buffer.from([127, 0, 0, 1])),
        der(0x87, Buffer.from([...Array(15).fill(0), 1])),
      ]),
    issueClient: (spiffeId) => issue("client", [der(0x86, Buffer.from(spiffeId))]),
  };
}

function certificate(parts: {
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}): Buffer {
  const algorithm = sequence(objectId("1.2.840.10045.4.3.2"));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    nameOf(parts.issuer),
    sequence(utcTime(Date.now() - 60_000), utcTime(Date.now() + 3_600_000)),
    nameOf(parts.subject),
    parts.key.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign("sha256", toBeSigned, parts.signer);
  return sequence(toBeSigned, algorithm, der(0x03, Buffer.from([0]), signature));
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId("2.5.4.3"), der(0x0c, Buffer.from(commonName)))));
}

function utcTime(milliseconds: number): Buffer {
  const text = new Date(milliseconds)
    .toISOString()
    .replace(/[-:T]|\.\d+/g, "")
    .slice(2);
  return der(0x17, Buffer.from(text));
}

function extension(id: string, value: Buffer, options: { readonly critical?: boolean } = {}): Buffer {
  const critical = options.critical === true ? [der(0x01, Buffer.from([0xff]))] : [];
  return sequence(objectId(id), ...critical, der(0x04, value));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
