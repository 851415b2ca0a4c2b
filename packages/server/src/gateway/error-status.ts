import { status as grpcStatus, Metadata, type StatusObject } from "@grpc/grpc-js";
import { type Any, BadRequest, ErrorInfo, FixHint, QuotaFailure, RetryInfo, Status } from "@solo/proto";
import { catalogue, SoloError } from "../errors.ts";
import {
  ArtifactCorrupt,
  ArtifactMissing,
  StorageConflict,
  StorageFull,
  StorageOverloaded,
  StorageTooLarge,
  StorageUnavailable,
} from "../storage/errors.ts";

/** The domain in every `google.rpc.ErrorInfo` of ours. */
export const errorDomain = "solo.dev";

/** Trailer that carries a serialised `google.rpc.Status`. */
const detailsKey = "grpc-status-details-bin";

/**
 * Turns whatever a use case threw into an error of the catalogue. The one funnel: what it does not know becomes `INTERNAL`,
 * whose cause stays in the log.
 */
export function toSoloError(thrown: unknown, correlationId: string): SoloError {
  if (thrown instanceof SoloError) return thrown;
  const options = { cause: thrown };
  if (thrown instanceof StorageFull) {
    return new SoloError(
      "DISK_FULL",
      "Cannot keep the change: the disk of the data folder is full",
      { found: "no space left", wanted: "room for the change and its event" },
      options,
    );
  }
  if (thrown instanceof StorageOverloaded) {
    return new SoloError(
      "STORAGE_OVERLOADED",
      "Cannot keep the change: too many changes wait for the disk",
      { found: thrown.message, wanted: "a queue with room", retryAfterMs: 100 },
      options,
    );
  }
  if (thrown instanceof StorageTooLarge) {
    return new SoloError(
      "REQUEST_TOO_LARGE",
      `Cannot keep the change: ${thrown.message}`,
      { found: thrown.message, wanted: "less in one request" },
      options,
    );
  }
  if (thrown instanceof StorageConflict) {
    return new SoloError(
      "SERVICE_BUSY",
      "Cannot make the change: another one came first",
      { found: "a newer state", wanted: "the state that the request was made for" },
      options,
    );
  }
  if (thrown instanceof StorageUnavailable) {
    return new SoloError(
      "STORAGE_UNAVAILABLE",
      "Cannot say whether the change was kept: the store did not answer",
      { found: "a store that is closed or broken", wanted: "a store that answers" },
      options,
    );
  }
  const what =
    thrown instanceof ArtifactMissing || thrown instanceof ArtifactCorrupt
      ? "Cannot read the deployed source: it is missing or damaged on disk"
      : "Cannot finish the request: the server made a mistake";
  return new SoloError(
    "INTERNAL",
    what,
    { found: "an unexpected error", wanted: "none", metadata: { correlation_id: correlationId } },
    options,
  );
}

/**
 * Characters of one text in a status. It travels in trailers, several times; clients take 8 to 16 KB of them, and one that is
 * sent more sees a broken connection in place of the error. Texts may hold what a guest said.
 */
const longestText = 1_000;

/** Characters of a guest's stack, the one longer text. */
const longestDetail = 4_096;

const cut = (text: string, most = longestText): string =>
  text.length <= most ? text : `${text.slice(0, most - 3)}...`.toWellFormed();

/** The status that goes over the wire, with `ErrorInfo` and `FixHint` always, others as they fit. */
export function toStatus(error: SoloError): StatusObject {
  const entry = catalogue[error.code];
  const code = grpcStatus[entry.status];
  const { facts } = error;
  const message = cut(error.message);
  const metadataOfError = Object.entries(facts.metadata ?? {}).map(([key, value]) => [
    key,
    cut(value, key === "detail" ? longestDetail : longestText),
  ]);
  const details = [
    pack("google.rpc.ErrorInfo", ErrorInfo, {
      reason: error.code,
      domain: errorDomain,
      metadata: Object.fromEntries(metadataOfError),
    }),
    pack("solo.v1.FixHint", FixHint, {
      found: cut(facts.found),
      wanted: cut(facts.wanted),
      fix: facts.fix ?? entry.fix,
      command: facts.command ?? ("command" in entry ? entry.command : ""),
      file: facts.location?.file ?? "",
      line: facts.location?.line ?? 0,
      column: facts.location?.column ?? 0,
    }),
  ];
  if (facts.field !== undefined) {
    details.push(
      pack("google.rpc.BadRequest", BadRequest, {
        fieldViolations: [
          { field: cut(facts.field), description: message, reason: error.code, localizedMessage: undefined },
        ],
      }),
    );
  }
  if (facts.quota !== undefined) {
    const { subject, limit, used } = facts.quota;
    details.push(
      pack(
        "google.rpc.QuotaFailure",
        QuotaFailure,
        QuotaFailure.fromPartial({
          violations: [{ subject, description: `limit ${limit}, used ${used}`, quotaValue: BigInt(limit) }],
        }),
      ),
    );
  }
  if (facts.retryAfterMs !== undefined) {
    const seconds = Math.floor(facts.retryAfterMs / 1000);
    const nanos = (facts.retryAfterMs % 1000) * 1_000_000;
    details.push(pack("google.rpc.RetryInfo", RetryInfo, { retryDelay: { seconds: BigInt(seconds), nanos } }));
  }
  const metadata = new Metadata();
  metadata.set(detailsKey, Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}

interface Encoder<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

const pack = <Message>(typeName: string, type: Encoder<Message>, message: Message): Any => ({
  typeUrl: `type.googleapis.com/${typeName}`,
  value: Buffer.from(type.encode(message).finish()),
});
