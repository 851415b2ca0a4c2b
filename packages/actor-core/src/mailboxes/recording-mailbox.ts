import { itemsOf } from "../process/items-of.ts";
import type { Mailbox, MakeMailbox } from "../process/mailbox.ts";
import { OwnMessage } from "../process/messages.ts";
import { SystemMessage } from "../process/process.ts";
import { Ring } from "../process/ring.ts";
import { MailboxLayer } from "./mailbox-layer.ts";

/**
 * A mailbox that remembers the last messages its process took, for its crash report and `sys.status`. They are kept alive
 * by that.
 *
 * @param options `last`: how many, 1 or more. `within`: the mailbox that is recorded; default first in, first out.
 * @throws {RangeError} `last` is no whole number of 1 or more.
 *
 * @example
 * const pid = system.spawn(worker, { mailbox: recordingMailbox({ last: 20 }) });
 */
export function recordingMailbox({
  last,
  within,
}: {
  readonly last: number;
  readonly within?: MakeMailbox;
}): MakeMailbox {
  checkLast(last, 1);
  return (owner) => new RecordingLayer(within?.(owner) ?? new Ring(), last);
}

/** Refuses what is no number of messages. */
export function checkLast(last: number, least: number): void {
  if (!(Number.isSafeInteger(last) && last >= least)) {
    throw new RangeError(`Cannot record messages: wanted ${least} or more, got ${last}`);
  }
}

/** Keeps what was taken last. */
export class RecordingLayer extends MailboxLayer {
  readonly #last: number;
  readonly #taken = new Ring<unknown>();

  constructor(inner: Mailbox, last: number) {
    super(inner);
    this.#last = last;
  }

  override get recent(): readonly unknown[] {
    return itemsOf(this.#taken);
  }

  protected override taken(message: unknown): unknown {
    if (!(message instanceof SystemMessage || message instanceof OwnMessage)) {
      if (this.#taken.size === this.#last) {
        this.#taken.shift();
      }
      this.#taken.push(message);
    }
    return message;
  }
}
