import type { Method } from "./generated/methods.ts";

/** How a method is reached over HTTP. */
export interface HttpRoute {
  readonly verb: "GET" | "POST" | "PUT" | "DELETE";
  /** Parts in braces are fields of the request, in proto spelling. */
  readonly path: string;
  /**
   * The request's field of bytes that the whole body is, as it came. Other fields then come from the path and the query. Left
   * out: a body is the request in proto3 JSON.
   */
  readonly body?: string;
  /** The response's field of bytes that the whole answer is: a JSON text where `type` says nothing else. */
  readonly answer?: string;
  /** Media type of such an answer. */
  readonly type?: string;
  /** The request's field that `Last-Event-ID` sets, of a method that answers with a stream. */
  readonly resume?: string;
}

/**
 * Paths that are better to type. Every method that answers once or with a stream is also there as `POST /v1/SERVICE/METHOD`,
 * its request in proto3 JSON.
 */
const httpRoutes: { readonly [Name in Method]?: readonly HttpRoute[] } = {
  "DeploymentService/List": [{ verb: "GET", path: "/v1/services" }],
  "DeploymentService/Deploy": [
    { verb: "POST", path: "/v1/services" },
    { verb: "PUT", path: "/v1/services/{service_id}", body: "source" },
  ],
  "DeploymentService/Status": [{ verb: "GET", path: "/v1/services/{service_id}" }],
  "DeploymentService/Kill": [
    { verb: "DELETE", path: "/v1/services/{service_id}" },
    { verb: "POST", path: "/v1/services/{service_id}/kill" },
  ],
  "DeploymentService/Restart": [{ verb: "POST", path: "/v1/services/{service_id}/restart" }],
  "DeploymentService/Logs": [{ verb: "GET", path: "/v1/services/{service_id}/logs", resume: "after_sequence" }],
  "DeploymentService/Watch": [{ verb: "GET", path: "/v1/watch", resume: "after_cursor" }],
  "MessagingService/Call": [
    { verb: "POST", path: "/v1/services/{service_id}/calls/{method}", body: "arguments", answer: "reply" },
  ],
  "MessagingService/Cast": [{ verb: "POST", path: "/v1/services/{service_id}/casts/{method}", body: "arguments" }],
  "EventService/ListEvents": [{ verb: "GET", path: "/v1/events" }],
  "EventService/TailEvents": [{ verb: "GET", path: "/v1/events/tail", resume: "after" }],
  "CertificateService/Issue": [{ verb: "POST", path: "/v1/certificates" }],
  "CertificateService/Renew": [{ verb: "POST", path: "/v1/certificates/renew" }],
  "CertificateService/Invite": [{ verb: "POST", path: "/v1/certificates/invitations" }],
  "CertificateService/ListCertificates": [{ verb: "GET", path: "/v1/certificates" }],
  "CertificateService/RevokeCertificate": [{ verb: "DELETE", path: "/v1/certificates/{serial_number}" }],
  "KernelService/Help": [{ verb: "GET", path: "/v1/help" }],
  "KernelService/Doctor": [{ verb: "GET", path: "/v1/doctor" }],
  "KernelService/GetMetrics": [
    { verb: "GET", path: "/metrics", answer: "text", type: "text/plain; version=0.0.4; charset=utf-8" },
  ],
  "KernelService/Shutdown": [{ verb: "POST", path: "/v1/shutdown" }],
};

/**
 * Methods whose messages hold a secret. They are there over gRPC alone: JSON is text, and text cannot be wiped from memory.
 */
const notOverHttp: ReadonlySet<Method> = new Set([
  "VaultService/StoreSecret",
  "VaultService/FetchSecret",
  "VaultService/RotateSecret",
  "VaultService/Unseal",
]);

/** Every way to a method that answers once or with a stream, the best first; none to those whose messages hold a secret. */
export const httpRoutesOf = (method: Method): readonly HttpRoute[] => {
  if (notOverHttp.has(method)) return [];
  const own = httpRoutes[method] ?? [];
  const resume = own.find((route) => route.resume !== undefined)?.resume;
  return [...own, { verb: "POST", path: `/v1/${method}`, ...(resume === undefined ? {} : { resume }) }];
};
