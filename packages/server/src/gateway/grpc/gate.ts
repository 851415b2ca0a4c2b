import { constants as http2, type ServerHttp2Stream } from "node:http2";
import { status as grpcStatus, Metadata, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { MessagingServiceService } from "@solo/proto";
import { nanoid } from "nanoid";
import type { Caller } from "../../authority/caller.ts";
import type { Denials } from "../../authority/denials.ts";
import { kernelTenant } from "../../authority/names.ts";
import { openMethods } from "../../authority/rules.ts";
import { catalogue, type Reason, SoloError } from "../../errors.ts";
import type { PeerRefusal, PeerVerdict } from "../../identity/index.ts";
import { traceIdOf } from "../../observability/traceparent.ts";
import { toStatus } from "../error-status.ts";
import type { InFlight } from "../in-flight.ts";
import type { RequestBytes } from "../request-bytes.ts";
import { serverStopping } from "./server-stopping.ts";

const reasons: Readonly<Record<PeerRefusal, Reason>> = {
  "certificate-missing": "CERTIFICATE_MISSING",
  "certificate-untrusted": "CERTIFICATE_UNTRUSTED",
  "certificate-expired": "CERTIFICATE_EXPIRED",
  "certificate-revoked": "CERTIFICATE_REVOKED",
  "certificate-not-yet-valid": "CERTIFICATE_NOT_YET_VALID",
  "certificate-purpose": "CERTIFICATE_PURPOSE",
  "identity-malformed": "IDENTITY_MALFORMED",
  "tenant-mismatch": "TENANT_MISMATCH",
  "role-not-allowed": "IDENTITY_MALFORMED",
  "connection-closed": "CERTIFICATE_MISSING",
};

/** Paths of methods that are answered without a certificate. */
const openPaths: ReadonlySet<string> = new Set(openMethods.map((name) => `/solo.v1.${name}`));

const publicPrefix = "/grpc.health.v1.Health/";

export interface GateOptions {
  readonly verdictOf: (peer: string) => PeerVerdict;
  readonly denials: Denials;
  /** Told of a call of a valid caller as soon as its head is there, before its message is read. */
  readonly onHead: (path: string) => void;
  /** The server is going away: nothing new is begun. */
  readonly isStopping: () => boolean;
  readonly inFlight: InFlight;
  readonly requestBytes: RequestBytes;
}

/**
 * Who a connection belongs to.
 *
 * @throws {SoloError} One of the `CERTIFICATE_` and identity reasons.
 */
export function callerOf(verdict: PeerVerdict): Caller {
  if (verdict.kind === "refused") {
    throw new SoloError(reasons[verdict.reason], `Cannot accept the call: ${verdict.message}`, {
      found: verdict.message,
      wanted: "a client certificate of this server",
    });
  }
  const { spiffeId, tenant, role } = verdict.identity;
  if (role === "server") {
    throw new SoloError("IDENTITY_MALFORMED", "Cannot accept the call: a server's certificate is no client", {
      found: `the identity ${spiffeId}`,
      wanted: "the identity of an agent or an operator",
    });
  }
  return { spiffeId, tenant, role };
}

/**
 * Stands before every service: without a valid certificate nothing but health and the joining of new clients is answered, whatever method it is, reflection
 * included; and no error leaves without its details.
 */
export function gate(options: GateOptions): ServerInterceptor {
  return (method, call) => {
    // What the library refuses by itself, such as a message that it cannot read, it sends past every interceptor.
    const send = call.sendStatus.bind(call);
    call.sendStatus = (status) => send(explained(status));
    // Handed on as it is, which the library's types do not foresee: a call of our own around its own would cost each message a
    // detour.
    const pass = call as ServerInterceptingCall;
    if (method.path.startsWith(publicPrefix)) return pass;
    const refusal = callRefusal(options, method.path, call.getPeer());
    if (refusal === undefined) {
      options.onHead(method.path);
      if (!method.requestStream) watchBytes(options, call as ServerCall);
      return pass;
    }
    const { error, ofTenant } = refusal;
    const refuse = async (metadata: Metadata): Promise<void> => {
      // Nothing of it is begun, so it has no id but its caller's.
      const correlationId = traceIdOf(metadata.get("traceparent")[0]?.toString()) ?? nanoid();
      if (ofTenant !== undefined) options.inFlight.refused(ofTenant, error, correlationId);
      await recordRefusal(options, error, { method: method.path.replace(/^\/(solo\.v1\.)?/, ""), correlationId });
      call.sendStatus(toStatus(error));
    };
    return new ServerInterceptingCall(call, {
      // The head goes no further, so no handler ever sees the call.
      start: (next) => next({ onReceiveMetadata: (metadata) => void refuse(metadata) }),
    });
  };
}

/** The library's call, with the stream below it, which its types do not show: there alone a request is seen as it comes in. */
type ServerCall = Parameters<ServerInterceptor>[1] & { readonly stream: ServerHttp2Stream };

/** The stream waits until the call is read, so that nothing of it is missed. */
function watchBytes({ verdictOf, requestBytes }: GateOptions, call: ServerCall): void {
  const verdict = verdictOf(call.getPeer());
  // Strangers, who come for their first certificate, have one bound together.
  const tenant = verdict.kind === "refused" ? "" : verdict.identity.tenant;
  requestBytes.watch(tenant, call.stream, (error) => {
    call.sendStatus(toStatus(error));
    // What it still sends is for nobody.
    setImmediate(() => call.stream.close(http2.NGHTTP2_NO_ERROR));
  });
}

/** Heads that each announce one message; the items of a session are counted as they come. */
const messagePaths: ReadonlySet<string> = new Set([
  MessagingServiceService.call.path,
  MessagingServiceService.cast.path,
]);

interface CallRefusal {
  readonly error: SoloError;
  /** Whose message would be one too many. */
  readonly ofTenant?: string;
}

/** Why a call is not begun: its peer, or that a message would be one too many. */
function callRefusal(options: GateOptions, path: string, peer: string): CallRefusal | undefined {
  const error = openPaths.has(path) ? stoppingOf(options) : refusalOf(options, peer);
  if (error !== undefined) return { error };
  if (!messagePaths.has(path)) return undefined;
  const { tenant } = callerOf(options.verdictOf(peer));
  const tooMany = options.inFlight.refusal(tenant);
  return tooMany === undefined ? undefined : { error: tooMany, ofTenant: tenant };
}

const stoppingOf = ({ isStopping }: Pick<GateOptions, "isStopping">): SoloError | undefined =>
  isStopping() ? serverStopping() : undefined;

/** Why nothing of what this peer asks for is begun, health aside; undefined for a valid caller of a server that serves. */
export function refusalOf(
  { verdictOf, isStopping }: Pick<GateOptions, "verdictOf" | "isStopping">,
  peer: string,
): SoloError | undefined {
  try {
    callerOf(verdictOf(peer));
  } catch (thrown) {
    return thrown as SoloError;
  }
  return stoppingOf({ isStopping });
}

/** Has it recorded that a peer without an identity was refused. Never rejects: refused it is, recorded or not. */
export async function recordRefusal(
  { denials }: Pick<GateOptions, "denials">,
  error: SoloError,
  asked: { readonly method: string; readonly correlationId: string },
): Promise<void> {
  // Only who may not is put on record by name; who comes at the wrong time is counted elsewhere.
  if (catalogue[error.code].status !== "UNAUTHENTICATED") return;
  const denial = { tenant: kernelTenant, actor: "unknown", ...asked, error };
  await denials.record(denial).catch(() => undefined);
}

const detailsKey = "grpc-status-details-bin";

/** As an interceptor's call takes it. */
type LibraryStatus = Parameters<ServerInterceptingCall["sendStatus"]>[0];

/** A status with its details: ours has them already. */
function explained(status: LibraryStatus): LibraryStatus {
  const { code, details, metadata } = status;
  if (code === grpcStatus.OK || (metadata ?? new Metadata()).get(detailsKey).length > 0) return status;
  const error = libraryError(code ?? grpcStatus.UNKNOWN, details ?? "");
  return error === undefined ? status : toStatus(error);
}

/** What the gRPC library refuses before a handler sees it, told as our own errors are. */
function libraryError(code: number, details: string): SoloError | undefined {
  switch (code) {
    case grpcStatus.RESOURCE_EXHAUSTED:
      return new SoloError("REQUEST_TOO_LARGE", `Cannot take the request: ${details}`, {
        found: details,
        wanted: "a smaller request",
      });
    case grpcStatus.DEADLINE_EXCEEDED:
      return new SoloError("CALL_TIMED_OUT", "Cannot go on: the caller's deadline is over", {
        found: "a deadline that has passed",
        wanted: "more time",
      });
    case grpcStatus.INTERNAL:
    case grpcStatus.UNKNOWN:
      return new SoloError("REQUEST_MALFORMED", `Cannot read the request: ${details}`, {
        found: details,
        wanted: "a message as the method's definition asks for",
      });
    default:
      return undefined;
  }
}
