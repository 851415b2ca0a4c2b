import { Server, type ServiceDefinition } from "@grpc/grpc-js";
import {
  CapabilityServiceService,
  CertificateServiceService,
  DeploymentServiceService,
  EventServiceService,
  KernelServiceService,
  MessagingServiceService,
  QuotaServiceService,
} from "@solo/proto";
import { HealthImplementation } from "grpc-health-check";
import type { Api } from "./api.ts";
import { type GateOptions, gate } from "./gate.ts";
import { type CallerOf, handlersOf } from "./handler.ts";
import { addReflection } from "./reflection.ts";
import { vaultServiceDefinition } from "./secret-messages.ts";
import { checkedSessionRequest } from "./session-request.ts";
import { serveUnknownMethods } from "./unknown-method.ts";

/** A request is refused by its own limits with a better answer than the library's; this only bounds what is read at all. */
const receiveBytes = 64 * 1024 * 1024;
/** Streams one connection may have open. */
const streamsPerConnection = 1_000;

export interface GrpcServerOptions {
  readonly gate: GateOptions;
  readonly callerOf: CallerOf;
  readonly api: Api;
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
  "solo.v1.CapabilityService": CapabilityServiceService,
  "solo.v1.VaultService": vaultServiceDefinition,
  "solo.v1.KernelService": KernelServiceService,
} as const satisfies Record<keyof Api, ServiceDefinition>;

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
  for (const [name, definition] of Object.entries(services)) {
    server.addService(definition, handlersOf(options.api[name as keyof Api], options.callerOf));
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
