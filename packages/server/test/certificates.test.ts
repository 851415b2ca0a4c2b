// Who may connect, and who no longer may: over the real wire, on both faces of the API.

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ListCertificatesRequest, RevokeCertificateRequest, type SessionResponse } from "@solo/proto";
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
