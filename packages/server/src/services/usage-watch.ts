import type { LimitName } from "@solo/notation";
import type { Clock } from "../ports/clock.ts";
import type { DeployedService } from "./deployed-service.ts";
import type { LimitReporter } from "./limit-reporter.ts";
import { softLimit } from "./limit-rules.ts";

/** How often services that have messages are read; the others take turns, */
const readEveryMs = 1_000;
/** so that each is read once in so many times. */
const turns = 30;

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
      let number = 0;
      for (const service of this.#services()) {
        number += 1;
        if (service.mailbox.messages > 0 || number % turns === this.#turn) this.#read(service);
      }
      if (number > 0) this.wake();
    });
  }

  close(): void {
    this.#cancel?.();
  }

  #read(service: DeployedService): void {
    const session = service.incarnation?.session;
    const usage = session?.usage();
    if (session === undefined || usage === undefined) return;
    this.#compare(service, "memoryBytes", usage.memoryBytes);
    const { limits } = service.record.manifest;
    this.#compare(service, "processes", usage.processes);
    if (!this.#isNews(service, "hard processes", usage.processes, limits.processes)) return;
    const verdict = this.#limits.reached(service, "processes", "hard", usage.processes);
    if (verdict !== undefined) session.end(verdict);
  }

  #compare(service: DeployedService, limit: LimitName, used: number): void {
    const soft = softLimit(service.record.manifest, limit);
    if (this.#isNews(service, `soft ${limit}`, used, soft)) this.#limits.reached(service, limit, "soft", used);
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
