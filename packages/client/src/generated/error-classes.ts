// Made by `npm run generate` from the catalogue of errors. Do not edit.
import type { AnyReason } from "@solo/catalogue";
import { type ErrorFacts, SoloError } from "../errors.ts";

/** The connection came without a client certificate, and nothing but health is answered without one. */
export class CertificateMissing extends SoloError {
  declare readonly reason: "CERTIFICATE_MISSING";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CERTIFICATE_MISSING", message, facts, options);
  }
}

/** The client certificate was not issued by this server's root, or was revoked with its tenant. */
export class CertificateUntrusted extends SoloError {
  declare readonly reason: "CERTIFICATE_UNTRUSTED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CERTIFICATE_UNTRUSTED", message, facts, options);
  }
}

/** The client certificate's time is over. */
export class CertificateExpired extends SoloError {
  declare readonly reason: "CERTIFICATE_EXPIRED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CERTIFICATE_EXPIRED", message, facts, options);
  }
}

/** The client certificate was taken back, with its key. */
export class CertificateRevoked extends SoloError {
  declare readonly reason: "CERTIFICATE_REVOKED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CERTIFICATE_REVOKED", message, facts, options);
  }
}

/** It would take everything from the key that the server's administrator has now, and leave nobody who may undo it. */
export class AdminInUse extends SoloError {
  declare readonly reason: "ADMIN_IN_USE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("ADMIN_IN_USE", message, facts, options);
  }
}

/** The tenant has no certificate of this serial number, fingerprint or holder. */
export class CertificateNotFound extends SoloError {
  declare readonly reason: "CERTIFICATE_NOT_FOUND";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CERTIFICATE_NOT_FOUND", message, facts, options);
  }
}

/** The certificate is not renewed: it is the local administrator's, or its key has too many that are still good. */
export class CertificateNotRenewable extends SoloError {
  declare readonly reason: "CERTIFICATE_NOT_RENEWABLE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CERTIFICATE_NOT_RENEWABLE", message, facts, options);
  }
}

/** This server has given out no such code, or it is long over. */
export class InvitationUnknown extends SoloError {
  declare readonly reason: "INVITATION_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("INVITATION_UNKNOWN", message, facts, options);
  }
}

/** The code's 10 minutes are over. */
export class InvitationExpired extends SoloError {
  declare readonly reason: "INVITATION_EXPIRED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("INVITATION_EXPIRED", message, facts, options);
  }
}

/** Somebody has joined by this code, and each is good once. */
export class InvitationUsed extends SoloError {
  declare readonly reason: "INVITATION_USED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("INVITATION_USED", message, facts, options);
  }
}

/** Too many wrong codes have come from this address. */
export class JoinRefused extends SoloError {
  declare readonly reason: "JOIN_REFUSED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("JOIN_REFUSED", message, facts, options);
  }
}

/** No certificate can be made for the public key of the request. */
export class KeyRefused extends SoloError {
  declare readonly reason: "KEY_REFUSED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("KEY_REFUSED", message, facts, options);
  }
}

/** The client certificate's time has not begun. */
export class CertificateNotYetValid extends SoloError {
  declare readonly reason: "CERTIFICATE_NOT_YET_VALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CERTIFICATE_NOT_YET_VALID", message, facts, options);
  }
}

/** The certificate was not made for clients. */
export class CertificatePurpose extends SoloError {
  declare readonly reason: "CERTIFICATE_PURPOSE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CERTIFICATE_PURPOSE", message, facts, options);
  }
}

/** The certificate does not name an agent or an operator of a tenant. */
export class IdentityMalformed extends SoloError {
  declare readonly reason: "IDENTITY_MALFORMED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("IDENTITY_MALFORMED", message, facts, options);
  }
}

/** The certificate names another tenant than the intermediate that signed it. */
export class TenantMismatch extends SoloError {
  declare readonly reason: "TENANT_MISMATCH";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TENANT_MISMATCH", message, facts, options);
  }
}

/** The method is for administrators of this server, and the caller's certificate is a tenant's. */
export class AdminRequired extends SoloError {
  declare readonly reason: "ADMIN_REQUIRED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("ADMIN_REQUIRED", message, facts, options);
  }
}

/** No capability that could be decided by was shown: none, a wrong one, or one of somebody else. */
export class CapabilityInvalid extends SoloError {
  declare readonly reason: "CAPABILITY_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPABILITY_INVALID", message, facts, options);
  }
}

/** The capability does not allow it, or was taken back. */
export class CapabilityDenied extends SoloError {
  declare readonly reason: "CAPABILITY_DENIED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPABILITY_DENIED", message, facts, options);
  }
}

