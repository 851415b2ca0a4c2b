// What nothing is granted of is not there in the guest, and what a service has dropped is gone: names in `ctx` are a courtesy, so
// each is tried as well by who has kept it, or never had it.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LogsRequest } from "@solo/proto";
import { ask, type Connection, connect, issueIdentity, Reading, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const seeker = `
import { defineServer, reply } from "@solo/actor-core";
const attempt = async (effect) => {
  try { return (await effect()) ?? "done"; } catch (error) { return error.reason?.value?.split(":")[0] ?? error.code ?? String(error); }
};
const kept = {};
export default defineServer({
  version: 1,
  init: ({ ctx }) => {
    Object.assign(kept, { log: ctx.log, call: ctx.call, cast: ctx.cast, callWith: ctx.callWith });
    return 0;
  },
  calls: {
    present: ({ state, ctx }) => reply(Object.keys(ctx).filter((name) => typeof ctx[name] !== "undefined").sort(), state),
    isIn: ({ state, ctx }, name) => reply(name in ctx, state),
    restrict: async ({ state, ctx }, ...grants) => reply(await attempt(() => ctx.restrict(...grants)), state),
    log: ({ state, ctx }, line) => { ctx.log(line); return reply("said", state); },
    logByKept: ({ state }, line) => { kept.log(line); console.log(line); return reply("said", state); },
    call: async ({ state, ctx }) => reply(await attempt(() => ctx.call("echo", "say", 1)), state),
    callByKept: async ({ state }) => reply(await attempt(() => kept.call("echo", "say", 1)), state),
    callWithByKept: async ({ state, ctx }) => reply(await attempt(() => kept.callWith({ by: ctx }, "echo", "say", 1)), state),
    lent: ({ state, lent }) => reply(Object.keys(lent ?? {}).sort(), state),
    callByLent: async ({ state, lent }, service) => reply(await attempt(() => lent.call(service, "say", 2)), state),
    reach: ({ state, ctx }) => reply(ctx.call("echo", "say", 1), state),
  },
});
`;
const echo = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { say: ({ state }, value) => reply(value, state) } });
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let ann: Connection;

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  ann = connect(server.ready.grpc, await issueIdentity(admin, "acme"));
  await ann.deploy("echo", echo);
  const deploys: Readonly<Record<string, readonly string[]>> = {
    nothing: [],
    teller: ["svc/cast on svc/echo"],
    asker: ["svc/call on svc/echo", "svc/cast on svc/echo"],
    mute: ["svc/call on svc/echo"],
    quiet: ["kv/read on kv/quiet/**"],
  };
  for (const [id, grants] of Object.entries(deploys))
    await ann.deploy(id, seeker, { manifest: { grants: [...grants] } });
});
afterAll(async () => {
  for (const client of [admin, ann]) client.close();
  await server.stop();
  data.remove();
});

const always = ["deadlineMs", "restrict", "self"];
/** What a service has said so far. */
async function logOf(serviceId: string): Promise<readonly string[]> {
  const request = { tenant: "", serviceId, follow: false, afterSequence: 0n, tailLines: 0 };
  const said = new Reading(ann.deployments.logs(LogsRequest.fromPartial(request)));
  await said.ended;
  return said.items.flatMap(({ line }) => (line === undefined ? [] : [line.text]));
}
const answersOf = async (outcome: string): Promise<number> => {
  const line = new RegExp(`^solo_driver_answers_total\\{driver="svc",outcome="${outcome}"\\} (\\d+)$`, "m");
  return Number(line.exec(await admin.metrics())?.[1] ?? 0);
};

test("calls, casts and the log stand in ctx where they are granted, as every driver does", async () => {
  expect(await ann.call("nothing", "present")).toEqual([...always, "log"].sort());
  expect(await ann.call("teller", "present")).toEqual([...always, "log", "cast"].sort());
  expect(await ann.call("asker", "present")).toEqual([...always, "log", "cast", "call", "callWith"].sort());
  expect(await ann.call("nothing", "isIn", ["call"])).toBe(false);
  expect(await ann.call("asker", "call")).toBe(1);
});

test("who asks for what is not there is told so, whichever way it asks", async () => {
  expect(await refusal(ann.call("nothing", "reach"))).toMatchObject({
    reason: "SERVICE_DIED",
    message: expect.stringContaining("what is not granted is not there"),
  });
  expect(await ann.call("mute", "callByKept")).toBe(1);
});

test("restrict drops messages and the log for good, by whatever is kept of them", async () => {
  expect(await ann.call("asker", "restrict", ["svc/cast on svc/echo"])).toBe("done");
  expect(await ann.call("asker", "present")).toEqual([...always, "cast"].sort());
  expect(await ann.call("asker", "callByKept")).toBe("CAPABILITY_DENIED");
  expect(await ann.call("asker", "callWithByKept")).toBe("CAPABILITY_DENIED");
  expect(await ann.call("asker", "restrict", ["svc/call on svc/echo"])).toBe("CAPABILITY_DENIED");

  expect(await ann.call("mute", "log", ["heard"])).toBe("said");
  expect(await ann.call("mute", "restrict", ["svc/call on svc/echo"])).toBe("done");
  expect(await ann.call("mute", "logByKept", ["unheard"])).toBe("said");
  // The same pipe, in order: what came before is there, and the service still answers.
  expect(await ann.call("mute", "call")).toBe(1);
  expect(await logOf("mute")).toEqual(["heard"]);
  expect(await ann.call("mute", "restrict", ["svc/call on svc/echo", "log/write on log/mute"])).toBe(
    "CAPABILITY_DENIED",
  );
});

test("a service that keeps its log says so, and keeps it through every restriction that names it", async () => {
  expect(await ann.call("quiet", "restrict", ["log/write on log/quiet"])).toBe("done");
  expect(await ann.call("quiet", "present")).toEqual([...always, "log"].sort());
  expect(await ann.call("quiet", "restrict", ["log/write on log/quiet"])).toBe("done");
  expect(await ann.call("quiet", "log", ["still here"])).toBe("said");
  expect(await logOf("quiet")).toEqual(["still here"]);
  expect(await ann.call("quiet", "restrict", ["log/write on log/echo"])).toBe("CAPABILITY_DENIED");
});

test("a service that may call nobody calls by what it is lent, and no further", async () => {
  const lending = async (grants: readonly string[], method: string, ...args: readonly unknown[]): Promise<unknown> => {
    const request = { tenant: "", serviceId: "nothing", method, arguments: Buffer.from(JSON.stringify(args)) };
    const { reply } = await ask(ann.messaging, ann.messaging.call, { ...request, lend: [...grants] });
    return JSON.parse(reply.toString());
  };
  expect(await lending(["svc/cast on svc/echo"], "lent")).toEqual([]);
  expect(await lending(["svc/call on svc/echo"], "lent")).toEqual(["call"]);
  expect(await lending(["svc/call on svc/echo"], "callByLent", "echo")).toBe(2);
  expect(await lending(["svc/call on svc/echo"], "callByLent", "asker")).toBe("CAPABILITY_DENIED");
});

test("what services answer each other passes the place where the answers of drivers are recorded", async () => {
  const before = [await answersOf("ok"), await answersOf("refused")];
  await ann.call("mute", "call");
  await ann.call("asker", "callByKept");
  expect([await answersOf("ok"), await answersOf("refused")]).toEqual([(before[0] ?? 0) + 1, (before[1] ?? 0) + 1]);
});
