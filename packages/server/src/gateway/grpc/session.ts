import type { ServerDuplexStream } from "@grpc/grpc-js";
import type {
  CallRequest,
  CallResponse,
  CastRequest,
  CastResponse,
  SessionAnswer,
  SessionItem,
  SessionRequest,
  SessionResponse,
} from "@solo/proto";
import type { Permit } from "../../authority/authorize.ts";
import { RenewedMap } from "../../cells/renewed-map.ts";
import { SoloError } from "../../errors.ts";
import { defaultCallTimeoutMs, sessionLimits } from "../../limits.ts";
import { toRpcStatus, toStatus } from "../error-status.ts";
import type { Duplex } from "./handler.ts";
import { begin, grant, type Incoming, type MethodContext, type Unary } from "./method.ts";
import { serverStopping } from "./server-stopping.ts";

/** What a session multiplexes: the very methods that are served one by one. */
interface SessionMethods {
  readonly call: Unary<CallRequest, CallResponse>;
  readonly cast: Unary<CastRequest, CastResponse>;
}

/** `MessagingService/Session`. */
export const session = (context: MethodContext, methods: SessionMethods): Duplex<SessionRequest, SessionResponse> => ({
  kind: "duplex",
  serve(stream, incoming) {
    const ended = begin(context, "MessagingService/Session", incoming);
    grant(context, "MessagingService/Session", incoming, { resource: {} }, ended).then(
      ({ permit }) =>
        new Session(stream, { incoming, methods, permit, closing: context.closing, onEnded: ended }).open(),
      (thrown: unknown) => stream.emit("error", toStatus(ended.badly(thrown))),
    );
  },
});

/** Answers that go out together, in bytes: more messages cost more, larger ones wait for each other. */
const batchBytes = 256 * 1024;

/** Bytes that the connection may hold before answers wait here, where they are counted. */
const writingBytes = 1024 * 1024;

type Asked = Exclude<NonNullable<SessionItem["kind"]>, { readonly $case: "cancel" }>;

/** What an error may come to with its details. */
const errorBytes = 4_096;

/** One open session: hands items to their methods and their answers back, many in one message where many are there. */
class Session {
  readonly #stream: ServerDuplexStream<SessionRequest, SessionResponse>;
  readonly #incoming: Incoming;
  readonly #methods: SessionMethods;
  readonly #closing: AbortSignal;
  readonly #permit: Permit<"MessagingService/Session">;
  readonly #onEnded: ReturnType<typeof begin>;
  /** What is to happen to an item without an answer when nobody waits for it, by the client's id. */
  readonly #open = new RenewedMap<number, () => void>();
  /** Answers that are not written yet, oldest first, and their bytes, roughly. */
  #waiting: { readonly answer: SessionAnswer; readonly bytes: number }[] = [];
  #waitingBytes = 0;
  #flushPlanned = false;
  /** Bytes that the connection has not taken yet. */
  #writingBytes = 0;
  #clientEnded = false;
  #over = false;

  constructor(
    stream: ServerDuplexStream<SessionRequest, SessionResponse>,
    options: {
      readonly incoming: Incoming;
      readonly methods: SessionMethods;
      readonly permit: Permit<"MessagingService/Session">;
      readonly closing: AbortSignal;
      readonly onEnded: ReturnType<typeof begin>;
    },
  ) {
    this.#stream = stream;
    this.#incoming = options.incoming;
    this.#methods = options.methods;
    this.#closing = options.closing;
    this.#permit = options.permit;
    this.#onEnded = options.onEnded;
  }

