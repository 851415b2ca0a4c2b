import { Exit } from "./exit-reason.ts";
import type { HostSignal } from "./host-signal.ts";
import type { Process, Watcher } from "./process.ts";
import { SmallSet } from "./small-set.ts";

/** Links a process to an abort signal, until one of them ends. Not a kill: one that traps exits sees a message. */
export class AbortLink implements Watcher {
  readonly #process: Process;
  readonly #signal: HostSignal;
  readonly #pass: () => void;

  private constructor(process: Process, signal: HostSignal) {
    this.#process = process;
    this.#signal = signal;
    this.#pass = () => this.#process.exitSignal(undefined, Exit.shutdownFor(this.#signal.reason));
  }

  static make(process: Process, signal: HostSignal): void {
    const link = new AbortLink(process, signal);
    if (signal.aborted) {
      link.#pass();
    } else {
      (process.watchers ??= new SmallSet()).add(link);
      signal.addEventListener("abort", link.#pass);
    }
  }

  targetEnded(): void {
    this.#signal.removeEventListener("abort", this.#pass);
  }
}
