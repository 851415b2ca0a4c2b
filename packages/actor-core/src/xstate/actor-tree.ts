import { Actor, type AnyActorRef, type AnyStateMachine, type EventObject, type InputFrom, type Snapshot } from "xstate";
import { OwnMessage } from "../process/messages.ts";
import type { Self } from "../process/self.ts";
import type { Timer } from "../process/timers.ts";
import type { MachineState, PersistedDelay } from "./machine-state.ts";

/** Where a tree begins. */
export interface Beginning<M extends AnyStateMachine> {
  readonly input?: InputFrom<M> | undefined;
  readonly state?: MachineState | undefined;
}

/** What is heard of a tree; called in its turns. */
export interface TreeListener {
  /** The machine has taken a step. */
  changed(): void;
  emitted(event: EventObject): void;
}

/** What of an actor system XState's types keep to themselves. */
interface Insides {
  /** Carries all that one actor sends to another, and what an actor tells itself when its promise settles. */
  _relay(source: AnyActorRef | undefined, target: AnyActorRef, event: EventObject): void;
  /** Called when an actor starts. */
  _register(sessionId: string, actor: AnyActorRef): string;
  /** Called when an actor has ended, whatever the reason. */
  _unregister(actor: AnyActorRef): void;
}

/**
 * A machine and its children, all of whose steps are taken in turns of one process.
 *
 * XState takes a step wherever an event comes from: a promise that settles, a timer, a callback. Here such events become
 * messages of the process first. So they stand in line with all others, wait while it is suspended, are lost with it when
 * it is killed, and what they throw is its crash.
 */
export class ActorTree<M extends AnyStateMachine> {
  readonly #self: Self;
  readonly #root: Actor<M>;
  readonly #relay: Insides["_relay"];
  /** Children that have not ended, those included that a failed machine has left running. */
  readonly #children = new Set<AnyActorRef>();
  readonly #delays = new Map<string, DelayedEvent>();
  readonly #restored: readonly PersistedDelay[];
  #delaysMade = 0;
  #inTurn = false;

