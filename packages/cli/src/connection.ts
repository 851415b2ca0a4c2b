import {
  Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import type { Asked } from "@solo/client/session";
import {
  CapabilityServiceService,
  CertificateServiceService,
  DeploymentServiceService,
  EventServiceService,
  KernelServiceService,
  MessagingServiceService,
  QuotaServiceService,
  VaultServiceService,
} from "@solo/proto";
import { Failure } from "./failure.ts";
import type { MessageSession } from "./message-session.ts";
import type { Profile } from "./profile.ts";
import { failureFromStatus } from "./status-failure.ts";

const answering = {
  deploy: DeploymentServiceService.deploy,
  status: DeploymentServiceService.status,
  kill: DeploymentServiceService.kill,
  restart: DeploymentServiceService.restart,
  list: DeploymentServiceService.list,
  call: MessagingServiceService.call,
  cast: MessagingServiceService.cast,
  getSigning: DeploymentServiceService.getSigning,
  setSigning: DeploymentServiceService.setSigning,
  listEvents: EventServiceService.listEvents,
  getCheckpoint: EventServiceService.getCheckpoint,
  getProof: EventServiceService.getProof,
  issue: CertificateServiceService.issue,
  invite: CertificateServiceService.invite,
  renew: CertificateServiceService.renew,
  listCertificates: CertificateServiceService.listCertificates,
  revokeCertificate: CertificateServiceService.revokeCertificate,
  grantCapability: CapabilityServiceService.grantCapability,
  revokeCapability: CapabilityServiceService.revokeCapability,
  rotateKey: CapabilityServiceService.rotateKey,
  renounceCapability: CapabilityServiceService.renounceCapability,
  listCapabilities: CapabilityServiceService.listCapabilities,
  explainCapability: CapabilityServiceService.explainCapability,
  requestCapability: CapabilityServiceService.requestCapability,
  listCapabilityRequests: CapabilityServiceService.listCapabilityRequests,
  decideCapabilityRequest: CapabilityServiceService.decideCapabilityRequest,
  getQuota: QuotaServiceService.getQuota,
  setQuota: QuotaServiceService.setQuota,
  storeSecret: VaultServiceService.storeSecret,
  fetchSecret: VaultServiceService.fetchSecret,
  listSecrets: VaultServiceService.listSecrets,
  rotateSecret: VaultServiceService.rotateSecret,
  removeSecret: VaultServiceService.removeSecret,
  changeKey: VaultServiceService.changeKey,
  unseal: VaultServiceService.unseal,
  seal: VaultServiceService.seal,
  vaultStatus: VaultServiceService.vaultStatus,
  shutdown: KernelServiceService.shutdown,
  doctor: KernelServiceService.doctor,
  getMetrics: KernelServiceService.getMetrics,
} as const;

const streaming = {
  logs: DeploymentServiceService.logs,
  watch: DeploymentServiceService.watch,
  tailEvents: EventServiceService.tailEvents,
} as const;

/** Changes carry a request id: sent again with the same id, they are made once. */
const changes: ReadonlySet<keyof typeof answering> = new Set([
  "deploy",
  "kill",
  "restart",
  "setSigning",
  "issue",
  "invite",
  "renew",
  "revokeCertificate",
  "grantCapability",
  "revokeCapability",
  "rotateKey",
  "renounceCapability",
  "requestCapability",
  "decideCapabilityRequest",
  "setQuota",
  "storeSecret",
  "rotateSecret",
  "removeSecret",
  "changeKey",
  "unseal",
  "seal",
  "shutdown",
]);

type RequestOf<M> = M extends MethodDefinition<infer Request, infer _> ? Request : never;
type ResponseOf<M> = M extends MethodDefinition<infer _, infer Response> ? Response : never;

/** A method that answers once, by its short name. */
export type AskName = keyof typeof answering;

/** What it is asked with. */
export type RequestTo<Name extends AskName> = RequestOf<(typeof answering)[Name]>;

/** A server, reached as the holder of a profile. Owned by the invocation, which closes it. */
export interface Connection {
  /**
   * Sends one request and gives its answer.
   *
   * A change that meets an unavailable server is sent once more, over a new connection, with the request id it had. Nothing
   * else is ever sent twice: a call may have had its effect.
   *
   * @throws {Failure}
   */
  ask<Name extends keyof typeof answering>(
    name: Name,
    request: RequestOf<(typeof answering)[Name]>,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<ResponseOf<(typeof answering)[Name]>>;
  /**
   * Opens a stream and gives its items as they are taken. Leaving the loop ends the stream; so does an interrupt, quietly.
   *
   * @throws {Failure}
   */
  follow<Name extends keyof typeof streaming>(
    name: Name,
    request: RequestOf<(typeof streaming)[Name]>,
    options: { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal },
  ): AsyncGenerator<ResponseOf<(typeof streaming)[Name]>, void, undefined>;
  close(): void;
}

/** Wait before a change is sent again, in milliseconds: long enough for a server that is being restarted to listen. */
const pauseBeforeRetryMs = 250;

export function openConnection(options: {
  readonly profile: Profile;
  /** HOST:PORT. */
  readonly address: string;
  readonly interrupted: AbortSignal;
}): Connection {
  const { profile, address, interrupted } = options;
  const open = () => new Client(address, credentialsOf(profile), channelOptions());
  let client = open();
  let messages: MessageSession | undefined;

  const endOf = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? interrupted : AbortSignal.any([interrupted, signal]);

  const once = <Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    { timeoutMs, end }: { readonly timeoutMs: number; readonly end: AbortSignal },
  ) =>
    new Promise<Response>((resolve, reject) => {
      let call: ClientUnaryCall;
      const abort = () => call.cancel();
      call = client.makeUnaryRequest<Request, Response>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(profile),
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null, response?: Response) => {
          end.removeEventListener("abort", abort);
          if (error === null) resolve(response as Response);
          else reject(error);
        },
      );
      end.addEventListener("abort", abort);
      if (end.aborted) abort();
    });

  /** Over a session, which all messages of the command share; undefined where the server has none. */
  const send = async (message: Asked, options: { readonly timeoutMs: number; readonly end: AbortSignal }) => {
    // Most commands send no message, and none waits for what they do not need.
    const { openMessageSession } = await import("./message-session.ts");
    if (messages === undefined || messages.ended) messages = openMessageSession(client, metadataOf(profile));
    return messages.send(message, options);
  };

  return {
    async ask(name, request, { timeoutMs, signal }) {
      const end = endOf(signal);
      const message = { $case: name, value: request } as Asked;
      if ((name === "call" || name === "cast") && message.value.arguments.length <= mostInSession) {
        const reply = await send(message, { timeoutMs, end }).catch((error: unknown) => {
          throw toFailure(error, { address, timeoutMs });
        });
        if (reply !== undefined) return { reply } as ResponseOf<(typeof answering)[typeof name]>;
      }
      const method = methodOf<typeof answering, typeof name>(answering, name);
      const context = { address, timeoutMs };
      const deadlineMs = Date.now() + timeoutMs;
      try {
        return await once(method, request, { timeoutMs, end });
      } catch (error) {
        const mayRepeat = changes.has(name) && isServiceError(error) && error.code === status.UNAVAILABLE;
        const leftMs = deadlineMs - Date.now() - pauseBeforeRetryMs;
        if (!mayRepeat || leftMs <= 0 || end.aborted) throw toFailure(error, context);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseBeforeRetryMs));
      messages?.close();
      messages = undefined;
      client.close();
      client = open();
      try {
        return await once(method, request, { timeoutMs: deadlineMs - Date.now(), end });
      } catch (error) {
        throw toFailure(error, context);
      }
    },

    async *follow(name, request, { timeoutMs, signal }) {
      const end = endOf(signal);
      const method = methodOf<typeof streaming, typeof name>(streaming, name);
      const stream: ClientReadableStream<ResponseOf<(typeof streaming)[typeof name]>> = client.makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(profile),
        timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
      );
      const abort = () => stream.cancel();
      end.addEventListener("abort", abort);
      if (end.aborted) abort();
      // Cancelling makes the stream fail once more after the loop has let go of it.
      stream.on("error", () => {});
      try {
        yield* stream;
      } catch (error) {
        if (!end.aborted) throw toFailure(error, { address, timeoutMs });
      } finally {
        end.removeEventListener("abort", abort);
        stream.cancel();
      }
    },

    close() {
      messages?.close();
      client.close();
    },
  };
}

