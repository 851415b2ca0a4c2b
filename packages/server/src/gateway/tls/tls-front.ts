import { constants } from "node:crypto";
import type { Server as HttpServer } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer, type SecureContextOptions, type TLSSocket } from "node:tls";
import { type Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import {
  type Identity,
  type PeerVerdict,
  type PresentedCertificate,
  parsePeer,
  refusedAsExpired,
  refusedAsRevoked,
} from "../../identity/index.ts";
import { connectionLimits } from "../../limits.ts";
import type { Clock } from "../../ports/clock.ts";
import { type ConnectionRefusal, handshakeRefusal, openRefusalLog, type RefusalReport } from "./connection-refusal.ts";
import { type Connection, type ConnectionLimits, ConnectionRegistry } from "./connection-registry.ts";
import { ListenFailed, PortInUse } from "./errors.ts";

/** The port that clients reach the services by. */
export interface TlsFront {
  /** Where it listens; the real port when 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  /**
   * Who sent a call, by `call.getPeer()`. Fails closed: an unknown peer and a certificate that ended or was revoked since the
   * handshake are refused.
   */
  verdictOf(peer: string): PeerVerdict;
  /** The open connection of that name. */
  connectionOf(peer: string): Connection | undefined;
  /** Ends at once every connection made with a certificate of the key of that thumbprint. @returns How many. */
  endConnections(keyThumbprint: string): number;
  /** Open connections now. */
  connectionCount(): number;
  /** Handshakes under way now. */
  handshakeCount(): number;
  /** Refused connections since the start, by reason. */
  refusals(): ReadonlyMap<ConnectionRefusal, number>;
  /**
   * Stops accepting and tells clients to go (GOAWAY); calls under way may finish within `graceMs`, then all is ended.
   * A second call can only shorten the grace.
   *
   * @returns When the last connection is closed.
   */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** Whom the front serves, and its bounds. */
export interface TlsFrontOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly identity: Identity;
  readonly clock: Clock;
  /**
   * Gets each accepted connection: gRPC over HTTP/2, or HTTP/1.1. Bound to no port itself; stays the caller's to shut down,
   * after the front.
   */
  readonly server: GrpcServer | HttpServer;
  /** What a peer is told before its connection ends, where it is known what it speaks. */
  readonly farewell?: (reason: ConnectionRefusal, spoken: Spoken) => Uint8Array | undefined;
  /** Told of connections that never reached the server, at most 10 a second. */
  readonly onRefused?: (report: RefusalReport) => void;
  /** The usual ones where left out. */
  readonly limits?: Partial<ConnectionLimits>;
  /** Default 128. When one more begins, the oldest is ended: honest handshakes take milliseconds. */
  readonly maxHandshakes?: number;
  /** Default 10,000. From the first byte to the last, however busily the peer writes. */
  readonly handshakeTimeoutMs?: number;
}

/** As ALPN names it. */
export type Spoken = "h2" | "http/1.1";

/** For so long who is refused may take what it is told. */
const farewellMs = 1_000;

/** The first byte of every connection that is TLS. @see RFC 8446, section 5.1 */
const handshakeRecord = 0x16;

interface Handshake {
  readonly raw: Socket;
  readonly key: string;
  readonly remote: string;
  readonly cancelTimeout: () => void;
}

/**
 * Listens with TLS 1.3 and one protocol only, says once per connection who the peer is, and hands the connection to its server.
 *
 * Peers without a valid certificate are handed on too, so that health answers them and the gate can tell all others
 * properly why they are refused. Session resumption is off: a resumed session keeps OpenSSL's verdict of another day.
 *
 * @throws {PortInUse} Another process listens there.
 * @throws {ListenFailed} The operating system refuses for another reason.
 */
export async function openTlsFront(options: TlsFrontOptions): Promise<TlsFront> {
  const { identity, clock } = options;
  const maxHandshakes = options.maxHandshakes ?? 128;
  const handshakeTimeoutMs = options.handshakeTimeoutMs ?? 10_000;
  const registry = new ConnectionRegistry({ ...connectionLimits, ...options.limits });
  const refusals = openRefusalLog(clock, options.onRefused ?? (() => {}));
  const handshakes = new Map<string, Handshake>();
  const speaker = speakerOf(options.server);
  const whenEmpty = Promise.withResolvers<void>();
  let closing = false;
  /** Connections that are being told why they are refused. */
  let leaving = 0;

  const begin = (raw: Socket) => {
    const key = tupleOf(raw);
    if (key === undefined) {
      raw.destroy();
      refusals.record({ remote: "unknown", reason: "handshake-abandoned", detail: undefined });
      return;
    }
    const [oldest] = handshakes.values();
    if (oldest !== undefined && handshakes.size >= maxHandshakes) fail(oldest, "too-many-handshakes");
    const handshake: Handshake = {
      raw,
      key,
      remote: peerOf(raw),
      cancelTimeout: clock.schedule(handshakeTimeoutMs, () => fail(handshake, "handshake-timeout")),
    };
    handshakes.set(key, handshake);
    raw.once("close", () => fail(handshake, "handshake-abandoned"));
    raw.on("error", () => {});
    // OpenSSL would keep to itself why it refuses what is no TLS at all.
    raw.once("data", (first: Buffer) => {
      raw.pause();
      if (first[0] === handshakeRecord) {
        raw.unshift(first);
        tlsServer.emit("connection", raw);
      } else if (handshakes.get(key) === handshake) {
        settle(handshake);
        refuse(raw, { remote: handshake.remote, reason: "not-tls", spoken: spokenPlainly(first) });
      }
    });
  };
  const settle = ({ key, cancelTimeout }: Handshake) => {
    handshakes.delete(key);
    cancelTimeout();
  };
  const fail = (handshake: Handshake, reason: ConnectionRefusal, detail?: string) => {
    if (handshakes.get(handshake.key) !== handshake) return;
    settle(handshake);
    refusals.record({ remote: handshake.remote, reason, detail });
    handshake.raw.destroy();
  };
  const handshakeOf = (socket: Socket) => handshakes.get(tupleOf(socket) ?? "");

  const refuse = (
    socket: Socket,
    told: { readonly remote: string; readonly reason: ConnectionRefusal; readonly spoken: Spoken | undefined },
  ) => {
    const { remote, reason, spoken } = told;
    refusals.record({ remote, reason, detail: undefined });
    const isHeard = spoken !== undefined && leaving < maxHandshakes;
    const farewell = isHeard ? options.farewell?.(reason, spoken) : undefined;
    if (farewell === undefined) return void socket.destroy();
    // It has time to read why before what it still sends is answered by a reset.
    const cancel = clock.schedule(farewellMs, () => socket.destroy());
    leaving += 1;
    socket.once("close", () => {
      leaving -= 1;
      cancel();
    });
    socket.resume().end(farewell);
  };

  const accept = (socket: TLSSocket) => {
    // The session reports a broken connection to its calls; nothing is left to do here but not to crash.
    socket.on("error", () => {});
    const handshake = handshakeOf(socket);
    // Given up meanwhile, and reported then.
    if (handshake === undefined) return void socket.destroy();
    settle(handshake);
    const { remote } = handshake;
    if (closing) return refuse(socket, { remote, reason: "shutting-down", spoken: speaker.protocol });
    // Whoever agrees on no protocol is likely to speak the older one.
    if (!speaker.speaks(socket.alpnProtocol)) return refuse(socket, { remote, reason: "no-http2", spoken: "http/1.1" });
    const verdict = parsePeer(presentedBy(socket), identity.trust, clock.wallMs());
    const connection: Connection = { peer: peerOf(socket), verdict, socket };
    const refusal = registry.add(connection);
    if (refusal !== undefined) return refuse(socket, { remote, reason: refusal, spoken: speaker.protocol });
    socket.once("close", () => {
      registry.remove(connection);
      if (closing && registry.size === 0) whenEmpty.resolve();
    });
    speaker.take(socket);
  };

  const tlsServer = createTlsServer(
    { ...contextOf(identity), requestCert: true, rejectUnauthorized: false, ALPNProtocols: [speaker.protocol] },
    accept,
  );
  tlsServer.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    const handshake = handshakeOf(socket);
    if (handshake !== undefined) fail(handshake, handshakeRefusal(error.code), error.code);
    socket.destroy();
  });
  const listener = createServer({ noDelay: true }, begin);
  try {
    await listen(listener, options);
  } catch (error) {
    speaker.stop();
    throw error;
  }
  // The operating system gave no socket for a waiting connection (out of descriptors); the next one may work.
  listener.on("error", (error: NodeJS.ErrnoException) => {
    refusals.record({ remote: "unknown", reason: "accept-failed", detail: error.code });
  });
  const stopRenewing = identity.onServerRenewed(() => tlsServer.setSecureContext(contextOf(identity)));

  const stopAccepting = async () => {
    closing = true;
    stopRenewing();
    const stopped = new Promise<void>((resolve) => listener.close(() => resolve()));
    for (const handshake of handshakes.values()) fail(handshake, "shutting-down");
    speaker.stop();
    if (registry.size > 0) await whenEmpty.promise;
    await stopped;
  };
  let closed: Promise<void> | undefined;

  const { address, port } = listener.address() as AddressInfo;
  return {
    address: { host: address, port },
    verdictOf(peer) {
      const verdict = registry.find(peer)?.verdict;
      if (verdict === undefined) {
        return { kind: "refused", reason: "connection-closed", message: "The connection is closed" };
      }
      if (verdict.kind === "refused") return verdict;
      const { expiresAtMs, keyThumbprint } = verdict.identity;
      if (clock.wallMs() >= expiresAtMs) return refusedAsExpired(expiresAtMs);
      return identity.trust.isRevoked(keyThumbprint) ? refusedAsRevoked() : verdict;
    },
    connectionOf: (peer) => registry.find(peer),
    endConnections: (keyThumbprint) => registry.end(keyThumbprint),
    connectionCount: () => registry.size,
    handshakeCount: () => handshakes.size,
    refusals: () => refusals.counts(),
    async close({ graceMs }) {
      closed ??= stopAccepting();
      if (graceMs <= 0) registry.endAll();
      const cancel = clock.schedule(graceMs, () => registry.endAll());
      await closed;
      cancel();
    },
  };
}

