import { type LimitName, limitRow } from "@solo/notation";
import {
  ArtifactKind,
  Confinement,
  Health,
  HttpAccess,
  LimitsLevel,
  LogLevel,
  Packaging,
  ProgramProtocol,
  RestartKind,
  type Service,
  ServiceState,
  type Usage,
  LimitAction as WireLimitAction,
  type LimitUse as WireLimitUse,
  type LogLine as WireLogLine,
  type Program as WireProgram,
} from "@solo/proto";
import { formatGrant } from "../../authority/grant-text.ts";
import type { Program } from "../../ports/artifact.ts";
import type { LogLine } from "../../services/log-buffer.ts";
import { stallWords } from "../../services/progress.ts";
import type { LimitUse, ServiceView } from "../../services/service-view.ts";

/** A service as the API shows it. */
export const toServiceMessage = (view: ServiceView): Service => ({
  tenant: view.tenant,
  serviceId: view.serviceId,
  state: states[view.state],
  version: view.version,
  artifactSha256: view.artifactSha256,
  fileName: view.fileName,
  deployedAt: new Date(view.deployedAtMs),
  startedAt: view.startedAtMs === undefined ? undefined : new Date(view.startedAtMs),
  restarts: view.restarts,
  processId: view.processId,
  lastCause:
    view.lastCause === undefined
      ? undefined
      : {
          kind: view.lastCause.kind,
          message: view.lastCause.message,
          location: view.lastCause.location === undefined ? undefined : { ...view.lastCause.location },
          detail: view.lastCause.detail ?? "",
          limit: view.lastCause.limit?.name ?? "",
          stall: view.lastCause.stall ?? "",
        },
  manifest: {
    environment: { ...view.manifest.environment },
    logLevel: logLevels[view.manifest.logLevel],
    limits: {
      ...view.manifest.limits,
      memoryBytes: BigInt(view.manifest.limits.memoryBytes),
      mailboxBytes: BigInt(view.manifest.limits.mailboxBytes),
      soft: byWireName(view.manifest.softLimits, BigInt),
      actions: byWireName(view.manifest.limitActions, (action) => limitActions[action]),
    },
    restart: restartKinds[view.manifest.restart],
    maxRestarts: view.manifest.maxRestarts,
    restartPeriodMs: view.manifest.restartPeriodMs,
    startArguments: Buffer.from(view.manifest.startArguments),
    grants: (view.manifest.grants ?? []).map(formatGrant),
    httpAccess: view.manifest.httpAccess === "public" ? HttpAccess.HTTP_ACCESS_PUBLIC : HttpAccess.HTTP_ACCESS_TENANT,
  },
  confinement: confinements[view.confinement],
  limitsLevel: limitsLevels[view.limitsLevel],
  calls: [...view.calls],
  casts: [...view.casts],
  contractJson: view.contract ?? "",
  usage: toUsageMessage(view),
  health: healths[view.health.kind],
  healthReason: healthReason(view),
  limits: (view.limits ?? []).map(toLimitUse),
  kind: artifactKinds[view.form.kind],
  program: view.form.kind === "binary" ? toProgramMessage(view.form.program) : undefined,
});

function byWireName<Value, Wire>(
  values: { readonly [Name in LimitName]?: Value },
  toWire: (value: Value) => Wire,
): { [key: string]: Wire } {
  const entries = Object.entries(values) as [LimitName, Value][];
  return Object.fromEntries(entries.map(([name, value]) => [limitRow(name).wireName, toWire(value)]));
}

function healthReason({ health }: ServiceView): string {
  switch (health.kind) {
    case "healthy":
      return "";
    case "unhealthy":
      return `found to stand still at ${new Date(health.sinceMs).toISOString()}: ${stallWords[health.stall]}`;
    case "degraded":
      return `over its limit ${limitRow(health.limit).wireName} since ${new Date(health.sinceMs).toISOString()}`;
  }
}

