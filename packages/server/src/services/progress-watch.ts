import type { LimitName } from "@solo/notation";
import type { Clock } from "../ports/clock.ts";
import type { Stall } from "./cause.ts";
import type { DeployedService, Incarnation } from "./deployed-service.ts";
import type { HealthKeeper } from "./health-keeper.ts";
import type { LimitReporter } from "./limit-reporter.ts";
import { softLimit } from "./limit-rules.ts";
import { beginStandstill, kindOfStall, lookAgain, type Standstill, stallWords, useOf } from "./progress.ts";

/** How often services that have messages are looked at; those that have none cost nothing. */
const lookEveryMs = 500;

/** What is known of a service that stands still. */
interface Watched {
  readonly incarnation: Incarnation;
  standstill: Standstill;
  /** What the guest has answered; undefined before it is asked. */
  answers: ReturnType<Incarnation["session"]["probe"]> | undefined;
  /** Limits that this standstill was told of, with the level. */
  readonly told: Set<string>;
}

/**
 * Watches that services advance: one that has messages and is done with none turns unhealthy at the soft bound of its time or
 * processor time for one message, and at the hard one ends, so that its supervisor starts it again.
 */
export class ProgressWatch {
  readonly #services: () => Iterable<DeployedService>;
  readonly #clock: Clock;
  readonly #limits: LimitReporter;
  readonly #health: HealthKeeper;
  readonly #watched = new Map<DeployedService, Watched>();
  #cancel: (() => void) | undefined;

  constructor(options: {
    readonly services: () => Iterable<DeployedService>;
    readonly clock: Clock;
    readonly limits: LimitReporter;
    readonly health: HealthKeeper;
  }) {
    this.#services = options.services;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#health = options.health;
  }

  /** To be called when there is a first service; it sleeps again when there is none. */
  wake(): void {
    this.#cancel ??= this.#clock.schedule(lookEveryMs, () => {
      this.#cancel = undefined;
      let some = false;
      for (const service of this.#services()) {
        some = true;
        this.#look(service);
      }
      for (const service of this.#watched.keys()) {
        if (service.incarnation === undefined) this.#forget(service);
      }
      if (some) this.wake();
    });
  }

  close(): void {
    this.#cancel?.();
    this.#watched.clear();
  }

  #look(service: DeployedService): void {
    const { incarnation, mailbox, handledMessages: handled } = service;
    const watched = this.#watched.get(service);
    if (incarnation === undefined || mailbox.messages === 0) {
      if (watched !== undefined) this.#forget(service);
      return;
    }
    const nowMs = this.#clock.nowMs();
    if (watched?.incarnation !== incarnation || watched.standstill.handled !== handled) {
      // What it uses is read at the next look only, where it still has not advanced: most have.
      const standstill = beginStandstill({ nowMs, handled, cpuMicros: undefined });
      this.#watched.set(service, { incarnation, standstill, answers: undefined, told: new Set() });
      this.#advances(service);
      return;
    }
    const { manifest } = service.record;
    const cpuMicros = incarnation.session.usage()?.cpuMicros;
    const { answers } = watched;
    const patienceMs = Math.min(manifest.limits.callTimeMs, softLimit(manifest, "callTimeMs")) / 2;
    const standstill = lookAgain(watched.standstill, { nowMs, handled, cpuMicros }, { answers, patienceMs });
    watched.standstill = standstill;
    if (answers?.reached === true) {
      watched.answers = undefined;
      watched.told.clear();
      this.#advances(service);
      return;
    }
    const use = useOf(standstill, nowMs);
    service.messageUse = use;
    const { callTimeMs, cpuTimeMs } = use;
    if (answers === undefined) {
      const isNear = cpuTimeMs > softLimit(manifest, "cpuTimeMs");
      // What its answer is worth is decided at a later look, when it has had the time to give one.
      if (isNear || callTimeMs >= Math.min(standstill.askAfterMs, patienceMs)) {
        watched.answers = incarnation.session.probe();
      }
      return;
    }
    const stall = kindOfStall(standstill, answers);
    this.#measure(service, watched, stall, "cpuTimeMs", cpuTimeMs);
    this.#measure(service, watched, stall, "callTimeMs", callTimeMs);
  }

  #measure(service: DeployedService, watched: Watched, stall: Stall, limit: LimitName, used: number): void {
    const { manifest } = service.record;
    const isSoft = used > softLimit(manifest, limit);
    const isHard = used > manifest.limits[limit];
    const correlationId = watched.incarnation.session.correlationId;
    if ((isSoft || isHard) && tellOnce(watched, `soft ${limit}`)) {
      this.#limits.reached(service, limit, "soft", Math.round(used), correlationId);
      this.#health.stall(service, { limit, stall, used: Math.round(used), correlationId });
    }
    if (!isHard || !tellOnce(watched, `hard ${limit}`)) return;
    const verdict = this.#limits.reached(service, limit, "hard", Math.round(used), correlationId);
    if (verdict === undefined) return;
    const kind = limit === "cpuTimeMs" ? "cpu" : "stalled";
    watched.incarnation.session.end({ ...verdict, kind, stall, message: `${verdict.message}; ${stallWords[stall]}` });
  }

  #advances(service: DeployedService): void {
    service.messageUse = undefined;
    this.#health.advances(service);
  }

  #forget(service: DeployedService): void {
    this.#watched.delete(service);
    this.#advances(service);
  }
}

function tellOnce({ told }: Watched, what: string): boolean {
  if (told.has(what)) return false;
  told.add(what);
  return true;
}
