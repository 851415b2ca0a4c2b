import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import {
  Client,
  credentials,
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Identity, type IssuedCertificate, openIdentity, type PeerVerdict } from "../../identity/index.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  ListenFailed,
  openTlsFront,
  PortInUse,
  type RefusalReport,
  type TlsFront,
  type TlsFrontOptions,
} from "./index.ts";

const dayMs = 86_400_000;

/** The real wall clock, which OpenSSL reads too, moved by hand; timers go off only by hand. */
class HandMovedClock implements Clock {
  #movedMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  nowMs = () => this.#movedMs;
  wallMs = () => Date.now() + this.#movedMs;
  schedule(delayMs: number, wake: () => void): () => void {
    const timer = { atMs: this.#movedMs + delayMs, wake };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
  move(ms: number): void {
    this.#movedMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.atMs <= this.#movedMs && this.#timers.delete(timer)) timer.wake();
    }
  }
}

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
function method(name: string, responseStream: boolean) {
  return {
    path: `/test.Test/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: bytes.serialize,
    requestDeserialize: bytes.deserialize,
    responseSerialize: bytes.serialize,
    responseDeserialize: bytes.deserialize,
  };
}
const testService = { Whoami: method("Whoami", false), Hold: method("Hold", true), Slow: method("Slow", false) };

let data: string;
let clock: HandMovedClock;
let identity: Identity;
let server: Server;
let front: TlsFront;
let reports: RefusalReport[];
/** Answers the calls of `Slow`. */
let releaseSlow: () => void;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "solo-front-"));
  clock = new HandMovedClock();
  reports = [];
  identity = await openIdentityIn("own");
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(data, { recursive: true });
});

async function openIdentityIn(name: string): Promise<Identity> {
  const made = await openIdentity({ folder: join(data, name), adminProfileFolder: join(data, name, "admin"), clock });
  cleanups.push(() => made.close());
  return made;
}

/** A front before a server that answers each call with the verdict on its caller. */
async function openFront(options: Partial<TlsFrontOptions> = {}): Promise<void> {
  server = new Server();
  const slow = Promise.withResolvers<void>();
  releaseSlow = slow.resolve;
  const verdict = (peer: string) => Buffer.from(JSON.stringify(front.verdictOf(peer)));
  server.addService(testService, {
    Whoami: (call: ServerUnaryCall<Buffer, Buffer>, reply: (error: null, value: Buffer) => void) =>
      reply(null, verdict(call.getPeer())),
    Slow: (call: ServerUnaryCall<Buffer, Buffer>, reply: (error: null, value: Buffer) => void) =>
      void slow.promise.then(() => reply(null, verdict(call.getPeer()))),
    Hold: (call: ServerWritableStream<Buffer, Buffer>) => call.write(Buffer.from(call.getPeer())),
  });
  front = await openTlsFront({
    host: "127.0.0.1",
    port: 0,
    identity,
    clock,
    server,
    onRefused: (report) => reports.push(report),
    ...options,
  });
  const opened = { front, server };
  cleanups.push(async () => {
    await opened.front.close({ graceMs: 0 });
    opened.server.forceShutdown();
  });
}

function clientOf(certificate: IssuedCertificate | undefined, host = "127.0.0.1"): Client {
  const root = Buffer.from(identity.rootPem);
  const proof = certificate && [Buffer.from(certificate.privateKeyPem), Buffer.from(certificate.certificateChainPem)];
  const client = new Client(
    `${host.includes(":") ? `[${host}]` : host}:${front.address.port}`,
    credentials.createSsl(root, proof?.[0] ?? null, proof?.[1] ?? null),
    { "grpc.use_local_subchannel_pool": 1, "grpc.enable_retries": 0 },
  );
  cleanups.push(() => client.close());
  return client;
}

function ask(client: Client, name: "Whoami" | "Slow" = "Whoami"): Promise<PeerVerdict> {
  const { path } = testService[name];
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, value?: Buffer) =>
      error === null ? resolve(JSON.parse(String(value)) as PeerVerdict) : reject(error);
    client.makeUnaryRequest(
      path,
      bytes.serialize,
      bytes.deserialize,
      Buffer.alloc(0),
      { deadline: Date.now() + 10_000 },
      done,
    );
  });
}

/** Polls, since the other end of a real connection acts in its own time. */
async function eventually(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !holds(); await new Promise((resolve) => setTimeout(resolve, 2))) {
    if (Date.now() > deadline) throw new Error(`Never held: ${holds}`);
  }
}

/** Unlike `once`, does not mind an error before the end. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

/** Connects without gRPC; resolves when the handshake is done or the connection is over. */
async function shakeHands(
  options: ConnectionOptions = {},
): Promise<{ closed: Promise<unknown>; socket: ReturnType<typeof connectTls> }> {
  const socket = connectTls({
    host: "127.0.0.1",
    servername: "localhost",
    port: front.address.port,
    ca: identity.rootPem,
    ALPNProtocols: ["h2"],
    ...options,
  });
  socket.on("error", () => {});
  cleanups.push(() => socket.destroy());
  socket.resume();
  const closed = closeOf(socket);
  await Promise.race([new Promise((resolve) => socket.once("secureConnect", resolve)), closed]);
  return { closed, socket };
}

async function dial(text?: string): Promise<Socket> {
  const socket = connectTcp(front.address.port, "127.0.0.1");
  socket.on("error", () => {});
  cleanups.push(() => socket.destroy());
  await once(socket, "connect");
  if (text !== undefined) socket.write(text);
  socket.resume();
  return socket;
}

async function freePort(): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

const reasons = () => reports.map(({ reason }) => reason);

describe("a call finds the identity of its connection", () => {
  test("for clients of several tenants at once, and for the local administrator", async () => {
    await openFront();
    const certificates = await Promise.all(
      ["acme", "beta", "acme"].map((tenant, n) => identity.issue({ tenant, holder: `h${n}` })),
    );
    const clients = certificates.map((certificate) => clientOf(certificate));
    const verdicts = await Promise.all([...clients, ...clients].map((client) => ask(client)));
    expect(verdicts.map((verdict) => verdict.kind === "identified" && verdict.identity.spiffeId)).toEqual(
      [...certificates, ...certificates].map(({ spiffeId }) => spiffeId),
    );
    const folder = join(data, "own", "admin");
    const admin: IssuedCertificate = {
      ...identity.server(),
      certificateChainPem: await readFile(join(folder, "cert.pem"), "utf8"),
      privateKeyPem: await readFile(join(folder, "key.pem"), "utf8"),
    };
    expect(await ask(clientOf(admin))).toMatchObject({
      identity: { role: "operator", spiffeId: identity.adminSpiffeId },
    });
    expect(front.connectionCount()).toBe(4);
    expect(reports).toEqual([]);
  });

  test("over IPv6", async () => {
    await openFront({ host: "::1" });
    expect(front.address.host).toBe("::1");
    const certificate = await identity.issue({ tenant: "acme", holder: "a" });
    expect(await ask(clientOf(certificate, "::1"))).toMatchObject({ kind: "identified", identity: { tenant: "acme" } });
    expect(await ask(clientOf(undefined, "::1"))).toMatchObject({ reason: "certificate-missing" });
  });

  test("and for 60 connections that come at once", async () => {
    await openFront();
    const certificates = await Promise.all(
      Array.from({ length: 60 }, (_, n) => identity.issue({ tenant: `t${n % 3}`, holder: `h${n}` })),
    );
    const clients = certificates.map((certificate) => clientOf(certificate));
    const verdicts = await Promise.all(clients.map((client) => ask(client)));
    expect(verdicts.map((verdict) => verdict.kind === "identified" && verdict.identity.spiffeId)).toEqual(
      certificates.map(({ spiffeId }) => spiffeId),
    );
    expect(front.connectionCount()).toBe(60);
    for (const client of clients) client.close();
    await eventually(() => front.connectionCount() === 0);
    expect(front.handshakeCount()).toBe(0);
  });

  test("never the identity of another connection from the same host and port", async () => {
    // One client port may reach two addresses of a server at once, and calls know the client's end only.
    await openFront({ host: "0.0.0.0" });
    const { certificateChainPem: cert, privateKeyPem: key } = await identity.issue({ tenant: "acme", holder: "a" });
    const localPort = await freePort();
    const connectTo = (host: string) =>
      connectTcp({ host, port: front.address.port, localAddress: "127.0.0.1", localPort });
    await shakeHands({ cert, key, socket: connectTo("127.0.0.1") });
    await eventually(() => front.connectionCount() === 1);
    const impostor = await shakeHands({ socket: connectTo("127.0.0.2") });
    await impostor.closed;
    expect(reasons()).toEqual(["peer-address-taken"]);
    expect(front.verdictOf(`127.0.0.1:${localPort}`)).toMatchObject({ kind: "identified" });
  });

  test("until the certificate ends, even on the open connection", async () => {
    await openFront();
    const client = clientOf(await identity.issue({ tenant: "acme", holder: "a" }));
    expect(await ask(client)).toMatchObject({ kind: "identified" });
    clock.move(90 * dayMs);
    expect(await ask(client)).toMatchObject({ kind: "refused", reason: "certificate-expired" });
  });

  test("and an unknown peer is nobody", async () => {
    await openFront();
    expect(front.verdictOf("unknown")).toMatchObject({ kind: "refused", reason: "connection-closed" });
  });
});

describe("a client without a valid identity reaches the server as nobody", () => {
  test("with no certificate", async () => {
    await openFront();
    expect(await ask(clientOf(undefined))).toMatchObject({ kind: "refused", reason: "certificate-missing" });
  });

  test("with a certificate of another installation", async () => {
    await openFront();
    const foreign = await (await openIdentityIn("other")).issue({ tenant: "default", holder: "a" });
    expect(await ask(clientOf(foreign))).toMatchObject({ kind: "refused", reason: "certificate-untrusted" });
  });

  test("with an expired certificate", async () => {
    clock.move(-100 * dayMs);
    identity = await openIdentityIn("old");
    const old = await identity.issue({ tenant: "acme", holder: "a" });
    clock.move(100 * dayMs);
    identity = await openIdentityIn("old");
    await openFront();
    expect(await ask(clientOf(old))).toMatchObject({ kind: "refused", reason: "certificate-expired" });
  });

  test("with a certificate that is not valid yet", async () => {
    clock.move(10 * dayMs);
    const early = await identity.issue({ tenant: "default", holder: "a" });
    clock.move(-10 * dayMs);
    await openFront();
    expect(await ask(clientOf(early))).toMatchObject({ kind: "refused", reason: "certificate-not-yet-valid" });
  });

  test("with the server's own certificate", async () => {
    await openFront();
    expect(await ask(clientOf(identity.server()))).toMatchObject({ kind: "refused", reason: "certificate-purpose" });
  });

  test("with its leaf alone", async () => {
    await openFront();
    const whole = await identity.issue({ tenant: "acme", holder: "a" });
    const [leaf] = whole.certificateChainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
    const verdict = await ask(clientOf({ ...whole, certificateChainPem: leaf ?? "" }));
    expect(verdict).toMatchObject({ kind: "refused", reason: "certificate-untrusted" });
  });
});

describe("a connection that is not TLS 1.3 with HTTP/2 ends before the server, and is reported", () => {
  test("TLS 1.2", async () => {
    await openFront();
    await (await shakeHands({ maxVersion: "TLSv1.2" })).closed;
    await eventually(() => reports.length === 1);
    expect(reports).toEqual([
      {
        remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        reason: "tls-version",
        detail: "ERR_SSL_UNSUPPORTED_PROTOCOL",
        unreported: 0,
      },
    ]);
  });

  test("another protocol, or none, inside TLS", async () => {
    await openFront();
    await (await shakeHands({ ALPNProtocols: ["http/1.1"] })).closed;
    const { closed } = await shakeHands({ ALPNProtocols: [] });
    await closed;
    expect(reasons()).toEqual(["no-http2", "no-http2"]);
    expect(front.connectionCount()).toBe(0);
  });

  test.each([
    ["an HTTP request", "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"],
    ["HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["noise", "\u0000\u0001noise".repeat(1_000)],
  ])("%s", async (_, text) => {
    await openFront();
    await closeOf(await dial(text));
    await eventually(() => reports.length === 1);
    expect(reasons()).toEqual(["not-tls"]);
    expect(front.handshakeCount()).toBe(0);
  });

  test("a peer that goes away in the handshake", async () => {
    await openFront();
    const socket = await dial();
    await eventually(() => front.handshakeCount() === 1);
    socket.destroy();
    await eventually(() => reports.length === 1);
    expect(reasons()).toEqual(["handshake-abandoned"]);
  });

  test("noise inside TLS ends that connection only", async () => {
    await openFront();
    const { socket, closed } = await shakeHands();
    await eventually(() => front.connectionCount() === 1);
    socket.write("noise".repeat(1_000));
    await closed;
    expect(await ask(clientOf(undefined))).toMatchObject({ reason: "certificate-missing" });
  });

  test("a flood of them is counted whole and reported ten times a second", async () => {
    await openFront();
    await Promise.all(Array.from({ length: 25 }, async () => closeOf(await dial("noise, noise, noise"))));
    await eventually(() => front.refusals().get("not-tls") === 25);
    expect(reports).toHaveLength(10);
    clock.move(1_000);
    await closeOf(await dial("noise, noise, noise"));
    await eventually(() => reports.length === 11);
    expect(reports[10]).toMatchObject({ unreported: 15 });
  });
});

describe("bounds", () => {
  test("a handshake has ten seconds, however busy the peer is", async () => {
    await openFront();
    const socket = await dial("\u0016\u0003\u0001\u0002\u0000");
    await eventually(() => front.handshakeCount() === 1);
    clock.move(9_999);
    socket.write("\u0001");
    expect(front.handshakeCount()).toBe(1);
    clock.move(1);
    await closeOf(socket);
    expect(reasons()).toEqual(["handshake-timeout"]);
  });

  test("when too many handshakes are open the oldest ends, so that an honest client comes in", async () => {
    await openFront({ maxHandshakes: 2 });
    const first = await dial();
    await eventually(() => front.handshakeCount() === 1);
    const second = await dial();
    await eventually(() => front.handshakeCount() === 2);
    expect(await ask(clientOf(undefined))).toMatchObject({ kind: "refused" });
    await eventually(() => first.closed);
    expect(second.closed).toBe(false);
    expect(reasons()).toEqual(["too-many-handshakes"]);
  });

  test("a burst of open handshakes never holds more than the bound", async () => {
    await openFront({ maxHandshakes: 3 });
    const sockets = await Promise.all(Array.from({ length: 20 }, () => dial()));
    await eventually(() => front.refusals().get("too-many-handshakes") === 17);
    expect(front.handshakeCount()).toBe(3);
    await eventually(() => sockets.filter(({ closed }) => closed).length === 17);
  });

  test("connections without identity are few, and do not keep out those who have one", async () => {
    await openFront({ limits: { unidentified: 1 } });
    expect(await ask(clientOf(undefined))).toMatchObject({ kind: "refused" });
    await expect(ask(clientOf(undefined))).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(reasons()[0]).toBe("too-many-unidentified");
    expect(await ask(clientOf(await identity.issue({ tenant: "acme", holder: "a" })))).toMatchObject({
      kind: "identified",
    });
  });

  test("no session is resumed: OpenSSL judges the certificate of every connection anew", async () => {
    await openFront();
    const certificate = await identity.issue({ tenant: "acme", holder: "a" });
    const proof = { cert: certificate.certificateChainPem, key: certificate.privateKeyPem };
    const first = await shakeHands(proof);
    await eventually(() => front.connectionCount() === 1);
    const session = first.socket.getSession();
    const second = await shakeHands({ ...proof, ...(session && { session }) });
    expect(second.socket.isSessionReused()).toBe(false);
  });
});

describe("connections end", () => {
  test("at once when their certificate is to be ended; no others do", async () => {
    await openFront();
    const revoked = await identity.issue({ tenant: "acme", holder: "a" });
    const clients = [
      clientOf(revoked),
      clientOf(revoked),
      clientOf(await identity.issue({ tenant: "acme", holder: "b" })),
    ];
    const streams = clients.map((client) =>
      client.makeServerStreamRequest(testService.Hold.path, bytes.serialize, bytes.deserialize, Buffer.alloc(0)),
    );
    const ends = streams.map((stream) => new Promise<ServiceError>((resolve) => stream.on("error", resolve)));
    await Promise.all(streams.map((stream) => once(stream, "data")));
    const verdict = await ask(clients[0] as Client);
    const key = verdict.kind === "identified" ? verdict.identity.keyThumbprint : "";
    expect(front.endConnections(key)).toBe(2);
    expect((await ends[0])?.code).toBe(status.UNAVAILABLE);
    expect((await ends[1])?.code).toBe(status.UNAVAILABLE);
    await eventually(() => front.connectionCount() === 1);
    expect(await ask(clients[2] as Client)).toMatchObject({ identity: { holder: "b" } });
    expect(front.endConnections("unknown")).toBe(0);
    ends[2]?.catch(() => {});
    streams[2]?.cancel();
  });

  test("after the calls under way when the front closes, and nobody comes in any more", async () => {
    await openFront();
    const client = clientOf(undefined);
    await ask(client);
    const idle = await dial();
    await eventually(() => front.handshakeCount() === 1);
    const slow = ask(client, "Slow");
    await eventually(() => front.connectionCount() === 1);
    await ask(client);
    const closed = front.close({ graceMs: 1_000 });
    await closeOf(idle);
    await expect(dial()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    releaseSlow();
    expect(await slow).toMatchObject({ kind: "refused" });
    await closed;
    expect(front.connectionCount()).toBe(0);
  });

  test("when the grace is over, or a second close cuts it short", async () => {
    for (const hurry of [() => clock.move(1_000), () => void front.close({ graceMs: 0 })]) {
      await openFront();
      const client = clientOf(undefined);
      await ask(client);
      const slow = ask(client, "Slow").catch((error: ServiceError) => error.code);
      await ask(client);
      const closed = front.close({ graceMs: 1_000 });
      hurry();
      await closed;
      expect(await slow).toBe(status.UNAVAILABLE);
    }
  });
});

describe("the port", () => {
  test("in use is an error that names it", async () => {
    await openFront();
    const taken = { host: "127.0.0.1", port: front.address.port };
    const failure = await openTlsFront({ ...taken, identity, clock, server: new Server() }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(PortInUse);
    expect(failure).toMatchObject({ code: "PORT_IN_USE", ...taken });
    expect(await ask(clientOf(undefined))).toMatchObject({ kind: "refused" });
  });

  test("of an address that is not ours is another", async () => {
    const failure = await openTlsFront({ host: "192.0.2.1", port: 0, identity, clock, server: new Server() }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ListenFailed);
    expect(failure).toMatchObject({ code: "LISTEN_FAILED", errno: "EADDRNOTAVAIL", host: "192.0.2.1" });
  });

  test("is free again after close", async () => {
    await openFront();
    await front.close({ graceMs: 0 });
    const again = createServer().listen(front.address.port, "127.0.0.1");
    await once(again, "listening");
    again.close();
  });
});

test("a renewed server certificate is shown to the next connection, and the open ones stay", async () => {
  clock.move(-60 * dayMs);
  identity = await openIdentityIn("renewing");
  await openFront();
  const shown = async (options: ConnectionOptions = {}) =>
    (await shakeHands(options)).socket.getPeerX509Certificate()?.fingerprint256;
  const client = clientOf(undefined);
  await ask(client);
  const before = await shown();
  clock.move(60 * dayMs);
  await identity.renewIfDue();
  const after = await shown();
  expect(before).toBeDefined();
  expect(after).toBeDefined();
  expect(after).not.toBe(before);
  expect(await shown({ maxVersion: "TLSv1.2" })).toBeUndefined();
  expect(await shown({ ALPNProtocols: ["http/1.1"] })).toBeUndefined();
  await ask(client);
});
