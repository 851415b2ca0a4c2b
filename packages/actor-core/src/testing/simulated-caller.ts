import type { Address } from "../process/alias.ts";
import { ProcessAlias } from "../process/create-alias.ts";
import { type Deferred, defer } from "../process/deferred.ts";
import { ProcessExited } from "../process/errors.ts";
import { describeExit, type ExitReason } from "../process/exit-reason.ts";
import { ProcessSelf, takeAlias } from "../process/local-caller.ts";
import { Down, type MonitorRef } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { type Birth, type Process, processOf, rejectQuietly } from "../process/process.ts";
import type { Reporter } from "../process/report.ts";
import { Runtime } from "../process/runtime.ts";
import type {
  ActorSystem,
  CallOptions,
  ProcessBody,
  SpawnOptions,
  StartOptions,
  StartResult,
  StopOptions,
  Target,
} from "../process/self.ts";
import { timedOut } from "../process/self.ts";
import { LocalSystem } from "../system/local-system.ts";
import { InjectedFault } from "./fault.ts";
import { LinkSignal, SimulatedProcess, withCrashes } from "./simulated-process.ts";
import { nameOf, type World } from "./world.ts";

// The two callers stand in one file because each makes the other's processes.

/** What the callers of one simulated system share. */
class Stage {
  readonly world: World;
  readonly name: string;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  makeProcess(runtime: Runtime, system: ActorSystem, body: ProcessBody, birth: Birth): Process {
    const { world } = this;
    const played = world.faults.has("crash") ? withCrashes(body, () => this.mayCrash(process)) : body;
    const process = new SimulatedProcess(runtime, played, birth, world, this.name);
    process.self = new SimulatedSelf(runtime, process, system, this);
    return process;
  }

  mayFailToSpawn({ name, label }: SpawnOptions = {}): void {
    const facts = { system: this.name, pid: undefined, name: name?.toString(), label };
    const fault = this.world.faults.onProcess("fail-spawn", facts, this.world.step);
    if (fault !== undefined) {
      this.world.note(`fault: fail to spawn ${nameOf(facts)}`);
      throw fault.error ?? new InjectedFault("Spawn fails");
    }
  }

  mayCrash(process: SimulatedProcess): void {
    const fault = this.world.faults.onProcess("crash", process, this.world.step);
    if (fault !== undefined) {
      this.world.note(`fault: crash ${nameOf(process)}`);
      throw fault.error ?? new InjectedFault("Handler crashes");
    }
  }

  /** What comes through an alias is dropped if it has been withdrawn by the time it arrives. */
  sendToAlias(alias: ProcessAlias, message: unknown, sender: Process | undefined): void {
    const owner = processOf(alias.owner);
    if (owner instanceof SimulatedProcess) {
      this.world.sendMessage(this.world.origin, owner, message, () => takeAlias(alias)?.deliver(message, sender));
    } else {
      takeAlias(alias)?.deliver(message, sender);
    }
  }

  /**
   * What a process waits for comes at a step of its own, behind all that those who may have settled it had sent: its
   * `peer`, and whoever runs at that moment.
   */
  settle<T>(promise: Promise<T>, owner: Process | undefined, peer: Pid | undefined): Promise<T> {
    const pending: Deferred<T> = defer();
    const later = (settle: () => void): void => {
      const { world } = this;
      const origins = [peer, world.running].filter((origin) => origin !== undefined);
      world.resume(owner instanceof SimulatedProcess ? owner : undefined, origins, () => {
        if (owner?.dead) {
          rejectQuietly(pending, new ProcessExited(owner.pid, "go on"));
        } else {
          settle();
        }
      });
    };
    promise.then(
      (value) => later(() => pending.resolve(value)),
      (error: unknown) => later(() => pending.reject(error)),
    );
    return pending.promise;
  }
}

/** Inside a simulated process. */
class SimulatedSelf extends ProcessSelf {
  readonly #stage: Stage;

  constructor(runtime: Runtime, process: Process, system: ActorSystem, stage: Stage) {
    super(runtime, process, system);
    this.#stage = stage;
  }

  override send(target: Target | Address, message: unknown): void {
    if (target instanceof ProcessAlias) {
      this.alive();
      this.#stage.sendToAlias(target, message, this.process);
    } else {
      super.send(target, message);
    }
  }

  override start<M>(body: ProcessBody<M>, options?: StartOptions): Promise<StartResult<Pid<M>>> {
    return this.#settle(super.start(body, options), undefined);
  }

