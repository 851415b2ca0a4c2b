import { randomUUID } from "node:crypto";
import {
  type ChannelCredentials,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  BadRequest,
  CapabilityServiceClient,
  CertificateServiceClient,
  DeploymentServiceClient,
  DeployRequest,
  ErrorInfo,
  type Event,
  EventServiceClient,
  FixHint,
  IssueRequest,
  KernelServiceClient,
  MessagingServiceClient,
  QuotaFailure,
  QuotaServiceClient,
  type Service,
  ServiceState,
  Status,
  VaultServiceClient,
} from "@solo/proto";

export interface Credentials {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly root: Buffer;
}

/** TLS of a client with a certificate, or of one that only knows whom to trust. */
export const tlsOf = (given: Credentials | Pick<Credentials, "root">) =>
  "key" in given ? credentials.createSsl(given.root, given.key, given.certificate) : credentials.createSsl(given.root);

function naming(tls: ChannelCredentials, capability: string): ChannelCredentials {
  const metadata = new Metadata();
  metadata.set("solo-capability", capability);
  return credentials.combineChannelCredentials(
    tls,
    credentials.createFromMetadataGenerator((_options, done) => done(null, metadata)),
  );
}

/** A name to ask for, since TLS has no server names that are addresses. */
export const named = { "grpc.ssl_target_name_override": "localhost" } as const;

export type DeployOptions = Partial<Omit<Parameters<typeof DeployRequest.fromPartial>[0], "serviceId" | "source">>;

/**
 * Plain gRPC clients of every service, made from the proto and nothing of ours, and their everyday questions in few words.
 *
 * @param capability Named in every call.
 */
export function connect(address: string, given: Credentials, capability?: string) {
  const tls = capability === undefined ? tlsOf(given) : naming(tlsOf(given), capability);
  const clients = {
    deployments: new DeploymentServiceClient(address, tls, named),
    messaging: new MessagingServiceClient(address, tls, named),
    events: new EventServiceClient(address, tls, named),
    capabilities: new CapabilityServiceClient(address, tls, named),
    certificates: new CertificateServiceClient(address, tls, named),
    quotas: new QuotaServiceClient(address, tls, named),
    vault: new VaultServiceClient(address, tls, named),
    kernel: new KernelServiceClient(address, tls, named),
  };
  const { deployments, messaging, events, kernel } = clients;

  const everyday = {
    deploy: async (serviceId: string, source: string | Buffer, options: DeployOptions = {}): Promise<Service> => {
      const request = { requestId: freshId(), serviceId, source: Buffer.from(source), ...options };
      return present((await ask(deployments, deployments.deploy, DeployRequest.fromPartial(request))).service);
    },

    /** The reply's value; `undefined` when the handler replied with that. */
    call: async (
      serviceId: string,
      method: string,
      args: readonly unknown[] = [],
      timeoutMs?: number,
    ): Promise<unknown> => {
      const request = { tenant: "", serviceId, method, arguments: Buffer.from(JSON.stringify(args)), lend: [] };
      const { reply } = await ask(messaging, messaging.call, request, timeoutMs);
      return reply.length === 0 ? undefined : JSON.parse(reply.toString());
    },

    cast: async (serviceId: string, method: string, ...args: readonly unknown[]): Promise<void> => {
      const request = { tenant: "", serviceId, method, arguments: Buffer.from(JSON.stringify(args)) };
      await ask(messaging, messaging.cast, request);
    },

    status: async (serviceId: string): Promise<Service> =>
      present((await ask(deployments, deployments.status, { tenant: "", serviceId })).service),

    kill: async (
      serviceId: string,
      options: { readonly force?: boolean; requestId?: string } = {},
    ): Promise<Service> => {
      const request = { requestId: freshId(), validateOnly: false, tenant: "", serviceId, force: false, ...options };
      return present((await ask(deployments, deployments.kill, request, 60_000)).service);
    },

    restart: async (serviceId: string): Promise<Service> => {
      const request = { requestId: freshId(), validateOnly: false, tenant: "", serviceId };
      return present((await ask(deployments, deployments.restart, request)).service);
    },

    /** In Prometheus' text format, to who may read them. */
    metrics: async (): Promise<string> => (await ask(kernel, kernel.getMetrics, {})).text.toString("utf8"),

    list: async (): Promise<readonly Service[]> =>
      (await ask(deployments, deployments.list, { tenant: "", pageSize: 1_000, pageToken: "" })).services,

    /** The whole history, page by page. */
    history: async (serviceId = "", tenant = ""): Promise<readonly Event[]> => {
      const found: Event[] = [];
      for (let after = ""; ; ) {
        const request = { tenant, after, serviceId, pageSize: 1_000 };
        const page = await ask(events, events.listEvents, request);
        found.push(...page.events);
        if (!page.more) return found;
        after = page.nextCursor;
      }
    },
  };
  return {
    ...clients,
    ...everyday,
    close: () => {
      for (const client of Object.values(clients)) client.close();
    },
  };
}

