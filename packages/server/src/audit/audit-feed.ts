import { nanoid } from "nanoid";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { AuditSink } from "../ports/audit-sink.ts";
import type { HostCheck } from "../ports/cell.ts";
import type { Clock } from "../ports/clock.ts";
import type { Storage } from "../ports/storage.ts";

/** From a change to its line. */
const INTERVAL_MS = 200;
/** After a failure. */
const RETRY_MS = 1_000;
/** Events of one batch. */
const BATCH = 250;
/** Batches of a tenant that closing waits for; the next start goes on. */
const LAST_BATCHES = 40;

export interface AuditFeedOptions {
  readonly sink: AuditSink;
  readonly storage: Pick<Storage, "events" | "state">;
  /** Where gaps are recorded. */
  readonly kernelTenant: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "auditFailed" | "auditGap">;
}

/** Begins to feed a sink. @throws {Error} If there can be no such sink. */
export async function openAuditFeed(options: AuditFeedOptions): Promise<AuditFeed> {
  // Refused now where the place is wrong; a disk that is full passes.
  const opened = await options.sink.open().catch((error: NodeJS.ErrnoException) => {
    if (passing.has(error.code ?? "")) return undefined;
    throw new Error(`Cannot write events to ${options.sink.name}: ${error.message}`, { cause: error });
  });
  const feed = new AuditFeed(options);
  await feed.begin(opened);
  return feed;
}

/** What is wrong today and need not be tomorrow. */
const passing: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EIO"]);

/**
 * Feeds a sink with every event, from the durable history: whatever becomes of the sink, the kernel goes on, and the sink gets
 * later what it could not take. What it can never have is said out loud: in the history, in the log, in the metrics.
 *
 * Closed before the storage.
 */
export class AuditFeed {
  readonly #options: AuditFeedOptions;
  /** Undefined until the sink is open. */
  #cursors: Map<string, number> | undefined;
  #failure: string | undefined;
  #working: Promise<void> | undefined;
  #changedMeanwhile = false;
  #cancelNext: (() => void) | undefined;
  #closing = false;

  constructor(options: AuditFeedOptions) {
    this.#options = options;
  }

  /** @param opened What the sink says that it has; undefined where it could not be opened yet. */
  async begin(opened: Awaited<ReturnType<AuditSink["open"]>> | undefined): Promise<void> {
    if (opened !== undefined) await this.#takeUp(opened);
    this.#plan(0);
  }

  /** Something was recorded. Costs next to nothing. */
  changed(): void {
    this.#changedMeanwhile = true;
    this.#plan(INTERVAL_MS);
  }

  /** Whether the sink goes on, for the doctor. */
  get check(): HostCheck {
    const { name } = this.#options.sink;
    const why = "Every event is written outside of the database too";
    if (this.#failure === undefined)
      return { name: "audit sink", result: "ok", found: `${name} is up to date`, why, fix: "" };
    return {
      name: "audit sink",
      result: "failed",
      found: `${name} is behind: ${this.#failure}`,
      why,
      fix: "Make room, or make it writable: it catches up by itself, and nothing is lost meanwhile",
    };
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelNext?.();
    await this.#working;
    // What was recorded last; a failure leaves it to the next start.
    await this.#run().catch((error: unknown) => this.#failed(error));
    await this.#options.sink.close().catch(() => undefined);
  }

  #plan(afterMs: number): void {
    if (this.#cancelNext !== undefined || this.#working !== undefined || this.#closing) return;
    this.#cancelNext = this.#options.clock.schedule(afterMs, () => {
      this.#cancelNext = undefined;
      this.#changedMeanwhile = false;
      let nextMs: number | undefined;
      this.#working = this.#run()
        .catch((error: unknown) => {
          this.#failed(error);
          nextMs = RETRY_MS;
        })
        .then(() => {
          this.#working = undefined;
          if (nextMs !== undefined || this.#changedMeanwhile) this.#plan(nextMs ?? INTERVAL_MS);
        });
    });
  }

  async #run(): Promise<void> {
    const { storage } = this.#options;
    const cursors = this.#cursors ?? (await this.#takeUp(await this.#options.sink.open()));
    for (const [tenant, head] of await storage.events.heads()) await this.#catchUp(tenant, head, cursors);
    if (this.#failure !== undefined)
      this.#options.logger.info("The audit sink has caught up", { sink: this.#options.sink.name });
    this.#failure = undefined;
  }

  async #takeUp({ cursors, problem }: Awaited<ReturnType<AuditSink["open"]>>): Promise<Map<string, number>> {
    const taken = new Map(cursors);
    this.#cursors = taken;
    if (problem !== undefined) await this.#gap(problem);
    return taken;
  }

  async #catchUp(tenant: string, head: number, cursors: Map<string, number>): Promise<void> {
    const { storage, sink } = this.#options;
    let after = cursors.get(tenant) ?? 0;
    if (after > head) {
      await this.#gap(`it has ${after} events of tenant ${tenant}, the history only ${head}: the history was set back`);
      cursors.set(tenant, head);
      return;
    }
    for (let batches = 0; after < head && !(this.#closing && batches >= LAST_BATCHES); batches += 1) {
      const records = await storage.events.records({ tenant, after, limit: BATCH });
      const [first] = records;
      const last = records.at(-1);
      if (first === undefined || last === undefined) return;
      if (first.sequence !== after + 1) {
        await this.#gap(
          `events ${after + 1} to ${first.sequence - 1} of tenant ${tenant} are no longer in the history`,
        );
      }
      await sink.write({ tenant, records });
      after = last.sequence;
      cursors.set(tenant, after);
    }
  }

  /** Says that the sink lacks something for good. */
  async #gap(problem: string): Promise<void> {
    const { sink, logger, metrics, storage, kernelTenant } = this.#options;
    metrics.auditGap();
    logger.error("The audit sink has a gap", { sink: sink.name, problem });
    const body = { type: "audit.gap", sink: sink.name, problem } as const;
    await storage.state.commit({ tenant: kernelTenant, events: [{ body, correlationId: nanoid(), actor: "kernel" }] });
  }

  #failed(error: unknown): void {
    const { sink, logger, metrics } = this.#options;
    metrics.auditFailed();
    const problem = error instanceof Error ? error.message : String(error);
    if (this.#failure === undefined)
      logger.warn("The audit sink is behind; trying again", { sink: sink.name, problem });
    this.#failure = problem;
    // Opened anew, it says itself what it has.
    this.#cursors = undefined;
  }
}
