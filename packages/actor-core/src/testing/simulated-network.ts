import type { Packet, Transport } from "../distance/transport.ts";
import type { Simulation } from "./simulate.ts";

export interface NetworkOptions {
  /** Longest time a packet takes, in ms of virtual time; the seed picks from 0 on. Default 10. */
  readonly maxDelayMs?: number;
  /** Chance, 0 to 1, that a packet is lost. Default 0. */
  readonly dropChance?: number;
  /** Chance, 0 to 1, that a packet comes a second time. Default 0. */
  readonly repeatChance?: number;
  /** Chance, 0 to 1, that a packet may overtake others of its pair of nodes. Those of different pairs always may. Default 0. */
  readonly overtakeChance?: number;
}

/** A network of nodes in a {@link Simulation} on which everything can go wrong. */
export interface SimulatedNetwork {
  /**
   * The way into the network for a node. A node that is started again takes another under the same name: the former one
   * hears nothing more and is not heard, but what it has sent is still on its way.
   */
  transport(node: string): Transport;
  /** Loses all packets from one node to another from now on: half of a connection, that side only. */
  cut(from: string, to: string): void;
  /** Loses all packets between two nodes, both ways. */
  split(a: string, b: string): void;
  /** Undoes `cut` and `split` of two nodes. */
  heal(a: string, b: string): void;
}

/**
 * Makes a network whose delays and losses come from the simulation's seed.
 *
 * @example
 * await explore({ seeds: 100 }, async (simulation) => {
 *   const network = simulatedNetwork(simulation, { dropChance: 0.01 });
 *   const a = startNode(simulation.createSystem({ name: "a" }), {
 *     name: "a",
 *     incarnation: 1,
 *     transport: network.transport("a"),
 *   });
 * });
 */
export function simulatedNetwork(simulation: Simulation, options: NetworkOptions = {}): SimulatedNetwork {
  const { maxDelayMs = 10, dropChance = 0, repeatChance = 0, overtakeChance = 0 } = options;
  const random = simulation.random.fork();
  const listeners = new Map<string, { readonly receive: (packet: Packet) => void }>();
  const current = new Map<string, object>();
  const cuts = new Set<string>();
  const lastMs = new Map<string, number>();

  const carry = (to: string, packet: Packet): void => {
    const pair = pairOf(packet.from, to);
    const nowMs = simulation.clock.nowMs();
    const freeMs = random.chance(overtakeChance) ? nowMs : Math.max(nowMs, lastMs.get(pair) ?? 0);
    const dueMs = Math.max(freeMs, nowMs + random.below(maxDelayMs + 1));
    lastMs.set(pair, Math.max(dueMs, lastMs.get(pair) ?? 0));
    simulation.clock.schedule(dueMs - nowMs, () => {
      simulation.note(`network: ${packet.from} => ${to}: ${textOf(packet)}`);
      listeners.get(to)?.receive(packet);
    });
  };

  return {
    transport(node) {
      const life = {};
      current.set(node, life);
      listeners.delete(node);
      return {
        send(to, packet) {
          if (current.get(node) !== life) {
            return;
          }
          if (cuts.has(pairOf(node, to)) || random.chance(dropChance)) {
            simulation.note(`network: ${node} => ${to} loses ${textOf(packet)}`);
            return;
          }
          // As text and back: what crosses must be plain, and nobody may change what was sent.
          const text = JSON.stringify(packet);
          carry(to, JSON.parse(text) as Packet);
          if (random.chance(repeatChance)) {
            carry(to, JSON.parse(text) as Packet);
          }
        },
        listen(receive) {
          if (current.get(node) === life) {
            listeners.set(node, { receive });
          }
        },
      };
    },
    cut(from, to) {
      cuts.add(pairOf(from, to));
    },
    split(a, b) {
      cuts.add(pairOf(a, b));
      cuts.add(pairOf(b, a));
    },
    heal(a, b) {
      cuts.delete(pairOf(a, b));
      cuts.delete(pairOf(b, a));
    },
  };
}

function pairOf(from: string, to: string): string {
  return JSON.stringify([from, to]);
}

function textOf(packet: Packet): string {
  return packet.kind === "data" ? `${packet.sequence} ${JSON.stringify(packet.frame ?? "tick")}` : packet.kind;
}
