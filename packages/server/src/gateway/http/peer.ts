import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";

/** A connection's other end as the TLS front knows it. */
export const peerOf = (socket: Socket): string => `${socket.remoteAddress}:${socket.remotePort}`;

/** The trace that a request says it is part of. */
export function traceparentOf({ traceparent }: IncomingHttpHeaders): string | undefined {
  return typeof traceparent === "string" ? traceparent : undefined;
}

/** The capability that a request names. */
export function capabilityOf({ "solo-capability": named }: IncomingHttpHeaders): string | undefined {
  return typeof named === "string" ? named : undefined;
}
