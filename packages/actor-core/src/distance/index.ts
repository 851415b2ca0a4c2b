export type { ActorNode, ActorNodeOptions } from "./actor-node.ts";
export { startNode } from "./actor-node.ts";
export type { Address, Encoded, Frame } from "./frame.ts";
export { NotPlainData } from "./not-plain-data.ts";
export type { Destination, Packet, Transport } from "./transport.ts";
