import type {
  CapabilityServiceService,
  CertificateServiceService,
  DeploymentServiceService,
  EventServiceService,
  KernelServiceService,
  MessagingServiceService,
  QuotaServiceService,
  VaultServiceService,
} from "@solo/proto";
import type { Ability } from "./vocabulary.ts";

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
  | MethodsOf<CapabilityServiceService>
  | MethodsOf<QuotaServiceService>
  | MethodsOf<KernelServiceService>
  | MethodsOf<VaultServiceService>
  /** An HTTP request to a service, which is no method of gRPC. */
  | "ServiceIngress/Fetch";

/**
 * What a method asks of its caller: an ability of its capability, on a resource below the tenant that it acts in; or nothing but
 * a valid certificate, where the method is about what the caller itself holds or wants.
 */
export type Rule =
  | {
      readonly ability: Ability;
      /** `{name}` stands for what the request names; where it names nothing, the resource ends before it. */
      readonly on:
        | "svc/{name}"
        | "event/log/{name}"
        | "cert/{name}"
        | "vault/{name}"
        | "cap"
        | "audit"
        | "quota"
        | "server";
    }
  | "identity"
  /** A capability that is good, whatever it gives: each thing that is asked for by it is decided by itself. */
  | "held"
  /** Not even that: whoever connects, if it shows a code. */
  | "invitation";

/** The one rule table. */
export const rules: Readonly<Record<Method, Rule>> = {
  "DeploymentService/Deploy": { ability: "deploy/create", on: "svc/{name}" },
  "DeploymentService/Status": { ability: "svc/status", on: "svc/{name}" },
  "DeploymentService/Kill": { ability: "deploy/kill", on: "svc/{name}" },
  "DeploymentService/Restart": { ability: "deploy/restart", on: "svc/{name}" },
  "DeploymentService/List": { ability: "svc/list", on: "svc/{name}" },
  "DeploymentService/Logs": { ability: "svc/logs", on: "svc/{name}" },
  "DeploymentService/Watch": { ability: "svc/watch", on: "svc/{name}" },
  "DeploymentService/GetSigning": { ability: "svc/list", on: "svc/{name}" },
  "DeploymentService/SetSigning": { ability: "deploy/policy", on: "svc/{name}" },
  "MessagingService/Call": { ability: "svc/call", on: "svc/{name}" },
  "MessagingService/Cast": { ability: "svc/cast", on: "svc/{name}" },
  "MessagingService/Session": "held",
  "ServiceIngress/Fetch": { ability: "svc/fetch", on: "svc/{name}" },
  "EventService/ListEvents": { ability: "event/read", on: "event/log/{name}" },
  "EventService/TailEvents": { ability: "event/read", on: "event/log/{name}" },
  "EventService/GetCheckpoint": { ability: "audit/read", on: "audit" },
  "EventService/GetProof": { ability: "event/read", on: "event/log/{name}" },
  "CertificateService/Issue": { ability: "cert/issue", on: "cert/{name}" },
  "CertificateService/Renew": "identity",
  "CertificateService/Invite": { ability: "cert/issue", on: "cert/{name}" },
  "CertificateService/Join": "invitation",
  "CertificateService/ListCertificates": { ability: "cert/list", on: "cert/{name}" },
  "CertificateService/RevokeCertificate": { ability: "cert/revoke", on: "cert/{name}" },
  "CapabilityService/GrantCapability": { ability: "cap/grant", on: "cap" },
  "CapabilityService/RevokeCapability": { ability: "cap/revoke", on: "cap" },
  "CapabilityService/RotateKey": { ability: "cap/rotate-key", on: "cap" },
  "CapabilityService/RenounceCapability": "identity",
  "CapabilityService/ListCapabilities": { ability: "cap/list", on: "cap" },
  "CapabilityService/PresentCapability": "identity",
  "CapabilityService/ExplainCapability": "identity",
  "CapabilityService/RequestCapability": "identity",
  "CapabilityService/ListCapabilityRequests": "identity",
  "CapabilityService/DecideCapabilityRequest": { ability: "cap/approve", on: "cap" },
  "KernelService/Help": { ability: "server/help", on: "server" },
  "QuotaService/GetQuota": { ability: "quota/read", on: "quota" },
  "QuotaService/SetQuota": { ability: "quota/set", on: "quota" },
  "KernelService/Shutdown": { ability: "server/shutdown", on: "server" },
  "VaultService/StoreSecret": { ability: "vault/write", on: "vault/{name}" },
  "VaultService/FetchSecret": { ability: "vault/read", on: "vault/{name}" },
  "VaultService/ListSecrets": { ability: "vault/list", on: "vault/{name}" },
  "VaultService/RotateSecret": { ability: "vault/rotate", on: "vault/{name}" },
  "VaultService/RemoveSecret": { ability: "vault/write", on: "vault/{name}" },
  "VaultService/ChangeKey": { ability: "vault/rotate", on: "vault/{name}" },
  "VaultService/VaultStatus": { ability: "vault/list", on: "vault/{name}" },
  "VaultService/Unseal": { ability: "server/unseal", on: "server" },
  "VaultService/Seal": { ability: "server/unseal", on: "server" },
  "KernelService/Doctor": { ability: "server/doctor", on: "server" },
  "KernelService/GetMetrics": { ability: "server/metrics", on: "server" },
};

/** The methods that are answered without a certificate. */
export const openMethods: readonly Method[] = (Object.keys(rules) as Method[]).filter(
  (method) => rules[method] === "invitation",
);
