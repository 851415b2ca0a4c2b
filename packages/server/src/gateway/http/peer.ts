import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** A connection's other end as the TLS front knows it. */
export const peerOf = (socket: Socket): string => `${socket.remoteAddress}:${socket.remotePort}`;

/** The trace that a request says it is part of. */
export function traceparentOf({ headers }: IncomingMessage): string | undefined {
  const { traceparent } = headers;
  return typeof traceparent === "string" ? traceparent : undefined;
}
