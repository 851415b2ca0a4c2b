// A service that writes where its callers say, and keeps their bills beside it (Hardy 1988): by whose right does it write?
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { RevokeCertificateRequest } from "@solo/proto";
import { ask, type Connection, connect, freshId, issueIdentity, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const compiler = `
import { defineServer, noReply, reply } from "@solo/actor-core";
const attempt = async (effect) => {
  try { return (await effect()) ?? "done"; } catch (error) { return error.code ?? String(error); }
};
export default defineServer({
  version: 1,
  init: async ({ ctx }) => {
    await ctx.kv.put("billing", "ann owes 100");
    return { kept: [], seen: [] };
  },
  calls: {
    // The mistake: its own right, on a path that is the caller's.
    compileNaively: async ({ state, ctx }, path) => reply(await attempt(() => ctx.kv.put(path, "output")), state),
    compile: async ({ state, lent }, path) => {
      if (lent?.kv === undefined) return reply("lend me kv/write on where it is to go", state);
      return reply(await attempt(() => lent.kv.put(path, "output")), state);
    },
    bill: async ({ state, ctx }) => reply((await ctx.kv.get("billing")).value, state),
    lent: ({ state, lent }) => reply(lent === undefined ? null : Object.keys(lent).sort(), state),
    own: async ({ state, ctx }, path) => reply(await attempt(() => ctx.kv.put(path, 1, { store: "drafts" })), state),
    borrowed: async ({ state, lent }, path) => reply(await attempt(() => lent.kv.put(path, 1, { store: "drafts" })), state),
    open: ({ state, lent, from }) => noReply({ ...state, kept: [...state.kept, { lent, from }] }),
    kept: ({ state }) => reply(state.kept.length, state),
    useKept: async ({ state }, path) =>
      reply(await attempt(() => state.kept.at(-1).lent.kv.put(path, "output")), state),
    answerKept: ({ state }) => {
      state.kept.at(-1).from.reply("answered");
      return reply("ok", state);
    },
    watchByLoan: async ({ state, lent }) => reply(await attempt(async () => (await lent.kv.watch("out/")).stream), state),
    seen: ({ state }) => reply(state.seen, state),
  },
  info: ({ state }, message) => ({ ...state, seen: [...state.seen, message] }),
});
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
/** Holds all of its tenant. */
let ann: Connection;
/** May call the compiler, and write below one prefix. */
let guest: Connection;

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  ann = connect(server.ready.grpc, await issueIdentity(admin, "acme", { holder: "ann" }));
  const grants = ["svc/call on svc/compiler", "kv/write,kv/watch on kv/compiler/out/**"];
  guest = connect(server.ready.grpc, await issueIdentity(admin, "acme", { holder: "guest", grants }));
  await ann.deploy("compiler", compiler, { manifest: { grants: ["kv/read,kv/write on kv/compiler/**"] } });
});
afterAll(async () => {
  for (const client of [admin, ann, guest]) client.close();
  await server.stop();
  data.remove();
});

async function call(client: Connection, lend: readonly string[], method: string, ...args: readonly unknown[]) {
  const request = { tenant: "", serviceId: "compiler", method, arguments: Buffer.from(JSON.stringify(args)) };
  const { reply } = await ask(client.messaging, client.messaging.call, { ...request, lend: [...lend] });
  return reply.length === 0 ? undefined : (JSON.parse(reply.toString()) as unknown);
}
const own = "kv/write on kv/compiler/out/**";

test("a deputy that uses its own right on a caller's path is abused; one that uses what is lent is not", async () => {
  expect(await call(guest, [own], "compileNaively", "billing")).toBe("done");
  expect(await call(ann, [], "bill")).toBe("output");
  await ann.restart("compiler");
  expect(await call(guest, [own], "compile", "billing")).toBe("CAPABILITY_DENIED");
  expect(await call(guest, [own], "compile", "out/../billing")).toBe("done");
  expect(await call(ann, [], "bill")).toBe("ann owes 100");
  expect(await call(guest, [own], "compile", "out/a")).toBe("done");
});

test("nobody lends without saying so, and nobody lends what is not theirs", async () => {
  expect(await call(guest, [], "lent")).toBe(null);
  expect(await call(guest, [], "compile", "out/a")).toBe("lend me kv/write on where it is to go");
  expect(await call(guest, [own], "lent")).toEqual(["kv"]);
  for (const grant of [
    "kv/write on kv/compiler/**",
    "kv/read on kv/compiler/out/**",
    "net/fetch on net/egress host=example.com",
  ]) {
    expect(await refusal(call(guest, [grant], "compile", "billing"))).toMatchObject({
      reason: "CAPABILITY_DENIED",
      message: expect.stringContaining("more than you hold"),
    });
  }
  expect(await refusal(call(guest, ["kv/wirte on kv/a"], "lent"))).toMatchObject({ reason: "CAPABILITY_MALFORMED" });
  expect(await refusal(call(guest, Array(17).fill(own), "lent"))).toMatchObject({ reason: "CAPABILITY_MALFORMED" });
});

test("what is lent and what is the service's own are never both", async () => {
  const lend = ["kv/write on kv/drafts/**"];
  expect(await call(ann, lend, "own", "a")).toBe("CAPABILITY_DENIED");
  expect(await call(ann, lend, "borrowed", "a")).toBe("done");
  expect(await call(ann, lend, "compile", "out/a")).toBe("CAPABILITY_DENIED");
});

test("what was lent is gone with the call, whatever the service has kept of it", async () => {
  const waiting = call(guest, [own], "open");
  await until("the call is open", async () => ((await call(ann, [], "kept")) === 1 ? true : undefined));
  expect(await call(ann, [], "useKept", "out/b")).toBe("done");
  expect(await call(ann, [], "answerKept")).toBe("ok");
  expect(await waiting).toBe("answered");
  expect(await call(ann, [], "useKept", "out/c")).toBe("CAPABILITY_DENIED");
});

test("a stream by what is lent ends with the call", async () => {
  const stream = await call(guest, ["kv/watch on kv/compiler/out/**"], "watchByLoan");
  const end = await until("it has ended", async () => ((await call(ann, [], "seen")) as unknown[])[0]);
  expect(end).toMatchObject({ kind: "stream-end", stream, code: "CANCELLED" });
});

test("what the caller loses while the call is open, the service loses too", async () => {
  const waiting = refusal(call(guest, [own], "open"));
  await until("the call is open", async () => ((await call(ann, [], "kept")) === 2 ? true : undefined));
  const wish = { requestId: freshId(), tenant: "acme", holder: "guest", reason: "gone" };
  await ask(admin.certificates, admin.certificates.revokeCertificate, RevokeCertificateRequest.fromPartial(wish));
  expect(await call(ann, [], "useKept", "out/d")).toBe("CAPABILITY_DENIED");
  await waiting;
});
