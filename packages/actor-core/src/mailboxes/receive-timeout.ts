import { ProcessExited } from "../process/errors.ts";
import type { Mailbox } from "../process/mailbox.ts";
import { type Holding, type Process, processOf, SystemMessage } from "../process/process.ts";
import type { Self } from "../process/self.ts";
import { SmallSet } from "../process/small-set.ts";
import { checkDelay, type Deadline } from "../process/timers.ts";
import { layMailbox, MailboxLayer, takeOffLayer } from "./mailbox-layer.ts";

/** The message a process gets when it has been idle, unless it asked for another. */
export const receiveTimeout: unique symbol = Symbol("receiveTimeout");

/** How to send notice of idleness. */
export interface ReceiveTimeoutOptions {
  /** Milliseconds without a message; more than 0. */
  readonly afterMs: number;
  /** Default {@link receiveTimeout}. */
  readonly message?: unknown;
  /** Whether a message that was taken counts. Default: all do. Must not throw. */
  readonly influences?: (message: unknown) => boolean;
}

/**
 * Sends a process a message whenever it has taken none for `afterMs`, again and again. For processes of every kind; a
 * server that wants it once has `idleAfter`.
 *
 * Counted from when the last message was taken; a process that is handling one, or has some waiting, is not idle.
 *
 * @returns Turns it off.
 * @throws {RangeError} `afterMs` is no time.
 *
 * @see Pekko, setReceiveTimeout
 *
 * @example
 * const turnOff = startReceiveTimeout(self, { afterMs: 60_000, influences: (message) => message !== "tick" });
 */
export function startReceiveTimeout(self: Self, options: ReceiveTimeoutOptions): () => void {
  checkDelay("receive timeout", options.afterMs);
  if (options.afterMs === 0) {
    throw new RangeError("Cannot take receive timeout: wanted more than 0 ms, got 0");
  }
  const process = processOf(self.pid);
  if (process === undefined) {
    throw new ProcessExited(self.pid, "start receive timeout");
  }
  const layer = layMailbox(process, (inner) => new IdleLayer(process, inner, options));
  return () => layer.turnOff();
}

/** Keeps one deadline and moves it only when it fires, so that a message costs no more than a look at the clock. */
class IdleLayer extends MailboxLayer implements Holding {
  readonly #process: Process;
  readonly #options: ReceiveTimeoutOptions;
  #activeMs: number;
  #deadline: Deadline;

  constructor(process: Process, inner: Mailbox, options: ReceiveTimeoutOptions) {
    super(inner);
    this.#process = process;
    this.#options = options;
    this.#activeMs = process.runtime.timers.nowMs();
    this.#deadline = process.runtime.timers.after(options.afterMs, () => this.#fire());
    (process.holdings ??= new SmallSet()).add(this);
  }

  turnOff(): void {
    this.#deadline.clear();
    this.#process.holdings?.delete(this);
    takeOffLayer(this.#process, this);
  }

  ownerEnded(): void {
    this.#deadline.clear();
  }

  protected override taken(message: unknown): unknown {
    if (!(message instanceof SystemMessage) && (this.#options.influences?.(message) ?? true)) {
      this.#activeMs = this.#process.runtime.timers.nowMs();
    }
    return message;
  }

  #fire(): void {
    const { afterMs, message = receiveTimeout } = this.#options;
    const { timers } = this.#process.runtime;
    const idleMs = timers.nowMs() - this.#activeMs;
    const isIdle = this.#process.waiting === true && idleMs >= afterMs;
    if (isIdle) {
      this.#process.deliver(message);
    }
    this.#deadline = timers.after(isIdle || idleMs >= afterMs ? afterMs : afterMs - idleMs, () => this.#fire());
  }
}
