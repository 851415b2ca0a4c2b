import type { LimitLevel } from "../events/event.ts";
import { traceIdOf } from "../observability/traceparent.ts";
import type { Cell, CellHoldings, CellUsage } from "../ports/cell.ts";
import type { Cause } from "../services/cause.ts";
import { ProtocolError } from "./errors.ts";
import { type GuestExit, readGuestExit } from "./guest-exit.ts";
import { GuestGone } from "./guest-gone.ts";
import { LineRate } from "./line-rate.ts";
import { RenewedMap } from "./renewed-map.ts";
import {
  cutText,
  type DriverTable,
  decodeGuestMessage,
  type Ending,
  encodeKernelMessage,
  type GuestMessage,
  type KernelMessage,
  MAX_DETAIL_BYTES,
  SOURCE_CHUNK_BYTES,
  type SourceLanguage,
} from "./wire/protocol.ts";

export type { GuestExit } from "./guest-exit.ts";
export { GuestGone } from "./guest-gone.ts";

/** What a guest is started with. */
export interface StartRequest {
  readonly serviceId: string;
  readonly tenant: string;
  readonly source: Uint8Array;
  readonly language: SourceLanguage;
  /** Shown in compile errors and stacks. */
  readonly fileName: string;
  /** The service's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logLevel: LogLevel;
  /** What it finds in its `ctx`; absent for nothing. */
  readonly drivers?: DriverTable | undefined;
  /** SHA-256 of the list of files that a bundle must have, as it was signed. */
  readonly contents?: string | undefined;
  /** UTF-8 JSON array handed to `init` behind the setup; empty for none. Not parsed by the kernel. */
  readonly startArguments: Uint8Array;
}

/** What a program is started with; all else was said when its cell was made. */
export interface ProgramStart extends Pick<StartRequest, "logLevel" | "startArguments"> {
  /** Reads from the program's last words why it could not even be executed. */
  readonly execFailure: (lastOutput: string) => string | undefined;
}

/** Least to most urgent. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export type StartOutcome =
  | {
      readonly kind: "started";
      readonly calls: readonly string[];
      readonly casts: readonly string[];
      /** In the guest's words, unread; empty for none. */
      readonly contract: string;
    }
  | { readonly kind: "failed"; readonly cause: Cause };

/** What came of a call. `error` means the guest answered with an error; its death rejects with {@link GuestGone}. */
export type CallOutcome =
  | { readonly kind: "reply"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly error: GuestError }
  /** The answer is more than the service may give. */
  | { readonly kind: "over-limit"; readonly limit: "replyBytes"; readonly used: number };

/** A call that did not work, while the service lives on. */
export interface GuestError {
  /**
   * `unknown-method`, `arguments-not-json`, `arguments-not-array`, `arguments-invalid`, `reply-not-json`, `reply-invalid`, `handler-failed`,
   * or of the kernel's own: `too-large` (the arguments do not fit a frame), `overloaded` (too much waits for the guest). A hostile guest may
   * send any other text.
   */
  readonly kind: string;
  readonly message: string;
  /** Path inside the value, such as `$.items[3].when`, for `arguments-invalid`, `reply-not-json` and `reply-invalid`. */
  readonly path?: string;
  readonly detail?: string;
}

/** A message that the guest wants delivered to another service of its tenant, or to a driver. */
export interface OutgoingMessage {
  readonly kind: "call" | "cast" | "driver-call";
  /** The service, or the driver. */
  readonly target: string;
  /** The driver's operation too. */
  readonly method: string;
  /** UTF-8 JSON array, not parsed. */
  readonly args: Uint8Array;
  /** 0 for a cast, and for a driver, which keeps its own time. */
  readonly timeoutMs: number;
  /** What decides, in place of the service's own authority; `returned` when the call that lent it is over. */
  readonly lent?: Lent | "returned" | undefined;
  /** What is lent to who is called: a part of `of`, of the service's own where that is undefined. */
  readonly lend?: { readonly of: Lent | "returned" | undefined; readonly grants: readonly string[] } | undefined;
  /** W3C's `traceparent` of what the guest says it is part of. */
  readonly trace?: string | undefined;
  /** Answers a call; ignored when the guest is gone, for a cast, and the second time. Never throws. */
  answer(outcome: OutgoingOutcome): void;
}

