import { status as grpcStatus, Metadata, type StatusObject } from "@grpc/grpc-js";
import { type Any, BadRequest, ErrorInfo, FixHint, QuotaFailure, RetryInfo, Status } from "@solo/proto";
import { catalogue, type SoloError } from "../errors.ts";

/** The domain in every `google.rpc.ErrorInfo` of ours. */
export const errorDomain = "solo.dev";

/** Trailer that carries a serialised `google.rpc.Status`. */
const detailsKey = "grpc-status-details-bin";

/**
 * Characters of one text in a status. It travels in trailers, several times; clients take 8 to 16 KB of them, and one that is
 * sent more sees a broken connection in place of the error. Texts may hold what a guest said.
 */
const longestText = 1_000;

/** Characters of a guest's stack, the one longer text. */
const longestDetail = 4_096;

const cut = (text: string, most = longestText): string =>
  text.length <= most ? text : `${text.slice(0, most - 3)}...`.toWellFormed();

/** The status as it ends a call. */
export function toStatus(error: SoloError): StatusObject {
  const status = toRpcStatus(error);
  const metadata = new Metadata();
  metadata.set(detailsKey, Buffer.from(Status.encode(status).finish()));
  return { code: status.code, details: status.message, metadata };
}

/** The status that goes over the wire, with `ErrorInfo` and `FixHint` always, others as they fit. */
export function toRpcStatus(error: SoloError): Status {
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
    const { subject, limit, used, more = facts.fix ?? entry.fix } = facts.quota;
    details.push(
      pack(
        "google.rpc.QuotaFailure",
        QuotaFailure,
        QuotaFailure.fromPartial({
          violations: [
            {
              subject,
              description: cut(`limit ${limit}, used ${used}. For more: ${more}`),
              quotaMetric: subject,
              quotaDimensions: { used: String(used), allowed: String(limit) },
              quotaValue: BigInt(Math.ceil(limit)),
            },
          ],
        }),
      ),
    );
  }
  if (facts.retryAfterMs !== undefined) {
    const seconds = Math.floor(facts.retryAfterMs / 1000);
    const nanos = (facts.retryAfterMs % 1000) * 1_000_000;
    details.push(pack("google.rpc.RetryInfo", RetryInfo, { retryDelay: { seconds: BigInt(seconds), nanos } }));
  }
  return { code, message, details };
}

interface Encoder<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

const pack = <Message>(typeName: string, type: Encoder<Message>, message: Message): Any => ({
  typeUrl: `type.googleapis.com/${typeName}`,
  value: Buffer.from(type.encode(message).finish()),
});
