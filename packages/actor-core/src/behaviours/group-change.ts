import type { Pid } from "../process/pid.ts";

/** Identifies one watch over a group, or over all groups of a scope; made by `monitor` and `monitorAll`. */
export class GroupMonitor {
  /** The name of the scope. */
  readonly scope: string;

  constructor(scope: string) {
    this.scope = scope;
  }
}

/** Processes have joined a group; one message for each call of `join`. */
export class GroupJoined {
  readonly monitor: GroupMonitor;
  readonly group: unknown;
  /** Those who were given to `join`, as often as they were. */
  readonly pids: readonly Pid[];

  constructor(monitor: GroupMonitor, group: unknown, pids: readonly Pid[]) {
    this.monitor = monitor;
    this.group = group;
    this.pids = pids;
  }
}

/** Processes have left a group; one message for each call of `leave`, and one for each time a dead process had joined. */
export class GroupLeft {
  readonly monitor: GroupMonitor;
  readonly group: unknown;
  /** Those who have left, as often as they have. */
  readonly pids: readonly Pid[];

  constructor(monitor: GroupMonitor, group: unknown, pids: readonly Pid[]) {
    this.monitor = monitor;
    this.group = group;
    this.pids = pids;
  }
}
