// Whoever speaks something else than a port does is told so, on every port and in what it speaks; the log tells it to the operator.

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Credentials } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

jest.setTimeout(60_000);

const data = makeDataFolder();
let server: ServerProcess;
let profile: Credentials;

beforeAll(async () => {
  server = await startServer(data.folder);
  profile = readProfile(server.ready.profile);
});
afterAll(async () => {
  await server.stop();
  data.remove();
});

const portOf = (face: "grpc" | "http"): number => Number(server.ready[face].split(":").pop());

function overTls(face: "grpc" | "http", options: ConnectionOptions = {}): TLSSocket {
  const socket = connectTls({
    host: "127.0.0.1",
    servername: "localhost",
    port: portOf(face),
    ca: profile.root,
    ...options,
  });
  socket.on("error", () => undefined);
  return socket;
}

/** What comes of a request that is written by hand. */
async function answerTo(socket: Socket, request: string) {
  socket.write(request);
  const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
  return { head, problem: JSON.parse(body) as Record<string, unknown> };
}

const linesOf = (reason: string): readonly Record<string, unknown>[] =>
  server
    .log()
    .split("\n")
    .filter((line) => line.includes("Refused a connection") && line.includes(`"${reason}"`))
    .map((line) => (JSON.parse(line) as { readonly fields: Record<string, unknown> }).fields);

test.each(["grpc", "http"] as const)(
  "HTTP without TLS on the port of %s is a 400 that says what is wanted",
  async (face) => {
    const socket = connectTcp(portOf(face), "127.0.0.1");
    const body = "x".repeat(100_000);
    const { head, problem } = await answerTo(
      socket,
      `POST /v1/services HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*content-type: application\/problem\+json/);
    expect(problem).toMatchObject({
      reason: "WRONG_PROTOCOL",
      found: "a connection without TLS",
      wanted: "TLS 1.3 with a client certificate of this server",
      fix: "Use https:// and the files of a profile",
    });
  },
);

test.each(["grpc", "http"] as const)("HTTP/2 without TLS on the port of %s goes away with the reason", async (face) => {
  expect(await goneAway(`http://127.0.0.1:${portOf(face)}`)).toEqual({
    code: 0xc,
    told: expect.stringMatching(/^WRONG_PROTOCOL: .*Found: a connection without TLS\. Wanted: TLS 1\.3/),
  });
});

/** The last frame of a server that does not take the connection. */
async function goneAway(url: string, socket?: TLSSocket) {
  const session = connectHttp2(url, socket === undefined ? {} : { createConnection: () => socket });
  session.on("error", () => undefined);
  const [code, , opaque] = (await once(session, "goaway")) as [number, number, Buffer];
  session.destroy();
  return { code, told: opaque.toString() };
}

test.each(["grpc", "http"] as const)(
  "TLS 1.2 on the port of %s is TLS's own alert, and a line in the log",
  async (face) => {
    const before = linesOf("tls-version").length;
    const socket = overTls(face, { maxVersion: "TLSv1.2" });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    const line = await until("it is told", async () => linesOf("tls-version")[before]);
    expect(line).toMatchObject({ code: "WRONG_PROTOCOL", wanted: "TLS 1.3" });
  },
);

test("HTTP/1.1 inside TLS on the port of gRPC is a 400 that says where JSON goes", async () => {
  const { head, problem } = await answerTo(overTls("grpc"), "GET /v1/services HTTP/1.1\r\nhost: localhost\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(problem).toMatchObject({
    reason: "WRONG_PROTOCOL",
    found: "a client that does not offer HTTP/2",
    fix: "Send gRPC here, or JSON to the server's HTTP port",
  });
});

test.each(["noise noise noise", "\u0000\u0001\u0002", "SSH-2.0-OpenSSH_9.9\r\n"])(
  "what nobody speaks ends: %j",
  async (said) => {
    const socket = connectTcp(portOf("grpc"), "127.0.0.1");
    socket.on("error", () => undefined).write(said);
    expect(await text(socket).catch(() => "")).toBe("");
  },
);

test("a gRPC connection that is one too many goes away with the reason, and others are served", async () => {
  const options = { ALPNProtocols: ["h2"] };
  const open = Array.from({ length: 100 }, () => overTls("grpc", options));
  await Promise.all(open.map((socket) => once(socket, "secureConnect")));
  expect(await goneAway("https://localhost", overTls("grpc", options))).toEqual({
    code: 0xb,
    told: expect.stringMatching(
      /^TOO_MANY_CONNECTIONS: .*Wanted: fewer than 100, or a client certificate of this server\. Send requests/,
    ),
  });
  const own = overTls("grpc", { ...options, cert: profile.certificate, key: profile.key });
  const session = connectHttp2("https://localhost", { createConnection: () => own });
  await once(session, "remoteSettings");
  session.destroy();
  for (const socket of open) socket.destroy();
});
