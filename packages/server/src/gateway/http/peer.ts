import type { Socket } from "node:net";

/** A connection's other end as the TLS front knows it. */
export const peerOf = (socket: Socket): string => `${socket.remoteAddress}:${socket.remotePort}`;
