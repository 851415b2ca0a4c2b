import { createHash, createPublicKey, randomBytes, X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DeployRequest, KillRequest } from "@solo/proto";
import { createRoot, createTenantAuthority, formatKey, generateKey, issueLeaf } from "../src/identity/authority.ts";
import { ask, connect, freshId, issueIdentity } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

/** Does what it is told with its drivers, and says what came of it; keeps what its timers tell. */
const worker = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({}),
  calls: {
    do: async ({ state, ctx }, driver: string, operation: string, ...args: unknown[]) => {
      try {
        return reply({ answer: (await (ctx as any)[driver][operation](...args)) ?? null }, state);
      } catch (error) {
        return reply({ code: (error as any).code ?? null, message: (error as Error).message }, state);
      }
    },
    plain: async ({ state, ctx }, url: string, init?: object) =>
      reply((await (ctx as any).net.fetch(url, init)).body, state),
    drivers: ({ state, ctx }) =>
      reply(["kv", "net", "clock", "fs", "random"].filter((name) => (ctx as any)[name] !== undefined), state),
  },
  casts: {
    wake: async ({ state, ctx }, what: string, notice: { timer: string; firing: number }) => {
      await (ctx as any).kv.put("woke/" + notice.timer + "/" + notice.firing, what);
      return state;
    },
  },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let client: ReturnType<typeof connect>;
let under: readonly string[] = [];
let peer: Server;
let port: number;
let secure: SecureServer;
let securePort: number;
const asked: string[] = [];
const authorizations: (string | undefined)[] = [];

const answers: Readonly<Record<string, RequestListener>> = {
  "/hello": (request, response) => {
    response
      .setHeader("content-type", "text/plain")
      .end(`${request.method} from ${request.headers["x-from"] ?? "nobody"}`);
  },
  "/away": (_request, response) => response.writeHead(302, { location: `http://other.localhost:${port}/hello` }).end(),
  "/here": (_request, response) => response.writeHead(302, { location: "/hello" }).end(),
  "/large": (_request, response) => response.end("a".repeat(3 * 1024 * 1024)),
  "/escapes": (_request, response) => response.end("\u0001".repeat(1024 * 1024)),
  "/bytes": (_request, response) => response.end(Buffer.of(0, 1, 255)),
  "/never": () => undefined,
};

async function open(...flags: readonly string[]): Promise<void> {
  server = await startServer(data.folder, flags, under);
  client = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeAll(async () => {
  peer = createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    answers[request.url ?? ""]?.(request, response);
  });
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  port = (peer.address() as AddressInfo).port;
  const nowMs = Date.now();
  const root = await createRoot(nowMs);
  const issuer = await createTenantAuthority(root, "peers", nowMs);
  const key = await generateKey();
  const id = { tenant: "peers", role: "server", holder: "peer" } as const;
  const hostNames = ["localhost", "other.localhost"];
  const leaf = await issueLeaf(issuer, { id, key: createPublicKey(key), hostNames, nowMs });
  secure = createSecureServer({ key: formatKey(key), cert: `${leaf}${issuer.certificate}` }, (request, response) => {
    authorizations.push(request.headers.authorization);
    response.end("let in");
  });
  await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
  securePort = (secure.address() as AddressInfo).port;
  const rootFile = join(data.folder, "peers.pem");
  writeFileSync(rootFile, root.certificate.toString());
  under = ["env", `NODE_EXTRA_CA_CERTS=${rootFile}`];
  await open("--net-allow-addresses", "127.0.0.1");
});

afterAll(async () => {
  client.close();
  await server.stop();
  for (const each of [peer, secure]) {
    each.closeAllConnections();
    each.close();
  }
  data.remove();
});

let requests = 0;
const deploy = (serviceId: string, ...grants: readonly string[]) =>
  ask(
    client.deployments,
    client.deployments.deploy,
    DeployRequest.fromPartial({
      requestId: `drivers-${(requests += 1)}`,
      serviceId,
      source: Buffer.from(worker),
      manifest: { grants: [...grants] },
    }),
  );

async function call<T = unknown>(serviceId: string, method: string, ...args: readonly unknown[]): Promise<T> {
  const request = { tenant: "", serviceId, method, arguments: Buffer.from(JSON.stringify(args)), lend: [] };
  const { reply } = await ask(client.messaging, client.messaging.call, request);
  return (reply.length === 0 ? undefined : JSON.parse(reply.toString())) as T;
}
const use = (serviceId: string, driver: string, operation: string, ...args: readonly unknown[]) =>
  call<Record<string, unknown>>(serviceId, "do", driver, operation, ...args);
