import { join } from "node:path";
import { DeploymentServiceService } from "@solo/proto";
import { nanoid } from "nanoid";
import { Invitations } from "../administration/invitations.ts";
import type { AuditFeed } from "../audit/audit-feed.ts";
import { type Authority, longestLifeSeconds } from "../authority/authority.ts";
import { kernelTenant } from "../authority/names.ts";
import { operatorGrants } from "../authority/standing.ts";
import type { ManifestDefaults } from "../deployment/manifest.ts";
import { catalogue } from "../errors.ts";
import { recordOf } from "../identity/certificate-register.ts";
import { CertificateRegister, type Identity, type IssuedCertificate, openIdentity } from "../identity/index.ts";
import type { KernelParts } from "../kernel/kernel.ts";
import { requestBytesPerTenant } from "../limits.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics, Outcome } from "../observability/metrics.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Receipts } from "../receipts/receipts.ts";
import { StorageFull } from "../storage/errors.ts";
import { farewell, refusedConnection } from "./farewell.ts";
import { createApi } from "./grpc/api.ts";
import { BusyPoll } from "./grpc/busy-poll.ts";
import type { EndedCall, MethodContext } from "./grpc/method.ts";
import { createGrpcServer } from "./grpc/server.ts";
import { createHttpServer, type HttpServer } from "./http/http-server.ts";
import { InFlight } from "./in-flight.ts";
import { Peers } from "./peers.ts";
import { RequestBytes } from "./request-bytes.ts";
import { openTlsFront, type TlsFront, type TlsFrontOptions } from "./tls/index.ts";

export interface GatewayOptions {
  readonly dataFolder: string;
  readonly host: string;
  readonly port: number;
  /** 0 takes a free one; off opens none. */
  readonly httpPort: number | "off";
  readonly version: string;
  readonly defaults: ManifestDefaults;
  /** Calls and casts of all clients that are served at one time. */
  readonly callsInFlight: number;
  /** Names and addresses that clients know the server by, beside its own address. */
  readonly hostNames: readonly string[];
  /** Of an agent's. */
  readonly certificateLifeMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** `host:port` where whoever is on this host reads the metrics; undefined where nobody does. */
  readonly openMetricsAt: string | undefined;
  readonly receipts: Receipts;
  /** Where every event is written too; undefined for nowhere. */
  readonly audit: Pick<AuditFeed, "check"> | undefined;
  /** Milliseconds that calls under way may take once the gateway closes. */
  readonly graceMs: () => number;
  /** Begins the ordered stop of the whole server. */
  readonly stop: (graceMs: number | undefined) => void;
}

export interface Gateway {
  /** `host:port` that clients reach it by. */
  readonly address: string;
  /** The same for HTTP, where it is on. */
  readonly httpAddress: string | undefined;
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
  // What has expired stays so, wherever the clock is set.
  const unreturning: Clock = { ...clock, wallMs: () => Math.max(clock.wallMs(), parts.authority.latestMs) };
  const register = await CertificateRegister.open({ state: parts.storage.state, clock });
  parts.deployments.signing.refuseKeys((keyThumbprint) => register.isRevoked(keyThumbprint));
  const identity: Identity = await openIdentity({
    folder: join(dataFolder, "identity"),
    adminProfileFolder,
    clock,
    hostNames: [...options.hostNames, ...(options.host === "0.0.0.0" || options.host === "::" ? [] : [options.host])],
    agentLifeMs: options.certificateLifeMs,
    isRevoked: (keyThumbprint) => register.isRevoked(keyThumbprint),
    onAdminIssued: (issued) => keepAdminCertificate({ register, state: parts.storage.state, clock }, issued),
    onRenewalFailed: (error) =>
      logger.error("Cannot renew certificates; trying again in an hour", { error: String(error) }),
  });
  const closing = new AbortController();
  const isStopping = () => closing.signal.aborted;
  const { storage, deployments, denials, authority } = parts;

