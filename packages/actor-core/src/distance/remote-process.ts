import { Exit, type ExitReason } from "../process/exit-reason.ts";
import { Call } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { Process, type Watcher } from "../process/process.ts";
import { Runtime } from "../process/runtime.ts";
import { SmallSet } from "../process/small-set.ts";
import type { Timers } from "../process/timers.ts";
import type { Address } from "./frame.ts";
import { type Place, RemotePid } from "./remote-pid.ts";

/** The way from this node to another, as its processes use it. */
export interface Line {
  readonly name: string;
  deliver(to: RemoteProcess, message: unknown, sender: Process | undefined): void;
  exit(to: RemoteProcess, from: Process | undefined, reason: ExitReason): void;
  stop(to: RemoteProcess, reason: ExitReason): void;
  watch(target: RemoteProcess, watcher: Watcher): void;
  unwatch(watcher: Watcher): void;
  link(target: RemoteProcess, from: Process): void;
  unlink(target: RemoteProcess, from: Process, seen: number): void;
  /** A local process has ended that was linked. */
  linkBroken(target: RemoteProcess, from: Pid, reason: ExitReason): void;
}

/** How often the two ends of a link have told each other of it; see `unlink` of {@link Frame}. */
interface Told {
  sent: number;
  seen: number;
}

/**
 * Stands for a process of another node: what is done to it is sent there.
 *
 * The rest of the library cannot tell it from a process of its own, and so has nothing to ask about distance.
 */
export class RemoteProcess extends Process {
  readonly address: Address;
  /** Of its node; undefined when it is only a name there, whoever holds it. */
  readonly incarnation: number | undefined;
  readonly #line: Line;
  readonly #told = new Map<Process, Told>();

  constructor(elsewhere: Elsewhere, line: Line, place: Place) {
    elsewhere.next = place;
    super(elsewhere, nothing, { parent: undefined, bornLinked: false, label: undefined });
    elsewhere.processes.delete(this);
    this.#line = line;
    this.address = place.address;
    this.incarnation = place.incarnation;
    // Taken, so that no local name can be given to it.
    this.name = String(this.pid);
    this.watchers = new RemoteWatchers(line, this);
  }

  override deliver(message: unknown, sender?: Process): void {
    this.#line.deliver(this, message, sender);
  }

  override tell(): void {
    throw new TypeError(`Cannot look into process ${this.pid}: it runs on another node`);
  }

  override askToStop(reason: ExitReason): void {
    this.#line.stop(this, reason);
  }

  override exitSignal(from: Process | undefined, reason: ExitReason): void {
    this.#line.exit(this, from, reason);
  }

  protected override addLink(local: Process): void {
    if (this.address.kind !== "pid") {
      local.links?.delete(this);
      local.linkSignal(this.pid, Exit.noproc);
    } else if (!this.#isLinked(local)) {
      super.addLink(local);
      this.#toldOf(local).sent += 1;
      this.#line.link(this, local);
    }
  }

  protected override dropLink(local: Process): void {
    if (this.#isLinked(local)) {
      super.dropLink(local);
      this.#line.unlink(this, local, this.#toldOf(local).seen);
    }
  }

  protected override linkBroken(from: Pid, reason: ExitReason): void {
    this.#line.linkBroken(this, from, reason);
  }

  /** The other end has linked. */
  linkedBy(local: Process): void {
    this.#toldOf(local).seen += 1;
    super.addLink(local);
    (local.links ??= new SmallSet()).add(this);
  }

  /** The other end has unlinked, knowing of `seen` links from here. One that it does not know of is newer and stays. */
  unlinkedBy(local: Process, seen: number): void {
    if (seen >= this.#toldOf(local).sent) {
      this.take(local);
    }
  }

  /** Ends a link without telling the other end. @returns Whether there was one. */
  take(local: Process): boolean {
    const linked = this.#isLinked(local);
    this.links?.delete(local);
    local.links?.delete(this);
    return linked;
  }

  /** Nothing is left of what has been agreed with the other side. @returns Who was linked. */
  forget(): readonly Process[] {
    const linked = [...(this.links?.items() ?? [])];
    for (const local of linked) {
      this.take(local);
    }
    this.#told.clear();
    return linked;
  }

  #isLinked(local: Process): boolean {
    return this.links?.items().includes(local) === true;
  }

  #toldOf(local: Process): Told {
    let told = this.#told.get(local);
    if (told === undefined) {
      told = { sent: 0, seen: 0 };
      this.#told.set(local, told);
    }
    return told;
  }
}

const nothing = { handle(): void {} };

/** Tells the other side who watches. */
class RemoteWatchers extends SmallSet<Watcher> {
  readonly #line: Line;
  readonly #target: RemoteProcess;

  constructor(line: Line, target: RemoteProcess) {
    super();
    this.#line = line;
    this.#target = target;
  }

  override add(watcher: Watcher): void {
    super.add(watcher);
    // A call says itself that it watches.
    if (!(watcher instanceof Call)) {
      this.#line.watch(this.#target, watcher);
    }
  }

  override delete(watcher: Watcher): void {
    super.delete(watcher);
    this.#line.unwatch(watcher);
  }
}

/** Where processes of another node are, as far as this one is concerned: nothing runs there. */
export class Elsewhere extends Runtime {
  /** Of what a pid is made next. */
  next: Place;

  constructor(node: string, timers: Timers) {
    super({
      clock: {
        nowMs: () => timers.nowMs(),
        schedule: (delayMs, wake) => {
          const deadline = timers.after(delayMs, wake);
          return () => deadline.clear();
        },
      },
      reporter: () => {},
      queue: { idle: true, total: 0, push: () => {}, trySpend: () => false },
    });
    this.next = { node, incarnation: undefined, address: { kind: "pid", id: 0 } };
  }

  override makePid(process: object): Pid {
    return new RemotePid(this.next, process);
  }
}
