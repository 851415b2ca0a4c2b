import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isLoopback } from "../config/settings.ts";
import type { PrometheusMetrics } from "./prometheus-metrics.ts";

/** Another process listens there already. */
export class MetricsPortInUse extends Error {
  readonly code = "METRICS_PORT_IN_USE";
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, options?: ErrorOptions) {
    super(
      `Cannot serve metrics: port ${port} of ${host} is in use, choose another with --metrics-port or 0 for a free one`,
      options,
    );
    this.name = "MetricsPortInUse";
    this.host = host;
    this.port = port;
  }
}

/** Metrics go over plain HTTP to whoever asks, so only this host may ask. */
export class MetricsNotLoopback extends Error {
  readonly code = "METRICS_NOT_LOOPBACK";
  readonly host: string;

  constructor(host: string) {
    super(`Cannot serve metrics on ${JSON.stringify(host)}: they have no TLS, wanted 127.0.0.1, ::1 or localhost`);
    this.name = "MetricsNotLoopback";
    this.host = host;
  }
}

export interface MetricsServer {
  /** The real one where 0 was asked for. */
  readonly port: number;
  /** Stops listening and drops open connections. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics` on this host. The caller owns the server and closes it.
 *
 * @throws {MetricsNotLoopback} If other hosts could reach `host`.
 * @throws {MetricsPortInUse} If the port is taken.
 */
export async function openMetricsServer(options: {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: PrometheusMetrics;
}): Promise<MetricsServer> {
  const { host, port, metrics } = options;
  if (!isLoopback(host)) throw new MetricsNotLoopback(host);

  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path !== "/metrics") {
      response.writeHead(404, plainText).end("Only /metrics is here\n");
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { ...plainText, allow: "GET, HEAD" }).end("Use GET\n");
    } else {
      metrics.text().then(
        (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
        () => response.writeHead(500, plainText).end("Metrics cannot be read\n"),
      );
    }
  });
  // A reader of metrics is quick or broken; slow ones must not pile up.
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.maxConnections = 32;

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? new MetricsPortInUse(host, port, { cause: error }) : error);
    });
    server.listen(port, host, resolve);
  });

  let closed: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

const plainText = { "content-type": "text/plain; charset=utf-8" };
