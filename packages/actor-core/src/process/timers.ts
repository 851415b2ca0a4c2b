import type { Clock } from "./clock.ts";
import { inNextTurn } from "./host.ts";
import { UNLIMITED } from "./unlimited.ts";
import { refusal, wrongType } from "./wrong-type.ts";

/** Something that happens later, unless cancelled before. With `using` it is cancelled with its block. */
export interface Timer extends Disposable {
  /** @returns Milliseconds that were left, or undefined when it has fired or was cancelled already. */
  cancel(): number | undefined;
  /** @returns Milliseconds left, or undefined when it has fired or was cancelled. */
  remainingMs(): number | undefined;
}

/**
 * All timers of one system behind one host timer: a binary heap by due time, equal times by order of creation.
 *
 * Entries know their place in the heap, so a call that got its answer takes its deadline out in O(log n) and leaves
 * nothing behind. The host timer is not moved when the earliest entry goes: that would cost more than a whole call. It
 * wakes for nothing once instead, or is given back one macrotask after the heap has become empty.
 */
export class Timers {
  readonly #clock: Clock;
  readonly #heap: Deadline[] = [];
  #sequence = 0;
  #cancelHost: (() => void) | undefined;
  #hostDueMs = UNLIMITED;
  #tidying = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Calls `fire` once, `delayMs` from now or later. */
  after(delayMs: number, fire: () => void): Deadline {
    return new Deadline(this, delayMs, fire);
  }

  /** Lets one that does not wait fire at its `dueMs` or later. */
  add(deadline: Deadline): void {
    deadline.sequence = this.#sequence++;
    this.#place(deadline, this.#heap.push(deadline) - 1);
    if (deadline.heapIndex === 0) {
      this.#arm();
    }
  }

  remove(deadline: Deadline): void {
    const index = deadline.heapIndex;
    const last = this.#heap.pop();
    deadline.heapIndex = -1;
    if (last && last !== deadline) {
      this.#place(last, index);
    }
    if (this.#heap.length === 0 && !this.#tidying && this.#cancelHost) {
      this.#tidying = true;
      inNextTurn(this.#tidy);
    }
  }

  readonly #tidy = (): void => {
    this.#tidying = false;
    if (this.#heap.length === 0) {
      this.#disarm();
    }
  };

  /**
   * Fires what is due now. Called by the clock, or by who cannot wait for one that stands still.
   *
   * @returns Something was due.
   */
  readonly wake = (): boolean => {
    this.#disarm();
    // What is set while firing waits for the next wake, also when due at once: an interval cannot hold this loop.
    const nowMs = this.#clock.nowMs();
    const before = this.#sequence;
    let due = false;
    for (let first = this.#heap[0]; first && first.dueMs <= nowMs && first.sequence < before; first = this.#heap[0]) {
      due = true;
      first.fire();
    }
    this.#arm();
    return due;
  };

  #arm(): void {
    const first = this.#heap[0];
    if (!first || first.dueMs >= this.#hostDueMs) {
      return;
    }
    this.#disarm();
    this.#hostDueMs = first.dueMs;
    this.#cancelHost = this.#clock.schedule(Math.max(0, first.dueMs - this.#clock.nowMs()), this.wake);
  }

  #disarm(): void {
    this.#cancelHost?.();
    this.#cancelHost = undefined;
    this.#hostDueMs = UNLIMITED;
  }

  /** Moves `deadline` from the free place `index` to where it belongs, up or down. */
  #place(deadline: Deadline, index: number): void {
    const heap = this.#heap;
    for (let parent = (index - 1) >> 1; index > 0; parent = (index - 1) >> 1) {
      const above = heap[parent] as Deadline;
      if (isBefore(above, deadline)) {
        break;
      }
      heap[index] = above;
      above.heapIndex = index;
      index = parent;
    }
    for (let child = 2 * index + 1; child < heap.length; child = 2 * index + 1) {
      const right = heap[child + 1];
      if (right && isBefore(right, heap[child] as Deadline)) {
        child += 1;
      }
      const below = heap[child] as Deadline;
      if (isBefore(deadline, below)) {
        break;
      }
      heap[index] = below;
      below.heapIndex = index;
      index = child;
    }
    heap[index] = deadline;
    deadline.heapIndex = index;
  }
}

/** One entry of {@link Timers}. */
export class Deadline implements Timer {
  dueMs: number;
  /** Kept by the timers, like the next. */
  declare sequence: number;
  /** Place in the heap; -1 once fired or cancelled. */
  declare heapIndex: number;
  protected readonly timers: Timers;
  protected readonly act: () => void;

  constructor(timers: Timers, delayMs: number, act: () => void) {
    this.timers = timers;
    this.dueMs = timers.nowMs() + delayMs;
    this.act = act;
    timers.add(this);
  }

  /** Called when it is due. */
  fire(): void {
    this.clear();
    this.act();
  }

  cancel(): number | undefined {
    const left = this.remainingMs();
    this.clear();
    return left;
  }

  /** Cancels without reading the clock. */
  clear(): void {
    if (this.heapIndex >= 0) {
      this.timers.remove(this);
    }
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  remainingMs(): number | undefined {
    return this.heapIndex < 0 ? undefined : Math.max(0, this.dueMs - this.timers.nowMs());
  }
}

function isBefore(a: Deadline, b: Deadline): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

/** Refuses what is no delay: too short, not a number, not finite. */
export function checkDelay(what: string, delayMs: number): void {
  if (typeof delayMs !== "number") {
    throw wrongType(`take ${what}`, "milliseconds", delayMs);
  }
  if (!(delayMs >= 0 && delayMs < UNLIMITED)) {
    throw new RangeError(refusal(`take ${what}`, "0 ms or more", delayMs));
  }
}
