import type { Pid } from "./pid.ts";
import type { Takes, takes } from "./takes.ts";

/** An address of a process that its owner can withdraw, for messages that it understands. Made by `self.alias`. */
export type Alias<Message = unknown> = ProcessAlias<Takes<Message>>;

/** The class of all aliases; its parameter is what the owner takes. */
class ProcessAlias<out T = Takes<unknown>> {
  declare readonly [takes]?: T;
  readonly owner: Pid;
  /** Withdraws itself with the first message. */
  readonly once: boolean;
  /** Kept by the owner's process. */
  #active = true;
  readonly #withdrawn: (() => void) | undefined;

  constructor(owner: Pid, once: boolean, withdrawn?: () => void) {
    this.owner = owner;
    this.once = once;
    this.#withdrawn = withdrawn;
  }

  get active(): boolean {
    return this.#active;
  }

  /** Ask the owner's `self.unalias`; whoever holds an alias must not be able to withdraw it. */
  static readonly internal = {
    withdraw: (alias: Alias): void => {
      alias.#active = false;
      alias.#withdrawn?.();
    },
  };
}

// The type has a friendlier parameter than the class.
export const Alias: typeof ProcessAlias = ProcessAlias;
