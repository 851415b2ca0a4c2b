import type { Clock } from "../../ports/clock.ts";

/** Why a connection never reached the services. */
export type ConnectionRefusal =
  | "accept-failed"
  | "not-tls"
  | "tls-version"
  | "no-http2"
  | "handshake-failed"
  | "handshake-abandoned"
  | "handshake-timeout"
  | "too-many-handshakes"
  | "too-many-connections"
  | "too-many-unidentified"
  | "too-many-of-tenant"
  | "peer-address-taken"
  | "shutting-down";

/** One refused connection, and how many like it went unreported. */
export interface RefusalReport {
  /** `host:port` of the peer, `unknown` when it was gone before it could be read. */
  readonly remote: string;
  readonly reason: ConnectionRefusal;
  /** What TLS said, as far as it said anything. Never holds bytes of the peer. */
  readonly detail: string | undefined;
  /** Refusals since the last report that were counted and not reported. */
  readonly unreported: number;
}

/** Counts every refusal and reports at most 10 a second. */
export interface RefusalLog {
  record(refusal: Pick<RefusalReport, "remote" | "reason" | "detail">): void;
  counts(): ReadonlyMap<ConnectionRefusal, number>;
}

const reportsPerSecond = 10;

/** Makes a log that reports to `report`. */
export function openRefusalLog(clock: Clock, report: (refusal: RefusalReport) => void): RefusalLog {
  const counts = new Map<ConnectionRefusal, number>();
  let secondBeganAtMs = Number.NEGATIVE_INFINITY;
  let reported = 0;
  let unreported = 0;
  return {
    record(refusal) {
      counts.set(refusal.reason, (counts.get(refusal.reason) ?? 0) + 1);
      const nowMs = clock.nowMs();
      if (nowMs - secondBeganAtMs >= 1_000) {
        secondBeganAtMs = nowMs;
        reported = 0;
      }
      if (reported === reportsPerSecond) {
        unreported += 1;
        return;
      }
      reported += 1;
      const before = unreported;
      unreported = 0;
      report({ ...refusal, unreported: before });
    },
    counts: () => counts,
  };
}

/** Names the failure of a handshake by OpenSSL's error code. */
export function handshakeRefusal(code: string | undefined): ConnectionRefusal {
  switch (code) {
    case "ERR_SSL_UNSUPPORTED_PROTOCOL":
    case "ERR_SSL_UNKNOWN_PROTOCOL":
    case "ERR_SSL_VERSION_TOO_LOW":
      return "tls-version";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
    case "ERR_SSL_PACKET_LENGTH_TOO_SHORT":
      return "not-tls";
    case "ERR_SSL_NO_APPLICATION_PROTOCOL":
      return "no-http2";
    case "ECONNRESET":
    case "EPIPE":
      return "handshake-abandoned";
    default:
      return "handshake-failed";
  }
}
