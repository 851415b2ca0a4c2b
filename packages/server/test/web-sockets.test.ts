// WebSockets of services with fetch, with the client of the standard, over mTLS and without it.

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { Duplex } from "node:stream";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { HttpAccess, RevokeCapabilityRequest } from "@solo/proto";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

jest.setTimeout(30_000);

const chat = `
import { defineServer, reply } from "@solo/actor-core";
const seen = { closes: [], errors: 0 };
export default defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: { add: ({ state }, by) => reply(state.count + by, { count: state.count + by }), seen: ({ state }) => reply(seen, state) },
});
export async function fetch(request, service) {
  if (request.headers.get("upgrade") !== "websocket") {
    try { service.upgradeWebSocket(request); } catch (error) { return new Response(String(error), { status: 426 }); }
  }
  const { pathname } = new URL(request.url);
  if (pathname === "/no") return new Response("not you", { status: 403 });
  if (pathname === "/throw") { service.upgradeWebSocket(request); throw new Error("it was asked to"); }
  const { socket, response } = service.upgradeWebSocket(request, { protocol: request.headers.get("sec-websocket-protocol") ?? "" });
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { if (pathname === "/greet") socket.send("welcome"); };
  socket.onmessage = async ({ data }) => {
    if (data === "count") return socket.send(JSON.stringify(await service.call("add", 1)));
    if (data === "bye") return socket.close(4001, "as asked");
    if (data === "die") process.exit(3);
    if (data === "fail") throw new Error("of a listener");
    if (data === "flood") { for (let index = 0; index < 100; index++) socket.send(new Uint8Array(100_000)); return; }
    if (data === "waiting") return socket.send(String(socket.bufferedAmount));
    socket.send(data);
  };
  const failing = async ({ data }) => { if (data === "fail") throw new Error("of another listener"); };
  socket.addEventListener("message", failing);
  socket.addEventListener("message", { handleEvent: ({ data }) => { if (data === "fail") throw new Error("of an object"); } });
  const twice = ({ data }) => { if (data === "twice") socket.send("once"); };
  socket.addEventListener("message", twice);
  socket.addEventListener("message", twice);
  if (pathname === "/taken-away") socket.removeEventListener("message", twice);
  socket.onerror = () => { seen.errors += 1; };
  socket.addEventListener("close", ({ code, reason, wasClean }) => { seen.closes.push([code, reason, wasClean]); });
  return response;
}
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let ann: Connection;
let annIdentity: Credentials;
const before = getCACertificates("default");

beforeAll(async () => {
  server = await startServer(data.folder);
  admin = connect(server.ready.grpc, readProfile(server.ready.profile));
  annIdentity = await issueIdentity(admin, "ann");
  ann = connect(server.ready.grpc, annIdentity);
  setDefaultCACertificates([...before, String(annIdentity.root)]);
  await ann.deploy("chat", chat, { manifest: { maxRestarts: 100, httpAccess: HttpAccess.HTTP_ACCESS_PUBLIC } });
  await ann.deploy("private", chat);
});
afterAll(async () => {
  setDefaultCACertificates(before);
  for (const client of [admin, ann]) client.close();
  await server.stop();
  data.remove();
});

interface Client {
  readonly socket: WebSocket;
  readonly messages: unknown[];
  readonly closed: Promise<readonly [code: number, reason: string]>;
  next(): Promise<unknown>;
}

async function open(path = "/ann/chat/", protocols: string[] = []): Promise<Client> {
  const socket = new WebSocket(`wss://localhost:${server.ready.http.split(":").pop()}${path}`, protocols);
  socket.binaryType = "arraybuffer";
  const messages: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  socket.onmessage = ({ data: message }) => {
    const first = waiting.shift();
    if (first === undefined) messages.push(message);
    else first(message);
  };
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve([code, reason]);
  });
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("It was refused"));
  });
  socket.onerror = null;
  const next = () =>
    messages.length > 0 ? Promise.resolve(messages.shift()) : new Promise((resolve) => waiting.push(resolve));
  return { socket, messages, closed, next };
}

const seen = async () => (await ann.call("chat", "seen")) as { closes: unknown[]; errors: number };
const lastClose = async (count: number) =>
  until("the service has seen it", async () => {
    const { closes } = await seen();
    return closes.length > count ? closes.at(-1) : undefined;
  });

