import { type Deferred, defer } from "./deferred.ts";
import { ProcessExited } from "./errors.ts";
import { Exit, type ExitReason, isExpected } from "./exit-reason.ts";
import type { HostSignal } from "./host-signal.ts";
import type { Mailbox, MakeMailbox } from "./mailbox.ts";
import { Exited, Signal } from "./messages.ts";
import { Pid } from "./pid.ts";
import type { Listed } from "./process-list.ts";
import type { Report } from "./report.ts";
import { Ring } from "./ring.ts";
import type { Runnable } from "./run-queue.ts";
import type { Runtime } from "./runtime.ts";
import type { Awaitable, InitOutcome, ProcessBody, ProcessHandler, Self } from "./self.ts";
import { timedOut } from "./self.ts";
import { shownState } from "./shown-state.ts";
import { SmallSet } from "./small-set.ts";
import { andThen, isThenable } from "./thenable.ts";
import type { Deadline } from "./timers.ts";
import { Unwind } from "./unwind.ts";

/** Hears of the end of a process: a monitor, a pending call, somebody who starts or stops it. Must run no user code. */
export interface Watcher {
  targetEnded(reason: ExitReason): void;
}

/** What a process has open elsewhere and what must be closed when it ends. Must run no user code. */
export interface Holding {
  ownerEnded(): void;
}

/** Waits for the acknowledgement of a starting process. */
export interface Starter {
  acknowledged(outcome: InitOutcome): void;
}

/**
 * In a mailbox: speaks to the process itself and not to its body, when it gets there. Not seen by user code.
 *
 * The way in for features that the core does not know. A handler gets to it between two messages, or at once while it is
 * suspended; a script never does.
 */
export abstract class SystemMessage extends Signal {
  /** Runs as a turn of the process: the next message waits until it has settled, and a throw is a crash. */
  abstract handledBy(process: Process, handler: ProcessHandler): Awaitable<void>;
}

/** Asks the process to end; the one system message that ends a script as well. */
class StopRequest extends SystemMessage {
  readonly reason: ExitReason;

  constructor(reason: ExitReason) {
    super();
    this.reason = reason;
  }

  handledBy(process: Process): Awaitable<void> {
    return process.stop(this.reason);
  }
}

/** What a behaviour does next, before anything that waits. */
class NextTurn extends SystemMessage {
  override readonly handledBy: () => Awaitable<void>;

  constructor(act: () => Awaitable<void>) {
    super();
    this.handledBy = act;
  }
}

/** What is known of a process when it is spawned. */
export interface Birth {
  readonly parent: Pid | undefined;
  readonly bornLinked: boolean;
  readonly mailbox?: MakeMailbox | undefined;
  readonly label: string | undefined;
}

interface Receive {
  readonly match: ((message: unknown) => boolean) | undefined;
  readonly pending: Deferred<unknown>;
  /** Sees system messages too. */
  readonly system: boolean;
  /** Takes what is there, and waits for nothing: by its nature, or as its time is over. */
  atOnce: boolean;
  deadline: Deadline | undefined;
  /** Messages before this place have been looked at. */
  position: number;
}

/** As many as may be busy at once without making mailboxes anew. */
const SPARE_RINGS = 128;

const NEW = 0;
const IDLE = 1;
const BUSY = 2;
const DEAD = 3;

const OUTCOMES: readonly InitOutcome["kind"][] = ["ok", "ignore", "stop", "error"];

/**
 * One process: its mailbox, its life, and whom its end concerns.
 *
 * Signals take effect here at once, in the sender's turn; code of the body runs only from the run queue. So what one
 * sender does to one process happens in that order, and nobody's code runs inside another's turn.
 */