  open(): void {
    const stream = this.#stream;
    stream.write({ answers: [], maxInFlight: sessionLimits.inFlight });
    stream.on("data", (request: SessionRequest) => this.#take(request));
    stream.on("end", () => {
      this.#clientEnded = true;
      this.#endWhenAnswered();
    });
    this.#incoming.onGone(() => this.#finish());
    this.#closing.addEventListener("abort", this.#onClosing);
    this.#permit.signal?.addEventListener("abort", this.#onAuthorityEnded);
    if (this.#closing.aborted) this.#endWhenAnswered();
  }

  readonly #onAuthorityEnded = (): void => {
    try {
      this.#permit.assertLive();
    } catch (error) {
      this.#fail(error as SoloError);
    }
  };

  readonly #onClosing = (): void => this.#endWhenAnswered();

  #take({ items }: SessionRequest): void {
    for (const { id, timeoutMs, kind, traceparent } of items) {
      if (this.#over) return;
      if (kind?.$case === "cancel") this.#open.get(id)?.();
      else if (kind === undefined) this.#fail(malformed(`item ${id} is neither a call, a cast nor a cancellation`));
      else if (this.#open.has(id)) this.#fail(malformed(`the id ${id} came again before its answer`));
      else if (this.#open.size >= sessionLimits.inFlight) this.#fail(tooManyInFlight(this.#open.size + 1));
      else this.#begin(kind, { id, timeoutMs, traceparent });
    }
  }

  #begin(kind: Asked, { id, timeoutMs, traceparent }: Omit<SessionItem, "kind">): void {
    let gone: () => void = () => undefined;
    this.#open.set(id, () => gone());
    const incoming: Incoming = {
      caller: this.#incoming.caller,
      capability: this.#incoming.capability,
      remainingMs: () => timeoutMs || defaultCallTimeoutMs,
      remote: this.#incoming.remote,
      face: this.#incoming.face,
      traceparent: () => traceparent || this.#incoming.traceparent(),
      onGone: (listener) => (gone = listener),
    };
    const refuse = (error: SoloError): void =>
      this.#answer({ id, outcome: { $case: "error", value: toRpcStatus(error) } }, errorBytes);
    if (this.#closing.aborted) {
      // What comes after the stop began was not delivered, and its sender is told.
      refuse(serverStopping());
    } else if (kind.$case === "call") {
      const answer = (value: CallResponse) =>
        this.#answer({ id, outcome: { $case: "reply", value } }, value.reply.length);
      this.#methods.call.answer(kind.value, incoming, answer, refuse);
    } else {
      const answer = (value: CastResponse) => this.#answer({ id, outcome: { $case: "accepted", value } }, 0);
      this.#methods.cast.answer(kind.value, incoming, answer, refuse);
    }
  }

  #answer(answer: SessionAnswer, bytes: number): void {
    if (this.#over) return;
    this.#waiting.push({ answer, bytes });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > sessionLimits.waitingBytes) this.#fail(callerTooSlow(this.#waitingBytes));
    if (this.#over || this.#flushPlanned || this.#isFull) return;
    this.#flushPlanned = true;
    // Once everything that has come in by now is answered: a cell's replies come many at a time.
    setImmediate(() => {
      this.#flushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (!this.#over && !this.#isFull && this.#waiting.length > 0) {
      const { answers, bytes } = this.#takeBatch();
      // An item stays in flight until its answer has gone out, so that a client that does not read cannot ask for more.
      for (const { id } of answers) this.#open.delete(id);
      this.#writingBytes += bytes;
      this.#stream.write({ answers, maxInFlight: 0 }, () => this.#written(bytes));
    }
    if (this.#isFull) this.#stream.pause();
    this.#endWhenAnswered();
  }

  #written(bytes: number): void {
    const wasFull = this.#isFull;
    this.#writingBytes -= bytes;
    if (!wasFull || this.#isFull || this.#over) return;
    this.#stream.resume();
    this.#flush();
  }

  get #isFull(): boolean {
    return this.#writingBytes > writingBytes;
  }

  #takeBatch(): { readonly answers: SessionAnswer[]; readonly bytes: number } {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes > batchBytes) break;
      bytes += waiting.bytes;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return { answers: batch.map(({ answer }) => answer), bytes };
  }

  /** Ends the session once everything is answered and nothing more is to come. */
  #endWhenAnswered(): void {
    if (this.#over || this.#open.size > 0) return;
    if (this.#clientEnded) {
      this.#finish();
      this.#stream.end();
    } else if (this.#closing.aborted) {
      this.#fail(serverStopping());
    }
  }

  #fail(error: SoloError): void {
    if (this.#over) return;
    this.#stream.emit("error", toStatus(this.#onEnded.badly(error)));
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#closing.removeEventListener("abort", this.#onClosing);
    this.#permit.signal?.removeEventListener("abort", this.#onAuthorityEnded);
    this.#waiting = [];
    for (const gone of [...this.#open.values()]) gone();
    this.#open.clear();
    if (!this.#onEnded.isOver) this.#onEnded.well();
  }
}

const malformed = (found: string): SoloError =>
  new SoloError("REQUEST_MALFORMED", `Cannot go on with the session: ${found}`, {
    found,
    wanted: "items of one kind each, under ids that are not in use",
    field: "items",
  });

const tooManyInFlight = (used: number): SoloError =>
  new SoloError("TOO_MANY_IN_FLIGHT", "Cannot go on with the session: too many items are without an answer", {
    found: `${used} items`,
    wanted: `at most ${sessionLimits.inFlight}`,
    quota: { subject: "session_in_flight", limit: sessionLimits.inFlight, used },
  });

const callerTooSlow = (bytes: number): SoloError =>
  new SoloError("CALLER_TOO_SLOW", "Cannot go on with the session: its client does not read the answers", {
    found: `${bytes} bytes that wait`,
    wanted: `at most ${sessionLimits.waitingBytes} bytes`,
    quota: { subject: "session_waiting_bytes", limit: sessionLimits.waitingBytes, used: bytes },
  });
