import {
  type ActorSystem,
  type ChildSpec,
  createActorSystem,
  describeExit,
  Exit,
  type ExitReason,
  type Pid,
  startDynamicSupervisor,
  startSupervisor,
} from "@solo/actor-core";
import { nanoid } from "nanoid";
import { Authority } from "../authority/authority.ts";
import { believedClock } from "../authority/believed-clock.ts";
import { Denials } from "../authority/denials.ts";
import type { KeySeal } from "../authority/key-seal.ts";
import { kernelTenant } from "../authority/names.ts";
import type { UsesJournal } from "../authority/uses-journal.ts";
import type { Capacity, DeploymentContext } from "../deployment/context.ts";
import { type QuotaDefaults, Quotas, usualQuota } from "../deployment/quotas.ts";
import { recover } from "../deployment/recover.ts";
import { Requests } from "../deployment/requests.ts";
import { shedNewest } from "../deployment/shed.ts";
import { Signing } from "../deployment/signing.ts";
import { type DriverAnswer, DriverDispatch } from "../drivers/dispatch.ts";
import { DriverProcesses } from "../drivers/driver-process.ts";
import { DriverSession } from "../drivers/driver-session.ts";
import { unavailable } from "../drivers/refusals.ts";
import { Circuits } from "../messaging/circuits.ts";
import { Directory } from "../messaging/directory.ts";
import { deliverTimer } from "../messaging/due-timer.ts";
import { Lending } from "../messaging/lending.ts";
import { deliverOutgoing, spiffeIdOf } from "../messaging/outgoing.ts";
import type { MessagingContext } from "../messaging/send.ts";
import { LoadWatch } from "../observability/load-watch.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Sandbox } from "../ports/cell.ts";
import type { Clock } from "../ports/clock.ts";
import type { Storage } from "../ports/storage.ts";
import type { Vitals } from "../ports/vitals.ts";
import type { Receipts } from "../receipts/receipts.ts";
import type { DeployedService } from "../services/deployed-service.ts";
import { HealthKeeper } from "../services/health-keeper.ts";
import { Journals, type Step } from "../services/journal.ts";
import { Launcher } from "../services/launcher.ts";
import { LimitReporter } from "../services/limit-reporter.ts";
import { ProgressWatch } from "../services/progress-watch.ts";
import { standingGrant } from "../services/service-authority.ts";
import { UsageWatch } from "../services/usage-watch.ts";
import { StorageFull } from "../storage/errors.ts";
import type { RootKeySource } from "../vault/root-key.ts";
import { Vault } from "../vault/vault.ts";
import { type DriverSettings, type OpenDrivers, openDrivers } from "./open-drivers.ts";
import { type Owned, owner } from "./owner.ts";
import { reportToLog } from "./report-to-log.ts";

/** What differs between a server and a kernel in a test. */
export interface KernelOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  readonly capacity: Capacity;
  /** Of tenants for which the operator has set nothing. Default: the built-in ones. */
  readonly quotaDefaults?: QuotaDefaults;
  /** Where the load of the server itself is read; left out, nothing is ever scarce. */
  readonly vitals?: Vitals | undefined;
  /** What unseals secrets; left out, they stay sealed. */
  readonly rootKey?: RootKeySource | undefined;
  readonly openStorage: () => Promise<Storage>;
  readonly openSandbox: () => Promise<Sandbox>;
  /** Default: nothing is allowed beyond what is safe anywhere. */
  readonly drivers?: DriverSettings;
  /** Vouches for what the storage holds. */
  readonly openReceipts?: (storage: Storage) => Promise<Receipts>;
  /** Writes every event elsewhere too. */
  readonly openAudit?: (storage: Storage) => Promise<Owned | undefined>;
  /** Where uses of capabilities are noted until they are told; left out, a kill loses the counts of the last minute. */
  readonly openUsesJournal?: () => UsesJournal;
  /** What keys that sign are sealed by in the storage; left out, they lie there as they are. */
  readonly openKeySeal?: () => Promise<KeySeal>;
  /** Lets the world in, once everything stands; closed first. */
  readonly openGateway?: (parts: KernelParts) => Promise<Owned>;
}

