import type { Alias } from "./alias.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { HostSignal } from "./host-signal.ts";
import type { MakeMailbox } from "./mailbox.ts";
import type { Down, Exited, MonitorRef } from "./messages.ts";
import type { Pid } from "./pid.ts";
import type { Naming, ProcessName } from "./process-name.ts";
import type { AnswerTo, CastTo, MessageTo, RequestTo } from "./protocol.ts";
import type { Report } from "./report.ts";
import type { Timer } from "./timers.ts";
import type { Via, ViaName } from "./via.ts";

/** Now or later. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Whom to reach: a process, or whoever holds a name at that moment; one that understands `Message`. */
export type Target<Message = unknown> = Pid<Message> | ProcessName<Message> | Via;

/** Stands for "nothing came in time"; the result of {@link Self.receive} with a `timeoutMs`. */
export const timedOut: unique symbol = Symbol("timedOut");

/**
 * What a process runs.
 *
 * A function is a script: it reads its mailbox with `self.receive` and ends when it returns. A handler object is called
 * once for each message and is the faster and smaller of the two; it ends by `self.exit`, by a signal or by throwing.
 */
export type ProcessBody<Message = unknown> = ProcessScript<Message> | ProcessHandler<Message>;

/**
 * A body that asks for its messages. Its first step is never taken inside the call that spawns it.
 *
 * Annotate its parameter to say what it understands: `async (self: Self<"start" | "stop">) => …`.
 */
export type ProcessScript<Message = unknown> = (self: Self<Message>) => Awaitable<void>;

/**
 * How a behaviour joins `sys`: by what of this its handler has. Suspending, resuming, terminating, statistics and traces
 * work without. All run between two messages, or while the process is suspended, and may throw: the request then fails
 * and the process goes on as before.
 */
export interface SystemCallbacks {
  /** The state in the form its users know; a state machine: `{ state, data }`. */
  getState?(): unknown;
  /** Takes a state of the form that `getState` gives. No callback runs, no timer is touched. */
  replaceState?(state: unknown): void;
  /** What people see in place of the state: in `sys.status` and, as what throws here matters to nobody, in crash reports. */
  formatState?(): unknown;
  /** Takes new code, its own state turned into what that wants. Only while suspended. Changes all or nothing. */
  changeCode?(change: CodeChange, self: Self): Awaitable<void>;
}

/** What a running process is to become. */
export interface CodeChange {
  /** The new code: what the behaviour was started with, such as its callbacks. Absent: as it is, only the state changes. */
  readonly to?: unknown;
  /** The version of the code that made the state. */
  readonly from?: unknown;
  /** Whatever else the callback wants to know. */
  readonly extra?: unknown;
}

/**
 * A body that is given its messages, one at a time, also across `await`.
 *
 * What `handle` says it takes is what can be sent to the process. One that answers calls names them
 * (`Call<Question, Answer>`), and one that monitors, or traps exits, takes `Down`, or `Exited`, too.
 */
export interface ProcessHandler<Message = unknown> extends SystemCallbacks {
  /** Runs first. A started process acknowledges when it has settled. Nothing returned means `ok`. */
  init?(self: Self<Message>): Awaitable<InitOutcome | undefined> | Awaitable<void>;
  /** Takes one message: what was sent, or an `Exited`, `Down`, `Call` or `Cast`. */
  // Not a method, so that one who takes less than everything is told apart.
  readonly handle: (message: Message, self: Self<Message>) => Awaitable<void>;
  /**
   * Asked to stop, in the order of the mailbox: by `stop`, or, while trapping exits, by the end of the parent that
   * spawned this process with a link. When it returns, the process ends with `reason`.
   *
   * Without it `stop` ends the process at once and the parent's end is an ordinary `Exited` message.
   */
  stop?(reason: ExitReason, self: Self<Message>): Awaitable<void>;
}

/** What came of `init`. */
export type InitOutcome =
  | { readonly kind: "ok" }
  /** Not wanted now: start answers `ignore`, the process ends `normal`. */
  | { readonly kind: "ignore" }
  /** Start answers with the reason and the process ends with it, so a linked starter that does not trap dies of it. */
  | { readonly kind: "stop"; readonly reason: ExitReason }
  /** Start answers with the reason and the process ends `normal`. */
  | { readonly kind: "error"; readonly reason: ExitReason };

