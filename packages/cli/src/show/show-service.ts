import { formatDuration, limitNamed, limitNames, limitRow } from "@solo/notation";
import {
  type Cause,
  HttpAccess,
  type LimitUse,
  type Manifest,
  type Program,
  type Service,
  type Usage,
} from "@solo/proto";
import { formatTable, type TableCell } from "../table.ts";
import { type Paint, terminalText } from "../terminal-text.ts";
import { contractJson, contractText, initLine, methodLines } from "./show-contract.ts";
import { timeJson, timeText } from "./show-time.ts";
import {
  artifactKinds,
  confinements,
  healths,
  limitActions,
  limitsLevels,
  logLevels,
  packagings,
  protocols,
  restartKinds,
  serviceStates,
  wordOf,
} from "./words.ts";

/** A service as `--json` shows it. Every key is always there; null where there is nothing. */
export function serviceJson(service: Service): Record<string, unknown> {
  return {
    id: service.serviceId,
    tenant: service.tenant,
    state: wordOf(serviceStates, service.state),
    version: service.version,
    kind: wordOf(artifactKinds, service.kind),
    program: service.program === undefined ? null : programJson(service.program),
    fileName: service.fileName,
    artifactSha256: service.artifactSha256,
    deployedAt: timeJson(service.deployedAt),
    startedAt: timeJson(service.startedAt),
    restarts: service.restarts,
    processId: service.processId === 0 ? null : service.processId,
    lastCause: service.lastCause === undefined ? null : causeJson(service.lastCause),
    calls: service.calls,
    casts: service.casts,
    contract: contractJson(service),
    confinement: wordOf(confinements, service.confinement),
    limitsLevel: wordOf(limitsLevels, service.limitsLevel),
    health: wordOf(healths, service.health),
    healthReason: service.healthReason === "" ? null : service.healthReason,
    usage: service.usage === undefined ? null : usageJson(service.usage),
    limits: service.limits.map(limitUseJson),
    manifest: service.manifest === undefined ? null : manifestJson(service.manifest),
  };
}

/** One limit as `--json` shows it; null where there is nothing. */
export function limitUseJson(use: LimitUse): Record<string, unknown> {
  return {
    limit: use.limit,
    used: use.used === undefined ? null : Number(use.used),
    soft: use.soft === undefined ? null : Number(use.soft),
    allowed: Number(use.allowed),
    action: wordOf(limitActions, use.action),
    keptBy: use.keptBy,
    timesNeared: Number(use.timesNeared),
    timesReached: Number(use.timesReached),
  };
}

function programJson({ packaging, entry, protocol, arguments: args }: Program): Record<string, unknown> {
  return {
    packaging: wordOf(packagings, packaging),
    entry: entry === "" ? null : entry,
    protocol: wordOf(protocols, protocol),
    arguments: args,
  };
}

export function usageJson(usage: Usage): Record<string, number> {
  return {
    memoryBytes: Number(usage.memoryBytes),
    memoryLimitBytes: Number(usage.memoryLimitBytes),
    cpuMicros: Number(usage.cpuMicros),
    processes: usage.processes,
    processesLimit: usage.processesLimit,
    mailboxMessages: usage.mailboxMessages,
  };
}

function causeJson(cause: Cause): Record<string, unknown> {
  return {
    kind: cause.kind,
    message: cause.message,
    limit: cause.limit === "" ? null : cause.limit,
    stall: cause.stall === "" ? null : cause.stall,
    file: cause.location?.file ?? null,
    line: cause.location?.line ?? null,
    column: cause.location?.column ?? null,
    detail: cause.detail === "" ? null : cause.detail,
  };
}

