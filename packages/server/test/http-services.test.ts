// Services that serve HTTP: reached at /TENANT/SERVICE/…, streaming both ways, bounded, apart by tenant.

import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request } from "node:https";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { HttpAccess } from "@solo/proto";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity, refusal } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { connectionBufferBytes } from "./needs.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const web = `
import { defineServer, reply } from "@solo/actor-core";
const seen = { aborted: 0, cancelled: 0, sent: 0 };
export default defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: {
    add: ({ state }, by) => reply(state.count + by, { count: state.count + by }),
    seen: ({ state }) => reply(seen, state),
  },
});
export async function fetch(request, service) {
  const { pathname, search } = new URL(request.url);
  switch (pathname) {
    case "/count": return Response.json(await service.call("add", 1));
    case "/head": return Response.json({ method: request.method, search, headers: [...request.headers] });
    case "/echo": return new Response(request.body);
    case "/throw": throw new Error("it was asked to");
    case "/text": return new Response("plain");
    case "/json": return Response.json({ a: "é" }, { status: 201, headers: { "x-own": "1" } });
    case "/long": return new Response("0123456789".repeat(20_000));
    case "/twice": { const made = new Response("once"); return new Response((await made.clone().text()) + (await made.text())); }
    case "/nothing": return undefined;
    case "/late": request.signal.addEventListener("abort", () => { seen.aborted += 1; }); return new Promise(() => {});
    case "/swallow": { for await (const piece of request.body) void piece; return new Response("all of it"); }
    case "/cookies": return new Response("", { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["connection", "x-secret"], ["x-secret", "1"]] });
    case "/forever": return new Response(new ReadableStream({
      pull(controller) { seen.sent += 1024; controller.enqueue(new Uint8Array(1024)); },
      cancel() { seen.cancelled += 1; },
    }));
    case "/die": process.exit(3);
    case "/half": return new Response(new ReadableStream({
      async pull(controller) { controller.enqueue(new Uint8Array(10)); await new Promise((resolve) => setTimeout(resolve, 20)); process.exit(3); },
    }));
    default: return new Response("nothing here", { status: 404 });
  }
}
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let ann: Connection;
let annIdentity: Credentials;
let http: ReturnType<typeof httpClient>;
let ben: ReturnType<typeof httpClient>;
let stranger: ReturnType<typeof httpClient>;

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  annIdentity = await issueIdentity(admin, "ann");
  ann = connect(server.ready.grpc, annIdentity);
  http = httpClient(server.ready.http, annIdentity);
  ben = httpClient(server.ready.http, await issueIdentity(admin, "ben"));
  stranger = httpClient(server.ready.http, { root: annIdentity.root });
  await ann.deploy("web", web, { manifest: { maxRestarts: 100 } });
  await ann.deploy("plain", `export default { fetch: () => new Response("hello") };`);
  await ann.deploy(
    "mute",
    `import { defineServer } from "@solo/actor-core"; export default defineServer({ version: 1, init: () => 0 });`,
  );
  await ann.deploy("open", `export default { fetch: (r) => new Response(r.headers.get("solo-caller")) };`, {
    manifest: { httpAccess: HttpAccess.HTTP_ACCESS_PUBLIC },
  });
});
afterAll(async () => {
  for (const client of [admin, ann]) client.close();
  await server.stop();
  data.remove();
});

const seen = async () => (await ann.call("web", "seen")) as { aborted: number; cancelled: number; sent: number };

test("a service that exports fetch answers, and its state is behind its calls", async () => {
  expect((await http.ask("/ann/web/count")).text).toBe("1");
  expect((await http.ask("/ann/web/count")).text).toBe("2");
  expect(await ann.call("web", "add", [0])).toBe(2);
  expect((await http.ask("/ann/plain")).text).toBe("hello");
});