export type Connection = ReturnType<typeof connect>;

/** A new identity in a tenant, issued by an administrator. */
export async function issueIdentity(
  { certificates }: Connection,
  tenant: string,
  options: Partial<Omit<IssueRequest, "tenant">> = {},
): Promise<Credentials> {
  const request = IssueRequest.fromPartial({ requestId: freshId(), tenant, ...options });
  const issued = await ask(certificates, certificates.issue, request);
  return {
    certificate: Buffer.from(issued.certificateChainPem),
    key: Buffer.from(issued.privateKeyPem),
    root: Buffer.from(issued.rootPem),
  };
}

export const freshId = (): string => randomUUID();

function present(service: Service | undefined): Service {
  if (service === undefined) throw new Error("The answer holds no service");
  return service;
}

export const isRunning = (service: Service): boolean => service.state === ServiceState.SERVICE_STATE_RUNNING;

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  done: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** One unary call as a promise. Rejects with {@link WireError}. */
export function ask<Request, Response>(
  client: object,
  method: Unary<Request, Response>,
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

/** What an unanswered wish was refused with. */
export async function refusal(wish: Promise<unknown>): Promise<WireError> {
  try {
    await wish;
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error("It was not refused");
}

/** A stream of answers that is being read from its first moment. */
export class Reading<Item> {
  readonly items: Item[] = [];
  readonly ended: Promise<WireError | undefined>;
  readonly #stream: ClientReadableStream<Item>;
  #wake: () => void = () => undefined;
  #over = false;

  constructor(stream: ClientReadableStream<Item>) {
    this.#stream = stream;
    this.ended = new Promise((resolve) => {
      const end = (error?: WireError): void => {
        this.#over = true;
        this.#wake();
        resolve(error);
      };
      stream.on("data", (item: Item) => {
        this.items.push(item);
        this.#wake();
      });
      stream.on("error", (error: ServiceError) => end(new WireError(error)));
      stream.on("end", () => end());
    });
  }

  /** Waits until what was read so far gives something. */
  async until<T>(what: string, find: (items: readonly Item[]) => T | undefined, withinMs = 15_000): Promise<T> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const found = find(this.items);
      if (found !== undefined) return found;
      if (this.#over) throw (await this.ended) ?? new Error(`The stream ended before ${what}`);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`Waited ${withinMs} ms in vain until ${what}; read ${this.items.length} items`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async stop(): Promise<void> {
    this.#stream.cancel();
    await this.ended;
  }
}

/** An error as it came over the wire, its details unpacked. */
export class WireError extends Error {
  readonly status: number;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly hint: FixHint | undefined;
  /** The request's field at fault. */
  readonly field: string | undefined;
  /** The limit that was reached. */
  readonly quota:
    | { readonly subject: string; readonly used: number; readonly allowed: number; readonly description: string }
    | undefined;

  constructor(error: ServiceError) {
    super(error.details, { cause: error });
    this.status = error.code;
    const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
    const details = bytes === undefined ? [] : Status.decode(bytes as Buffer).details;
    const find = (name: string) => details.find(({ typeUrl }) => typeUrl.endsWith(`/${name}`))?.value;
    const info = find("google.rpc.ErrorInfo");
    const hint = find("solo.v1.FixHint");
    const decoded = info === undefined ? undefined : ErrorInfo.decode(info);
    this.reason = decoded?.reason;
    this.domain = decoded?.domain;
    this.metadata = decoded?.metadata ?? {};
    this.hint = hint === undefined ? undefined : FixHint.decode(hint);
    const bad = find("google.rpc.BadRequest");
    this.field = bad === undefined ? undefined : BadRequest.decode(bad).fieldViolations[0]?.field;
    const failure = find("google.rpc.QuotaFailure");
    const [violation] = failure === undefined ? [] : QuotaFailure.decode(failure).violations;
    if (violation !== undefined) {
      const { subject, quotaDimensions, quotaValue, description } = violation;
      this.quota = { subject, used: Number(quotaDimensions.used), allowed: Number(quotaValue), description };
    }
  }
}
