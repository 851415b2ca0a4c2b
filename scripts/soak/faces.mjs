// What clients do to every face of a server for a while: the usual, the slow, the rude and the malformed. Each ends in the middle
// of something as often as in order; what is refused is refused by the catalogue.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { CallRequest, SessionItem } from "@solo/proto";
import { connect } from "../../packages/server/test/client.ts";
import { httpClient } from "../../packages/server/test/http-client.ts";

/** Serves HTTP in the ways that are hard to bear, and WebSockets. */
export const webSource = `
async function serve(request, service) {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/echo": return new Response(request.body);
    case "/endless": return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(8_192)) }));
    case "/late": return new Promise(() => {});
    case "/broken": return new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) }));
    case "/garbage": return { status: "none" };
    case "/socket": {
      const { socket, response } = service.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }
    default: return new Response("hello");
  }
}
export default { fetch: serve };
`;

/**
 * One client of every face.
 *
 * @param {object} given
 * @param {import("../../packages/server/test/server-process.ts").Ready} given.ready
 * @param {import("../../packages/server/test/client.ts").Credentials} given.identity
 * @param {import("../../packages/server/test/client.ts").Connection} given.client Stays the caller's.
 * @param {(condition: unknown, what: string) => void} given.hold
 * @returns Deeds by name. Each takes a source of chance and the id of a service that may or may not live.
 */
