import type { GuestExit } from "./guest-exit.ts";

/** A guest ended before it answered. */
export class GuestGone extends Error {
  readonly code = "GUEST_GONE";

  readonly exit: GuestExit;

  constructor(exit: GuestExit) {
    super(`The service ended before it answered: ${exit.cause.message}`);
    this.name = "GuestGone";
    this.exit = exit;
  }
}
