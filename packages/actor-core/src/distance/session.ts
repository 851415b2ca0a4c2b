import type { Deadline, Timers } from "../process/timers.ts";
import type { Frame } from "./frame.ts";
import type { Destination, Packet, Transport } from "./transport.ts";

/** Silence of so many ticks ends a session. */
const SILENT_TICKS = 4;

/** What a session tells its node. */
export interface SessionEvents {
  /** Frames go both ways from now on. `incarnation` is the other node's. */
  opened(incarnation: number): void;
  received(frame: Frame): void;
  /** It is over, or could not be opened. What was sent may or may not have arrived. */
  lost(): void;
}

interface SessionParts {
  readonly self: { readonly name: string; readonly incarnation: number };
  readonly peer: string;
  readonly transport: Transport;
  readonly timers: Timers;
  readonly tickMs: number;
  readonly setupMs: number;
  readonly events: SessionEvents;
}

/** A frame that waits for the session to open. */
interface Waiting {
  readonly frame: Frame;
  /** The only incarnation it is for; undefined: any. */
  readonly incarnation: number | undefined;
}

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "opening"; readonly mine: number; readonly waiting: Waiting[]; readonly untilMs: number }
  | {
      readonly kind: "open";
      readonly mine: number;
      readonly theirs: number;
      sent: number;
      received: number;
      heardMs: number;
    };

/**
 * What two nodes are to each other: nothing, or a session in which frames arrive in order, each once, until it is lost.
 *
 * Either side opens it by a numbered hello. A number that is missing, a long silence, a newer session or incarnation of
 * the other side and a goodbye end it. Numbers of sessions grow within an incarnation and incarnations grow too, so
 * nothing from before can be taken for new.
 */
export class Session {
  readonly #parts: SessionParts;
  #state: State = { kind: "idle" };
  #lastMine = 0;
  /** The newest that has been heard of the other side. */
  #newest = { incarnation: Number.NEGATIVE_INFINITY, session: 0 };
  #tick: Deadline | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** Opens the session if need be, and sends the frame when it is open. */
  send(frame: Frame, incarnation: number | undefined): void {
    if (this.#state.kind === "idle") {
      this.#open({ frame, incarnation });
    } else if (this.#state.kind === "opening") {
      this.#state.waiting.push({ frame, incarnation });
    } else {
      this.#sendFrame(frame);
    }
  }

  /** Sends what only matters to a session that is there. */
  sendIfOpen(frame: Frame, incarnation?: number): void {
    if (this.#state.kind === "open") {
      this.#sendFrame(frame);
    } else if (this.#state.kind === "opening") {
      // Behind what it undoes.
      this.#state.waiting.push({ frame, incarnation });
    }
  }

  /** There is a newer incarnation: nothing is heard of earlier ones any more. */
  expect(incarnation: number): void {
    this.close();
    this.#newest = { incarnation, session: 0 };
  }

  receive(packet: Packet): void {
    const { incarnation } = packet;
    if (incarnation < this.#newest.incarnation) {
      return;
    }
    if (packet.kind === "hello") {
      this.#hello(packet);
      return;
    }
    const state = this.#state;
    const current = this.#isCurrent(packet.to);
    if (packet.kind === "bye") {
      if (current) {
        this.#lose();
      }
    } else if (state.kind === "open" && current && packet.session === state.theirs) {
      this.#data(state, packet);
    } else if (!current) {
      this.#bye(packet);
    }
  }

  close(): void {
    if (this.#state.kind === "open") {
      this.#bye({ incarnation: this.#newest.incarnation, session: this.#state.theirs });
    }
    if (this.#state.kind !== "idle") {
      this.#lose();
    }
  }