const toLimitUse = ({
  limit,
  used,
  allowed,
  soft,
  action,
  keptBy,
  timesNeared,
  timesReached,
}: LimitUse): WireLimitUse => ({
  limit: limitRow(limit).wireName,
  used: used === undefined ? undefined : BigInt(Math.round(used)),
  allowed: BigInt(Math.round(allowed)),
  soft: soft === undefined ? undefined : BigInt(Math.round(soft)),
  action: limitActions[action],
  keptBy,
  timesNeared: BigInt(timesNeared),
  timesReached: BigInt(timesReached),
});

const toProgramMessage = ({ packaging, entry, protocol, arguments: args }: Program): WireProgram => ({
  packaging: packagings[packaging],
  entry,
  protocol: protocols[protocol],
  arguments: [...args],
});

/** Usage beside what is allowed; undefined while the service has no cell. */
export const toUsageMessage = (view: ServiceView): Usage | undefined =>
  view.usage === undefined
    ? undefined
    : {
        memoryBytes: BigInt(Math.round(view.usage.memoryBytes)),
        memoryLimitBytes: BigInt(view.manifest.limits.memoryBytes),
        cpuMicros: BigInt(Math.round(view.usage.cpuMicros)),
        processes: view.usage.processes,
        processesLimit: view.manifest.limits.processes,
        mailboxMessages: view.mailboxMessages,
        openFiles: view.usage.openFiles,
        scratchBytes: view.usage.scratchBytes === undefined ? undefined : BigInt(view.usage.scratchBytes),
      };

export const toLogLineMessage = (serviceId: string, line: LogLine): WireLogLine => ({
  sequence: BigInt(line.sequence),
  at: new Date(line.atMs),
  level: logLevels[line.level],
  text: line.text,
  serviceId,
  correlationId: line.correlationId ?? "",
});

export const confinements = {
  "process-only": Confinement.CONFINEMENT_PROCESS_ONLY,
  confined: Confinement.CONFINEMENT_CONFINED,
  full: Confinement.CONFINEMENT_FULL,
} as const;

export const limitsLevels = {
  watched: LimitsLevel.LIMITS_LEVEL_WATCHED,
  enforced: LimitsLevel.LIMITS_LEVEL_ENFORCED,
} as const;

const artifactKinds = {
  source: ArtifactKind.ARTIFACT_KIND_SOURCE,
  bundle: ArtifactKind.ARTIFACT_KIND_BUNDLE,
  binary: ArtifactKind.ARTIFACT_KIND_BINARY,
} as const;

const packagings = {
  executable: Packaging.PACKAGING_EXECUTABLE,
  tarball: Packaging.PACKAGING_TARBALL,
} as const;

const protocols = {
  frames: ProgramProtocol.PROGRAM_PROTOCOL_FRAMES,
  lines: ProgramProtocol.PROGRAM_PROTOCOL_LINES,
  http: ProgramProtocol.PROGRAM_PROTOCOL_HTTP,
} as const;

const states = {
  starting: ServiceState.SERVICE_STATE_STARTING,
  running: ServiceState.SERVICE_STATE_RUNNING,
  restarting: ServiceState.SERVICE_STATE_RESTARTING,
  stopping: ServiceState.SERVICE_STATE_STOPPING,
  stopped: ServiceState.SERVICE_STATE_STOPPED,
  failed: ServiceState.SERVICE_STATE_FAILED,
  killed: ServiceState.SERVICE_STATE_KILLED,
} as const;

const limitActions = {
  kill: WireLimitAction.LIMIT_ACTION_KILL,
  throttle: WireLimitAction.LIMIT_ACTION_THROTTLE,
  warn: WireLimitAction.LIMIT_ACTION_WARN,
} as const;

const healths = {
  healthy: Health.HEALTH_HEALTHY,
  degraded: Health.HEALTH_DEGRADED,
  unhealthy: Health.HEALTH_UNHEALTHY,
} as const;

const restartKinds = {
  permanent: RestartKind.RESTART_KIND_PERMANENT,
  transient: RestartKind.RESTART_KIND_TRANSIENT,
  temporary: RestartKind.RESTART_KIND_TEMPORARY,
} as const;

const logLevels = {
  debug: LogLevel.LOG_LEVEL_DEBUG,
  info: LogLevel.LOG_LEVEL_INFO,
  warn: LogLevel.LOG_LEVEL_WARN,
  error: LogLevel.LOG_LEVEL_ERROR,
} as const;
