import { linkToSignal } from "./abort-link.ts";
import { Address } from "./alias.ts";
import { checkReason } from "./check-reason.ts";
import { EndOf } from "./end-of.ts";
import { LinkFailed, NameNotHeld, NameTaken, ProcessExited, StopFailed } from "./errors.ts";
import { Exit, type ExitReason, isSameReason } from "./exit-reason.ts";
import type { HostSignal } from "./host-signal.ts";
import { Cast, MonitorRef } from "./messages.ts";
import { Monitor } from "./monitor.ts";
import { Pid } from "./pid.ts";
import { type Birth, Process, processOf } from "./process.ts";
import type { Report } from "./report.ts";
import { Request } from "./request.ts";
import type { Runtime } from "./runtime.ts";
import type {
  ActorSystem,
  Caller,
  CallOptions,
  InitOutcome,
  ProcessBody,
  Self,
  SpawnOptions,
  StartOptions,
  StartResult,
  StopOptions,
  Target,
} from "./self.ts";
import { SendingTimer } from "./sending-timer.ts";
import { Start } from "./start.ts";
import { checkDelay, type Timer } from "./timers.ts";
import { Unwind } from "./unwind.ts";
import { Via, type ViaName } from "./via.ts";
import { wrongType } from "./wrong-type.ts";

// The two callers stand in one file because each makes the other's processes.

/** What `Self` and `ActorSystem` share. `process` is undefined outside of all processes. */
export abstract class LocalCaller implements Caller {
  readonly runtime: Runtime;
  readonly process: Process | undefined;
  abstract readonly system: ActorSystem;

  constructor(runtime: Runtime, process: Process | undefined) {
    this.runtime = runtime;
    this.process = process;
  }

  send(target: Target | Address, message: unknown): void {
    this.alive();
    const process = target instanceof Pid ? processOf(target) : this.#addressed(target);
    this.#deliver(process, target, message);
  }

