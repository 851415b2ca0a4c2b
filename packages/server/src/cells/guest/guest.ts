import { LINES_PER_SECOND, LineRate } from "../line-rate.ts";
import { RenewedMap } from "../renewed-map.ts";
import { MAX_FRAME_BYTES } from "../wire/frames.ts";
import { decodeHttpPart, encodeHttpPart, NO_HTTP } from "../wire/http-frames.ts";
import {
  type Boot,
  decodeKernelMessage,
  type Ending,
  encodeGuestMessage,
  type GuestFault,
  type GuestMessage,
  type KernelMessage,
  type Level,
  PROTOCOL_VERSION,
} from "../wire/protocol.ts";
import type { Contract } from "./bundle-reader.ts";
import type { Mismatch } from "./check-value.ts";
import { joinChunks } from "./chunks.ts";
import { describeError } from "./describe-error.ts";
import { ArgumentsRefused, decodeArguments, decodeValue, encodeValue, NotJson } from "./json.ts";
import { LoadFailed } from "./load-failed.ts";
import type { DriverCall, RunningService, ServiceAnswer, ServiceCall, ServiceRuntime } from "./run-service.ts";
import type { HttpHandler, HttpSurroundings } from "./serve-http.ts";
import { Unsaid } from "./unsaid.ts";

/** A source's default export, and what runs it. */
export interface LoadedSource {
  readonly definition: unknown;
  readonly runtime: ServiceRuntime;
  /** What the definition must have, where that was promised. */
  readonly contract?: Contract;
  /** For a service that serves HTTP. */
  readonly http?: (surroundings: HttpSurroundings) => HttpHandler;
}

/** What the guest needs of the place it runs in. */
export interface GuestHost {
  /**
   * Hands one frame to the kernel, in the order of calls; nothing is said back.
   *
   * @param when `with-others`: it may go out with all others of this turn, in one piece.
   */
  send(id: number, parts: readonly Uint8Array[], when?: "with-others"): void;
  /** @throws {LoadFailed} When it does not compile, or its top level throws. */
  load(boot: Boot, source: Uint8Array): Promise<LoadedSource>;
  /** Ends the guest once all that was sent is out. */
  exit(code: number): void;
  nowMs(): number;
  /** Whether nothing of the service is pending that time alone would bring about. */
  isAtRest(): boolean;
  /** Values as one line of a log. */
  show(values: readonly unknown[]): string;
}

/**
 * The guest's side of the conversation: takes the kernel's frames, runs one service, answers.
 *
 * Knows nothing of pipes or of the runtime, so that it runs in a cell and in a test alike.
 */
export class Guest {
  readonly #host: GuestHost;
  readonly #rate = new LineRate(LINES_PER_SECOND);
  readonly #outgoing = new RenewedMap<number, PendingCall>();
  readonly #unsaid = new Unsaid();
  #nextOutgoing = 1;
  #boot: Boot | undefined;
  #source: Uint8Array[] = [];
  #runtime: ServiceRuntime | undefined;
  #running: RunningService | undefined;
  #http: HttpHandler | undefined;
  #contract: Contract | undefined;
  readonly #answers = new Set<Promise<void>>();
  #exiting = false;

  constructor(host: GuestHost) {
    this.#host = host;
  }

  /**
   * Tells the kernel that source may come.
   *
   * @param landlock Version of Landlock in force; 0 for none.
   */
  ready(landlock: number): void {
    this.#send(0, { kind: "ready", version: PROTOCOL_VERSION, landlock });
  }

