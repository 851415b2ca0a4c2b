import type { ServiceJournal, Step } from "../services/journal.ts";

/** That a service was accepted: written together with its start, or before that when somebody has to know. */
export class Acceptance {
  readonly #journal: ServiceJournal;
  readonly #written: Promise<void>;
  #state: "held" | "written" | "refused" = "held";
  #refusal: unknown;

  constructor(journal: ServiceJournal, step: Step) {
    this.#journal = journal;
    this.#written = journal.hold(step).then(
      () => {
        this.#state = "written";
      },
      (error: unknown) => {
        this.#state = "refused";
        this.#refusal = error;
        throw error;
      },
    );
    this.#written.catch(() => undefined);
  }

  get onRecord(): boolean {
    return this.#state === "written";
  }

  /** @throws What the disk refused it with: then it has never been, and nothing may follow it. */
  assertNotRefused(): void {
    if (this.#state === "refused") throw this.#refusal;
  }

  /** Puts it on disk if it is not there yet. @throws As {@link assertNotRefused}. */
  async write(): Promise<void> {
    await this.#journal.settled();
    await this.#written;
  }
}
