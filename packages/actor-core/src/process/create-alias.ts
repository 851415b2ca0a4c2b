import { Address, type Alias } from "./alias.ts";
import { lookUp } from "./caller-parts.ts";
import type { Pid } from "./pid.ts";
import type { Process } from "./process.ts";
import type { Self } from "./self.ts";

/**
 * Makes an address of its own process that can be withdrawn, which a pid cannot.
 *
 * @param options `once` withdraws it with its first message.
 * @throws {ProcessExited} The process has ended.
 * @see Erlang/OTP, `erlang:alias/1`
 *
 * @example
 * const answers = createAlias(self, { once: true });
 * self.send(pid, { work: 7, answerTo: answers });
 */
export function createAlias<M>(self: Self<M>, options?: { readonly once?: boolean }): Alias<M> {
  const owner = lookUp(self, self.pid, "create an alias") as Process;
  return new ProcessAlias(owner.pid, options?.once === true);
}

/** Withdraws an alias of its own process, and no other: what is sent to it later is dropped. */
export function unalias(self: Self, alias: Alias): void {
  lookUp(self, self.pid, "unalias");
  if (alias instanceof ProcessAlias && alias.owner === self.pid) {
    alias.withdraw();
  }
}

/** The class of all aliases. Not exported from the package: whoever holds an alias must not be able to withdraw it. */
export class ProcessAlias extends Address implements Alias {
  readonly owner: Pid;
  readonly once: boolean;
  #active = true;
  readonly #withdrawn: (() => void) | undefined;

  constructor(owner: Pid, once: boolean, withdrawn?: () => void) {
    super();
    this.owner = owner;
    this.once = once;
    this.#withdrawn = withdrawn;
  }

  get active(): boolean {
    return this.#active;
  }

  take(): Pid | undefined {
    const taker = this.#active ? this.owner : undefined;
    if (this.once) {
      this.withdraw();
    }
    return taker;
  }

  withdraw(): void {
    if (this.#active) {
      this.#active = false;
      this.#withdrawn?.();
    }
  }
}
