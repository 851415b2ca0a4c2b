import type { Frame } from "./frame.ts";

/**
 * What nodes send each other. Plain JSON.
 *
 * Every packet names the sender's incarnation and session, so that one which comes late, twice or out of order does no
 * harm: it is recognised, and what cannot be put right ends the session.
 */
export type Packet =
  /** Opens a session, or agrees to one: then `answers` is the session of the other side. */
  | (Origin & { readonly kind: "hello"; readonly answers?: Destination })
  /** A numbered frame; without one, a sign of life that says which number comes next. */
  | (Origin & { readonly kind: "data"; readonly to: Destination; readonly sequence: number; readonly frame?: Frame })
  /** There is no such session, any more. */
  | (Origin & { readonly kind: "bye"; readonly to: Destination });

/** A session of the node that gets the packet. */
export interface Destination {
  readonly incarnation: number;
  readonly session: number;
}

interface Origin {
  readonly from: string;
  readonly incarnation: number;
  readonly session: number;
}

/**
 * Carries packets between nodes: the port that a socket, a worker or a simulation fills.
 *
 * It should keep the order of packets from one node to another and lose none. Where it fails to, the nodes notice and
 * treat the connection as lost; they never deliver out of order or twice.
 */
export interface Transport {
  /** Tries to bring a packet to the node of that name. Never throws; one that cannot be brought is dropped. */
  send(to: string, packet: Packet): void;
  /** Called once, by the node; `receive` takes what comes. It must not be called inside `send`. */
  listen(receive: (packet: Packet) => void): void;
}
