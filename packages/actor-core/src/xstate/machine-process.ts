import type { AnyStateMachine, EventObject, InputFrom, Snapshot } from "xstate";
import { MissingCallback } from "../process/errors.ts";
import { describeValue, Exit, type ExitReason } from "../process/exit-reason.ts";
import { Call, Cast, Down, type MonitorRef, type ReplyTo } from "../process/messages.ts";
import type { Pid } from "../process/pid.ts";
import { reportUnexpected } from "../process/report-unexpected.ts";
import type { CodeChange, ProcessHandler, Self } from "../process/self.ts";
import { ActorTree, type TreeListener, WaitingEvent } from "./actor-tree.ts";
import { Emitted, EmittedRequest, SnapshotRequest } from "./machine-request.ts";
import type { MachineState } from "./machine-state.ts";

/** A machine, or what makes it, once it is known which process it runs in: `(self) => machine.provide(…)`. */
export type MachineSource<M extends AnyStateMachine> = M | ((self: Self) => M);

/** What `sys.changeCode` takes as `to` when the state has to change with the machine. */
export interface MachineUpgrade<M extends AnyStateMachine> {
  readonly machine: MachineSource<M>;
  /** Turns the state of the old machine into one of the new. */
  readonly migrate: (state: MachineState) => MachineState;
}

/** What a machine leaves behind when it is done. */
export interface Finale {
  done: Snapshot<unknown> | undefined;
}

/** What a machine's process is made of. */
export interface MachineParts<M extends AnyStateMachine> {
  readonly machine: MachineSource<M>;
  readonly input: InputFrom<M> | undefined;
  readonly state: MachineState | undefined;
  readonly eventOf: ((message: unknown) => EventObject | undefined) | undefined;
  readonly finale: Finale;
}

/** Runs a machine: messages are its events, one at a time. */
export class MachineProcess<M extends AnyStateMachine> implements ProcessHandler, TreeListener {
  readonly #parts: MachineParts<M>;
  readonly #listeners = new Map<MonitorRef, Pid>();
  #waiting: { readonly request: SnapshotRequest; readonly from: ReplyTo }[] = [];
  #machine: MachineSource<M>;
  // Set by `init`.
  #self!: Self;
  #tree!: ActorTree<M>;

  constructor(parts: MachineParts<M>) {
    this.#parts = parts;
    this.#machine = parts.machine;
  }

