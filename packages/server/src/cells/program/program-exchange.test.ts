// With a real server on a real socket, in this process, so that what happens within one turn can be chosen.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { HTTP_WINDOW_BYTES, type HttpPart } from "../wire/http-frames.ts";
import { ProgramConnections } from "./program-connections.ts";
import { ProgramExchange } from "./program-exchange.ts";

let folder: string;
let server: ReturnType<typeof createServer>;
let connections: ProgramConnections;
/** What the program was asked, each with the number of its connection. */
let asked: string[];
/** Of the program's side, in the order in which they came. */
let sockets: Socket[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "solo-exchange-"));
  [asked, sockets] = [[], []];
  answer = (_request, response) => void response.end("done");
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} on ${sockets.indexOf(request.socket)}`);
    answer(request, response);
  });
  server.on("connection", (socket) => sockets.push(socket));
  server.listen(join(folder, "socket"));
  await once(server, "listening");
  connections = new ProgramConnections(() => connect(join(folder, "socket")));
});
afterEach(() => {
  connections.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

/** One exchange, its request handed over as a whole in one turn. */
function exchange(method: string, path: string, body?: string): Promise<readonly HttpPart[]> {
  const parts: HttpPart[] = [];
  return new Promise((resolve) => {
    const one = new ProgramExchange({
      connections,
      send: (part) => void parts.push(part),
      onOver: () => resolve(parts.filter(({ kind }) => kind !== "credit")),
    });
    const length = body === undefined ? [] : [["content-length", String(body.length)]];
    const headers = [["host", "web"], ...length];
    const head = { method, url: `http://web.acme${path}`, headers, hasBody: body !== undefined };
    one.receive({ kind: "head", json: Buffer.from(JSON.stringify(head)) });
    if (body === undefined) return;
    one.receive({ kind: "body", chunk: Buffer.from(body) });
    one.receive({ kind: "end" });
  });
}

/** The program has shown that it keeps connections, and one is kept. */
async function connectionKept(): Promise<void> {
  await exchange("GET", "/first");
  await turn();
  await exchange("GET", "/second");
  await turn();
  expect(asked).toEqual(["GET /first on 0", "GET /second on 0"]);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const done = [expect.objectContaining({ kind: "answer", body: Buffer.from("done") })];

test("an answer that is there as a whole comes at once", async () => {
  expect(await exchange("GET", "/")).toEqual(done);
});

test("a long answer comes as far as there is credit, to its last byte", async () => {
  answer = (_request, response) => void response.end(Buffer.alloc(500_000));
  let bytes = 0;
  let waiting = 0;
  const ended = new Promise((resolve) => {
    const one = new ProgramExchange({
      connections,
      send: (part) => {
        if (part.kind === "end") resolve(bytes);
        if (part.kind !== "body") return;
        bytes += part.chunk.length;
        waiting += part.chunk.length;
        expect(waiting).toBeLessThanOrEqual(HTTP_WINDOW_BYTES);
        // In steps that are no divisor of anything, each in a turn of its own.
        const taken = Math.min(waiting, 9_973);
        setImmediate(() => {
          waiting -= taken;
          one.receive({ kind: "credit", bytes: taken });
        });
      },
      onOver: () => resolve(bytes),
    });
    const head = { method: "GET", url: "http://web.acme/", headers: [["host", "web"]], hasBody: false };
    one.receive({ kind: "head", json: Buffer.from(JSON.stringify(head)) });
  });
  expect(await ended).toBe(500_000);
});

test("what must not be sent twice goes over a kept one when it is short and there as a whole", async () => {
  await connectionKept();
  expect(await exchange("POST", "/order", "1")).toEqual(done);
  await turn();
  await exchange("POST", "/large", "1".repeat(9_000));
  expect(asked.slice(2)).toEqual(["POST /order on 0", "POST /large on 1"]);
});

test("and once more over a new one where the program had ended that one before anything was sent", async () => {
  await connectionKept();
  // In the same turn, so that its end is not seen here yet.
  sockets[0]?.destroy();
  expect(await exchange("POST", "/order", "1")).toEqual(done);
  expect(asked.slice(2)).toEqual(["POST /order on 1"]);
});

test("but never again once it was sent", async () => {
  await connectionKept();
  answer = (request) => void request.socket.destroy();
  expect(await exchange("POST", "/order", "1")).toEqual([expect.objectContaining({ kind: "break-off" })]);
  expect(asked.slice(2)).toEqual(["POST /order on 0"]);
});

test("a program that has ended a kept one is sent nothing over one that must not be sent twice", async () => {
  await connectionKept();
  sockets[0]?.destroy();
  await exchange("GET", "/third");
  await turn();
  await exchange("GET", "/fourth");
  await turn();
  await exchange("POST", "/order", "1");
  expect(asked.slice(2)).toEqual(["GET /third on 1", "GET /fourth on 1", "POST /order on 2"]);
});
