import type { Sender } from "../process/dead-letter.ts";
import type { Mailbox } from "../process/mailbox.ts";
import type { Process } from "../process/process.ts";
import { Ring } from "../process/ring.ts";

/** Laid around a mailbox while something wants to see what goes through it, and taken off again. */
export abstract class MailboxLayer implements Mailbox {
  inner: Mailbox;

  constructor(inner: Mailbox) {
    this.inner = inner;
  }

  get size(): number {
    return this.inner.size;
  }

  get moves(): boolean {
    return this.inner.moves === true;
  }

  get recent(): readonly unknown[] | undefined {
    return this.inner.recent;
  }

  push(message: unknown, sender?: Sender): void {
    this.inner.push(message, sender);
  }

  unshift(message: unknown): void {
    this.inner.unshift(message);
  }

  shift(): unknown {
    return this.taken(this.inner.shift());
  }

  at(index: number): unknown {
    return this.inner.at(index);
  }

  removeAt(index: number): unknown {
    return this.taken(this.inner.removeAt(index));
  }

  /** Sees a message that leaves the mailbox, and gives what is to be handled. */
  protected abstract taken(message: unknown): unknown;
}

/** Lays `make`'s layer around the mailbox of a process. */
export function layMailbox<L extends MailboxLayer>(process: Process, make: (inner: Mailbox) => L): L {
  const layer = make(process.mailbox ?? new Ring());
  process.mailbox = layer;
  return layer;
}

/** Takes a layer off, wherever it lies; does nothing once the process has ended. */
export function takeOffLayer(process: Process, layer: MailboxLayer): void {
  process.mailbox = process.mailbox && without(process.mailbox, layer);
}

/** The layer of a process that is one of `kind`, if there is any. */
export function layerOf<L extends MailboxLayer>(
  process: Process,
  kind: abstract new (...args: never[]) => L,
): L | undefined {
  for (let mailbox = process.mailbox; mailbox instanceof MailboxLayer; mailbox = mailbox.inner) {
    if (mailbox instanceof kind) {
      return mailbox;
    }
  }
  return undefined;
}

function without(mailbox: Mailbox, layer: MailboxLayer): Mailbox {
  if (mailbox === layer) {
    return layer.inner;
  }
  if (mailbox instanceof MailboxLayer) {
    mailbox.inner = without(mailbox.inner, layer);
  }
  return mailbox;
}
