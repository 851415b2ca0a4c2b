// Values that mean harm to whoever parses, walks or merges them, at every door: each is answered or refused in words, and
// neither the service behind it nor the server is any other afterwards.
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { ArtifactKind, Packaging, ProgramProtocol } from "@solo/proto";
import { ask, type Connection, connect, issueIdentity, refusal, WireError } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { testWith } from "./needs.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

jest.setTimeout(90_000);

const carrier = `
import { defineServer, reply } from "@solo/actor-core";
const attempt = async (action) => { try { return { answer: (await action()) ?? null }; } catch (error) { return { refused: String(error.code ?? error.name) }; } };
export default defineServer({
  version: 1,
  init: (_, start) => typeof start,
  calls: {
    echo: ({ state }, value) => reply(value ?? null, state),
    look: ({ state }) => reply([({}).polluted ?? null, [].polluted ?? null, state], state),
    ask: async ({ state, ctx }, id, text) => reply(await attempt(async () => typeof (await ctx.call(id, "echo", JSON.parse(text)))), state),
    keep: async ({ state, ctx }, text) => reply(await attempt(async () => { await ctx.kv.put("a", JSON.parse(text)); return typeof (await ctx.kv.get("a")); }), state),
    tell: async ({ state, ctx }, text) => reply(await attempt(() => ctx.event.publish("event/topic/a", JSON.parse(text))), state),
  },
  casts: { drop: ({ state }) => state },
});
`;
/** Answers with the text that it was called with, which nobody has parsed on the way. */
const mirror = `#!/usr/bin/env python3
with open(3, "rb", closefd=False) as lines, open(3, "wb", closefd=False) as out:
    for line in lines:
        word, *rest = line.rstrip(b"\\n").split(b" ", 4)
        if word == b"run": out.write(b"started echo -\\n")
        if word == b"call": out.write(b"reply %b %b\\n" % (rest[0], rest[3]))
        if word == b"stop": break
        out.flush()
`;

