import {
  type ActorSystem,
  dynamicSupervisorRef,
  Exit,
  type Pid,
  StopFailed,
  startDynamicSupervisor,
  startSupervisor,
} from "@solo/actor-core";
import type { Sandbox } from "../ports/cell.ts";
import type { Cause } from "./cause.ts";
import type { DeployedService } from "./deployed-service.ts";
import { type Attempt, type ServiceActorContext, type StartedEvent, serviceActor } from "./service-actor.ts";
import { type GuestRequest, StartingGuest } from "./starting-guest.ts";

/** How a start that somebody waits for went. */
export type LaunchOutcome = { readonly kind: "started" } | { readonly kind: "failed"; readonly cause: Cause };

export interface Launch {
  /** The guest of the first attempt; owned by the launch from now on. */
  readonly guest: StartingGuest;
  /** The source for the attempts after it. */
  readonly source: () => Promise<Uint8Array>;
  /** Puts the acceptance on disk, if it is not there yet. Nothing that the guest sends leaves its cell before. */
  readonly accept: () => Promise<unknown>;
  /** Records the start; what it rejects with makes the start fail. */
  readonly started: (event: StartedEvent) => Promise<void>;
}

/** How long a service's actor may take beyond its guest's own stop time. */
const stopMarginMs = 2_000;

/**
 * Puts services under supervision and takes them out again.
 *
 * Each tenant has a supervisor, each service one of its own below it with the service's restart intensity, so a crash loop
 * spends nobody else's budget. A service's supervisor is temporary: when it gives up, the service is `failed`.
 */
export class Launcher {
  readonly #system: ActorSystem;
  readonly #tenants: Pid;
  readonly #context: ServiceActorContext;
  readonly #sandbox: Sandbox;
  readonly #supervisors = new Map<string, Promise<Pid>>();
  readonly #onRestart: () => void;

  /** @param options `tenants`: the dynamic supervisor under which each tenant's stands. */
  constructor(options: {
    readonly system: ActorSystem;
    readonly tenants: Pid;
    readonly context: ServiceActorContext;
    readonly sandbox: Sandbox;
    readonly onRestart: () => void;
  }) {
    this.#system = options.system;
    this.#tenants = options.tenants;
    this.#context = options.context;
    this.#sandbox = options.sandbox;
    this.#onRestart = options.onRestart;
  }

