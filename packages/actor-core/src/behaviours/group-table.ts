import { OwnedTable } from "../process/owned-table.ts";
import type { Pid } from "../process/pid.ts";
import { type Holding, type Process, processOf } from "../process/process.ts";
import { SmallSet } from "../process/small-set.ts";
import { GroupJoined, GroupLeft, GroupMonitor } from "./group-change.ts";

/** A group: who is in it, how often. */
interface Members {
  readonly times: Map<Pid, number>;
  /** Made when it is asked for, and kept while nothing changes: a group is read far more often than it changes. */
  list: readonly Pid[] | undefined;
}

/** The groups of one scope, the processes in them, and who watches. */
export class GroupTable<Group> extends OwnedTable {
  readonly scope: { readonly name: string };
  readonly owner: Process;
  /** Without empty ones. */
  readonly #groups = new Map<Group, Members>();
  readonly #members = new Map<Pid, Member<Group>>();
  readonly #watches = new Map<GroupMonitor, Watch>();
  readonly #watchesOf = new Map<Group, Set<Watch>>();
  readonly #watchesOfAll = new Set<Watch>();

  constructor(scope: { readonly name: string }, owner: Process) {
    super();
    this.scope = scope;
    this.owner = owner;
  }

  groups(): readonly Group[] {
    return [...this.#groups.keys()];
  }

  members(group: Group): readonly Pid[] {
    const members = this.#groups.get(group);
    if (members === undefined) return [];
    return (members.list ??= [...members.times].flatMap(([pid, times]) => Array<Pid>(times).fill(pid)));
  }

  override contents(): ReadonlyMap<Group, readonly Pid[]> {
    return new Map(this.groups().map((group) => [group, this.members(group)] as const));
  }

  /** Dead processes are passed over. */
  join(group: Group, pids: readonly Pid[]): void {
    const joined: Pid[] = [];
    for (const pid of pids) {
      const process = processOf(pid);
      if (process === undefined) continue;
      this.#add(group, this.#memberOf(pid, process));
      joined.push(pid);
    }
    if (joined.length > 0) this.#tell(group, GroupJoined, joined);
  }

  /** @returns Whether anybody has left. */
  leave(group: Group, pids: readonly Pid[]): boolean {
    const left: Pid[] = [];
    for (const pid of pids) {
      const member = this.#members.get(pid);
      if (member === undefined || !this.#remove(group, member)) continue;
      left.push(pid);
      if (member.times.size === 0) {
        this.#members.delete(pid);
        member.process.holdings?.delete(member);
      }
    }
    if (left.length > 0) this.#tell(group, GroupLeft, left);
    return left.length > 0;
  }

  /** Begins to tell a process of changes, of one group or of all. */
  watch(process: Process, what: { readonly group: Group } | "all"): GroupMonitor {
    const watch = new Watch(process, new GroupMonitor(this.scope.name), () => {
      this.#watches.delete(watch.monitor);
      watches.delete(watch);
      if (what !== "all" && watches.size === 0) this.#watchesOf.delete(what.group);
    });
    const watches = what === "all" ? this.#watchesOfAll : (this.#watchesOf.get(what.group) ?? new Set<Watch>());
    if (what !== "all") this.#watchesOf.set(what.group, watches);
    watches.add(watch);
    this.#watches.set(watch.monitor, watch);
    return watch.monitor;
  }

  /** Ends a watch and takes what it has told out of the mailbox. @returns Whether there was one. */
  unwatch(monitor: GroupMonitor): boolean {
    const watch = this.#watches.get(monitor);
    watch?.end();
    return watch !== undefined;
  }

  override ownerEnded(): void {
    for (const member of this.#members.values()) member.process.holdings?.delete(member);
    for (const watch of this.#watches.values()) watch.process.holdings?.delete(watch);
    this.#groups.clear();
    this.#members.clear();
  }

  #memberOf(pid: Pid, process: Process): Member<Group> {
    const known = this.#members.get(pid);
    if (known !== undefined) return known;
    const member = new Member<Group>(process, () => this.#ended(member));
    this.#members.set(pid, member);
    return member;
  }

  #ended(member: Member<Group>): void {
    const { pid } = member.process;
    this.#members.delete(pid);
    for (const [group, times] of member.times) {
      const members = this.#groups.get(group);
      members?.times.delete(pid);
      this.#changed(group, members);
      for (let i = 0; i < times; i++) this.#tell(group, GroupLeft, [pid]);
    }
  }

  #add(group: Group, member: Member<Group>): void {
    const members: Members = this.#groups.get(group) ?? { times: new Map(), list: undefined };
    const times = (member.times.get(group) ?? 0) + 1;
    member.times.set(group, times);
    members.times.set(member.process.pid, times);
    members.list = undefined;
    this.#groups.set(group, members);
  }

  #remove(group: Group, member: Member<Group>): boolean {
    const times = member.times.get(group);
    const members = this.#groups.get(group);
    if (times === undefined || members === undefined) return false;
    if (times > 1) {
      member.times.set(group, times - 1);
      members.times.set(member.process.pid, times - 1);
    } else {
      member.times.delete(group);
      members.times.delete(member.process.pid);
    }
    this.#changed(group, members);
    return true;
  }

  #changed(group: Group, members: Members | undefined): void {
    if (members === undefined) return;
    members.list = undefined;
    if (members.times.size === 0) this.#groups.delete(group);
  }

  #tell(group: Group, Change: typeof GroupJoined | typeof GroupLeft, pids: readonly Pid[]): void {
    for (const watches of [this.#watchesOfAll, this.#watchesOf.get(group) ?? []]) {
      for (const { process, monitor } of watches) process.deliver(new Change(monitor, group, pids));
    }
  }
}

/** A process that has joined groups, and how often. */
class Member<Group> implements Holding {
  readonly process: Process;
  readonly times = new Map<Group, number>();
  readonly #onEnd: () => void;

  constructor(process: Process, onEnd: () => void) {
    this.process = process;
    this.#onEnd = onEnd;
    (process.holdings ??= new SmallSet()).add(this);
  }

  ownerEnded(): void {
    this.#onEnd();
  }
}

/** A process that is told of changes. */
class Watch implements Holding {
  readonly process: Process;
  readonly monitor: GroupMonitor;
  readonly #forget: () => void;

  constructor(process: Process, monitor: GroupMonitor, forget: () => void) {
    this.process = process;
    this.monitor = monitor;
    this.#forget = forget;
    (process.holdings ??= new SmallSet()).add(this);
  }

  end(): void {
    this.process.holdings?.delete(this);
    this.#forget();
    const { monitor } = this;
    this.process.discard(
      (message) => (message instanceof GroupJoined || message instanceof GroupLeft) && message.monitor === monitor,
    );
  }

  ownerEnded(): void {
    this.#forget();
  }
}
