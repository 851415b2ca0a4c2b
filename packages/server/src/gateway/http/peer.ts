import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import { malformed } from "./problem.ts";

/** A connection's other end as the TLS front knows it. */
export const peerOf = (socket: Socket): string => `${socket.remoteAddress}:${socket.remotePort}`;

/** The trace that a request says it is part of. */
export function traceparentOf({ traceparent }: IncomingHttpHeaders): string | undefined {
  return typeof traceparent === "string" ? traceparent : undefined;
}

/** Milliseconds that a request gives to its answer; undefined where it says nothing. @throws {SoloError} `REQUEST_MALFORMED` */
export function timeoutOf({ "solo-timeout-ms": timeout }: IncomingHttpHeaders): number | undefined {
  if (timeout === undefined) return undefined;
  if (/^[1-9]\d{0,9}$/.test(String(timeout))) return Number(timeout);
  throw malformed("the header solo-timeout-ms is no whole number of milliseconds");
}

/** The capability that a request names. */
export function capabilityOf({ "solo-capability": named }: IncomingHttpHeaders): string | undefined {
  return typeof named === "string" ? named : undefined;
}