/** What came of `start`. When it is not `ok`, the process is gone and its name free. */
export type StartResult<P = Pid> =
  /** `monitor` is present when it was asked for. */
  | { readonly kind: "ok"; readonly pid: P; readonly monitor?: MonitorRef<Pid> }
  | { readonly kind: "ignore" }
  /** The name belongs to `pid`. */
  | { readonly kind: "already-started"; readonly pid: Pid }
  | { readonly kind: "error"; readonly reason: ExitReason };

export interface SpawnOptions<out Name extends string = string> {
  /** Taken before the body's first step. {@link NameTaken} is thrown when another process holds it. */
  readonly name?: Name | ViaName | undefined;
  /** For people: shown in reports and by `processInfo`. */
  readonly label?: string;
  /** Default: no bound, first in first out. `boundedMailbox` and its kin make others. */
  readonly mailbox?: MakeMailbox | undefined;
  /** A link to this signal: when it is aborted, the process gets an exit signal, `shutdown` with the signal's reason. */
  readonly signal?: HostSignal | undefined;
}

export interface StartOptions<out Name extends string = string> extends SpawnOptions<Name> {
  /** Milliseconds until the process is killed and start answers `error(timeout)`. Default: none. */
  readonly timeoutMs?: number;
  /** Links to the process that starts; refused (`TypeError`) outside of all processes. */
  readonly link?: boolean;
  /** Also monitors; refused (`TypeError`) outside of all processes. */
  readonly monitor?: boolean;
}

export interface StopOptions {
  /** Default `normal`. */
  readonly reason?: ExitReason;
  /** Default: none. */
  readonly timeoutMs?: number;
}

export interface CallOptions {
  /** Default 5,000; `Infinity` waits for ever. */
  readonly timeoutMs?: number;
  /** Abandons the call; its late answer is dropped. */
  readonly signal?: HostSignal;
}

/**
 * What can be done from inside a process and from outside of all of them alike.
 *
 * All of it takes effect at once and none of it runs another process's code before the caller yields. A process that has
 * ended but still runs (an `await` came back) gets {@link ProcessExited} from every operation.
 */
export interface Caller {
  /**
   * Puts a message into a mailbox. The message is shared, not copied. To a dead process: nothing happens.
   *
   * @throws {NameNotHeld} Nobody holds the name.
   */
  send<M>(target: Target<M> | Alias<M>, message: NoInfer<MessageTo<M>>): void;
  /**
   * @throws {NameTaken} The wanted name is held.
   * @throws {TypeError} The wanted name is none.
   */
  spawn<M, N extends string>(body: ProcessBody<M>, options?: SpawnOptions<N> & Naming<N, M>): Pid<M>;
  /** Spawns and waits until the process has acknowledged (a handler: `init` settled; a script: `self.acknowledge`). */
  start<M, N extends string>(
    body: ProcessBody<M>,
    options?: StartOptions<N> & Naming<N, M>,
  ): Promise<StartResult<Pid<M>>>;
  /**
   * Asks a process to end behind the messages it already has, and resolves once it is gone.
   *
   * @throws {StopFailed} It was dead already (`noproc`), ended of another reason, or did not end in time (and goes on).
   */
  stop(target: Target, options?: StopOptions): Promise<void>;
  /**
   * Sends an exit signal. `Exit.kill` cannot be trapped; `normal` ends only a process that sends it to itself. Dead
   * processes and free names: nothing happens.
   */
  exitSignal(target: Target, reason: ExitReason): void;
  /**
   * Asks and waits for the answer.
   *
   * @throws {CallFailed} No such process, it ended first, no answer in time, or abandoned.
   */
  call<M, const Q extends RequestTo<M>>(target: Target<M>, request: Q, options?: CallOptions): Promise<AnswerTo<M, Q>>;
  /** Sends a request that has no answer. Never fails, whoever the target is. */
  cast<M>(target: Target<M>, request: NoInfer<CastTo<M>>): void;
  /** Resolves with the reason of the process's end; `noproc` when it is gone already. */
  exited(target: Target): Promise<ExitReason>;
  /** Who is meant: a pid is its own answer, dead or alive. */
  whereis<M>(target: Target<M>): Pid<M> | undefined;
  /**
   * Gives a living process its one name. A name is free again before anyone hears that its holder has ended.
   *
   * @throws {NameTaken} The name is held, or the process has one.
   * @throws {ProcessExited} The process is dead.
   */
  register<M>(name: ProcessName<M>, pid: Pid<NoInfer<M>>): void;
  /** @throws {NameNotHeld} The name is free. */
  unregister(name: string): void;
  /**
   * Sends later; the target is looked up when the time has come. Dropped when the target is gone then.
   *
   * @param delayMs 0 or more, beyond 2^31 too; `RangeError` otherwise.
   */
  sendAfter<M>(delayMs: number, target: Target<M>, message: NoInfer<MessageTo<M>>): Timer;
  /** Monotonic milliseconds. */
  nowMs(): number;
  isAlive(pid: Pid): boolean;
  report(report: Report): void;
}

