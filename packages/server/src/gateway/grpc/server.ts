import { Server, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import {
  type CertificateServiceServer,
  CertificateServiceService,
  type DeploymentServiceServer,
  DeploymentServiceService,
  type EventServiceServer,
  EventServiceService,
  type KernelServiceServer,
  KernelServiceService,
  type MessagingServiceServer,
  MessagingServiceService,
  type QuotaServiceServer,
  QuotaServiceService,
} from "@solo/proto";
import { HealthImplementation } from "grpc-health-check";
import type { IssueContext } from "../../administration/issue-certificate.ts";
import type { DeploymentContext } from "../../deployment/context.ts";
import type { ManifestDefaults } from "../../deployment/manifest.ts";
import type { MessagingContext } from "../../messaging/send.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { Receipts } from "../../receipts/receipts.ts";
import type { InFlight } from "../in-flight.ts";
import { certificateService } from "./certificate.ts";
import { deploymentService } from "./deployment.ts";
import { eventService } from "./events.ts";
import { type GateOptions, gate } from "./gate.ts";
import { type CallerOf, handlersOf } from "./handler.ts";
import { type KernelServiceContext, kernelService } from "./kernel.ts";
import { messagingService } from "./messaging.ts";
import type { MethodContext } from "./method.ts";
import { quotaService } from "./quota.ts";
import { addReflection } from "./reflection.ts";
import { checkedSessionRequest } from "./session-request.ts";
import { serveUnknownMethods } from "./unknown-method.ts";

/** A request is refused by its own limits with a better answer than the library's; this only bounds what is read at all. */
const receiveBytes = 64 * 1024 * 1024;
/** Streams one connection may have open. */
const streamsPerConnection = 1_000;

export interface GrpcServerOptions {
  readonly gate: GateOptions;
  readonly methods: MethodContext;
  readonly callerOf: CallerOf;
  readonly inFlight: InFlight;
  readonly deployments: DeploymentContext;
  readonly defaults: ManifestDefaults;
  readonly messaging: MessagingContext;
  readonly events: EventLog;
  readonly receipts: Receipts;
  readonly issuing: IssueContext;
  readonly kernel: KernelServiceContext;
}

export interface GrpcServer {
  readonly server: Server;
  /** Tells health checks whether to send work here. */
  setServing(serving: boolean): void;
  /** The same for deploys alone. */
  setDeploying(deploying: boolean): void;
}

const services = {
  "solo.v1.DeploymentService": DeploymentServiceService,
  "solo.v1.MessagingService": {
    ...MessagingServiceService,
    session: { ...MessagingServiceService.session, requestDeserialize: checkedSessionRequest },
  },
  "solo.v1.QuotaService": QuotaServiceService,
  "solo.v1.EventService": EventServiceService,
  "solo.v1.CertificateService": CertificateServiceService,
  "solo.v1.KernelService": KernelServiceService,
} as const satisfies Record<string, ServiceDefinition>;

/** Every service of the API behind the gate, with health and reflection. Bound to no port; the TLS front feeds it. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const server = new Server({
    interceptors: [gate(options.gate)],
    "grpc.max_receive_message_length": receiveBytes,
    "grpc.max_concurrent_streams": streamsPerConnection,
    // Nobody reads its statistics, and they cost every call.
    "grpc.enable_channelz": 0,
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
  });
  const { methods } = options;
  const { callerOf } = options;
  const implementations: Record<keyof typeof services, UntypedServiceImplementation> = {
    "solo.v1.DeploymentService": handlersOf<DeploymentServiceServer>(
      deploymentService(methods, options.deployments, { events: options.events, defaults: options.defaults }),
      callerOf,
    ),
    "solo.v1.MessagingService": handlersOf<MessagingServiceServer>(
      messagingService(methods, options.messaging, options.inFlight),
      callerOf,
    ),
    "solo.v1.QuotaService": handlersOf<QuotaServiceServer>(
      quotaService(methods, options.deployments, options.inFlight),
      callerOf,
    ),
    "solo.v1.EventService": handlersOf<EventServiceServer>(
      eventService(methods, options.events, options.receipts),
      callerOf,
    ),
    "solo.v1.CertificateService": handlersOf<CertificateServiceServer>(
      certificateService(methods, options.issuing),
      callerOf,
    ),
    "solo.v1.KernelService": handlersOf<KernelServiceServer>(kernelService(methods, options.kernel), callerOf),
  };
  for (const [name, definition] of Object.entries(services)) {
    server.addService(definition, implementations[name as keyof typeof services]);
  }
  const health = new HealthImplementation(statusOfAll("NOT_SERVING"));
  health.addToServer(server);
  addReflection(server);
  serveUnknownMethods(server, Object.keys(services));
  return {
    server,
    setServing(serving) {
      for (const [name, status] of Object.entries(statusOfAll(serving ? "SERVING" : "NOT_SERVING"))) {
        health.setStatus(name, status);
      }
    },
    setDeploying(deploying) {
      health.setStatus("solo.v1.DeploymentService", deploying ? "SERVING" : "NOT_SERVING");
    },
  };
}

const statusOfAll = (status: "SERVING" | "NOT_SERVING") =>
  Object.fromEntries(["", ...Object.keys(services)].map((name) => [name, status]));