  /** Takes one frame of the kernel. Never throws and never rejects. */
  receive(id: number, payload: Uint8Array): void {
    if (this.#exiting) return;
    try {
      this.#handle(id, decodeKernelMessage(payload));
    } catch (error) {
      this.crash(error);
    }
  }

  /** Ends the guest for an error that nothing handled. */
  crash(error: unknown): void {
    const { message, stack } = describeError(error);
    const kind = this.#running === undefined ? "init" : "crash";
    this.#exit({ kind, normal: false, message, ...(stack === undefined ? {} : { detail: stack }) });
  }

  /** Ends every process of the service at once, without a word to the kernel. */
  abandon(): void {
    this.#exiting = true;
    this.#running?.abandon();
  }

  /** Sends one line to the service's log, unless the log level or the rate leaves it out. */
  log(level: Level, text: string, trace?: string): void {
    if (URGENCY[level] < URGENCY[this.#boot?.logLevel ?? "debug"]) return;
    const { admitted, droppedBefore } = this.#rate.admit(this.#host.nowMs());
    if (droppedBefore > 0) this.#send(0, { kind: "log", level: "warn", text: droppedLines(droppedBefore) });
    if (admitted) this.#send(0, { kind: "log", level, text, trace });
  }

  #handle(id: number, message: KernelMessage): void {
    switch (message.kind) {
      case "rouse":
        // To have been woken is all there is to it.
        return;
      case "ask-rest":
        if (this.#running !== undefined && this.#host.isAtRest()) this.#send(0, { kind: "resting" });
        return;
      case "boot":
        this.#boot = message.boot;
        return;
      case "source":
        this.#source.push(message.chunk);
        return;
      case "run":
        void this.#start(message.args);
        return;
      case "call":
        this.#answering(this.#answer(id, message));
        return;
      case "cast":
        void this.#cast(id, message);
        return;
      case "http":
        for (const bytes of message.part) this.#serve(id, bytes);
        return;
      case "stop":
        this.#stop();
        return;
      case "probe":
        this.#send(id, { kind: "alive" });
        void this.#running?.reached().then(() => this.#send(id, { kind: "reached" }));
        return;
      case "answer":
        this.#settle(id, (pending) => pending.resolve(decodeValue(message.bytes)));
        return;
      case "refusal":
        this.#settle(id, ({ refuse }) => refuse(message.reason, message.message));
        return;
    }
  }

  async #start(args: Uint8Array): Promise<void> {
    const boot = this.#boot;
    if (boot === undefined) return;
    try {
      const startArguments = decodeArguments(args);
      const { definition, runtime, contract, http } = await this.#host.load(boot, joinChunks(this.#source.splice(0)));
      const wrong = contract?.checkArguments("init", startArguments);
      if (wrong !== undefined) {
        return this.#exit({ kind: "arguments", normal: false, message: `init cannot be run: ${described(wrong)}` });
      }
      this.#runtime = runtime;
      const started = await runtime.runService(definition, startArguments, {
        log: (level, values, trace) => this.log(level, this.#host.show(values), trace),
        awaiting: () => this.#send(0, { kind: "awaiting" }),
        call: (message) => this.#call(message),
        cast: ({ service, method, args, trace }) =>
          this.#send(0, { kind: "send-cast", target: service, method, args: encodeValue(args), trace }),
        drivers: boot.drivers ?? {},
        driverCall: (asked) => this.#callDriver(asked),
      });
      if (started.kind === "failed") return this.#exit({ ...started.ending, normal: false });
      const running = started.service;
      if (contract !== undefined && !keeps(running, contract)) {
        running.abandon();
        const message = "The bundle is refused: its code has other calls or casts than its contract says";
        return this.#exit({ kind: "artifact", normal: false, message });
      }
      if (this.#exiting) return running.abandon();
      this.#running = running;
      this.#contract = contract;
      void running.ended.then(async (ending) => {
        // What was answered before the end goes out before it: a handler may answer and stop.
        await Promise.all(this.#answers);
        this.#exit(ending);
      });
      this.#http = http?.(this.#surroundings(running));
      this.#send(0, {
        kind: "started",
        calls: running.calls,
        casts: running.casts,
        contract: contract?.schemas ?? "",
      });
      // While the kernel writes down that it has started.
      void running.limber();
    } catch (error) {
      if (error instanceof LoadFailed) return this.#exit(error.ending);
      this.crash(error);
    }
  }

  /** What a handler of HTTP requests reaches: the log, and its own service by its calls. */
  #surroundings(running: RunningService): HttpSurroundings {
    return {
      send: (id, part) => this.#send(id, { kind: "http", part }),
      log: (text) => this.log("error", text),
      serviceIn: (trace) => ({
        call: async (method, ...args) => {
          const answer = await running.call(method, args, 0, { trace });
          if (answer.kind === "reply") return answer.value;
          throw answer.kind === "failed" ? answer.error : new Error("The service has ended");
        },
        cast: (method, ...args) => {
          running
            .cast(method, args, trace)
            .catch((error) => this.log("warn", `Dropped cast "${method}": ${describeError(error).message}`));
        },
      }),
    };
  }

  #serve(id: number, bytes: Uint8Array): void {
    this.#http?.receive(id, bytes);
    // Told once, for the head; the rest of it is for nobody.
    if (this.#http === undefined && decodeHttpPart(bytes).kind === "head") {
      this.#send(id, { kind: "http", part: encodeHttpPart({ kind: "break-off", why: NO_HTTP }) });
    }
  }

  #answering(answer: Promise<void>): void {
    this.#answers.add(answer);
    void answer.finally(() => this.#answers.delete(answer));
  }

  async #answer(id: number, message: KernelMessage & { readonly kind: "call" }): Promise<void> {
    try {
      const args = this.#arguments("calls", message);
      const { method, timeoutMs, lent: drivers, trace } = message;
      const lent = drivers === undefined ? undefined : { call: id, drivers };
      const answer = await this.#running?.call(method, args, timeoutMs, { lent, trace });
      // The end of the service answers every open call, with its cause; nothing is said twice.
      if (answer === undefined || answer.kind === "ended") return;
      if (answer.kind === "failed") return this.#send(id, { kind: "error", error: describeFailure(answer) });
      const bytes = encodeReply(answer.value);
      const wrong = this.#contract?.checkReply(method, answer.value);
      if (wrong !== undefined) {
        const error = { kind: "reply-invalid", message: described(wrong), path: wrong.path };
        return this.#send(id, { kind: "error", error });
      }
      if (bytes.length >= MAX_FRAME_BYTES) throw new ReplyTooLarge(bytes.length);
      this.#send(id, { kind: "reply", bytes });
    } catch (error) {
      this.#send(id, { kind: "error", error: describeFault(error) });
    }
  }

