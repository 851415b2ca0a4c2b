// Authority by tokens, over the wire: granted, narrowed, asked for, taken back, and what survives a kill.
import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect as connectTls } from "node:tls";
import { status as grpcStatus } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { delegate, generateSigningKey, inspect, prove } from "@solo/capabilities";
import { ListResponse, PresentCapabilityRequest, PresentCapabilityResponse } from "@solo/proto";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity, Reading, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const counter = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    add: ({ state }, by) => reply(state + by, state + by),
    ask: async ({ state, ctx }, service) => {
      try { return reply(await ctx.call(service, "add", 1), state); } catch (error) { return reply(String(error.message), state); }
    },
  },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let identity: Credentials;
/** Holds all of its tenant by its certificate's key. */
let ann: Connection;

async function open(): Promise<void> {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  identity ??= await issueIdentity(admin, "acme");
  ann = connect(server.ready.grpc, identity);
}

beforeAll(async () => {
  await open();
  await ann.deploy("bot-a", counter);
  await ann.deploy("other", counter);
});
afterAll(async () => {
  for (const client of [admin, ann]) client.close();
  await server.stop();
  data.remove();
});

/** RFC 7638, of the key in a certificate. */
function thumbprintOf({ certificate }: Credentials): string {
  const { crv, kty, x, y } = createPublicKey(
    new X509Certificate(certificate).publicKey.export({ format: "pem", type: "spki" }),
  ).export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

interface Grantee {
  readonly grants: readonly string[];
  readonly holder?: string;
  readonly standing?: boolean;
  readonly tenant?: string;
  readonly lifetimeSeconds?: number;
}

/** Grants; to the key of `identity` when nobody else is named. */
async function grant(by: Connection, wanted: Grantee): Promise<{ readonly bundle: string; readonly cid: string }> {
  const { grants, standing = false, tenant = "", lifetimeSeconds = 600 } = wanted;
  const holder = wanted.holder ?? `jkt:${thumbprintOf(identity)}`;
  const asked = {
    requestId: freshId(),
    validateOnly: false,
    tenant,
    holder,
    grants: [...grants],
    lifetimeSeconds,
    label: "",
    standing,
    depth: undefined,
  };
  const { bundle, capability } = await ask(by.capabilities, by.capabilities.grantCapability, asked);
  return { bundle, cid: capability?.cid ?? "" };
}

const revoke = (by: Connection, value: string, $case: "cid" | "childrenOf" | "holder" = "cid") => {
  const request = { requestId: freshId(), validateOnly: false, tenant: "", subject: { $case, value }, reason: "test" };
  return ask(by.capabilities, by.capabilities.revokeCapability, request);
};

const withCapability = (bundle: string): Connection => connect(server.ready.grpc, identity, bundle);

const denied = (code: string) => ({
  status: grpcStatus.PERMISSION_DENIED,
  reason: "CAPABILITY_DENIED",
  metadata: expect.objectContaining({ code }),
});

/** One unary call without a library: gRPC is HTTP/2 with a frame around each message. */
function callRaw(
  session: ClientHttp2Session,
  method: string,
  { message, headers = {} }: { readonly message: Uint8Array; readonly headers?: Readonly<Record<string, string>> },
): Promise<{ readonly status: number; readonly message: Uint8Array }> {
  return new Promise((resolve, reject) => {
    const request = session.request({
      ":method": "POST",
      ":path": `/solo.v1.${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const chunks: Buffer[] = [];
    let status = grpcStatus.UNKNOWN as number;
    const note = (found: IncomingHttpHeaders) => {
      if (found["grpc-status"] !== undefined) status = Number(found["grpc-status"]);
    };
    request.on("response", note);
    request.on("trailers", note);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", reject);
    request.on("end", () => resolve({ status, message: Buffer.concat(chunks).subarray(5) }));
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    request.end(Buffer.concat([frame, message]));
  });
}

describe("a capability that a call names", () => {
  test("allows what it grants and nothing else, and every refusal says what is missing and is on record", async () => {
    const { bundle, cid } = await grant(ann, { grants: ["svc/call on svc/bot-*", "deploy/create on svc/bot-*"] });
    const bot = withCapability(bundle);
    expect(await bot.call("bot-a", "add", [2])).toBe(2);
    expect(await refusal(bot.call("other", "add", [1]))).toMatchObject({
      ...denied("CAP_CAVEAT"),
      hint: { command: "solo cap request 'svc/call on svc/other'" },
    });
    expect(await refusal(bot.list())).toMatchObject({
      ...denied("CAP_RESOURCE"),
      hint: { found: expect.stringContaining("svc/call on solo://acme/svc/*"), wanted: "svc/list on solo://acme/svc" },
    });
    expect(await refusal(bot.kill("bot-a"))).toMatchObject(denied("CAP_ABILITY"));
    expect(await refusal(bot.deploy("sneaky", counter))).toMatchObject(denied("CAP_CAVEAT"));
    await bot.deploy("bot-b", counter);
    const last = (await ann.history()).filter(({ type }) => type === "authority.denied").at(-1);
    expect(JSON.parse(last?.dataJson ?? "")).toMatchObject({
      method: "DeploymentService/Deploy",
      code: "CAP_CAVEAT",
      ability: "deploy/create",
      resource: "solo://acme/svc/sneaky",
      cid,
    });
    bot.close();
  });

  test("is used up by all who hold a part of it together, and stays so over a kill -9 of the server", async () => {
    const { bundle } = await grant(ann, { grants: ["svc/call,svc/status on svc/bot-a uses=3", "cap/grant on cap"] });
    const bot = withCapability(bundle);
    const part = withCapability((await grant(bot, { grants: ["svc/call on svc/bot-a"] })).bundle);
    const first = await bot.call("bot-a", "add", [0]);
    expect(await part.call("bot-a", "add", [0])).toBe(first);
    await server.kill();
    for (const client of [bot, part, admin, ann]) client.close();
    await open();
    const [again, partAgain] = [
      withCapability(bundle),
      withCapability((await grant(withCapability(bundle), { grants: ["svc/call on svc/bot-a"] })).bundle),
    ];
    await partAgain.call("bot-a", "add", [0]);
    expect(await refusal(again.call("bot-a", "add", [0]))).toMatchObject({ reason: "CAPABILITY_SPENT" });
    again.close();
    partAgain.close();
  });

  test("is worth nothing to another key, and to another tenant", async () => {
    const { bundle } = await grant(ann, { grants: ["svc/call on svc/bot-a"] });
    for (const tenant of ["acme", "rival"]) {
      const thief = connect(server.ready.grpc, await issueIdentity(admin, tenant), bundle);
      expect(await refusal(thief.call("bot-a", "add", [1]))).toMatchObject({
        status: grpcStatus.UNAUTHENTICATED,
        reason: "CAPABILITY_INVALID",
        metadata: { code: "CAP_INVALID" },
      });
      thief.close();
    }
  });

  test.each(["", "0", "1", "x", "~", ".", `${"a".repeat(43)}.b.c`, "a".repeat(7_000), "9".repeat(9)])(
    "that is none is refused, and nothing else is tried in its place: %#",
    async (bundle) => {
      const bot = withCapability(bundle);
      expect(await refusal(bot.list())).toMatchObject({
        status: grpcStatus.UNAUTHENTICATED,
        reason: "CAPABILITY_INVALID",
      });
      bot.close();
    },
  );
});

describe("handing on", () => {
  test("cannot give more than is held, by nobody: authority is signed, not written into a table (lesson 11)", async () => {
    const { bundle } = await grant(ann, { grants: ["svc/call on svc/bot-a", "cap/grant on cap"] });
    const bot = withCapability(bundle);
    for (const grants of [
      ["svc/call on svc/*"],
      ["svc/kill on svc/bot-a"],
      ["deploy/kill on svc/bot-a"],
      ["kv/read on kv/**"],
    ]) {
      expect(["CAPABILITY_DENIED", "CAPABILITY_MALFORMED"]).toContain((await refusal(grant(bot, { grants }))).reason);
    }
    expect(await refusal(grant(bot, { grants: ["svc/call on svc/bot-a"], tenant: "rival" }))).toMatchObject({
      reason: "OTHER_TENANT",
    });
    bot.close();
  });

  test("goes on offline by who holds a key that signs, and is proved by a signature over the connection", async () => {
    const key = await generateSigningKey();
    const { bundle } = await grant(ann, { grants: ["svc/call on svc/bot-a"], holder: `key:${key.publicJwk.x}` });
    const narrower = {
      to: { kind: "thumbprint", thumbprint: thumbprintOf(identity) } as const,
      grants: [{ resource: "solo://acme/svc/bot-a", abilities: ["svc/call"], caveats: { uses: 1 } }],
      lifetimeSeconds: 60,
    };
    const bot = withCapability(await delegate(bundle as Parameters<typeof delegate>[0], key, narrower));
    await bot.call("bot-a", "add", [0]);
    expect(await refusal(bot.call("bot-a", "add", [0]))).toMatchObject({ reason: "CAPABILITY_SPENT" });
    bot.close();
    // Who has no proof of the key has nothing; one for another connection is a theft.
    const bare = withCapability(bundle);
    expect(await refusal(bare.call("bot-a", "add", [0]))).toMatchObject({ metadata: { code: "CAP_INVALID" } });
    bare.close();
    const proof = await prove(bundle as Parameters<typeof prove>[0], key, {
      audience: "solo",
      exporter: new Uint8Array(32),
    });
    const { capabilities } = ann;
    expect(await refusal(ask(capabilities, capabilities.presentCapability, { bundle, proof }))).toMatchObject({
      reason: "CAPABILITY_INVALID",
    });
  });

  test("is proved on the very connection, whose certificate is for another key", async () => {
    const key = await generateSigningKey();
    const { bundle } = await grant(ann, { grants: ["svc/list on svc"], holder: `key:${key.publicJwk.x}` });
    const [host = "", port = ""] = server.ready.grpc.split(":");
    const socket = connectTls({
      host,
      port: Number(port),
      servername: "localhost",
      ALPNProtocols: ["h2"],
      ca: identity.root,
      key: identity.key,
      cert: identity.certificate,
    });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    const exporter = socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
    const session = connectHttp2("https://localhost", { createConnection: () => socket });
    const proof = await prove(bundle as Parameters<typeof prove>[0], key, { audience: "solo", exporter });
    const presented = await callRaw(session, "CapabilityService/PresentCapability", {
      message: PresentCapabilityRequest.encode({ bundle, proof }).finish(),
    });
    const { handle } = PresentCapabilityResponse.decode(presented.message);
    const named = { "solo-capability": String(handle) };
    const listed = await callRaw(session, "DeploymentService/List", { message: new Uint8Array(), headers: named });
    expect(ListResponse.decode(listed.message).services.length).toBeGreaterThan(0);
    const called = await callRaw(session, "EventService/ListEvents", { message: new Uint8Array(), headers: named });
    expect(called.status).toBe(grpcStatus.PERMISSION_DENIED);
    session.close();
  });

  test("is checked by what comes in, field by field", async () => {
    const { capabilities } = ann;
    const usual = {
      requestId: freshId(),
      validateOnly: true,
      tenant: "",
      holder: `jkt:${thumbprintOf(identity)}`,
      grants: ["svc/call on svc/bot-a"],
      lifetimeSeconds: 60,
      label: "",
      standing: false,
      depth: undefined as number | undefined,
    };
    const attempt = (change: Partial<typeof usual>) =>
      refusal(ask(capabilities, capabilities.grantCapability, { ...usual, ...change }));
    for (const [change, field] of [
      [{ holder: "" }, "holder"],
      [{ holder: "jkt:short" }, "holder"],
      [{ holder: "key:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }, "grants"],
      [{ grants: [] }, "grants"],
      [{ grants: Array.from({ length: 17 }, () => "svc/call on svc/a") }, "grants"],
      [{ grants: ["svc/cal on svc/a"] }, "grants[0]"],
      [{ label: "x".repeat(129) }, "label"],
      [{ label: "a\u202eb" }, "label"],
      [{ depth: 8 }, "depth"],
    ] as readonly (readonly [Partial<typeof usual>, string])[]) {
      expect(await attempt(change)).toMatchObject({ reason: "CAPABILITY_MALFORMED", field });
    }
  });
});

describe("taking back", () => {
  test("ends calls, streams and sessions of a capability and of all below it at once, and outlives a kill -9", async () => {
    const { bundle, cid } = await grant(ann, {
      grants: [
        "svc/call,svc/logs,svc/status on svc/bot-a",
        "svc/watch on svc",
        "event/read on event/log",
        "cap/grant on cap",
      ],
    });
    const bot = withCapability(bundle);
    const below = await grant(bot, { grants: ["svc/call,svc/logs on svc/bot-a"] });
    const sub = withCapability(below.bundle);
    expect(await sub.call("bot-a", "add", [0])).toEqual(expect.any(Number));
    const logs = new Reading(
      sub.deployments.logs({ tenant: "", serviceId: "bot-a", afterSequence: 0n, follow: true, tailLines: 0 }),
    );
    const tail = new Reading(bot.events.tailEvents({ tenant: "", after: "", serviceId: "", onlyNew: true }));
    const session = bot.messaging.session();
    const ended = new Promise<{ readonly code?: number }>((resolve) => session.on("error", resolve));
    await new Promise((resolve) => session.once("data", resolve));
    await revoke(ann, cid);
    for (const refused of [bot.call("bot-a", "add", [0]), sub.call("bot-a", "add", [0])]) {
      expect(await refusal(refused)).toMatchObject(denied("CAP_REVOKED"));
    }
    expect((await ended).code).toBe(grpcStatus.PERMISSION_DENIED);
    expect(await logs.ended).toMatchObject(denied("CAP_REVOKED"));
    expect(await tail.ended).toMatchObject(denied("CAP_REVOKED"));
    for (const client of [bot, sub, admin, ann]) client.close();
    await server.kill();
    await open();
    const late = withCapability(below.bundle);
    expect(await refusal(late.call("bot-a", "add", [0]))).toMatchObject({ reason: "CAPABILITY_DENIED" });
    late.close();
    expect((await ann.history()).map(({ type }) => type)).toContain("capability.revoked");
  });

  test("a service does no more for whom what it was deployed by was taken back", async () => {
    const { bundle, cid } = await grant(ann, { grants: ["deploy/create on svc/agent-x", "svc/call on svc/*"] });
    const deployer = withCapability(bundle);
    expect(
      await refusal(deployer.deploy("agent-x", counter, { manifest: { grants: ["kv/read on kv/a"] } })),
    ).toMatchObject({
      reason: "CAPABILITY_DENIED",
      field: "manifest.grants[0]",
    });
    await deployer.deploy("agent-x", counter, { manifest: { grants: ["svc/call on svc/other"] } });
    expect(await ann.call("agent-x", "ask", ["other"])).toEqual(expect.any(Number));
    const refused = await ann.call("agent-x", "ask", ["bot-a"]);
    // What its deployer holds besides is not told.
    expect(refused).not.toContain("deploy/create");
    expect(refused).toMatch(/CAPABILITY_DENIED.*svc\/bot-a/);
    await revoke(ann, cid);
    expect(await ann.call("agent-x", "ask", ["other"])).toMatch(/CAPABILITY_DENIED/);
    await ann.kill("agent-x");
    deployer.close();
  });

  test("is for its holder too, and for nobody below another's", async () => {
    const { bundle } = await grant(ann, { grants: ["svc/call on svc/bot-a"] });
    const other = await grant(ann, { grants: ["svc/call on svc/bot-a"] });
    const bot = withCapability(bundle);
    const renounce = (text: string) =>
      ask(bot.capabilities, bot.capabilities.renounceCapability, {
        requestId: freshId(),
        validateOnly: false,
        bundle: text,
        reason: "",
      });
    expect(await refusal(renounce(other.bundle))).toMatchObject({ reason: "CAPABILITY_DENIED" });
    expect(await refusal(renounce("x"))).toMatchObject({ reason: "CAPABILITY_MALFORMED" });
    await renounce(bundle);
    expect(await refusal(bot.call("bot-a", "add", [0]))).toMatchObject(denied("CAP_REVOKED"));
    bot.close();
  });

  test("all of a tenant ends everything that was issued in it, and an administrator begins anew", async () => {
    const rival = connect(server.ready.grpc, await issueIdentity(admin, "rival"));
    expect(await rival.list()).toEqual([]);
    const request = {
      requestId: freshId(),
      validateOnly: false,
      tenant: "rival",
      subject: { $case: "everything" as const, value: true },
      reason: "",
    };
    await ask(admin.capabilities, admin.capabilities.revokeCapability, request);
    expect(await refusal(rival.list())).toMatchObject(denied("CAP_EPOCH"));
    const anew = connect(server.ready.grpc, await issueIdentity(admin, "rival"));
    expect(await anew.list()).toEqual([]);
    rival.close();
    anew.close();
    expect(await ann.list()).not.toEqual([]);
  });
});

test("who may not asks, somebody decides once, and then it counts without being named", async () => {
  const narrow = await issueIdentity(admin, "acme");
  const { bundle } = await grant(ann, { grants: ["server/help on server"], holder: `jkt:${thumbprintOf(narrow)}` });
  const asking = connect(server.ready.grpc, narrow, bundle);
  const { capabilities } = asking;
  const wish = {
    requestId: freshId(),
    validateOnly: false,
    grants: ["svc/status on svc/bot-a"],
    lifetimeSeconds: 60,
    reason: "to look",
  };
  const { request } = await ask(capabilities, capabilities.requestCapability, wish);
  const own = await ask(capabilities, capabilities.listCapabilityRequests, { tenant: "", all: false });
  expect(own.requests.map(({ id }) => id)).toEqual([request?.id]);
  // Who is not to decide does not even see what others want.
  expect(
    await refusal(ask(capabilities, capabilities.listCapabilityRequests, { tenant: "", all: true })),
  ).toMatchObject({
    reason: "CAPABILITY_DENIED",
  });
  const decision = {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    id: request?.id ?? "",
    grant: true,
    answer: "go on",
  };
  expect(
    await refusal(ask(capabilities, capabilities.decideCapabilityRequest, { ...decision, requestId: freshId() })),
  ).toMatchObject({
    reason: "CAPABILITY_DENIED",
  });
  const decided = await ask(ann.capabilities, ann.capabilities.decideCapabilityRequest, decision);
  const { capabilities: all } = await ask(ann.capabilities, ann.capabilities.listCapabilities, { tenant: "" });
  expect(all.find(({ cid }) => cid === decided.request?.cid)).toMatchObject({
    grants: ["svc/status on svc/bot-a"],
    standing: true,
  });
  expect(
    await refusal(
      ask(ann.capabilities, ann.capabilities.decideCapabilityRequest, { ...decision, requestId: freshId() }),
    ),
  ).toMatchObject({
    reason: "CAPABILITY_REQUEST_DECIDED",
  });
  const unnamed = connect(server.ready.grpc, narrow);
  expect((await unnamed.status("bot-a")).serviceId).toBe("bot-a");
  unnamed.close();
  asking.close();
});

test("a capability that was presented is named by a number, on its own connection only", async () => {
  const { bundle } = await grant(ann, { grants: ["svc/list on svc"] });
  const { handle } = await ask(ann.capabilities, ann.capabilities.presentCapability, { bundle, proof: "" });
  expect(handle).toBeGreaterThan(0);
  const elsewhere = withCapability(String(handle + 1));
  expect(await refusal(elsewhere.list())).toMatchObject({ reason: "CAPABILITY_INVALID" });
  elsewhere.close();
});

test("nothing of it begins after revoke has answered, however many calls and streams are under way", async () => {
  const { bundle, cid } = await grant(ann, { grants: ["svc/call on svc/bot-a", "event/read on event/log/**"] });
  const crowds = [withCapability(bundle), withCapability(bundle)];
  const [crowd] = crowds as [Connection];
  // A connection has room for a thousand streams, and the calls want some of it.
  const readings = crowds.flatMap(({ events }) =>
    Array.from(
      { length: 500 },
      () => new Reading(events.tailEvents({ tenant: "", after: "", serviceId: "other", onlyNew: false })),
    ),
  );
  await Promise.all(
    readings.map((reading) => reading.until("it is open", (items) => (items.length > 0 ? true : undefined))),
  );
  const before = (await ann.call("bot-a", "add", [0])) as number;
  const calls = Array.from({ length: 200 }, () =>
    crowd.call("bot-a", "add", [1]).then(
      () => 1,
      () => 0,
    ),
  );
  await revoke(ann, cid);
  const after = (await ann.call("bot-a", "add", [0])) as number;
  const answered = (await Promise.all(calls)).reduce<number>((sum, one) => sum + one, 0);
  expect((await ann.call("bot-a", "add", [0])) as number).toBe(after);
  expect(after - before).toBeGreaterThanOrEqual(answered);
  for (const reading of readings) expect(await reading.ended).toMatchObject({ reason: "CAPABILITY_DENIED" });
  for (const each of crowds) each.close();
}, 60_000);

test("the token says nothing that its holder does not know", async () => {
  const { bundle } = await grant(ann, { grants: ["svc/list on svc"] });
  const found = inspect(bundle);
  expect(found.kind === "inspected" && found.links.map(({ label }) => label)).toEqual(["agent agent", undefined]);
  await until("the history tells of it", async () =>
    (await ann.history()).some(({ type }) => type === "capability.granted") ? true : undefined,
  );
});