  #addressed(target: Exclude<Target, Pid> | Address): Process | undefined {
    if (target instanceof Address) {
      return takeAlias(target);
    }
    const process = this.lookUp(target);
    if (!process) {
      throw new NameNotHeld("send to", String(target));
    }
    return process;
  }

  #deliver(process: Process | undefined, to: Target | Address, message: unknown): void {
    if (!process) {
      this.runtime.deadLetters?.lose("no-receiver", message, this.process, to);
    } else {
      process.deliver(message, this.process);
    }
  }

  spawn<M>(body: ProcessBody<M>, options?: SpawnOptions): Pid<M> {
    return this.spawnProcess(body as ProcessBody, options, false).pid;
  }

  start<M>(body: ProcessBody<M>, options: StartOptions = {}): Promise<StartResult<Pid<M>>> {
    const owner = this.process;
    const { link = false, monitor = false, timeoutMs } = options;
    try {
      if (!owner && (link || monitor)) {
        throw wrongType("start", "a process to link or monitor", owner);
      }
      if (timeoutMs !== undefined) {
        checkDelay("start timeout", timeoutMs);
      }
      const process = this.spawnProcess(body as ProcessBody, options, link);
      return new Start(process, owner, timeoutMs, monitor).result;
    } catch (error) {
      return error instanceof NameTaken
        ? this.#paced<StartResult<Pid<M>>>({ kind: "already-started", pid: error.holder })
        : Promise.reject(error);
    }
  }

  async stop(target: Target, options: StopOptions = {}): Promise<void> {
    this.alive();
    const { reason = Exit.normal, timeoutMs } = options;
    if (timeoutMs !== undefined) {
      checkDelay("stop timeout", timeoutMs);
    }
    checkReason("stop", reason);
    const process = this.lookUp(target);
    let actual: ExitReason = Exit.callingSelf;
    if (!process || process !== this.process) {
      const ended = this.#endOf(process, timeoutMs);
      process?.askToStop(reason);
      actual = await ended;
      if (process && isSameReason(actual, reason)) {
        return;
      }
    }
    throw new StopFailed(target, actual);
  }

  #endOf(process: Process | undefined, timeoutMs?: number): Promise<ExitReason> {
    return process ? new EndOf(process, this.process, timeoutMs).result : this.#paced(Exit.noproc);
  }

  /** An answer that is there already. */
  #paced<T>(answer: T): Promise<T> {
    return new Promise((resolve) => this.runtime.paced(() => resolve(answer)));
  }

  exitSignal(target: Target, reason: ExitReason): void {
    this.alive();
    checkReason("send exit signal", reason);
    const process = this.lookUp(target);
    process?.exitSignal(this.process, reason);
    if (this.process?.dead) {
      throw new Unwind(reason);
    }
  }

  call(target: Target, request: unknown, options?: CallOptions): Promise<never> {
    this.alive();
    const to = { target, process: this.lookUp(target) };
    // `Caller.call` says what comes of which request.
    return Request.send(this.runtime, this.process, to, request, options) as Promise<never>;
  }

  cast(target: Target, request: unknown): void {
    this.alive();
    this.#deliver(this.lookUp(target), target, new Cast(request));
  }

  exited(target: Target): Promise<ExitReason> {
    this.alive();
    return this.#endOf(this.lookUp(target));
  }

  whereis(target: Target): Pid | undefined {
    if (target instanceof Pid) {
      return target;
    }
    const { names } = this.runtime;
    if (target instanceof Via) {
      return target.holder(names);
    }
    if (typeof target !== "string") {
      throw wrongType("find process", "a pid or a name", target);
    }
    return names.get(target);
  }

  register(name: string, pid: Pid): void {
    this.alive();
    const take = this.#claim(name);
    if (!(pid instanceof Pid)) {
      throw wrongType("register", "a pid", pid);
    }
    const process = processOf(pid);
    if (!process) {
      throw new ProcessExited(pid, "register");
    }
    if (process.name) {
      throw new NameTaken(name, pid, process.name);
    }
    take(process);
  }

  /** Makes sure that a name is free. @returns Gives it to a process. */
  #claim(name: string | ViaName): (process: Process) => void {
    const { names } = this.runtime;
    if (name === "" || (typeof name !== "string" && !(name instanceof Via))) {
      throw wrongType("take name", "a text", name === "" ? '""' : name);
    }
    const holder = this.whereis(name);
    if (holder) {
      throw new NameTaken(String(name), holder, String(name));
    }
    if (name instanceof Via) {
      const take = name.claim(names);
      return ({ pid }) => take(pid);
    }
    return (process) => {
      names.set(name, process.pid);
      process.name = name;
    };
  }

  unregister(name: string): void {
    this.alive();
    const process = this.lookUp(name);
    if (!this.runtime.names.delete(name)) {
      throw new NameNotHeld("unregister", name);
    }
    if (process) {
      process.name = undefined;
    }
  }

  sendAfter(delayMs: number, target: Target, message: unknown): Timer {
    this.alive();
    checkDelay("delay", delayMs);
    this.lookUp(target);
    return new SendingTimer(this.runtime.timers, delayMs, target, () => this.deliverTo(target, message));
  }

  /** What a timer does: nobody sends at that moment. */
  deliverTo(target: Target, message: unknown): void {
    const process = this.lookUp(target);
    if (!process) {
      this.#deliver(process, target, message);
    } else {
      process.deliver(message);
    }
  }

  nowMs(): number {
    return this.runtime.timers.nowMs();
  }

  isAlive(pid: Pid): boolean {
    return processOf(pid) !== undefined;
  }

  report(report: Report): void {
    this.runtime.report(report);
  }

  /** Refuses to act for a process that has ended. */
  protected alive(): void {
    if (this.process?.dead) {
      throw new ProcessExited(this.process.pid, "act");
    }
  }

  /** A pid's process or the holder of a name, while it lives. */
  lookUp(target: Target): Process | undefined {
    const pid = this.whereis(target);
    return pid && processOf(pid);
  }

  protected spawnProcess(body: ProcessBody, options: SpawnOptions | undefined, link: boolean): Process {
    this.alive();
    if (typeof body !== "function" && typeof body?.handle !== "function") {
      throw wrongType("spawn", "a function or a handler", body);
    }
    const { name, label, mailbox, signal } = options ?? {};
    const take = name === undefined ? undefined : this.#claim(name);
    const birth = { parent: this.process?.pid, bornLinked: link && this.process !== undefined, label, mailbox };
    const process = this.makeProcess(body, birth);
    take?.(process);
    if (link) {
      this.process?.link(process);
    }
    if (signal) {
      linkToSignal(process, signal);
    }
    return process;
  }

  /** Apart, so that a simulation can make processes of its own kind. */
  protected makeProcess(body: ProcessBody, birth: Birth): Process {
    const process = new Process(this.runtime, body, birth);
    process.self = new ProcessSelf(this.runtime, process, this.system);
    return process;
  }
}