  async #cast(id: number, message: KernelMessage & { readonly kind: "cast" }): Promise<void> {
    try {
      await this.#running?.cast(message.method, this.#arguments("casts", message), message.trace);
    } catch (error) {
      const { message: text } = describeError(error);
      this.log("warn", `Dropped cast "${message.method}": ${text}`);
    }
    this.#send(id, { kind: "handled" });
  }

  /** @throws {ArgumentsRefused} When they are none, or not such as the contract wants. */
  #arguments(group: "calls" | "casts", message: { readonly method: string; readonly args: Uint8Array }): unknown[] {
    const args = decodeArguments(message.args);
    const wrong = this.#contract?.checkArguments({ group, method: message.method }, args);
    if (wrong === undefined) return args;
    throw new ArgumentsRefused("arguments-invalid", described(wrong), wrong.path);
  }

  #stop(): void {
    if (this.#running === undefined) this.#exit({ kind: "stop", normal: true, message: "Stopped before it started" });
    else this.#running.stop();
  }

  #call(message: ServiceCall): Promise<unknown> {
    const { service: target, method, remainingMs, args, trace, terms } = message;
    // 0 lets the kernel give it the usual time.
    const timeoutMs = remainingMs === undefined ? 0 : Math.max(1, Math.ceil(remainingMs));
    return this.#ask(
      () => ({ kind: "send-call", timeoutMs, target, method, args: encodeValue(args), trace, terms }),
      (reason, text) => this.#runtime?.refusedCall(message, reason, text) ?? new Error(text),
    );
  }

  async #callDriver({ args, ...asked }: DriverCall): Promise<unknown> {
    const answer = await this.#ask(
      () => ({ kind: "driver-call", ...asked, args: encodeValue(args) }),
      (code, text) => Object.assign(new Error(text), { code }),
    );
    if (asked.driver === "vault") this.#unsaid.add((answer as { readonly value: Uint8Array }).value);
    return answer;
  }

  #ask(ask: () => GuestMessage, refused: (reason: string, text: string) => Error): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextOutgoing;
      // May throw, which rejects; nothing is kept then.
      const parts = encodeGuestMessage(ask());
      this.#host.send(id, parts, "with-others");
      this.#nextOutgoing = id === 0xffff_ffff ? 1 : id + 1;
      this.#outgoing.set(id, { resolve, reject, refuse: (reason, text) => reject(refused(reason, text)) });
    });
  }

  #settle(id: number, settle: (pending: PendingCall) => void): void {
    const pending = this.#outgoing.get(id);
    if (pending === undefined) return;
    this.#outgoing.delete(id);
    try {
      settle(pending);
    } catch (error) {
      pending.reject(error);
    }
  }

  #exit(ending: Ending): void {
    if (this.#exiting) return;
    this.#exiting = true;
    if (this.#rate.dropped > 0) {
      this.#send(0, { kind: "log", level: "warn", text: droppedLines(this.#rate.dropped) });
    }
    this.#send(0, { kind: "exiting", ending });
    this.#host.exit(ending.normal ? 0 : 1);
  }

  #send(id: number, message: Parameters<typeof encodeGuestMessage>[0]): void {
    this.#host.send(id, encodeGuestMessage(this.#unsaid.cutOut(message)));
  }
}

