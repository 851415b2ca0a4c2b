import type { FastifyError } from "fastify";
import { catalogue, type Reason, SoloError, type StatusName } from "../../errors.ts";
import { toSoloError } from "../../storage/to-solo-error.ts";

/** An error as HTTP tells it: RFC 9457, with the same reason, fix and facts as over gRPC. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export const problemType = "application/problem+json";

const httpStatus: Readonly<Record<StatusName, number>> = {
  INVALID_ARGUMENT: 400,
  OUT_OF_RANGE: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** Sizes have a status of their own; sending again later does not help. */
const tooLarge: ReadonlySet<Reason> = new Set([
  "REQUEST_TOO_LARGE",
  "MESSAGE_TOO_LARGE",
  "SOURCE_TOO_LARGE",
] satisfies Reason[]);

/** What a service did wrong behind this server. */
const badGateway: ReadonlySet<Reason> = new Set([
  "FETCH_FAILED",
  "SERVICE_DIED",
  "REPLY_NOT_JSON",
  "REPLY_INVALID",
] satisfies Reason[]);

function statusOf(code: Reason): number {
  if (tooLarge.has(code)) return 413;
  return badGateway.has(code) ? 502 : httpStatus[catalogue[code].status];
}

export function toProblem(error: SoloError): Problem {
  const entry = catalogue[error.code];
  const status = statusOf(error.code);
  const { found, wanted, fix, command, field, location, quota, retryAfterMs, metadata } = error.facts;
  const ownCommand = "command" in entry ? entry.command : undefined;
  return {
    status,
    headers: retryAfterMs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) },
    // Absent facts fall out of the JSON.
    body: {
      type: `/v1/help?topic=${error.code}`,
      title: entry.meaning,
      status,
      detail: error.message,
      reason: error.code,
      found,
      wanted,
      fix: fix ?? entry.fix,
      command: command ?? ownCommand,
      field,
      location,
      quota,
      retryAfterMs,
      metadata,
    },
  };
}

/** What the framework refuses by itself, told as our own errors are. */
export function problemOf(thrown: unknown, correlationId: string): Problem {
  const { code, statusCode, message } = thrown as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return toProblem(
      new SoloError("REQUEST_TOO_LARGE", "Cannot take the request: its body is too large", {
        found: "a larger body than this path takes",
        wanted: "a smaller request",
      }),
    );
  }
  if (!(thrown instanceof SoloError) && statusCode !== undefined && statusCode < 500) {
    return toProblem(malformed(message ?? "a request that cannot be read"));
  }
  return toProblem(toSoloError(thrown, correlationId));
}

export const malformed = (found: string, field?: string): SoloError =>
  new SoloError("REQUEST_MALFORMED", `Cannot read the request: ${found}`, {
    found,
    wanted: "a request as /v1/openapi.json describes it",
    ...(field === undefined ? {} : { field }),
  });
