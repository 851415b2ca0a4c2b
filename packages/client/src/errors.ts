import type { AnyReason } from "@solo/catalogue";
import { BadRequest, ErrorInfo, FixHint, RetryInfo, type Status } from "@solo/proto";

/** What is known about an error beyond its reason. */
export interface ErrorFacts {
  readonly found?: string | undefined;
  readonly wanted?: string | undefined;
  /** How to get what was wanted, in one sentence. */
  readonly fix?: string | undefined;
  readonly command?: string | undefined;
  /** Name of the request's field at fault, in proto spelling. */
  readonly field?: string | undefined;
  /** Trying again after this time makes sense. */
  readonly retryAfterMs?: number | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Every error of a call. Each reason of the catalogue has a class of its own in `errors`. */
export class SoloError extends Error {
  /** Never changes; a newer server may have one that is not in the type. */
  readonly reason: AnyReason;
  readonly found: string | undefined;
  readonly wanted: string | undefined;
  readonly fix: string | undefined;
  readonly command: string | undefined;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;

  constructor(reason: AnyReason, message: string, facts: ErrorFacts = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.reason = reason;
    this.found = facts.found;
    this.wanted = facts.wanted;
    this.fix = facts.fix;
    this.command = facts.command;
    this.field = facts.field;
    this.retryAfterMs = facts.retryAfterMs;
    this.metadata = facts.metadata ?? {};
  }
}

/** Reason, sentence and facts of a status with the details of a solo-server; undefined for anybody else's. */
export function readStatus({
  message,
  details,
}: Status): { readonly reason: string; readonly message: string; readonly facts: ErrorFacts } | undefined {
  const find = <T>(type: string, codec: { decode(bytes: Uint8Array): T }): T | undefined => {
    const packed = details.find(({ typeUrl }) => typeUrl.endsWith(`/${type}`));
    return packed === undefined ? undefined : codec.decode(packed.value);
  };
  const info = find("google.rpc.ErrorInfo", ErrorInfo);
  if (info === undefined || info.domain !== "solo.dev") return undefined;
  const hint = find("solo.v1.FixHint", FixHint);
  const delay = find("google.rpc.RetryInfo", RetryInfo)?.retryDelay;
  return {
    reason: info.reason,
    message,
    facts: {
      found: hint?.found,
      wanted: hint?.wanted,
      fix: hint?.fix,
      command: hint?.command || undefined,
      field: find("google.rpc.BadRequest", BadRequest)?.fieldViolations[0]?.field,
      retryAfterMs: delay === undefined ? undefined : Number(delay.seconds) * 1_000 + Math.round(delay.nanos / 1e6),
      metadata: info.metadata,
    },
  };
}
