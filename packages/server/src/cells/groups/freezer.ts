import type { Clock } from "../../ports/clock.ts";
import type { ProcessCell } from "../process-cell.ts";
import { readRest, waitsForItsPipe } from "../rest.ts";

export interface FreezerOptions {
  /** A cell without a frame for this long is frozen, if it is at rest then. */
  readonly afterMs: number;
  readonly clock: Clock;
}

/** How often cells are looked through; counters only, most of the time. */
const LOOK_EVERY_MS = 1_000;
/** A cell that was busy without a frame, as one with a timer is, is asked again after waits that double up to this. */
const LAST_WAIT_MS = 60_000;
/** From the guest's word that it rests to its rest: it has to write that word out, and its runtime to tidy up. */
const SETTLE_MS = 20;
/** On a busy host that takes longer; after this it is asked again. */
const LAST_SETTLE_MS = 1_000;

/**
 * Freezes cells that are idle: they keep their memory and take no processor time, not even for the runtime's housekeeping.
 * The next frame for one thaws it, in some ten microseconds.
 *
 * One with a timer of its own, or with work under way, is not frozen, however long it has said nothing: of timers the guest
 * tells when asked, the rest the host shows. A program of its author's cannot be asked: it is frozen while all of it waits
 * for its pipe.
 */
export class Freezer {
  readonly #options: FreezerOptions;
  readonly #watched = new Map<ProcessCell, Idleness>();
  readonly #programs = new WeakSet<ProcessCell>();
  #cancel: (() => void) | undefined;

  constructor(options: FreezerOptions) {
    this.#options = options;
  }

  /** Watches a cell until it is gone. */
  watch(cell: ProcessCell): void {
    this.#watched.set(cell, beginIdleness(cell.frames, this.#options.clock.nowMs()));
    cell.onRest = () => this.#freezeSoon(cell, SETTLE_MS);
    void cell.exited.then(() => this.#watched.delete(cell));
    this.#schedule();
  }

  /** The same for a cell whose guest is a program that is spoken to by its pipe. */
  watchProgram(cell: ProcessCell): void {
    this.#programs.add(cell);
    this.watch(cell);
  }

  /** Cells that are frozen now. */
  get frozenCells(): number {
    let count = 0;
    for (const cell of this.#watched.keys()) count += cell.frozen ? 1 : 0;
    return count;
  }

  close(): void {
    this.#watched.clear();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    if (this.#cancel !== undefined || this.#watched.size === 0) return;
    const { afterMs, clock } = this.#options;
    this.#cancel = clock.schedule(Math.min(LOOK_EVERY_MS, afterMs), () => {
      this.#cancel = undefined;
      const nowMs = clock.nowMs();
      for (const [cell, idleness] of this.#watched) {
        if (!cell.frozen) this.#watched.set(cell, this.#look(cell, idleness, nowMs));
      }
      this.#schedule();
    });
  }

  #look(cell: ProcessCell, idleness: Idleness, nowMs: number): Idleness {
    if (cell.frames !== idleness.frames) return beginIdleness(cell.frames, nowMs);
    if (!isDue(idleness, { nowMs, afterMs: this.#options.afterMs })) return idleness;
    if (this.#programs.has(cell)) this.#freezeSoon(cell, SETTLE_MS);
    else cell.askRest();
    return afterQuestion(idleness, { nowMs, frames: cell.frames });
  }

  #freezeSoon(cell: ProcessCell, settleMs: number): void {
    const { frames } = cell;
    this.#options.clock.schedule(settleMs, () => {
      // Whatever was said since then may have set a timer.
      if (cell.frames !== frames || cell.guestProcessId === undefined || !this.#watched.has(cell)) return;
      if (this.#isAtRest(cell, cell.guestProcessId)) void cell.freeze();
      else if (settleMs < LAST_SETTLE_MS) this.#freezeSoon(cell, settleMs * 2);
    });
  }

  #isAtRest(cell: ProcessCell, guest: number): boolean {
    return this.#programs.has(cell)
      ? waitsForItsPipe(guest, cell.usage()?.processes ?? 0)
      : readRest(guest) === "resting";
  }
}

/** What is known of a cell that is not frozen. */
export interface Idleness {
  /** Frames to and from it, at the look before. */
  readonly frames: number;
  /** When their number was first seen. */
  readonly sinceMs: number;
  readonly waitMs: number;
  /** Not asked before this. */
  readonly notBeforeMs: number;
}

export function beginIdleness(frames: number, nowMs: number): Idleness {
  return { frames, sinceMs: nowMs, waitMs: 0, notBeforeMs: nowMs };
}

/** Whether it has been without a frame for long enough to be asked whether it rests. */
export function isDue(
  { sinceMs, notBeforeMs }: Idleness,
  { nowMs, afterMs }: { readonly nowMs: number; readonly afterMs: number },
): boolean {
  return nowMs >= Math.max(sinceMs + afterMs, notBeforeMs);
}

/** It was asked whether it rests, and is busy until it says so. */
export function afterQuestion(
  idleness: Idleness,
  { nowMs, frames }: { readonly nowMs: number; readonly frames: number },
): Idleness {
  const waitMs = Math.min(Math.max(idleness.waitMs * 2, LOOK_EVERY_MS), LAST_WAIT_MS);
  return { ...idleness, frames, waitMs, notBeforeMs: nowMs + waitMs };
}