  constructor(machine: M, beginning: Beginning<M>, self: Self, listener: TreeListener) {
    this.#self = self;
    const { input, state } = beginning;
    this.#restored = state?.delays ?? [];
    this.#root = new Actor<M>(machine, {
      ...(input !== undefined && { input }),
      ...(state !== undefined && { snapshot: state }),
      logger: (...values) => self.report({ kind: "log", pid: self.pid, label: self.label, level: "info", values }),
    });
    const { system } = this.#root;
    system.scheduler = {
      schedule: (source, target, event, delayMs, id) => this.#schedule({ source, target, event, delayMs, id }),
      cancel: (source, id) => this.#cancel(keyOf(source, id)),
      cancelAll: (source) => this.#cancelAllOf(source),
    };
    const insides = system as typeof system & Insides;
    const { _relay, _register, _unregister } = insides;
    this.#relay = _relay;
    insides._relay = (source, target, event) => this.#send(source, target, event);
    insides._register = (sessionId, actor) => {
      if (actor._parent !== undefined) {
        this.#children.add(actor);
      }
      return _register(sessionId, actor);
    };
    insides._unregister = (actor) => {
      this.#children.delete(actor);
      _unregister(actor);
      // XState leaves the children of one that has failed running.
      this.#stopAll((child) => child._parent === actor);
    };
    // An error that nobody hears would be thrown at the host; whoever takes the turn looks for it.
    this.#root.subscribe({ next: () => listener.changed(), error: () => {} });
    this.#root.on("*", (event) => listener.emitted(event));
  }

  get snapshot(): Snapshot<unknown> {
    return this.#root.getSnapshot() as Snapshot<unknown>;
  }

  start(): void {
    this.#take(() => {
      this.#root.start();
      for (const { id, event, from, to, remainingMs } of this.#restored) {
        const [source, target] = [this.#at(from), this.#at(to)];
        if (source !== undefined && target !== undefined) {
          this.#schedule({ source, target, event, delayMs: remainingMs, id });
        }
      }
    });
  }

  /** Has the machine handle an event of the outside. */
  send(event: EventObject): void {
    this.#take(() => this.#relay(undefined, this.#root, event));
  }

  /** Has an event delivered that had to wait for a turn. */
  deliver(waiting: WaitingEvent): void {
    const { source, target, event } = waiting;
    if (waiting instanceof DelayedEvent) {
      if (this.#delays.get(waiting.key) !== waiting) {
        return;
      }
      this.#delays.delete(waiting.key);
    }
    // The one who sent it may have been stopped since; then XState would not have sent it.
    if (target.system === this.#root.system && !(source !== undefined && isStopped(source)) && !isStopped(target)) {
      this.#take(() => this.#relay(source, target, event));
    }
  }

  /** Stops the machine and its children, without a last step. */
  stop(): void {
    this.#take(() => {
      this.#root.stop();
      this.#stopAll(() => true);
    });
  }

  /**
   * A child made of logic that has no name in the machine is in it with that logic, so it is then no plain data.
   *
   * @throws {Error} There is such a child, and XState is in its development build.
   */
  persisted(): MachineState {
    const delays = Array.from(this.#delays.values(), ({ id, event, source, target, timer }) => ({
      id,
      event,
      from: pathOf(source),
      to: pathOf(target),
      remainingMs: timer?.remainingMs() ?? 0,
    }));
    return { ...this.#root.getPersistedSnapshot(), delays };
  }

  #stopAll(isMeant: (child: AnyActorRef) => boolean): void {
    for (const child of this.#children) {
      if (isMeant(child)) {
        this.#relay(undefined, child, { type: "xstate.stop" });
      }
    }
  }

  #take(step: () => void): void {
    this.#inTurn = true;
    try {
      step();
    } finally {
      this.#inTurn = false;
    }
  }

  #send(source: AnyActorRef | undefined, target: AnyActorRef, event: EventObject): void {
    if (this.#inTurn) {
      this.#relay(source, target, event);
    } else if (this.#self.isAlive(this.#self.pid)) {
      this.#self.send(this.#self.pid, new WaitingEvent(source, target, event));
    }
  }

  #schedule(delay: {
    readonly source: AnyActorRef;
    readonly target: AnyActorRef;
    readonly event: EventObject;
    readonly delayMs: number;
    readonly id: string | undefined;
  }): void {
    this.#delaysMade += 1;
    const { source, target, event, delayMs, id = `delay.${this.#delaysMade}` } = delay;
    const delayed = new DelayedEvent(source, target, event, id);
    this.#cancel(delayed.key);
    delayed.timer = this.#self.sendAfter(delayMs, this.#self.pid, delayed);
    this.#delays.set(delayed.key, delayed);
  }

  #cancel(key: string): void {
    this.#delays.get(key)?.timer?.cancel();
    this.#delays.delete(key);
  }

  #cancelAllOf(source: AnyActorRef): void {
    for (const delayed of this.#delays.values()) {
      if (delayed.source === source) {
        this.#cancel(delayed.key);
      }
    }
  }

  #at(path: readonly string[]): AnyActorRef | undefined {
    return path.reduce<AnyActorRef | undefined>(
      (actor, id) => (actor?.getSnapshot() as { children?: Record<string, AnyActorRef> } | undefined)?.children?.[id],
      this.#root,
    );
  }
}

/** In the mailbox: an event between two actors of a tree. A stranger cannot make one. */
export class WaitingEvent extends OwnMessage {
  readonly source: AnyActorRef | undefined;
  readonly target: AnyActorRef;
  readonly event: EventObject;

  constructor(source: AnyActorRef | undefined, target: AnyActorRef, event: EventObject) {
    super();
    this.source = source;
    this.target = target;
    this.event = event;
  }

  /** How it shows. The ids of actors differ from run to run. */
  toJSON(): EventObject {
    return this.event;
  }
}

/** As {@link WaitingEvent}, after a delay. */
class DelayedEvent extends WaitingEvent {
  declare readonly source: AnyActorRef;
  readonly id: string;
  readonly key: string;
  timer: Timer | undefined;

  constructor(source: AnyActorRef, target: AnyActorRef, event: EventObject, id: string) {
    super(source, target, event);
    this.id = id;
    this.key = keyOf(source, id);
  }
}

function keyOf(source: AnyActorRef, id: string): string {
  return `${source.sessionId}.${id}`;
}

function isStopped(actor: AnyActorRef): boolean {
  return (actor.getSnapshot() as Partial<Snapshot<unknown>> | undefined)?.status === "stopped";
}

function pathOf(actor: AnyActorRef): readonly string[] {
  const path: string[] = [];
  for (let at = actor; at._parent !== undefined; at = at._parent) {
    path.unshift(at.id);
  }
  return path;
}