test("a request arrives as it was sent, less what is the connection's, and with who sent it", async () => {
  const { json } = await http.ask("/ann/web/head?a=1&b=%2F", {
    method: "PATCH",
    headers: {
      "X-Own": "kept",
      "Solo-Caller": "somebody else",
      "X-Forwarded-For": "1.2.3.4",
      connection: "close, x-hop",
      "x-hop": "1",
    },
  });
  const headers = new Map(json.headers);
  expect([json.method, json.search]).toEqual(["PATCH", "?a=1&b=%2F"]);
  expect([headers.get("x-own"), headers.get("x-hop")]).toEqual(["kept", undefined]);
  expect(headers.get("solo-caller")).toBe("spiffe://solo.local/tenant/ann/agent/agent");
  expect(headers.get("x-forwarded-for")).toMatch(/127\.0\.0\.1$/);
});

test("an answer comes as it was made: its type, its cookies, and nothing of the connection", async () => {
  expect((await http.ask("/ann/web/text")).headers["content-type"]).toMatch(/^text\/plain/);
  const made = await http.ask("/ann/web/json");
  expect([made.status, made.json, made.headers["x-own"]]).toEqual([201, { a: "é" }, "1"]);
  expect((await http.ask("/ann/web/long")).text).toBe("0123456789".repeat(20_000));
  expect((await http.ask("/ann/web/twice")).text).toBe("onceonce");
  const { headers } = await http.ask("/ann/web/cookies");
  expect([headers["set-cookie"], headers["x-secret"]]).toEqual([["a=1", "b=2"], undefined]);
  expect((await http.ask("/ann/web/anything")).status).toBe(404);
});

test("bodies stream both ways, however large, in pieces that come back before the end", async () => {
  const port = Number(server.ready.http.split(":").pop());
  const { root: ca, certificate: cert, key } = annIdentity;
  const asked = request({
    host: "127.0.0.1",
    servername: "localhost",
    port,
    path: "/ann/web/echo",
    method: "POST",
    ca,
    cert,
    key,
  });
  asked.write("first");
  const [answer] = await once(asked, "response");
  const [first] = await once(answer, "data");
  expect(first.toString()).toBe("first");
  const piece = Buffer.alloc(1_000_000, 7);
  let bytes = 0;
  answer.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  for (let index = 0; index < 5; index++) asked.write(piece);
  asked.end();
  await once(answer, "end");
  expect(bytes).toBe(5_000_000);
});

test.each([
  ["throws", "/ann/web/throw", 502, "FETCH_FAILED", "it was asked to"],
  ["returns nothing", "/ann/web/nothing", 502, "FETCH_FAILED", "undefined"],
  ["is not there", "/ann/mute/", 404, "SERVICE_HAS_NO_HTTP", "without fetch"],
  ["belongs to no service", "/ann/nobody/", 404, "SERVICE_NOT_FOUND", "no service"],
  ["dies", "/ann/web/die", 502, "SERVICE_DIED", ""],
])("a fetch that %s is told with its reason", async (_, path, status, reason, found) => {
  const { json } = await http.ask(path);
  expect(json).toMatchObject({ status, reason, found: expect.stringContaining(found) });
  expect((await http.ask("/ann/web/text")).text).toBe("plain");
});

test("an answer that breaks off is no whole answer", async () => {
  await expect(http.ask("/ann/web/half")).rejects.toThrow();
  expect((await http.ask("/ann/web/text")).text).toBe("plain");
});

test("a client that leaves is told to the handler, before and within an answer", async () => {
  const before = await seen();
  const answer = await http.open("/ann/web/forever");
  await once(answer, "data");
  answer.destroy();
  await until("the body is cancelled", async () => ((await seen()).cancelled > before.cancelled ? true : undefined));
  const asked = beginLate();
  await once(asked, "socket");
  await until("the request is under way", async () => {
    const { status } = await http.ask("/ann/web/text");
    return status === 200 ? true : undefined;
  });
  asked.destroy();
  await until("it is aborted", async () => ((await seen()).aborted > before.aborted ? true : undefined));
});

