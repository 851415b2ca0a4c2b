import type { LimitName } from "@solo/notation";
import type { Clock } from "../ports/clock.ts";
import type { DeployedService, Incarnation } from "./deployed-service.ts";
import type { LimitReporter } from "./limit-reporter.ts";
import { actionAt, softLimit } from "./limit-rules.ts";

/** How often services that have messages are read; the others take turns, */
const readEveryMs = 1_000;
/** so that each is read once in so many times. */
const turns = 30;
/** Those that were never read are not kept waiting for their turn, as long as they are not more at a time than this. */
const mostNew = 20;

/** Who is slowed down to its share of the processor never uses all of it, by the system's own account. */
const throttledShare = 0.95;

interface CpuReading {
  readonly incarnation: Incarnation;
  readonly atMs: number;
  readonly cpuMicros: number;
  readonly share: number | undefined;
}

/** A warning is given again only after the use was below this share of where it begins. */
const relievedShare = 0.9;

/**
 * Reads what services use of what the operating system keeps them to, and tells of those that come near it or are at it: the
 * system itself refuses or kills without a word.
 */
export class UsageWatch {
  readonly #services: () => Iterable<DeployedService>;
  readonly #clock: Clock;
  readonly #limits: LimitReporter;
  /** What was told of each service and is still so. */
  readonly #told = new WeakMap<DeployedService, Set<string>>();
  readonly #cpu = new WeakMap<DeployedService, CpuReading>();
  #turn = 0;
  #cancel: (() => void) | undefined;

  constructor(options: {
    readonly services: () => Iterable<DeployedService>;
    readonly clock: Clock;
    readonly limits: LimitReporter;
  }) {
    this.#services = options.services;
    this.#clock = options.clock;
    this.#limits = options.limits;
  }

  /** To be called when there is a first service; it sleeps again when there is none. */
  wake(): void {
    this.#cancel ??= this.#clock.schedule(readEveryMs, () => {
      this.#cancel = undefined;
      this.#turn = (this.#turn + 1) % turns;
      let [number, unread] = [0, 0];
      for (const service of this.#services()) {
        number += 1;
        const isNew = service.incarnation !== undefined && service.incarnation.held === undefined;
        if (isNew) unread += 1;
        if (service.mailbox.messages > 0 || number % turns === this.#turn || (isNew && unread <= mostNew)) {
          this.#read(service);
        }
      }
      if (number > 0) this.wake();
    });
  }

  close(): void {
    this.#cancel?.();
  }

  #read(service: DeployedService): void {
    const { incarnation, record } = service;
    const usage = incarnation?.session.usage();
    if (incarnation === undefined || usage === undefined) return;
    this.#compare(service, "memoryBytes", usage.memoryBytes, Number.POSITIVE_INFINITY);
    this.#compare(service, "processes", usage.processes, record.manifest.limits.processes);
    const { openFiles, scratchBytes } = service.look();
    // The host refuses what goes beyond, so at the limit it stands and is not seen above.
    if (openFiles !== undefined) this.#compare(service, "openFiles", openFiles, record.manifest.limits.openFiles);
    if (scratchBytes !== undefined)
      this.#compare(service, "scratchBytes", scratchBytes, record.manifest.limits.scratchBytes);
    const share = this.#shareOf(service, incarnation, usage.cpuMicros);
    service.cpuShare = share;
    if (share === undefined) return;
    const { cpuPercent } = record.manifest.limits;
    const isHeld = actionAt(record.manifest, "cpuPercent") === "throttle";
    this.#compare(service, "cpuPercent", share, isHeld ? cpuPercent * throttledShare : cpuPercent);
  }

  /** Percent of one core since it was read before, of which what was before that counts as much. */
  #shareOf(service: DeployedService, incarnation: Incarnation, cpuMicros: number): number | undefined {
    const before = this.#cpu.get(service);
    const atMs = this.#clock.nowMs();
    if (before?.incarnation !== incarnation) {
      this.#cpu.set(service, { incarnation, atMs, cpuMicros, share: undefined });
      return undefined;
    }
    const now = (cpuMicros - before.cpuMicros) / 10 / Math.max(1, atMs - before.atMs);
    const share = ((before.share ?? now) + now) / 2;
    this.#cpu.set(service, { incarnation, atMs, cpuMicros, share });
    return share;
  }

  /** @param hard Where the limit counts as reached; memory tells that by itself. */
  #compare(service: DeployedService, limit: LimitName, used: number, hard: number): void {
    const soft = softLimit(service.record.manifest, limit);
    const correlationId = service.incarnation?.session.correlationId;
    if (this.#isNews(service, `soft ${limit}`, used, soft)) {
      this.#limits.reached(service, limit, "soft", used, correlationId);
    }
    if (!this.#isNews(service, `hard ${limit}`, used, hard)) return;
    const verdict = this.#limits.reached(service, limit, "hard", used, correlationId);
    if (verdict !== undefined) service.incarnation?.session.end(verdict);
  }

  /** Whether it has come up to `bound` since it was below it last. */
  #isNews(service: DeployedService, what: string, used: number, bound: number): boolean {
    let told = this.#told.get(service);
    if (used >= bound) {
      if (told?.has(what) === true) return false;
      if (told === undefined) {
        told = new Set();
        this.#told.set(service, told);
      }
      told.add(what);
      return true;
    }
    if (used < bound * relievedShare) told?.delete(what);
    return false;
  }
}
