// One id from the caller's trace to the events, whatever face a call comes in by.

import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CallRequest, DeployRequest, LogsRequest, SessionItem } from "@solo/proto";
import { ask, type Connection, connect, freshId, Reading } from "./client.ts";
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
const newTrace = () => freshId().replaceAll("-", "");
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

const limited = `
import { defineServer, reply } from "@solo/actor-core";
const never = () => new Promise(() => {});
export default defineServer({
  version: 1,
  init: () => null,
  calls: {
    own: ({ state }) => reply(null, state),
    hang: never,
    echo: ({ state }, value) => reply(value, state),
    letters: ({ state }, count) => reply("x".repeat(count), state),
    log: ({ state, ctx }, lines) => { for (let line = 0; line < lines; line += 1) ctx.log("line " + line); return reply(null, state); },
    ask: async ({ ctx, state }, times) => {
      await Promise.allSettled(Array.from({ length: times }, () => ctx.call("second", "own")));
      return reply(null, state);
    },
  },
});
`;

test.each([
  ["message_bytes", { messageBytes: 100 }, "echo", "x".repeat(97)],
  ["reply_bytes", { replyBytes: 100 }, "letters", 99],
  ["calls_in_flight", { callsInFlight: 5 }, "ask", 6],
  ["log_lines_per_second", { logLinesPerSecond: 10 }, "log", 100],
  ["call_time_ms", { callTimeMs: 400 }, "hang", 0],
])("the limit %s that a call has met stands in the call's trace", async (limit, limits, method, argument) => {
  const serviceId = limit.replaceAll("_", "-");
  await solo.deploy(serviceId, limited, { manifest: { limits, grants: ["svc/call on svc/second"] } });
  const id = newTrace();
  await callIn(`00-${id}-${"1".repeat(16)}-01`, serviceId, method, argument).catch(() => undefined);
  const event = await until("it is on record", async () =>
    (await solo.history(serviceId)).find(({ type, dataJson }) => {
      const found = JSON.parse(dataJson);
      return type === "service.limit-reached" && found.limit === limit && found.level === "hard";
    }),
  );
  expect(event.correlationId).toBe(id);
});

test("a limit that a message of a session has met stands under the message's own id where it names no trace", async () => {
  await solo.deploy("in-session", limited, { manifest: { limits: { replyBytes: 100 } } });
  const stream = solo.messaging.session();
  stream.on("error", () => undefined).resume();
  const args = Buffer.from("[99]");
  const value = CallRequest.fromPartial({ serviceId: "in-session", method: "letters", arguments: args });
  stream.write({ items: [SessionItem.fromPartial({ id: 1, kind: { $case: "call", value } })] });
  const event = await until("it is on record", async () =>
    (await solo.history("in-session")).find(({ type }) => type === "service.limit-reached"),
  );
  const line = await until("it is logged", () =>
    server
      .log()
      .split("\n")
      .find((each) => each.includes(`"${event.correlationId}"`)),
  );
  expect(JSON.parse(line).fields).toMatchObject({ method: "MessagingService/Call", reason: "MESSAGE_TOO_LARGE" });
  stream.cancel();
});

test("a full mailbox stands in the trace of the message that found it so", async () => {
  await solo.deploy("full", limited, { manifest: { limits: { mailboxMessages: 1 } } });
  const held = callIn(undefined, "full", "hang").catch(() => undefined);
  const id = newTrace();
  const header = `00-${id}-${"1".repeat(16)}-01`;
  const refused = () =>
    callIn(header, "full", "own").then(
      () => undefined,
      () => true,
    );
  await until("one is refused", refused);
  await until("it is on record", async () => {
    const types = await eventsOf(id);
    return types.includes("service.limit-reached") && types.includes("service.degraded") ? true : undefined;
  });
  await solo.kill("full", { force: true });
  await held;
});

test("the quota that a call has met stands in the call's trace", async () => {
  await solo.deploy("holder", limited);
  const setQuota = (calls: bigint) =>
    ask(solo.quotas, solo.quotas.setQuota, {
      ...{ requestId: freshId(), validateOnly: false, tenant: "default" },
      limits: { calls_in_flight: calls },
    });
  await setQuota(1n);
  const held = callIn(undefined, "holder", "hang").catch(() => undefined);
  const id = newTrace();
  const header = `00-${id}-${"1".repeat(16)}-01`;
  // The holder's own is the one that is under way, once it has come.
  await until("one is refused", () =>
    callIn(header, "holder", "own").then(
      () => undefined,
      () => true,
    ),
  );
  await setQuota(0n);
  await until("it is on record", async () =>
    (await eventsOf(id)).includes("tenant.quota-reached") ? true : undefined,
  );
  await solo.kill("holder", { force: true });
  await held;
});

test("an end that a call brought about stands in its trace, and where nobody follows it under the call's own id", async () => {
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
  const [deployed, ...others] = await solo.history("fragile");
  const own = others.findLast(({ type }) => type === "service.crashed")?.correlationId ?? "";
  expect([id, deployed?.correlationId]).not.toContain(own);
  expect(await eventsOf(own)).toEqual(["service.crashed"]);
});
