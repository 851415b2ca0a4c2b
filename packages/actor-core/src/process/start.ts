import { Exit, type ExitReason } from "./exit-reason.ts";
import { Monitor } from "./monitor.ts";
import type { Process, Starter } from "./process.ts";
import type { InitOutcome, StartResult } from "./self.ts";
import { Wait } from "./wait.ts";

/** Waits until a started process acknowledges, ends, or is out of time. */
export class Start extends Wait<StartResult> implements Starter {
  readonly #monitored: boolean;
  #refusal: StartResult | undefined;

  constructor(process: Process, owner: Process | undefined, timeoutMs: number | undefined, monitored: boolean) {
    super(process, owner, timeoutMs);
    this.#monitored = monitored;
    process.starter = this;
  }

  acknowledged(outcome: InitOutcome): void {
    if (outcome.kind !== "ok") {
      // Answered only when the process is gone and its name free.
      this.#refusal = outcome.kind === "ignore" ? { kind: "ignore" } : { kind: "error", reason: outcome.reason };
      return;
    }
    const { owner, process } = this;
    const { pid } = process;
    // Only now: of a start that failed the result tells enough.
    const monitor = owner && this.#monitored ? Monitor.begin(owner, process, pid) : undefined;
    this.settle({ kind: "ok", pid, ...(monitor && { monitor }) });
    if (process.watchers?.items().length === 0) {
      // Most are never watched again, and a set of nobody would be a fifth of an idle process.
      process.watchers = undefined;
    }
  }

  targetEnded(reason: ExitReason): void {
    this.settle(this.#refusal ?? { kind: "error", reason });
  }

  override ownerEnded(): void {
    this.process.starter = undefined;
    super.ownerEnded();
  }

  protected timeOut(): void {
    this.#refusal = { kind: "error", reason: Exit.timeout };
    // The starter hears of this by the result alone.
    this.owner?.unlink(this.process);
    this.process.end(Exit.killed);
  }
}
