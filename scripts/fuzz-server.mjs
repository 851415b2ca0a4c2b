// The server over the wire: random bytes and valid requests that were changed at random, to every method, to the port itself,
// and from inside a hostile cell to the pipe between it and the server. The server must stay up, everything it says must be of
// its catalogue of errors, and a service that breaks the protocol of frames must end for that and alone.
import { once } from "node:events";
import { connect as openHttp2 } from "node:http2";
import { connect as openSocket } from "node:net";
import { connect as openTls } from "node:tls";
import { Client, status as grpcStatus } from "@grpc/grpc-js";
import { encodeFrame } from "../packages/server/dist/cells/wire/frames.js";
import { encodeGuestMessage } from "../packages/server/dist/cells/wire/protocol.js";
import { catalogue } from "../packages/server/dist/errors.js";
import { connect, freshId, issueIdentity, named, tlsOf, WireError } from "../packages/server/test/client.ts";
import { apiMethods } from "../packages/server/test/methods.ts";
import { makeDataFolder, readProfile, startServer } from "../packages/server/test/server-process.ts";
import { Random } from "../tooling/random.ts";
import { campaign } from "./campaign.mjs";

const source = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => ({}), calls: { echo: ({ state }, value) => reply(value, state) } });
`;

/** Writes to its pipe, by native code, what it is told to. */
const framer = `
import { defineServer, reply } from "@solo/actor-core";
const load = (name) => import(name);
let write;
export default defineServer({
  version: 1,
  init: async () => {
    const { dlopen, ptr } = await load("bun:ffi");
    const libc = dlopen("libc.so.6", { write: { args: ["i32", "ptr", "i64"], returns: "i64" } }).symbols;
    write = (bytes) => Number(libc.write(3, ptr(bytes), bytes.length));
    return 0;
  },
  calls: {
    send: async ({ state }, bytes) => {
      for (let at = 0; at < bytes.length; ) {
        const taken = write(bytes.subarray(at));
        if (taken > 0) at += taken;
        else await new Promise((done) => setTimeout(done, 1));
      }
      return reply(bytes.length, state);
    },
  },
});
`;

/** Why a service may have ended that wrote to its pipe. */
const ENDS_OF_FRAMERS = ["protocol", "crash", "stop", "exit", "init", "compile"];

/** Texts that have broken something somewhere. */
const nasty = [
  "",
  "echo",
  "__proto__",
  "constructor",
  "../../../etc/passwd",
  "a".repeat(300),
  "\0",
  "\u202e\ud83d\ude00",
  "соunter",
  "%s%n",
  "'; DROP TABLE events; --",
  "1:default:1",
  Buffer.from("1:default:999999999").toString("base64url"),
  Buffer.from("1:default:1").toString("base64url"),
];

await campaign("fuzz", { minutes: 5 }, async ({ random, minutes, say, hold }) => {
  const data = makeDataFolder();
  const server = await startServer(data.folder, ["--pool-size", "2"]);
  const operator = readProfile(server.ready.profile);
  const admin = connect(server.ready.grpc, operator);
  const tenant = await issueIdentity(admin, "fuzzer");
  await admin.deploy("echo", source);
  const clients = { admin: operator, tenant, stranger: { root: operator.root } };
  for (const [name, given] of Object.entries(clients))
    clients[name] = new Client(server.ready.grpc, tlsOf(given), named);
  const counts = { requests: 0, answered: 0, refused: 0, connections: 0, frames: 0, "cells ended": 0 };
  let framers = 0;
  /** Of their own, so that what one of the two draws does not change what the other does. */
  const frameRandom = new Random(random.whole(0, 2 ** 31));
  const reasons = new Map();
  const endAt = Date.now() + minutes * 60_000;
  try {
    const hostileCells = attackByFrames();
    for (let round = 0; Date.now() < endAt; round += 1) {
      await Promise.all([...Array.from({ length: 8 }, request), connection()]);
      if (round % 10 === 0) await stillUp();
    }
    await hostileCells;
    await stillUp();
    say([...reasons].map(([reason, count]) => `${reason} ${count}`).join(", "));
    hold((await server.stop()) === 0, "an orderly end exits with 0");
  } finally {
    for (const client of Object.values(clients)) client.close();
    admin.close();
    await server.kill();
    data.remove();
  }
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");

  async function stillUp() {
    hold(
      server.child.exitCode === null && server.child.signalCode === null,
      `the server runs; it said: ${server.log().slice(-4_000)}`,
    );
    hold((await admin.call("echo", "echo", ["here"])) === "here", "what ran before still answers");
    for (const service of await admin.list()) {
      if (!/^(echo|framer-.*)$/.test(service.serviceId))
        await admin.kill(service.serviceId, { force: true }).catch(() => undefined);
    }
  }

  async function request() {
    const method = random.pick(apiMethods);
    // An administrator's Shutdown might be a valid one.
    const who = random.pick(method.name === "KernelService/Shutdown" ? ["tenant", "stranger"] : Object.keys(clients));
    const bytes = random.chance(0.3)
      ? Buffer.from(random.bytes(random.whole(0, 200)))
      : changed(method.encode(plausible(method)));
    counts.requests += 1;
    const error = await send(clients[who], method, bytes);
    if (error === undefined) {
      counts.answered += 1;
      return;
    }
    counts.refused += 1;
    reasons.set(error.reason, (reasons.get(error.reason) ?? 0) + 1);
    const input = `${who}, ${method.name}, ${bytes.toString("hex").slice(0, 2_000)}`;
    if (error.reason === undefined) {
      // Our own deadline is told by our own library.
      hold(
        error.status === grpcStatus.DEADLINE_EXCEEDED,
        `every error has a reason, not ${error.status} ${error.message}: ${input}`,
      );
      return;
    }
    hold(error.reason in catalogue, `${error.reason} is of the catalogue: ${input}`);
    hold(error.status === grpcStatus[catalogue[error.reason].status], `${error.reason} has its status: ${input}`);
    hold(error.domain === "solo.dev" && error.hint?.fix !== "", `${error.reason} says what to do: ${input}`);
    hold(
      error.reason !== "INTERNAL",
      `no request finds a fault of the server: ${input}; log: ${server.log().slice(-2_000)}`,
    );
  }

  async function attackByFrames() {
    while (Date.now() < endAt) await hostileCell();
  }

  /** A service that writes frames of its own until the server ends it, or we do. */
  async function hostileCell() {
    framers += 1;
    const id = `framer-${framers}`;
    // Never started again: its end is what is looked at.
    const manifest = { restart: 3, limits: { startTimeoutMs: 10_000 } };
    await admin.deploy(id, framer, { manifest });
    let refused;
    for (let times = frameRandom.whole(1, 10); times > 0 && refused === undefined; times -= 1) {
      const bytes = frames();
      counts.frames += 1;
      const sent = { $bytes: bytes.toString("base64") };
      const error = await admin.call(id, "send", [sent], 700).then(
        () => undefined,
        (each) => each,
      );
      // A reply that was forged, or swallowed by a frame that is not whole, says nothing about the cell.
      if (error instanceof WireError && error.reason !== undefined) refused = { error, bytes };
    }
    const crashes = (await admin.history(id)).filter(({ type }) => type === "service.crashed");
    for (const { dataJson } of crashes) {
      counts["cells ended"] += 1;
      const { kind } = JSON.parse(dataJson).cause;
      hold(
        ENDS_OF_FRAMERS.includes(kind),
        `a cell that writes frames ends for what it did, not as ${dataJson}: ${refused?.bytes.toString("hex").slice(0, 2_000)}`,
      );
    }
    await admin.kill(id, { force: true }).catch(() => undefined);
  }

  /** One to three frames as a guest might write them, whole, changed, cut, or noise. */
  function frames() {
    const text = () => frameRandom.pick([...nasty, "echo", "take"]);
    const number = () => frameRandom.pick([0, 1, 2, 99, 2 ** 31, 2 ** 32 - 1]);
    const message = () =>
      frameRandom.pick([
        () => ({ kind: "ready", version: frameRandom.whole(0, 255), landlock: frameRandom.whole(0, 255) }),
        () => ({ kind: "started", calls: [text(), text()], casts: [text()], contract: text() }),
        () => ({ kind: "reply", bytes: frameRandom.bytes(frameRandom.whole(0, 50)) }),
        () => ({ kind: "error", error: { kind: text(), message: text(), path: text(), detail: text() } }),
        () => ({ kind: "handled" }),
        () => ({ kind: "log", level: frameRandom.pick(["debug", "info", "warn", "error"]), text: text() }),
        () => ({ kind: "send-call", timeoutMs: number(), target: text(), method: text(), args: Buffer.from(text()) }),
        () => ({ kind: "send-cast", target: text(), method: text(), args: Buffer.from(text()) }),
        () => ({ kind: "exiting", ending: { kind: "crash", normal: frameRandom.chance(0.5), message: text() } }),
      ])();
    const whole = Array.from({ length: frameRandom.whole(1, 3) }, () =>
      encodeFrame(number(), encodeGuestMessage(message())),
    );
    const bytes = Buffer.concat(whole);
    return frameRandom.chance(0.1)
      ? frameRandom.bytes(frameRandom.whole(1, 300))
      : frameRandom.chance(0.6)
        ? changed(bytes, frameRandom)
        : bytes;
  }

  /** A request as somebody might send it, some of its fields strange. */
  function plausible(method) {
    const text = (usual) => (random.chance(0.5) ? usual : random.pick(nasty));
    const number = () => random.pick([0, 0, 1, 2, 100, 2 ** 31, 2 ** 32 - 1]);
    const manifest = random.chance(0.5)
      ? undefined
      : {
          environment: [{ key: text("NAME"), value: text("value") }],
          log_level: number() % 7,
          restart: number() % 5,
          max_restarts: number(),
          start_arguments: Buffer.from(text("[]")),
          limits: {
            memory_bytes: number(),
            cpu_percent: number(),
            processes: number(),
            start_timeout_ms: random.pick([0, 50, 500]),
          },
        };
    const all = {
      request_id: text(freshId()),
      validate_only: random.chance(0.5),
      tenant: method.name === "CertificateService/Issue" ? text("fuzzed") : random.chance(0.8) ? "" : text("default"),
      holder: text("agent"),
      service_id: text(random.pick(["echo", "fuzzed"])),
      source: Buffer.from(text(source)),
      language: number() % 4,
      file_name: text(""),
      manifest,
      force: random.chance(0.5),
      method: text("echo"),
      arguments: Buffer.from(text("[1]")),
      page_size: number(),
      page_token: text(""),
      after: text(""),
      after_cursor: text(""),
      after_sequence: number(),
      tail_lines: number(),
      usage_interval_ms: number(),
      only_new: random.chance(0.5),
    };
    // The one that answers calls stays, so that it can be asked whether all is well.
    if (/Kill|Restart/.test(method.name) && all.service_id === "echo") all.service_id = "fuzzed";
    return all;
  }

  /** Bits turned, bytes put in, left out, doubled or cut off. */
  function changed(bytes, by = random) {
    let now = Buffer.from(bytes);
    for (let times = by.whole(0, 3); times > 0 && now.length > 0; times -= 1) {
      const at = by.whole(0, now.length - 1);
      const to = by.whole(at, Math.min(now.length, at + 20));
      now = by.pick([
        () =>
          Buffer.concat([now.subarray(0, at), Buffer.from([now[at] ^ (1 << by.whole(0, 7))]), now.subarray(at + 1)]),
        () => Buffer.concat([now.subarray(0, at), by.bytes(by.whole(1, 10)), now.subarray(at)]),
        () => Buffer.concat([now.subarray(0, at), now.subarray(to)]),
        () => Buffer.concat([now.subarray(0, to), now.subarray(at)]),
        () => now.subarray(0, at),
      ])();
    }
    return now;
  }

  /** Bytes on another level: nothing that is said here is a request. */
  async function connection() {
    counts.connections += 1;
    const [host, port] = server.ready.grpc.split(":");
    const target = { host, port: Number(port) };
    const tls = { ...target, ca: operator.root, servername: "localhost", ALPNProtocols: ["h2"] };
    const own = { ...tls, key: operator.key, cert: operator.certificate };
    await random.pick([
      () => throwAt(openSocket(target), "connect"),
      () => throwAt(openTls(own), "secureConnect"),
      () => throwAt(openTls(tls), "secureConnect", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
      () =>
        throwAt(
          openTls({ ...own, ALPNProtocols: ["http/1.1"] }),
          "secureConnect",
          Buffer.from("GET / HTTP/1.1\r\n\r\n"),
        ),
      () => strangeHeaders(own),
    ])();
  }

  async function throwAt(socket, opened, first = Buffer.alloc(0)) {
    socket.on("error", () => undefined);
    socket.resume();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.once(opened, () => socket.end(Buffer.concat([first, random.bytes(random.whole(0, 2_000))])));
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 300))]);
    socket.destroy();
  }

  async function strangeHeaders(own) {
    const session = openHttp2("https://localhost", { createConnection: () => openTls(own) });
    session.on("error", () => undefined);
    try {
      await Promise.race([once(session, "connect"), new Promise((_, reject) => setTimeout(reject, 1_000))]);
      const stream = session.request({
        ":method": random.pick(["POST", "POST", "GET", "PUT"]),
        ":path": random.pick([
          random.pick(apiMethods).path,
          "/solo.v1.KernelService/Nothing",
          "/",
          `/${"x".repeat(5_000)}`,
        ]),
        "content-type": random.pick(["application/grpc", "application/grpc+json", "text/html"]),
        "grpc-timeout": random.pick(["1S", "99999999H", "-1S", "x", ""]),
        "grpc-encoding": random.pick(["identity", "gzip", "deflate", "nonsense"]),
        te: "trailers",
      });
      stream.on("error", () => undefined);
      stream.resume();
      const length = random.pick([0, 10, 2 ** 32 - 1]);
      const head = Buffer.from([random.whole(0, 1), 0, 0, 0, 0]);
      head.writeUInt32BE(length, 1);
      stream.end(Buffer.concat([head, random.bytes(random.whole(0, 50))]));
      await Promise.race([once(stream, "close"), new Promise((resolve) => setTimeout(resolve, 300))]);
    } catch {
      // Refused in some way, and that is all right.
    } finally {
      session.destroy();
    }
  }
});

/** The error, if there was one. A stream is left after its first answer. */
function send(client, method, bytes) {
  return new Promise((resolve) => {
    const same = (value) => value;
    const stream = client.makeServerStreamRequest(method.path, same, same, bytes, { deadline: Date.now() + 1_500 });
    const leave = setTimeout(() => stream.cancel(), 700);
    stream.on("data", () => method.streamsAnswers && stream.cancel());
    stream.on("error", (error) => {
      clearTimeout(leave);
      resolve(error.code === grpcStatus.CANCELLED ? undefined : new WireError(error));
    });
    stream.on("end", () => {
      clearTimeout(leave);
      resolve(undefined);
    });
  });
}