  #open(first: Waiting): void {
    this.#lastMine += 1;
    const untilMs = this.#parts.timers.nowMs() + this.#parts.setupMs;
    this.#state = { kind: "opening", mine: this.#lastMine, waiting: [first], untilMs };
    this.#sayHello(this.#lastMine, undefined);
    this.#arm();
  }

  #hello(packet: Packet & { readonly kind: "hello" }): void {
    const { incarnation, session, answers } = packet;
    const state = this.#state;
    const newest = this.#newest;
    const known = incarnation === newest.incarnation && session <= newest.session;
    if (known) {
      if (state.kind === "open" && session === state.theirs && answers === undefined) {
        // Our answer may have been lost.
        this.#sayHello(state.mine, { incarnation, session });
      }
      return;
    }
    if (answers !== undefined && (state.kind !== "opening" || !this.#isCurrent(answers))) {
      return;
    }
    if (state.kind === "open") {
      this.#lose();
    }
    this.#newest = { incarnation, session };
    const waiting = state.kind === "opening" ? state.waiting : [];
    const mine = state.kind === "opening" ? state.mine : (this.#lastMine += 1);
    this.#state = { kind: "open", mine, theirs: session, sent: 0, received: 0, heardMs: this.#parts.timers.nowMs() };
    this.#arm();
    if (answers === undefined) {
      this.#sayHello(mine, { incarnation, session });
    }
    this.#parts.events.opened(incarnation);
    for (const { frame, incarnation: wanted } of waiting) {
      if (wanted === undefined || wanted === incarnation) {
        this.#sendFrame(frame);
      }
    }
  }

  #data(state: State & { readonly kind: "open" }, { sequence, frame }: Packet & { readonly kind: "data" }): void {
    state.heardMs = this.#parts.timers.nowMs();
    if (sequence > state.received) {
      // Something is missing, and what came after it must not overtake it.
      this.close();
    } else if (frame !== undefined && sequence === state.received) {
      state.received += 1;
      this.#parts.events.received(frame);
    }
  }

  readonly #onTick = (): void => {
    const state = this.#state;
    const nowMs = this.#parts.timers.nowMs();
    if (state.kind === "opening" && nowMs < state.untilMs) {
      this.#sayHello(state.mine, undefined);
      this.#arm();
    } else if (state.kind === "open" && nowMs - state.heardMs < SILENT_TICKS * this.#parts.tickMs) {
      this.#sendData(state, undefined);
      this.#arm();
    } else {
      this.close();
    }
  };

  #arm(): void {
    this.#tick?.clear();
    const { timers, tickMs, setupMs } = this.#parts;
    // A hello is said again a few times while there is time.
    const delayMs = this.#state.kind === "opening" ? Math.min(tickMs, setupMs / SILENT_TICKS) : tickMs;
    this.#tick = timers.after(delayMs, this.#onTick);
  }

  #lose(): void {
    this.#tick?.clear();
    this.#state = { kind: "idle" };
    this.#parts.events.lost();
  }

  #sendFrame(frame: Frame): void {
    // What is lost while frames go out takes the rest with it.
    if (this.#state.kind === "open") {
      this.#sendData(this.#state, frame);
    }
  }

  #sendData(state: State & { readonly kind: "open" }, frame: Frame | undefined): void {
    const { mine, theirs: session, sent: sequence } = state;
    state.sent += frame === undefined ? 0 : 1;
    const to = { incarnation: this.#newest.incarnation, session };
    this.#send({ kind: "data", ...this.#origin(mine), to, sequence, ...(frame && { frame }) });
  }

  #sayHello(session: number, answers: Destination | undefined): void {
    this.#send({ kind: "hello", ...this.#origin(session), ...(answers !== undefined && { answers }) });
  }

  #bye({ incarnation, session }: Destination): void {
    this.#send({ kind: "bye", ...this.#origin(this.#lastMine), to: { incarnation, session } });
  }

  /** Whether a packet is for the session there is now. */
  #isCurrent({ incarnation, session }: Destination): boolean {
    const state = this.#state;
    return state.kind !== "idle" && incarnation === this.#parts.self.incarnation && session === state.mine;
  }

  #origin(session: number) {
    return { from: this.#parts.self.name, incarnation: this.#parts.self.incarnation, session };
  }

  #send(packet: Packet): void {
    this.#parts.transport.send(this.#parts.peer, packet);
  }
}
