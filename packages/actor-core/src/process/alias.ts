import type { Pid } from "./pid.ts";

/** An address of a process that its owner can withdraw. Made by `self.alias`. */
export class Alias {
  readonly owner: Pid;
  /** Withdraws itself with the first message. */
  readonly once: boolean;
  /** Kept by the owner's process. */
  #active = true;

  constructor(owner: Pid, once: boolean) {
    this.owner = owner;
    this.once = once;
  }

  get active(): boolean {
    return this.#active;
  }

  /** Ask the owner's `self.unalias`; whoever holds an alias must not be able to withdraw it. */
  static readonly internal = {
    withdraw: (alias: Alias): void => {
      alias.#active = false;
    },
  };
}
