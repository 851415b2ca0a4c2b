import type { CapabilityContext } from "../../administration/capabilities/context.ts";
import type { SealContext } from "../../administration/secrets.ts";
import type { DeploymentContext } from "../../deployment/context.ts";
import type { ManifestDefaults } from "../../deployment/manifest.ts";
import type { Lending } from "../../messaging/lending.ts";
import type { MessagingContext } from "../../messaging/send.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { Receipts } from "../../receipts/receipts.ts";
import type { InFlight } from "../in-flight.ts";
import { capabilityService } from "./capability.ts";
import { type CertificateContext, certificateService } from "./certificate.ts";
import { deploymentService } from "./deployment.ts";
import { eventService } from "./events.ts";
import { type KernelServiceContext, kernelService } from "./kernel.ts";
import { messagingService } from "./messaging.ts";
import type { MethodContext } from "./method.ts";
import { quotaService } from "./quota.ts";
import { vaultService } from "./vault.ts";

export interface ApiOptions {
  readonly methods: MethodContext;
  readonly inFlight: InFlight;
  readonly deployments: DeploymentContext;
  readonly defaults: ManifestDefaults;
  readonly messaging: MessagingContext;
  readonly lending: Lending;
  readonly events: EventLog;
  readonly receipts: Receipts;
  readonly certificates: CertificateContext;
  readonly capabilities: CapabilityContext;
  readonly secrets: SealContext;
  readonly kernel: KernelServiceContext;
}

/** Every method of every service: what each face of the API serves. */
export const createApi = ({ methods, inFlight, events, ...options }: ApiOptions) => ({
  "solo.v1.DeploymentService": deploymentService(methods, options.deployments, { events, defaults: options.defaults }),
  "solo.v1.MessagingService": messagingService(methods, options.messaging, { inFlight, lending: options.lending }),
  "solo.v1.QuotaService": quotaService(methods, options.deployments, inFlight),
  "solo.v1.EventService": eventService(methods, events, options.receipts),
  "solo.v1.CertificateService": certificateService(methods, options.certificates),
  "solo.v1.CapabilityService": capabilityService(methods, options.capabilities),
  "solo.v1.VaultService": vaultService(methods, options.secrets),
  "solo.v1.KernelService": kernelService(methods, options.kernel),
});

export type Api = ReturnType<typeof createApi>;
