import type { Pid } from "../process/pid.ts";

/** Sent to the listeners of a registry: a process has registered. */
export class Registered {
  /** The registry's name. */
  readonly registry: string;
  readonly key: unknown;
  readonly pid: Pid;
  readonly value: unknown;

  constructor(registry: string, entry: { readonly key: unknown; readonly pid: Pid; readonly value: unknown }) {
    this.registry = registry;
    this.key = entry.key;
    this.pid = entry.pid;
    this.value = entry.value;
  }
}

/** Sent to the listeners of a registry: a process has given up a key by itself. Its end alone is not told; monitor it. */
export class Unregistered {
  /** The registry's name. */
  readonly registry: string;
  readonly key: unknown;
  readonly pid: Pid;

  constructor(registry: string, key: unknown, pid: Pid) {
    this.registry = registry;
    this.key = key;
    this.pid = pid;
  }
}