  init(self: Self): void {
    const { input, state } = this.#parts;
    this.#self = self;
    this.#tree = new ActorTree(machineOf(this.#machine, self), { input, state }, self, this);
    // However the process ends, its children end with it.
    self.signal.addEventListener("abort", () => this.#tree.stop());
    this.#tree.start();
    if (this.#tree.snapshot.status === "done") {
      self.acknowledge();
    }
    this.#endIfOver();
  }

  handle(message: unknown, self: Self): void {
    if (message instanceof WaitingEvent) {
      this.#tree.deliver(message);
    } else if (message instanceof Call && message.request instanceof SnapshotRequest) {
      this.#answer(message.request, message.from);
    } else if (message instanceof Call && message.request instanceof EmittedRequest) {
      const { listener } = message.request;
      this.#listeners.set(self.monitor(listener), listener);
      message.from.reply(undefined);
    } else if (!(message instanceof Down && this.#listeners.delete(message.monitor))) {
      this.#handleForeign(message, self);
    }
    this.#endIfOver();
  }

  stop(): void {
    this.#tree.stop();
  }

  getState(): MachineState {
    return this.#tree.persisted();
  }

  replaceState(state: unknown): void {
    this.#goOnAs(this.#machine, stateIn(state));
  }

  formatState(): unknown {
    // Of any machine; which one it is does not matter for showing it.
    const { status, value, context } = this.#tree.snapshot as Snapshot<unknown> & { value: unknown; context: unknown };
    return { status, value, context };
  }

  changeCode({ to }: CodeChange): void {
    if (to === undefined) {
      throw new MissingCallback("changeCode");
    }
    const upgrade = isUpgrade<M>(to)
      ? to
      : { machine: to as MachineSource<M>, migrate: (state: MachineState) => state };
    this.#goOnAs(upgrade.machine, stateIn(upgrade.migrate(this.#tree.persisted())));
  }

  changed(): void {
    const { snapshot } = this.#tree;
    if (snapshot.status === "done") {
      this.#parts.finale.done = snapshot;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { request, from } of waiting) {
      this.#answer(request, from);
    }
  }

  emitted(event: EventObject): void {
    // An action that ended the process does not end the step, and XState lets nothing thrown here be caught.
    if (!this.#self.isAlive(this.#self.pid)) {
      return;
    }
    for (const listener of this.#listeners.values()) {
      this.#self.send(listener, new Emitted(this.#self.pid, event));
    }
  }

  #answer(request: SnapshotRequest, from: ReplyTo): void {
    if (request.abandoned) {
      return;
    }
    const { snapshot } = this.#tree;
    try {
      if (request.isWanted(snapshot as never)) {
        from.reply(snapshot);
        return;
      }
    } catch (error) {
      from.refuse(
        error instanceof Error ? error : new TypeError(`Cannot wait for a snapshot: ${describeValue(error)}`),
      );
      return;
    }
    this.#waiting = [...this.#waiting.filter((other) => !other.request.abandoned), { request, from }];
  }

  #handleForeign(message: unknown, self: Self): void {
    const content = message instanceof Call || message instanceof Cast ? message.request : message;
    const own = this.#parts.eventOf?.(message);
    const event = own ?? (isEvent(content) ? content : undefined);
    if (event !== undefined) {
      this.#tree.send(event);
      if (own === undefined && message instanceof Call && this.#tree.snapshot.status !== "error") {
        message.from.reply(this.#tree.snapshot);
      }
    } else if (message instanceof Call) {
      // A client's mistake must not crash the machine.
      message.from.refuse(new TypeError(`Cannot ask machine: wanted an event, got ${describeValue(content)}`));
    } else {
      reportUnexpected(self, message);
    }
  }

  #goOnAs(source: MachineSource<M>, state: MachineState): void {
    const self = this.#self;
    const next = new ActorTree(machineOf(source, self), { state }, self, this);
    if (next.snapshot.status === "error" && state.status !== "error") {
      throw next.snapshot.error;
    }
    this.#tree.stop();
    this.#tree = next;
    this.#machine = source;
    next.start();
    this.#endIfOver();
  }

  #endIfOver(): void {
    const { status, error } = this.#tree.snapshot;
    const reason: ExitReason | undefined =
      status === "error" ? Exit.crash(error) : status === "active" ? undefined : Exit.normal;
    if (reason !== undefined) {
      this.#self.exit(reason);
    }
  }
}

function machineOf<M extends AnyStateMachine>(source: MachineSource<M>, self: Self): M {
  const machine = typeof source === "function" ? source(self) : source;
  if (typeof (machine as Partial<AnyStateMachine> | undefined)?.transition !== "function") {
    throw new TypeError(`Cannot run machine: wanted one made by XState, got ${describeValue(machine)}`);
  }
  return machine;
}

function isUpgrade<M extends AnyStateMachine>(to: unknown): to is MachineUpgrade<M> {
  return typeof to === "object" && to !== null && typeof (to as Partial<MachineUpgrade<M>>).migrate === "function";
}

/** Checks what came through `sys`. Whether it is a state of this machine, XState says. */
function stateIn(value: unknown): MachineState {
  if (typeof value !== "object" || value === null || !("status" in value)) {
    throw new TypeError(`Cannot take state: wanted the persisted state of a machine, got ${describeValue(value)}`);
  }
  return value as MachineState;
}

/** An event of the outside. Those whose names begin with `xstate.` are XState's own. */
function isEvent(value: unknown): value is EventObject {
  const type: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "type") : undefined;
  return typeof type === "string" && !type.startsWith("xstate.");
}
