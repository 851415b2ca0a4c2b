import { type ServiceError, status } from "@grpc/grpc-js";
import type { AnyReason } from "@solo/catalogue/errors";
import { formatDuration } from "@solo/notation";
import { type Any, BadRequest, ErrorInfo, FixHint, RetryInfo, Status } from "@solo/proto";
import type { FailureCode } from "./exit-code.ts";
import { Failure, type KnownFacts } from "./failure.ts";

/** Makes of an RPC's status what the command tells: from the server's rich details, or from what gRPC itself found out. */
export function failureFromStatus(
  error: ServiceError,
  context: { readonly address: string; readonly timeoutMs: number | undefined },
): Failure {
  const code = codeNames[error.code] ?? "unknown";
  const details = richDetails(error);
  if (details !== undefined)
    return new Failure(details.message || error.details, { code, ...details.facts }, { cause: error });
  return withoutDetails(error, code, context);
}

const codeNames: Readonly<Record<number, FailureCode>> = Object.fromEntries(
  Object.entries(status)
    .filter((entry): entry is [string, status] => typeof entry[1] === "number" && entry[0] !== "OK")
    .map(([name, number]) => [number, name.toLowerCase() as FailureCode]),
);

type RichFacts = Omit<KnownFacts, "code">;

/** What travels in the trailer `grpc-status-details-bin`; undefined when there is none of ours in it. */
function richDetails(error: ServiceError): { readonly message: string; readonly facts: RichFacts } | undefined {
  const bytes = error.metadata?.get("grpc-status-details-bin")[0];
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    const { message, details } = Status.decode(bytes);
    const info = unpack(details, "google.rpc.ErrorInfo", ErrorInfo);
    if (info === undefined || info.domain !== "solo.dev") return undefined;
    const hint = unpack(details, "solo.v1.FixHint", FixHint);
    const delay = unpack(details, "google.rpc.RetryInfo", RetryInfo)?.retryDelay;
    const metadata = Object.fromEntries(info.metadata instanceof Map ? info.metadata : Object.entries(info.metadata));
    return {
      message,
      facts: {
        // A newer server may say one that is not in this catalogue: it is shown as it is.
        reason: info.reason as AnyReason,
        found: hint?.found || "nothing more is known",
        wanted: hint?.wanted || undefined,
        fix: hint?.fix || undefined,
        command: hint?.command || undefined,
        location: hint?.file ? { file: hint.file, line: hint.line, column: hint.column } : undefined,
        field: unpack(details, "google.rpc.BadRequest", BadRequest)?.fieldViolations[0]?.field || undefined,
        retryAfterMs: delay === undefined ? undefined : Number(delay.seconds) * 1_000 + Math.round(delay.nanos / 1e6),
        metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
      },
    };
  } catch {
    // Details that cannot be read must not hide the error they belong to.
    return undefined;
  }
}

function unpack<T>(details: readonly Any[], type: string, codec: { decode(bytes: Uint8Array): T }): T | undefined {
  const packed = details.find(({ typeUrl }) => typeUrl.slice(typeUrl.lastIndexOf("/") + 1) === type);
  return packed === undefined ? undefined : codec.decode(packed.value);
}

/** The request did not reach a server of ours, or its answer not us. */
function withoutDetails(
  error: ServiceError,
  code: FailureCode,
  { address, timeoutMs }: { readonly address: string; readonly timeoutMs: number | undefined },
): Failure {
  const said = error.details;
  const fail = (message: string, facts: Omit<KnownFacts, "code">) =>
    new Failure(message, { code, ...facts }, { cause: error });
  if (code === "deadline_exceeded") {
    return fail(`No answer from ${address}${timeoutMs === undefined ? "" : ` within ${formatDuration(timeoutMs)}`}`, {
      reason: "NO_ANSWER_IN_TIME",
      found: "the time was used up",
      wanted: "an answer in time",
      fix: "Whether the request had its effect is unknown: look before repeating it; allow more with --timeout",
    });
  }
  if (code === "unavailable" && /certificate|self-signed|Hostname\/IP|altnames|unable to verify|issuer/i.test(said)) {
    return fail(`The server at ${address} is not the one that this profile knows`, {
      reason: "SERVER_NOT_TRUSTED",
      found: said,
      wanted: "a server whose certificate the profile's root.pem has issued",
      fix: "Use the profile folder of the server that runs there now, usually DATA_FOLDER/profiles/admin",
    });
  }
  if (code === "unavailable") {
    const refused = /ECONNREFUSED/.test(said);
    return fail(`Cannot reach the server at ${address}`, {
      reason: "SERVER_UNREACHABLE",
      found: refused ? "nothing listens there" : said,
      wanted: "a running solo-server",
      fix: "Start the server, or name another with --address or --profile",
      command: "npx solo-server",
    });
  }
  if (code === "cancelled") {
    return fail("Interrupted before there was an answer", { reason: "INTERRUPTED", found: "a request given up" });
  }
  return fail(said || `The server answered with ${code} and no more`, {
    reason: "SERVER_UNKNOWN",
    found: "an error without SOLO's details, so most likely not from a solo-server of this version",
    fix: `Check that ${address} is a solo-server, and that its version and that of this command agree`,
  });
}