const values: readonly (readonly [name: string, json: string])[] = [
  ["a hundred thousand arrays, one in the other", "[".repeat(100_000) + "]".repeat(100_000)],
  ["a hundred thousand objects, one in the other", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ["a hundred thousand arrays that never end", "[".repeat(100_000)],
  ["keys of prototypes", '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toJSON":1,"then":1}'],
  ["keys of prototypes, deeper", '[{"a":[{"__proto__":[{"polluted":1}]}]}]'],
  ["bytes that are none", '{"$bytes":{"__proto__":{"polluted":1}}}'],
  ["bytes that are no Base64", '{"$bytes":"%%%"}'],
  ["one key twice", '{"polluted":1,"polluted":{"__proto__":null}}'],
  ["a hundred thousand keys", `{${Array.from({ length: 100_000 }, (_, each) => `"k${each}":${each}`).join(",")}}`],
  ["numbers beyond all", `[1e999,-1e999,${"9".repeat(10_000)},1e-999]`],
  ["half a character", '["\\ud800","\\udfff"]'],
];

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let ann: Connection;
let ben: Connection;
let http: ReturnType<typeof httpClient>;
let session: Record<string, string>;
const hasPrograms = testWith("bwrap") === test && testWith("/usr/bin/python3") === test;

beforeAll(async () => {
  server = await startServer(data.folder, ["--host-programs", "python3"]);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  const identity = await issueIdentity(admin, "ann");
  ann = connect(server.ready.grpc, identity);
  ben = connect(server.ready.grpc, await issueIdentity(admin, "ben"));
  http = httpClient(server.ready.http, identity);
  const grants = ["svc/call on svc/*", "kv/read,kv/write on kv/**", "event/publish on event/topic/**"];
  // What is a hundred kilobytes of text may be a hundred times as much once it is read.
  const limits = { memoryBytes: 256n * 1024n * 1024n };
  await ann.deploy("carrier", carrier, { manifest: { grants, limits } });
  await ann.deploy("other", carrier, { manifest: { limits } });
  await ben.deploy("bystander", carrier);
  if (hasPrograms) {
    await ann.deploy("mirror", mirror, {
      kind: ArtifactKind.ARTIFACT_KIND_BINARY,
      program: { protocol: ProgramProtocol.PROGRAM_PROTOCOL_LINES, packaging: Packaging.PACKAGING_EXECUTABLE },
    });
  }
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  const begun = await tool({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  session = { "mcp-session-id": String(begun.headers["mcp-session-id"]) };
});
afterAll(async () => {
  for (const client of [admin, ann, ben]) client.close();
  await server.stop();
  data.remove();
});

const tool = (message: object | string) =>
  http.ask("/mcp", {
    method: "POST",
    body: typeof message === "string" ? message : JSON.stringify(message),
    headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...session },
  });
const post = (path: string, body: string) => http.ask(path, { method: "POST", body });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const callRaw = (serviceId: string, args: string) =>
  ask(ann.messaging, ann.messaging.call, {
    tenant: "",
    serviceId,
    method: "echo",
    arguments: Buffer.from(args),
    lend: [],
  });

/** In one word what came of it; throws for what is neither an answer nor a refusal of the catalogue. */
const overGrpc = async (asked: Promise<unknown>): Promise<string> => {
  try {
    await asked;
    return "answered";
  } catch (error) {
    if (!(error instanceof WireError) || error.reason === undefined || error.reason === "INTERNAL") throw error;
    return error.reason;
  }
};
const overHttp = async (asked: ReturnType<typeof post>): Promise<string> => {
  const { status, json, text } = await asked;
  if (status === 200) return "answered";
  const isTold = status < 500 || (json?.reason !== undefined && json.reason !== "INTERNAL");
  if (!isTold) throw new Error(`Answered ${status}: ${text.slice(0, 500)}`);
  return json?.reason ?? `status ${status}`;
};

type Door = (json: string) => Promise<string>;
const doors: Readonly<Record<string, Door>> = {
  "the arguments of a call": (json) => overGrpc(callRaw("carrier", `[${json}]`)),
  "the arguments of a cast": (json) =>
    overGrpc(
      ask(ann.messaging, ann.messaging.cast, {
        ...{ tenant: "", serviceId: "carrier", method: "drop" },
        arguments: Buffer.from(`[${json}]`),
      }),
    ),
  "the arguments of a call over HTTP": (json) => overHttp(post("/v1/services/carrier/calls/echo", `[${json}]`)),
  "a whole request over HTTP": (json) => overHttp(post("/v1/MessagingService/Call", json)),
  "a member of a request over HTTP": (json) =>
    overHttp(
      post("/v1/MessagingService/Call", `{"serviceId":"carrier","method":"echo","arguments":"W10=","lend":${json}}`),
    ),
  "a manifest over HTTP": (json) =>
    overHttp(
      post(
        "/v1/DeploymentService/Deploy",
        `{"requestId":"m","serviceId":"manifested","source":"${base64(carrier)}","manifest":${json}}`,
      ),
    ),
  "limits and environment of a manifest over HTTP": (json) =>
    overHttp(
      post(
        "/v1/DeploymentService/Deploy",
        `{"requestId":"l","validateOnly":true,"serviceId":"manifested","source":"${base64(carrier)}","manifest":{"environment":${json},"limits":{"actions":${json},"soft":${json}}}}`,
      ),
    ),
  "the arguments of a start": async (json) => {
    const manifest = { startArguments: Buffer.from(`[${json}]`) };
    const came = await overGrpc(ann.deploy("started", carrier, { manifest }));
    if (came === "answered") await ann.kill("started");
    return came;
  },
  "a tool's arguments": (json) =>
    overHttp(
      tool(
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"solo_call","arguments":{"service_id":"carrier","method":"echo","args":[${json}]}}}`,
      ),
    ),
  "a whole message of a tool": (json) => overHttp(tool(json)),
  "a call between services": async (json) => outcomeOf(await ann.call("carrier", "ask", ["other", json])),
  "a value in the store": async (json) => outcomeOf(await ann.call("carrier", "keep", [json])),
  "an event of a service": async (json) => outcomeOf(await ann.call("carrier", "tell", [json])),
  ...(hasPrograms
    ? {
        "the reply of a program": (json: string) => overGrpc(callRaw("mirror", `[${json}]`)),
        "the reply of a program over HTTP": (json: string) =>
          overHttp(
            http.open("/v1/services/mirror/calls/echo", { method: "POST", body: `[${json}]` }).then(async (answer) => {
              let text = "";
              for await (const chunk of answer.setEncoding("utf8")) text += chunk;
              const status = answer.statusCode ?? 0;
              return { status, text, headers: answer.headers, json: status === 200 ? undefined : JSON.parse(text) };
            }),
          ),
        "the reply of a program to a service": async (json: string) =>
          outcomeOf(await ann.call("carrier", "ask", ["mirror", json])),
      }
    : {}),
};

function outcomeOf(answer: unknown): string {
  const { refused } = answer as { readonly refused?: string };
  return refused ?? "answered";
}

describe.each(Object.keys(doors))("%s", (name) => {
  test("takes or refuses whatever it is, and harms nobody", async () => {
    const before = await ann.status("carrier");
    const came: Record<string, string> = {};
    for (const [what, json] of values) came[what] = await (doors[name] as Door)(json);
    for (const word of Object.values(came)) expect(word).toMatch(/^[\w -]+$/);
    for (const [connection, id] of [
      [ann, "carrier"],
      [ann, "other"],
      [ben, "bystander"],
    ] as const) {
      expect(await connection.call(id, "look")).toEqual([null, null, "undefined"]);
      expect(await connection.status(id)).toMatchObject({ restarts: 0 });
    }
    const after = await ann.status("carrier");
    expect({ ...after, usage: undefined, limits: undefined }).toEqual({
      ...before,
      usage: undefined,
      limits: undefined,
    });
    expect((await http.ask("/v1/services/carrier")).text).not.toContain("polluted");
  });
});

test("what came so deep is told as such", async () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  expect(await refusal(callRaw("carrier", `[${deep}]`))).toMatchObject({
    reason: expect.stringMatching(/^(ARGUMENTS_NOT_JSON|REPLY_NOT_JSON)$/),
  });
});