/** What the caller of one call lends for it. */
export interface Lent {
  readonly drivers: DriverTable;
  /** The call is over: nothing begins with it any more. Idempotent. */
  end(): void;
}

export type OutgoingOutcome =
  | { readonly kind: "reply"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly reason: string; readonly message: string };

/** How far a guest may go in one thing. */
export interface SessionBound {
  /** Told of from here on, once for each time it comes above. */
  readonly soft: number;
  readonly hard: number;
  /** What is above is refused or dropped; else it is only told of. */
  readonly holds: boolean;
}

/** Bytes of one reply, calls of its own that wait, lines of log in a second. */
export type SessionBounds = Readonly<Record<SessionLimit, SessionBound>>;

export type SessionLimit = "replyBytes" | "callsInFlight" | "logLinesPerSecond";

export interface SaidLine {
  readonly level: LogLevel;
  readonly text: string;
  /** W3C's `traceparent` of the message that it was said about, as the guest says. */
  readonly trace?: string | undefined;
}

export interface SessionHandlers {
  /** A line of the service, of its console or its standard output and error. */
  onLog(line: SaidLine): void;
  onOutgoing(message: OutgoingMessage): void;
  /** It has gone above a bound. @param correlationId Of the message that it did so about, where that is known. */
  onLimit(limit: SessionLimit, level: LimitLevel, used: number, correlationId: string | undefined): void;
}

export interface GuestSession {
  /** Once, first. Never rejects: a death meanwhile is a `failed` outcome. Does not keep time; the caller kills at its deadline. */
  start(request: StartRequest): Promise<StartOutcome>;
  /** {@link start} for a cell that holds a program of its own: it is sent nothing but its arguments. */
  startProgram(request: ProgramStart): Promise<StartOutcome>;
  /**
   * Does not keep time either: the guest is told the deadline, and the caller stops waiting by itself.
   *
   * @throws {GuestGone} When the guest ends before it answers; carries its {@link GuestExit}.
   */
  call(message: {
    readonly method: string;
    readonly args: Uint8Array;
    readonly timeoutMs: number;
    readonly lent?: Lent | undefined;
    /** Only for a guest that can be told it. */
    readonly trace?: string | undefined;
    /** What is recorded of the call is recorded under it. */
    readonly correlationId?: string | undefined;
  }): Promise<CallOutcome>;
  /** Resolves when the guest has handled it or is gone, so that it can be counted until then, and says which; never rejects. */
  cast(message: {
    readonly method: string;
    readonly args: Uint8Array;
    readonly trace?: string | undefined;
    readonly correlationId?: string | undefined;
  }): Promise<boolean>;
  /**
   * Opens an HTTP exchange, which {@link HttpExchange} speaks.
   *
   * @param onPart Given what the guest sends for it.
   * @param onGone Called once, with the reason, when the guest ends before the exchange is closed.
   */
  openHttp(onPart: (bytes: Uint8Array) => void, onGone: (why: string) => void): HttpLink;
  /** Asks the guest to run `terminate` and exit. The caller keeps time and kills. */
  stop(): void;
  kill(): void;
  /** Asks whether it advances; what it answers comes into the result as time goes. */
  probe(): ProbeAnswers;
  /** Kills it for a limit; `exited` tells of that cause whatever else is found. */
  end(cause: Cause): void;
  /** Of the one message that it is about; of several none can be told. */
  readonly correlationId: string | undefined;
  /** Its calls to other services that wait for an answer. */
  readonly callsInFlight: number;
  /** Settles once, when nothing of the guest is left on the host. */
  readonly exited: Promise<GuestExit>;
  usage(): CellUsage | undefined;
  holdings(): CellHoldings;
}

/** The kernel's end of one HTTP exchange. */
export interface HttpLink {
  /** @returns Whether it was taken; not when too much waits for the guest, or when it is gone. */
  send(part: readonly Uint8Array[]): boolean;
  close(): void;
}

/** What a guest has answered to a probe so far. */
export interface ProbeAnswers {
  /** Its event loop has turned since. */
  readonly alive: boolean;
  /** Its service has come to the probe behind all earlier messages. */
  readonly reached: boolean;
  /** The handler that was under way has returned a promise. */
  readonly awaiting: boolean;
}