test("a client that does not read holds the service back, which sends no more than windows hold", async () => {
  const before = await seen();
  const answer = await http.open("/ann/web/forever");
  answer.pause();
  let last = -1;
  const settled = await until("it stands still", async () => {
    const { sent } = await seen();
    const still = sent === last;
    last = sent;
    return still && sent > before.sent ? sent : undefined;
  });
  expect(settled - before.sent).toBeLessThan(connectionBufferBytes() + 4_000_000);
  answer.destroy();
  await until("it is told", async () => ((await seen()).cancelled > before.cancelled ? true : undefined));
});

test("an answer that comes too late is none, and the handler is told", async () => {
  const before = await seen();
  const { status, json } = await http.ask("/ann/web/late", { headers: { "solo-timeout-ms": "100" } });
  expect(json).toMatchObject({ status, reason: "CALL_TIMED_OUT", wanted: "an answer within 100 ms" });
  expect(status).toBe(504);
  await until("it is told", async () => ((await seen()).aborted > before.aborted ? true : undefined));
  const wrong = await http.ask("/ann/web/text", { headers: { "solo-timeout-ms": "soon" } });
  expect([wrong.status, wrong.json.reason]).toEqual([400, "REQUEST_MALFORMED"]);
});

test("a body that is too large is refused, before it comes where its length is said, else once it is", async () => {
  const most = 100 * 1024 * 1024;
  // It never comes, and what is asked next is no part of it.
  const headers = { "content-length": String(most + 1) };
  const said = await http.ask("/ann/web/swallow", { method: "POST", headers });
  expect(said).toMatchObject({ status: 413, json: { reason: "REQUEST_TOO_LARGE", wanted: `at most ${most} bytes` } });
  const body = Buffer.alloc(most + 1);
  const sent = http.ask("/ann/web/swallow", { method: "POST", body, headers: { "transfer-encoding": "chunked" } });
  expect(await sent).toMatchObject({ status: 413, json: { reason: "REQUEST_TOO_LARGE" } });
  expect((await http.ask("/ann/web/text")).text).toBe("plain");
});

test("more requests at a time than one service may have are refused, and the others go on", async () => {
  const open: IncomingMessage[] = [];
  // What was refused before may not have ended yet, and counts until then.
  while (open.length < 128) {
    const answers = await http.openMany("/ann/web/forever", 128 - open.length);
    open.push(...answers.filter(({ statusCode }) => statusCode === 200));
  }
  for (const answer of open) answer.pause();
  expect((await http.ask("/ann/web/text")).json).toMatchObject({ status: 429, reason: "TOO_MANY_EXCHANGES" });
  for (const answer of open) answer.destroy();
  await until("there is room", async () => ((await http.ask("/ann/web/text")).status === 200 ? true : undefined));
});

/** A request that is never answered. */
function beginLate(): ClientRequest {
  const port = Number(server.ready.http.split(":").pop());
  const { root: ca, certificate: cert, key } = annIdentity;
  const asked = request({ host: "127.0.0.1", servername: "localhost", port, path: "/ann/web/late", ca, cert, key });
  asked.on("error", () => undefined);
  asked.end();
  return asked;
}

test("requests under way count with the tenant's calls, whatever becomes of them", async () => {
  const setQuota = (most: bigint) =>
    ask(admin.quotas, admin.quotas.setQuota, {
      requestId: freshId(),
      validateOnly: false,
      tenant: "ann",
      limits: { calls_in_flight: most },
    });
  const used = async () => {
    const { limits } = await ask(admin.quotas, admin.quotas.getQuota, { tenant: "ann" });
    return limits.find(({ limit }) => limit === "calls_in_flight")?.used;
  };
  await setQuota(2n);
  const answered = await http.open("/ann/web/forever");
  answered.pause();
  const waiting = beginLate();
  await until("both count", async () => ((await used()) === 2n ? true : undefined));
  expect((await http.ask("/ann/web/text")).json).toMatchObject({ status: 429, reason: "TOO_MANY_CALLS" });
  expect(await refusal(ann.call("web", "seen"))).toMatchObject({ reason: "TOO_MANY_CALLS" });
  answered.destroy();
  waiting.destroy();
  await until("none counts", async () => ((await used()) === 0n ? true : undefined));
  expect((await http.ask("/ann/web/throw")).status).toBe(502);
  expect((await http.ask("/ann/web/text")).status).toBe(200);
  await until("none counts again", async () => ((await used()) === 0n ? true : undefined));
  await setQuota(0n);
});

