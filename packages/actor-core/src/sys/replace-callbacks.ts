import type { CallbackHandler } from "../process/callback-handler.ts";
import { MissingCallback } from "../process/errors.ts";
import type { Awaitable, CodeChange } from "../process/self.ts";
import { wrongType } from "../process/wrong-type.ts";

/** What there may be among callbacks for this. */
interface Replaceable {
  init?: unknown;
  codeChange?(change: CodeChange, state: unknown): Awaitable<unknown>;
  replacedBy?(to: unknown): Replaceable;
}

/** Gives a handler new callbacks, a state turned into theirs, or both. When it throws, all is as it was. */
export async function replaceCallbacks(handler: CallbackHandler<Replaceable>, change: CodeChange): Promise<void> {
  const { to } = change;
  const callbacks = handler.callbacks;
  // Whoever replaces callbacks answers for their type.
  const next = to === undefined ? callbacks : (callbacks.replacedBy?.(to) ?? (to as Replaceable));
  if (typeof next.init !== "function") {
    throw wrongType("change code", "the callbacks of a server", to);
  }
  if (next.codeChange !== undefined) {
    handler.replaceState(await next.codeChange(change, handler.getState()));
  } else if (next === callbacks) {
    throw new MissingCallback("codeChange");
  }
  handler.callbacks = next;
}
