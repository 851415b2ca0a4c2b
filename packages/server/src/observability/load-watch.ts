import type { Clock } from "../ports/clock.ts";
import type { Vital, Vitals } from "../ports/vitals.ts";
import { type Assessment, AT_EASE, assessLoad, type Load } from "./assess-load.ts";

export interface LoadWatchOptions {
  /** `undefined` for a kernel that has no host to itself: there is nothing to look at then. */
  readonly vitals: Vitals | undefined;
  readonly clock: Clock;
  /** Told once for each change of a resource's load. */
  readonly onChanged: (vital: Vital, load: Load) => void;
  /** Ends the service that was deployed last, to give back some of this. */
  readonly shed: (vital: Vital) => Promise<void>;
}

const LOOK_EVERY_MS = 1_000;

/** Looks at the server's host every second, tells what changes, and says whether new work is to be refused. */
export class LoadWatch {
  readonly #options: LoadWatchOptions;
  #vitals: readonly Vital[] = [];
  #assessment: Assessment = AT_EASE;
  #cancel: () => void = () => {};
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #onRefusing = new Set<(refusing: boolean) => void>();

  constructor(options: LoadWatchOptions) {
    this.#options = options;
    if (options.vitals !== undefined) this.#schedule(options.vitals);
  }

  /** As they were at the last look. */
  get vitals(): readonly Vital[] {
    return this.#vitals;
  }

  loadOf({ resource }: Vital): Load {
    return this.#assessment.loads.get(resource) ?? "normal";
  }

  /** The resource for whose sake nothing new begins; `undefined` when there is room. */
  get refusing(): Vital | undefined {
    return this.#assessment.refusing;
  }

  /** Told when new work begins to be refused and when it no longer is. @returns Ends that. */
  onRefusing(listener: (refusing: boolean) => void): () => void {
    this.#onRefusing.add(listener);
    return () => this.#onRefusing.delete(listener);
  }

  /** Looks no more, and waits for a look under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#looking;
  }

  #schedule(vitals: Vitals): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const dueMs = clock.nowMs() + LOOK_EVERY_MS;
    this.#cancel = clock.schedule(LOOK_EVERY_MS, () => {
      this.#looking = this.#look(vitals, Math.max(0, clock.nowMs() - dueMs)).finally(() => this.#schedule(vitals));
    });
  }

  async #look(vitals: Vitals, lateMs: number): Promise<void> {
    const { onChanged, shed } = this.#options;
    const refused = this.refusing !== undefined;
    this.#vitals = await vitals.sample(lateMs);
    this.#assessment = assessLoad(this.#assessment, this.#vitals);
    for (const { vital, load } of this.#assessment.changes) onChanged(vital, load);
    const refusing = this.refusing !== undefined;
    if (refusing !== refused) for (const listener of this.#onRefusing) listener(refusing);
    if (this.#assessment.shedding !== undefined) await shed(this.#assessment.shedding);
  }
}