test("a handler takes a WebSocket, says its protocol, and reaches its own state", async () => {
  const { socket, next } = await open("/ann/chat/greet", ["chat.v1"]);
  expect(socket.protocol).toBe("chat.v1");
  expect(await next()).toBe("welcome");
  socket.send("count");
  expect(await next()).toBe("1");
  socket.close();
});

test("text and bytes come back as they went, however long", async () => {
  const { socket, next } = await open();
  for (const text of ["", "é", "x".repeat(125), "x".repeat(126), "x".repeat(70_000), "y".repeat(1_000_000)]) {
    socket.send(text);
    expect(await next()).toBe(text);
  }
  socket.send(Uint8Array.of(0, 255, 7));
  expect([...new Uint8Array((await next()) as ArrayBuffer)]).toEqual([0, 255, 7]);
  socket.close();
});

test("either side closes, and the other learns the code and the reason", async () => {
  const { closes } = await seen();
  const leaving = await open();
  leaving.socket.close(4002, "enough");
  expect(await leaving.closed).toEqual([4002, ""]);
  expect(await lastClose(closes.length)).toEqual([4002, "enough", true]);
  const left = await open();
  left.socket.send("bye");
  expect(await left.closed).toEqual([4001, "as asked"]);
  expect(await lastClose(closes.length + 1)).toEqual([4001, "", true]);
});

test("what a listener throws stays with the service, and the connection goes on", async () => {
  const { socket, next } = await open();
  socket.send("fail");
  socket.send("still here");
  expect(await next()).toBe("still here");
  socket.close();
});

test("a listener is added once, and can be taken away", async () => {
  const added = await open();
  added.socket.send("twice");
  added.socket.send("last");
  expect([await added.next(), await added.next(), await added.next()]).toEqual(["twice", "once", "last"]);
  added.socket.close();
  const takenAway = await open("/ann/chat/taken-away");
  takenAway.socket.send("twice");
  takenAway.socket.send("last");
  expect([await takenAway.next(), await takenAway.next()]).toEqual(["twice", "last"]);
  takenAway.socket.close();
});

/** Asks for a WebSocket by hand: the open connection, or the answer that said no. */
function handshake(path: string, headers: Record<string, string> = {}, tls: RequestOptions = {}) {
  const port = Number(server.ready.http.split(":").pop());
  const asked = request({
    ...{ host: "127.0.0.1", servername: "localhost", port, path, ca: annIdentity.root, agent: false, ...tls },
    headers: {
      ...{ connection: "Upgrade", upgrade: "websocket" },
      ...{ "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", ...headers },
    },
  });
  return new Promise<{ readonly answer: IncomingMessage; readonly socket?: Duplex }>((resolve, reject) => {
    asked.on("error", reject);
    asked.on("response", (answer) => resolve({ answer: answer.resume() }));
    asked.on("upgrade", (answer, socket) => {
      socket.on("error", () => undefined);
      resolve({ answer, socket });
    });
    asked.end();
  });
}