/** Inside a process. */
export class ProcessSelf extends LocalCaller implements Self {
  declare readonly process: Process;
  readonly system: ActorSystem;

  constructor(runtime: Runtime, process: Process, system: ActorSystem) {
    super(runtime, process);
    this.system = system;
  }

  get pid(): Pid {
    return this.process.pid;
  }

  get parent(): Pid | undefined {
    return this.process.parent;
  }

  get label(): string | undefined {
    return this.process.label;
  }

  get signal(): HostSignal {
    return this.process.signal;
  }

  spawnLink<M>(body: ProcessBody<M>, options?: SpawnOptions): Pid<M> {
    return this.spawnProcess(body as ProcessBody, options, true).pid;
  }

  spawnMonitor<M>(
    body: ProcessBody<M>,
    options?: SpawnOptions,
  ): { readonly pid: Pid<M>; readonly monitor: MonitorRef<Pid> } {
    const process = this.spawnProcess(body as ProcessBody, options, false);
    return { pid: process.pid, monitor: Monitor.begin(this.process, process, process.pid) };
  }

  link(pid: Pid): void {
    this.alive();
    if (!(pid instanceof Pid)) {
      throw wrongType("link", "a pid", pid);
    }
    const other = processOf(pid);
    if (other) {
      if (other !== this.process) {
        this.process.link(other);
      }
    } else if (this.process.trapExit) {
      this.process.linkSignal(pid, Exit.noproc);
    } else {
      throw new LinkFailed(pid);
    }
  }

  unlink(pid: Pid): void {
    this.alive();
    const other = processOf(pid);
    if (other) {
      this.process.unlink(other);
    }
  }

  monitor<T extends Target>(target: T): MonitorRef<T> {
    this.alive();
    return Monitor.begin(this.process, this.lookUp(target), target);
  }

  demonitor(monitor: MonitorRef, options?: { readonly flush?: boolean }): void {
    this.alive();
    if (!(monitor instanceof MonitorRef)) {
      throw wrongType("demonitor", "a monitor", monitor);
    }
    for (const option in options) {
      if (option !== "flush") {
        throw wrongType("demonitor", "no option but flush", option);
      }
    }
    // One of another process stays in force.
    if (monitor instanceof Monitor && monitor.owner === this.process) {
      if (options?.flush) {
        monitor.flush();
      }
      monitor.end();
    }
  }

  exit(reason: ExitReason): never {
    // No more than that: a function that never returns is never compiled.
    throw this.leave(reason);
  }

  /** Has the process end with its turn. @returns What ends the turn. */
  leave(reason: ExitReason): Unwind {
    this.alive();
    checkReason("exit", reason);
    this.process.exiting ??= reason;
    return new Unwind(reason);
  }

  trapExit(on: boolean): boolean {
    this.alive();
    if (typeof on !== "boolean") {
      throw wrongType("set trapExit", "true or false", on);
    }
    const was = this.process.trapExit;
    this.process.trapExit = on;
    return was;
  }

  acknowledge(outcome: InitOutcome = { kind: "ok" }): void {
    this.alive();
    this.process.acknowledge(outcome);
    if (outcome.kind !== "ok") {
      this.exit(outcome.kind === "stop" ? outcome.reason : Exit.normal);
    }
  }

  receive(match?: (message: unknown) => boolean, options?: { readonly timeoutMs: number }): Promise<never> {
    this.alive();
    if (options) {
      checkDelay("receive timeout", options.timeoutMs);
    }
    // The overloads of `Self.receive` say what comes of which arguments.
    return this.process.receive(match, options?.timeoutMs) as Promise<never>;
  }

  async sleep(delayMs: number): Promise<void> {
    checkDelay("delay", delayMs);
    await this.receive(() => false, { timeoutMs: delayMs });
  }
}

/** Whom an alias leads to; one for a single message leads there no more. */
export function takeAlias(alias: Address): Process | undefined {
  const owner = alias.take();
  return owner && processOf(owner);
}