export class Process implements Runnable, Listed {
  /** Kept by the list of all processes. */
  older: Listed["older"];
  newer: Listed["newer"];
  readonly runtime: Runtime;
  readonly pid: Pid;
  readonly parent: Pid | undefined;
  readonly bornLinked: boolean;
  readonly label: string | undefined;
  /** Set once, by spawn. */
  self: Self | undefined;
  // Here and below: a member that comes later, and in another order, makes another kind of object for V8.
  name: string | undefined = undefined;
  trapExit = false;
  /** Set by `self.exit`: the process ends with it when its turn does, whatever becomes of the throw. */
  exiting: ExitReason | undefined = undefined;
  starter: Starter | undefined = undefined;
  /** Made with the first message. */
  mailbox: Mailbox | undefined;
  /** What its handler is handling. */
  current: unknown = undefined;
  // Most processes never have these.
  links: SmallSet<Process> | undefined = undefined;
  watchers: SmallSet<Watcher> | undefined = undefined;
  holdings: SmallSet<Holding> | undefined = undefined;
  #abort: AbortController | undefined;
  #receive: Receive | undefined;

  #body: ProcessBody | undefined;
  #phase: typeof NEW | typeof IDLE | typeof BUSY | typeof DEAD = NEW;
  #queued = true;
  /** It has been told something; as long as it has not, no message needs to be looked at. */
  #told = false;

  constructor(runtime: Runtime, body: ProcessBody, birth: Birth) {
    this.runtime = runtime;
    this.pid = runtime.makePid(this);
    // Before there is such a process: what is no mailbox must not leave a process behind.
    this.mailbox = birth.mailbox?.(this);
    this.#body = body;
    this.parent = birth.parent;
    this.bornLinked = birth.bornLinked;
    this.label = birth.label;
    runtime.processes.add(this);
    runtime.queue.push(this);
  }

  get dead(): boolean {
    return this.#phase === DEAD;
  }

  /** Whether it waits for something to come; undefined while it waits for its turn. */
  get waiting(): boolean | undefined {
    return this.#queued ? undefined : this.#phase === IDLE || this.#receive !== undefined;
  }