/** How connections come to a server, by what it speaks. */
interface Speaker {
  readonly protocol: Spoken;
  /** @param protocol What was agreed on; false where the client named none. */
  speaks(protocol: string | false | null): boolean;
  take(socket: TLSSocket): void;
  /** Tells clients to go. */
  stop(): void;
}

function speakerOf(server: GrpcServer | HttpServer): Speaker {
  if (!("createConnectionInjector" in server)) {
    return {
      protocol: "http/1.1",
      // Whoever names no protocol means this one.
      speaks: (protocol) => protocol === "http/1.1" || !protocol,
      take: (socket) => void server.emit("connection", socket),
      stop: () => server.closeIdleConnections(),
    };
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    protocol: "h2",
    speaks: (protocol) => protocol === "h2",
    take: (socket) => injector.injectConnection(socket),
    stop: () => injector.destroy(),
  };
}

/** What is spoken on a connection without TLS, by its first bytes. */
function spokenPlainly(first: Buffer): Spoken | undefined {
  const text = first.toString("latin1", 0, 16);
  if (text.startsWith("PRI * HTTP/2")) return "h2";
  return /^[A-Z]{3,8} /.test(text) ? "http/1.1" : undefined;
}

function contextOf(identity: Identity): SecureContextOptions {
  const { certificateChainPem, privateKeyPem } = identity.server();
  return {
    // With the root, which those need who know nothing of this server yet but the root's fingerprint.
    cert: `${certificateChainPem}${identity.rootPem}`,
    key: privateKeyPem,
    ca: identity.rootPem,
    minVersion: "TLSv1.3",
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

function listen(listener: NetServer, { host, port }: TlsFrontOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once("error", (error: NodeJS.ErrnoException) => {
      const problem =
        error.code === "EADDRINUSE"
          ? new PortInUse({ host, port }, { cause: error })
          : new ListenFailed({ host, port }, error.code ?? "unknown", { cause: error });
      reject(problem);
    });
    listener.listen({ host, port }, resolve);
  });
}

function presentedBy(socket: TLSSocket): PresentedCertificate {
  const opensslError = socket.authorized ? undefined : String(socket.authorizationError ?? "UNSPECIFIED");
  return { leaf: socket.getPeerX509Certificate(), opensslError };
}

/** The peer as grpc-js spells it. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

/** Both ends of a connection, unique while it is open; `undefined` once it is closed. */
function tupleOf(socket: Socket): string | undefined {
  if (socket.remoteAddress === undefined || socket.localAddress === undefined) return undefined;
  return `${peerOf(socket)} ${socket.localAddress}:${socket.localPort}`;
}