/** A rate, a number of uses or a budget of the capability is used up. */
export class CapabilitySpent extends SoloError {
  declare readonly reason: "CAPABILITY_SPENT";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPABILITY_SPENT", message, facts, options);
  }
}

/** A grant, a holder, an ability or a resource is not written as it must be. */
export class CapabilityMalformed extends SoloError {
  declare readonly reason: "CAPABILITY_MALFORMED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPABILITY_MALFORMED", message, facts, options);
  }
}

/** There is no request for a capability of that id in the tenant. */
export class CapabilityRequestNotFound extends SoloError {
  declare readonly reason: "CAPABILITY_REQUEST_NOT_FOUND";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPABILITY_REQUEST_NOT_FOUND", message, facts, options);
  }
}

/** The request was granted or refused before. */
export class CapabilityRequestDecided extends SoloError {
  declare readonly reason: "CAPABILITY_REQUEST_DECIDED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPABILITY_REQUEST_DECIDED", message, facts, options);
  }
}

/** Too many requests for capabilities of the tenant wait for a decision. */
export class CapabilityRequestsFull extends SoloError {
  declare readonly reason: "CAPABILITY_REQUESTS_FULL";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPABILITY_REQUESTS_FULL", message, facts, options);
  }
}

/** The server cannot decide now, since it does not believe its clock. */
export class CapabilityUndecided extends SoloError {
  declare readonly reason: "CAPABILITY_UNDECIDED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPABILITY_UNDECIDED", message, facts, options);
  }
}

/** The request names a tenant that is not the certificate's own. */
export class OtherTenant extends SoloError {
  declare readonly reason: "OTHER_TENANT";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("OTHER_TENANT", message, facts, options);
  }
}

/** A change was asked for without a usable `request_id`. */
export class RequestIdInvalid extends SoloError {
  declare readonly reason: "REQUEST_ID_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("REQUEST_ID_INVALID", message, facts, options);
  }
}

/** The text cannot be a service's id. */
export class ServiceIdInvalid extends SoloError {
  declare readonly reason: "SERVICE_ID_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVICE_ID_INVALID", message, facts, options);
  }
}

/** The text cannot be a tenant's name. */
export class TenantInvalid extends SoloError {
  declare readonly reason: "TENANT_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TENANT_INVALID", message, facts, options);
  }
}

/** The text cannot be the name of a call or cast. */
export class MethodInvalid extends SoloError {
  declare readonly reason: "METHOD_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("METHOD_INVALID", message, facts, options);
  }
}

/** There is nothing to deploy: the source has no bytes. */
export class SourceEmpty extends SoloError {
  declare readonly reason: "SOURCE_EMPTY";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SOURCE_EMPTY", message, facts, options);
  }
}

/** The source is not UTF-8 text. */
export class SourceNotText extends SoloError {
  declare readonly reason: "SOURCE_NOT_TEXT";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SOURCE_NOT_TEXT", message, facts, options);
  }
}

/** A field of the manifest says something that cannot be. */
export class ManifestInvalid extends SoloError {
  declare readonly reason: "MANIFEST_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("MANIFEST_INVALID", message, facts, options);
  }
}

/** The page's size or token is none that this server gave or takes. */
export class PageInvalid extends SoloError {
  declare readonly reason: "PAGE_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("PAGE_INVALID", message, facts, options);
  }
}

/** The cursor is none that this server gave for this tenant. */
export class CursorInvalid extends SoloError {
  declare readonly reason: "CURSOR_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CURSOR_INVALID", message, facts, options);
  }
}

/** The connection does not speak what its port does. */
export class WrongProtocol extends SoloError {
  declare readonly reason: "WRONG_PROTOCOL";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("WRONG_PROTOCOL", message, facts, options);
  }
}

/** The request's bytes are not a message of the method. */
export class RequestMalformed extends SoloError {
  declare readonly reason: "REQUEST_MALFORMED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("REQUEST_MALFORMED", message, facts, options);
  }
}

/** This server has no such method. */
export class RpcUnknown extends SoloError {
  declare readonly reason: "RPC_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("RPC_UNKNOWN", message, facts, options);
  }
}

/** There is no help under this name. */
export class TopicUnknown extends SoloError {
  declare readonly reason: "TOPIC_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOPIC_UNKNOWN", message, facts, options);
  }
}

/** Nothing is served under this path, or not with this verb. */
export class PathUnknown extends SoloError {
  declare readonly reason: "PATH_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("PATH_UNKNOWN", message, facts, options);
  }
}

/** A request of a tool's client names a session that is over, or that another identity began. */
export class SessionUnknown extends SoloError {
  declare readonly reason: "SESSION_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SESSION_UNKNOWN", message, facts, options);
  }
}

