import type { Pid } from "./pid.ts";

/** The names of a system, as far as a {@link Via} needs them. */
export interface Names {
  get(name: string): Pid | undefined;
}

/**
 * A way to a process besides its pid and its name, looked up anew each time it is used: `rooms.via("lobby")` of a
 * registry. It stands wherever a name does; while it leads to nobody it is as good as a free name.
 *
 * @see Erlang/OTP, gen_server, `{via, Module, Name}`
 */
export abstract class Via {
  abstract holder(names: Names): Pid | undefined;
  /** As it shows in errors. */
  abstract toString(): string;
}

/** A {@link Via} under which a process can be started. */
export abstract class ViaName extends Via {
  /**
   * Called while nobody holds it, before there is a process; throws when none could hold it.
   *
   * @returns What makes a process its holder. Called at once, before the process's first step; must not fail.
   */
  abstract claim(names: Names): (pid: Pid) => void;
}
