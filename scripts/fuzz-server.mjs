// `npm run fuzz`: random bytes and valid requests that were changed at random, to every method and to
// the port itself. The server must stay up, and everything it says must be of its catalogue of errors.
import { once } from "node:events";
import { connect as openHttp2 } from "node:http2";
import { connect as openSocket } from "node:net";
import { connect as openTls } from "node:tls";
import { Client, status as grpcStatus } from "@grpc/grpc-js";
import { catalogue } from "../packages/server/dist/errors.js";
import { ask, connect, freshId, named, tlsOf, WireError } from "../packages/server/test/client.ts";
import { apiMethods } from "../packages/server/test/methods.ts";
import { makeDataFolder, readProfile, startServer } from "../packages/server/test/server-process.ts";
import { campaign } from "./campaign.mjs";

const source = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => ({}), calls: { echo: ({ state }, value) => reply(value, state) } });
`;

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
  const issued = await ask(admin.certificates, admin.certificates.issue, {
    requestId: freshId(),
    validateOnly: false,
    tenant: "fuzzer",
    holder: "",
  });
  const tenant = {
    certificate: Buffer.from(issued.certificateChainPem),
    key: Buffer.from(issued.privateKeyPem),
    root: Buffer.from(issued.rootPem),
  };
  await admin.deploy("echo", source);
  const clients = { admin: operator, tenant, stranger: { root: operator.root } };
  for (const [name, given] of Object.entries(clients))
    clients[name] = new Client(server.ready.grpc, tlsOf(given), named);
  const counts = { requests: 0, answered: 0, refused: 0, connections: 0 };
  const reasons = new Map();
  const endAt = Date.now() + minutes * 60_000;
  try {
    for (let round = 0; Date.now() < endAt; round += 1) {
      await Promise.all([...Array.from({ length: 8 }, request), connection()]);
      if (round % 10 === 0) await stillUp();
    }
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
      if (service.serviceId !== "echo") await admin.kill(service.serviceId, { force: true }).catch(() => undefined);
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
  function changed(bytes) {
    let now = Buffer.from(bytes);
    for (let times = random.whole(0, 3); times > 0 && now.length > 0; times -= 1) {
      const at = random.whole(0, now.length - 1);
      const to = random.whole(at, Math.min(now.length, at + 20));
      now = random.pick([
        () =>
          Buffer.concat([
            now.subarray(0, at),
            Buffer.from([now[at] ^ (1 << random.whole(0, 7))]),
            now.subarray(at + 1),
          ]),
        () => Buffer.concat([now.subarray(0, at), random.bytes(random.whole(1, 10)), now.subarray(at)]),
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
