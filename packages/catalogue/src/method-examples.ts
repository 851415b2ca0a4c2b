import type { Method } from "./generated/methods.ts";

/** How a method is used: by a program, and by somebody at a keyboard. */
export interface MethodExample {
  /** In proto3 JSON; bytes are Base64. */
  readonly request: Readonly<Record<string, unknown>>;
  /** The same as a command line, where there is one. */
  readonly command?: string;
}

/** The smallest service that shows all: what is deployed in every example. */
export const counterSource = `import { defineServer, reply } from "@solo/actor-core";

export default defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: {
    add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }),
    count: ({ state }) => reply(state.count, state),
  },
  casts: { reset: () => ({ count: 0 }) },
});
`;

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** One example for each method; a method without one does not build. */
export const methodExamples: Readonly<Record<Method, MethodExample>> = {
  "DeploymentService/Deploy": {
    request: {
      requestId: "deploy-counter-1",
      serviceId: "counter",
      source: base64(counterSource),
      fileName: "counter.ts",
    },
    command: "solo deploy counter.ts",
  },
  "DeploymentService/Status": { request: { serviceId: "counter" }, command: "solo status counter" },
  "DeploymentService/Kill": {
    request: { requestId: "kill-counter-1", serviceId: "counter" },
    command: "solo kill counter",
  },
  "DeploymentService/Restart": {
    request: { requestId: "restart-counter-1", serviceId: "counter" },
    command: "solo restart counter",
  },
  "DeploymentService/List": { request: { pageSize: 100 }, command: "solo list" },
  "DeploymentService/Logs": {
    request: { serviceId: "counter", tailLines: 20 },
    command: "solo logs counter --tail 20",
  },
  "DeploymentService/Watch": { request: { serviceId: "counter" }, command: "solo watch counter" },
  "MessagingService/Call": {
    request: { serviceId: "counter", method: "add", arguments: base64("[2]") },
    command: "solo call counter add 2",
  },
  "MessagingService/Cast": {
    request: { serviceId: "counter", method: "reset", arguments: base64("[]") },
    command: "solo cast counter reset",
  },
  "MessagingService/Session": {
    request: {
      items: [{ id: 1, call: { serviceId: "counter", method: "add", arguments: base64("[2]") } }],
    },
  },
  "EventService/ListEvents": {
    request: { serviceId: "counter", pageSize: 100 },
    command: "solo events --service counter",
  },
  "EventService/TailEvents": { request: { onlyNew: true }, command: "solo events -f" },
  "EventService/GetCheckpoint": { request: {}, command: "solo audit checkpoint" },
  "EventService/GetProof": { request: { sequence: "1" }, command: "solo audit receipt 1" },
  "DeploymentService/GetSigning": { request: {}, command: "solo signing show" },
  "DeploymentService/SetSigning": {
    request: { requestId: "signing-acme-1", tenant: "acme", required: true },
    command: "solo signing require acme",
  },
  "CertificateService/Issue": {
    request: { requestId: "issue-acme-1", tenant: "acme", holder: "ci" },
    command: "solo cert issue acme --holder ci",
  },
  "CertificateService/Renew": { request: { requestId: "renew-1" } },
  "CertificateService/Invite": {
    request: { requestId: "invite-acme-ci-1", tenant: "acme", holder: "ci" },
    command: "solo cert invite acme --holder ci",
  },
  "CertificateService/Join": {
    request: {
      code: "qL4yq0oQ0cS9Rk3JmQ5v1g.3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs",
      publicKeyPem: "-----BEGIN CERTIFICATE REQUEST-----\n...\n-----END CERTIFICATE REQUEST-----\n",
    },
    command: "solo join solo.example.com:50051 --code CODE",
  },
  "CertificateService/ListCertificates": { request: { tenant: "acme" }, command: "solo cert list acme" },
  "CertificateService/RevokeCertificate": {
    request: { requestId: "revoke-acme-ci-1", tenant: "acme", holder: "ci", reason: "the laptop was lost" },
    command: 'solo cert revoke acme --holder ci --reason "the laptop was lost"',
  },
  "QuotaService/GetQuota": { request: {}, command: "solo quota show" },
  "QuotaService/SetQuota": {
    request: { requestId: "quota-acme-1", tenant: "acme", limits: { services: "100", memory_bytes: "8589934592" } },
    command: "solo quota set acme services=100 memory=8GiB",
  },
  "CapabilityService/GrantCapability": {
    request: {
      requestId: "grant-ci-1",
      holder: "jkt:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
      grants: ["svc/call on svc/counter"],
      lifetimeSeconds: 3600,
      standing: true,
    },
    command: "solo cap grant 'svc/call on svc/counter' --to jkt:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs --standing",
  },
  "CapabilityService/RevokeCapability": {
    request: { requestId: "revoke-1", cid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", reason: "no longer wanted" },
    command: "solo cap revoke NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
  },
  "CapabilityService/RotateKey": {
    request: { requestId: "rotate-1", tenant: "acme" },
    command: "solo cap rotate-key --tenant acme",
  },
  "CapabilityService/RenounceCapability": {
    request: { requestId: "renounce-1", bundle: "eyJh….eyJ2….c2ln", reason: "the work is done" },
  },
  "CapabilityService/ListCapabilities": { request: {}, command: "solo cap list" },
  "CapabilityService/PresentCapability": { request: { bundle: "eyJh….eyJ2….c2ln" } },
  "CapabilityService/ExplainCapability": {
    request: { ability: "svc/call", resource: "svc/counter" },
    command: "solo cap explain svc/call svc/counter",
  },
  "CapabilityService/RequestCapability": {
    request: { requestId: "wish-1", grants: ["deploy/create on svc/bot-*"], reason: "to deploy the bots" },
    command: "solo cap request 'deploy/create on svc/bot-*'",
  },
  "CapabilityService/ListCapabilityRequests": { request: { all: true }, command: "solo cap requests --all" },
  "CapabilityService/DecideCapabilityRequest": {
    request: { requestId: "decide-1", id: "wish-1", grant: true, answer: "for today" },
    command: "solo cap approve wish-1",
  },
  "VaultService/StoreSecret": {
    request: { requestId: "store-payments-key-1", name: "payments-key", value: base64("correct horse battery staple") },
    command: "solo secret put payments-key --file key.txt",
  },
  "VaultService/FetchSecret": { request: { name: "payments-key" }, command: "solo secret get payments-key" },
  "VaultService/ListSecrets": { request: { pageSize: 100 }, command: "solo secret list" },
  "VaultService/RotateSecret": {
    request: { requestId: "rotate-payments-key-1", name: "payments-key" },
    command: "solo secret rotate payments-key --generate",
  },
  "VaultService/RemoveSecret": {
    request: { requestId: "remove-payments-key-1", name: "payments-key" },
    command: "solo secret rm payments-key",
  },
  "VaultService/ChangeKey": { request: { requestId: "change-key-1" }, command: "solo vault change-key" },
  "VaultService/Unseal": { request: { requestId: "unseal-1" }, command: "solo vault unseal" },
  "VaultService/Seal": { request: { requestId: "seal-1" }, command: "solo vault seal" },
  "VaultService/VaultStatus": { request: {}, command: "solo vault status" },
  "KernelService/Shutdown": {
    request: { requestId: "shutdown-1", graceMs: 10_000 },
    command: "solo shutdown --grace 10s",
  },
  "KernelService/Doctor": { request: {}, command: "solo doctor" },
  "KernelService/GetMetrics": { request: {}, command: "solo metrics" },
  "KernelService/Help": { request: { topic: "SERVICE_NOT_FOUND" }, command: "solo help SERVICE_NOT_FOUND" },
};