const get = (serviceId: string, path: string, init: object = {}, host = "localhost") =>
  use(serviceId, "net", "fetch", `http://${host}:${port}${path}`, init);

test("a driver of which nothing is granted is absent", async () => {
  await deploy("bare", "svc/call on svc/bare");
  expect(await call("bare", "drivers")).toEqual([]);
  await deploy("some", "net/fetch on net/egress host=localhost", "random/bytes on random/some");
  expect(await call("some", "drivers")).toEqual(["net", "random"]);
});

describe("net", () => {
  test("fetches from a host that is granted, as far as that goes", async () => {
    await deploy("caller", "net/fetch on net/egress host=localhost method=GET,POST");
    expect(await get("caller", "/hello", { headers: { "x-from": "caller" } })).toEqual({
      answer: {
        status: 200,
        ok: true,
        url: `http://localhost:${port}/hello`,
        redirected: false,
        headers: expect.objectContaining({ "content-type": "text/plain" }),
        body: "GET from caller",
      },
    });
    expect(await get("caller", "/here", { method: "POST", body: "x" })).toMatchObject({
      answer: { redirected: true, body: "GET from nobody" },
    });
    expect(await call("caller", "plain", `http://localhost:${port}/hello`)).toBe("GET from nobody");
    expect(await get("caller", "/bytes", { as: "bytes" })).toMatchObject({ answer: { body: { $bytes: "AAH/" } } });
  });

  test("denies other hosts and verbs in words that teach, before a name is looked up, and on record", async () => {
    asked.length = 0;
    expect(await get("caller", "/hello", {}, "other.localhost")).toEqual({
      code: "CAPABILITY_DENIED",
      message: expect.stringMatching(/for GET to other\.localhost: .*its caveat host allows/),
    });
    expect(await get("caller", "/hello", { method: "DELETE" })).toEqual({
      code: "CAPABILITY_DENIED",
      message: expect.stringMatching(/for DELETE to localhost: .*its caveat method allows/),
    });
    expect(await get("caller", "/away")).toMatchObject({ code: "CAPABILITY_DENIED" });
    expect(asked).toEqual([`localhost:${port} /away`]);
    const events = await client.history();
    const denials = events
      .filter(({ type }) => type === "authority.denied")
      .map(({ dataJson }) => JSON.parse(dataJson));
    expect(denials.filter(({ method }) => method === "net.fetch")).toHaveLength(3);
  });

  test("bounds size and time", async () => {
    expect(await get("caller", "/hello", { maxBytes: 3 })).toMatchObject({ code: "EGRESS_TOO_LARGE" });
    expect(await get("caller", "/large")).toMatchObject({ code: "EGRESS_TOO_LARGE" });
    expect(await get("caller", "/escapes")).toMatchObject({
      code: "EGRESS_TOO_LARGE",
      message: expect.stringContaining('as: "bytes"'),
    });
    expect(await get("caller", "/never", { timeoutMs: 50 })).toMatchObject({ code: "EGRESS_TIMED_OUT" });
    expect(await get("caller", "/hello", { headers: { host: "evil" } })).toMatchObject({
      code: "DRIVER_ARGUMENTS_INVALID",
    });
  });

  test("charges each hop to a rate", async () => {
    await deploy("slow", "net/fetch on net/egress host=localhost rate=3/1h");
    expect(await get("slow", "/here")).toMatchObject({ answer: { body: "GET from nobody" } });
    expect(await get("slow", "/here")).toMatchObject({ code: "CAPABILITY_SPENT" });
    expect(await get("slow", "/hello")).toMatchObject({ code: "CAPABILITY_SPENT" });
  });

  test("counts bytes against a budget, as many as it was", async () => {
    await deploy("thrifty", "net/fetch on net/egress host=localhost budget=byte:40");
    expect(await get("thrifty", "/hello")).toMatchObject({ code: "CAPABILITY_SPENT" });
    const body = "GET from nobody";
    for (let times = 0; times < 2; times += 1) {
      expect(await get("thrifty", "/hello", { maxBytes: 25 })).toMatchObject({ answer: { body } });
    }
    expect(await get("thrifty", "/hello", { maxBytes: 25 })).toMatchObject({ code: "CAPABILITY_SPENT" });
    expect(await get("thrifty", "/hello", { maxBytes: 40 - 2 * body.length })).toMatchObject({
      code: "EGRESS_TOO_LARGE",
    });
  });

  test("puts a secret into a request that the service never sees", async () => {
    const canary = `canary-${randomBytes(24).toString("hex")}`;
    const value = Buffer.from(canary);
    await ask(client.vault, client.vault.storeSecret, {
      requestId: "store-canary",
      validateOnly: false,
      tenant: "",
      name: "api-key",
      value,
    });
    await deploy(
      "keyed",
      "net/fetch on net/egress host=localhost,other.localhost",
      "vault/use on vault/api-key host=localhost",
    );
    const headers = { authorization: { secret: "api-key", prefix: "Bearer " } };
    const url = `https://localhost:${securePort}/secured`;
    expect(await use("keyed", "net", "fetch", url, { headers })).toMatchObject({ answer: { body: "let in" } });
    expect(authorizations).toEqual([`Bearer ${canary}`]);
    // Over http anybody on the way could read it; another host, another secret, or none of its own, and it stays where it is.
    expect(await get("keyed", "/hello", { headers }, "other.localhost")).toMatchObject({
      code: "DRIVER_ARGUMENTS_INVALID",
    });
    const elsewhere = `https://other.localhost:${securePort}/secured`;
    expect(await use("keyed", "net", "fetch", elsewhere, { headers })).toMatchObject({ code: "CAPABILITY_DENIED" });
    const other = { authorization: { secret: "other-key" } };
    expect(await use("keyed", "net", "fetch", url, { headers: other })).toMatchObject({ code: "CAPABILITY_DENIED" });
    expect(await use("caller", "net", "fetch", url, { headers })).toMatchObject({ code: "CAPABILITY_DENIED" });
    expect(authorizations).toHaveLength(1);
    const events = await client.history();
    expect(events.filter(({ type }) => type === "secret.used")).toHaveLength(1);
    expect(events.map(({ dataJson }) => dataJson).join()).not.toContain(canary);
    expect(server.log()).not.toContain(canary);
  });

  test("keeps to what a grant says of a request", async () => {
    await deploy(
      "narrow",
      'net/fetch on net/egress host=localhost arg.maxBytes.le=100 arg.url.prefix="http://localhost"',
    );
    expect(await get("narrow", "/hello")).toMatchObject({ code: "CAPABILITY_DENIED" });
    expect(await get("narrow", "/hello", { maxBytes: 100 })).toMatchObject({ answer: { status: 200 } });
  });
});

