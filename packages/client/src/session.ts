import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import type { SessionAnswer, SessionItem, SessionRequest, SessionResponse, Status } from "@solo/proto";

/** How a session ended. */
export interface SessionEnd {
  /** The server had answered at all; without that nothing was written. */
  readonly greeted: boolean;
  readonly error: ServiceError | undefined;
}

/** What an ended session's messages are told: those that were not written, and those that were. */
export interface Ending {
  readonly unsent: unknown;
  readonly unanswered: unknown;
}

/** Says in its own words what senders are told. */
export interface SessionOwner {
  /** Told once, when the stream has ended. */
  onEnd(end: SessionEnd): Ending;
  /** What an answer refuses with. */
  refused(status: Status): unknown;
  /** Nothing came, not even the server's word that the time is over. */
  timedOut(asked: Asked["value"], timeoutMs: number): unknown;
}

/** How one message is sent. */
export interface SendOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly traceparent: string | undefined;
}

/** A call or a cast. */
export type Asked = Exclude<NonNullable<SessionItem["kind"]>, { readonly $case: "cancel" }>;

interface Pending {
  readonly kind: Asked;
  readonly startedMs: number;
  readonly timeoutMs: number;
  readonly traceparent: string;
  /** Set once it is written. */
  id: number | undefined;
  /** It has its answer, or nobody waits for it. */
  settled: boolean;
  settle(how: { readonly bytes: Uint8Array } | { readonly error: unknown }): void;
}

/** Items in one message, as the server takes them, and bytes after which a message is sent. */
const itemsPerMessage = 1_024;
const messageBytes = 256 * 1024;
/** How long the server has to answer after an item's own time, before it is given up: it tells the time-out itself. */
const slackMs = 1_000;

const none = new Uint8Array(0);

/** One `MessagingService.Session`, seen from the client: items that come together go out together. */
export class Session {
  readonly #stream: ClientDuplexStream<SessionRequest, SessionResponse>;
  readonly #owner: SessionOwner;
  /** Written and not answered, by id. Ids of those that nobody waits for stay taken until the answer. */
  readonly #open = new Map<number, Pending>();
  /** Not written yet, oldest first. */
  #waiting: Pending[] = [];
  #cancelled: number[] = [];
  #maxInFlight = 0;
  #nextId = 0;
  #pumpPlanned = false;
  #full = false;
  #ended = false;
  #onIdle: (() => void) | undefined;

  constructor(stream: ClientDuplexStream<SessionRequest, SessionResponse>, owner: SessionOwner) {
    this.#stream = stream;
    this.#owner = owner;
    stream.on("data", ({ answers, maxInFlight }: SessionResponse) => {
      this.#maxInFlight ||= maxInFlight;
      for (const answer of answers) this.#take(answer);
      if (this.#waiting.length > 0) this.#plan();
    });
    stream.on("drain", () => {
      this.#full = false;
      this.#plan();
    });
    stream.on("error", (error: ServiceError) => this.#end(error));
    stream.on("end", () => this.#end(undefined));
  }

  /** Rejects with what the owner says, or with the signal's reason. */
  send(kind: Asked, { timeoutMs, signal, traceparent = "" }: SendOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#giveUp(pending, this.#owner.timedOut(kind.value, timeoutMs));
      }, timeoutMs + slackMs);
      const abort = (): void => this.#giveUp(pending, signal?.reason);
      const pending: Pending = {
        kind,
        startedMs: performance.now(),
        timeoutMs,
        traceparent,
        id: undefined,
        settled: false,
        settle: (how) => {
          if (pending.settled) return;
          pending.settled = true;
          clearTimeout(timer);
          signal?.removeEventListener("abort", abort);
          if ("bytes" in how) resolve(how.bytes);
          else reject(how.error);
        },
      };
      signal?.addEventListener("abort", abort);
      if (signal?.aborted === true) return abort();
      this.#waiting.push(pending);
      this.#plan();
    });
  }

  /** Lets what is out come back, for `graceMs` at most, and ends the stream. */
  async close(graceMs: number): Promise<void> {
    if (this.#ended) return;
    let timer: NodeJS.Timeout | undefined;
    if (this.#open.size + this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        timer = setTimeout(resolve, graceMs);
      });
    }
    clearTimeout(timer);
    this.#stream.end();
    if (this.#open.size > 0) this.#stream.cancel();
  }

  #giveUp(pending: Pending, error: unknown): void {
    if (pending.settled) return;
    pending.settle({ error });
    if (pending.id !== undefined) {
      this.#cancelled.push(pending.id);
      this.#plan();
    }
  }

  /** Once everything that is asked now is there: calls come many at a time, as the answers before them did. */
  #plan(): void {
    if (this.#pumpPlanned || this.#full || this.#ended) return;
    this.#pumpPlanned = true;
    setImmediate(() => {
      this.#pumpPlanned = false;
      this.#pump();
    });
  }

  #pump(): void {
    // What an abort or a time-out has taken back is not sent.
    while (!this.#full && !this.#ended) {
      const items: SessionItem[] = this.#cancelled
        .splice(0, itemsPerMessage)
        .map((id) => ({ id, timeoutMs: 0, kind: { $case: "cancel", value: {} }, traceparent: "" }));
      let bytes = 0;
      let taken = 0;
      for (const pending of this.#waiting) {
        if (this.#open.size >= this.#maxInFlight || items.length >= itemsPerMessage || bytes > messageBytes) break;
        taken += 1;
        if (pending.settled) continue;
        items.push(this.#itemOf(pending));
        bytes += pending.kind.value.arguments.length;
      }
      if (taken > 0) this.#waiting = this.#waiting.slice(taken);
      if (items.length === 0) return;
      this.#full = !this.#stream.write({ items });
    }
  }

  #itemOf(pending: Pending): SessionItem {
    do this.#nextId = (this.#nextId + 1) >>> 0;
    while (this.#open.has(this.#nextId));
    const id = this.#nextId;
    pending.id = id;
    this.#open.set(id, pending);
    const leftMs = pending.timeoutMs - (performance.now() - pending.startedMs);
    const { kind, traceparent } = pending;
    return { id, timeoutMs: Math.max(1, Math.ceil(leftMs)), kind, traceparent };
  }

  #take({ id, outcome }: SessionAnswer): void {
    const pending = this.#open.get(id);
    if (pending === undefined) return;
    this.#open.delete(id);
    switch (outcome?.$case) {
      case "reply":
        pending.settle({ bytes: outcome.value.reply });
        break;
      case "error":
        pending.settle({ error: this.#owner.refused(outcome.value) });
        break;
      default:
        pending.settle({ bytes: none });
    }
    if (this.#open.size + this.#waiting.length === 0) this.#onIdle?.();
  }

  #end(error: ServiceError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    const { unsent, unanswered } = this.#owner.onEnd({ greeted: this.#maxInFlight > 0, error });
    for (const pending of this.#open.values()) pending.settle({ error: unanswered });
    for (const pending of this.#waiting.splice(0)) pending.settle({ error: unsent });
    this.#open.clear();
    this.#onIdle?.();
  }
}
