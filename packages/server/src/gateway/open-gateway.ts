import { join } from "node:path";
import { DeploymentServiceService } from "@solo/proto";
import { nanoid } from "nanoid";
import type { ManifestDefaults } from "../deployment/manifest.ts";
import { catalogue } from "../errors.ts";
import { type Identity, openIdentity } from "../identity/index.ts";
import type { KernelParts } from "../kernel/kernel.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics, Outcome } from "../observability/metrics.ts";
import type { Clock } from "../ports/clock.ts";
import type { Receipts } from "../receipts/receipts.ts";
import { BusyPoll } from "./grpc/busy-poll.ts";
import { callerOf } from "./grpc/gate.ts";
import type { EndedCall } from "./grpc/method.ts";
import { createGrpcServer } from "./grpc/server.ts";
import { InFlight } from "./in-flight.ts";
import { openTlsFront, type TlsFront } from "./tls/index.ts";

export interface GatewayOptions {
  readonly dataFolder: string;
  readonly host: string;
  readonly port: number;
  readonly version: string;
  readonly defaults: ManifestDefaults;
  /** Calls and casts of all clients that are served at one time. */
  readonly callsInFlight: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly receipts: Receipts;
  /** Milliseconds that calls under way may take once the gateway closes. */
  readonly graceMs: () => number;
  /** Begins the ordered stop of the whole server. */
  readonly stop: (graceMs: number | undefined) => void;
}

export interface Gateway {
  /** `host:port` that clients reach it by. */
  readonly address: string;
  readonly adminProfileFolder: string;
  close(): Promise<void>;
}

/**
 * Opens the door: identities, the TLS front and every service behind the gate.
 *
 * @throws {PortInUse} Another process listens there.
 */
export async function openGateway(parts: KernelParts, options: GatewayOptions): Promise<Gateway> {
  const { clock, logger, metrics, dataFolder } = options;
  const adminProfileFolder = join(dataFolder, "profiles", "admin");
  const identity: Identity = await openIdentity({
    folder: join(dataFolder, "identity"),
    adminProfileFolder,
    clock,
    hostNames: options.host === "0.0.0.0" || options.host === "::" ? [] : [options.host],
    onRenewalFailed: (error) =>
      logger.error("Cannot renew certificates; trying again in an hour", { error: String(error) }),
  });
  let front: TlsFront | undefined;
  const closing = new AbortController();
  const verdictOf: TlsFront["verdictOf"] = (peer) => (front as TlsFront).verdictOf(peer);
  const { storage, deployments, denials } = parts;
  const { state, events } = storage;
  const { requests, directory, sandbox, quotas } = deployments;
  const inFlight = new InFlight({
    allowed: (tenant) => quotas.allowed(tenant, "callsInFlight"),
    reached: (tenant, used) => quotas.reached(tenant, "callsInFlight", { used, correlationId: nanoid() }),
    total: options.callsInFlight,
    metrics,
  });
  const grpc = createGrpcServer({
    gate: {
      verdictOf,
      denials,
      isStopping: () => closing.signal.aborted,
      inFlight,
      // While its message is still being read, a cell gets going.
      onHead: (path) => {
        if (path === DeploymentServiceService.deploy.path) sandbox.rouse();
      },
    },
    methods: {
      denials,
      closing: closing.signal,
      poll: new BusyPoll({ nowMs: clock.nowMs, nextTurn: setImmediate }),
      onEnded: (call) => tell(logger, metrics, call),
    },
    callerOf: (peer) => callerOf(verdictOf(peer)),
    inFlight,
    deployments,
    defaults: options.defaults,
    messaging: parts.messaging,
    events,
    receipts: options.receipts,
    issuing: { identity, state, requests },
    kernel: {
      state,
      requests,
      sandbox,
      directory,
      receipts: options.receipts,
      load: parts.load,
      dataFolder,
      version: options.version,
      stop: options.stop,
    },
  });
  try {
    front = await openTlsFront({
      host: options.host,
      port: options.port,
      identity,
      clock,
      server: grpc.server,
      onRefused: (refusal) => logger.warn("Refused a connection", { ...refusal }),
    });
  } catch (error) {
    await identity.close();
    throw error;
  }
  const { host, port } = front.address;
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  await identity.writeAdminProfile(address);
  grpc.setServing(true);
  const { load } = parts;
  grpc.setDeploying(load.refusing === undefined);
  const hearNoMore = load.onRefusing((refusing) => grpc.setDeploying(!refusing));
  return {
    address,
    adminProfileFolder,
    close: async () => {
      closing.abort();
      hearNoMore();
      grpc.setServing(false);
      await front?.close({ graceMs: options.graceMs() });
      grpc.server.forceShutdown();
      await identity.close();
    },
  };
}

/** What an operator sees of a call: numbers always, a line when it went wrong. */
function tell(logger: Logger, metrics: Metrics, call: EndedCall): void {
  const { method, elapsedMs, error, correlationId } = call;
  const outcome = outcomeOf(call);
  if (method === "MessagingService/Call") metrics.called(outcome, elapsedMs);
  if (method === "DeploymentService/Deploy") metrics.deployed(outcome);
  if (error?.code === "INTERNAL") {
    const { cause } = error;
    const detail = cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause);
    logger.error("A request failed by the server's own fault", { method, correlationId, cause: detail });
  } else if (error !== undefined) {
    logger.debug("A request failed", { method, correlationId, reason: error.code, message: error.message });
  }
}

function outcomeOf({ error }: EndedCall): Outcome {
  if (error === undefined) return "ok";
  const { status } = catalogue[error.code];
  if (status === "DEADLINE_EXCEEDED") return "timed_out";
  return status === "PERMISSION_DENIED" || status === "RESOURCE_EXHAUSTED" ? "refused" : "failed";
}