test("another tenant's service is out of reach, however the path is written", async () => {
  expect((await ben.ask("/ann/web/text")).json).toMatchObject({ status: 403, reason: "OTHER_TENANT" });
  expect((await ben.ask("/ann/nobody/text")).json).toMatchObject({ status: 403, reason: "OTHER_TENANT" });
  for (const path of [
    "/ben/../ann/web/text",
    "/ben/%2e%2e/ann/web/text",
    "//ann/web/text",
    "/%61nn/web/text",
    "/ann%2fweb/text",
  ]) {
    const { json } = await ben.ask(path);
    expect(["PATH_UNKNOWN", "OTHER_TENANT", "SERVICE_NOT_FOUND"]).toContain(json.reason);
  }
  const denied = (await connect(server.ready.grpc, readProfile(server.ready.profile)).history("", "ben")).filter(
    ({ type }) => type === "authority.denied",
  );
  expect(denied.map(({ dataJson }) => JSON.parse(dataJson))).toContainEqual(
    expect.objectContaining({ method: "ServiceIngress/Fetch", wantedTenant: "ann" }),
  );
});

test("without a certificate only a service that was made public answers, and that it was is an event", async () => {
  expect((await stranger.ask("/ann/web/text")).json).toMatchObject({ status: 401, reason: "CERTIFICATE_MISSING" });
  expect((await stranger.ask("/ann/open/")).text).toBe("anybody");
  expect((await ben.ask("/ann/open/")).text).toBe("anybody");
  const exposed = (await ann.history("open")).filter(({ type }) => type === "service.exposed");
  expect(exposed).toHaveLength(1);
  expect((await ann.history("web")).some(({ type }) => type === "service.exposed")).toBe(false);
});

test("what waits of bodies counts in the mailbox, and who finds no room is told", async () => {
  const limits = { mailboxBytes: 10_000 };
  const idle = "export default { fetch: (r) => (r.method === 'GET' ? new Response('here') : new Promise(() => {})) };";
  await ann.deploy("unread", idle, { manifest: { limits } });
  const uploading = (bytes: number) =>
    request({
      ...{ host: "127.0.0.1", port: server.ready.http.split(":")[1], path: "/ann/unread/", method: "POST" },
      ...{ servername: "localhost", ca: annIdentity.root, cert: annIdentity.certificate, key: annIdentity.key },
    })
      .on("error", () => {})
      .end(new Uint8Array(bytes));
  const used = async () => (await ann.status("unread")).limits.find(({ limit }) => limit === "mailbox_bytes")?.used;
  const first = uploading(100_000);
  await until("all the room is taken", async () => ((await used()) === 10_000n ? true : undefined));
  const refused = await http.ask("/ann/unread/", { method: "POST", body: Buffer.alloc(100) });
  expect(refused).toMatchObject({ status: 429, json: { reason: "MAILBOX_FULL" } });
  // It takes no room, and waits for none.
  expect(await http.ask("/ann/unread/")).toMatchObject({ status: 200, text: "here" });
  const events = (await ann.history("unread")).map(({ type, dataJson }) => ({ type, ...JSON.parse(dataJson) }));
  expect(events).toContainEqual(
    expect.objectContaining({ type: "service.limit-reached", limit: "mailbox_bytes", level: "hard", allowed: 10_000 }),
  );
  first.destroy();
  await until("the room is free again", async () => ((await used()) === 0n ? true : undefined));
  await ann.kill("unread", { force: true });
});
