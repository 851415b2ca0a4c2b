import { runtimeOf } from "../process/caller-parts.ts";
import type { DeadLetter, DeadLetterKind, DeadLetterOffice, Sender } from "../process/dead-letter.ts";
import { itemsOf, type Line } from "../process/items-of.ts";
import { Call, Cast } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import type { ActorSystem } from "../process/self.ts";
import { isSignal } from "./is-signal.ts";

/** A message that has this property, whatever its value, is no loss: only those see it who ask for all dead letters. */
export const noDeadLetter: unique symbol = Symbol("noDeadLetter");

/** Takes dead letters, in the turn of whoever caused them: it must return soon. What it throws is ignored. */
export type DeadLetterListener = (letter: DeadLetter) => void;

/**
 * Shows a system's dead letters from now on: messages that nobody will handle and whose senders are not told.
 *
 * While nobody listens they cost nothing. Calls that fail are none, but answers that come too late are, and calls that a
 * bounded mailbox dropped.
 *
 * @param options `all`: also messages marked with {@link noDeadLetter}.
 * @returns Stops it.
 *
 * @example
 * const stop = subscribeDeadLetters(system, ({ kind, message, to }) => console.warn(kind, message, String(to)));
 */
export function subscribeDeadLetters(
  system: ActorSystem,
  listener: DeadLetterListener,
  options?: { readonly all?: boolean },
): () => void {
  if (typeof listener !== "function") {
    throw new TypeError(`Cannot subscribe to dead letters: wanted a function, got ${typeof listener}`);
  }
  const runtime = runtimeOf(system, "subscribe to dead letters");
  // No other kind of office is ever opened.
  const office = (runtime.deadLetters as Subscriptions | undefined) ?? new Subscriptions();
  runtime.deadLetters = office;
  const subscription: Subscription = { listener, all: options?.all === true };
  office.subscriptions.add(subscription);
  return () => {
    office.subscriptions.delete(subscription);
    if (office.subscriptions.size === 0 && runtime.deadLetters === office) {
      runtime.deadLetters = undefined;
    }
  };
}

interface Subscription {
  readonly listener: DeadLetterListener;
  readonly all: boolean;
}

class Subscriptions implements DeadLetterOffice {
  readonly subscriptions = new Set<Subscription>();

  lose(kind: DeadLetterKind, message: unknown, sender: Sender | undefined, to: DeadLetter["to"]): void {
    if (kind !== "mailbox-full" && !isLoss(message)) {
      return;
    }
    const letter: DeadLetter = { kind, message, from: sender?.pid, to };
    const suppressed = isSuppressed(message);
    for (const { listener, all } of this.subscriptions) {
      if (all || !suppressed) {
        try {
          listener(letter);
        } catch {
          // As with reports: who looks on must not be able to harm what it looks at.
        }
      }
    }
  }

  leave(pid: Pid, mailbox: Line<unknown> | undefined): void {
    for (const message of mailbox ? itemsOf(mailbox) : []) {
      this.lose("left-behind", message, undefined, pid);
    }
  }
}

/** Signals are no messages, and a caller is told that its call has failed. */
function isLoss(message: unknown): boolean {
  return !(isSignal(message) || message instanceof Call);
}

function isSuppressed(message: unknown): boolean {
  const content = message instanceof Cast || message instanceof Call ? message.request : message;
  return typeof content === "object" && content !== null && noDeadLetter in content;
}
