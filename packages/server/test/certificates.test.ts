// Who may connect, and who no longer may: over the real wire, on both faces of the API.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as openTls } from "node:tls";
import { status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type IssueRequest,
  KeyType,
  ListCertificatesRequest,
  RevokeCertificateRequest,
  type SessionResponse,
} from "@solo/proto";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity, Reading, refusal } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;

async function open(): Promise<void> {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeAll(open);
afterAll(async () => {
  admin.close();
  await server.stop();
  data.remove();
});

const list = async (tenant: string, holder = "") =>
  (
    await ask(
      admin.certificates,
      admin.certificates.listCertificates,
      ListCertificatesRequest.fromPartial({ tenant, holder }),
    )
  ).certificates;

const revoke = async (named: Partial<RevokeCertificateRequest>) =>
  (
    await ask(
      admin.certificates,
      admin.certificates.revokeCertificate,
      RevokeCertificateRequest.fromPartial({ requestId: freshId(), ...named }),
    )
  ).certificates;

const leafOf = ({ certificate }: Credentials) => new X509Certificate(certificate);

describe("a certificate that is revoked", () => {
  let lost: Credentials;
  let kept: Credentials;

  beforeAll(async () => {
    lost = await issueIdentity(admin, "acme", { holder: "lost" });
    kept = await issueIdentity(admin, "acme", { holder: "kept" });
  });

  test("ends its open streams, sessions and connections on both faces at once, and nobody else's", async () => {
    const clients = { lost: connect(server.ready.grpc, lost), kept: connect(server.ready.grpc, kept) };
    const request = { tenant: "", after: "", serviceId: "", onlyNew: true };
    const streams = {
      lost: new Reading(clients.lost.events.tailEvents(request)),
      kept: new Reading(clients.kept.events.tailEvents(request)),
    };
    const session = clients.lost.messaging.session();
    const greeted = once(session, "data") as Promise<[SessionResponse]>;
    session.write({ items: [] });
    await greeted;
    const sessionEnd = once(session, "error");
    const watching = await httpClient(server.ready.http, lost).open("/v1/events/tail?only_new");
    const watchingEnd = new Promise((resolve) => watching.once("error", resolve).once("close", resolve));
    watching.resume();

    const [revoked, ...others] = await revoke({
      tenant: "acme",
      serialNumber: leafOf(lost).serialNumber.toLowerCase(),
      reason: "the laptop was lost",
    });
    expect(others).toEqual([]);
    expect(revoked).toMatchObject({ holder: "lost", revocationReason: "the laptop was lost" });

    expect((await streams.lost.ended)?.status).toBe(grpcStatus.UNAVAILABLE);
    expect(await sessionEnd).toMatchObject([{ code: grpcStatus.UNAVAILABLE }]);
    await watchingEnd;
    await clients.kept.list();
    await streams.kept.stop();
    clients.lost.close();
    clients.kept.close();
  });

  test("is refused from then on, by its name, on both faces", async () => {
    const again = connect(server.ready.grpc, lost);
    expect(await refusal(again.list())).toMatchObject({
      status: grpcStatus.UNAUTHENTICATED,
      reason: "CERTIFICATE_REVOKED",
      hint: { command: expect.stringContaining("solo cert issue") },
    });
    again.close();
    const answer = await httpClient(server.ready.http, lost).ask("/v1/services");
    expect([answer.status, answer.json.reason]).toEqual([401, "CERTIFICATE_REVOKED"]);
  });

  test("stays revoked after the server was killed, and the others good", async () => {
    admin.close();
    await server.kill();
    await open();
    const [gone, good] = [connect(server.ready.grpc, lost), connect(server.ready.grpc, kept)];
    expect((await refusal(gone.list())).reason).toBe("CERTIFICATE_REVOKED");
    expect(await good.list()).toEqual([]);
    gone.close();
    good.close();
  });

  test("is listed with when and why, and its history tells of it", async () => {
    expect(await list("acme", "lost")).toMatchObject([
      { holder: "lost", revokedAt: expect.any(Date), revocationReason: "the laptop was lost" },
    ]);
    expect(await list("acme", "kept")).toMatchObject([{ holder: "kept", revokedAt: undefined }]);
    const told = (await admin.history("", "acme")).find(({ type }) => type === "certificate.revoked");
    expect(JSON.parse(told?.dataJson ?? "")).toMatchObject({
      spiffeId: "spiffe://solo.local/tenant/acme/agent/lost",
      serialNumber: leafOf(lost).serialNumber,
      reason: "the laptop was lost",
    });
  });
});

test("a certificate is revoked by its fingerprint as tools print it, and a holder with all that it has", async () => {
  const [one, two, three] = await Promise.all(
    ["one", "both", "both"].map((holder) => issueIdentity(admin, "beta", { holder })),
  );
  await revoke({ tenant: "beta", fingerprint: leafOf(one as Credentials).fingerprint256 });
  const both = await revoke({ tenant: "beta", holder: "both" });
  expect(both.map(({ serialNumber }) => serialNumber).sort()).toEqual(
    [two, three].map((each) => leafOf(each as Credentials).serialNumber).sort(),
  );
  for (const each of [one, two, three] as Credentials[]) {
    const client = connect(server.ready.grpc, each);
    expect((await refusal(client.list())).reason).toBe("CERTIFICATE_REVOKED");
    client.close();
  }
});

describe("revoking is refused", () => {
  test.each([
    ["without a name", {}, "REQUEST_MALFORMED"],
    ["with two names", { holder: "agent", serialNumber: "AB" }, "REQUEST_MALFORMED"],
    ["for what there is not", { serialNumber: "AB" }, "CERTIFICATE_NOT_FOUND"],
    ["for a holder that is none", { holder: "../x" }, "TENANT_INVALID"],
  ])("%s", async (_, named, reason) => {
    expect((await refusal(revoke({ tenant: "acme", ...named }))).reason).toBe(reason);
  });

  test("where the certificate is another tenant's than the one named", async () => {
    const other = leafOf(await issueIdentity(admin, "gamma"));
    expect((await refusal(revoke({ tenant: "acme", serialNumber: other.serialNumber }))).reason).toBe(
      "CERTIFICATE_NOT_FOUND",
    );
  });
});

test("certificates are listed page by page, each once", async () => {
  for (const holder of ["a", "b", "c"]) await issueIdentity(admin, "pages", { holder });
  const seen: string[] = [];
  for (let pageToken = ""; ; ) {
    const request = { tenant: "pages", holder: "", pageSize: 1, pageToken };
    const page = await ask(admin.certificates, admin.certificates.listCertificates, request);
    seen.push(...page.certificates.map(({ holder }) => holder));
    pageToken = page.nextPageToken;
    if (pageToken === "") break;
  }
  expect(seen.sort()).toEqual(["a", "b", "c"]);
});

describe("a new identity", () => {
  const key = (type: "ec" | "ed25519") =>
    type === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  const spki = ({ publicKey }: { readonly publicKey: KeyObject }) =>
    publicKey.export({ type: "spki", format: "pem" }).toString();
  const keyPem = ({ privateKey }: { readonly privateKey: KeyObject }) =>
    Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" }));
  const using = async <T>(credentials: Credentials, use: (client: Connection) => Promise<T>): Promise<T> => {
    const client = connect(server.ready.grpc, credentials);
    try {
      return await use(client);
    } finally {
      client.close();
    }
  };
  const askFor = (request: Partial<IssueRequest>) => issueIdentity(admin, "forms", request);

  test("has an Ed25519 key where one is asked for, and both faces take it", async () => {
    const made = await askFor({ holder: "edward", keyType: KeyType.KEY_TYPE_ED25519 });
    expect(leafOf(made).publicKey.asymmetricKeyType).toBe("ed25519");
    expect(await using(made, (client) => client.list())).toEqual([]);
    expect((await httpClient(server.ready.http, made).ask("/v1/services")).status).toBe(200);
  });

  test.each(["ec", "ed25519"] as const)("keeps a key of its own, %s, that the server never sees", async (type) => {
    const own = key(type);
    const made = await askFor({ holder: `own-${type}`, publicKeyPem: spki(own) });
    expect(made.key.length).toBe(0);
    expect(await using({ ...made, key: keyPem(own) }, (client) => client.list())).toEqual([]);
  });

  test("is refused for a key that is none, is another's, was revoked, or that anybody can sign for", async () => {
    const taken = key("ec");
    const gone = key("ec");
    await askFor({ holder: "taken", publicKeyPem: spki(taken) });
    await askFor({ holder: "gone", publicKeyPem: spki(gone) });
    await revoke({ tenant: "forms", holder: "gone" });
    const adminKey = createPublicKey(readProfile(server.ready.profile).key);
    const weak = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.alloc(32)]);
    const texts = [
      "no key",
      keyPem(key("ec")).toString(),
      spki(generateKeyPairSync("rsa", { modulusLength: 2048 })),
      spki(taken),
      spki(gone),
      adminKey.export({ type: "spki", format: "pem" }).toString(),
      `-----BEGIN PUBLIC KEY-----\n${weak.toString("base64")}\n-----END PUBLIC KEY-----\n`,
      "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
      "A".repeat(5_000),
    ];
    for (const publicKeyPem of texts) {
      expect((await refusal(askFor({ holder: "other", publicKeyPem }))).reason).toBe("KEY_REFUSED");
    }
  });

  test("may do by itself what its grants say, or nothing", async () => {
    const reader = await askFor({ holder: "reader", grants: ["svc/list on svc/**"] });
    const nobody = await askFor({ holder: "nobody", noAuthority: true });
    expect(await using(reader, (client) => client.list())).toEqual([]);
    expect((await refusal(using(reader, (client) => client.history()))).reason).toBe("CAPABILITY_DENIED");
    expect((await refusal(using(nobody, (client) => client.list()))).reason).toBe("CAPABILITY_INVALID");
  });

  test("is refused for grants that cannot be read, and for what contradicts itself", async () => {
    expect(await refusal(askFor({ grants: ["svc/lst on svc/**"] }))).toMatchObject({ reason: "CAPABILITY_MALFORMED" });
    expect(await refusal(askFor({ grants: ["svc/list on svc/**"], noAuthority: true }))).toMatchObject({
      reason: "REQUEST_MALFORMED",
    });
  });

  test("is made by an agent that may, with no more than the agent's own, and ends with it", async () => {
    const issuer = await askFor({
      holder: "issuer",
      grants: ["cert/issue on cert/*", "svc/list,svc/status on svc/**"],
    });
    await using(issuer, async (client) => {
      const child = (request: Partial<IssueRequest>) => issueIdentity(client, "forms", request);
      expect(await refusal(child({ holder: "child", grants: ["svc/logs on svc/**"] }))).toMatchObject({
        status: grpcStatus.PERMISSION_DENIED,
        reason: "CAPABILITY_DENIED",
      });
      const lister = await child({ holder: "child", grants: ["svc/list on svc/**"] });
      expect(await using(lister, (each) => each.list())).toEqual([]);
      expect((await refusal(using(lister, (each) => each.status("x")))).reason).toBe("CAPABILITY_DENIED");
      const silent = await child({ holder: "silent" });
      expect((await refusal(using(silent, (each) => each.list()))).reason).toBe("CAPABILITY_INVALID");
      expect((await refusal(issueIdentity(client, "acme"))).reason).toBe("ADMIN_REQUIRED");
    });
  });
});

