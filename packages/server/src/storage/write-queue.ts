import type { Write, WriteOutcome } from "./engine.ts";
import { StorageOverloaded } from "./errors.ts";
import { groupLimits, queueLimits } from "./limits.ts";

interface WaitingWrite {
  readonly write: Write;
  readonly events: number;
  readonly bytes: number;
  readonly resolve: (outcome: WriteOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: one group is on its way to disk, and all that is handed in meanwhile becomes the next.
 *
 * Bounded: what is not yet acknowledged, on its way or not, counts against {@link queueLimits}.
 */
export class WriteQueue {
  readonly #commit: (group: readonly Write[]) => Promise<readonly WriteOutcome[]>;
  #waiting: WaitingWrite[] = [];
  #running = false;
  #idle: (() => void)[] = [];
  #events = 0;
  #bytes = 0;
  readonly #eventsOfTenant = new Map<string, number>();

  constructor(commit: (group: readonly Write[]) => Promise<readonly WriteOutcome[]>) {
    this.#commit = commit;
  }

  /**
   * Resolves with what came of the write, in the order in which writes were handed in.
   *
   * @throws {StorageOverloaded} Too much waits; the write was not taken.
   */
  submit(write: Write, bytes: number): Promise<WriteOutcome> {
    const events = write.kind === "transaction" ? Math.max(1, write.events.length) : 1;
    this.#admit(write, events, bytes);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, events, bytes, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // Not at once: what the caller hands in within the same turn can share the first sync.
      queueMicrotask(() => this.#run());
    });
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #admit(write: Write, events: number, bytes: number): void {
    if (this.#events + events > queueLimits.events) {
      throw new StorageOverloaded({ unit: "events", waiting: this.#events, limit: queueLimits.events });
    }
    if (this.#bytes + bytes > queueLimits.bytes) {
      throw new StorageOverloaded({ unit: "bytes", waiting: this.#bytes, limit: queueLimits.bytes });
    }
    if (write.kind === "transaction") {
      const ofTenant = this.#eventsOfTenant.get(write.tenant) ?? 0;
      if (ofTenant + events > queueLimits.eventsOfTenant) {
        const { tenant } = write;
        throw new StorageOverloaded({ tenant, unit: "events", waiting: ofTenant, limit: queueLimits.eventsOfTenant });
      }
      this.#eventsOfTenant.set(write.tenant, ofTenant + events);
    }
    this.#events += events;
    this.#bytes += bytes;
  }

  #release({ write, events, bytes }: WaitingWrite): void {
    this.#events -= events;
    this.#bytes -= bytes;
    if (write.kind !== "transaction") return;
    const left = (this.#eventsOfTenant.get(write.tenant) ?? 0) - events;
    if (left > 0) this.#eventsOfTenant.set(write.tenant, left);
    else this.#eventsOfTenant.delete(write.tenant);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        const outcomes = await this.#commit(group.map(({ write }) => write));
        for (const [index, waiting] of group.entries()) {
          this.#release(waiting);
          waiting.resolve(outcomes[index] as WriteOutcome);
        }
      } catch (error) {
        for (const waiting of group) {
          this.#release(waiting);
          waiting.reject(error);
        }
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #takeGroup(): WaitingWrite[] {
    let count = 0;
    let events = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      events += waiting.events;
      bytes += waiting.bytes;
      if (count > 0 && (events > groupLimits.events || bytes > groupLimits.bytes)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
