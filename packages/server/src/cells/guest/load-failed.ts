import type { Ending } from "../wire/protocol.ts";

/** The source does not give a service; carries what the kernel is told. */
export class LoadFailed extends Error {
  readonly ending: Ending;

  constructor(ending: Omit<Ending, "normal">) {
    super(ending.message);
    this.name = "LoadFailed";
    this.ending = { ...ending, normal: false };
  }
}