/** A page of another origin asked for the tools through its reader's browser. */
export class OriginRefused extends SoloError {
  declare readonly reason: "ORIGIN_REFUSED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("ORIGIN_REFUSED", message, facts, options);
  }
}

/** The arguments of a message are not one JSON array. */
export class ArgumentsNotJson extends SoloError {
  declare readonly reason: "ARGUMENTS_NOT_JSON";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("ARGUMENTS_NOT_JSON", message, facts, options);
  }
}

/** The arguments of a message, or of `init`, are not such as the contract of the service wants; no handler has seen them. */
export class ArgumentsInvalid extends SoloError {
  declare readonly reason: "ARGUMENTS_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("ARGUMENTS_INVALID", message, facts, options);
  }
}

/** The tenant takes signed artifacts only. */
export class SignatureRequired extends SoloError {
  declare readonly reason: "SIGNATURE_REQUIRED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SIGNATURE_REQUIRED", message, facts, options);
  }
}

/** The signature is none, or is about something else than what is deployed. */
export class SignatureInvalid extends SoloError {
  declare readonly reason: "SIGNATURE_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SIGNATURE_INVALID", message, facts, options);
  }
}

/** The tenant has no service of this id, or the one there was has been killed. */
export class ServiceNotFound extends SoloError {
  declare readonly reason: "SERVICE_NOT_FOUND";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVICE_NOT_FOUND", message, facts, options);
  }
}

/** The service has no call or cast of this name. */
export class MethodNotFound extends SoloError {
  declare readonly reason: "METHOD_NOT_FOUND";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("METHOD_NOT_FOUND", message, facts, options);
  }
}

/** A service of this id is there and was not killed. */
export class ServiceExists extends SoloError {
  declare readonly reason: "SERVICE_EXISTS";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVICE_EXISTS", message, facts, options);
  }
}

/** The `request_id` was used within 24 hours for a change with other content. */
export class RequestIdReused extends SoloError {
  declare readonly reason: "REQUEST_ID_REUSED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("REQUEST_ID_REUSED", message, facts, options);
  }
}

/** The service is there but does not answer: it failed, stopped, or is being started or ended. */
export class ServiceNotRunning extends SoloError {
  declare readonly reason: "SERVICE_NOT_RUNNING";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVICE_NOT_RUNNING", message, facts, options);
  }
}

/** Another change of the same service is under way, or came first. */
export class ServiceBusy extends SoloError {
  declare readonly reason: "SERVICE_BUSY";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVICE_BUSY", message, facts, options);
  }
}

/** The artifact is not what it says: no program for this host, an archive with what must not be in it, a bundle whose hashes do not match. */
export class ArtifactInvalid extends SoloError {
  declare readonly reason: "ARTIFACT_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("ARTIFACT_INVALID", message, facts, options);
  }
}

/** The program needs something of the server's host that its operator has not allowed. */
export class ProgramNotAllowed extends SoloError {
  declare readonly reason: "PROGRAM_NOT_ALLOWED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("PROGRAM_NOT_ALLOWED", message, facts, options);
  }
}

/** The source is not TypeScript or JavaScript that the runtime can read. */
export class CompileFailed extends SoloError {
  declare readonly reason: "COMPILE_FAILED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("COMPILE_FAILED", message, facts, options);
  }
}

/** The file was loaded, and its top level or its `init` threw or ended the process. */
export class StartFailed extends SoloError {
  declare readonly reason: "START_FAILED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("START_FAILED", message, facts, options);
  }
}

/** `init` had not returned when the start's time was over. */
export class StartTimedOut extends SoloError {
  declare readonly reason: "START_TIMED_OUT";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("START_TIMED_OUT", message, facts, options);
  }
}

/** This host cannot keep the limit that was asked for, and nothing is silently weaker than it says. */
export class LimitNotEnforceable extends SoloError {
  declare readonly reason: "LIMIT_NOT_ENFORCEABLE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("LIMIT_NOT_ENFORCEABLE", message, facts, options);
  }
}

/** The service was ended while it had the message, for one of its limits: memory, processor time, the time for a message, or one whose action is to kill. */
export class LimitReached extends SoloError {
  declare readonly reason: "LIMIT_REACHED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("LIMIT_REACHED", message, facts, options);
  }
}

/** The service ended while it had the message: it crashed, was ended by a signal, or was stopped. */
export class ServiceDied extends SoloError {
  declare readonly reason: "SERVICE_DIED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVICE_DIED", message, facts, options);
  }
}

/** The service replied with what its own contract does not promise; its handler has run, and what it did has been done. */
export class ReplyInvalid extends SoloError {
  declare readonly reason: "REPLY_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("REPLY_INVALID", message, facts, options);
  }
}

