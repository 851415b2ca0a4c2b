// One id from the caller's trace to the events, whatever face a call comes in by.

import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CallRequest, DeployRequest, SessionItem } from "@solo/proto";
import { type Connection, connect, freshId } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const source = `export default { fetch: (request) => new Response(request.headers.get("traceparent")) };`;

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;
let http: ReturnType<typeof httpClient>;

beforeAll(async () => {
  server = await startServer(data.folder, ["--log-level", "debug"]);
  const profile = readProfile(server.ready.profile);
  solo = connect(server.ready.grpc, profile);
  http = httpClient(server.ready.http, profile);
});
afterAll(async () => {
  solo.close();
  await server.stop();
  data.remove();
});

const traced = (digit: string) => ({ id: digit.repeat(32), header: `00-${digit.repeat(32)}-${digit.repeat(16)}-01` });
const eventsOf = async (id: string) =>
  (await solo.history()).filter(({ correlationId }) => correlationId === id).map(({ type }) => type);

test("a deployment over gRPC and all that comes of it carry the caller's trace", async () => {
  const { id, header } = traced("a");
  const metadata = new Metadata();
  metadata.set("traceparent", header);
  const request = DeployRequest.fromPartial({ requestId: freshId(), serviceId: "web", source: Buffer.from(source) });
  await new Promise((resolve, reject) => {
    solo.deployments.deploy(request, metadata, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
  expect(await eventsOf(id)).toEqual(["service.deployed", "service.started"]);
});

test("a deployment over HTTP does too", async () => {
  const { id, header } = traced("b");
  const answer = await http.ask("/v1/services/other", {
    method: "PUT",
    body: source,
    headers: { "idempotency-key": "trace-1", traceparent: header },
  });
  expect(answer.status).toBe(200);
  expect(await eventsOf(id)).toEqual(["service.deployed", "service.started"]);
});

test("a request to a service goes on in the caller's trace, and without one in a new one", async () => {
  const { header } = traced("c");
  expect((await http.ask("/default/web", { headers: { traceparent: header } })).text).toBe(header);
  expect((await http.ask("/default/web", { headers: { traceparent: "nonsense" } })).text).toMatch(
    /^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-00$/,
  );
});

test("each item of a session has its own trace, which the log tells", async () => {
  const { id, header } = traced("d");
  const stream = solo.messaging.session();
  const value = CallRequest.fromPartial({ serviceId: "nobody", method: "x" });
  stream.on("error", () => undefined);
  stream.resume();
  stream.write({ items: [SessionItem.fromPartial({ id: 1, traceparent: header, kind: { $case: "call", value } })] });
  const line = await until("it is logged", () =>
    server
      .log()
      .split("\n")
      .find((each) => each.includes(id)),
  );
  expect(JSON.parse(line).fields).toMatchObject({ correlationId: id, reason: "SERVICE_NOT_FOUND" });
  stream.cancel();
});