  get signal(): HostSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.dead) {
        this.#abort.abort(Exit.killed);
      }
    }
    return this.#abort.signal;
  }

  // Messages and signals

  deliver(message: unknown, sender?: Process): void {
    if (this.#phase === DEAD) {
      // It was on its way when this process ended.
      this.runtime.deadLetters?.lose("no-receiver", message, sender, this.pid);
      return;
    }
    this.#openMailbox().push(message, sender);
    this.wake();
  }

  #openMailbox(): Mailbox {
    return (this.mailbox ??= this.runtime.spareRings.pop() ?? new Ring());
  }

  tell(signal: Signal): void {
    this.#told = true;
    this.deliver(signal);
  }

  /** Takes another turn before anything that waits. Others have theirs in between, so it may go on for ever. */
  actNext(act: () => Awaitable<void>): void {
    this.#told = true;
    this.#openMailbox().unshift(new NextTurn(act));
  }

  askToStop(reason: ExitReason): void {
    this.tell(new StopRequest(reason));
  }

  /** An exit signal sent by `exitSignal`. */
  exitSignal(from: Process | undefined, reason: ExitReason): void {
    if (reason.kind === "kill") {
      this.end(Exit.killed);
    } else if (from === this && !this.trapExit) {
      this.end(reason);
    } else {
      this.#signal(from?.pid, reason);
    }
  }

  /** An exit signal that came through a link. Here `kill` is a reason like any other. */
  linkSignal(from: Pid, reason: ExitReason): void {
    this.#signal(from, reason);
  }

  /** The other end of a link has died. Puts this process behind those that are `ending` when it dies of it too. */
  protected linkBroken(from: Pid, reason: ExitReason, ending: Process[]): void {
    if (this.trapExit) {
      this.linkSignal(from, reason);
    } else if (reason.kind !== "normal") {
      ending.push(this);
    }
  }

  #signal(from: Pid | undefined, reason: ExitReason): void {
    if (this.trapExit) {
      this.tell(new Exited(from, reason));
    } else if (reason.kind !== "normal") {
      this.end(reason);
    }
  }

  /** Takes matching messages out of the mailbox. */
  discard(matches: (message: unknown) => boolean): void {
    const mailbox = this.mailbox;
    for (let i = 0; mailbox && i < mailbox.size; ) {
      const message = mailbox.at(i);
      if (matches(message)) {
        mailbox.removeAt(i);
        if (this.#receive) {
          // It looks at those before once more.
          this.#receive.position = 0;
        }
      } else {
        i += 1;
      }
    }
  }

  link(other: Process): void {
    this.addLink(other);
    other.addLink(this);
  }

  unlink(other: Process): void {
    this.dropLink(other);
    other.dropLink(this);
  }

  /** Its own end of a link; a process elsewhere has its other end told. */
  protected addLink(other: Process): void {
    (this.links ??= new SmallSet()).add(other);
  }

  protected dropLink(other: Process): void {
    this.links?.delete(other);
  }

  // Running

  /** There is something to look at. */
  wake(): void {
    if (this.waiting) {
      this.#queued = true;
      this.runtime.queue.push(this);
    }
  }

  run(limit: number): number {
    this.#queued = false;
    if (this.#phase === NEW) {
      this.#begin();
    } else if (this.#phase === BUSY) {
      this.#look();
    } else if (this.#phase === IDLE) {
      // A receive that its handler did not wait for still goes before the handler.
      this.#look();
      return this.#handleUpTo(limit);
    }
    return 1;
  }

  #begin(): void {
    const body = this.#body as ProcessBody;
    this.#phase = BUSY;
    try {
      const result: Awaitable<unknown> =
        typeof body === "function" ? body(this.self as Self) : body.init?.(this.self as Self);
      if (isThenable(result)) {
        Promise.resolve(result).then(
          (settled) => this.#begun(settled),
          (error) => this.#fail(error),
        );
      } else {
        this.#begun(result);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The script has returned, or `init` has. */
  #begun(returned: unknown): void {
    if (typeof this.#body === "function") {
      this.#endTurn(Exit.normal);
    } else if (this.#phase !== DEAD) {
      this.#initialised((returned ?? { kind: "ok" }) as InitOutcome);
    }
  }

  #initialised(returned: InitOutcome): void {
    const outcome: InitOutcome = OUTCOMES.includes(returned.kind)
      ? returned
      : { kind: "stop", reason: Exit.badReturn("init", returned) };
    const unheard = !this.starter;
    this.acknowledge(outcome);
    if (outcome.kind === "ok") {
      this.#endTurn(undefined);
    } else {
      this.end(outcome.kind === "stop" ? outcome.reason : Exit.normal, unheard);
    }
  }

  /** Tells the starter, once. */
  acknowledge(outcome: InitOutcome): void {
    const { starter } = this;
    this.starter = undefined;
    starter?.acknowledged(outcome);
  }

  #handleUpTo(limit: number): number {
    let handled = 0;
    // Read anew each time: a message may lay something around the mailbox.
    for (let mailbox = this.mailbox; mailbox?.size; mailbox = this.mailbox) {
      if (handled === limit || this.#phase !== IDLE) {
        this.wake();
        break;
      }
      handled += 1;
      this.#handle(mailbox.shift());
    }
    if (this.#phase === IDLE) {
      this.#giveMailbox();
    }
    return handled || 1;
  }

  /** A mailbox without messages goes to whoever needs one next, so that an idle process is small. */
  #giveMailbox(): void {
    const mailbox = this.mailbox;
    const spareRings = this.runtime.spareRings;
    if (mailbox instanceof Ring && mailbox.size === 0) {
      if (spareRings.length < SPARE_RINGS) {
        spareRings.push(mailbox);
      }
      this.mailbox = undefined;
    }
  }

  #handle(message: unknown): void {
    const handler = this.#body as ProcessHandler;
    this.#phase = BUSY;
    this.current = message;
    try {
      const result = this.#told ? this.#handleSignal(handler, message) : handler.handle(message, this.self as Self);
      if (isThenable(result)) {
        Promise.resolve(result).then(
          () => this.#endTurn(undefined),
          (error) => this.#fail(error),
        );
        return;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.exiting) {
      this.#endTurn(undefined);
    } else if (this.#phase === BUSY) {
      this.#phase = IDLE;
      this.current = undefined;
    }
  }

  #handleSignal(handler: ProcessHandler, message: unknown): Awaitable<void> {
    if (message instanceof SystemMessage) {
      return message.handledBy(this, handler);
    }
    return this.isParentsEnd(message) ? this.stop(message.reason) : handler.handle(message, this.self as Self);
  }

  /** Tells the end of the parent, when that asks a handler to stop, from other messages. */
  isParentsEnd(message: unknown): message is Exited {
    return (
      message instanceof Exited &&
      this.bornLinked &&
      message.from === this.parent &&
      (this.#body as ProcessHandler).stop !== undefined
    );
  }

  /** Asks the handler to clean up; the turn ends with the process. */
  stop(reason: ExitReason): Awaitable<void> {
    const done = (this.#body as ProcessHandler).stop?.(reason, this.self as Self);
    return andThen(done, () => {
      this.exiting ??= reason;
    });
  }

  /** The handler's turn is over, or the script's life (`reason`). */
  #endTurn(reason: ExitReason | undefined): void {
    const end = this.exiting ?? reason;
    if (this.#phase === DEAD) {
      return;
    }
    if (end) {
      this.end(end, true);
      return;
    }
    this.#phase = IDLE;
    this.current = undefined;
    if (this.mailbox?.size) {
      this.wake();
    } else {
      this.#giveMailbox();
    }
  }

  #fail(error: unknown): void {
    if (this.#phase !== DEAD) {
      this.end(this.exiting ?? (error instanceof Unwind ? error.reason : Exit.crash(error)), true);
    }
  }

  // Receiving

  receive(
    match: ((message: unknown) => boolean) | undefined,
    timeoutMs: number | undefined,
    system = false,
  ): Promise<unknown> {
    if (this.exiting && typeof this.#body === "function") {
      // The script swallowed its own exit and would go on for ever.
      this.end(this.exiting, true);
      throw new Unwind(this.exiting);
    }
    if (this.#receive) {
      throw new TypeError(`Cannot receive: process ${this.pid} is receiving already`);
    }
    const pending = defer<unknown>();
    const atOnce = timeoutMs === 0;
    const receive: Receive = { match, pending, system, atOnce, deadline: undefined, position: 0 };
    this.#receive = receive;
    // Who asks for nothing wants to give way, and may have worked for long.
    if ((atOnce || this.mailbox?.size) && !this.runtime.queue.trySpend(atOnce)) {
      this.wake();
    } else {
      this.#look();
    }
    if (timeoutMs && this.#receive === receive) {
      receive.deadline = this.runtime.timers.after(timeoutMs, () => {
        receive.atOnce = true;
        this.#look();
      });
    }
    return pending.promise;
  }

  /** Looks at what has not been looked at for a message that is waited for. */
  #look(): void {
    const receive = this.#receive;
    const mailbox = this.mailbox;
    if (receive && mailbox?.moves) {
      receive.position = 0;
    }
    while (receive && mailbox && receive.position < mailbox.size) {
      const message = mailbox.at(receive.position);
      if (message instanceof SystemMessage && !receive.system) {
        if (typeof this.#body !== "function") {
          receive.position += 1;
          continue;
        }
        if (message instanceof StopRequest) {
          this.end(message.reason);
          return;
        }
        // A script will never get to it.
        mailbox.removeAt(receive.position);
        continue;
      }
      try {
        if (receive.match !== undefined && !receive.match(message)) {
          receive.position += 1;
          continue;
        }
      } catch (error) {
        this.end(Exit.crash(error), true);
        return;
      }
      this.#finishReceive(receive, mailbox.removeAt(receive.position));
      return;
    }
    if (receive?.atOnce) {
      this.#finishReceive(receive, timedOut);
    }
  }

  #finishReceive(receive: Receive, message: unknown): void {
    this.#receive = undefined;
    receive.deadline?.clear();
    receive.pending.resolve(message);
  }

  // Ending

  /**
   * Ends the process now. The first reason wins; later calls do nothing.
   *
   * @param own It ended itself and nobody has been told, so an unexpected reason is reported.
   */
  end(reason: ExitReason, own = false): void {
    // A list and not recursion: chains of links may be long.
    const ending: Process[] = [this];
    for (const process of ending) {
      process.#die(reason, own && process === this, ending);
    }
  }

  #die(reason: ExitReason, own: boolean, ending: Process[]): void {
    if (this.#phase === DEAD) {
      return;
    }
    this.#phase = DEAD;
    // Before the rest is looked at: who hears of this end may be given it.
    this.#giveMailbox();
    const { runtime, pid, name, links, watchers, holdings, mailbox } = this;
    const report = own && !isExpected(reason) ? this.#crashReport(reason) : undefined;
    // The name first: whoever hears of this end may take it.
    if (name !== undefined) {
      runtime.names.delete(name);
      this.name = undefined;
    }
    runtime.processes.delete(this);
    Pid.release(pid);
    this.#letGo(reason);
    for (const other of links?.items() ?? []) {
      other.links?.delete(this);
      other.linkBroken(pid, reason, ending);
    }
    for (const watcher of watchers?.items() ?? []) {
      watcher.targetEnded(reason);
    }
    for (const holding of holdings?.items() ?? []) {
      holding.ownerEnded();
    }
    if (report) {
      runtime.report(report);
    }
    runtime.deadLetters?.leave(pid, mailbox);
  }

  #crashReport(reason: ExitReason): Report {
    const { pid, name, label, mailbox, current } = this;
    const body = this.#body as ProcessBody;
    return {
      kind: "crash",
      pid,
      name,
      label,
      reason,
      lastMessage: current instanceof SystemMessage ? undefined : current,
      state: typeof body === "function" ? { kind: "unknown" } : shownState(body),
      recentMessages: mailbox?.recent,
      waiting: mailbox?.size ?? 0,
      ancestors: ancestorsOf(this),
      links: this.links?.items().map((other) => other.pid) ?? [],
    };
  }

  /** Drops all that a pid or a continuation that comes back late would otherwise keep alive. */
  #letGo(reason: ExitReason): void {
    const receive = this.#receive;
    if (receive) {
      receive.deadline?.clear();
      rejectQuietly(receive.pending, new ProcessExited(this.pid, "receive"));
    }
    const abort = this.#abort;
    if (abort) {
      // Listeners are user code, so not in this turn.
      this.runtime.later(() => abort.abort(reason));
    }
    this.#body = this.mailbox = this.#receive = this.current = undefined;
    this.links = this.watchers = this.holdings = this.starter = undefined;
  }
}

/** Rejects for somebody who has ended: `finally` blocks run, and a promise nobody waits for stays silent. */
export function rejectQuietly(
  pending: { readonly promise: Promise<unknown>; readonly reject: (error: unknown) => void },
  error: Error,
): void {
  pending.promise.catch(() => {});
  pending.reject(error);
}

/** Who spawned it, who spawned that one, and so on. Of one who is dead nothing further is known. */
export function ancestorsOf({ parent }: Process): Pid[] {
  const ancestors: Pid[] = [];
  for (let next = parent; next !== undefined; next = processOf(next)?.parent) {
    ancestors.push(next);
  }
  return ancestors;
}

/** The process behind a pid, while it lives. */
export function processOf(pid: Pid): Process | undefined {
  return Pid.processOf(pid) as Process | undefined;
}