/** The service replied with a value that is neither JSON nor bytes. */
export class ReplyNotJson extends SoloError {
  declare readonly reason: "REPLY_NOT_JSON";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("REPLY_NOT_JSON", message, facts, options);
  }
}

/** The time that the caller gave was over before there was an answer. */
export class CallTimedOut extends SoloError {
  declare readonly reason: "CALL_TIMED_OUT";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CALL_TIMED_OUT", message, facts, options);
  }
}

/** Secrets cannot be used: the server does not hold the key that opens them. All else goes on. */
export class VaultSealed extends SoloError {
  declare readonly reason: "VAULT_SEALED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("VAULT_SEALED", message, facts, options);
  }
}

/** A record of a secret or of its key is missing, or is not the one that was written for its place. */
export class VaultDamaged extends SoloError {
  declare readonly reason: "VAULT_DAMAGED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("VAULT_DAMAGED", message, facts, options);
  }
}

/** The vault was not unsealed: the passphrase or the key file is missing or not the right one. */
export class UnsealRefused extends SoloError {
  declare readonly reason: "UNSEAL_REFUSED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("UNSEAL_REFUSED", message, facts, options);
  }
}

/** The tenant has no secret of this name, or not this version of it. */
export class SecretNotFound extends SoloError {
  declare readonly reason: "SECRET_NOT_FOUND";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SECRET_NOT_FOUND", message, facts, options);
  }
}

/** The text cannot be the name of a secret, or the value is empty or too large. */
export class SecretInvalid extends SoloError {
  declare readonly reason: "SECRET_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SECRET_INVALID", message, facts, options);
  }
}

/** The change of a quota names no limit, one that there is not, or a number that is too large. */
export class QuotaInvalid extends SoloError {
  declare readonly reason: "QUOTA_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("QUOTA_INVALID", message, facts, options);
  }
}

/** What the tenant's services are promised, or what they keep, would be more than its quota. */
export class QuotaExceeded extends SoloError {
  declare readonly reason: "QUOTA_EXCEEDED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("QUOTA_EXCEEDED", message, facts, options);
  }
}

/** What all services are promised would be more than the machine has, times what the operator lets be promised of it. */
export class CapacityPromised extends SoloError {
  declare readonly reason: "CAPACITY_PROMISED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CAPACITY_PROMISED", message, facts, options);
  }
}

/** As many calls and casts of the tenant's clients are being served as it may have at one time. */
export class TooManyCalls extends SoloError {
  declare readonly reason: "TOO_MANY_CALLS";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOO_MANY_CALLS", message, facts, options);
  }
}

/** The large requests of the tenant that have come in and are not yet answered are as many bytes as it may have. */
export class TooManyUploads extends SoloError {
  declare readonly reason: "TOO_MANY_UPLOADS";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOO_MANY_UPLOADS", message, facts, options);
  }
}

/** As many connections are open as the server, the tenant, or all clients without a certificate may have. */
export class TooManyConnections extends SoloError {
  declare readonly reason: "TOO_MANY_CONNECTIONS";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOO_MANY_CONNECTIONS", message, facts, options);
  }
}

/** As many calls and casts of all clients are being served as the server takes at one time. */
export class ServerOverloaded extends SoloError {
  declare readonly reason: "SERVER_OVERLOADED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVER_OVERLOADED", message, facts, options);
  }
}

/** The service left the caller's last calls all unanswered, so no more are sent for a while. */
export class CircuitOpen extends SoloError {
  declare readonly reason: "CIRCUIT_OPEN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CIRCUIT_OPEN", message, facts, options);
  }
}

/** The source has more bytes than an artifact may have. */
export class SourceTooLarge extends SoloError {
  declare readonly reason: "SOURCE_TOO_LARGE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SOURCE_TOO_LARGE", message, facts, options);
  }
}

/** The arguments or the reply of one message have more bytes than a frame may have. */
export class MessageTooLarge extends SoloError {
  declare readonly reason: "MESSAGE_TOO_LARGE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("MESSAGE_TOO_LARGE", message, facts, options);
  }
}

/** The service has as many unanswered messages, or as many bytes of them, as its mailbox may hold. */
export class MailboxFull extends SoloError {
  declare readonly reason: "MAILBOX_FULL";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("MAILBOX_FULL", message, facts, options);
  }
}

/** A session has more items without an answer than it may. */
export class TooManyInFlight extends SoloError {
  declare readonly reason: "TOO_MANY_IN_FLIGHT";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOO_MANY_IN_FLIGHT", message, facts, options);
  }
}

/** The caller reads its answers more slowly than they come, and too many bytes wait for it. */
export class CallerTooSlow extends SoloError {
  declare readonly reason: "CALLER_TOO_SLOW";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CALLER_TOO_SLOW", message, facts, options);
  }
}