/** Calls that a guest may leave unanswered before more are refused. */
export const MAX_OPEN_CALLS = 10_000;

/**
 * Opens the kernel's side of the conversation with the guest in a cell, which it takes over.
 *
 * Nothing that the guest sends throws here or is kept without bound.
 *
 * @param options `nowMs`: monotonic milliseconds, for the bound on log lines.
 */
export function openGuestSession(
  cell: Cell,
  handlers: SessionHandlers,
  options: { readonly bounds: SessionBounds; readonly nowMs?: () => number },
): GuestSession {
  return new Session(cell, handlers, options.bounds, options.nowMs ?? (() => performance.now()));
}

interface OpenCall {
  readonly lent: Lent | undefined;
  readonly correlationId: string | undefined;
  resolve(outcome: CallOutcome): void;
  reject(error: GuestGone): void;
}

class Session implements GuestSession {
  readonly exited: Promise<GuestExit>;

  readonly #cell: Cell;
  readonly #handlers: SessionHandlers;
  readonly #nowMs: () => number;
  readonly #bounds: SessionBounds;
  readonly #rate: LineRate;
  readonly #calls = new RenewedMap<number, OpenCall>();
  readonly #exchanges = new Map<number, { onPart(bytes: Uint8Array): void; onGone(why: string): void }>();
  #nextId = 1;
  #outgoing = 0;
  #logLevel: LogLevel = "debug";
  /** Set for a program. */
  #execFailure: ProgramStart["execFailure"] | undefined;
  #onStarted: ((outcome: StartOutcome) => void) | undefined;
  #onDrain: (() => void) | undefined;
  #ending: Ending | undefined;
  #violation: string | undefined;
  #killing = false;
  #verdict: Cause | undefined;
  #probe: { readonly id: number; alive: boolean; reached: boolean; readonly awaiting: boolean } | undefined;
  /** Its handler under way has got as far as to return a promise, or to ask another service. */
  #awaiting = false;
  #lastOutput: string[] = [];
  #exit: GuestExit | undefined;

