import { Down, Signal } from "../process/messages.ts";

/** Tells what must never be lost, as somebody's life depends on it, from the messages that people send. */
export function isSignal(message: unknown): boolean {
  return message instanceof Signal || message instanceof Down;
}
