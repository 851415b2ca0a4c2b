// The tools as a model's client has them over HTTP: the protocol's own client with a certificate, a real server.

import { Agent, request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type Credentials, connect, issueIdentity } from "../../server/test/client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "../../server/test/server-process.ts";
import { describeTools } from "./all-tools.ts";
import { connectClient, type ToolClient } from "./tool-client.ts";

// Services are started, and the machine may be busy with other tests.
jest.setTimeout(90_000);

const data = makeDataFolder();
let server: ServerProcess;
let admin: Credentials;
let ann: Credentials;
let ben: Credentials;
let tools: ToolClient;

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = readProfile(server.ready.profile);
  const connection = connect(server.ready.grpc, admin);
  ann = await issueIdentity(connection, "ann");
  ben = await issueIdentity(connection, "ben");
  connection.close();
  tools = await connectClient(transportOf(ann));
});
afterAll(async () => {
  await tools.close();
  // Services that never answer would be given their whole time to stop.
  await server.kill();
  data.remove();
});

const url = (): URL => new URL(`https://${server.ready.http}/mcp`);

/** `fetch` with a client's certificate, which Node's own has no place for. */
function fetchAs(given: Credentials | undefined): typeof fetch {
  const agent = new Agent({
    ca: given?.root ?? admin.root,
    ...(given === undefined ? {} : { cert: given.certificate, key: given.key }),
    servername: "localhost",
    keepAlive: true,
  });
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const { method = "GET", body, signal } = init;
      const headers = Object.fromEntries(new Headers(init.headers));
      const sent = httpsRequest(
        String(input),
        { agent, method, headers, ...(signal ? { signal } : {}) },
        (response) => {
          const { statusCode = 0 } = response;
          const withBody = ![202, 204, 304].includes(statusCode);
          if (!withBody) response.resume();
          const stream = withBody ? (Readable.toWeb(response) as ReadableStream) : null;
          resolve(new Response(stream, { status: statusCode, headers: response.headers as Record<string, string> }));
        },
      );
      sent.once("error", reject);
      sent.end(body);
    });
}

const transportOf = (given: Credentials): Transport =>
  new StreamableHTTPClientTransport(url(), { fetch: fetchAs(given) as never }) as Transport;

describe("over HTTP", () => describeTools(() => tools));

test("tools act as the certificate's tenant, and do not see another's services", async () => {
  const source =
    'import { defineServer } from "@solo/actor-core"; export default defineServer({ version: 1, init: () => 0 });';
  await tools.call("solo_deploy", { service_id: "of-ann", source });
  const others = await connectClient(transportOf(ben));
  expect((await others.call("solo_status", { service_id: "of-ann" })).content.error).toMatchObject({
    reason: "SERVICE_NOT_FOUND",
  });
  expect((await others.call("solo_list")).content.services).toEqual([]);
  await others.close();
});

const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
};
const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const post = (given: Credentials | undefined, body: unknown, more: Record<string, string> = {}) =>
  fetchAs(given)(url(), {
    method: "POST",
    headers: { ...headers, ...more },
    body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });

test("without a certificate nothing is answered but why", async () => {
  const refused = await post(undefined, initialize);
  expect([refused.status, await refused.json()]).toEqual([
    401,
    expect.objectContaining({ reason: "CERTIFICATE_MISSING" }),
  ]);
});

test("a session belongs to the certificate that began it", async () => {
  const begun = await post(ann, initialize);
  const id = begun.headers.get("mcp-session-id") ?? "";
  await begun.text();
  const list = { jsonrpc: "2.0", id: 2, method: "tools/list" };
  const own = await post(ann, list, { "mcp-session-id": id });
  expect([own.status, (await own.text()).includes("solo_deploy")]).toEqual([200, true]);
  for (const [holder, session] of [
    [ben, id],
    [ann, "no-such-session"],
  ] as const) {
    const refused = await post(holder, list, { "mcp-session-id": session });
    expect([refused.status, await refused.json()]).toEqual([
      404,
      expect.objectContaining({ reason: "SESSION_UNKNOWN" }),
    ]);
  }
});

