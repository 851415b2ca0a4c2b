/** The solo.v1 API as TypeScript, generated from `proto/` by `buf generate`. */

export { Any } from "./generated/google/protobuf/any.ts";
export {
  BadRequest,
  ErrorInfo,
  Help,
  PreconditionFailure,
  QuotaFailure,
  ResourceInfo,
  RetryInfo,
} from "./generated/google/rpc/error_details.ts";
export { Status } from "./generated/google/rpc/status.ts";
export {
  Certificate,
  CertificateServiceClient,
  type CertificateServiceServer,
  CertificateServiceService,
  IssueRequest,
  IssueResponse,
  ListCertificatesRequest,
  ListCertificatesResponse,
  RevokeCertificateRequest,
  RevokeCertificateResponse,
} from "./generated/solo/v1/certificate.ts";
export {
  DeploymentServiceClient,
  type DeploymentServiceServer,
  DeploymentServiceService,
  DeployRequest,
  DeployResponse,
  KillRequest,
  KillResponse,
  ListRequest,
  ListResponse,
  LogLine,
  LogsRequest,
  LogsResponse,
  RestartRequest,
  RestartResponse,
  ServiceUsage,
  StatusRequest,
  StatusResponse,
  WatchRequest,
  WatchResponse,
} from "./generated/solo/v1/deployment.ts";
export { FixHint } from "./generated/solo/v1/error.ts";
export {
  Event,
  EventServiceClient,
  type EventServiceServer,
  EventServiceService,
  GetCheckpointRequest,
  GetCheckpointResponse,
  ListEventsRequest,
  ListEventsResponse,
  TailEventsRequest,
  TailEventsResponse,
} from "./generated/solo/v1/event.ts";
export {
  Check,
  CheckResult,
  DoctorRequest,
  DoctorResponse,
  HelpExample,
  HelpKind,
  HelpRequest,
  HelpResponse,
  KernelServiceClient,
  type KernelServiceServer,
  KernelServiceService,
  ShutdownRequest,
  ShutdownResponse,
} from "./generated/solo/v1/kernel.ts";
export {
  CallRequest,
  CallResponse,
  CastRequest,
  CastResponse,
  MessagingServiceClient,
  type MessagingServiceServer,
  MessagingServiceService,
  SessionAnswer,
  SessionItem,
  SessionRequest,
  SessionResponse,
} from "./generated/solo/v1/messaging.ts";
export {
  GetQuotaRequest,
  GetQuotaResponse,
  QuotaServiceClient,
  type QuotaServiceServer,
  QuotaServiceService,
  SetQuotaRequest,
  SetQuotaResponse,
} from "./generated/solo/v1/quota.ts";
export {
  ArtifactKind,
  Cause,
  Confinement,
  Health,
  HttpAccess,
  LimitAction,
  Limits,
  LimitsLevel,
  LimitUse,
  LogLevel,
  Manifest,
  Manifest_EnvironmentEntry,
  Packaging,
  Program,
  ProgramProtocol,
  RestartKind,
  Service,
  ServiceState,
  SourceLanguage,
  SourceLocation,
  Usage,
} from "./generated/solo/v1/service.ts";

/** File with the `google.protobuf.FileDescriptorSet` of the whole API, imports included. */
export const descriptorSetFile: URL = new URL("../descriptor-set.binpb", import.meta.url);
