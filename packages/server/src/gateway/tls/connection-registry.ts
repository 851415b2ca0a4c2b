import type { TLSSocket } from "node:tls";
import type { PeerVerdict } from "../../identity/index.ts";
import type { ConnectionRefusal } from "./connection-refusal.ts";

/** An open connection and who is at its other end. */
export interface Connection {
  /** What grpc-js answers to `call.getPeer()`: `host:port`, an IPv6 host without brackets. */
  readonly peer: string;
  readonly verdict: PeerVerdict;
  readonly socket: TLSSocket;
}

/** How many connections may be open. Operators are always let in, so that a full server can be administered. */
export interface ConnectionLimits {
  readonly total: number;
  /** Without a valid certificate: enough for health checks, too few to keep others out. */
  readonly unidentified: number;
  readonly perTenant: number;
}

/**
 * The open connections, by peer, key and tenant.
 *
 * A peer is there once: two connections of the same host and port can be open when the server listens on several
 * addresses, and calls could then not be told apart, so the second is refused.
 */
export class ConnectionRegistry {
  readonly #limits: ConnectionLimits;
  readonly #byPeer = new Map<string, Connection>();
  readonly #byKey = new Map<string, Set<Connection>>();
  readonly #ofTenant = new Map<string, number>();
  #unidentified = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byPeer.size;
  }

  find(peer: string): Connection | undefined {
    return this.#byPeer.get(peer);
  }

  /** Takes the connection in, or says why not. The caller removes it when its socket closes. */
  add(connection: Connection): ConnectionRefusal | undefined {
    const refusal = this.#refusalOf(connection);
    if (refusal !== undefined) return refusal;
    this.#byPeer.set(connection.peer, connection);
    this.#count(connection.verdict, 1);
    if (connection.verdict.kind === "identified") {
      const { keyThumbprint } = connection.verdict.identity;
      const same = this.#byKey.get(keyThumbprint) ?? new Set();
      this.#byKey.set(keyThumbprint, same.add(connection));
    }
    return undefined;
  }

  /** Forgets a connection; does nothing when it was not taken in. */
  remove(connection: Connection): void {
    if (this.#byPeer.get(connection.peer) !== connection) return;
    this.#byPeer.delete(connection.peer);
    this.#count(connection.verdict, -1);
    if (connection.verdict.kind === "identified") {
      const { keyThumbprint } = connection.verdict.identity;
      const same = this.#byKey.get(keyThumbprint);
      same?.delete(connection);
      if (same?.size === 0) this.#byKey.delete(keyThumbprint);
    }
  }

  /** Ends every connection made with a certificate of that key. @returns How many. */
  end(keyThumbprint: string): number {
    const connections = [...(this.#byKey.get(keyThumbprint) ?? [])];
    for (const { socket } of connections) socket.destroy();
    return connections.length;
  }

  endAll(): void {
    for (const { socket } of [...this.#byPeer.values()]) socket.destroy();
  }

  #refusalOf({ peer, verdict }: Connection): ConnectionRefusal | undefined {
    if (this.#byPeer.has(peer)) return "peer-address-taken";
    if (verdict.kind === "identified" && verdict.identity.role === "operator") return undefined;
    if (this.#byPeer.size >= this.#limits.total) return "too-many-connections";
    if (verdict.kind === "refused")
      return this.#unidentified >= this.#limits.unidentified ? "too-many-unidentified" : undefined;
    const ofTenant = this.#ofTenant.get(verdict.identity.tenant) ?? 0;
    return ofTenant >= this.#limits.perTenant ? "too-many-of-tenant" : undefined;
  }

  #count(verdict: PeerVerdict, difference: 1 | -1): void {
    if (verdict.kind === "refused") {
      this.#unidentified += difference;
      return;
    }
    const { tenant } = verdict.identity;
    const count = (this.#ofTenant.get(tenant) ?? 0) + difference;
    if (count === 0) this.#ofTenant.delete(tenant);
    else this.#ofTenant.set(tenant, count);
  }
}