const list = { jsonrpc: "2.0", id: 7, method: "tools/list" };

test.each([
  ["no JSON", "not json", {}, { code: -32700, found: /not valid JSON/, wanted: /UTF-8/ }],
  [
    "a message in bytes that are no text",
    Buffer.from([0x7b, 0xff]),
    {},
    { code: -32700, found: /encoded data/, wanted: /UTF-8/ },
  ],
  ["no message", { hello: "world" }, {}, { found: /jsonrpc none/, wanted: /"2.0"/ }],
  ["a message of another version", { ...list, jsonrpc: "1.0" }, {}, { id: 7, found: /jsonrpc "1.0"/, wanted: /"2.0"/ }],
  ["a batch", [initialize, list], {}, { found: /batch of 2/, wanted: /one message/ }],
  ["a text", '"hello"', {}, { found: /"hello"/, wanted: /object/ }],
  ["an id that is none", { ...list, id: { a: 1 } }, {}, { found: /id \{"a":1\}/, wanted: /whole number/ }],
  ["a method that is no name", { ...list, method: 3 }, {}, { id: 7, found: /method 3/, wanted: /name/ }],
  ["parameters in a row", { ...list, params: [1] }, {}, { id: 7, found: /params \[1\]/, wanted: /object/ }],
  [
    "no session and no beginning of one",
    list,
    {},
    { id: 7, reason: "SESSION_UNKNOWN", found: /tools\/list/, wanted: /initialize/ },
  ],
  [
    "a protocol of another time",
    initialize,
    { "mcp-protocol-version": "1999-01-01" },
    { id: 1, found: /1999/, wanted: /2025/ },
  ],
])("%s is answered with what was found, what is wanted and a fix", async (_, body, more, told) => {
  const refused = await post(ann, body, more);
  const {
    id = null,
    code = -32600,
    reason = "REQUEST_MALFORMED",
    found,
    wanted,
  } = { id: null, code: -32600, ...told } as {
    readonly id: number | null;
    readonly code: number;
    readonly reason?: string;
    readonly found: RegExp;
    readonly wanted: RegExp;
  };
  expect([refused.status, await refused.json()]).toEqual([
    400,
    {
      jsonrpc: "2.0",
      id,
      error: {
        code,
        message: expect.stringMatching(/^Cannot take the message/),
        data: expect.objectContaining({
          reason,
          found: expect.stringMatching(found),
          wanted: expect.stringMatching(wanted),
          fix: expect.stringMatching(/./),
          example: expect.anything(),
        }),
      },
    },
  ]);
});

test("a method that there is not is told with those that there are", async () => {
  const begun = await post(ann, initialize);
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
  await begun.text();
  const answer = await post(ann, { ...list, method: "resources/list" }, session);
  const [, data = ""] = /^data: (.+)$/m.exec(await answer.text()) ?? [];
  expect(JSON.parse(data).error).toMatchObject({
    code: -32601,
    data: {
      reason: "RPC_UNKNOWN",
      found: 'the method "resources/list"',
      wanted: expect.stringContaining("tools/call"),
      fix: expect.stringContaining("tools/list"),
    },
  });
});

test("a page of another origin is refused", async () => {
  const refused = await post(ann, initialize, { origin: "https://evil.example" });
  expect([refused.status, await refused.json()]).toEqual([403, expect.objectContaining({ reason: "ORIGIN_REFUSED" })]);
});

const explained = {
  message: expect.any(String),
  found: expect.any(String),
  wanted: expect.any(String),
  fix: expect.any(String),
};