  /** Begins a guest before anything else is done about its service. The caller hands it to {@link start} or abandons it. */
  begin(request: Omit<GuestRequest, "drivers">): StartingGuest {
    const { clock, driversFor } = this.#context;
    const drivers = driversFor(request.serviceId, request.manifest.grants ?? []);
    return new StartingGuest(this.#sandbox, { ...request, drivers }, clock.nowMs());
  }

  /** {@link begin} for a service that is known. */
  beginOf({ tenant, serviceId, record }: DeployedService, source: Promise<Uint8Array>): StartingGuest {
    const { form, fileName, manifest, signed } = record;
    return this.begin({ tenant, serviceId, source, form, fileName, manifest, contents: signed?.contents });
  }

  /** Starts a service and waits until it runs. On failure nothing of it is left; the caller records either. */
  async start(service: DeployedService, launch: Launch): Promise<LaunchOutcome> {
    const outcome = Promise.withResolvers<LaunchOutcome>();
    const supervised = this.#supervise(service, (number) => {
      if (number > 1) return this.#attemptAgain(service, number, launch.source);
      return {
        number,
        awaited: true,
        guest: () => launch.guest,
        accept: launch.accept,
        started: async (event) => {
          await launch.started(event);
          outcome.resolve({ kind: "started" });
        },
        failed: (cause) => outcome.resolve({ kind: "failed", cause }),
      };
    });
    await supervised.catch((error: unknown) => {
      launch.guest.abandon();
      throw error;
    });
    const settled = await outcome.promise;
    if (settled.kind === "failed") await this.stop(service, { force: true });
    return settled;
  }

  /** Starts a service that ran before the server ended; one that does not come up is restarted like one that crashed. */
  async recover(service: DeployedService, launch: Pick<Launch, "source">): Promise<void> {
    const settled = Promise.withResolvers<void>();
    await this.#supervise(service, (number) => {
      const attempt = this.#attemptAgain(service, number, launch.source);
      return {
        ...attempt,
        started: (event) => attempt.started(event).finally(settled.resolve),
        failed: () => settled.resolve(),
      };
    });
    await settled.promise;
  }

  /** Ends a service's processes; resolves when nothing is left. In order, or at once with `force`. */
  async stop(service: DeployedService, options: { readonly force: boolean }): Promise<void> {
    const { supervisor } = service;
    if (supervisor === undefined) return;
    service.supervisor = undefined;
    service.killAtOnce = options.force;
    try {
      // Asked directly: the tenant's supervisor would do nothing else until a service has taken its time to stop.
      const stopped = this.#system.stop(supervisor, { reason: Exit.shutdown });
      service.interruptStart?.();
      await stopped;
    } catch (error) {
      if (!(error instanceof StopFailed)) throw error;
      await this.#system.exited(supervisor);
    } finally {
      service.killAtOnce = false;
    }
  }

  async #supervise(service: DeployedService, attemptOf: (number: number) => Attempt): Promise<void> {
    const { manifest } = service.record;
    let attempts = 0;
    const tenant = await this.#supervisorOf(service.tenant);
    const result = await dynamicSupervisorRef(this.#system, tenant).startChild({
      id: service.serviceId,
      restart: "temporary",
      type: "supervisor",
      start: (parent) =>
        startSupervisor(parent, {
          strategy: "one-for-one",
          maxRestarts: manifest.maxRestarts,
          periodMs: manifest.restartPeriodMs,
          autoShutdown: manifest.restart === "permanent" ? "never" : "any-significant",
          children: [
            {
              id: service.serviceId,
              restart: manifest.restart,
              significant: manifest.restart !== "permanent",
              shutdown: manifest.limits.stopTimeoutMs + stopMarginMs,
              start: (supervisor) => {
                attempts += 1;
                return supervisor.start(serviceActor(this.#context, service, attemptOf(attempts)), { link: true });
              },
            },
          ],
        }),
    });
    if (result.kind !== "ok") throw new Error(`Cannot supervise service "${service.serviceId}": ${result.kind}`);
    service.supervisor = result.pid;
    void this.#system.exited(result.pid).then(() => this.#supervisorEnded(service, result.pid));
  }

  /** An attempt that nobody waits for: what happens is noted. */
  #attemptAgain(service: DeployedService, number: number, source: () => Promise<Uint8Array>): Attempt {
    const origin = { correlationId: service.record.correlationId, actor: "kernel" };
    if (number > 1) {
      service.restarts += 1;
      this.#onRestart();
      const { serviceId, record, restarts } = service;
      const { version } = record;
      service.journal.note({ events: [{ type: "service.restarting", serviceId, version, restarts }], origin });
    }
    return {
      number,
      awaited: false,
      guest: () => this.beginOf(service, source()),
      accept: async () => undefined,
      failed: () => undefined,
      started: async (event) => {
        service.advance({ type: "started" });
        service.journal.note({ events: [event], origin });
      },
    };
  }

  #supervisorEnded(service: DeployedService, supervisor: Pid): void {
    if (service.supervisor !== supervisor || service.state === "stopping") return;
    service.supervisor = undefined;
    const { serviceId, record, restarts, lastEnd } = service;
    const { version } = record;
    const origin = { correlationId: record.correlationId, actor: "kernel" };
    const endedWell = lastEnd?.normal === true && record.manifest.restart !== "permanent";
    const last = lastEnd?.cause ?? { kind: "server", message: "its supervisor ended" };
    if (endedWell) {
      service.advance({ type: "ended" });
      const stopped = service.keep({ ...record, state: "stopped", lastCause: last });
      service.journal.note({
        events: [{ type: "service.stopped", serviceId, version, cause: last }],
        origin,
        record: stopped,
      });
      return;
    }
    const { maxRestarts, restartPeriodMs } = record.manifest;
    const message =
      restarts === 0 && record.manifest.restart === "temporary"
        ? last.message
        : `gave up after ${restarts} restarts, more than ${maxRestarts} within ${restartPeriodMs} ms; the last end: ${last.message}`;
    const cause: Cause = { ...last, message };
    service.advance({ type: "gaveUp" });
    const failed = service.keep({ ...record, state: "failed", lastCause: cause });
    service.journal.note({ events: [{ type: "service.failed", serviceId, version, cause }], origin, record: failed });
  }

  #supervisorOf(tenant: string): Promise<Pid> {
    const known = this.#supervisors.get(tenant);
    if (known !== undefined) return known;
    const started = dynamicSupervisorRef(this.#system, this.#tenants)
      .startChild({
        id: tenant,
        type: "supervisor",
        restart: "temporary",
        start: (parent) => startDynamicSupervisor(parent),
      })
      .then((result) => {
        if (result.kind === "ok") return result.pid;
        throw new Error(`Cannot start the supervisor of tenant "${tenant}": ${result.kind}`);
      });
    this.#supervisors.set(tenant, started);
    const forget = (): void => void this.#supervisors.delete(tenant);
    started.then((pid) => this.#system.exited(pid)).then(forget, forget);
    return started;
  }
}
