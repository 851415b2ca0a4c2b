import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { describeExit, isExpected } from "@solo/actor-core";
import { type LimitName, limitNames, type TenantLimitName, tenantLimitNames } from "@solo/notation";
import { customAlphabet } from "nanoid";
import { type AuditFeed, openAuditFeed } from "./audit/audit-feed.ts";
import { FileSink } from "./audit/file-sink.ts";
import { believedClock } from "./authority/believed-clock.ts";
import { kernelTenant } from "./authority/names.ts";
import { openUsesJournal } from "./authority/uses-journal.ts";
import { openSandbox } from "./cells/sandbox.ts";
import { type Config, formatProblems, limitSetting, loadConfig, tenantSetting } from "./config/index.ts";
import { type Gateway, openGateway } from "./gateway/open-gateway.ts";
import { type Kernel, startKernel } from "./kernel/kernel.ts";
import { openHostVitals } from "./observability/host-vitals.ts";
import { openMetricsServer } from "./observability/metrics-server.ts";
import { createMetrics } from "./observability/prometheus-metrics.ts";
import { createLogger } from "./observability/winston-logger.ts";
import { openReceipts, type Receipts } from "./receipts/receipts.ts";
import { type OnCommitted, openSqliteStorage } from "./storage/index.ts";
import { systemClock } from "./system-clock.ts";
import { openKeySeal } from "./vault/key-seal.ts";

const version: string = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;

process.exitCode = await main();

async function main(): Promise<number> {
  const loaded = loadConfig({
    argv: process.argv.slice(2),
    env: process.env,
    readFile: (path) => readFileSync(path, "utf8"),
  });
  switch (loaded.kind) {
    case "text":
      process.stdout.write(`${loaded.text}\n`);
      return 0;
    case "version":
      process.stdout.write(`${version}\n`);
      return 0;
    case "problems":
      process.stderr.write(
        `Cannot start solo-server: its configuration has problems\n${formatProblems(loaded.problems)}\n`,
      );
      return 2;
    case "ok":
      return serve(loaded.config);
  }
}

