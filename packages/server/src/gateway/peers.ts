import type { Authority } from "../authority/authority.ts";
import type { Peer } from "../authority/caller.ts";
import type { CallerAuthority } from "../authority/caller-authority.ts";
import { kernelTenant } from "../authority/names.ts";
import { callerOf } from "./grpc/gate.ts";
import type { Connection, TlsFront } from "./tls/index.ts";

/** RFC 9266: both ends of a connection work out the same, and each connection another. */
const exporterLabel = "EXPORTER-Channel-Binding";
const exporterBytes = 32;

/** Says who a connection belongs to, and what it holds from its first call until it closes. */
export class Peers {
  readonly #authority: Authority;
  /** The same for every call of a connection. */
  readonly #known = new WeakMap<Connection, Pick<Peer, "leaf"> & { readonly holding: CallerAuthority }>();

  constructor(authority: Authority) {
    this.#authority = authority;
  }

  /** @throws {SoloError} Without a valid certificate. */
  of(front: TlsFront, name: string): Peer {
    const caller = callerOf(front.verdictOf(name));
    const connection = front.connectionOf(name) as Connection;
    const { holding, leaf } = this.#knownOf(connection);
    return { ...caller, holding, leaf };
  }

  #knownOf(connection: Connection): Pick<Peer, "leaf"> & { readonly holding: CallerAuthority } {
    const known = this.#known.get(connection);
    if (known !== undefined) return known;
    const { verdict, socket } = connection;
    if (verdict.kind !== "identified") throw new TypeError("Who is refused holds nothing");
    const { tenant, role, holder, keyThumbprint, fingerprint } = verdict.identity;
    const holding = this.#authority.connect({
      kind: "mutual-tls",
      // Operators stand above tenants, and so does what they hold.
      tenant: role === "operator" ? kernelTenant : tenant,
      keyThumbprint,
      certificateSha256: fingerprint,
      exporter: socket.exportKeyingMaterial(exporterBytes, exporterLabel, Buffer.alloc(0)),
      peer: holder,
    });
    const made = { holding, leaf: () => socket.getPeerX509Certificate() };
    this.#known.set(connection, made);
    socket.once("close", () => holding.close());
    return made;
  }
}