/** A table's entry by a name that is a type parameter: TypeScript does not see that request and response belong together. */
function methodOf<Table, Name extends keyof Table>(
  table: Table,
  name: Name,
): MethodDefinition<RequestOf<Table[Name]>, ResponseOf<Table[Name]>> {
  return table[name] as MethodDefinition<RequestOf<Table[Name]>, ResponseOf<Table[Name]>>;
}

/** Names the capability that decides, where it is not the key's own. */
function metadataOf({ capability }: Profile): Metadata {
  const metadata = new Metadata();
  if (capability !== undefined) metadata.set("solo-capability", capability);
  return metadata;
}

function credentialsOf(profile: Profile) {
  try {
    return credentials.createSsl(profile.root, profile.privateKey, profile.certificateChain);
  } catch (error) {
    throw new Failure(`Cannot use the profile in ${profile.folder}: its key or certificates cannot be read`, {
      code: "usage",
      reason: "PROFILE_INVALID",
      found: error instanceof Error ? error.message : String(error),
      wanted: "PEM files, the key belonging to the certificate",
      fix: "Start the server again, which writes the administrator's profile anew, or issue another certificate",
    });
  }
}

function channelOptions() {
  return {
    // A root issues to its own server alone, whose certificate is made out to localhost whatever its address is.
    "grpc.ssl_target_name_override": "localhost",
    // Nothing behind our back: what may be sent again is decided above.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.max_receive_message_length": 16 * 2 ** 20,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
  };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}

function toFailure(
  error: unknown,
  context: { readonly address: string; readonly timeoutMs: number | undefined },
): unknown {
  return isServiceError(error) ? failureFromStatus(error, context) : error;
}

/** Above this a message would hold up those behind it. */
const mostInSession = 2 ** 20;