/** The service has as many HTTP requests open as one may have. */
export class TooManyExchanges extends SoloError {
  declare readonly reason: "TOO_MANY_EXCHANGES";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOO_MANY_EXCHANGES", message, facts, options);
  }
}

/** The service does not serve HTTP. */
export class ServiceHasNoHttp extends SoloError {
  declare readonly reason: "SERVICE_HAS_NO_HTTP";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVICE_HAS_NO_HTTP", message, facts, options);
  }
}

/** The service's fetch threw, or what it or the program sent is no HTTP answer. */
export class FetchFailed extends SoloError {
  declare readonly reason: "FETCH_FAILED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("FETCH_FAILED", message, facts, options);
  }
}

/** The host that a service fetches from leads into a network that services are kept out of. */
export class EgressAddressRefused extends SoloError {
  declare readonly reason: "EGRESS_ADDRESS_REFUSED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("EGRESS_ADDRESS_REFUSED", message, facts, options);
  }
}

/** The host answered with a redirect that is not followed. */
export class EgressRedirected extends SoloError {
  declare readonly reason: "EGRESS_REDIRECTED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("EGRESS_REDIRECTED", message, facts, options);
  }
}

/** What a service sends or fetches is larger than one fetch may carry. */
export class EgressTooLarge extends SoloError {
  declare readonly reason: "EGRESS_TOO_LARGE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("EGRESS_TOO_LARGE", message, facts, options);
  }
}

/** The service, its tenant or the server has as many fetches open as it may. */
export class EgressBusy extends SoloError {
  declare readonly reason: "EGRESS_BUSY";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("EGRESS_BUSY", message, facts, options);
  }
}

/** The host had not answered in full within the time of the fetch. */
export class EgressTimedOut extends SoloError {
  declare readonly reason: "EGRESS_TIMED_OUT";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("EGRESS_TIMED_OUT", message, facts, options);
  }
}

/** The host could not be reached, or did not answer in HTTP. */
export class EgressFailed extends SoloError {
  declare readonly reason: "EGRESS_FAILED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("EGRESS_FAILED", message, facts, options);
  }
}

/** The service has as many timers as one may have. */
export class TooManyTimers extends SoloError {
  declare readonly reason: "TOO_MANY_TIMERS";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOO_MANY_TIMERS", message, facts, options);
  }
}

/** The service's scratch folder holds as many files, or as many bytes, as it may. */
export class ScratchFull extends SoloError {
  declare readonly reason: "SCRATCH_FULL";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SCRATCH_FULL", message, facts, options);
  }
}

/** The disk of the server's data folder has no room for the change. */
export class DiskFull extends SoloError {
  declare readonly reason: "DISK_FULL";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("DISK_FULL", message, facts, options);
  }
}

/** The server runs out of something that all services share, and begins nothing new before it has room again. */
export class ResourcesScarce extends SoloError {
  declare readonly reason: "RESOURCES_SCARCE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("RESOURCES_SCARCE", message, facts, options);
  }
}

/** More changes wait for the disk than the server lets wait. */
export class StorageOverloaded extends SoloError {
  declare readonly reason: "STORAGE_OVERLOADED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("STORAGE_OVERLOADED", message, facts, options);
  }
}

/** The request has more bytes than one may have. */
export class RequestTooLarge extends SoloError {
  declare readonly reason: "REQUEST_TOO_LARGE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("REQUEST_TOO_LARGE", message, facts, options);
  }
}

/** The caller gave the request up before it was answered. */
export class Cancelled extends SoloError {
  declare readonly reason: "CANCELLED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CANCELLED", message, facts, options);
  }
}

/** The server is being stopped and begins nothing new. */
export class ServerStopping extends SoloError {
  declare readonly reason: "SERVER_STOPPING";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVER_STOPPING", message, facts, options);
  }
}

/** The tenant's history has no event of this sequence, or none about that service. */
export class EventNotFound extends SoloError {
  declare readonly reason: "EVENT_NOT_FOUND";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("EVENT_NOT_FOUND", message, facts, options);
  }
}

/** The tamper-evident log of the tenant's history, or the history under it, was changed, so that it does not go on. */
export class ReceiptsBroken extends SoloError {
  declare readonly reason: "RECEIPTS_BROKEN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("RECEIPTS_BROKEN", message, facts, options);
  }
}

/** A service asked for a driver, an operation or a stream that there is not. */
export class DriverNotFound extends SoloError {
  declare readonly reason: "DRIVER_NOT_FOUND";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("DRIVER_NOT_FOUND", message, facts, options);
  }
}