export function openFaces({ ready, identity, client, hold }) {
  const http = httpClient(ready.http, identity);
  const portOf = (face) => Number(ready[face].split(":").pop());
  const answered = ({ status, json }, what) => {
    hold(
      status < 500 || json?.reason !== "INTERNAL",
      `${what} fails by no fault of the server: ${JSON.stringify(json)}`,
    );
    hold(
      status < 400 || json === undefined || json.error !== undefined || json.reason,
      `${what} is refused with a reason`,
    );
  };
  const ask = async (path, options) => answered(await http.ask(path, options), `${options?.method ?? "GET"} ${path}`);
  const pause = (own, mostMs) => new Promise((resolve) => setTimeout(resolve, own.whole(0, mostMs)));
  /** Reads the beginning of an answer, waits a moment without reading, and goes. */
  const leave = async (path, own, options) => {
    const answer = await http.open(path, options);
    answer.on("error", () => undefined);
    answer.pause();
    await pause(own, 50);
    answer.destroy();
  };

  /** What it says to the bytes is waited for, but not for long: to some it says nothing for its whole patience. */
  const raw = async (socket, bytes, own) => {
    socket.on("error", () => undefined);
    socket.write(bytes);
    await Promise.race([text(socket).catch(() => undefined), pause(own, 100)]);
    socket.destroy();
  };
  const secure = () =>
    connectTls({
      host: "127.0.0.1",
      servername: "localhost",
      port: portOf("http"),
      ca: identity.root,
      cert: identity.certificate,
      key: identity.key,
    });

  return {
    /** Calls over one stream, some of them cancelled, given little time or never answered; it ends, or is left. */
    async session(own, id) {
      const stream = client.messaging.session();
      const over = new Promise((resolve) => stream.on("error", resolve).on("end", resolve));
      if (own.chance(0.8)) stream.on("data", () => undefined);
      const items = Array.from({ length: own.whole(1, 100) }, (_, index) => {
        const [method, argument] = own.pick([
          ["echo", "x".repeat(own.whole(0, 10_000))],
          ["add", 1],
          ["hang", 0],
          ["nothing", 0],
        ]);
        const value = CallRequest.fromPartial({
          serviceId: id,
          method,
          arguments: Buffer.from(JSON.stringify([argument])),
        });
        const timeoutMs = method === "hang" ? own.whole(1, 200) : 5_000;
        return SessionItem.fromPartial({ id: index + 1, timeoutMs, kind: { $case: "call", value } });
      });
      stream.write({ items });
      if (own.chance(0.3))
        stream.write({ items: [SessionItem.fromPartial({ id: 1, kind: { $case: "cancel", value: {} } })] });
      // An id that is in use, which ends the session.
      if (own.chance(0.1)) stream.write({ items: items.slice(0, 1) });
      if (own.chance(0.5)) stream.end();
      else await pause(own, 50);
      setTimeout(() => stream.cancel(), 300).unref();
      await over;
      stream.cancel();
    },

    /** JSON, in order and not. */
    async rest(own, id) {
      const call = `/v1/services/${id}/calls/echo`;
      const json = { "content-type": "application/json" };
      const [path, options] = own.pick([
        ["/v1/services"],
        [`/v1/services/${id}`],
        ["/v1/events?page_size=10"],
        ["/v1/openapi.json"],
        ["/v1/nothing"],
        ["/v1/events?after=nonsense"],
        [call, { method: "POST", headers: json, body: JSON.stringify(["x".repeat(own.whole(0, 100_000))]) }],
        [call, { method: "POST", headers: json, body: "[" }],
        [call, { method: "POST", headers: json, body: Buffer.alloc(5_000_000, "x") }],
        ["/v1/MessagingService/Call", { method: "POST", headers: json, body: '{"nothing":1}' }],
      ]);
      // What is too large is refused before all of it has come, and its connection with it.
      await ask(path, options).catch((error) => hold(/ECONNRESET|EPIPE/.test(error.code), `${path}: ${error.message}`));
    },

    /** Streams of events and lines, from the beginning, from old cursors and from none that there is; left without a word. */
    async events(own, id) {
      const headers = own.pick([{}, { "last-event-id": "1" }, { "last-event-id": "nonsense" }]);
      await leave(own.pick(["/v1/events/tail", "/v1/watch", `/v1/services/${id}/logs?follow=true`]), own, { headers });
    },

    /** The tools of a model's client, in sessions that are begun and not always ended. */
    async tools(own, id) {
      const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
      const post = (body, session) =>
        http.ask("/mcp", { method: "POST", headers: { ...headers, ...session }, body: JSON.stringify(body) });
      const clientInfo = { name: "soak", version: "1.0.0" };
      const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
      const begun = await post({ jsonrpc: "2.0", id: 1, method: "initialize", params });
      answered(begun, "a session of tools");
      const session = { "mcp-session-id": begun.headers["mcp-session-id"] };
      if (session["mcp-session-id"] === undefined) return;
      await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
      for (let index = own.whole(0, 3); index > 0; index -= 1) {
        const [name, args] = own.pick([
          ["solo_call", { service_id: id, method: "echo", arguments: ["x".repeat(own.whole(0, 10_000))] }],
          ["solo_list", {}],
          ["solo_logs", { service_id: id, cursor: "nonsense" }],
          ["solo_status", { service_id: 5, more: true }],
          ["solo_nothing", {}],
        ]);
        await post({ jsonrpc: "2.0", id: index + 1, method: "tools/call", params: { name, arguments: args } }, session);
      }
      if (own.chance(0.3)) await leave("/mcp", own, { headers: { ...headers, ...session } });
      if (own.chance(0.7)) await http.ask("/mcp", { method: "DELETE", headers: { ...headers, ...session } });
    },

    /** Requests to a service, whatever it makes of them. */
    async ingress(own, _id, web) {
      const path = own.pick([
        "/",
        "/echo",
        "/endless",
        "/late",
        "/broken",
        "/garbage",
        "/../../kernel/x",
        "/%2e%2e/%2e%2e/kernel/x",
      ]);
      const body = own.pick([undefined, "short", Buffer.alloc(own.whole(0, 500_000))]);
      const options = {
        headers: { "solo-timeout-ms": String(own.whole(20, 200)) },
        ...(body === undefined ? {} : { method: "POST", body }),
      };
      if (own.chance(0.3) || path === "/endless") return leave(`/default/${web}${path}`, own, options).catch(gone);
      const answer = await http.ask(`/default/${web}${path}`, options).catch(gone);
      if (answer !== undefined && path !== "/echo") answered(answer, path);
    },

    /** A WebSocket that says something and goes, with a close or without. */
    async socket(own, _id, web) {
      const key = randomBytes(16).toString("base64");
      const asked = `GET /default/${web}/socket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`;
      const socket = secure();
      socket.on("error", () => undefined);
      socket.write(asked);
      await Promise.race([once(socket, "data"), once(socket, "close")]);
      for (let index = own.whole(0, 5); index > 0; index -= 1)
        socket.write(frame(0x1, randomBytes(own.whole(0, 100)).toString("hex").slice(0, 100)));
      if (own.chance(0.3)) socket.write(frame(0x8, ""));
      if (own.chance(0.1)) socket.write(randomBytes(200));
      await pause(own, 30);
      socket.destroy();
    },

    /** Bytes that are no request, on every port and inside TLS and without it. */
    async malformed(own) {
      const [inside, bytes] = own.pick([
        [
          true,
          "GET / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        ],
        [true, `GET /v1/services HTTP/1.1\r\nhost: localhost\r\nlong: ${"x".repeat(20_000)}\r\n\r\n`],
        [true, "POST /v1/services HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900000000000\r\n\r\n{"],
        [true, "\0\0\0\0"],
        [true, "GET /default/web/ HTTP/1.1\r\nhost: localhost\r\n"],
        [false, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"],
        [false, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
        [false, Buffer.from("16030100050100", "hex")],
        [false, randomBytes(own.whole(1, 2_000))],
      ]);
      const socket = inside ? secure() : connectTcp(portOf(own.pick(["grpc", "http"])), "127.0.0.1");
      await raw(socket, bytes, own);
    },

    /** As many streams as one connection may have, read by nobody, and all let go at once. */
    async thousandStreams() {
      // A connection of their own: who lets go of so many at once is one that HTTP/2 mistrusts.
      const own = connect(ready.grpc, identity);
      const streams = Array.from({ length: 1_000 }, () => {
        const stream = own.events.tailEvents({ tenant: "", after: "", serviceId: "", onlyNew: false });
        return stream.on("error", () => undefined);
      });
      await Promise.race(streams.map((stream) => once(stream, "readable")));
      for (const stream of streams) stream.cancel();
      own.close();
    },
  };
}

/** A connection that ended under a request: the server has refused it before it had come, or the service has. */
function gone(error) {
  if (!/^(ECONNRESET|EPIPE|ECONNABORTED)$/.test(error.code)) throw error;
}

/** One masked frame of a client. @see RFC 6455, section 5.2 */
function frame(opcode, said) {
  const payload = Buffer.from(said);
  return Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0), payload]);
}
