import { CallFailed, ProcessExited } from "../process/errors.ts";
import { describeValue, Exit } from "../process/exit-reason.ts";
import { TableOwner, tableOf } from "../process/owned-table.ts";
import { Pid } from "../process/pid.ts";
import { type Process, processOf } from "../process/process.ts";
import type { Caller, Self, StartOptions, StartResult } from "../process/self.ts";
import type { GroupMonitor } from "./group-change.ts";
import { GroupTable } from "./group-table.ts";

/** A set of groups that knows nothing of other sets. Made by {@link groupScope}. */
export interface GroupScope<Group> {
  /** The name its process takes in each system it is started in. */
  readonly name: string;
  /** Never present; carries the type. */
  readonly types?: (group: Group) => void;
}

/**
 * Defines a scope, and says once of which type its groups are. Groups are compared as the keys of a `Map`.
 *
 * @example
 * const topics = groupScope<"news" | "chat">("topics");
 */
export function groupScope<Group = string>(name: string): GroupScope<Group> {
  return Object.freeze({ name });
}

/** The scope that is used when none is named. */
const DEFAULT_SCOPE = groupScope("pg");

/**
 * Starts the process of a scope, under the scope's name. Started by a process it is linked to it. When it ends, its groups
 * are gone; their members live on.
 *
 * @param scope Default: one named `pg`, with texts as groups.
 *
 * @see Erlang/OTP, pg
 */
export function startGroupScope(
  caller: Caller | Self,
  scope: GroupScope<never> = DEFAULT_SCOPE,
  options: Pick<StartOptions, "label" | "timeoutMs"> = {},
): Promise<StartResult> {
  const body = new TableOwner((owner) => new GroupTable(scope, owner));
  return caller.start(body, { ...options, name: scope.name, link: "pid" in caller });
}

/**
 * Makes the hands on a running scope, with `caller` as the one who acts.
 *
 * @example
 * await startGroupScope(system);
 * const groups = processGroups(self);
 * groups.join("workers", self.pid);
 * for (const worker of groups.members("workers")) self.send(worker, "hello");
 */
export function processGroups(caller: Caller | Self): ProcessGroups<string>;
export function processGroups<Group>(caller: Caller | Self, scope: GroupScope<Group>): ProcessGroups<Group>;
export function processGroups(caller: Caller | Self, scope: GroupScope<string> = DEFAULT_SCOPE): ProcessGroups<string> {
  return new ProcessGroups(caller, scope);
}

/** What came of `leave`. `not-joined`: none of the processes was in the group. */
export type LeaveResult = { readonly kind: "ok" } | { readonly kind: "not-joined" };

/**
 * The hands on a running scope. Everything is done when it returns. A group is there while somebody is in it. A process
 * leaves all of them with its end, before anyone hears of that.
 *
 * All operations but `members` throw {@link CallFailed} with `noproc` when the scope does not run.
 */
export class ProcessGroups<Group> {
  readonly scope: GroupScope<Group>;
  readonly #caller: Caller | Self;

  constructor(caller: Caller | Self, scope: GroupScope<Group>) {
    this.#caller = caller;
    this.scope = scope;
  }

  /**
   * Puts processes into a group; once more those that are in it, and then they have to leave as often. Dead ones are passed
   * over.
   *
   * @throws {TypeError | RangeError} For what is no pid, or one of another system; then none has joined.
   */
  join(group: Group, pids: Pid | readonly Pid[]): void {
    const table = this.#table("join");
    table.join(group, this.#checked(pids, table));
  }

  /** Takes processes out of a group, each once for each time it is given. */
  leave(group: Group, pids: Pid | readonly Pid[]): LeaveResult {
    const table = this.#table("leave");
    return { kind: table.leave(group, this.#checked(pids, table)) ? "ok" : "not-joined" };
  }

  /** Who is in a group, each as often as it has joined; nobody when the scope does not run. */
  members(group: Group): readonly Pid[] {
    this.#refuseDead("members");
    return this.#running()?.members(group) ?? [];
  }

  /** The groups that have members. */
  groups(): readonly Group[] {
    return this.#table("groups").groups();
  }

  /** From now on the calling process gets {@link GroupJoined} and {@link GroupLeft} for a group. */
  monitor(group: Group): { readonly monitor: GroupMonitor; readonly members: readonly Pid[] } {
    const table = this.#table("monitor");
    return { monitor: table.watch(this.#watcher(), { group }), members: table.members(group) };
  }

  /** From now on the calling process gets {@link GroupJoined} and {@link GroupLeft} for all groups. */
  monitorAll(): { readonly monitor: GroupMonitor; readonly groups: ReadonlyMap<Group, readonly Pid[]> } {
    const table = this.#table("monitor");
    return { monitor: table.watch(this.#watcher(), "all"), groups: table.contents() };
  }

  /**
   * Ends a monitor and takes what it has sent out of the mailbox.
   *
   * @returns Whether there was such a monitor.
   */
  demonitor(monitor: GroupMonitor): boolean {
    return this.#table("demonitor").unwatch(monitor);
  }

  #running(): GroupTable<Group> | undefined {
    const table = tableOf(this.#caller.whereis(this.scope.name), GroupTable);
    // Made for this very definition, so it has its type.
    return table?.scope === this.scope ? (table as GroupTable<Group>) : undefined;
  }

  #table(operation: string): GroupTable<Group> {
    this.#refuseDead(operation);
    const table = this.#running();
    if (table !== undefined) return table;
    throw new CallFailed({
      reason: Exit.noproc,
      target: this.scope.name,
      request: operation,
      timeoutMs: Number.POSITIVE_INFINITY,
    });
  }

  #checked(pids: Pid | readonly Pid[], table: GroupTable<Group>): readonly Pid[] {
    const list = pids instanceof Pid ? [pids] : [...pids];
    for (const pid of list) {
      if (!(pid instanceof Pid)) throw new TypeError(`Cannot use group: wanted pids, got ${describeValue(pid)}`);
      const process = processOf(pid);
      if (process !== undefined && process.runtime !== table.owner.runtime) {
        throw new RangeError(`Cannot use group: ${pid} is a process of another system`);
      }
    }
    return list;
  }

  #watcher(): Process {
    const process = "pid" in this.#caller ? processOf(this.#caller.pid) : undefined;
    if (process === undefined) throw new TypeError("Cannot monitor group: there is no process to be told");
    return process;
  }

  #refuseDead(operation: string): void {
    if ("pid" in this.#caller && !this.#caller.isAlive(this.#caller.pid)) {
      throw new ProcessExited(this.#caller.pid, operation);
    }
  }
}
