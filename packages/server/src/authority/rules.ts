import type {
  CertificateServiceService,
  DeploymentServiceService,
  EventServiceService,
  KernelServiceService,
  MessagingServiceService,
  QuotaServiceService,
} from "@solo/proto";

type MethodsOf<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends { readonly path: `/solo.v1.${infer Method}` }
    ? Method
    : never;
}[keyof Service];

/** Every method of the API, such as `DeploymentService/Deploy`. Made from the proto: a new one has no rule and does not build. */
export type Method =
  | MethodsOf<DeploymentServiceService>
  | MethodsOf<MessagingServiceService>
  | MethodsOf<EventServiceService>
  | MethodsOf<CertificateServiceService>
  | MethodsOf<QuotaServiceService>
  | MethodsOf<KernelServiceService>
  /** An HTTP request to a service, which is no method of gRPC. */
  | "ServiceIngress/Fetch";

/**
 * What a method asks of its caller.
 *
 * - `admin`: an operator of this server.
 * - `tenant`: anybody with an identity, on their own tenant's things; an operator may name another tenant in the request's
 *   own field.
 */
export type Rule = "admin" | "tenant";

/** The one rule table. */
export const rules: Readonly<Record<Method, Rule>> = {
  "DeploymentService/Deploy": "tenant",
  "DeploymentService/Status": "tenant",
  "DeploymentService/Kill": "tenant",
  "DeploymentService/Restart": "tenant",
  "DeploymentService/List": "tenant",
  "DeploymentService/Logs": "tenant",
  "DeploymentService/Watch": "tenant",
  "MessagingService/Call": "tenant",
  "MessagingService/Cast": "tenant",
  "MessagingService/Session": "tenant",
  "ServiceIngress/Fetch": "tenant",
  "EventService/ListEvents": "tenant",
  "EventService/TailEvents": "tenant",
  "EventService/GetCheckpoint": "tenant",
  "CertificateService/Issue": "admin",
  "KernelService/Help": "tenant",
  "QuotaService/GetQuota": "tenant",
  "QuotaService/SetQuota": "admin",
  "KernelService/Shutdown": "admin",
  "KernelService/Doctor": "admin",
};