describe("a certificate that is renewed", () => {
  let identity: Credentials;
  const renew = async (credentials: Credentials): Promise<Credentials> => {
    const client = connect(server.ready.grpc, credentials);
    try {
      const request = { requestId: freshId(), validateOnly: false };
      const { certificateChainPem } = await ask(client.certificates, client.certificates.renew, request);
      return { ...credentials, certificate: Buffer.from(certificateChainPem) };
    } finally {
      client.close();
    }
  };
  const listsAs = async (credentials: Credentials) => {
    const client = connect(server.ready.grpc, credentials);
    try {
      return await client.list();
    } finally {
      client.close();
    }
  };

  beforeAll(async () => {
    identity = await issueIdentity(admin, "renewing", { holder: "ann" });
  });

  test("has the same key and name, and may do the same", async () => {
    const renewed = await renew(identity);
    expect(leafOf(renewed).serialNumber).not.toBe(leafOf(identity).serialNumber);
    expect(leafOf(renewed).subjectAltName).toBe(leafOf(identity).subjectAltName);
    expect(leafOf(renewed).checkPrivateKey(createPrivateKey(identity.key))).toBe(true);
    expect(await listsAs(renewed)).toEqual([]);
    expect(await listsAs(identity)).toEqual([]);
    const told = (await admin.history("", "renewing")).at(-1);
    expect(told).toMatchObject({ type: "certificate.renewed", actor: expect.stringMatching(/agent\/ann$/) });
  });

  test("is renewed without any authority too", async () => {
    const nobody = await issueIdentity(admin, "renewing", { holder: "nobody", noAuthority: true });
    expect(leafOf(await renew(nobody)).serialNumber).not.toBe(leafOf(nobody).serialNumber);
  });

  test("is renewed no more when its key has eight that are good", async () => {
    const often = await issueIdentity(admin, "renewing", { holder: "often" });
    for (let count = 1; count < 8; count += 1) await renew(often);
    expect(await refusal(renew(often))).toMatchObject({
      status: grpcStatus.FAILED_PRECONDITION,
      reason: "CERTIFICATE_NOT_RENEWABLE",
    });
  });

  test("is revoked with those that it was renewed by", async () => {
    const renewed = await renew(identity);
    const revoked = await revoke({ tenant: "renewing", serialNumber: leafOf(identity).serialNumber });
    expect(revoked.map(({ serialNumber }) => serialNumber)).toContain(leafOf(renewed).serialNumber);
    expect((await refusal(listsAs(renewed))).reason).toBe("CERTIFICATE_REVOKED");
    expect((await refusal(renew(renewed))).reason).toBe("CERTIFICATE_REVOKED");
  });

  test("is no administrator's: no request makes one of those", async () => {
    expect((await refusal(renew(readProfile(server.ready.profile)))).reason).toBe("CERTIFICATE_NOT_RENEWABLE");
  });
});

test("the server's certificate names what clients know it by", async () => {
  const other = makeDataFolder();
  const named = await startServer(other.folder, ["--host", "0.0.0.0", "--names", "solo.example.com,10.0.0.5"]);
  const port = Number(named.ready.http.split(":").at(-1));
  const { root } = readProfile(named.ready.profile);
  const socket = openTls({ host: "127.0.0.1", port, servername: "solo.example.com", ca: root });
  await once(socket, "secureConnect");
  expect(socket.getPeerX509Certificate()?.subjectAltName).toMatch(/DNS:solo\.example\.com, IP Address:10\.0\.0\.5/);
  socket.destroy();
  await named.stop();
  other.remove();
});
