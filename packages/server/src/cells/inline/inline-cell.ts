import { inspect } from "node:util";
import type { Cell, CellExit, CellHoldings, CellUsage } from "../../ports/cell.ts";
import { Guest, type LoadedSource } from "../guest/guest.ts";
import { payloadBytes } from "../wire/frames.ts";

/**
 * A cell without a process: the guest runs in the kernel's own, and frames are handed over in memory.
 *
 * There is no isolation and no limit. Code that never yields cannot be killed.
 */
export class InlineCell implements Cell {
  readonly processId = 0;
  readonly warm = false;
  onFrame: (id: number, payload: Uint8Array) => void = () => {};
  onDrain: () => void = () => {};
  onOutput: (stream: "stdout" | "stderr", line: string) => void = () => {};
  readonly exited: Promise<CellExit>;

  readonly #guest: Guest;
  #settle: (exit: CellExit) => void = () => {};
  #gone = false;

  /**
   * @param load Gives the default export that a source stands for.
   * @param nowMs Monotonic milliseconds.
   */
  constructor(load: (source: Uint8Array) => Promise<LoadedSource>, nowMs: () => number) {
    this.exited = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#guest = new Guest({
      send: (id, parts) => this.#deliver(id, join(parts)),
      load: (_boot, source) => load(source),
      exit: (code) => queueMicrotask(() => this.#end({ kind: "exit", code })),
      nowMs,
      isAtRest: () => false,
      show: (values) => values.map((value) => (typeof value === "string" ? value : inspect(value))).join(" "),
    });
  }

  send(id: number, ...parts: readonly Uint8Array[]): boolean {
    if (this.#gone) return false;
    payloadBytes(parts);
    const payload = join(parts);
    // Never within the call, as from a pipe.
    queueMicrotask(() => {
      if (!this.#gone) this.#guest.receive(id, payload);
    });
    return true;
  }

  kill(): Promise<CellExit> {
    this.#end({ kind: "killed" });
    return this.exited;
  }

  guestRests(): void {}

  holdings(): CellHoldings {
    return {};
  }

  usage(): CellUsage | undefined {
    return this.#gone ? undefined : { memoryBytes: 0, cpuMicros: 0, processes: 0 };
  }

  #deliver(id: number, payload: Uint8Array): void {
    queueMicrotask(() => {
      if (!this.#gone) this.onFrame(id, payload);
    });
  }

  #end(exit: CellExit): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#guest.abandon();
    this.#settle(exit);
  }
}

/** A copy, as a pipe makes one: neither side sees what the other does to its memory. */
function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
