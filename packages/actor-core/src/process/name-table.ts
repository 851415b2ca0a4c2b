import { NameNotHeld } from "./errors.ts";
import type { Pid } from "./pid.ts";

/** Who holds which name. */
export class NameTable {
  readonly #holders = new Map<string, Pid>();

  holder(name: string): Pid | undefined {
    return this.#holders.get(name);
  }

  take(name: string, pid: Pid): void {
    this.#holders.set(name, pid);
  }

  free(name: string): void {
    if (!this.#holders.delete(name)) {
      throw new NameNotHeld("unregister", name);
    }
  }
}
