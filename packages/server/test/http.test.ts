// The API as JSON over HTTP: the methods of gRPC behind other words, with the same gate and the same errors.

import { connect as openTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createMetrics } from "../src/observability/prometheus-metrics.ts";
import { type Connection, type Credentials, connect, issueIdentity } from "./client.ts";
import { httpClient, readEvents } from "./http-client.ts";
import { apiMethods } from "./methods.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const counter = `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: {
    add: ({ state }, by) => reply(state.count + by, { count: state.count + by }),
    nothing: ({ state }) => reply(undefined, state),
    late: ({ state }) => noReply(state),
  },
  casts: { say: ({ state, ctx }, text) => { ctx.log(text); return state; } },
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let annIdentity: Credentials;
let ann: Connection;
let http: ReturnType<typeof httpClient>;
let stranger: ReturnType<typeof httpClient>;

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  annIdentity = await issueIdentity(admin, "ann");
  ann = connect(server.ready.grpc, annIdentity);
  http = httpClient(server.ready.http, annIdentity);
  stranger = httpClient(server.ready.http, { root: annIdentity.root });
});
afterAll(async () => {
  admin.close();
  ann.close();
  await server.stop();
  data.remove();
});

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  http.ask(path, { method: "POST", body, headers });

test("source goes in as it is, and the service answers in its own JSON", async () => {
  const deployed = await http.ask("/v1/services/counter?file_name=counter.ts", {
    method: "PUT",
    body: counter,
    headers: { "idempotency-key": "put-1" },
  });
  expect([deployed.status, deployed.json.service.state]).toEqual([200, "SERVICE_STATE_RUNNING"]);
  expect((await post("/v1/services/counter/calls/add", "[2]")).text).toBe("2");
  expect((await post("/v1/services/counter/calls/nothing", "")).text).toBe("null");
  expect((await post("/v1/services/counter/casts/say", '["hello"]')).json).toEqual({});
  expect((await http.ask("/v1/services/counter")).json.service.calls).toEqual(["add", "nothing", "late"]);
  expect((await http.ask("/v1/services")).json.services).toHaveLength(1);
});

test("/metrics goes to who may read them: an administrator, and whom one has let", async () => {
  const operator = httpClient(server.ready.http, readProfile(server.ready.profile));
  const read = await operator.ask("/metrics");
  expect([read.status, read.headers["content-type"]]).toEqual([200, createMetrics().contentType]);
  expect(read.text).toMatch(/^solo_services_running 1$/m);
  expect(read.text).not.toMatch(/"counter"|"ann"|tenant=/);
  const refused = async (client: typeof http) => (await client.ask("/metrics")).json;
  expect(await refused(stranger)).toMatchObject({ status: 401, reason: "CERTIFICATE_MISSING" });
  expect(await refused(http)).toMatchObject({ status: 403, reason: "ADMIN_REQUIRED" });

  const identity = await issueIdentity(admin, "monitoring", { grants: ["server/metrics on server"] });
  const scraper = httpClient(server.ready.http, identity);
  expect((await scraper.ask("/metrics")).text).toMatch(/^solo_call_duration_seconds_count/m);
  const change = (method: string, request: object) =>
    operator.ask(`/v1/CapabilityService/${method}`, { method: "POST", body: JSON.stringify(request) });
  const tenant = "monitoring";
  const { cid } = (await change("ListCapabilities", { tenant })).json.capabilities[0];
  expect((await change("RevokeCapability", { requestId: "no-more-metrics", tenant, cid })).status).toBe(200);
  expect(await refused(scraper)).toMatchObject({ status: 403 });
});

test("a change that is sent again with its key is made once", async () => {
  const again = { method: "PUT", body: counter, headers: { "idempotency-key": "put-1" } };
  expect((await http.ask("/v1/services/counter?file_name=counter.ts", again)).status).toBe(200);
  expect((await ann.history()).filter(({ type }) => type === "service.deployed")).toHaveLength(1);
  const other = { ...again, body: `${counter}// another` };
  expect((await http.ask("/v1/services/counter?file_name=counter.ts", other)).json).toMatchObject({
    status: 409,
    reason: "REQUEST_ID_REUSED",
  });
});

