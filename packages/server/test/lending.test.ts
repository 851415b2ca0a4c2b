// By whose right one service calls another, and what it hands on: its own, or its caller's, as it says each time.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ask, type Connection, type Credentials, connect, issueIdentity, refusal } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

/** Writes by what it is lent, into the store `papers`. */
const archive = `
import { defineServer, noReply, reply } from "@solo/actor-core";
const attempt = async (effect) => {
  try { return (await effect()) ?? "done"; } catch (error) { return error.code ?? String(error); }
};
const save = (drivers, key) => attempt(() => drivers.kv.put(key, "text", { store: "papers" }));
export default defineServer({
  version: 1,
  init: () => ({ kept: [] }),
  calls: {
    save: async ({ state, lent }, key) => reply(lent?.kv === undefined ? "nothing is lent" : await save(lent, key), state),
    hold: ({ state, lent, from }) => noReply({ kept: [...state.kept, { lent, from }] }),
    held: ({ state }) => reply(state.kept.length, state),
    saveByHeld: async ({ state }, key) => reply(await save(state.kept.at(-1).lent, key), state),
    letGo: ({ state }) => {
      for (const { from } of state.kept) from.reply("let go");
      return reply("ok", { kept: [] });
    },
  },
});
`;

/** Stands between its callers and others. */
const relay = `
import { defineServer, noReply, reply } from "@solo/actor-core";
const attempt = async (effect) => {
  try { return await effect(); } catch (error) { return error.reason?.value ?? String(error); }
};
export default defineServer({
  version: 1,
  init: () => ({ kept: undefined }),
  calls: {
    plain: async ({ state, ctx }, key) => reply(await attempt(() => ctx.call("archive", "save", key)), state),
    handOn: async ({ state, ctx, lent }, key, grant) =>
      reply(await attempt(() => ctx.callWith({ lend: { of: lent, grants: [grant] } }, "archive", "save", key)), state),
    lendOwn: async ({ state, ctx }, key, grant) =>
      reply(await attempt(() => ctx.callWith({ lend: { of: ctx, grants: [grant] } }, "archive", "save", key)), state),
    asCaller: async ({ state, ctx, lent }, service, method) =>
      reply(await attempt(() => ctx.callWith({ by: lent }, service, method)), state),
    asItself: async ({ state, ctx }, service, method) => reply(await attempt(() => ctx.callWith({}, service, method)), state),
    handOnAndWait: ({ state, ctx, lent, from }, grant) => {
      ctx.callWith({ lend: { of: lent, grants: [grant] } }, "archive", "hold").catch(() => {});
      return noReply({ ...state, waiting: from });
    },
    answer: ({ state }) => {
      state.waiting.reply("answered");
      return reply("ok", state);
    },
    keep: ({ lent }) => reply("kept", { kept: lent }),
    handOnKept: async ({ state, ctx }, key, grant) =>
      reply(await attempt(() => ctx.callWith({ lend: { of: state.kept, grants: [grant] } }, "archive", "save", key)), state),
    asKept: async ({ state, ctx }) =>
      reply(await attempt(() => ctx.callWith({ by: state.kept }, "archive", "held")), state),
    say: async ({ state, ctx }, how) => reply(await attempt(() => ctx.callWith(how, "archive", "save", "a")), state),
  },
});
`;

const secret = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { tell: ({ state }) => reply("the secret", state) } });
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
/** Holds all of its tenant. */
let ann: Connection;
/** May call the relay, and write below one prefix. */
let guest: Connection;
let guestIdentity: Credentials;

const papers = "kv/write on kv/papers/guest/**";

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  ann = connect(server.ready.grpc, await issueIdentity(admin, "acme", { holder: "ann" }));
  const grants = ["svc/call on svc/relay", "svc/call on svc/archive", papers];
  guestIdentity = await issueIdentity(admin, "acme", { holder: "guest", grants });
  guest = connect(server.ready.grpc, guestIdentity);
  await ann.deploy("archive", archive, { manifest: { grants: ["kv/read on kv/archive/**"] } });
  await ann.deploy("secret", secret);
  const held = ["svc/call on svc/archive", "svc/call on svc/secret", "kv/write on kv/papers/relay/**"];
  await ann.deploy("relay", relay, { manifest: { grants: held } });
});
afterAll(async () => {
  for (const client of [admin, ann, guest]) client.close();
  await server.stop();
  data.remove();
});

async function call(lend: readonly string[], method: string, ...args: readonly unknown[]): Promise<unknown> {
  const request = { tenant: "", serviceId: "relay", method, arguments: Buffer.from(JSON.stringify(args)) };
  const { reply } = await ask(guest.messaging, guest.messaging.call, { ...request, lend: [...lend] });
  return reply.length === 0 ? undefined : (JSON.parse(reply.toString()) as unknown);
}
const refused = (code: string) => expect.stringMatching(`^${code}: `);

test("what was lent is handed on, narrowed, and the last in the row writes by it", async () => {
  const narrowed = "kv/write on kv/papers/guest/drafts/**";
  expect(await call([papers], "handOn", "guest/drafts/1", narrowed)).toBe("done");
  expect(await call([papers], "handOn", "guest/final", narrowed)).toBe("CAPABILITY_DENIED");
  expect(await call([papers], "handOn", "guest/final", papers)).toBe("done");
});

