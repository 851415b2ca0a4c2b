// Connections to programs are kept between requests; no program can make of that what another request would suffer by.

import { readdirSync, readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { ArtifactKind, LogsRequest, Packaging, ProgramProtocol } from "@solo/proto";
import { type Connection, connect, type DeployOptions, Reading } from "./client.ts";
import { httpClient } from "./http-client.ts";
import { testWith } from "./needs.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

jest.setTimeout(60_000);

/** Answers each request with the number of its connection and its path, and says when a connection has ended. */
const program = `#!/usr/bin/env python3
import json, os, socket, threading
counts = {"open": 0, "dropped": 0}
released = threading.Event()
def serve(connection, number):
    taken = connection.makefile("rb")
    drops = False
    while line := taken.readline():
        method, path, _ = line.decode().split()
        length = 0
        while (header := taken.readline().lower()) not in (b"\\r\\n", b""):
            if header.startswith(b"content-length:"): length = int(header[15:])
        taken.read(length)
        if drops or path == "/drop":
            counts["dropped"] += 1
            break
        if path == "/hold": released.wait()
        if path == "/release": released.set()
        body = json.dumps({"connection": number, "path": path, **counts}).encode()
        answer = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n%b" % (len(body), body)
        other = b"HTTP/1.1 200 OK\\r\\ncontent-length: 6\\r\\n\\r\\npoison"
        connection.sendall(answer + {"/two": other, "/some": other[:12], "/odd": b"odd", "/lines": b"\\r\\n\\r\\n"}.get(path, b""))
        if path == "/later": threading.Timer(0.02, connection.sendall, [other]).start()
        if path == "/ends": break
        drops = path == "/drops-next"
    connection.shutdown(socket.SHUT_RDWR)
    counts["open"] -= 1
    print("closed", number, flush=True)
listening = socket.socket(socket.AF_UNIX)
listening.bind(os.environ["SOLO_HTTP_SOCKET"])
listening.listen(200)
number = 0
while True:
    connection, _ = listening.accept()
    number += 1
    counts["open"] += 1
    threading.Thread(target=serve, args=[connection, number], daemon=True).start()
`;

/** Serves one connection to its end before it takes the next, as the simplest servers do. */
const oneByOne = `#!/usr/bin/env python3
import os
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.send_response(200)
        for name, value in [("content-type", "application/json"), ("content-length", "1")]: self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"1")
    do_GET = do_POST
    def log_message(self, *_): pass
class Server(UnixStreamServer): request_queue_size = 100
Server(os.environ["SOLO_HTTP_SOCKET"], Handler).serve_forever()
`;

const binary: DeployOptions = {
  kind: ArtifactKind.ARTIFACT_KIND_BINARY,
  program: { protocol: ProgramProtocol.PROGRAM_PROTOCOL_HTTP, entry: "", packaging: Packaging.PACKAGING_EXECUTABLE },
  manifest: { limits: { processes: 256, memoryBytes: 256n * 1024n * 1024n } },
};

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;
let http: ReturnType<typeof httpClient>;

/** Unix sockets that the server has open. */
const socketsOfServer = (): number =>
  readdirSync(`/proc/${server.ready.pid}/fd`).filter((descriptor) => {
    try {
      return readlinkSync(`/proc/${server.ready.pid}/fd/${descriptor}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;

const suite = testWith("bwrap") === test && testWith("/usr/bin/python3") === test ? describe : describe.skip;

suite("connections to a program", () => {
  beforeAll(async () => {
    server = await startServer(data.folder, ["--host-programs", "python3"]);
    const profile = readProfile(server.ready.profile);
    solo = connect(server.ready.grpc, profile);
    http = httpClient(server.ready.http, profile);
    await solo.deploy("web", program, binary);
  });
  afterAll(async () => {
    solo.close();
    await server.stop();
    data.remove();
  });

  /** The program's answer, which must be the one to this request. */
  const get = async (path: string, method = "GET") => {
    const { status, json } = await http.ask(`/default/web${path}`, { method });
    expect({ status, path: json.path }).toEqual({ status: 200, path });
    return json as { readonly connection: number; readonly open: number; readonly dropped: number };
  };
  /** Waits until the program has said so of each of its connections. */
  const closed = async (connections: readonly number[]) => {
    const lines = new Reading(solo.deployments.logs(LogsRequest.fromPartial({ serviceId: "web", follow: true })));
    await lines.until("all are closed", (said) => {
      const ended = new Set(said.map(({ line }) => line?.text));
      return connections.every((number) => ended.has(`closed ${number}`)) ? true : undefined;
    });
    await lines.stop();
  };
  const repeated = (times: number): readonly undefined[] => Array.from({ length: times }, () => undefined);

  test("are used again for what is idempotent", async () => {
    // One that was not used for a second is closed, and that may pass on a busy machine.
    await until("one is used twice", async () => {
      const { connection } = await get("/first");
      return (await get("/second")).connection === connection ? true : undefined;
    });
  });

  test("are used again for what must not be sent twice, where the program has shown that it keeps them", async () => {
    await until("one is used twice", async () => {
      const { connection } = await get("/first", "POST");
      return (await get("/second", "POST")).connection === connection ? true : undefined;
    });
  });

  test("that the program ends in between fail no request", async () => {
    for (const _ of repeated(20)) {
      await get("/ends");
      await get("/next");
    }
    const before = (await get("/seen")).dropped;
    // It has read the request then, and ends the connection in place of an answer.
    await until("a request met its end", async () => {
      await get("/drops-next");
      await get("/next");
      return (await get("/seen")).dropped > before ? true : undefined;
    });
  });

  test("are new for what must not be sent twice once the program has ended one", async () => {
    await get("/drops-next");
    const { connection, dropped } = await get("/next", "POST");
    expect(await get("/next", "POST")).toMatchObject({ connection: connection + 1, dropped });
  });

  test("that end without an answer are told of, and what must not be sent twice was sent once", async () => {
    const before = (await get("/seen")).dropped;
    expect((await http.ask("/default/web/drop", { method: "POST" })).json).toMatchObject({ reason: "FETCH_FAILED" });
    expect((await get("/seen")).dropped).toBe(before + 1);
    expect((await http.ask("/default/web/drop")).json).toMatchObject({ reason: "FETCH_FAILED" });
    expect((await get("/seen")).dropped).toBeLessThanOrEqual(before + 3);
  });

  test.each(["/two", "/some", "/odd", "/lines"])(
    "carry no answer to somebody else when more than one answer comes: %s",
    async (path) => {
      for (const _ of repeated(10)) {
        // Its own answer may be refused for what comes behind it.
        const { text } = await http.ask(`/default/web${path}`).catch(() => ({ text: "" }));
        expect(text).not.toContain("poison");
        await Promise.all([get("/a"), get("/b"), get("/c")]);
      }
    },
  );

  test("end when something comes that nobody has asked for", async () => {
    const { connection } = await get("/later");
    await closed([connection]);
    await get("/next");
  });

  test("are no more than are of use, and none when nobody asks", async () => {
    const held = repeated(100).map(() => get("/hold"));
    await until("all are held", async () => ((await get("/seen")).open > 100 ? true : undefined));
    await get("/release");
    const connections = (await Promise.all(held)).map(({ connection }) => connection);
    expect(new Set(connections).size).toBe(100);
    await until("most are closed", async () => ((await get("/seen")).open <= 64 ? true : undefined));
    await closed(connections);
  });

  test("stand in nobody's way where the program serves one after the other", async () => {
    await solo.deploy("slow", oneByOne, binary);
    const asked = repeated(6).map(async (_, index) => {
      for (const __ of repeated(3)) {
        const { status } = await http.ask("/default/slow/", { method: index % 2 === 0 ? "GET" : "POST" });
        expect([status, await solo.call("slow", "any")]).toEqual([200, 1]);
      }
    });
    await Promise.all(asked);
    await solo.kill("slow");
  });

  test("end with the program", async () => {
    const before = socketsOfServer();
    await solo.deploy("brief", program, binary);
    const { status } = await http.ask("/default/brief/");
    expect([status, socketsOfServer() > before]).toEqual([200, true]);
    await solo.kill("brief", { force: true });
    await until("all are closed", async () => (socketsOfServer() <= before ? true : undefined));
  });
});
