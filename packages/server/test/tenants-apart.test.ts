// Two tenants use the same names and never see each other: in every method that the descriptors hold.

import { Client, status as grpcStatus, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Service } from "@solo/proto";
import {
  ask,
  type Connection,
  type Credentials,
  connect,
  freshId,
  issueIdentity,
  named,
  Reading,
  refusal,
  tlsOf,
  WireError,
} from "./client.ts";
import { type ApiMethod, apiMethods } from "./methods.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

/** Answers with what its own tenant told it, and asks others by name. */
const keeper = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: ({ ctx }, secret) => {
    ctx.log(secret);
    return { secret };
  },
  calls: {
    secret: ({ state }) => reply(state.secret, state),
    ask: async ({ state, ctx }, service) => {
      try {
        return reply({ value: await ctx.call(service, "secret") }, state);
      } catch (error) {
        return reply({ refused: error.message }, state);
      }
    },
  },
  casts: { note: ({ state, ctx }, text) => { ctx.log(text); return state; } },
});
`;

const secrets = { ann: "what-only-ann-knows", ben: "what-only-ben-knows" } as const;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let ann: Connection;
let ben: Connection;
let benIdentity: Credentials;

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  ann = connect(server.ready.grpc, await issueIdentity(admin, "ann"));
  benIdentity = await issueIdentity(admin, "ben");
  ben = connect(server.ready.grpc, benIdentity);
  const startArguments = (secret: string) => ({
    manifest: { startArguments: Buffer.from(JSON.stringify([secret])), grants: ["svc/call,svc/cast on svc/*"] },
  });
  await ann.deploy("shared", keeper, startArguments(secrets.ann));
  await ann.deploy("only-ann", keeper, startArguments(secrets.ann));
  await ben.deploy("shared", keeper, startArguments(secrets.ben));
  await keep(ann, "shared", secrets.ann);
  await keep(ann, "only-ann", secrets.ann);
  await keep(ben, "shared", secrets.ben);
});
afterAll(async () => {
  for (const client of [admin, ann, ben]) client.close();
  await server.stop();
  data.remove();
});

const keep = ({ vault }: Connection, name: string, value: string) =>
  ask(vault, vault.storeSecret, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    name,
    value: Buffer.from(value),
  });

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What each method is sent about a service, by the names of its fields. */
const requests: Readonly<Record<string, (serviceId: string) => object>> = {
  "DeploymentService/Deploy": (serviceId) => ({
    request_id: freshId(),
    validate_only: true,
    service_id: serviceId,
    source: base64(keeper),
  }),
  "DeploymentService/Status": (serviceId) => ({ service_id: serviceId }),
  "DeploymentService/Kill": (serviceId) => ({ request_id: freshId(), validate_only: true, service_id: serviceId }),
  "DeploymentService/Restart": (serviceId) => ({ request_id: freshId(), validate_only: true, service_id: serviceId }),
  "DeploymentService/List": () => ({}),
  "DeploymentService/Logs": (serviceId) => ({ service_id: serviceId }),
  "DeploymentService/Watch": (serviceId) => ({ service_id: serviceId, usage_interval_ms: 200 }),
  "MessagingService/Call": (serviceId) => ({ service_id: serviceId, method: "secret" }),
  "MessagingService/Cast": (serviceId) => ({ service_id: serviceId, method: "note", arguments: base64('["a note"]') }),
  "MessagingService/Session": (serviceId) => ({
    items: [{ id: 1, call: { service_id: serviceId, method: "secret" } }],
  }),
  "EventService/ListEvents": () => ({ page_size: 1_000 }),
  "EventService/TailEvents": () => ({}),
  "EventService/GetCheckpoint": () => ({}),
  "EventService/GetProof": () => ({ sequence: 1 }),
  "DeploymentService/GetSigning": () => ({}),
  "DeploymentService/SetSigning": () => ({ request_id: freshId(), validate_only: true, required: true }),
  "CertificateService/Issue": () => ({ request_id: freshId(), validate_only: true, tenant: "ann" }),
  "CertificateService/Renew": () => ({ request_id: freshId(), validate_only: true }),
  "CertificateService/Invite": () => ({ request_id: freshId(), validate_only: true, tenant: "ann" }),
  "CertificateService/Join": () => ({ code: "a guess" }),
  "CertificateService/ListCertificates": () => ({ tenant: "ann" }),
  "CertificateService/RevokeCertificate": () => ({
    request_id: freshId(),
    validate_only: true,
    tenant: "ann",
    holder: "agent",
  }),
  "CapabilityService/GrantCapability": () => ({
    request_id: freshId(),
    validate_only: true,
    holder: `jkt:${"A".repeat(43)}`,
    grants: ["svc/call on svc/shared"],
  }),
  "CapabilityService/RotateKey": () => ({ request_id: freshId(), validate_only: true }),
  "CapabilityService/RevokeCapability": () => ({ request_id: freshId(), validate_only: true, cid: "A".repeat(43) }),
  "CapabilityService/RenounceCapability": () => ({ request_id: freshId(), validate_only: true, bundle: "x" }),
  "CapabilityService/ListCapabilities": () => ({}),
  "CapabilityService/PresentCapability": () => ({ bundle: "x" }),
  "CapabilityService/ExplainCapability": () => ({ ability: "svc/call", resource: "svc/shared" }),
  "CapabilityService/RequestCapability": () => ({
    request_id: freshId(),
    validate_only: true,
    grants: ["svc/call on svc/shared"],
  }),
  "CapabilityService/ListCapabilityRequests": () => ({ all: true }),
  "CapabilityService/DecideCapabilityRequest": () => ({ request_id: freshId(), validate_only: true, id: "x" }),
  "QuotaService/GetQuota": () => ({}),
  "QuotaService/SetQuota": () => ({
    request_id: freshId(),
    validate_only: true,
    limits: [{ key: "services", value: 5 }],
  }),
  "VaultService/StoreSecret": (name) => ({ request_id: freshId(), validate_only: true, name, value: base64("x") }),
  "VaultService/FetchSecret": (name) => ({ name }),
  "VaultService/ListSecrets": () => ({}),
  "VaultService/RotateSecret": (name) => ({ request_id: freshId(), validate_only: true, name }),
  "VaultService/RemoveSecret": (name) => ({ request_id: freshId(), validate_only: true, name }),
  "VaultService/ChangeKey": () => ({ request_id: freshId(), validate_only: true }),
  "VaultService/VaultStatus": () => ({}),
  "VaultService/Unseal": () => ({ request_id: freshId(), validate_only: true }),
  "VaultService/Seal": () => ({ request_id: freshId(), validate_only: true }),
  "KernelService/Help": () => ({}),
  "KernelService/Shutdown": () => ({ request_id: freshId(), validate_only: true }),
  "KernelService/Doctor": () => ({}),
  "KernelService/GetMetrics": () => ({}),
};

const adminOnly = new Set([
  "DeploymentService/SetSigning",
  "CertificateService/Issue",
  "CertificateService/Invite",
  "CertificateService/ListCertificates",
  "CertificateService/RevokeCertificate",
  "CapabilityService/RotateKey",
  "QuotaService/SetQuota",
  "KernelService/Shutdown",
  "KernelService/Doctor",
  "KernelService/GetMetrics",
  "VaultService/Unseal",
  "VaultService/Seal",
]);
/** Help is the same for everybody; the items of a session name their tenants themselves, and have their own test. */
const ofNobody = new Set(["KernelService/Help", "MessagingService/Session"]);
/** Who they are about, the connection says; a tenant that comes with them is not even read. */
const ofCaller = new Set(
  ["RenounceCapability", "PresentCapability", "RequestCapability"]
    .map((name) => `CapabilityService/${name}`)
    .concat("CertificateService/Renew", "CertificateService/Join"),
);
/** Answered without a certificate. */
const theOpenOne = "CertificateService/Join";
/** With nothing true to be sent, these are refused for what they are sent. */
const refusedHere = new Set(
  ["DeploymentService/Deploy", "CertificateService/Join"].concat(
    ["RenounceCapability", "PresentCapability"].map((name) => `CapabilityService/${name}`),
  ),
);
/** Deploy of an id is no secret; the rest must not tell whether another tenant has it. */
const namesService = new Set(
  ["Status", "Kill", "Restart", "Logs", "Watch"]
    .map((name) => `DeploymentService/${name}`)
    .concat("MessagingService/Call", "MessagingService/Cast")
    .concat(["FetchSecret", "RotateSecret", "RemoveSecret"].map((name) => `VaultService/${name}`)),
);
const forTenants = apiMethods.filter(({ name }) => !adminOnly.has(name));
const requestOf = (method: ApiMethod, serviceId: string) =>
  (requests[method.name] as (serviceId: string) => object)(serviceId);

/** Sends a request as it stands; all answers, the first few of a stream that does not end. */
function send(client: Client, method: ApiMethod, request: object): Promise<readonly object[]> {
  const answers: object[] = [];
  const stream = client.makeServerStreamRequest(method.path, method.encode, method.decode, request, {
    deadline: Date.now() + 10_000,
  });
  return new Promise((resolve, reject) => {
    stream.on("data", (answer: object) => {
      answers.push(answer);
      if (answers.length === 5) stream.cancel();
    });
    stream.on("error", (error: ServiceError) => {
      if (error.code === grpcStatus.CANCELLED) resolve(answers);
      else reject(new WireError(error));
    });
    stream.on("end", () => resolve(answers));
  });
}

const reflectionPaths = [
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];
const same = (bytes: Buffer): Buffer => bytes;
/** `list_services: ""` */
const listServices = Buffer.from([0x3a, 0x00]);

test("the table of requests holds every method of the descriptors, and no other", () => {
  expect(Object.keys(requests).sort()).toEqual(apiMethods.map(({ name }) => name).sort());
  expect(apiMethods.length).toBeGreaterThan(10);
});

test("the server serves what the descriptors hold, health and reflection, and nothing else", async () => {
  const client = new Client(server.ready.grpc, tlsOf(benIdentity), named);
  const answer = await new Promise<string>((resolve, reject) => {
    const stream = client.makeBidiStreamRequest(reflectionPaths[0] as string, same, same);
    stream.on("data", (bytes: Buffer) => resolve(bytes.toString("latin1")));
    stream.on("error", reject);
    stream.end(listServices);
  });
  client.close();
  const served = [...answer.matchAll(/(?:solo|grpc)\.[\w.]+\w/g)].map(([name]) => name);
  const described = [...new Set(apiMethods.map(({ path }) => path.split("/")[1] as string))];
  expect(new Set(served.filter((name) => name.startsWith("solo.")))).toEqual(new Set(described));
  for (const name of served) expect(name).toMatch(/^(solo\.v1\.\w+Service|grpc\.(health|reflection)\..*)$/);
});

const unknown = (client: Client, path: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, Buffer.from("x"), { deadline: Date.now() + 5_000 }, (error, bytes) =>
      error === null ? resolve(bytes) : reject(new WireError(error)),
    );
  });

test("a method that nobody serves is told with those there are", async () => {
  const client = new Client(server.ready.grpc, tlsOf(benIdentity), named);
  expect(await refusal(unknown(client, "/solo.v1.DeploymentService/Undeploy"))).toMatchObject({
    status: grpcStatus.UNIMPLEMENTED,
    reason: "RPC_UNKNOWN",
    hint: {
      found: 'the path "/solo.v1.DeploymentService/Undeploy"',
      wanted: expect.stringContaining("solo.v1.DeploymentService, solo.v1.MessagingService"),
    },
  });
  client.close();
});

describe("without a certificate", () => {
  let stranger: Client;
  beforeAll(() => {
    stranger = new Client(server.ready.grpc, tlsOf({ root: benIdentity.root }), named);
  });
  afterAll(() => stranger.close());

  test("CertificateService/Join alone is answered, and asks for a code", async () => {
    const [open, ...more] = apiMethods.filter(({ name }) => name === theOpenOne);
    expect(more).toEqual([]);
    expect(await refusal(send(stranger, open as ApiMethod, { code: "a guess" }))).toMatchObject({
      status: grpcStatus.PERMISSION_DENIED,
      reason: "INVITATION_UNKNOWN",
    });
  });

  const closed = apiMethods.filter(({ name }) => name !== theOpenOne);
  test.each(closed.map((method) => [method.name, method] as const))("%s is refused (lesson 3)", async (_, method) => {
    expect(await refusal(send(stranger, method, requestOf(method, "shared")))).toMatchObject({
      status: grpcStatus.UNAUTHENTICATED,
      reason: "CERTIFICATE_MISSING",
      hint: { command: expect.stringContaining("solo cert issue") },
    });
  });

  test.each(reflectionPaths)("%s is refused too", async (path) => {
    const error = await new Promise<WireError>((resolve, reject) => {
      const stream = stranger.makeBidiStreamRequest(path, same, same, { deadline: Date.now() + 5_000 });
      stream.on("data", () => reject(new Error("It answered")));
      stream.on("error", (each: ServiceError) => resolve(new WireError(each)));
      stream.end(listServices);
    });
    expect([error.status, error.reason]).toEqual([grpcStatus.UNAUTHENTICATED, "CERTIFICATE_MISSING"]);
  });

  test.each(["/solo.v1.DeploymentService/Undeploy", "/nobody.v1.Nothing/Do", "/"])(
    "%s, which nobody serves, is refused too",
    async (path) => {
      expect(await refusal(unknown(stranger, path))).toMatchObject({
        status: grpcStatus.UNAUTHENTICATED,
        reason: "CERTIFICATE_MISSING",
      });
    },
  );

  test("health answers all the same", async () => {
    const reply = await new Promise<Buffer>((resolve, reject) => {
      stranger.makeUnaryRequest("/grpc.health.v1.Health/Check", same, same, Buffer.alloc(0), (error, bytes) =>
        error === null ? resolve(bytes as Buffer) : reject(error),
      );
    });
    // status: SERVING
    expect([...reply]).toEqual([0x08, 0x01]);
  });

  test("each refusal is an event of the kernel", async () => {
    const denied = (await admin.history("", "kernel")).filter(({ type }) => type === "authority.denied");
    const methods = new Set(denied.map(({ dataJson }) => (JSON.parse(dataJson) as { method: string }).method));
    for (const { name } of apiMethods) expect(methods).toContain(name);
  });
});

describe("a tenant", () => {
  let client: Client;
  beforeAll(() => {
    client = new Client(server.ready.grpc, tlsOf(benIdentity), named);
  });
  afterAll(() => client.close());

  const inTenant = forTenants.filter(({ name }) => !ofNobody.has(name) && !ofCaller.has(name));
  test.each(inTenant.map((method) => [method.name, method] as const))(
    "that names another in %s is denied, and its own history tells of it",
    async (_, method) => {
      const before = (await ben.history()).length;
      expect(await refusal(send(client, method, { ...requestOf(method, "shared"), tenant: "ann" }))).toMatchObject({
        status: grpcStatus.PERMISSION_DENIED,
        reason: "OTHER_TENANT",
      });
      const [event, ...more] = (await ben.history()).slice(before);
      expect(more).toEqual([]);
      expect(event).toMatchObject({
        type: "authority.denied",
        tenant: "ben",
        actor: "spiffe://solo.local/tenant/ben/agent/agent",
      });
      expect(JSON.parse(event?.dataJson ?? "")).toMatchObject({
        method: method.name,
        reason: "OTHER_TENANT",
        wantedTenant: "ann",
      });
    },
  );

  test.each(forTenants.map((method) => [method.name, method] as const))(
    "gets only what is its own from %s, with the same names in use (lessons 2, 6)",
    async (_, method) => {
      const reading = send(client, method, requestOf(method, "shared"));
      // Something happens on both sides while streams are open.
      const notes = async () => {
        await ann.cast("shared", "note", secrets.ann);
        await ben.cast("shared", "note", secrets.ben);
      };
      const answers = refusedHere.has(method.name)
        ? [{ reason: (await refusal(reading)).reason }]
        : await Promise.all([reading, notes()]).then(([read]) => read);
      const text = JSON.stringify(answers, (_key, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      );
      const seen = `${text}${Buffer.from(text.replace(/[^A-Za-z0-9+/=]/g, ""), "base64").toString("latin1")}`;
      expect(seen).not.toContain(secrets.ann);
      expect(seen).not.toContain("only-ann");
      expect(seen).not.toMatch(/"tenant":"(?!ben")/);
      for (const bytes of text.matchAll(/"reply":"([^"]*)"/g)) {
        expect(Buffer.from(bytes[1] as string, "base64").toString()).toBe(JSON.stringify(secrets.ben));
      }
    },
  );

  test.each(forTenants.filter(({ name }) => namesService.has(name)).map((method) => [method.name, method] as const))(
    "hears the same from %s of what is another's as of what is nobody's",
    async (_, method) => {
      const ofAnn = await refusal(send(client, method, requestOf(method, "only-ann")));
      const ofNobody = await refusal(send(client, method, requestOf(method, "only-nobody")));
      const what = method.name.startsWith("VaultService/") ? "SECRET" : "SERVICE";
      expect(ofAnn.reason).toBe(`${what}_NOT_FOUND`);
      expect(ofAnn.message.replaceAll("only-ann", "only-nobody")).toBe(ofNobody.message);
      expect([ofAnn.status, ofAnn.hint]).toEqual([ofNobody.status, ofNobody.hint]);
    },
  );

  test("that is named in a header is nobody: the certificate alone says who calls (lessons 4, 5)", async () => {
    const metadata = new Metadata();
    for (const name of ["tenant", "x-tenant", "x-tenant-id", "x-solo-tenant", "authorization"])
      metadata.set(name, "ann");
    const services = await new Promise<readonly Service[]>((resolve, reject) => {
      const request = { tenant: "", pageSize: 0, pageToken: "" };
      ben.deployments.list(request, metadata, (error, answer) => (error ? reject(error) : resolve(answer.services)));
    });
    expect(services.length).toBeGreaterThan(0);
    expect(new Set(services.map((service) => service.tenant))).toEqual(new Set(["ben"]));
  });

  test.each([...adminOnly])("may not use %s, and its history tells of the attempt", async (name) => {
    const method = apiMethods.find((each) => each.name === name) as ApiMethod;
    expect(await refusal(send(client, method, requestOf(method, "shared")))).toMatchObject({
      status: grpcStatus.PERMISSION_DENIED,
      reason: "ADMIN_REQUIRED",
    });
    const event = (await ben.history()).at(-1);
    expect(event?.type).toBe("authority.denied");
    expect(JSON.parse(event?.dataJson ?? "")).toMatchObject({ method: name, reason: "ADMIN_REQUIRED" });
  });
});

describe("names, histories and requests", () => {
  test("a service cannot call another tenant's, whatever its name", async () => {
    expect(await ben.call("shared", "ask", ["shared-not"])).toMatchObject({ refused: expect.anything() });
    const refused = await ben.call("shared", "ask", ["only-ann"]);
    expect(refused).toMatchObject({ refused: expect.stringMatching(/only-ann/) });
    expect(JSON.stringify(refused)).not.toContain(secrets.ann);
    for (const name of [
      "ann/only-ann",
      "../ann/only-ann",
      "ann:only-ann",
      "spiffe://solo.local/tenant/ann/svc/only-ann",
    ]) {
      expect(await ben.call("shared", "ask", [name])).toMatchObject({ refused: expect.anything() });
    }
    expect(await ann.call("shared", "ask", ["only-ann"])).toEqual({ value: secrets.ann });
  });

  test("a cursor of one history is refused in another", async () => {
    const after = (await ann.history()).at(-1)?.cursor as string;
    const request = { tenant: "", after, serviceId: "", pageSize: 0 };
    expect((await refusal(ask(ben.events, ben.events.listEvents, request))).reason).toBe("CURSOR_INVALID");
    const tail = new Reading(ben.events.tailEvents({ tenant: "", after, serviceId: "", onlyNew: false }));
    expect((await tail.ended)?.reason).toBe("CURSOR_INVALID");
  });

  test("each history is dense by itself", async () => {
    for (const client of [ann, ben]) {
      const events = await client.history();
      expect(events.map((event) => Number(event.sequence))).toEqual(events.map((_, index) => index + 1));
      expect(new Set(events.map((event) => event.tenant)).size).toBe(1);
    }
  });

  test("a request id of one tenant is free in another", async () => {
    const options = { requestId: "the-same" };
    const [one, two] = await Promise.all([ann.deploy("twin", keeper, options), ben.deploy("twin", keeper, options)]);
    expect([one.tenant, two.tenant]).toEqual(["ann", "ben"]);
    expect(one.processId).not.toBe(two.processId);
  });

  test("names that look alike when they are joined stay apart (lesson 9)", async () => {
    const joined = connect(server.ready.grpc, await issueIdentity(admin, "ann-b"));
    await ann.deploy("b-c", keeper, { manifest: { startArguments: Buffer.from('["ann + b-c"]') } });
    await joined.deploy("c", keeper, { manifest: { startArguments: Buffer.from('["ann-b + c"]') } });
    expect(await ann.call("b-c", "secret")).toBe("ann + b-c");
    expect(await joined.call("c", "secret")).toBe("ann-b + c");
    await joined.kill("c");
    expect(await ann.call("b-c", "secret")).toBe("ann + b-c");
    joined.close();
  });

  test("what one tenant does to its service leaves the other's alone", async () => {
    await ann.kill("shared");
    expect(await ben.call("shared", "secret")).toBe(secrets.ben);
    expect((await ann.list()).map(({ serviceId }) => serviceId)).not.toContain("shared");
    expect((await ben.list()).map(({ serviceId }) => serviceId)).toContain("shared");
  });
});

describe("an administrator", () => {
  test("acts in another tenant when the request names it, and is on record there", async () => {
    const request = { tenant: "ann", serviceId: "only-ann" };
    const { service } = await ask(admin.deployments, admin.deployments.status, request);
    expect(service).toMatchObject({ tenant: "ann", serviceId: "only-ann" });
    const call = { ...request, method: "secret", arguments: Buffer.alloc(0), lend: [] };
    const { reply } = await ask(admin.messaging, admin.messaging.call, call);
    expect(reply.toString()).toBe(JSON.stringify(secrets.ann));
    await ask(admin.deployments, admin.deployments.kill, {
      ...request,
      requestId: freshId(),
      validateOnly: false,
      force: false,
    });
    const killed = (await ann.history()).at(-1);
    expect(killed).toMatchObject({ type: "service.killed", actor: expect.stringMatching(/^spiffe:.*\/operator\//) });
  });

  test("acts in its own tenant when the request names none", async () => {
    expect((await admin.list()).map(({ serviceId }) => serviceId)).toEqual([]);
  });

  test("cannot make a tenant of the kernel's name, nor of one that is none", async () => {
    for (const tenant of ["kernel", "", "Ann", "a/b", "../x", "__proto__"]) {
      expect(await refusal(issueIdentity(admin, tenant))).toMatchObject({
        status: grpcStatus.INVALID_ARGUMENT,
        reason: "TENANT_INVALID",
      });
    }
  });
});
