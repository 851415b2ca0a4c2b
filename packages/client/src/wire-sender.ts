import { randomUUID } from "node:crypto";
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  CertificateServiceService,
  MessagingServiceService,
  type SessionRequest,
  type SessionResponse,
  Status,
} from "@solo/proto";
import { errorOf } from "./error-of.ts";
import { readStatus, type SoloError } from "./errors.ts";
import { Renewal } from "./renewal.ts";
import type { CallOptions, Message, Sender } from "./service.ts";
import { type Ending, type SendOptions, Session, type SessionEnd } from "./session.ts";
import { decodeReply, encodeArguments } from "./values.ts";

export interface Door {
  readonly address: string;
  readonly certificateChain: Buffer | string;
  readonly privateKey: Buffer | string;
  readonly root: Buffer | string;
  /** Token that decides what may be done. */
  readonly capability?: string;
}

const defaultTimeoutMs = 30_000;
/** Between two tries of what was not delivered, where the server names no time. */
const pauseMs = 100;
/** A server that cannot be reached is tried this long: as long as one that is being restarted takes. */
const unreachableMs = 5_000;
/** For calls that are out when the client closes. */
const closeMs = 5_000;

/** Sends over one session that is opened anew whenever it was lost, and repeats only what was not delivered. */
export class WireSender implements Sender {
  readonly #renewal: Renewal;
  #door: Door;
  #client: Client | undefined;
  #session: Session | undefined;
  /** The server has no sessions. */
  #withoutSessions = false;
  #closed = false;

  /** @param onRenewed Given each certificate that takes the place of the door's. */
  constructor(door: Door, onRenewed: (certificateChain: string) => void) {
    this.#door = door;
    this.#renewal = new Renewal(door.certificateChain, {
      renew: () => renew(this.#door),
      onRenewed: (certificateChain) => {
        this.#enterAgain({ ...this.#door, certificateChain });
        onRenewed(certificateChain);
      },
    });
  }

  async call(message: Message, options: CallOptions): Promise<unknown> {
    return decodeReply(await this.#send("call", message, options));
  }

  async cast(message: Message, options: CallOptions): Promise<void> {
    await this.#send("cast", message, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#renewal.close();
    await this.#session?.close(closeMs);
    this.#client?.close();
  }

  /** What is out comes back over the connection it went by. */
  #enterAgain(door: Door): void {
    const [client, session] = [this.#client, this.#session];
    this.#door = door;
    this.#client = undefined;
    this.#session = undefined;
    void Promise.resolve(session?.close(closeMs)).finally(() => client?.close());
  }

  async #send(kind: "call" | "cast", message: Message, options: CallOptions): Promise<Uint8Array> {
    const { timeoutMs = defaultTimeoutMs, signal, traceparent } = options;
    const { tenant, serviceId, method } = message;
    const request = {
      tenant,
      serviceId,
      method,
      arguments: encodeArguments(message.args),
      lend: [...(options.lend ?? [])],
    };
    const startedMs = performance.now();
    for (;;) {
      const leftMs = timeoutMs - (performance.now() - startedMs);
      try {
        return await this.#once(kind, request, { timeoutMs: Math.max(1, Math.ceil(leftMs)), signal, traceparent });
      } catch (error) {
        const elapsedMs = performance.now() - startedMs;
        const waitMs = repeatAfter(error, { elapsedMs, idempotent: options.idempotent === true });
        if (waitMs === undefined || elapsedMs + waitMs >= timeoutMs || this.#closed) throw error;
        await pause(waitMs, signal);
      }
    }
  }

  #once(
    kind: "call" | "cast",
    request: {
      readonly tenant: string;
      readonly serviceId: string;
      readonly method: string;
      readonly arguments: Buffer;
      readonly lend: string[];
    },
    options: SendOptions,
  ): Promise<Uint8Array> {
    if (this.#closed) return Promise.reject(new Error("Cannot send: the client is closed"));
    this.#client ??= new Client(this.#door.address, credentialsOf(this.#door), channelOptions());
    if (this.#withoutSessions) return sendAlone(this.#client, kind, request, options, metadataOf(this.#door));
    this.#session ??= this.#open(this.#client);
    return this.#session.send({ $case: kind, value: request }, options);
  }

  #open(client: Client): Session {
    const { path, requestSerialize, responseDeserialize } = MessagingServiceService.session;
    const stream: ClientDuplexStream<SessionRequest, SessionResponse> = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadataOf(this.#door),
      {},
    );
    const session: Session = new Session(stream, {
      onEnd: (end) => {
        if (this.#session === session) this.#session = undefined;
        if (end.greeted || end.error?.code !== status.UNIMPLEMENTED) return endingOf(end);
        this.#withoutSessions = true;
        return { unsent: unreachable("this server has no sessions"), unanswered: unreachable("") };
      },
      refused: (told) => {
        const { reason, message, facts } = readStatus(told) ?? { reason: "INTERNAL", message: told.message, facts: {} };
        return errorOf(reason, message, facts);
      },
      timedOut: ({ serviceId, method }, timeoutMs) =>
        errorOf("CALL_TIMED_OUT", `Cannot wait longer for "${serviceId}" to answer "${method}"`, {
          found: `no answer within ${timeoutMs} ms`,
        }),
    });
    return session;
  }
}

/** Milliseconds after which the same may be sent again; undefined when it may not. */
function repeatAfter(
  error: unknown,
  { elapsedMs, idempotent }: { readonly elapsedMs: number; readonly idempotent: boolean },
): number | undefined {
  const { reason, retryAfterMs, metadata } = error as Partial<SoloError>;
  switch (reason) {
    case "SERVER_UNREACHABLE":
      return elapsedMs < unreachableMs ? pauseMs : undefined;
    case "SERVER_STOPPING":
    case "MAILBOX_FULL":
      return Math.min(retryAfterMs ?? pauseMs, 1_000);
    case "OUTCOME_UNKNOWN":
    case "SERVICE_DIED":
      return idempotent ? pauseMs : undefined;
    default:
      return metadata?.delivered === "false" ? pauseMs : undefined;
  }
}

/** What becomes of messages when their session has ended: a message that was not written was not delivered. */
function endingOf({ error }: SessionEnd): Ending {
  const told = error === undefined ? undefined : readTrailer(error);
  const unknown = errorOf("OUTCOME_UNKNOWN", "The connection ended before the answer was there", {
    found: told?.message ?? error?.details ?? "a session that the server ended",
  });
  if (told === undefined || told.reason === "SERVER_STOPPING") {
    return { unsent: told ?? unreachable(error?.details ?? ""), unanswered: unknown };
  }
  // Refused as a whole, such as without a valid certificate.
  return { unsent: told, unanswered: told };
}

const unreachable = (found: string): SoloError => errorOf("SERVER_UNREACHABLE", "Cannot reach the server", { found });

function readTrailer(error: ServiceError): SoloError | undefined {
  const bytes = error.metadata?.get("grpc-status-details-bin")[0];
  const told = bytes instanceof Uint8Array ? readStatus(Status.decode(bytes)) : undefined;
  return told === undefined ? undefined : errorOf(told.reason, told.message, told.facts, { cause: error });
}

/** A fresh certificate for the key of a door. */
function renew(door: Door): Promise<string> {
  const client = new Client(door.address, credentialsOf(door), channelOptions());
  const { path, requestSerialize, responseDeserialize } = CertificateServiceService.renew;
  return new Promise<string>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { requestId: randomUUID(), validateOnly: false },
      new Metadata(),
      { deadline: Date.now() + defaultTimeoutMs },
      (error, response) =>
        error === null && response !== undefined ? resolve(response.certificateChainPem) : reject(error),
    );
  }).finally(() => client.close());
}