test("what is taken back ends a fetch under way, denies the next, and drops the timers", async () => {
  const identity = await issueIdentity(client, "acme");
  const key = new X509Certificate(identity.certificate).publicKey.export({ format: "jwk" });
  const { crv, kty, x, y } = key;
  const thumbprint = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  const ann = connect(server.ready.grpc, identity);
  const grants = ["net/fetch on net/egress host=localhost", "clock/schedule on clock/agent"];
  const { bundle, capability } = await ask(ann.capabilities, ann.capabilities.grantCapability, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    holder: `jkt:${thumbprint}`,
    grants: ["deploy/create,svc/call on svc/agent", ...grants],
    lifetimeSeconds: 600,
    label: "",
    standing: false,
    depth: undefined,
  });
  const deployer = connect(server.ready.grpc, identity, bundle);
  await deployer.deploy("agent", worker, { manifest: { grants } });
  const callAgent = (...args: readonly unknown[]) => ann.call("agent", "do", [...args]);
  await callAgent("clock", "every", 1_000, "wake", [], { id: "second" });
  asked.length = 0;
  const fetching = callAgent("net", "fetch", `http://localhost:${port}/never`);
  await until("it has been asked", () => (asked.length > 0 ? true : undefined));
  await ask(ann.capabilities, ann.capabilities.revokeCapability, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "",
    subject: { $case: "cid", value: capability?.cid ?? "" },
    reason: "test",
  });
  const denied = { code: "CAPABILITY_DENIED" };
  expect(await fetching).toMatchObject(denied);
  expect(await callAgent("net", "fetch", `http://localhost:${port}/hello`)).toMatchObject(denied);
  expect(asked).toHaveLength(1);
  const dropped = await until("its timer is dropped", async () =>
    (await ann.history()).find(({ type }) => type === "timer.dropped"),
  );
  expect(JSON.parse(dropped.dataJson)).toMatchObject({ timer: "second", reason: "CAPABILITY_DENIED" });
  for (const each of [ann, deployer]) each.close();
});