  override stop(target: Target, options?: StopOptions): Promise<void> {
    return this.#settle(super.stop(target, options), target);
  }

  override call(target: Target, request: unknown, options?: CallOptions): Promise<never> {
    return this.#settle(super.call(target, request, options), target);
  }

  override exited(target: Target): Promise<ExitReason> {
    return this.#settle(super.exited(target), target);
  }

  override receive(match?: (message: unknown) => boolean, options?: { readonly timeoutMs: number }): Promise<never> {
    if (this.process instanceof SimulatedProcess) {
      this.#stage.mayCrash(this.process);
    }
    const message: Promise<unknown> = super.receive(match, options);
    // A message is taken in a step of its own already; only who is woken by a timer must wait for one.
    return message.then((value) =>
      value === timedOut ? this.#settle(Promise.resolve(value), undefined) : value,
    ) as Promise<never>;
  }

  override sleep(delayMs: number): Promise<void> {
    return this.#settle(super.sleep(delayMs), undefined);
  }

  override unlink(pid: Pid): void {
    super.unlink(pid);
    this.#withdraw(pid, (content) => content instanceof LinkSignal);
  }

  override demonitor(monitor: MonitorRef, options?: { readonly flush?: boolean }): void {
    super.demonitor(monitor, options);
    this.#withdraw(undefined, (content) => content instanceof Down && content.monitor === monitor);
  }

  /** Called at the beginning of every operation. */
  protected override alive(): void {
    this.#stage.world.origin = this.process.pid;
    super.alive();
  }

  protected override spawnProcess(body: ProcessBody, options: SpawnOptions | undefined, link: boolean): Process {
    this.#stage.mayFailToSpawn(options);
    return super.spawnProcess(body, options, link);
  }

  protected override makeProcess(body: ProcessBody, birth: Birth): Process {
    return this.#stage.makeProcess(this.runtime, this.system, body, birth);
  }

  #settle<T>(promise: Promise<T>, peer: Target | undefined): Promise<T> {
    return this.#stage.settle(promise, this.process, peer === undefined ? undefined : this.lookUp(peer)?.pid);
  }

  #withdraw(origin: Pid | undefined, matches: (content: unknown) => boolean): void {
    if (this.process instanceof SimulatedProcess) {
      this.process.transit.withdraw(origin, matches);
    }
  }
}

/** Outside of all processes of one simulated system. */
export class SimulatedSystem extends LocalSystem {
  readonly #stage: Stage;
  readonly #quiesce: () => Promise<void>;

  constructor(world: World, name: string, report: Reporter | undefined, quiesce: () => Promise<void>) {
    const reporter: Reporter = (made) => {
      world.note(`report ${made.kind}${"reason" in made ? `: ${describeExit(made.reason)}` : ""}`);
      report?.(made);
    };
    super(new Runtime({ clock: world.clock, reporter, queue: world.queue }), undefined);
    this.#stage = new Stage(world, name);
    this.#quiesce = quiesce;
  }

  quiesce(): Promise<void> {
    return this.#quiesce();
  }

  override send(target: Target | Address, message: unknown): void {
    if (target instanceof ProcessAlias) {
      this.alive();
      this.#stage.sendToAlias(target, message, this.process);
    } else {
      super.send(target, message);
    }
  }

  override start<M>(body: ProcessBody<M>, options?: StartOptions): Promise<StartResult<Pid<M>>> {
    return this.#stage.settle(super.start(body, options), undefined, undefined);
  }

  override stop(target: Target, options?: StopOptions): Promise<void> {
    return this.#stage.settle(super.stop(target, options), undefined, undefined);
  }

  override call(target: Target, request: unknown, options?: CallOptions): Promise<never> {
    return this.#stage.settle(super.call(target, request, options), undefined, undefined);
  }

  override exited(target: Target): Promise<ExitReason> {
    return this.#stage.settle(super.exited(target), undefined, undefined);
  }

  protected override alive(): void {
    this.#stage.world.origin = "outside";
    super.alive();
  }

  protected override spawnProcess(body: ProcessBody, options: SpawnOptions | undefined, link: boolean): Process {
    this.#stage.mayFailToSpawn(options);
    return super.spawnProcess(body, options, link);
  }

  protected override makeProcess(body: ProcessBody, birth: Birth): Process {
    return this.#stage.makeProcess(this.runtime, this, body, birth);
  }
}
