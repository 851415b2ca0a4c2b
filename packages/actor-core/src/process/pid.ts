import type { Takes, takes } from "./takes.ts";

/**
 * Opaque handle of a process: equal only to itself, never used again, valid for ever.
 *
 * `Pid<Message>` is the pid of a process that understands `Message`: nothing else can be sent to it. A plain `Pid` is
 * unchecked. A pid keeps nothing of a dead process alive. Sending to one that is dead does nothing.
 */
export type Pid<Message = unknown> = ProcessId<Takes<Message>>;

/** The class of all pids; its parameter is what the process takes. */
class ProcessId<out T = Takes<unknown>> {
  /** Unique in its system. For people and for comparing; there is no way from a number to a process. */
  readonly id: number;
  declare readonly [takes]?: T;
  #process: object | undefined;

  constructor(id: number, process: object) {
    this.id = id;
    this.#process = process;
  }

  /** For people and logs; do not parse. */
  toString(): string {
    return `<${this.id}>`;
  }

  toJSON(): string {
    return this.toString();
  }

  // The library's own way in: the class is not exported from the package.

  static processOf(pid: Pid): object | undefined {
    return pid.#process;
  }

  static release(pid: Pid): void {
    pid.#process = undefined;
  }
}

// The type has a friendlier parameter than the class.
export const Pid: typeof ProcessId = ProcessId;