test("what the protocol does not allow is refused with its status, what was found, what is wanted and a fix", async () => {
  const begun = await post(ann, initialize);
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
  await begun.text();
  const ask = (method: string, more: Record<string, string>) => fetchAs(ann)(url(), { method, headers: more });
  const news = { accept: "text/event-stream", ...session };
  const listening = await ask("GET", news);
  expect(listening.status).toBe(200);
  for (const [answer, status, reason] of [
    [await post(ann, initialize, { "content-type": "text/plain" }), 415, "REQUEST_MALFORMED"],
    [await post(ann, initialize, { accept: "application/json" }), 406, "REQUEST_MALFORMED"],
    [await post(ann, initialize, session), 400, "REQUEST_MALFORMED"],
    [await ask("GET", session), 406, "REQUEST_MALFORMED"],
    [await ask("GET", { accept: "text/event-stream" }), 400, "SESSION_UNKNOWN"],
    [await ask("GET", news), 409, "REQUEST_MALFORMED"],
    [await ask("DELETE", {}), 400, "SESSION_UNKNOWN"],
    [await ask("DELETE", { ...session, "mcp-protocol-version": "1999-01-01" }), 400, "REQUEST_MALFORMED"],
  ] as const) {
    const error = expect.objectContaining({ data: expect.objectContaining({ ...explained, reason }) });
    expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ error })]);
  }
  await listening.body?.cancel();
  expect((await ask("DELETE", session)).status).toBe(200);
  expect((await post(ann, list, session)).status).toBe(404);
});

test("of a thousand sessions the latest go on, and those that had to make room are told", async () => {
  const asBen = fetchAs(ben);
  const begin = () => asBen(url(), { method: "POST", headers, body: JSON.stringify(initialize) });
  const ids: string[] = [];
  for (let begun = 0; begun < 1_000; begun += 50) {
    const answers = await Promise.all(Array.from({ length: 50 }, begin));
    for (const answer of answers) {
      await answer.text();
      ids.push(answer.headers.get("mcp-session-id") ?? "");
    }
  }
  const [first, last] = [ids[0] as string, ids.at(-1) as string];
  const late = await post(ben, list, { "mcp-session-id": first });
  expect([late.status, await late.json()]).toEqual([404, expect.objectContaining({ reason: "SESSION_UNKNOWN" })]);
  expect((await post(ben, list, { "mcp-session-id": last })).status).toBe(200);
});

test("a message of more than 16 MiB is refused while it comes", async () => {
  const refused = await post(ann, JSON.stringify({ ...initialize, padding: "x".repeat(17 * 2 ** 20) })).catch(
    () => undefined,
  );
  // Told, or cut off where the client was still sending.
  expect([undefined, 413]).toContain(refused?.status);
  expect((await tools.call("solo_list")).isError).toBe(false);
});

test("a client that goes away in the middle leaves the server as it was", async () => {
  const leaving = await connectClient(transportOf(ann));
  const source =
    'import { defineServer } from "@solo/actor-core"; export default defineServer({ version: 1, init: () => 0, calls: { slow: () => new Promise<never>(() => undefined) } });';
  await leaving.call("solo_deploy", { service_id: "left", source });
  const waiting = leaving.call("solo_call", { service_id: "left", method: "slow" });
  await leaving.close();
  await expect(waiting).rejects.toThrow();
  expect((await tools.call("solo_status", { service_id: "left" })).isError).toBe(false);
});

test("a server that stops does not wait for clients that listen", async () => {
  const own = makeDataFolder();
  // Whoever waited for them would wait for an hour.
  const stopping = await startServer(own.folder, ["--grace", "1h"]);
  const address = new URL(`https://${stopping.ready.http}/mcp`);
  const fetchOwn = fetchAs(readProfile(stopping.ready.profile)) as never;
  const listener = await connectClient(new StreamableHTTPClientTransport(address, { fetch: fetchOwn }) as Transport);
  expect(await stopping.stop()).toBe(0);
  await listener.close();
  own.remove();
});

test("the documentation is served beside the tools, every link in it", async () => {
  const get = async (path: string) => (await fetchAs(ann)(new URL(path, url()))).text();
  const list = await get("/llms.txt");
  const links = [...list.matchAll(/\]\((.+?)\)/g)].map(([, link]) => link as string);
  expect(links.length).toBeGreaterThan(8);
  for (const link of links) expect(await get(`/${link}`)).toMatch(/^# /);
});