/** What the use cases stand on, all of one start. */
export interface KernelParts {
  readonly storage: Storage;
  readonly deployments: DeploymentContext;
  readonly messaging: MessagingContext;
  readonly lending: Lending;
  readonly authority: Authority;
  readonly denials: Denials;
  readonly load: LoadWatch;
  readonly vault: Vault;
}

export interface Kernel {
  readonly system: ActorSystem;
  /** The present parts; others after a part has broken and been started again. */
  parts(): KernelParts;
  /**
   * Stops in order: the gateway drains, services stop, cells end, storage closes. After `graceMs` what still runs is killed.
   * Idempotent.
   */
  stop(options: { readonly graceMs: number }): Promise<void>;
  /** Settles with the reason when the kernel has ended, asked or not. */
  readonly ended: Promise<ExitReason>;
}

/**
 * Starts every part under one supervisor, each after what it stands on, and resolves when the gateway is open.
 *
 * @throws What kept a part from starting.
 */
export async function startKernel(options: KernelOptions): Promise<Kernel> {
  const { clock, logger } = options;
  const system = createActorSystem({ clock, report: (report) => reportToLog(logger, report) });
  let storage: Storage | undefined;
  let authority: Authority | undefined;
  let receipts: Receipts | undefined;
  let vault: Vault | undefined;
  let sandbox: Sandbox | undefined;
  let drivers: OpenDrivers | undefined;
  const processes = new DriverProcesses(system);
  let tenants: Pid | undefined;
  let parts: KernelParts | undefined;
  const failures: unknown[] = [];
  const part = (id: string, open: () => Promise<Owned>): ChildSpec => ({
    id,
    shutdown: "infinity",
    start: (supervisor) =>
      supervisor.start(
        owner(() =>
          open().catch((error: unknown) => {
            failures.push(error);
            throw error;
          }),
        ),
        { link: true },
      ),
  });

  let messaging: MessagingContext | undefined;
  const openServices = async (): Promise<Owned> => {
    const started = startServices({
      ...options,
      system,
      storage: storage as Storage,
      authority: authority as Authority,
      vault: vault as Vault,
      sandbox: sandbox as Sandbox,
      drivers: drivers as OpenDrivers,
      processes,
      tenants: tenants as Pid,
    });
    parts = started.parts;
    const { deployments } = started.parts;
    await deployments.quotas.load();
    await deployments.signing.load();
    const recovered = await recover(deployments);
    const { directory } = deployments;
    await drivers?.forgetAllBut(({ tenant, serviceId }) => directory.find(tenant, serviceId) !== undefined);
    // Before, it does not know yet which services there are.
    messaging = started.parts.messaging;
    const begun: Step = {
      events: [{ type: "kernel.started", version: options.version, recovered: recovered.started }],
      origin: { correlationId: nanoid(), actor: "kernel" },
    };
    const journal = deployments.journals.of(kernelTenant, kernelTenant);
    await journal.record(begun).catch((error: unknown) => {
      // A full disk does not keep the server from serving what it has.
      if (!(error instanceof StorageFull)) throw error;
      logger.warn("The disk is full: nothing can be changed until there is room");
      journal.note(begun);
    });
    return started;
  };

  const root = await startSupervisor(system, {
    strategy: "rest-for-one",
    maxRestarts: 3,
    periodMs: 60_000,
    children: [
      part("storage", async () => {
        const opened = await options.openStorage();
        storage = opened;
        return {
          broken: opened.broken,
          close: async () => {
            // Everything else has ended: what it left to be written comes first.
            await parts?.deployments.journals.settled();
            await opened.close();
          },
        };
      }),
      part("receipts", async () => {
        receipts = await options.openReceipts?.(storage as Storage);
        return receipts ?? nothing;
      }),
      part("audit", async () => (await options.openAudit?.(storage as Storage)) ?? nothing),
      part("authority", async () => {
        const { state } = storage as Storage;
        const keySeal = await options.openKeySeal?.();
        return (authority = await Authority.open({ state, clock, usesJournal: options.openUsesJournal?.(), keySeal }));
      }),
      part("vault", async () => {
        const { state, events } = storage as Storage;
        return (vault = await Vault.open({ state, events, clock, logger, receipts, rootKey: options.rootKey }));
      }),
      {
        id: "drivers",
        type: "supervisor",
        start: (supervisor) => {
          messaging = undefined;
          const opened = openDrivers({
            // A timer does not come due by a leap of the clock.
            clock: believedClock(clock),
            state: (storage as Storage).state,
            events: (storage as Storage).events,
            vault: vault as Vault,
            settings: options.drivers ?? { allowAddresses: [] },
            deliverTimer: async (owner, timer) =>
              messaging === undefined ? { kind: "not-now" } : deliverTimer(messaging, owner, timer),
            quota: {
              allowed: (tenant, limit) => parts?.deployments.quotas.allowed(tenant, limit) ?? usualQuota[limit],
              reached: (tenant, limit, facts) => parts?.deployments.quotas.reached(tenant, limit, facts),
            },
            logs: {
              of: ({ tenant, serviceId }) => {
                if (messaging === undefined) throw unavailable("logs");
                return messaging.directory.get(tenant, serviceId).logs;
              },
              whenGone: ({ tenant, serviceId }, tell) => {
                const removed = (service: DeployedService): void => {
                  if (service.tenant === tenant && service.serviceId === serviceId) tell();
                };
                return messaging?.directory.watch({ added: () => undefined, removed }) ?? (() => undefined);
              },
            },
          });
          drivers = opened;
          return startSupervisor(supervisor, {
            strategy: "one-for-one",
            ...driverRestarts,
            children: opened.all.map((driver) => ({
              id: driver.name,
              shutdown: driverStopMs,
              start: (parent) =>
                parent.start(processes.handlerOf(driver), { link: true, label: `driver ${driver.name}` }),
            })),
          });
        },
      },
      part("cells", async () => (sandbox = await options.openSandbox())),
      {
        id: "tenants",
        type: "supervisor",
        start: async (supervisor) => {
          const result = await startDynamicSupervisor(supervisor, {});
          if (result.kind === "ok") tenants = result.pid;
          return result;
        },
      },
      part("services", openServices),
      part("gateway", async () => (await options.openGateway?.(parts as KernelParts)) ?? nothing),
    ],
  });
  if (root.kind !== "ok") {
    throw (
      failures[0] ??
      new Error(`Cannot start the kernel: ${root.kind === "error" ? describeExit(root.reason) : root.kind}`)
    );
  }

  let stopping: Promise<void> | undefined;
  const stop = async (graceMs: number): Promise<void> => {
    const cancel = clock.schedule(graceMs, () => {
      logger.warn("The grace time is over: killing what still runs", { graceMs });
      void sandbox?.close();
    });
    await system.stop(root.pid, { reason: Exit.shutdown });
    cancel();
  };
  return {
    system,
    parts: () => parts as KernelParts,
    stop: ({ graceMs }) => (stopping ??= stop(graceMs)),
    ended: system.exited(root.pid),
  };
}

