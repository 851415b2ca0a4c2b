import type {
  CallRequest,
  CallResponse,
  CastRequest,
  CastResponse,
  DeployRequest,
  DeployResponse,
  KillRequest,
  KillResponse,
  ListEventsRequest,
  ListEventsResponse,
  ListRequest,
  ListResponse,
  LogsRequest,
  LogsResponse,
  RestartRequest,
  RestartResponse,
  StatusRequest,
  StatusResponse,
} from "@solo/proto";

export interface AskOptions {
  /** Milliseconds until the answer is given up. */
  readonly timeoutMs: number;
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

type Ask<Request, Response> = (request: Request, options: AskOptions) => Promise<Response>;

/** A server as the holder of one identity reaches it: what a tool may do is what this may do, and never more. */
export interface Solo {
  /** Acted in; empty for the identity's own. */
  readonly tenant: string;
  readonly deploy: Ask<DeployRequest, DeployResponse>;
  readonly status: Ask<StatusRequest, StatusResponse>;
  readonly kill: Ask<KillRequest, KillResponse>;
  readonly restart: Ask<RestartRequest, RestartResponse>;
  readonly list: Ask<ListRequest, ListResponse>;
  readonly call: Ask<CallRequest, CallResponse>;
  readonly cast: Ask<CastRequest, CastResponse>;
  readonly listEvents: Ask<ListEventsRequest, ListEventsResponse>;
  /** Lines that are kept, oldest first; ends with the last. */
  logs(request: LogsRequest, options: AskOptions): AsyncIterable<LogsResponse>;
  /** What these throw, as facts. A bug has a reason, too. */
  factsOf(thrown: unknown): ErrorFacts;
}

/** One error as it is known on whatever side the tools run. */
export interface ErrorFacts {
  /** Such as `SERVICE_NOT_FOUND`. */
  readonly reason: string;
  readonly message: string;
  readonly found: string;
  readonly wanted: string;
  readonly fix: string;
  readonly command?: string | undefined;
  readonly field?: string | undefined;
  /** A place in the source, counted from 1. */
  readonly location?: { readonly file: string; readonly line: number; readonly column: number } | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}
