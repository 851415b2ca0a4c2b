import type { Mailbox, MakeMailbox } from "../process/mailbox.ts";
import { OwnMessage } from "../process/messages.ts";
import { SystemMessage } from "../process/process.ts";
import { Ring } from "../process/ring.ts";

/**
 * A mailbox that gives the most urgent message first, and of equally urgent ones the oldest.
 *
 * @param priorityOf How urgent a message is, the lower the number the more so. Gets what a handler gets: `Call`, `Cast`,
 * `Exited` and `Down` too. Runs when the message comes, in the turn of its sender; a throw or what is no number counts as
 * least urgent. Meant for a few different numbers. System messages, such as `stop`, come before everything; what a
 * behaviour tells itself, such as that a time is over, comes last.
 *
 * @example
 * const mailbox = priorityMailbox((message) => (message instanceof Call ? 0 : 1));
 * const pid = system.spawn(worker, { mailbox });
 */
export function priorityMailbox(priorityOf: (message: unknown) => number): MakeMailbox {
  if (typeof priorityOf !== "function") {
    throw new TypeError(`Cannot order mailbox: wanted a function, got ${typeof priorityOf}`);
  }
  return () => new PriorityMailbox(priorityOf);
}

/** A mailbox that gives control messages before all others, both in their order. */
export function controlAwareMailbox(isControl: (message: unknown) => boolean): MakeMailbox {
  if (typeof isControl !== "function") {
    throw new TypeError(`Cannot order mailbox: wanted a function, got ${typeof isControl}`);
  }
  return priorityMailbox((message) => (isControl(message) ? 0 : 1));
}

interface Level {
  readonly priority: number;
  readonly messages: Ring<unknown>;
}

class PriorityMailbox implements Mailbox {
  readonly moves = true;
  readonly #priorityOf: (message: unknown) => number;
  /** The most urgent first; none is empty. */
  readonly #levels: Level[] = [];
  #size = 0;

  constructor(priorityOf: (message: unknown) => number) {
    this.#priorityOf = priorityOf;
  }

  get size(): number {
    return this.#size;
  }

  push(message: unknown): void {
    this.#levelOf(message).push(message);
    this.#size += 1;
  }

  unshift(message: unknown): void {
    this.#levelOf(message).unshift(message);
    this.#size += 1;
  }

  shift(): unknown {
    return this.removeAt(0);
  }

  at(index: number): unknown {
    const [level, within] = this.#find(index);
    return level.messages.at(within);
  }

  removeAt(index: number): unknown {
    const [level, within] = this.#find(index);
    const message = level.messages.removeAt(within);
    this.#size -= 1;
    if (level.messages.size === 0) {
      this.#levels.splice(this.#levels.indexOf(level), 1);
    }
    return message;
  }

  #find(index: number): [Level, number] {
    let left = index;
    for (const level of this.#levels) {
      if (left < level.messages.size) {
        return [level, left];
      }
      left -= level.messages.size;
    }
    throw new RangeError(`Cannot read message: wanted an index below ${this.#size}, got ${index}`);
  }

  #levelOf(message: unknown): Ring<unknown> {
    const priority = this.#priority(message);
    const place = this.#levels.findIndex((level) => level.priority >= priority);
    const found = this.#levels[place];
    if (found?.priority === priority) {
      return found.messages;
    }
    const messages = new Ring<unknown>();
    this.#levels.splice(place < 0 ? this.#levels.length : place, 0, { priority, messages });
    return messages;
  }

  #priority(message: unknown): number {
    if (message instanceof SystemMessage) {
      return Number.NEGATIVE_INFINITY;
    }
    // Such as that nothing came for a while, which must not overtake what did.
    if (message instanceof OwnMessage) {
      return Number.POSITIVE_INFINITY;
    }
    try {
      const priority = this.#priorityOf(message);
      return typeof priority === "number" && !Number.isNaN(priority) ? priority : Number.POSITIVE_INFINITY;
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }
}
