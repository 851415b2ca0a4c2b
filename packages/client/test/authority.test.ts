// By what authority a client calls, and how it calls a server that has no sessions.

import { X509Certificate } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type CallRequest,
  type CallResponse,
  type CastRequest,
  type CastResponse,
  GrantCapabilityRequest,
  MessagingServiceService,
} from "@solo/proto";
import { openIdentity } from "../../server/src/identity/index.ts";
import { keyThumbprint } from "../../server/src/identity/key-thumbprint.ts";
import { systemClock } from "../../server/src/system-clock.ts";
import {
  ask,
  type Connection,
  type Credentials,
  connect as connectPlain,
  freshId,
  issueIdentity,
} from "../../server/test/client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "../../server/test/server-process.ts";
import { type Client, connect, errors } from "../src/index.ts";

const source = `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: {
    add: ({ state }, by) => reply(state.count + by, { count: state.count + by }),
    hold: ({ state }) => noReply(state),
    save: async ({ state, lent }, key) => {
      await lent?.kv?.put(key, "text", { store: "papers" });
      return reply(lent === undefined ? "nothing is lent" : "saved", state);
    },
  },
  casts: { set: (_turn, to) => ({ count: to }) },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let identity: Credentials;
let plain: Connection;

beforeAll(async () => {
  server = await startServer(data.folder);
  const admin = connectPlain(server.ready.grpc, readProfile(server.ready.profile));
  identity = await issueIdentity(admin, "acme");
  admin.close();
  plain = connectPlain(server.ready.grpc, identity);
  for (const id of ["counter", "other"])
    await plain.deploy(id, source, { manifest: { grants: ["kv/read on kv/papers/**"] } });
});
afterAll(async () => {
  plain.close();
  await server.stop();
  data.remove();
});

/** A capability for calls of one service. */
async function onlyFor(serviceId: string): Promise<string> {
  const request = GrantCapabilityRequest.fromPartial({
    requestId: freshId(),
    holder: `jkt:${keyThumbprint(new X509Certificate(identity.certificate).publicKey)}`,
    grants: [`svc/call on svc/${serviceId}`],
    lifetimeSeconds: 600,
  });
  return (await ask(plain.capabilities, plain.capabilities.grantCapability, request)).bundle;
}

/** A profile's folder. */
function writeProfile(name: string, capability?: string): string {
  const folder = join(data.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "cert.pem"), identity.certificate);
  writeFileSync(join(folder, "key.pem"), identity.key);
  writeFileSync(join(folder, "root.pem"), identity.root);
  writeFileSync(join(folder, "profile.json"), JSON.stringify({ address: server.ready.grpc }));
  if (capability !== undefined) writeFileSync(join(folder, "capability"), `${capability}\n`);
  return folder;
}

test("a call lends what its options say, and the next one nothing", async () => {
  await using solo = connect({ profile: writeProfile("lender") });
  const counter = solo.service("counter");
  const lending = counter.with({ lend: ["kv/write on kv/papers/**"] });
  expect(await lending.call("save", "a")).toBe("saved");
  expect(await counter.call("save", "a")).toBe("nothing is lent");
  const tooMuch = counter.with({ lend: ["kv/write on kv/papers/**", "server/doctor on server"] });
  await expect(tooMuch.call("save", "a")).rejects.toThrow(errors.CapabilityDenied);
});

describe("what may be done is decided", () => {
  const reached = async (client: Client) => {
    const outcomes = ["counter", "other"].map((id) =>
      client
        .service(id)
        .call("add", 0)
        .catch((error: unknown) => error),
    );
    const answered = await Promise.all(outcomes);
    await client.close();
    return answered;
  };

  test("by what the certificate's key holds, when nothing else is named", async () => {
    expect(await reached(connect({ profile: writeProfile("plain") }))).toEqual([0, 0]);
  });

  test("by the capability in the profile, as for the command", async () => {
    const profile = writeProfile("narrow", await onlyFor("counter"));
    expect(await reached(connect({ profile }))).toEqual([0, expect.any(errors.CapabilityDenied)]);
  });

  test("by the one that is given, before the profile's", async () => {
    const profile = writeProfile("other", await onlyFor("counter"));
    const capability = await onlyFor("other");
    expect(await reached(connect({ profile, capability }))).toEqual([expect.any(errors.CapabilityDenied), 0]);
    const { certificate: certificateChain, key: privateKey, root } = identity;
    const door = { address: server.ready.grpc, certificateChain, privateKey, root, capability };
    expect(await reached(connect(door))).toEqual([expect.any(errors.CapabilityDenied), 0]);
  });
});

describe("a server without sessions", () => {
  let face: Server;
  let closeIdentity: () => Promise<void>;
  let older: Client;

  // It has the calls and casts of the real one, which it passes on, and nothing else: as a server from before sessions.
  beforeAll(async () => {
    const adminProfileFolder = join(data.folder, "older-profile");
    const own = await openIdentity({ folder: join(data.folder, "older"), adminProfileFolder, clock: systemClock });
    closeIdentity = () => own.close();
    const { certificateChainPem, privateKeyPem } = own.server();
    face = new Server();
    const { call, cast } = MessagingServiceService;
    const { messaging } = plain;
    face.addService(
      { call, cast },
      {
        call: (asked: ServerUnaryCall<CallRequest, CallResponse>, answer: sendUnaryData<CallResponse>) =>
          messaging.call(asked.request, asked.metadata, { deadline: asked.getDeadline() }, answer),
        cast: (asked: ServerUnaryCall<CastRequest, CastResponse>, answer: sendUnaryData<CastResponse>) =>
          messaging.cast(asked.request, asked.metadata, { deadline: asked.getDeadline() }, answer),
      },
    );
    const pair = { cert_chain: Buffer.from(certificateChainPem), private_key: Buffer.from(privateKeyPem) };
    const tls = ServerCredentials.createSsl(Buffer.from(own.rootPem), [pair], true);
    const port = await new Promise<number>((resolve, reject) =>
      face.bindAsync("127.0.0.1:0", tls, (error, bound) => (error === null ? resolve(bound) : reject(error))),
    );
    await own.writeAdminProfile(`127.0.0.1:${port}`);
    older = connect({ profile: adminProfileFolder });
  });
  afterAll(async () => {
    await older.close();
    face.forceShutdown();
    await closeIdentity();
  });

  test("is called by one RPC each, from the first call on", async () => {
    await older.service("counter").cast("set", 3);
    expect(await older.service("counter").call("add", 2)).toBe(5);
    expect(await Promise.all([1, 1, 1].map((by) => older.service("counter").call("add", by)))).toEqual([6, 7, 8]);
  });

  test("tells its errors as any other", async () => {
    const failed = older.service("nobody").call("add", 1);
    await expect(failed).rejects.toBeInstanceOf(errors.ServiceNotFound);
    await expect(failed).rejects.toMatchObject({ reason: "SERVICE_NOT_FOUND", found: "no service of this id" });
  });

  test("lets a call be cancelled, and its time be over", async () => {
    const held = older.service("counter");
    await expect(held.with({ timeoutMs: 50 }).call("hold")).rejects.toBeInstanceOf(errors.CallTimedOut);
    const abort = new AbortController();
    const call = held.with({ signal: abort.signal }).call("hold");
    abort.abort(new Error("changed my mind"));
    await expect(call).rejects.toThrow("changed my mind");
  });
});
