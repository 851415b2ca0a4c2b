// One id from the caller's trace to the events, whatever face a call comes in by.

import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CallRequest, DeployRequest, LogsRequest, SessionItem } from "@solo/proto";
import { type Connection, connect, freshId, Reading } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const source = `export default { fetch: (request) => new Response(request.headers.get("traceparent")) };`;

/** Says what trace it was asked in, and asks the next one: `fetch` and calls, casts and calls of another. */
const hop = `
import { defineServer, reply } from "@solo/actor-core";
let heard = "nothing";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    own: ({ state, ctx }) => reply(ctx.trace ?? "none", state),
    next: async ({ state, ctx }, service) => {
      ctx.log("asking", service);
      ctx.cast(service, "hear");
      return reply([ctx.trace ?? "none", await ctx.call(service, "own"), await ctx.call(service, "heard")], state);
    },
    heard: ({ state }) => reply(heard, state),
  },
  casts: { hear: ({ state, ctx }) => { heard = ctx.trace ?? "none"; ctx.log("heard"); return state; } },
});
export const fetch = async (request, service) => Response.json(await service.call("next", "second"));
`;

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

/** What a service has logged so far. */
async function logsOf(serviceId: string) {
  const reading = new Reading(solo.deployments.logs(LogsRequest.fromPartial({ serviceId })));
  expect(await reading.ended).toBeUndefined();
  return reading.items.flatMap(({ line }) => (line === undefined ? [] : [line]));
}

/** A call with a trace of its own; undefined has none. */
const callIn = (header: string | undefined, serviceId: string, method: string, ...args: unknown[]) => {
  const metadata = new Metadata();
  if (header !== undefined) metadata.set("traceparent", header);
  const request = CallRequest.fromPartial({ serviceId, method, arguments: Buffer.from(JSON.stringify(args)) });
  return new Promise<unknown>((resolve, reject) => {
    solo.messaging.call(request, metadata, (error, answer) =>
      error === null ? resolve(JSON.parse(answer.reply.toString())) : reject(error),
    );
  });
};

test("a call's trace reaches its handler, and goes on to every service that it asks", async () => {
  for (const id of ["first", "second"])
    await solo.deploy(id, hop, { manifest: { grants: ["svc/call,svc/cast on svc/second"] } });
  const { header } = traced("e");
  expect(await callIn(header, "first", "own")).toBe(header);
  expect(await callIn(header, "first", "next", "second")).toEqual([header, header, header]);
  // The next call is another one's, and one that nobody follows has none.
  expect(await callIn(undefined, "first", "next", "second")).toEqual(["none", "none", "none"]);
});

test("a request's trace goes on with what its handler asks", async () => {
  const { header } = traced("f");
  const answer = await http.ask("/default/first/", { headers: { traceparent: header } });
  expect(answer.json).toEqual([header, header, header]);
});

test("what handlers log on the way stands in the caller's trace, and what they log for nobody in none", async () => {
  const { id, header } = traced("9");
  await callIn(header, "first", "next", "second");
  await callIn(undefined, "first", "next", "second");
  for (const [serviceId, said] of [
    ["first", "asking second"],
    ["second", "heard"],
  ] as const) {
    const told = (await logsOf(serviceId)).filter(({ text }) => text === said);
    expect(told.slice(-2).map(({ correlationId }) => correlationId)).toEqual([id, ""]);
  }
});

test("an end that a call brought about stands in its trace, and one that nobody follows in that of the deployment", async () => {
  const fragile = `import { defineServer } from "@solo/actor-core";
    export default defineServer({ version: 1, init: () => null, calls: { die: () => process.exit(3) } });`;
  await solo.deploy("fragile", fragile);
  const { id, header } = traced("8");
  await expect(callIn(header, "fragile", "die")).rejects.toThrow();
  await until("its end is on record", async () => ((await eventsOf(id)).length > 0 ? true : undefined));
  expect(await eventsOf(id)).toEqual(["service.crashed"]);
  await until("it lives again", async () => ((await solo.status("fragile")).restarts === 1 ? true : undefined));
  await expect(callIn(undefined, "fragile", "die")).rejects.toThrow();
  await until("it ended again", async () => ((await solo.status("fragile")).restarts === 2 ? true : undefined));
  expect(await eventsOf(id)).toEqual(["service.crashed"]);
});
