// Programs that are HTTP servers: their requests come through the ingress as they were made, and go as those of services do.

import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { ArtifactKind, Packaging, ProgramProtocol } from "@solo/proto";
import { ask, type Connection, type Credentials, connect, type DeployOptions, issueIdentity } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { connectionBufferBytes, testWith } from "./needs.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

jest.setTimeout(60_000);

const program = `#!/usr/bin/env python3
import base64, hashlib, json, os
from http.server import BaseHTTPRequestHandler
from socket import MSG_PEEK
from socketserver import ThreadingMixIn, UnixStreamServer
seen = {"sent": 0, "left": 0, "messages": 0}
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.path, _, self.search = self.path.partition("?")
        if "call" in self.path: seen["messages"] += 1
        getattr(self, "at_" + self.path.strip("/").replace("/", "_"), self.nothing)()
    do_GET = do_PATCH = do_POST
    def at_head(self): self.say(200, json.dumps([self.command, self.path, self.search, self.headers.items()]).encode())
    def at_seen(self): self.say(200, json.dumps(seen).encode())
    def at_cookies(self): self.say(201, b"", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Connection", "x-secret"), ("X-Secret", "1")])
    def at_call_add(self): self.say(200, b"1")
    def nothing(self): self.say(404, b"[]")
    def at_drop(self): self.close_connection = True
    def at_odd(self): self.wfile.write(b"hello" * 9000)
    def at_hold(self):
        self.begin([("Transfer-Encoding", "chunked")])
        self.close_connection = self.connection.recv(1) == b""
    def at_half(self):
        self.begin([("Content-Length", "100")])
        self.wfile.write(b"x" * 10)
        self.close_connection = True
    def at_die(self): os._exit(3)
    def at_echo(self):
        self.begin([("Transfer-Encoding", "chunked")])
        while size := int(self.rfile.readline(), 16):
            self.piece(self.rfile.read(size))
            self.rfile.readline()
        self.piece(b"")
    def at_ws(self):
        key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.begin([("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)], 101)
        self.close_connection = True
        while head := self.rfile.read(2):
            size = head[1] & 127
            if size == 127: size = int.from_bytes(self.rfile.read(8), "big")
            mask = self.rfile.read(4)
            body = bytes(a ^ b for a, b in zip(self.rfile.read(size), mask * (size // 4 + 1)))
            if body == b"die": os._exit(3)
            if body == b"break":
                self.wfile.write(b"\\x81\\x05ready")
                # With something unread a connection ends as a broken one.
                self.connection.recv(1, MSG_PEEK)
                os.close(self.connection.detach())
                return
            self.wfile.write(bytes([head[0], 127]) + size.to_bytes(8, "big") + body)
            if head[0] == 0x88: return
    def at_switch(self): self.begin([("Connection", "Upgrade"), ("Upgrade", "x")], 101)
    def at_forever(self):
        self.begin([("Transfer-Encoding", "chunked")])
        try:
            while True:
                self.piece(b"x" * 1024)
                seen["sent"] += 1024
        except OSError:
            seen["left"] += 1
            self.close_connection = True
    def piece(self, body): self.wfile.write(b"%x\\r\\n%b\\r\\n" % (len(body), body))
    def say(self, status, body, headers=[]):
        self.begin([("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers], status)
        self.wfile.write(body)
    def begin(self, headers, status=200):
        self.send_response(status)
        for name, value in headers: self.send_header(name, value)
        self.end_headers()
    def log_message(self, *_): pass
class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 200
Server(os.environ["SOLO_HTTP_SOCKET"], Handler).serve_forever()
`;

const data = makeDataFolder();
let server: ServerProcess;
let admin: Connection;
let ann: Connection;
let identity: Credentials;
let http: ReturnType<typeof httpClient>;

const suite = testWith("bwrap") === test && testWith("/usr/bin/python3") === test ? describe : describe.skip;
const binary = (protocol: ProgramProtocol): DeployOptions => ({
  kind: ArtifactKind.ARTIFACT_KIND_BINARY,
  program: { protocol, entry: "", packaging: Packaging.PACKAGING_EXECUTABLE },
  manifest: { maxRestarts: 100, limits: { processes: 256, memoryBytes: 256n * 1024n * 1024n } },
});

