import { ActorError, ProcessExited } from "../process/errors.ts";
import { type Holding, type Process, processOf, SystemMessage } from "../process/process.ts";
import type { Self } from "../process/self.ts";
import { SmallSet } from "../process/small-set.ts";
import { layMailbox, MailboxLayer } from "./mailbox-layer.ts";

/**
 * Messages that a process has put aside for later, oldest first. Made by `createStash`.
 *
 * What is unstashed goes back to the front of the mailbox and is handled before what waits there, as if it came then.
 *
 * @see Pekko, Stash and StashBuffer
 */
export class Stash {
  readonly capacity: number;
  readonly #self: Self;
  readonly #turns: TurnLayer;
  #messages: unknown[] = [];

  constructor(self: Self, turns: TurnLayer, capacity: number) {
    this.#self = self;
    this.#turns = turns;
    this.capacity = capacity;
  }

  get size(): number {
    return this.#messages.length;
  }

  get isFull(): boolean {
    return this.size >= this.capacity;
  }

  /**
   * Puts a message aside: in a handler, and in a server's callback, the one that is being handled, calls and casts as
   * such, so that they are answered later; in a script the one that is given.
   *
   * @throws {StashFull} The stash holds as many as it may.
   * @throws {StashedTwice} The message being handled has been stashed.
   * @throws {TypeError} None is given and none is being handled.
   */
  stash(...given: readonly [] | readonly [message: unknown]): void {
    const { current } = this.#process("stash");
    const handling = current instanceof SystemMessage ? undefined : current;
    const own = given.length === 0;
    if (own && handling === undefined) {
      throw new TypeError("Cannot stash: wanted a message, since none is being handled");
    }
    if (own && this.#turns.stashed) {
      throw new StashedTwice(handling);
    }
    if (this.isFull) {
      throw new StashFull(this.capacity);
    }
    this.#turns.stashed ||= own;
    this.#messages.push(own ? handling : given[0]);
  }

  /** Puts all back into the mailbox, in the order in which they were stashed. */
  unstashAll(): void {
    this.unstash(this.size);
  }

  /** Puts the oldest `count` back into the mailbox. */
  unstash(count = 1): void {
    const process = this.#process("unstash");
    // The last first, since each goes before all others.
    for (const message of this.#messages.splice(0, count).reverse()) {
      // The stash has laid itself around the mailbox, so there is one.
      process.mailbox?.unshift(message);
    }
    process.wake();
  }

  /**
   * The oldest; it stays.
   *
   * @throws {StashEmpty} There is none.
   */
  head(): unknown {
    if (this.size === 0) {
      throw new StashEmpty();
    }
    return this.#messages[0];
  }

  /** Forgets the oldest `count`. */
  drop(count = 1): void {
    this.#messages.splice(0, count);
  }

  /** Forgets all; callers among them wait until their time is over. */
  clear(): void {
    this.#messages = [];
  }

  includes(message: unknown): boolean {
    return this.#messages.includes(message);
  }

  toArray(): readonly unknown[] {
    return [...this.#messages];
  }

  #process(operation: string): Process {
    const process = processOf(this.#self.pid);
    if (process === undefined) {
      throw new ProcessExited(this.#self.pid, operation);
    }
    return process;
  }
}

/**
 * Makes a stash for the process whose hands are given. When the process ends, what is in it is lost with it: dead letters.
 *
 * @param options `capacity`: how many it may hold; 1 or more, default no bound.
 * @throws {RangeError} The capacity is none.
 *
 * @example
 * const stash = createStash(self, { capacity: 100 });
 * // in a handler: while (!connected) stash.stash(); once connected: stash.unstashAll();
 */
export function createStash(self: Self, options?: { readonly capacity?: number }): Stash {
  const capacity = options?.capacity ?? Number.POSITIVE_INFINITY;
  if (!(capacity >= 1)) {
    throw new RangeError(`Cannot create stash: wanted a capacity of 1 or more, got ${capacity}`);
  }
  const process = processOf(self.pid);
  if (process === undefined) {
    throw new ProcessExited(self.pid, "create stash");
  }
  const stash = new Stash(
    self,
    layMailbox(process, (inner) => new TurnLayer(inner)),
    capacity,
  );
  const leaving: Holding = {
    ownerEnded() {
      for (const message of stash.toArray()) {
        process.runtime.deadLetters?.lose("left-behind", message, undefined, self.pid);
      }
    },
  };
  (process.holdings ??= new SmallSet()).add(leaving);
  return stash;
}

/** Knows whether the message that is being handled has been stashed. Messages cannot be compared: equal ones are many. */
class TurnLayer extends MailboxLayer {
  stashed = false;

  /** Only what is handled is taken so, and not what a handler receives meanwhile. */
  override shift(): unknown {
    this.stashed = false;
    return super.shift();
  }

  protected override taken(message: unknown): unknown {
    return message;
  }
}

/** The stash holds as many messages as it may. */
export class StashFull extends ActorError {
  override readonly code = "ACTOR_STASH_FULL";
  readonly capacity: number;

  constructor(capacity: number) {
    super(`Cannot stash: ${capacity} messages are stashed, and there is room for no more`);
    this.capacity = capacity;
  }
}

/** The message that is being handled has been stashed before. */
export class StashedTwice extends ActorError {
  override readonly code = "ACTOR_STASHED_TWICE";
  readonly stashed: unknown;

  constructor(stashed: unknown) {
    super("Cannot stash: the message that is being handled has been stashed");
    this.stashed = stashed;
  }
}

/** There is no message in the stash. */
export class StashEmpty extends ActorError {
  override readonly code = "ACTOR_STASH_EMPTY";

  constructor() {
    super("Cannot look at the head of the stash: it is empty");
  }
}