test("random bytes and names come from the host", async () => {
  const { answer } = await use("some", "random", "bytes", 16);
  expect(Buffer.from((answer as { $bytes: string }).$bytes, "base64")).toHaveLength(16);
  expect(await use("some", "random", "uuid")).toEqual({ answer: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  expect(await use("some", "random", "bytes", -1)).toMatchObject({ code: "DRIVER_ARGUMENTS_INVALID" });
});

test("logs of other services are read where they are granted", async () => {
  await deploy("reader", "svc/logs on svc/caller");
  expect(await use("reader", "logs", "read", "caller")).toEqual({ answer: { lines: [] } });
  expect(await use("reader", "logs", "read", "some")).toMatchObject({ code: "CAPABILITY_DENIED" });
});

test("files are kept where they are granted", async () => {
  await deploy("clerk", "fs/read,fs/write on fs/clerk/**");
  await use("clerk", "fs", "write", "out/report.txt", "all is well");
  expect(await use("clerk", "fs", "read", "out/report.txt")).toEqual({
    answer: { $bytes: Buffer.from("all is well").toString("base64") },
  });
  await deploy("guest", "fs/read on fs/guest/public/**");
  expect(await use("guest", "fs", "read", "public/a")).toEqual({ answer: null });
  expect(await use("guest", "fs", "read", "private/a")).toMatchObject({ code: "CAPABILITY_DENIED" });
  expect(await use("guest", "fs", "write", "public/a", "x")).toMatchObject({ code: "CAPABILITY_DENIED" });
});

describe("clock", () => {
  const woken = async (serviceId: string) => {
    const { answer } = await use(serviceId, "kv", "list", "woke/");
    return (answer as { entries: readonly { key: string; value: unknown }[] }).entries.map(({ key, value }) => [
      key,
      value,
    ]);
  };

  test("casts what a timer is for, and tells which it was", async () => {
    await deploy("sleeper", "clock/schedule on clock/sleeper", "kv/read,kv/write on kv/sleeper/**");
    await use("sleeper", "clock", "after", 20, "wake", ["now"], { id: "soon" });
    const first = await until("it is woken", async () => {
      const all = await woken("sleeper");
      return all.length > 0 ? all : undefined;
    });
    expect(first).toEqual([["woke/soon/1", "now"]]);
    await until("the firing is on record", async () =>
      (await client.history()).find(({ type }) => type === "timer.fired"),
    );
    expect(await use("sleeper", "clock", "list")).toEqual({ answer: [] });
  });

  test("lists, cancels and refuses", async () => {
    const set = await use("sleeper", "clock", "cron", "0 9 * * MON-FRI", "wake", ["daily"], { id: "daily" });
    expect(set).toMatchObject({ answer: { id: "daily", method: "wake", args: ["daily"], firings: 0 } });
    expect(await use("sleeper", "clock", "list")).toEqual({ answer: [set.answer] });
    expect(await use("sleeper", "clock", "cancel", "daily")).toEqual({ answer: true });
    expect(await use("sleeper", "clock", "every", 10, "wake")).toMatchObject({ code: "DRIVER_ARGUMENTS_INVALID" });
  });

  test("drops a timer for a method that there is not, with an event", async () => {
    await use("sleeper", "clock", "after", 0, "nowhere", [], { id: "lost" });
    const dropped = await until("it is dropped", async () =>
      (await client.history()).find(({ type }) => type === "timer.dropped"),
    );
    expect(JSON.parse(dropped.dataJson)).toMatchObject({ timer: "lost", reason: "METHOD_NOT_FOUND" });
  });

  test("outlives a kill -9 of the server; so do files, and an address that is no longer allowed is refused", async () => {
    await use("sleeper", "clock", "after", 1_500, "wake", ["later"], { id: "later" });
    await use("sleeper", "clock", "every", 3_600_000, "wake", [], { id: "hourly" });
    await server.kill();
    client.close();
    await open();
    await until("it is woken", async () => (await woken("sleeper")).find(([key]) => key === "woke/later/1"));
    await until("only the hourly one is left", async () => {
      const { answer } = await use("sleeper", "clock", "list");
      return (answer as readonly { id: string }[]).map(({ id }) => id).join() === "hourly" ? true : undefined;
    });
    expect(await use("clerk", "fs", "list")).toEqual({ answer: [{ path: "out/report.txt", bytes: 11 }] });
    expect(await get("caller", "/hello")).toEqual({
      code: "EGRESS_ADDRESS_REFUSED",
      message: expect.stringContaining("a loopback address"),
    });
  });

  test("forgets a service that is killed, and the next of its name begins with nothing", async () => {
    await ask(
      client.deployments,
      client.deployments.kill,
      KillRequest.fromPartial({ requestId: "kill-sleeper", serviceId: "sleeper" }),
    );
    await until("its timer is gone", async () =>
      (await client.history()).find(({ type, dataJson }) => type === "timer.cancelled" && dataJson.includes("hourly")),
    );
    await deploy("sleeper", "clock/schedule on clock/sleeper");
    expect(await use("sleeper", "clock", "list")).toEqual({ answer: [] });
  });
});