test("a service that is not public takes those of its tenant's certificates and of nobody else", async () => {
  const { certificate: cert, key } = annIdentity;
  const { socket, answer } = await handshake("/ann/private/", {}, { cert, key });
  expect(answer.headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  // A text of two letters, whose mask is zero.
  socket?.write(Buffer.from("8182000000006869", "hex"));
  const [echoed] = await once(socket as Duplex, "data");
  expect(echoed).toEqual(Buffer.from("81026869", "hex"));
  socket?.destroy();
  const ben = await issueIdentity(admin, "ben");
  const other = await handshake("/ann/private/", {}, { cert: ben.certificate, key: ben.key });
  expect([other.answer.statusCode, (await handshake("/ann/private/")).answer.statusCode]).toEqual([403, 401]);
});

test.each([
  ["a handler that says no", "/ann/chat/no", {}, 403],
  ["a handler that throws", "/ann/chat/throw", {}, 502],
  ["another version of the protocol", "/ann/chat/", { "sec-websocket-version": "8" }, 502],
])("%s opens nothing", async (_, path, headers, status) => {
  const { answer, socket } = await handshake(path, headers);
  expect([answer.statusCode, socket]).toEqual([status, undefined]);
});

test("a request that asks for no WebSocket has none", async () => {
  const { status, text } = await httpClient(server.ready.http, annIdentity).ask("/ann/chat/");
  expect([status, text]).toEqual([426, "TypeError: Cannot upgrade: the request asks for no WebSocket"]);
});

test.each([
  ["without a mask", "8100", 1002],
  ["with bits that mean nothing", "c18000000000", 1002],
  ["that goes on with nothing", "808000000000", 1002],
  ["that is no text", "818100000000ff", 1007],
  ["that is larger than may be", "82ff000000000040000100000000", 1009],
])("a frame %s ends the connection with its code", async (_, hex, code) => {
  const { socket } = await handshake("/ann/chat/");
  socket?.write(Buffer.from(hex, "hex"));
  const [said] = (await once(socket as Duplex, "data")) as [Buffer];
  expect([said[0], said.readUInt16BE(2)]).toEqual([0x88, code]);
  await once((socket as Duplex).resume(), "close");
});

const framed = (hex: string): Buffer => Buffer.from(hex, "hex");

test("a message comes in any number of fragments, empty ones among them, and those are not kept", async () => {
  const { socket } = await handshake("/ann/chat/");
  // As many as would not fit the service's memory, were they kept.
  const empty = Buffer.alloc(600_000, framed("008000000000"));
  socket?.write(framed("018000000000"));
  for (let times = 0; times < 10; times++) socket?.write(empty);
  socket?.write(framed("00810000000061808100000000620000".slice(0, -4)));
  const [echoed] = await once(socket as Duplex, "data");
  expect(echoed).toEqual(framed("81026162"));
  expect((await ann.status("chat")).restarts).toBe(0);
  socket?.destroy();
});

/** Code and reason of the close that comes next. */
async function closeOf(socket: Duplex | undefined): Promise<readonly [code: number, reason: string]> {
  const [said] = (await once(socket as Duplex, "data")) as [Buffer];
  expect([said[0], said[1]]).toEqual([0x88, said.length - 2]);
  await once((socket as Duplex).resume(), "close");
  return [said.readUInt16BE(2), said.subarray(4).toString()];
}

test("who may not any more is told by a close with 1008", async () => {
  const list = () => ask(admin.capabilities, admin.capabilities.listCapabilities, { tenant: "ann" });
  const known = new Set((await list()).capabilities.map(({ cid }) => cid));
  const leaving = await issueIdentity(admin, "ann");
  const { certificate: cert, key } = leaving;
  const { socket } = await handshake("/ann/private/", {}, { cert, key });
  socket?.write(framed("8182000000006869"));
  expect((await once(socket as Duplex, "data"))[0]).toEqual(framed("81026869"));
  const closed = closeOf(socket);
  const { capabilities } = await list();
  const cid = capabilities.find(({ cid: found }) => !known.has(found))?.cid ?? "";
  const request = {
    requestId: freshId(),
    tenant: "ann",
    reason: "a test",
    subject: { $case: "cid", value: cid } as const,
  };
  await ask(admin.capabilities, admin.capabilities.revokeCapability, RevokeCapabilityRequest.fromPartial(request));
  expect(await closed).toEqual([1008, "CAPABILITY_DENIED"]);
});

test("a client that takes nothing holds the service back, and gets everything once it reads", async () => {
  const { socket } = await handshake("/ann/chat/");
  socket?.write(Buffer.concat([Buffer.from("818500000000", "hex"), Buffer.from("flood")]));
  socket?.pause();
  const other = await open();
  other.socket.send("still served");
  expect(await other.next()).toBe("still served");
  other.socket.close();
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes === 100 * 100_010) break;
  }
  expect(bytes).toBe(100 * 100_010);
});

test("an open WebSocket counts with the service's requests, and no more", async () => {
  const used = async () => {
    const { limits } = await ask(admin.quotas, admin.quotas.getQuota, { tenant: "ann" });
    return limits.find(({ limit }) => limit === "calls_in_flight")?.used;
  };
  await until("none counts", async () => ((await used()) === 0n ? true : undefined));
  const { socket, closed } = await open();
  expect(await used()).toBe(1n);
  socket.close(1000);
  await closed;
  await until("none counts again", async () => ((await used()) === 0n ? true : undefined));
});

test("the death of the service is a close with 1012, and its next life takes another", async () => {
  const { socket, closed } = await open();
  socket.send("die");
  expect(await closed).toEqual([1012, "SERVICE_DIED"]);
  const again = await open("/ann/chat/greet");
  expect(await again.next()).toBe("welcome");
  again.socket.close();
});

test("a server that stops closes with 1001", async () => {
  const { closed } = await open();
  const stopped = server.stop();
  expect(await closed).toEqual([1001, "SERVER_STOPPING"]);
  await stopped;
});