/**
 * The hands of one process, which understands `Message`. Given to its body; of no use to anyone once the process has
 * ended. A plain `Self` is that of any process.
 */
export type Self<Message = unknown> = Hands<Message, Pid<Message>>;

/** The interface behind {@link Self}. */
export interface Hands<out M, out P> extends Caller {
  readonly pid: P;
  readonly system: ActorSystem;
  /** Aborted with the {@link ExitReason} soon after the process has begun to end. */
  readonly signal: HostSignal;
  /** Who spawned this process; undefined when that was no process. */
  readonly parent: Pid | undefined;
  readonly label: string | undefined;
  /** Spawns with a link: whichever ends first, the other gets its exit signal. */
  spawnLink<C, N extends string>(body: ProcessBody<C>, options?: SpawnOptions<N> & Naming<N, C>): Pid<C>;
  spawnMonitor<C, N extends string>(
    body: ProcessBody<C>,
    options?: SpawnOptions<N> & Naming<N, C>,
  ): { readonly pid: Pid<C>; readonly monitor: MonitorRef<Pid> };
  /** At most one link per pair. A dead target: `Exited` with `noproc` while trapping, otherwise {@link LinkFailed}. */
  link(pid: Pid): void;
  /** After this no `Exited` from that link arrives; one may be in the mailbox already. */
  unlink(pid: Pid): void;
  /** One `Down` for each monitor, also when the target is dead already (`noproc`). Names are resolved now. */
  monitor<T extends Target>(target: T): MonitorRef<T>;
  /**
   * Ends a monitor of this process.
   *
   * @param options `flush` also takes its `Down` out of the mailbox.
   */
  demonitor(monitor: MonitorRef, options?: { readonly flush?: boolean }): void;
  /** Ends this process by unwinding it: throws what must not be caught. Swallowing it does not help. */
  exit(reason: ExitReason): never;
  /** Exit signals become `Exited` messages while on. Returns what it was. */
  trapExit(on: boolean): boolean;
  /** Tells the starter; for scripts, handlers acknowledge by `init`. The first one counts. */
  acknowledge(outcome?: InitOutcome): void;
  /**
   * Takes the oldest message that matches; the others stay, in order. Works in handlers too.
   *
   * @param match Runs in this process. When it throws, the process crashes and the message stays.
   */
  receive(): Promise<M>;
  receive<T extends M>(match: (message: M) => message is T): Promise<T>;
  /** One of the notices that any process may get: see `downOf` and `exitOf`. */
  receive<T extends Down | Exited>(match: (message: unknown) => message is T): Promise<T>;
  receive(match: (message: M) => boolean): Promise<M>;
  receive<T extends M>(
    match: (message: M) => message is T,
    options: { readonly timeoutMs: number },
  ): Promise<T | typeof timedOut>;
  receive<T extends Down | Exited>(
    match: (message: unknown) => message is T,
    options: { readonly timeoutMs: number },
  ): Promise<T | typeof timedOut>;
  receive(
    match: ((message: M) => boolean) | undefined,
    options: { readonly timeoutMs: number },
  ): Promise<M | typeof timedOut>;
  /** Waits without a host timer of its own. */
  sleep(delayMs: number): Promise<void>;
}

/** A set of processes with their names, clock and run queue. Processes of two systems do not know each other. */
export interface ActorSystem extends Caller {
  /** Every living process. */
  processes(): readonly Pid[];
}
