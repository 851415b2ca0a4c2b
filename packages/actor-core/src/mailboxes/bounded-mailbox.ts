import type { DeadLetterKind, Sender } from "../process/dead-letter.ts";
import { ActorError } from "../process/errors.ts";
import type { Mailbox, MailboxOwner, MakeMailbox } from "../process/mailbox.ts";
import { Call } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { Ring } from "../process/ring.ts";
import { isSignal } from "./is-signal.ts";

/** What is dropped when a message comes and there is no room. */
export type WhenFull =
  /** The message that comes: what waits is worth more. */
  | "drop-newest"
  /** The message that waits longest: what is new is worth more. */
  | "drop-oldest";

export interface Bound {
  /** How many messages may wait; 1 or more. Signals are neither counted nor dropped. */
  readonly capacity: number;
  /** Default `drop-newest`. */
  readonly whenFull?: WhenFull;
  /** The mailbox that is bounded. Default: first in, first out. */
  readonly within?: MakeMailbox;
}

/**
 * A mailbox with room for so many messages. What is dropped is a dead letter (`mailbox-full`); its sender goes on, and a
 * caller fails at once with {@link MailboxFull}.
 *
 * Exit signals, `Exited`, `Down` and system messages (such as `stop`) always get in.
 *
 * @throws {RangeError} The capacity is no whole number of 1 or more.
 *
 * @example
 * const pid = system.spawn(worker, { mailbox: boundedMailbox({ capacity: 1_000, whenFull: "drop-oldest" }) });
 */
export function boundedMailbox({ capacity, whenFull = "drop-newest", within }: Bound): MakeMailbox {
  if (!(Number.isSafeInteger(capacity) && capacity >= 1)) {
    throw new RangeError(`Cannot bound mailbox: wanted a capacity of 1 or more, got ${capacity}`);
  }
  if (whenFull !== "drop-newest" && whenFull !== "drop-oldest") {
    throw new TypeError(`Cannot bound mailbox: wanted "drop-newest" or "drop-oldest", got ${String(whenFull)}`);
  }
  return (owner) => new BoundedMailbox(owner, within?.(owner) ?? new Ring(), capacity, whenFull);
}

/** A call found no room in the mailbox of its target. */
export class MailboxFull extends ActorError {
  override readonly code = "ACTOR_MAILBOX_FULL";
  readonly target: Pid;
  readonly capacity: number;

  constructor(target: Pid, capacity: number) {
    super(`Cannot call ${target}: ${capacity} messages wait in its mailbox, and there is room for no more`);
    this.target = target;
    this.capacity = capacity;
  }
}

class BoundedMailbox implements Mailbox {
  readonly #owner: MailboxOwner;
  readonly #inner: Mailbox;
  readonly #capacity: number;
  readonly #whenFull: WhenFull;
  /** Messages that count. */
  #count = 0;

  constructor(owner: MailboxOwner, inner: Mailbox, capacity: number, whenFull: WhenFull) {
    this.#owner = owner;
    this.#inner = inner;
    this.#capacity = capacity;
    this.#whenFull = whenFull;
  }

  get size(): number {
    return this.#inner.size;
  }

  get moves(): boolean {
    return this.#whenFull === "drop-oldest" || this.#inner.moves === true;
  }

  get recent(): readonly unknown[] | undefined {
    return this.#inner.recent;
  }

  push(message: unknown, sender?: Sender): void {
    if (isSignal(message)) {
      this.#inner.push(message, sender);
      return;
    }
    if (this.#count >= this.#capacity) {
      if (this.#whenFull === "drop-newest") {
        this.#drop(message, sender);
        return;
      }
      // Whose it was is not kept: that would cost every message something.
      this.#drop(this.removeAt(this.#oldest()), undefined);
    }
    this.#inner.push(message, sender);
    this.#count += 1;
  }

  unshift(message: unknown): void {
    this.#inner.unshift(message);
    this.#count += isSignal(message) ? 0 : 1;
  }

  shift(): unknown {
    return this.#taken(this.#inner.shift());
  }

  at(index: number): unknown {
    return this.#inner.at(index);
  }

  removeAt(index: number): unknown {
    return this.#taken(this.#inner.removeAt(index));
  }

  #taken(message: unknown): unknown {
    this.#count -= isSignal(message) ? 0 : 1;
    return message;
  }

  #oldest(): number {
    let index = 0;
    while (isSignal(this.#inner.at(index))) {
      index += 1;
    }
    return index;
  }

  #drop(message: unknown, sender: Sender | undefined): void {
    const { pid, runtime } = this.#owner;
    const kind: DeadLetterKind = "mailbox-full";
    runtime.deadLetters?.lose(kind, message, sender, pid);
    if (message instanceof Call) {
      message.from.refuse(new MailboxFull(pid, this.#capacity));
    }
  }
}