  constructor(cell: Cell, handlers: SessionHandlers, bounds: SessionBounds, nowMs: () => number) {
    this.#cell = cell;
    this.#bounds = bounds;
    const { soft, hard } = bounds.logLinesPerSecond;
    this.#rate = new LineRate(hard, soft);
    this.#handlers = handlers;
    this.#nowMs = nowMs;
    cell.onFrame = (id, payload) => this.#receive(id, payload);
    cell.onDrain = () => this.#onDrain?.();
    cell.onOutput = (stream, line) => this.#output(stream === "stdout" ? "info" : "error", line);
    this.exited = cell.exited.then((exit) => {
      const lastOutput = cutText(this.#lastOutput.join("\n"), MAX_DETAIL_BYTES);
      const execFailure = this.#execFailure;
      const program = execFailure === undefined ? undefined : { execFailure: execFailure(lastOutput) };
      const [verdict, ending, violation] = [this.#verdict, this.#ending, this.#violation];
      return this.#finish(readGuestExit({ exit, verdict, ending, violation, lastOutput, program }));
    });
  }

  start(request: StartRequest): Promise<StartOutcome> {
    this.#logLevel = request.logLevel;
    return this.#begin(startMessages(request));
  }

  startProgram({ logLevel, startArguments, execFailure }: ProgramStart): Promise<StartOutcome> {
    this.#logLevel = logLevel;
    this.#execFailure = execFailure;
    return this.#begin([{ kind: "run", args: startArguments }]);
  }

  async #begin(messages: Iterable<KernelMessage>): Promise<StartOutcome> {
    const outcome = new Promise<StartOutcome>((resolve) => {
      this.#onStarted = resolve;
    });
    if (this.#exit !== undefined) return { kind: "failed", cause: this.#exit.cause };
    try {
      await this.#sendAll(messages);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.kill();
      return {
        kind: "failed",
        cause: { kind: "server", message: `Cannot hand the service to its cell: ${error.message}` },
      };
    }
    return outcome;
  }

  call({
    method,
    args,
    timeoutMs,
    lent,
    trace,
    correlationId,
  }: Parameters<GuestSession["call"]>[0]): Promise<CallOutcome> {
    if (this.#exit !== undefined) return Promise.reject(new GuestGone(this.#exit));
    // The guest has ended or is being killed; how, is known when nothing of it is left.
    if (this.#killing || this.#ending !== undefined || this.#violation !== undefined) return this.#waitForEnd();
    const message = { kind: "call", timeoutMs, method, args, trace } as const;
    // A program knows nothing of facets; it names the call whose caller has lent it something.
    if (lent === undefined || this.#execFailure !== undefined) return this.#ask(message, { lent, correlationId });
    return this.#ask({ ...message, lent: lent.drivers }, { lent, correlationId });
  }

  async cast({ method, args, trace, correlationId }: Parameters<GuestSession["cast"]>[0]): Promise<boolean> {
    if (this.#exit !== undefined || this.#ending !== undefined || this.#violation !== undefined) return false;
    return this.#ask({ kind: "cast", method, args, trace }, { lent: undefined, correlationId }).then(
      ({ kind }) => kind === "reply",
      () => false,
    );
  }

  #ask(
    message: KernelMessage & { readonly kind: "call" | "cast" },
    { lent, correlationId }: Pick<OpenCall, "lent" | "correlationId">,
  ): Promise<CallOutcome> {
    if (this.#calls.size >= MAX_OPEN_CALLS)
      return Promise.resolve(refuse("overloaded", "Too many calls wait for the service"));
    const id = this.#takeId();
    const sent = this.#trySend(id, message);
    if (sent === "too-large") return Promise.resolve(refuse("too-large", "The arguments do not fit a frame of 4 MiB"));
    if (sent === "full") return Promise.resolve(refuse("overloaded", "Too much waits for the service"));
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject, lent, correlationId }));
  }

  openHttp(onPart: (bytes: Uint8Array) => void, onGone: (why: string) => void): HttpLink {
    const id = this.#takeId();
    this.#exchanges.set(id, { onPart, onGone });
    if (this.#exit !== undefined) {
      const { message } = this.#exit.cause;
      queueMicrotask(() => this.#endExchange(id, message));
    }
    return {
      send: (part) => this.#trySend(id, { kind: "http", part }) === "sent",
      close: () => void this.#exchanges.delete(id),
    };
  }

  #endExchange(id: number, why: string): void {
    const exchange = this.#exchanges.get(id);
    this.#exchanges.delete(id);
    exchange?.onGone(why);
  }

  stop(): void {
    // What does not even take this will not stop by itself.
    if (this.#trySend(0, { kind: "stop" }) !== "sent") this.kill();
  }

  kill(): void {
    this.#killing = true;
    void this.#cell.kill();
  }

  probe(): ProbeAnswers {
    // A program is asked nothing: what it owes and what it uses must tell.
    if (this.#execFailure !== undefined) return { alive: true, reached: false, awaiting: false };
    const id = this.#takeId();
    const probe = { id, alive: false, reached: false, awaiting: this.#awaiting };
    this.#probe = probe;
    // One that does not even take this has not answered either.
    this.#trySend(id, { kind: "probe" });
    return probe;
  }

  end(cause: Cause): void {
    this.#verdict ??= cause;
    this.kill();
  }

  get correlationId(): string | undefined {
    return this.#calls.size === 1 ? this.#calls.values().next().value?.correlationId : undefined;
  }

  get callsInFlight(): number {
    return this.#outgoing;
  }

  usage(): CellUsage | undefined {
    return this.#cell.usage();
  }

  holdings(): CellHoldings {
    return this.#cell.holdings();
  }

  /**
   * Without a pause while there is room, so that a small service goes out in one write. Returns too when the guest ends
   * meanwhile: its end is told elsewhere.
   */
  async #sendAll(messages: Iterable<KernelMessage>): Promise<void> {
    for (const message of messages) {
      const parts = encodeKernelMessage(message);
      while (this.#exit === undefined && !this.#cell.send(0, ...parts)) {
        await Promise.race([this.exited, new Promise<void>((resolve) => (this.#onDrain = resolve))]);
      }
    }
  }

  #trySend(id: number, message: KernelMessage): "sent" | "full" | "too-large" {
    try {
      return this.#cell.send(id, ...encodeKernelMessage(message)) ? "sent" : "full";
    } catch (error) {
      if (error instanceof RangeError) return "too-large";
      throw error;
    }
  }

  #receive(id: number, payload: Uint8Array): void {
    if (this.#ending !== undefined || this.#violation !== undefined) return;
    try {
      this.#handle(id, decodeGuestMessage(payload));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#violation = error.message;
      this.kill();
    }
  }

  #handle(id: number, message: GuestMessage): void {
    switch (message.kind) {
      case "alive":
      case "reached":
        if (this.#probe?.id === id) this.#probe[message.kind] = true;
        return;
      case "awaiting":
        this.#awaiting = true;
        return;
      case "ready":
        return;
      case "started":
        this.#settleStart(message);
        return;
      case "reply":
        this.#awaiting = false;
        this.#reply(id, message.bytes);
        return;
      case "error":
        this.#awaiting = false;
        this.#settleCall(id, { kind: "error", error: message.error });
        return;
      case "handled":
        this.#awaiting = false;
        this.#settleCall(id, { kind: "reply", bytes: new Uint8Array(0) });
        return;
      case "resting":
        this.#cell.guestRests();
        return;
      case "http":
        // What comes for a closed one was on its way.
        for (const bytes of message.part) this.#exchanges.get(id)?.onPart(bytes);
        return;
      case "log":
        this.#log(message.level, message.text, message.trace);
        return;
      case "send-call": {
        this.#awaiting = true;
        const { terms = ownTerms, ...asked } = message;
        const lend = terms.lend.length === 0 ? undefined : { of: this.#lentBy(terms.of), grants: terms.lend };
        this.#sendOut(id, { ...asked, kind: "call", lent: this.#lentBy(terms.by), lend });
        return;
      }
      case "driver-call": {
        this.#awaiting = true;
        const { kind, lentBy, driver, operation, args } = message;
        this.#sendOut(id, { kind, target: driver, method: operation, args, timeoutMs: 0, lent: this.#lentBy(lentBy) });
        return;
      }
      case "send-cast":
        this.#handlers.onOutgoing({ ...message, kind: "cast", timeoutMs: 0, answer: () => {} });
        return;
      case "exiting":
        // Its frames came in order, so nothing more is to be had from it; whether it exits by itself does not matter.
        this.#ending = message.ending;
        this.kill();
        return;
    }
  }

  /** @param call Id of the call that lent it; 0 for the service's own, which is undefined. */
  #lentBy(call: number): Lent | "returned" | undefined {
    return call === 0 ? undefined : (this.#calls.get(call)?.lent ?? "returned");
  }

  #reply(id: number, bytes: Uint8Array): void {
    const used = bytes.length;
    const call = used > this.#bounds.replyBytes.soft ? this.#calls.get(id) : undefined;
    if (call !== undefined && !this.#mayGo("replyBytes", used, call.correlationId)) {
      this.#settleCall(id, { kind: "over-limit", limit: "replyBytes", used });
    } else {
      this.#settleCall(id, { kind: "reply", bytes });
    }
  }

  /** Tells of what is above the soft bound. @returns False when it is above the hard one and must not go on. */
  #mayGo(limit: SessionLimit, used: number, correlationId: string | undefined): boolean {
    const { hard, holds } = this.#bounds[limit];
    const over = used > hard;
    this.#handlers.onLimit(limit, over ? "hard" : "soft", used, correlationId);
    return !(over && holds);
  }

  /** An answer to nothing, or a second one, is dropped. */
  #settleCall(id: number, outcome: CallOutcome): void {
    const open = this.#calls.get(id);
    if (open === undefined) return;
    this.#calls.delete(id);
    open.lent?.end();
    open.resolve(outcome);
  }

  #settleStart(outcome: StartOutcome): void {
    this.#onStarted?.(outcome);
    this.#onStarted = undefined;
  }

  #sendOut(id: number, message: Omit<OutgoingMessage, "answer">): void {
    let answered = false;
    const answer = (outcome: OutgoingOutcome) => {
      if (answered) return;
      answered = true;
      this.#outgoing -= 1;
      this.#answerOutgoing(id, outcome);
    };
    this.#outgoing += 1;
    const { soft, hard } = this.#bounds.callsInFlight;
    if (this.#outgoing > soft && !this.#mayGo("callsInFlight", this.#outgoing, this.#about(message.trace))) {
      answer({ kind: "error", reason: "LIMIT_REACHED", message: `More than calls_in_flight (${hard}) calls are open` });
      return;
    }
    this.#handlers.onOutgoing({ ...message, answer });
  }

  #answerOutgoing(id: number, outcome: OutgoingOutcome): void {
    if (this.#exit !== undefined) return;
    const message: KernelMessage =
      outcome.kind === "reply"
        ? { kind: "answer", bytes: outcome.bytes }
        : { kind: "refusal", reason: outcome.reason, message: outcome.message };
    const sent = this.#trySend(id, message);
    if (sent === "too-large")
      this.#trySend(id, { kind: "refusal", reason: "too-large", message: "The reply does not fit a frame" });
    // A guest that asks without reading would wait for ever for what is dropped here, so it ends.
    if (sent === "full" && this.#ending === undefined && this.#violation === undefined) {
      this.#violation = "The service does not read the answers to its calls";
      this.kill();
    }
  }

  /** What it says or asks is about: as it says itself, or the one message that it has. */
  #about(trace: string | undefined): string | undefined {
    return traceIdOf(trace) ?? this.correlationId;
  }

  #output(level: LogLevel, line: string): void {
    this.#lastOutput.push(line);
    if (this.#lastOutput.length > LAST_OUTPUT_LINES) this.#lastOutput.shift();
    this.#log(level, line);
  }

  #log(level: LogLevel, text: string, trace?: string): void {
    if (URGENCY[level] < URGENCY[this.#logLevel]) return;
    const { soft, hard, holds } = this.#bounds.logLinesPerSecond;
    const { admitted, firstOfMany, firstLeftOut, droppedBefore } = this.#rate.admit(this.#nowMs());
    if (firstOfMany) this.#handlers.onLimit("logLinesPerSecond", "soft", soft + 1, this.#about(trace));
    if (firstLeftOut) this.#handlers.onLimit("logLinesPerSecond", "hard", hard + 1, this.#about(trace));
    if (droppedBefore > 0 && holds)
      this.#handlers.onLog({
        level: "warn",
        text: `Dropped ${droppedBefore} log lines: more than ${hard} in a second`,
      });
    if (admitted || !holds) this.#handlers.onLog({ level, text, trace });
  }

  #finish(found: GuestExit): GuestExit {
    const { correlationId } = this;
    const exit = correlationId === undefined ? found : { ...found, correlationId };
    this.#exit = exit;
    this.#settleStart({ kind: "failed", cause: exit.cause });
    for (const open of this.#calls.values()) {
      open.lent?.end();
      open.reject(new GuestGone(exit));
    }
    this.#calls.clear();
    for (const id of [...this.#exchanges.keys()]) this.#endExchange(id, exit.cause.message);
    return exit;
  }

  async #waitForEnd(): Promise<never> {
    throw new GuestGone(await this.exited);
  }

  #takeId(): number {
    do {
      this.#nextId = this.#nextId >= 0xffff_ffff ? 1 : this.#nextId + 1;
    } while (this.#calls.has(this.#nextId) || this.#exchanges.has(this.#nextId));
    return this.#nextId;
  }
}

function* startMessages({ source, startArguments, ...request }: StartRequest): Generator<KernelMessage> {
  const { serviceId, tenant, fileName, language, logLevel, environment, drivers, contents } = request;
  const sourceBytes = source.length;
  const boot = { serviceId, tenant, fileName, language, logLevel, environment, drivers, contents, sourceBytes };
  yield { kind: "boot", boot };
  for (let offset = 0; offset < source.length; offset += SOURCE_CHUNK_BYTES) {
    yield { kind: "source", chunk: source.subarray(offset, offset + SOURCE_CHUNK_BYTES) };
  }
  yield { kind: "run", args: startArguments };
}

const ownTerms = { by: 0, of: 0, lend: [] } as const;
const LAST_OUTPUT_LINES = 20;
const URGENCY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

function refuse(kind: string, message: string): CallOutcome {
  return { kind: "error", error: { kind, message } };
}