test.each([
  ["a service that is not there", "/v1/services/nobody/calls/add", "[1]", 404, "SERVICE_NOT_FOUND"],
  ["a call that is not there", "/v1/services/counter/calls/subtract", "[1]", 404, "METHOD_NOT_FOUND"],
  ["arguments that are no JSON", "/v1/services/counter/calls/add", "{", 400, "ARGUMENTS_NOT_JSON"],
  ["a body that is no JSON", "/v1/DeploymentService/Status", "{", 400, "REQUEST_MALFORMED"],
  ["a body that is no object", "/v1/DeploymentService/Status", "[]", 400, "REQUEST_MALFORMED"],
  ["a field that is not there", "/v1/DeploymentService/Status", '{"id":"counter"}', 400, "REQUEST_MALFORMED"],
  ["a field of another type", "/v1/DeploymentService/Status", '{"serviceId":1}', 400, "REQUEST_MALFORMED"],
  ["a negative page", "/v1/DeploymentService/List", '{"pageSize":-1}', 400, "REQUEST_MALFORMED"],
  ["source that is no Base64", "/v1/services", '{"serviceId":"x","source":"ä"}', 400, "REQUEST_MALFORMED"],
  ["a prototype", "/v1/DeploymentService/Status", '{"__proto__":{"serviceId":"counter"}}', 400, "REQUEST_MALFORMED"],
  ["another tenant", "/v1/DeploymentService/List", '{"tenant":"ben"}', 403, "OTHER_TENANT"],
  ["a method for administrators", "/v1/shutdown", '{"requestId":"s"}', 403, "ADMIN_REQUIRED"],
  ["a change without a key", "/v1/services/counter/kill", "{}", 400, "REQUEST_ID_INVALID"],
  ["a conversation", "/v1/MessagingService/Session", "{}", 404, "PATH_UNKNOWN"],
  ["a path that is not there", "/v2", "{}", 404, "PATH_UNKNOWN"],
  ["a path of another tenant's by dots", "/v1/services/..%2f..%2fann/calls/add", "[]", 400, "SERVICE_ID_INVALID"],
])("%s is told as over gRPC", async (_, path, body, status, reason) => {
  const answer = await post(path, body);
  expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
  expect([answer.status, answer.json.status, answer.json.reason]).toEqual([status, status, reason]);
  for (const fact of ["type", "title", "detail", "found", "wanted", "fix"]) expect(answer.json[fact]).not.toBe("");
});

test("a time that is over is told", async () => {
  const late = await post("/v1/services/counter/calls/late", "[]", { "solo-timeout-ms": "30" });
  expect([late.status, late.json.reason]).toEqual([504, "CALL_TIMED_OUT"]);
  const unreadable = await post("/v1/services/counter/calls/late", "[]", { "solo-timeout-ms": "soon" });
  expect(unreadable.json.reason).toBe("REQUEST_MALFORMED");
});

/** Their messages hold a secret, which text would keep. */
const notOverHttp = ["StoreSecret", "FetchSecret", "RotateSecret", "Unseal"].map((name) => `VaultService/${name}`);

describe("without a certificate", () => {
  // The one that a new client joins by has a code instead, and those whose messages hold a secret are not there over HTTP.
  const open = new Set(["CertificateService/Join", ...notOverHttp]);
  test.each(apiMethods.map(({ name }) => [name]).filter(([name]) => !open.has(String(name))))(
    "%s is refused",
    async (name) => {
      const answer = await stranger.ask(`/v1/${name}`, { method: "POST", body: "{}" });
      expect([answer.status, answer.json.reason]).toEqual([401, "CERTIFICATE_MISSING"]);
    },
  );

  test("what is not there is refused too, and health answers", async () => {
    expect((await stranger.ask("/nothing")).json.reason).toBe("CERTIFICATE_MISSING");
    expect((await stranger.ask("/v1/openapi.json")).json.reason).toBe("CERTIFICATE_MISSING");
    expect((await stranger.ask("/health")).json).toEqual({ status: "serving" });
  });

  test("each refusal is an event of the kernel", async () => {
    const denied = (await admin.history("", "kernel")).filter(({ type }) => type === "authority.denied");
    expect(denied.map(({ dataJson }) => JSON.parse(dataJson).method)).toContain("POST /v1/DeploymentService/List");
    const trace = "7".repeat(32);
    await stranger.ask("/v1/watch", { headers: { traceparent: `00-${trace}-${"7".repeat(16)}-01` } });
    const [traced] = (await admin.history("", "kernel")).filter(({ correlationId }) => correlationId === trace);
    expect(traced?.type).toBe("authority.denied");
    await stranger.ask(`/${"x".repeat(10_000)}`);
    for (const line of server.log().split("\n")) expect(line.length).toBeLessThan(1_000);
  });
});

test("a stream of events goes on behind the last one that was read, without a gap", async () => {
  const first = await readEvents(await http.open("/v1/events/tail"), 2);
  expect(first.map(({ data }) => JSON.parse(data).event.sequence)).toEqual(["1", "2"]);
  const headers = { "last-event-id": first[1]?.id ?? "" };
  const rest = readEvents(await http.open("/v1/events/tail?service_id=counter", { headers }), 2);
  await ann.restart("counter");
  const later = (await ann.history("counter")).filter(({ sequence }) => sequence > 2n);
  expect((await rest).map(({ data }) => JSON.parse(data).event.sequence)).toEqual(
    later.slice(0, 2).map(({ sequence }) => String(sequence)),
  );
});

test("log lines go on behind the last one that was read", async () => {
  const say = (text: string) => post("/v1/services/counter/casts/say", JSON.stringify([text]));
  await say("one");
  await until("the line is there", async () =>
    (await http.ask("/v1/services/counter/logs")).text.includes('"one"') ? true : undefined,
  );
  const read = await http.ask("/v1/services/counter/logs");
  const id = /id: (\d+)\n.*"one"/.exec(read.text)?.[1] ?? "";
  const rest = readEvents(await http.open("/v1/services/counter/logs?follow", { headers: { "last-event-id": id } }), 1);
  await say("two");
  expect(JSON.parse((await rest)[0]?.data ?? "").line.text).toBe("two");
});

