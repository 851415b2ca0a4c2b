import { type Client, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type Asked, Session } from "@solo/client/session";
import { MessagingServiceService, Status } from "@solo/proto";

/** Calls and casts of one command, over one stream. */
export interface MessageSession {
  /** Its stream is over, and what is sent next needs another. */
  readonly ended: boolean;
  /**
   * Sends once. Resolves with the reply's bytes, none for a cast; with `undefined` where the server has no sessions, or none for
   * this caller, and then nothing was sent.
   *
   * @throws {ServiceError} As for a method that answers once.
   */
  send(
    message: Asked,
    options: { readonly timeoutMs: number; readonly end: AbortSignal },
  ): Promise<Uint8Array | undefined>;
  /** Nobody waits for an answer any more. */
  close(): void;
}

/** @param client Stays the caller's. */
export function openMessageSession(client: Client, metadata: Metadata): MessageSession {
  const { path, requestSerialize, responseDeserialize } = MessagingServiceService.session;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, {});
  let state: "open" | "ended" | "without sessions" = "open";
  const session = new Session(stream, {
    onEnd: ({ greeted, error }) => {
      const isMissing = !greeted && (error?.code === status.UNIMPLEMENTED || error?.code === status.PERMISSION_DENIED);
      state = isMissing ? "without sessions" : "ended";
      if (isMissing) return { unsent: noSessions, unanswered: noSessions };
      const ended = error ?? failed(status.UNAVAILABLE, "the server ended the session");
      return { unsent: ended, unanswered: ended };
    },
    refused: (told) => {
      const details = new Metadata();
      details.set("grpc-status-details-bin", Buffer.from(Status.encode(told).finish()));
      return failed(told.code, told.message, details);
    },
    timedOut: () => failed(status.DEADLINE_EXCEEDED, "no answer in time"),
  });
  return {
    get ended() {
      return state === "ended";
    },
    async send(message, { timeoutMs, end }) {
      if (state === "without sessions") return undefined;
      try {
        return await session.send(message, { timeoutMs, signal: end, traceparent: undefined });
      } catch (error) {
        if (error === noSessions) return undefined;
        throw end.aborted ? failed(status.CANCELLED, "interrupted") : error;
      }
    },
    close: () => {
      stream.end();
      stream.cancel();
    },
  };
}

const noSessions = new Error("The server has no sessions");

const failed = (code: status, details: string, metadata = new Metadata()): ServiceError =>
  Object.assign(new Error(details), { code, details, metadata });