function sendAlone(
  client: Client,
  kind: "call" | "cast",
  request: {
    readonly tenant: string;
    readonly serviceId: string;
    readonly method: string;
    readonly arguments: Buffer;
    readonly lend: string[];
  },
  { timeoutMs, signal, traceparent }: SendOptions,
  metadata: Metadata,
): Promise<Uint8Array> {
  if (traceparent !== undefined) metadata.set("traceparent", traceparent);
  return new Promise((resolve, reject) => {
    const answered = (error: ServiceError | null, reply?: Uint8Array): void => {
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted === true) reject(signal.reason);
      else if (error === null) resolve(reply ?? new Uint8Array(0));
      else reject(readTrailer(error) ?? failureAlone(error, request, timeoutMs));
    };
    const options = { deadline: Date.now() + timeoutMs };
    const { call, cast } = MessagingServiceService;
    const sent =
      kind === "call"
        ? client.makeUnaryRequest(
            call.path,
            call.requestSerialize,
            call.responseDeserialize,
            request,
            metadata,
            options,
            (error, response) => answered(error, response?.reply),
          )
        : client.makeUnaryRequest(
            cast.path,
            cast.requestSerialize,
            cast.responseDeserialize,
            request,
            metadata,
            options,
            (error) => answered(error),
          );
    const abort = (): void => sent.cancel();
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
  });
}

/** What the library says by itself of a call that was sent alone. */
function failureAlone(
  error: ServiceError,
  { serviceId, method }: { readonly serviceId: string; readonly method: string },
  timeoutMs: number,
): SoloError {
  if (error.code === status.DEADLINE_EXCEEDED) {
    const message = `Cannot wait longer for "${serviceId}" to answer "${method}"`;
    return errorOf("CALL_TIMED_OUT", message, { found: `no answer within ${timeoutMs} ms` }, { cause: error });
  }
  return errorOf(
    "OUTCOME_UNKNOWN",
    "The connection ended before the answer was there",
    { found: error.details },
    { cause: error },
  );
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
  });
}

/** Names the capability that decides, where it is not the key's own. */
function metadataOf({ capability }: Door): Metadata {
  const metadata = new Metadata();
  if (capability !== undefined) metadata.set("solo-capability", capability);
  return metadata;
}

const credentialsOf = ({ root, privateKey, certificateChain }: Door) =>
  credentials.createSsl(Buffer.from(root), Buffer.from(privateKey), Buffer.from(certificateChain));

function channelOptions() {
  return {
    // A root issues to its own server alone, whose certificate is made out to localhost whatever its address is.
    "grpc.ssl_target_name_override": "localhost",
    // Nothing behind our back: what may be sent again is decided above.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.max_receive_message_length": 16 * 2 ** 20,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
  };
}
