import { join } from "node:path";
import { kernelTenant } from "../src/authority/names.ts";
import { openSandbox } from "../src/cells/sandbox.ts";
import { type Gateway, openGateway } from "../src/gateway/open-gateway.ts";
import { type Kernel, startKernel } from "../src/kernel/kernel.ts";
import { serviceDefaults } from "../src/limits.ts";
import { silentLogger as logger } from "../src/observability/logger.ts";
import { noMetrics as metrics } from "../src/observability/metrics.ts";
import type { Storage } from "../src/ports/storage.ts";
import { openReceipts, type Receipts } from "../src/receipts/receipts.ts";
import type { systemClock } from "../src/system-clock.ts";

/** What a test has in its hands. */
export interface InProcessOptions {
  /** The data folder. */
  readonly folder: string;
  /** Of {@link testFolderId}: the same again for a server on the same folder. */
  readonly dataFolderId: string;
  readonly clock: typeof systemClock;
  readonly openStorage: () => Promise<Storage>;
  /** Addresses of this machine that services may fetch from; none when left out. */
  readonly allowAddresses?: readonly string[];
  readonly certificateLifeMs?: number;
}

/**
 * Starts a whole server in this process: real sockets, cells and disk, with the clock and the storage that a test gives it. The
 * caller must stop the kernel.
 */
export async function startInProcess(options: InProcessOptions): Promise<{ kernel: Kernel; gateway: Gateway }> {
  const { folder, dataFolderId, clock, openStorage, allowAddresses = [], certificateLifeMs = 86_400_000 } = options;
  let receipts: Receipts;
  let opened: Gateway | undefined;
  const kernel = await startKernel({
    clock,
    logger,
    metrics,
    version: "test",
    capacity: { memoryBytes: 2 ** 33, cpuPercent: 200, memoryOvercommit: 8, cpuOvercommit: 8 },
    rootKey: { kind: "key-file", path: join(folder, "vault", "root.key") },
    drivers: { allowAddresses, scratchFolder: join(folder, "scratch") },
    openStorage,
    openReceipts: async (storage) =>
      (receipts = await openReceipts({
        folder: join(folder, "receipts"),
        keyFolder: join(folder, "identity"),
        serverId: dataFolderId,
        storage,
        kernelTenant,
        clock,
        logger,
      })),
    openSandbox: () =>
      openSandbox({
        dataFolderId,
        clock,
        poolSize: 1,
        poolMost: 2,
        freezeAfterMs: 60_000,
        programsFolder: join(folder, "programs"),
        allowance: { programs: [], libraries: false },
        minimum: {},
        log: () => undefined,
      }),
    openGateway: async (parts) =>
      (opened = await openGateway(parts, {
        dataFolder: folder,
        host: "127.0.0.1",
        port: 0,
        httpPort: 0,
        version: "test",
        clock,
        logger,
        metrics,
        openMetricsAt: undefined,
        receipts,
        audit: undefined,
        defaults: serviceDefaults,
        callsInFlight: 1_000,
        hostNames: [],
        certificateLifeMs,
        graceMs: () => 1_000,
        stop: () => undefined,
      })),
  });
  if (opened === undefined) throw new Error("The kernel has opened no gateway");
  return { kernel, gateway: opened };
}