  const { state, events } = storage;
  await holdAsOperator(authority, state, identity);
  const { requests, directory, sandbox, quotas } = deployments;
  const inFlight = new InFlight({
    allowed: (tenant) => quotas.allowed(tenant, "callsInFlight"),
    reached: (tenant, facts) => quotas.reached(tenant, "callsInFlight", facts),
    total: options.callsInFlight,
    metrics,
  });
  const requestBytes = new RequestBytes(requestBytesPerTenant);
  const peers = new Peers(authority);
  const methods: MethodContext = {
    authority,
    denials,
    closing: closing.signal,
    poll: new BusyPoll({ nowMs: clock.nowMs, nextTurn: setImmediate }),
    onEnded: (call) => tell(logger, metrics, call),
  };
  // Told by each face's own front who is at the other end.
  const fronts: { grpc?: TlsFront; http?: TlsFront } = {};
  const api = createApi({
    methods,
    inFlight,
    deployments,
    defaults: options.defaults,
    messaging: parts.messaging,
    lending: parts.lending,
    events,
    receipts: options.receipts,
    certificates: {
      identity,
      state,
      requests,
      authority,
      register,
      invitations: await Invitations.open({ state, clock: unreturning }),
      denials,
      clock: unreturning,
      endConnections: (keyThumbprint) => {
        for (const front of [fronts.grpc, fronts.http]) front?.endConnections(keyThumbprint);
      },
    },
    capabilities: { authority, state, requests, clock, administrator: identity.adminKeyThumbprint },
    secrets: { vault: parts.vault, state, requests },
    kernel: {
      state,
      vault: parts.vault,
      requests,
      sandbox,
      directory,
      receipts: options.receipts,
      audit: options.audit,
      load: parts.load,
      metrics,
      openMetricsAt: options.openMetricsAt,
      dataFolder,
      version: options.version,
      stop: options.stop,
    },
  });
  const verdictOf = (face: keyof typeof fronts) => (peer: string) => (fronts[face] as TlsFront).verdictOf(peer);
  const open = (port: number, server: TlsFrontOptions["server"]) =>
    openTlsFront({
      host: options.host,
      port,
      identity,
      clock: unreturning,
      server,
      farewell,
      onRefused: (refusal) => {
        const { code, facts } = refusedConnection(refusal.reason) ?? {};
        logger.warn("Refused a connection", { ...refusal, code, wanted: facts?.wanted });
      },
    });
  const grpc = createGrpcServer({
    gate: {
      verdictOf: verdictOf("grpc"),
      denials,
      isStopping,
      inFlight,
      requestBytes,
      // While its message is still being read, a cell gets going.
      onHead: (path) => {
        if (path === DeploymentServiceService.deploy.path) sandbox.rouse();
      },
    },
    callerOf: (peer) => peers.of(fronts.grpc as TlsFront, peer),
    api,
  });
  let http: HttpServer | undefined;
  try {
    fronts.grpc = await open(options.port, grpc.server);
    if (options.httpPort !== "off") {
      http = await createHttpServer({
        gate: { verdictOf: verdictOf("http"), denials, isStopping },
        callerOf: (peer) => peers.of(fronts.http as TlsFront, peer),
        api,
        methods,
        messaging: parts.messaging,
        clock,
        inFlight,
        version: options.version,
        closing: closing.signal,
      });
      fronts.http = await open(options.httpPort, http.server);
    }
  } catch (error) {
    await fronts.grpc?.close({ graceMs: 0 });
    await http?.close();
    grpc.server.forceShutdown();
    await identity.close();
    throw error;
  }
  const address = addressOf(fronts.grpc);
  await identity.writeAdminProfile(address);
  grpc.setServing(true);
  const { load } = parts;
  grpc.setDeploying(load.refusing === undefined);
  const hearNoMore = load.onRefusing((refusing) => grpc.setDeploying(!refusing));
  return {
    address,
    httpAddress: fronts.http === undefined ? undefined : addressOf(fronts.http),
    adminProfileFolder,
    close: async () => {
      closing.abort();
      hearNoMore();
      grpc.setServing(false);
      const graceMs = options.graceMs();
      await Promise.all([fronts.grpc?.close({ graceMs }), fronts.http?.close({ graceMs })]);
      grpc.server.forceShutdown();
      await http?.close();
      await identity.close();
    },
  };
}

/** Administrators stand above tenants, and so do their certificates. */
async function keepAdminCertificate(
  {
    register,
    state,
    clock,
  }: { readonly register: CertificateRegister; readonly state: StateStore; readonly clock: Clock },
  issued: IssuedCertificate,
): Promise<void> {
  const record = { ...recordOf(issued, clock.wallMs()), tenant: kernelTenant };
  const { spiffeId, serialNumber, expiresAtMs } = record;
  const event = {
    body: { type: "certificate.issued", spiffeId, serialNumber, expiresAtMs },
    correlationId: nanoid(),
    actor: "kernel",
  } as const;
  await state
    .commit({ tenant: kernelTenant, events: [event], puts: [register.put(record)] })
    .catch((error: unknown) => {
      // A full disk does not keep the server from serving what it has.
      if (!(error instanceof StorageFull)) throw error;
    });
  register.know(record);
}

/** The local administrator's key holds everything, from the first boot on; again with what a newer server has more. */
async function holdAsOperator(authority: Authority, state: StateStore, identity: Identity): Promise<void> {
  const { adminKeyThumbprint: thumbprint } = identity;
  const held = authority.standingOf(thumbprint);
  if (held.some(({ grants }) => JSON.stringify(grants) === JSON.stringify(operatorGrants))) return;
  const prepared = await authority.prepare({
    tenant: kernelTenant,
    holder: { kind: "thumbprint", thumbprint },
    grants: operatorGrants,
    lifetimeSeconds: longestLifeSeconds,
    label: "operator",
    standing: true,
  });
  const { event: body, puts } = prepared;
  await state.commit({
    tenant: kernelTenant,
    events: [{ body, correlationId: nanoid(), actor: "kernel" }],
    puts,
  });
  prepared.taken();
}

function addressOf({ address: { host, port } }: TlsFront): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
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