test("a call that says nothing hands on nothing", async () => {
  expect(await call([papers], "plain", "guest/1")).toBe("nothing is lent");
  expect(await call([papers], "asItself", "archive", "held")).toBe(0);
});

test("what is handed on is a part of what was lent, and the service's own of nothing else than its own", async () => {
  const own = "kv/write on kv/papers/relay/**";
  expect(await call([papers], "lendOwn", "relay/1", own)).toBe("done");
  expect(await call([papers], "handOn", "relay/1", own)).toEqual(refused("CAPABILITY_DENIED"));
  expect(await call([papers], "lendOwn", "guest/1", papers)).toEqual(refused("CAPABILITY_DENIED"));
  expect(await call([papers], "handOn", "relay/1", "kv/write on kv/papers/**")).toEqual(refused("CAPABILITY_DENIED"));
  expect(await call([papers], "handOn", "a", "kv/wirte on kv/papers/guest/**")).toEqual(
    refused("CAPABILITY_MALFORMED"),
  );
});

test("a service that is told whom to call does it as its caller, or it is abused", async () => {
  expect(await call([], "asItself", "secret", "tell")).toBe("the secret");
  const lend = ["svc/call on svc/archive"];
  expect(await call(lend, "asCaller", "archive", "held")).toBe(0);
  expect(await call(lend, "asCaller", "secret", "tell")).toEqual(refused("CAPABILITY_DENIED"));
  expect(await call([papers], "asCaller", "archive", "held")).toEqual(refused("CAPABILITY_DENIED"));
});

test("what is handed on is gone when the call is over that it came from", async () => {
  const waiting = call([papers], "handOnAndWait", papers);
  await until("it is held", async () => ((await ann.call("archive", "held")) === 1 ? true : undefined));
  expect(await ann.call("archive", "saveByHeld", ["guest/in-time"])).toBe("done");
  expect(await ann.call("relay", "answer")).toBe("ok");
  expect(await waiting).toBe("answered");
  expect(await ann.call("archive", "saveByHeld", ["guest/late"])).toBe("CAPABILITY_DENIED");
  expect(await ann.call("archive", "letGo")).toBe("ok");
});

test("nothing is handed on, and nobody called, by what a service has kept of a call that is over", async () => {
  expect(await call([papers, "svc/call on svc/archive"], "keep")).toBe("kept");
  expect(await call([], "handOnKept", "guest/kept", papers)).toEqual(refused("CAPABILITY_DENIED"));
  expect(await call([], "asKept")).toEqual(refused("CAPABILITY_DENIED"));
});

test("whose authority it is, is said by an object that the service was given, and by no text", async () => {
  for (const how of [
    null,
    "own",
    { by: "ctx" },
    { by: null },
    { lend: [papers] },
    { lend: { grants: [papers] } },
    { lend: { of: 1, grants: [papers] } },
    { lend: { of: {}, grants: [papers] } },
    { lent: {} },
  ]) {
    expect(await call([papers], "say", how)).toEqual(expect.stringContaining("TypeError: Cannot call the service"));
  }
});

test("a call that was denied between services is on record, with who tried", async () => {
  await call(["svc/call on svc/archive"], "asCaller", "secret", "tell");
  const denied = (await ann.history("secret")).filter(({ type }) => type === "authority.denied").at(-1);
  expect(denied?.actor).toBe("spiffe://solo.local/tenant/acme/svc/relay");
  expect(JSON.parse(denied?.dataJson ?? "{}")).toMatchObject({
    method: "MessagingService/Call",
    reason: "CAPABILITY_DENIED",
    ability: "svc/call",
  });
});

test("over HTTP a call lends by its query, or by the field of its message", async () => {
  const { ask: post } = httpClient(server.ready.http, guestIdentity);
  const save = (query: string) =>
    post(`/v1/services/archive/calls/save${query}`, { method: "POST", body: '["guest/http"]' });
  expect((await save("")).json).toBe("nothing is lent");
  expect((await save(`?lend=${encodeURIComponent(papers)}`)).json).toBe("done");
  const twice = `?lend=${encodeURIComponent(papers)}&lend=${encodeURIComponent("svc/call on svc/archive")}`;
  expect((await save(twice)).json).toBe("done");
  const more = await save(`?lend=${encodeURIComponent("kv/write on kv/**")}`);
  expect([more.status, more.json.reason]).toEqual([403, "CAPABILITY_DENIED"]);
  const message = { serviceId: "archive", method: "save", arguments: btoa('["guest/rpc"]'), lend: [papers] };
  const { json } = await post("/v1/MessagingService/Call", { method: "POST", body: JSON.stringify(message) });
  expect(json).toEqual({ reply: btoa('"done"') });
});

test("more grants than a call can have are refused, from outside and from a service", async () => {
  const many = Array(17).fill(papers) as string[];
  expect(await refusal(call(many, "plain", "a"))).toMatchObject({ reason: "CAPABILITY_MALFORMED" });
});
