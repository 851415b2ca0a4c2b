import type { Alias } from "../process/alias.ts";
import { runtimeOf } from "../process/caller-parts.ts";
import { ProcessAlias } from "../process/create-alias.ts";
import type { Pid } from "../process/pid.ts";
import type { Runtime } from "../process/runtime.ts";
import type { ActorSystem } from "../process/self.ts";
import { checkDelay } from "../process/timers.ts";
import { type Names, Via } from "../process/via.ts";
import type { Reference } from "./encode.ts";
import { type Home, Peer } from "./peer.ts";
import { RemotePid } from "./remote-pid.ts";
import type { Packet, Transport } from "./transport.ts";
import { WeakIndex } from "./weak-index.ts";

export interface ActorNodeOptions {
  /** What other nodes call it. */
  readonly name: string;
  /**
   * Greater at each start of a node with that name, as `Date.now()` is. Tells others that all they knew of it is dead.
   */
  readonly incarnation: number;
  readonly transport: Transport;
  /** Milliseconds between signs of life; after four of silence a connection counts as lost. Default 15,000. */
  readonly tickMs?: number;
  /** Milliseconds until a connection that does not open counts as lost. Default 7,000. */
  readonly setupMs?: number;
}

/** A system of processes that can be reached from others, and reaches them. */
export interface ActorNode {
  readonly name: string;
  readonly incarnation: number;
  /**
   * Whoever holds `name` on `node` when a signal gets there. Stands wherever a name does, here and only here: it is a way
   * to a process and cannot be sent.
   */
  remote(name: string, node: string): Via;
  /** The nodes there is a connection to. */
  connected(): readonly string[];
  /** Ends the connection to a node, as if it had been lost. The next signal to that node opens another. */
  disconnect(node: string): void;
  /** Ends all connections and opens none any more. Processes go on. */
  stop(): void;
}

/**
 * Connects a system to others by a {@link Transport}. Pids then work wherever they get to: processes of other nodes are
 * sent to, called, linked and monitored as local ones are, with the same order kept.
 *
 * What differs, as in Erlang: a connection can be lost. Then every link and monitor across it fires once with
 * `noconnection`, calls fail with it, and what was on its way is lost. The next signal to that node opens a new
 * connection. A node that was started again is another: pids of its former life are dead. Linking to a dead process of
 * another node never throws but gives an `Exited`, or ends the process, with `noproc`. Messages are copied and must be
 * plain data ({@link NotPlainData}); of an error only its facts cross, not its class.
 *
 * @example
 * const node = startNode(system, { name: "a", incarnation: Date.now(), transport });
 * await system.call(node.remote("counter", "b"), "next");
 */
export function startNode(system: ActorSystem, options: ActorNodeOptions): ActorNode {
  return new ConnectedNode(runtimeOf(system, "start node"), options);
}

class ConnectedNode implements ActorNode, Home {
  readonly runtime: Runtime;
  readonly name: string;
  readonly incarnation: number;
  readonly transport: Transport;
  readonly tickMs: number;
  readonly setupMs: number;
  readonly #peers = new Map<string, Peer>();
  readonly #pids = new WeakIndex<number, Pid>();
  readonly #aliases = new WeakIndex<number, ProcessAlias>();
  readonly #numbers = new WeakMap<object, number>();
  #lastNumber = 0;
  #stopped = false;

  constructor(runtime: Runtime, { name, incarnation, transport, tickMs = 15_000, setupMs = 7_000 }: ActorNodeOptions) {
    if (!Number.isFinite(incarnation)) {
      throw new RangeError(`Cannot start node "${name}": wanted a number as incarnation, got ${incarnation}`);
    }
    checkDelay("tick", tickMs);
    checkDelay("setup time", setupMs);
    this.runtime = runtime;
    this.name = name;
    this.incarnation = incarnation;
    this.tickMs = tickMs;
    this.setupMs = setupMs;
    this.transport = {
      listen: () => {},
      send: (to, packet) => {
        if (!this.#stopped) {
          transport.send(to, packet);
        }
      },
    };
    transport.listen((packet: Packet) => {
      if (!this.#stopped && packet.from !== name) {
        this.#peer(packet.from).receive(packet);
      }
    });
  }

  remote(name: string, node: string): Via {
    return new RemoteName(name, node, node === this.name ? undefined : this.#peer(node));
  }

  connected(): readonly string[] {
    return [...this.#peers.values()].filter((peer) => peer.connected).map((peer) => peer.name);
  }

  disconnect(node: string): void {
    this.#peers.get(node)?.disconnect();
  }

  stop(): void {
    for (const peer of this.#peers.values()) {
      peer.disconnect();
    }
    this.#stopped = true;
  }

  // What crosses, and what has crossed

  numberOf(pid: Pid): number {
    return this.#number(pid, this.#pids);
  }

  localPid(id: number): Pid | undefined {
    return this.#pids.get(id);
  }

  localAlias(id: number): ProcessAlias | undefined {
    return this.#aliases.get(id);
  }

  namePid(pid: Pid): Reference | undefined {
    return pid instanceof RemotePid ? referenceOf(pid) : { ...this.#self, id: this.numberOf(pid) };
  }

  nameAlias(alias: ProcessAlias): Reference {
    const remote = alias.owner instanceof RemotePid ? referenceOf(alias.owner) : undefined;
    return remote ?? { ...this.#self, id: this.#number(alias, this.#aliases) };
  }

  findPid({ node, incarnation, id }: Reference): Pid {
    if (node !== this.name) {
      return this.#peer(node).pidOf(incarnation, id);
    }
    const pid = incarnation === this.incarnation ? this.localPid(id) : undefined;
    return pid ?? RemotePid.dead({ node, incarnation, address: { kind: "pid", id } });
  }

  findAlias({ node, incarnation, id }: Reference): Alias {
    if (node !== this.name) {
      return this.#peer(node).aliasOf(incarnation, id);
    }
    const alias = incarnation === this.incarnation ? this.localAlias(id) : undefined;
    return alias ?? new ProcessAlias(RemotePid.dead({ node, incarnation, address: { kind: "alias", id } }), false);
  }

  nowMs(): number {
    return this.runtime.timers.nowMs();
  }

  get #self(): { readonly node: string; readonly incarnation: number } {
    return { node: this.name, incarnation: this.incarnation };
  }

  /** Those that have been named can be found, and only those. */
  #number<V extends object>(value: V, index: WeakIndex<number, V>): number {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      this.#lastNumber += 1;
      number = this.#lastNumber;
      this.#numbers.set(value, number);
      index.add(number, value);
    }
    return number;
  }

  #peer(name: string): Peer {
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = new Peer(name, this);
      this.#peers.set(name, peer);
    }
    return peer;
  }
}

function referenceOf({ place: { node, incarnation, address } }: RemotePid): Reference | undefined {
  return address.kind === "name" || incarnation === undefined ? undefined : { node, incarnation, id: address.id };
}

/** Erlang's `{Name, Node}`. */
class RemoteName extends Via {
  readonly #name: string;
  readonly #node: string;
  /** Undefined for this very node. */
  readonly #peer: Peer | undefined;

  constructor(name: string, node: string, peer: Peer | undefined) {
    super();
    this.#name = name;
    this.#node = node;
    this.#peer = peer;
  }

  override holder(names: Names): Pid | undefined {
    return this.#peer === undefined ? names.get(this.#name) : this.#peer.named(this.#name);
  }

  override toString(): string {
    return `${this.#name}@${this.#node}`;
  }
}
