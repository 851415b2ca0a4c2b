import { Down, Exited, Signal } from "../process/messages.ts";
import { SystemMessage } from "../process/process.ts";

/** Tells what must never be lost, as somebody's life depends on it, from the messages that people send. */
export function isSignal(message: unknown): boolean {
  return (
    message instanceof Exited ||
    message instanceof Down ||
    message instanceof SystemMessage ||
    message instanceof Signal
  );
}