function described({ path, found, wanted }: Mismatch): string {
  return `${path} is ${found}; wanted is ${wanted}`;
}

function keeps(running: RunningService, contract: Contract): boolean {
  return running.calls.join() === contract.calls.join() && running.casts.join() === contract.casts.join();
}

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  refuse(reason: string, message: string): void;
}

const URGENCY: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

function droppedLines(count: number): string {
  return `Dropped ${count} log lines: more than ${LINES_PER_SECOND} in a second`;
}

/** The value may be an object that throws when it is looked at, which is no fault of its handler. */
function encodeReply(value: unknown): Uint8Array {
  try {
    return encodeValue(value);
  } catch (error) {
    throw error instanceof NotJson ? error : new NotJson("$", "something that cannot be read");
  }
}

class ReplyTooLarge extends Error {
  constructor(found: number) {
    super(`The reply has ${found} bytes, fewer than ${MAX_FRAME_BYTES} can be sent`);
  }
}

function describeFault(error: unknown): GuestFault {
  if (error instanceof ArgumentsRefused) {
    const { kind, message, path } = error;
    return { kind, message, ...(path === undefined ? {} : { path }) };
  }
  if (error instanceof NotJson) {
    return { kind: "reply-not-json", message: `Cannot send reply: ${error.path} is ${error.found}`, path: error.path };
  }
  if (error instanceof ReplyTooLarge) return { kind: "reply-too-large", message: error.message };
  return describeHandlerError(error);
}

function describeFailure({ fault, error }: ServiceAnswer & { readonly kind: "failed" }): GuestFault {
  switch (fault) {
    case "unknown-method":
      return { kind: fault, message: error instanceof Error ? error.message : String(error) };
    case "timeout":
      return { kind: fault, message: "No answer in time" };
    case "handler-failed":
      return describeHandlerError(error);
  }
}

function describeHandlerError(error: unknown): GuestFault {
  const { message, stack } = describeError(error);
  return { kind: "handler-failed", message, ...(stack === undefined ? {} : { detail: stack }) };
}
