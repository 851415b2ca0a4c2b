/**
 * Opaque handle of a process: equal only to itself, never used again, valid for ever.
 *
 * A pid keeps nothing of a dead process alive. Sending to one that is dead does nothing.
 */
export class Pid {
  /** Unique in its system. For people and for comparing; there is no way from a number to a process. */
  readonly id: number;
  #process: object | undefined;

  private constructor(id: number, process: object) {
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

  /** The library's own way in; not exported from the package. */
  static readonly internal = {
    make: (id: number, process: object): Pid => new Pid(id, process),
    processOf: (pid: Pid): object | undefined => pid.#process,
    release: (pid: Pid): void => {
      pid.#process = undefined;
    },
  };
}