/** A service gave arguments to a driver that it cannot take. */
export class DriverArgumentsInvalid extends SoloError {
  declare readonly reason: "DRIVER_ARGUMENTS_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("DRIVER_ARGUMENTS_INVALID", message, facts, options);
  }
}

/** The driver that a service used was not running at that moment; nothing was done. */
export class DriverUnavailable extends SoloError {
  declare readonly reason: "DRIVER_UNAVAILABLE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("DRIVER_UNAVAILABLE", message, facts, options);
  }
}

/** The driver ended or fell silent in the middle of an operation, so nobody knows whether it was done. */
export class DriverOutcomeUnknown extends SoloError {
  declare readonly reason: "DRIVER_OUTCOME_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("DRIVER_OUTCOME_UNKNOWN", message, facts, options);
  }
}

/** A stream of a driver ended because its service took the items too slowly. */
export class StreamOverrun extends SoloError {
  declare readonly reason: "STREAM_OVERRUN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("STREAM_OVERRUN", message, facts, options);
  }
}

/** The store did not say whether it kept the change. */
export class StorageUnavailable extends SoloError {
  declare readonly reason: "STORAGE_UNAVAILABLE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("STORAGE_UNAVAILABLE", message, facts, options);
  }
}

/** The server made a mistake; its log has the cause under the correlation id. */
export class Internal extends SoloError {
  declare readonly reason: "INTERNAL";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("INTERNAL", message, facts, options);
  }
}

/** The command line is not one that the command understands. */
export class Usage extends SoloError {
  declare readonly reason: "USAGE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("USAGE", message, facts, options);
  }
}

/** A log or a proof does not hold: it, or what it vouches for, was changed, set back or copied in part. */
export class AuditFailed extends SoloError {
  declare readonly reason: "AUDIT_FAILED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("AUDIT_FAILED", message, facts, options);
  }
}

/** No profile folder was found, so it is not known which server to use and as whom. */
export class ProfileNotFound extends SoloError {
  declare readonly reason: "PROFILE_NOT_FOUND";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("PROFILE_NOT_FOUND", message, facts, options);
  }
}

/** A file of the profile folder is missing, cannot be read or is not what it should be. */
export class ProfileInvalid extends SoloError {
  declare readonly reason: "PROFILE_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("PROFILE_INVALID", message, facts, options);
  }
}

/** The folder for a new profile holds one already. */
export class ProfileExists extends SoloError {
  declare readonly reason: "PROFILE_EXISTS";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("PROFILE_EXISTS", message, facts, options);
  }
}

/** A certificate was issued and could not be written to its folder. */
export class ProfileNotWritten extends SoloError {
  declare readonly reason: "PROFILE_NOT_WRITTEN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("PROFILE_NOT_WRITTEN", message, facts, options);
  }
}

/** A file that was named cannot be read. */
export class FileUnreadable extends SoloError {
  declare readonly reason: "FILE_UNREADABLE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("FILE_UNREADABLE", message, facts, options);
  }
}

/** The file is no source by the ending of its name, no bundle, no tarball and no program by how it begins. */
export class FileKindUnknown extends SoloError {
  declare readonly reason: "FILE_KIND_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("FILE_KIND_UNKNOWN", message, facts, options);
  }
}

/** A file that would be written is there already, and nothing of somebody else's is written over. */
export class FileExists extends SoloError {
  declare readonly reason: "FILE_EXISTS";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("FILE_EXISTS", message, facts, options);
  }
}

/** The folder could not be made into a bundle: it has no entry, its code does not compile, or a package it imports is not installed. */
export class BuildFailed extends SoloError {
  declare readonly reason: "BUILD_FAILED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("BUILD_FAILED", message, facts, options);
  }
}

/** An argument of the command line is not JSON. */
export class ArgumentNotJson extends SoloError {
  declare readonly reason: "ARGUMENT_NOT_JSON";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("ARGUMENT_NOT_JSON", message, facts, options);
  }
}

/** No server answered at the profile's address. */
export class ServerUnreachable extends SoloError {
  declare readonly reason: "SERVER_UNREACHABLE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVER_UNREACHABLE", message, facts, options);
  }
}

/** Something answered at the address whose certificate the profile's root has not issued. */
export class ServerNotTrusted extends SoloError {
  declare readonly reason: "SERVER_NOT_TRUSTED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVER_NOT_TRUSTED", message, facts, options);
  }
}

/** Something answered with an error that has none of SOLO's details. */
export class ServerUnknown extends SoloError {
  declare readonly reason: "SERVER_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("SERVER_UNKNOWN", message, facts, options);
  }
}

/** The connection ended before the answer was there, so the message may have had its effect or not. */
export class OutcomeUnknown extends SoloError {
  declare readonly reason: "OUTCOME_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("OUTCOME_UNKNOWN", message, facts, options);
  }
}