function manifestJson(manifest: Manifest): Record<string, unknown> {
  const { limits } = manifest;
  return {
    environment: environmentOf(manifest),
    logLevel: wordOf(logLevels, manifest.logLevel),
    restart: wordOf(restartKinds, manifest.restart),
    http: manifest.httpAccess === HttpAccess.HTTP_ACCESS_PUBLIC ? "public" : "tenant",
    maxRestarts: manifest.maxRestarts ?? null,
    restartPeriodMs: manifest.restartPeriodMs,
    startArguments: parsedOrNull(manifest.startArguments),
    limits:
      limits === undefined
        ? null
        : {
            ...Object.fromEntries(limitNames.map((name) => [name, Number(limits[name])])),
            soft: Object.fromEntries(Object.entries(limits.soft).map(([name, value]) => [name, Number(value)])),
            actions: Object.fromEntries(
              Object.entries(limits.actions).map(([name, action]) => [name, wordOf(limitActions, action)]),
            ),
          },
  };
}

function environmentOf(manifest: Manifest): Record<string, string> {
  const { environment } = manifest;
  return Object.fromEntries(environment instanceof Map ? environment : Object.entries(environment));
}

function parsedOrNull(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return [];
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** One line about a service, after something was done with it; its state where that does not say the same. */
export function serviceLine(service: Service, done: string, paint: Paint): string {
  const state = wordOf(serviceStates, service.state) === done ? "" : `${stateText(service, paint)}, `;
  return `${paint.bold(service.serviceId)} ${done}: ${state}version ${service.version}\n`;
}

/** Services as a table for people. */
export function serviceTable(services: readonly Service[], paint: Paint): string {
  const headings = ["ID", "STATE", "KIND", "VERSION", "RESTARTS", "MEMORY", "STARTED", "LAST END"];
  const rows = services.map((service): TableCell[] => [
    service.serviceId,
    { text: wordOf(serviceStates, service.state), paint: () => stateText(service, paint) },
    wordOf(artifactKinds, service.kind),
    String(service.version),
    String(service.restarts),
    service.usage === undefined ? "-" : megabytes(service.usage.memoryBytes),
    timeText(service.startedAt),
    service.lastCause === undefined
      ? "-"
      : terminalText(`${service.lastCause.kind}: ${firstLine(service.lastCause.message)}`),
  ]);
  return formatTable(headings, rows);
}

/** All about one service for people. */
export function serviceText(service: Service, paint: Paint): string {
  const rows: [name: string, value: string][] = [
    ["id", service.serviceId],
    ["tenant", service.tenant],
    ["state", stateText(service, paint)],
    [
      "version",
      `${service.version} (${terminalText(service.fileName)}, sha256 ${service.artifactSha256.slice(0, 12)})`,
    ],
    ["kind", kindText(service)],
    ["deployed", timeText(service.deployedAt)],
    ["started", timeText(service.startedAt)],
    ["health", healthText(service, paint)],
    ["restarts", String(service.restarts)],
    ["process", service.processId === 0 ? "-" : String(service.processId)],
    ["isolation", `${wordOf(confinements, service.confinement)}, limits ${wordOf(limitsLevels, service.limitsLevel)}`],
    ...startRows(service),
    ...methodRows(service, "calls"),
    ...methodRows(service, "casts"),
    ["contract", contractText(service)],
  ];
  const { usage, manifest, lastCause } = service;
  if (usage !== undefined) rows.push(["usage", usageText(usage)]);
  if (manifest !== undefined) {
    const { maxRestarts, restartPeriodMs } = manifest;
    const intensity = maxRestarts === undefined ? "" : `, at most ${maxRestarts} in ${formatDuration(restartPeriodMs)}`;
    rows.push(["restart", `${wordOf(restartKinds, manifest.restart)}${intensity}`]);
    if (manifest.httpAccess === HttpAccess.HTTP_ACCESS_PUBLIC) rows.push(["http", "public: anybody may send requests"]);
    const environment = Object.entries(environmentOf(manifest));
    rows.push(["env", terminalText(environment.map(([name, value]) => `${name}=${value}`).join(" ")) || "-"]);
  }
  if (lastCause !== undefined) {
    const { location } = lastCause;
    const place = location === undefined ? "" : ` at ${location.file}:${location.line}:${location.column}`;
    rows.push(["last end", terminalText(`${lastCause.kind}: ${lastCause.message}${place}`)]);
    for (const line of lastCause.detail === "" ? [] : lastCause.detail.split("\n")) rows.push(["", terminalText(line)]);
  }
  const facts = rows.map(([name, value]) => `${name.padEnd(10)} ${value}`.trimEnd());
  const limits = service.limits.length === 0 ? "" : `\n${limitsText(service.limits)}`;
  return `${facts.join("\n")}\n${limits}`;
}

function startRows(service: Service): [name: string, value: string][] {
  const line = initLine(service);
  return line === undefined ? [] : [["starts by", terminalText(line)]];
}

/** One line for all names; one for each where its contract says more. */
function methodRows(service: Service, group: "calls" | "casts"): [name: string, value: string][] {
  const lines = methodLines(service, group).map((line) => terminalText(line));
  if (contractJson(service) === null) return [[group, lines.join(", ") || "-"]];
  const [first = "-", ...others] = lines;
  return [[group, first], ...others.map((line): [string, string] => ["", line])];
}

/** Used against allowed, one limit a line. */
function limitsText(limits: readonly LimitUse[]): string {
  const headings = ["LIMIT", "USED", "WARNS AT", "ALLOWED", "THEN", "WARNED", "REACHED", "KEPT BY"];
  const rows = limits.map((use) => {
    const shown = (value: bigint | undefined) => (value === undefined ? "-" : limitText(use.limit, Number(value)));
    return [
      use.limit,
      shown(use.used),
      shown(use.soft),
      shown(use.allowed),
      wordOf(limitActions, use.action),
      String(use.timesNeared),
      String(use.timesReached),
      use.keptBy,
    ];
  });
  return formatTable(headings, rows);
}

/** A number of a limit with its unit, which the limit's name tells. */
function limitText(limit: string, value: number): string {
  const name = limitNamed(limit);
  switch (name === undefined ? undefined : limitRow(name).unit) {
    case "bytes":
      if (value < 2 ** 10) return `${value}B`;
      return value < 2 ** 20 ? `${(value / 2 ** 10).toFixed(1)}K` : `${(value / 2 ** 20).toFixed(1)}M`;
    case "ms":
      return formatDuration(value);
    case "percent":
      return `${value}%`;
    default:
      return String(value);
  }
}

function healthText(service: Service, paint: Paint): string {
  const word = wordOf(healths, service.health);
  if (service.healthReason === "") return word;
  return paint.yellow(`${word}: ${terminalText(service.healthReason)}`);
}

function kindText({ kind, program }: Service): string {
  const word = wordOf(artifactKinds, kind);
  if (program === undefined) return word;
  const packed = program.entry === "" ? "" : `, ${terminalText(program.entry)} in a tarball`;
  return `${word}${packed}, speaks ${wordOf(protocols, program.protocol)}`;
}

export function usageText(usage: Usage): string {
  const memory = `memory ${megabytes(usage.memoryBytes)} of ${megabytes(usage.memoryLimitBytes)}`;
  const cpu = `cpu ${(Number(usage.cpuMicros) / 1e6).toFixed(3)} s`;
  return `${memory}, ${cpu}, processes ${usage.processes} of ${usage.processesLimit}, ${usage.mailboxMessages} messages waiting`;
}

function stateText(service: Service, paint: Paint): string {
  const word = wordOf(serviceStates, service.state);
  if (word === "running") return paint.green(word);
  if (word === "failed") return paint.red(word);
  return word === "killed" || word === "stopped" ? paint.dim(word) : paint.yellow(word);
}

function megabytes(bytes: bigint): string {
  return `${(Number(bytes) / 2 ** 20).toFixed(1)}M`;
}

function firstLine(text: string): string {
  const [line = ""] = text.split("\n");
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`;
}