/** A driver that ends more often takes all services with it, which stand on it. */
const driverRestarts = { maxRestarts: 30, periodMs: 60_000 };
const driverStopMs = 5_000;

/** A part that this kernel does without. */
const nothing: Owned = { close: async () => undefined };

interface StartedServices extends Owned {
  readonly parts: KernelParts;
}

/** The part that knows which services there are and keeps them supervised. */
function startServices(options: {
  readonly system: ActorSystem;
  readonly storage: Storage;
  readonly authority: Authority;
  readonly vault: Vault;
  readonly sandbox: Sandbox;
  readonly drivers: OpenDrivers;
  readonly processes: DriverProcesses;
  readonly tenants: Pid;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly capacity: Capacity;
  readonly quotaDefaults?: QuotaDefaults;
  readonly vitals?: Vitals | undefined;
}): StartedServices {
  const { system, storage, authority, sandbox, clock, metrics, logger, capacity } = options;
  const { state, artifacts } = storage;
  const directory = new Directory();
  const limits = new LimitReporter({ clock, metrics });
  const health = new HealthKeeper(clock);
  const circuits = new Circuits({ clock, metrics });
  const messaging: MessagingContext = { system, authority, directory, clock, limits, health, circuits };
  const denials = new Denials({
    state,
    clock,
    onDenied: ({ method, error, actor }) => {
      metrics.denied();
      logger.warn("Denied a call", { method, reason: error.code, actor });
    },
  });
  // The one place that every answer of a driver passes before the service has it.
  const recordAnswer = ({ driver, outcome }: DriverAnswer): void =>
    metrics.answered(driver, outcome.kind === "refusal" ? "refused" : "ok");
  const dispatch = new DriverDispatch({
    drivers: options.drivers.all,
    processes: options.processes,
    denials,
    record: recordAnswer,
  });
  const lending = new Lending({ authority, drivers: dispatch });
  const launcher = new Launcher({
    system,
    tenants: options.tenants,
    onRestart: () => metrics.restarted(),
    sandbox,
    context: {
      clock,
      limits,
      health,
      onCrashed: (cause) => metrics.crashed(cause.kind),
      driversFor: (serviceId, grants) => dispatch.tableOf([...grants, standingGrant(serviceId)]),
      openOutlet: (service) => {
        const held = service.authority.ofIncarnation();
        const { tenant, serviceId, record } = service;
        const spiffeId = spiffeIdOf(service);
        const session = new DriverSession({ tenant, serviceId, spiffeId, correlationId: record.correlationId }, held);
        const sending = {
          context: messaging,
          processes: options.processes,
          denials,
          lending,
          held,
          record: recordAnswer,
          life: session.signal,
        };
        return {
          deliver: (message) => {
            if (message.kind === "driver-call") void dispatch.answer(session, message);
            else void deliverOutgoing(sending, service, message);
          },
          log: (line) => {
            // Decided when it is said: it may have dropped that.
            if (held.mayLog) options.processes.tell("log", () => service.logs.append(line));
          },
          close: () => session.close(),
        };
      },
    },
  });
  const services = () => directory.all();
  const progress = new ProgressWatch({ services, clock, limits, health });
  const usage = new UsageWatch({ services, clock, limits });
  directory.watch({
    added: () => {
      progress.wake();
      usage.wake();
    },
    removed: (service) => void options.drivers.forget(service),
  });
  const requests = new Requests({ state, clock });
  const journals = new Journals({ state, clock });
  const quotas = new Quotas({ state, clock, metrics, defaults: options.quotaDefaults ?? usualQuota });
  const load = new LoadWatch({
    vitals: options.vitals,
    clock,
    onChanged: (vital, now) => {
      const { resource, used, detail } = vital;
      const usedPercent = Math.round(used * 100);
      logger[now === "normal" ? "info" : "warn"]("The load has changed", { resource, load: now, usedPercent, detail });
      journals.of(kernelTenant, kernelTenant).note({
        events: [{ type: "kernel.load-changed", resource, load: now, usedPercent, detail }],
        origin: { correlationId: nanoid(), actor: "kernel" },
      });
    },
    shed: (vital) => shedNewest(deployments, vital),
  });
  const deployments: DeploymentContext = {
    state,
    artifacts,
    directory,
    authority,
    journals,
    launcher,
    requests,
    quotas,
    signing: new Signing({ state }),
    sandbox,
    clock,
    capacity,
    load,
    kept: (tenant) => options.drivers.kept(tenant),
  };
  metrics.watch({
    servicesRunning: () => [...directory.all()].filter((service) => service.state === "running").length,
    warmCells: () => sandbox.warmCells,
    frozenCells: () => sandbox.frozenCells,
    vitals: () => load.vitals,
  });
  return {
    parts: {
      storage,
      messaging,
      lending,
      authority,
      denials,
      deployments,
      load,
      vault: options.vault,
    },
    close: async () => {
      progress.close();
      usage.close();
      await load.close();
      // From here on an ending service is one that was asked to: it is started again at the next boot.
      for (const service of [...directory.all()]) {
        service.advance({ type: "stopRequested" });
        service.interruptStart?.();
      }
    },
  };
}