/** Runs the server until it is told to stop. @returns The exit code. */
async function serve(config: Config): Promise<number> {
  const logger = createLogger({ level: config.logLevel, format: config.logFormat, stream: process.stderr });
  const metrics = createMetrics();
  const dataFolder = resolve(config.dataFolder);
  let kernel: Kernel | undefined;
  let receipts: Receipts | undefined;
  let audit: AuditFeed | undefined;
  let gateway: Gateway | undefined;
  let { graceMs } = config;
  let port = config.listenPort;
  let { httpPort } = config;
  const stop = (askedGraceMs?: number): void => {
    graceMs = askedGraceMs ?? graceMs;
    logger.info("Stopping", { graceMs });
    void kernel?.stop({ graceMs });
  };

  const onCommitted: OnCommitted = (changes, elapsedMs) => {
    metrics.committed(changes, elapsedMs);
    receipts?.changed();
    audit?.changed();
  };

  let metricsServer: Awaited<ReturnType<typeof openMetricsServer>> | undefined;
  try {
    if (config.metricsPort !== "off") {
      metricsServer = await openMetricsServer({ host: config.metricsHost, port: config.metricsPort, metrics });
    }
    const openMetricsAt = metricsServer === undefined ? undefined : `${config.metricsHost}:${metricsServer.port}`;
    kernel = await startKernel({
      clock: systemClock,
      logger,
      metrics,
      version,
      capacity: {
        memoryBytes: machineMemory(),
        cpuPercent: availableParallelism() * 100,
        memoryOvercommit: config.memoryOvercommit,
        cpuOvercommit: config.cpuOvercommit,
      },
      quotaDefaults: quotaDefaults(config),
      rootKey:
        config.vaultUnseal === "passphrase"
          ? { kind: "passphrase" }
          : { kind: "key-file", path: resolve(dataFolder, config.vaultKeyFile) },
      vitals: openHostVitals({ dataFolder }),
      openStorage: () => openSqliteStorage({ folder: dataFolder, clock: believedClock(systemClock), onCommitted }),
      drivers: { allowAddresses: config.netAllowAddresses, scratchFolder: join(dataFolder, "scratch") },
      openReceipts: async (storage) =>
        (receipts = await openReceipts({
          folder: join(dataFolder, "receipts"),
          keyFolder: join(dataFolder, "identity"),
          serverId: dataFolderId(dataFolder),
          storage,
          kernelTenant,
          clock: systemClock,
          logger,
        })),
      openAudit: async (storage) => {
        if (config.auditFile === "off") return undefined;
        const sink = new FileSink({ path: config.auditFile, maxBytes: config.auditFileBytes });
        return (audit = await openAuditFeed({ sink, storage, kernelTenant, clock: systemClock, logger, metrics }));
      },
      openKeySeal: () => openKeySeal(join(dataFolder, "identity", "signing.key")),
      openUsesJournal: () => openUsesJournal(join(dataFolder, "uses"), systemClock.wallMs()),
      openSandbox: () =>
        openSandbox({
          dataFolderId: dataFolderId(dataFolder),
          clock: systemClock,
          poolSize: config.poolSize,
          poolMost: config.poolMost,
          freezeAfterMs: config.freezeAfterMs,
          programsFolder: join(dataFolder, "programs"),
          allowance: { programs: config.hostPrograms, libraries: config.hostLibraries === "yes" },
          minimum: {
            ...(config.isolationMinimum === "best" ? {} : { confinement: config.isolationMinimum }),
            ...(config.limitsMinimum === "best" ? {} : { limits: config.limitsMinimum }),
          },
          log: (level, message) => logger[level](message),
        }),
      openGateway: async (parts) => {
        gateway = await openGateway(parts, {
          dataFolder,
          host: config.listenHost,
          port,
          httpPort,
          version,
          clock: systemClock,
          logger,
          metrics,
          openMetricsAt,
          receipts: receipts as Receipts,
          audit,
          defaults: {
            ...limitDefaults(config),
            maxRestarts: config.serviceMaxRestarts,
            restartPeriodMs: config.serviceRestartPeriodMs,
          },
          callsInFlight: config.callsInFlight,
          hostNames: config.listenNames,
          certificateLifeMs: config.certificateLifeMs,
          graceMs: () => graceMs,
          // After the answer is on its way.
          stop: (askedGraceMs) => setImmediate(stop, askedGraceMs),
        });
        // A gateway that is started again must be found where clients know it.
        port = portOf(gateway.address);
        if (gateway.httpAddress !== undefined) httpPort = portOf(gateway.httpAddress);
        return gateway;
      },
    });
  } catch (error) {
    await metricsServer?.close();
    process.stderr.write(`Cannot start solo-server: ${error instanceof Error ? error.message : String(error)}\n`);
    logger.debug("The start failed", { stack: error instanceof Error ? error.stack : undefined });
    return 1;
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop());
  announce(config, kernel, gateway as Gateway, metricsServer?.port);
  // Nothing else keeps the process alive once everything is closed.
  const alive = setInterval(() => undefined, 2_147_483_647);
  const reason = await kernel.ended;
  clearInterval(alive);
  await metricsServer?.close();
  if (isExpected(reason)) return 0;
  logger.error("The kernel ended", { reason: describeExit(reason) });
  return 1;
}

/** The operator's word about the limits of a manifest that says nothing. */
function limitDefaults(config: Config): Record<LimitName, number> {
  const named = limitNames.map((name) => [name, config[limitSetting(name)]]);
  return Object.fromEntries(named);
}

/** The operator's word about tenants for which no quota is set. */
function quotaDefaults(config: Config): Record<TenantLimitName, number> {
  const named = tenantLimitNames.map((name) => [name, config[tenantSetting(name)]]);
  return Object.fromEntries(named);
}

/** Bytes that this process and its cells can have: of the machine, or of the container that it runs in. */
function machineMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

/** The one line on standard output: whoever started the server waits for it. */
function announce(config: Config, kernel: Kernel, gateway: Gateway, metricsPort: number | undefined): void {
  const { sandbox } = kernel.parts().deployments;
  const { confinement, limitsLevel } = sandbox;
  const { address: grpc, httpAddress: http, adminProfileFolder: profile } = gateway;
  const metrics = metricsPort === undefined ? undefined : `${config.metricsHost}:${metricsPort}`;
  const line =
    config.logFormat === "json"
      ? JSON.stringify({
          event: "ready",
          grpc,
          http,
          metrics,
          profile,
          confinement,
          limits: limitsLevel,
          pid: process.pid,
          version,
        })
      : `solo-server ${version} is ready: gRPC on ${grpc}, ${http === undefined ? "" : `HTTP on https://${http}, `}${metrics === undefined ? "" : `metrics open on http://${metrics}/metrics, `}profile in ${profile}\n` +
        `Isolation here: confinement ${confinement}, limits ${limitsLevel}`;
  process.stdout.write(`${line}\n`);
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

/** Names this installation's control groups, so that two servers never sweep each other. Made once. */
function dataFolderId(folder: string): string {
  const file = join(folder, "id");
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const id = customAlphabet("0123456789abcdefghijklmnopqrstuvwxyz", 16)();
    writeFileSync(file, `${id}\n`, { mode: 0o600 });
    return id;
  }
}