/** The time was over before the server answered. */
export class NoAnswerInTime extends SoloError {
  declare readonly reason: "NO_ANSWER_IN_TIME";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("NO_ANSWER_IN_TIME", message, facts, options);
  }
}

/** The request was given up before there was an answer. */
export class Interrupted extends SoloError {
  declare readonly reason: "INTERRUPTED";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("INTERRUPTED", message, facts, options);
  }
}

/** The server's answer lacks what this version needs. */
export class AnswerIncomplete extends SoloError {
  declare readonly reason: "ANSWER_INCOMPLETE";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("ANSWER_INCOMPLETE", message, facts, options);
  }
}

/** There is no tool of this name. */
export class ToolUnknown extends SoloError {
  declare readonly reason: "TOOL_UNKNOWN";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOOL_UNKNOWN", message, facts, options);
  }
}

/** The arguments of a tool are not what its schema says. */
export class ToolArgumentsInvalid extends SoloError {
  declare readonly reason: "TOOL_ARGUMENTS_INVALID";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("TOOL_ARGUMENTS_INVALID", message, facts, options);
  }
}

/** The command itself made a mistake. */
export class CliBug extends SoloError {
  declare readonly reason: "CLI_BUG";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("CLI_BUG", message, facts, options);
  }
}

/** The class of each reason. */
export const errorClasses = {
  CERTIFICATE_MISSING: CertificateMissing,
  CERTIFICATE_UNTRUSTED: CertificateUntrusted,
  CERTIFICATE_EXPIRED: CertificateExpired,
  CERTIFICATE_REVOKED: CertificateRevoked,
  ADMIN_IN_USE: AdminInUse,
  CERTIFICATE_NOT_FOUND: CertificateNotFound,
  CERTIFICATE_NOT_RENEWABLE: CertificateNotRenewable,
  INVITATION_UNKNOWN: InvitationUnknown,
  INVITATION_EXPIRED: InvitationExpired,
  INVITATION_USED: InvitationUsed,
  JOIN_REFUSED: JoinRefused,
  KEY_REFUSED: KeyRefused,
  CERTIFICATE_NOT_YET_VALID: CertificateNotYetValid,
  CERTIFICATE_PURPOSE: CertificatePurpose,
  IDENTITY_MALFORMED: IdentityMalformed,
  TENANT_MISMATCH: TenantMismatch,
  ADMIN_REQUIRED: AdminRequired,
  CAPABILITY_INVALID: CapabilityInvalid,
  CAPABILITY_DENIED: CapabilityDenied,
  CAPABILITY_SPENT: CapabilitySpent,
  CAPABILITY_MALFORMED: CapabilityMalformed,
  CAPABILITY_REQUEST_NOT_FOUND: CapabilityRequestNotFound,
  CAPABILITY_REQUEST_DECIDED: CapabilityRequestDecided,
  CAPABILITY_REQUESTS_FULL: CapabilityRequestsFull,
  CAPABILITY_UNDECIDED: CapabilityUndecided,
  OTHER_TENANT: OtherTenant,
  REQUEST_ID_INVALID: RequestIdInvalid,
  SERVICE_ID_INVALID: ServiceIdInvalid,
  TENANT_INVALID: TenantInvalid,
  METHOD_INVALID: MethodInvalid,
  SOURCE_EMPTY: SourceEmpty,
  SOURCE_NOT_TEXT: SourceNotText,
  MANIFEST_INVALID: ManifestInvalid,
  PAGE_INVALID: PageInvalid,
  CURSOR_INVALID: CursorInvalid,
  WRONG_PROTOCOL: WrongProtocol,
  REQUEST_MALFORMED: RequestMalformed,
  RPC_UNKNOWN: RpcUnknown,
  TOPIC_UNKNOWN: TopicUnknown,
  PATH_UNKNOWN: PathUnknown,
  SESSION_UNKNOWN: SessionUnknown,
  ORIGIN_REFUSED: OriginRefused,
  ARGUMENTS_NOT_JSON: ArgumentsNotJson,
  ARGUMENTS_INVALID: ArgumentsInvalid,
  SIGNATURE_REQUIRED: SignatureRequired,
  SIGNATURE_INVALID: SignatureInvalid,
  SERVICE_NOT_FOUND: ServiceNotFound,
  METHOD_NOT_FOUND: MethodNotFound,
  SERVICE_EXISTS: ServiceExists,
  REQUEST_ID_REUSED: RequestIdReused,
  SERVICE_NOT_RUNNING: ServiceNotRunning,
  SERVICE_BUSY: ServiceBusy,
  ARTIFACT_INVALID: ArtifactInvalid,
  PROGRAM_NOT_ALLOWED: ProgramNotAllowed,
  COMPILE_FAILED: CompileFailed,
  START_FAILED: StartFailed,
  START_TIMED_OUT: StartTimedOut,
  LIMIT_NOT_ENFORCEABLE: LimitNotEnforceable,
  LIMIT_REACHED: LimitReached,
  SERVICE_DIED: ServiceDied,
  REPLY_INVALID: ReplyInvalid,
  REPLY_NOT_JSON: ReplyNotJson,
  CALL_TIMED_OUT: CallTimedOut,
  VAULT_SEALED: VaultSealed,
  VAULT_DAMAGED: VaultDamaged,
  UNSEAL_REFUSED: UnsealRefused,
  SECRET_NOT_FOUND: SecretNotFound,
  SECRET_INVALID: SecretInvalid,
  QUOTA_INVALID: QuotaInvalid,
  QUOTA_EXCEEDED: QuotaExceeded,
  CAPACITY_PROMISED: CapacityPromised,
  TOO_MANY_CALLS: TooManyCalls,
  TOO_MANY_UPLOADS: TooManyUploads,
  TOO_MANY_CONNECTIONS: TooManyConnections,
  SERVER_OVERLOADED: ServerOverloaded,
  CIRCUIT_OPEN: CircuitOpen,
  SOURCE_TOO_LARGE: SourceTooLarge,
  MESSAGE_TOO_LARGE: MessageTooLarge,
  MAILBOX_FULL: MailboxFull,
  TOO_MANY_IN_FLIGHT: TooManyInFlight,
  CALLER_TOO_SLOW: CallerTooSlow,
  TOO_MANY_EXCHANGES: TooManyExchanges,
  SERVICE_HAS_NO_HTTP: ServiceHasNoHttp,
  FETCH_FAILED: FetchFailed,
  EGRESS_ADDRESS_REFUSED: EgressAddressRefused,
  EGRESS_REDIRECTED: EgressRedirected,
  EGRESS_TOO_LARGE: EgressTooLarge,
  EGRESS_BUSY: EgressBusy,
  EGRESS_TIMED_OUT: EgressTimedOut,
  EGRESS_FAILED: EgressFailed,
  TOO_MANY_TIMERS: TooManyTimers,
  SCRATCH_FULL: ScratchFull,
  DISK_FULL: DiskFull,
  RESOURCES_SCARCE: ResourcesScarce,
  STORAGE_OVERLOADED: StorageOverloaded,
  REQUEST_TOO_LARGE: RequestTooLarge,
  CANCELLED: Cancelled,
  SERVER_STOPPING: ServerStopping,
  EVENT_NOT_FOUND: EventNotFound,
  RECEIPTS_BROKEN: ReceiptsBroken,
  DRIVER_NOT_FOUND: DriverNotFound,
  DRIVER_ARGUMENTS_INVALID: DriverArgumentsInvalid,
  DRIVER_UNAVAILABLE: DriverUnavailable,
  DRIVER_OUTCOME_UNKNOWN: DriverOutcomeUnknown,
  STREAM_OVERRUN: StreamOverrun,
  STORAGE_UNAVAILABLE: StorageUnavailable,
  INTERNAL: Internal,
  USAGE: Usage,
  AUDIT_FAILED: AuditFailed,
  PROFILE_NOT_FOUND: ProfileNotFound,
  PROFILE_INVALID: ProfileInvalid,
  PROFILE_EXISTS: ProfileExists,
  PROFILE_NOT_WRITTEN: ProfileNotWritten,
  FILE_UNREADABLE: FileUnreadable,
  FILE_KIND_UNKNOWN: FileKindUnknown,
  FILE_EXISTS: FileExists,
  BUILD_FAILED: BuildFailed,
  ARGUMENT_NOT_JSON: ArgumentNotJson,
  SERVER_UNREACHABLE: ServerUnreachable,
  SERVER_NOT_TRUSTED: ServerNotTrusted,
  SERVER_UNKNOWN: ServerUnknown,
  OUTCOME_UNKNOWN: OutcomeUnknown,
  NO_ANSWER_IN_TIME: NoAnswerInTime,
  INTERRUPTED: Interrupted,
  ANSWER_INCOMPLETE: AnswerIncomplete,
  TOOL_UNKNOWN: ToolUnknown,
  TOOL_ARGUMENTS_INVALID: ToolArgumentsInvalid,
  CLI_BUG: CliBug,
} as const satisfies Readonly<Partial<Record<AnyReason, ErrorClass>>>;

/** Makes an error of one reason. */
export type ErrorClass = new (message: string, facts?: ErrorFacts, options?: ErrorOptions) => SoloError;