test("a stream that cannot begin is refused as everything is, and a cursor of no meaning too", async () => {
  expect((await http.ask("/v1/services/nobody/logs?follow")).json.reason).toBe("SERVICE_NOT_FOUND");
  const headers = { "last-event-id": "garbage" };
  expect((await http.ask("/v1/events/tail", { headers })).json.reason).toBe("CURSOR_INVALID");
});

/** Sends bytes over TLS and reads until the server hangs up. */
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const port = Number(server.ready.http.split(":").pop());
    const { root: ca, certificate: cert, key } = annIdentity;
    const socket = openTls({ host: "127.0.0.1", port, servername: "localhost", ca, cert, key });
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(said));
    socket.write(bytes);
  });

/** What no error lacks. */
const explained = {
  reason: expect.stringMatching(/^[A-Z_]+$/),
  found: expect.stringMatching(/./),
  wanted: expect.stringMatching(/./),
  fix: expect.stringMatching(/./),
};

const api = "/v1/DeploymentService/List";
const ingress = "/ann/counter/any";
const malformed: [what: string, bytesTo: (head: string) => string, status: number][] = [
  ["bytes that are no HTTP", () => "\u0001\u0002\u0003\r\n\r\n", 400],
  ["HTTP/2 in the clear", () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  [
    "length and chunks at once",
    (head) => `${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ["two lengths", (head) => `${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, 400],
  ["a length that is none", (head) => `${head}content-length: 2x\r\n\r\n{}`, 400],
  ["a chunk whose size is none", (head) => `${head}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`, 400],
  ["chunks that are not the last coding", (head) => `${head}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, 400],
  ["a header with a line end in it", (head) => `${head}x: a\rb: c\r\n\r\n`, 400],
  ["a header that goes on in the next line", (head) => `${head}x: a\r\n b\r\n\r\n`, 400],
  ["a header with blanks before its colon", (head) => `${head}content-length : 2\r\n\r\n{}`, 400],
  ["headers without end", (head) => `${head}x: ${"a".repeat(20_000)}\r\n\r\n`, 431],
  ["a request without a host", () => "GET /health HTTP/1.1\r\n\r\n", 400],
  ["a request with two hosts", (head) => `${head}host: y\r\n\r\n`, 400],
];
test.each(
  malformed.flatMap(([what, bytesTo, status]) =>
    [api, ingress].map((path) => [what, path, bytesTo(`POST ${path} HTTP/1.1\r\nhost: x\r\n`), status] as const),
  ),
)("%s at %s is refused with the reason, and the connection ends", async (_, __, bytes, status) => {
  // What follows on the connection is never taken for a request of its own.
  const said = await raw(`${bytes}GET /health HTTP/1.1\r\nhost: x\r\n\r\n`);
  expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(said.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
  expect(JSON.parse(said.slice(said.indexOf("\r\n\r\n")))).toMatchObject({ ...explained, reason: "REQUEST_MALFORMED" });
  expect((await http.ask("/health")).status).toBe(200);
});

test("a request that does not come to the end of its head is answered in time, and the connection ends", async () => {
  expect(await raw("GET /health HTTP/1.1\r\nhost: x\r\n")).toMatch(/^HTTP\/1.1 408 [\s\S]*REQUEST_MALFORMED/);
});

test("a body that is too large is refused before it is read", async () => {
  const path = "/v1/services/counter/calls/add";
  const said = raw(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5000000\r\nconnection: close\r\n\r\n`);
  expect(await said).toMatch(/^HTTP\/1.1 413 [\s\S]*REQUEST_TOO_LARGE/);
});

test("clients that leave in the middle leave nothing open", async () => {
  for (let each = 0; each < 50; each++) {
    const answer = await http.open("/v1/watch");
    answer.destroy();
  }
  expect((await post("/v1/services/counter/calls/add", "[0]")).status).toBe(200);
});

test("the OpenAPI document names every method, and all it refers to is in it", async () => {
  const { text, json } = await http.ask("/v1/openapi.json");
  for (const { name } of apiMethods) {
    const isThere = name !== "MessagingService/Session" && !notOverHttp.includes(name);
    if (isThere) expect(json.paths).toHaveProperty([`/v1/${name}`, "post"]);
  }
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(json.components.schemas).toHaveProperty([name as string]);
  }
});

test("a server that stops ends its streams with the reason, and waits for no idle connection", async () => {
  const reading = http.open("/v1/watch").then((answer) => readEvents(answer, 1_000));
  await until("the stream is open", async () => ((await http.ask("/health")).status === 200 ? true : undefined));
  const tail = readEvents(await http.open("/v1/events/tail"), 1_000);
  expect(await server.stop()).toBe(0);
  for (const events of [await tail, await reading]) {
    expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({ reason: "SERVER_STOPPING" });
  }
});