suite("a program that is an HTTP server", () => {
  beforeAll(async () => {
    server = await startServer(data.folder, ["--host-programs", "sh,python3"]);
    admin = connect(server.ready.grpc, readProfile(server.ready.profile));
    identity = await issueIdentity(admin, "ann");
    ann = connect(server.ready.grpc, identity);
    http = httpClient(server.ready.http, identity);
    await ann.deploy("web", program, binary(ProgramProtocol.PROGRAM_PROTOCOL_HTTP));
  });
  afterAll(async () => {
    for (const client of [admin, ann]) client.close();
    await server.stop();
    data.remove();
  });

  const seen = async () => (await http.ask("/ann/web/seen")).json;

  test("gets the request as it is, and who calls from nobody but the kernel", async () => {
    const { json } = await http.ask("/ann/web/head?a=1&b=%2F", {
      method: "PATCH",
      headers: {
        "x-own": "kept",
        "solo-caller": "spiffe://solo.local/tenant/kernel/agent/root",
        "x-forwarded-for": "9",
      },
    });
    const [method, path, search, headers] = json;
    const named = new Map(headers.map(([name, value]: [string, string]) => [name.toLowerCase(), value]));
    expect([method, path, search, named.get("x-own")]).toEqual(["PATCH", "/head", "a=1&b=%2F", "kept"]);
    expect(named.get("solo-caller")).toBe("spiffe://solo.local/tenant/ann/agent/agent");
    expect(named.get("x-forwarded-for")).toMatch(/127\.0\.0\.1$/);
  });

  test("answers with its own status and headers, and nothing of the connection", async () => {
    const { status, headers } = await http.ask("/ann/web/cookies");
    expect([status, headers["set-cookie"], headers["x-secret"]]).toEqual([201, ["a=1", "b=2"], undefined]);
    expect(await http.ask("/ann/web/anything")).toMatchObject({ status: 404, text: "[]" });
  });

  test("streams both ways, however large, in pieces that come back before the end", async () => {
    const { root: ca, certificate: cert, key } = identity;
    const port = Number(server.ready.http.split(":").pop());
    const to = {
      host: "127.0.0.1",
      servername: "localhost",
      port,
      path: "/ann/web/echo",
      method: "POST",
      ca,
      cert,
      key,
    };
    const asked = request(to);
    asked.write("first");
    const [answer] = await once(asked, "response");
    const [first] = await once(answer, "data");
    expect(first.toString()).toBe("first");
    let bytes = 0;
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    for (let index = 0; index < 5; index++) asked.write(Buffer.alloc(1_000_000, 7));
    asked.end();
    await once(answer, "end");
    expect(bytes).toBe(5_000_000);
  });

  test("is held back by a client that does not read, and told when it leaves", async () => {
    const before = await seen();
    const answer = await http.open("/ann/web/forever");
    answer.pause();
    let last = -1;
    const settled = await until("it stands still", async () => {
      const { sent } = await seen();
      const still = sent === last;
      last = sent;
      return still && sent > before.sent ? sent : undefined;
    });
    expect(settled - before.sent).toBeLessThan(connectionBufferBytes() + 4_000_000);
    answer.destroy();
    await until("it has seen the end", async () => ((await seen()).left > before.left ? true : undefined));
  });

  test.each([
    ["drops the connection", "drop", "FETCH_FAILED", /socket hang up/],
    ["speaks no HTTP", "odd", "FETCH_FAILED", /Parse Error/],
    ["goes on in another protocol", "switch", "FETCH_FAILED", /another protocol, which nobody asked for/],
    // Its connection may be seen to end before it is.
    ["dies", "die", expect.stringMatching(/^(SERVICE_DIED|FETCH_FAILED)$/), /./],
  ])("that %s is told of with its reason, and the next request is answered", async (_, path, reason, found) => {
    const { json } = await http.ask(`/ann/web/${path}`);
    expect(json).toMatchObject({ status: 502, reason, found: expect.stringMatching(found) });
    await until("it answers again", async () => ((await http.ask("/ann/web/seen")).status === 200 ? true : undefined));
  });

  test("whose answer breaks off has given no whole answer", async () => {
    await expect(http.ask("/ann/web/half")).rejects.toThrow();
    expect((await http.ask("/ann/web/seen")).status).toBe(200);
  });

  test("takes calls however many requests are open", async () => {
    const open = await Promise.all(Array.from({ length: 65 }, () => http.open("/ann/web/hold")));
    for (const answer of open) answer.pause();
    expect(await ann.call("web", "add", [1])).toBe(1);
    for (const answer of open) answer.destroy();
  });

  /** Asks to go on in WebSocket: the open socket, or the answer that said no. */
  const upgrade = (path: string, as = identity): Promise<Duplex | IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { root: ca, certificate: cert, key } = as;
      const port = Number(server.ready.http.split(":").pop());
      const headers = {
        ...{ connection: "Upgrade", upgrade: "websocket" },
        ...{ "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
      };
      const asked = request({ host: "127.0.0.1", servername: "localhost", port, path, headers, ca, cert, key });
      asked.on("error", reject);
      asked.on("response", resolve);
      asked.on("upgrade", (answer, socket) => {
        expect(answer.headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        socket.on("error", () => undefined);
        resolve(socket);
      });
      asked.end();
    });
  const opened = async (): Promise<Duplex> => {
    const socket = await upgrade("/ann/web/ws");
    if (socket instanceof IncomingMessage) throw new Error(`Answered with ${socket.statusCode}`);
    return socket;
  };
  /** A frame of a client, whose mask is zero. */
  const frame = (kind: number, body: Buffer | string): Buffer => {
    const head = Buffer.alloc(14);
    head.writeUInt8(0x80 | kind, 0);
    head.writeUInt8(0x80 | 127, 1);
    head.writeUInt32BE(Buffer.byteLength(body), 6);
    return Buffer.concat([head, Buffer.from(body)]);
  };
  const readFrame = async (socket: Duplex): Promise<string> => {
    let got = Buffer.alloc(0);
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      got = Buffer.concat([got, chunk]);
      if (got.length >= 10 && got.length === 10 + got.readUInt32BE(6)) break;
    }
    return got.subarray(10).toString();
  };

  test("speaks WebSocket: messages go both ways, large ones too, until it is closed", async () => {
    const socket = await opened();
    for (const text of ["hello", "again", "x".repeat(1_000_000)]) {
      socket.write(frame(1, text));
      expect(await readFrame(socket)).toBe(text);
    }
    socket.write(frame(8, ""));
    await once(socket.resume(), "end");
    socket.destroy();
  });

  test("has a WebSocket that counts as a request under way, and ends with the program", async () => {
    const used = async () => {
      const { limits } = await ask(admin.quotas, admin.quotas.getQuota, { tenant: "ann" });
      return limits.find(({ limit }) => limit === "calls_in_flight")?.used;
    };
    await until("none counts", async () => ((await used()) === 0n ? true : undefined));
    const socket = await opened();
    expect(await used()).toBe(1n);
    socket.write(frame(1, "die"));
    await once(socket.resume(), "close");
    await until("none counts", async () => ((await used()) === 0n ? true : undefined));
    await until("it answers again", async () => ((await http.ask("/ann/web/seen")).status === 200 ? true : undefined));
  });

  test("has a WebSocket whose breaking is a close with 1011 and the reason", async () => {
    const socket = await opened();
    socket.write(frame(1, "break"));
    const [ready] = await once(socket, "data");
    expect(ready.toString("latin1", 2)).toBe("ready");
    socket.write(frame(1, "unread"));
    const [said] = await once(socket, "data");
    expect([said[0], said.readUInt16BE(2), said.toString("latin1", 4)]).toEqual([0x88, 1011, "FETCH_FAILED"]);
    await once(socket.resume(), "close");
  });

  const refusedUpgrade = async (path: string, as = identity) => {
    const answer = await upgrade(path, as);
    if (!(answer instanceof IncomingMessage)) throw new Error("It was taken");
    let text = "";
    for await (const chunk of answer.setEncoding("utf8")) text += chunk;
    return { status: answer.statusCode, body: JSON.parse(text) };
  };

  test("may refuse a WebSocket", async () => {
    expect(await refusedUpgrade("/ann/web/anything")).toEqual({ status: 404, body: [] });
    expect(await refusedUpgrade("/ann/nobody/")).toMatchObject({ status: 404, body: { reason: "SERVICE_NOT_FOUND" } });
    const ben = await issueIdentity(admin, "ben");
    expect(await refusedUpgrade("/ann/web/ws", ben)).toMatchObject({ status: 403, body: { reason: "OTHER_TENANT" } });
    // Only services have it, and only this protocol: elsewhere the wish is passed over.
    expect((await http.ask("/health", { headers: { connection: "Upgrade", upgrade: "websocket" } })).status).toBe(200);
  });

  test("gets its messages from no request, however the path is written", async () => {
    const before = await seen();
    for (const path of [
      "/call/add",
      "//call/add",
      "/x/../call/add",
      "/%63all/add",
      "/call%2fadd",
      "/x/%2e%2e/cast/add",
      "/\\call/add",
    ]) {
      expect((await http.ask(`/ann/web${path}`, { method: "POST" })).json).toMatchObject({ reason: "PATH_UNKNOWN" });
    }
    expect(await seen()).toMatchObject({ messages: before.messages });
  });

  test("is the only kind of program that has HTTP", async () => {
    const script = '#!/bin/sh\nread -r kind rest <&3\necho "started - -" >&3\nread -r kind <&3\n';
    await ann.deploy("lines", script, binary(ProgramProtocol.PROGRAM_PROTOCOL_LINES));
    expect((await http.ask("/ann/lines/")).json).toMatchObject({
      status: 404,
      reason: "SERVICE_HAS_NO_HTTP",
      found: "a program that speaks lines",
    });
  });
});
