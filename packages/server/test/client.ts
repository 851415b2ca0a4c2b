import { credentials, Metadata, type ClientUnaryCall, type ServiceError } from "@grpc/grpc-js";
import {
  CertificateServiceClient,
  DeploymentServiceClient,
  ErrorInfo,
  EventServiceClient,
  FixHint,
  KernelServiceClient,
  MessagingServiceClient,
  Status,
} from "@solo/proto";

export interface Credentials {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly root: Buffer;
}

/** Plain gRPC clients of every service, made from the proto and nothing of ours. */
export function connect(address: string, { certificate, key, root }: Credentials) {
  const tls = credentials.createSsl(root, key, certificate);
  const clients = {
    deployments: new DeploymentServiceClient(address, tls),
    messaging: new MessagingServiceClient(address, tls),
    events: new EventServiceClient(address, tls),
    certificates: new CertificateServiceClient(address, tls),
    kernel: new KernelServiceClient(address, tls),
  };
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.close();
    },
  };
}

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  done: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** One unary call as a promise. Rejects with {@link WireError}. */
export function ask<Request, Response>(
  client: object,
  method: Method<Request, Response>,
  request: Request,
  timeoutMs = 20_000,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    method.call(client, request, new Metadata(), { deadline: Date.now() + timeoutMs }, (error, response) => {
      if (error === null) resolve(response);
      else reject(new WireError(error));
    });
  });
}

/** An error as it came over the wire, its details unpacked. */
export class WireError extends Error {
  readonly status: number;
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly hint: FixHint | undefined;

  constructor(error: ServiceError) {
    super(error.message, { cause: error });
    this.status = error.code;
    const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
    const details = bytes === undefined ? [] : Status.decode(bytes as Buffer).details;
    const find = (name: string) => details.find(({ typeUrl }) => typeUrl.endsWith(`/${name}`))?.value;
    const info = find("google.rpc.ErrorInfo");
    const hint = find("solo.v1.FixHint");
    const decoded = info === undefined ? undefined : ErrorInfo.decode(info);
    this.reason = decoded?.reason;
    this.metadata = decoded?.metadata ?? {};
    this.hint = hint === undefined ? undefined : FixHint.decode(hint);
  }
}
