// Made by `npm run generate` from the comments of the proto. Do not edit.
import type { EnumDoc, MessageDoc, MethodDoc } from "../method-doc.ts";

/** Every method of the API. */
export const methods = {
  "CapabilityService/GrantCapability": {
    "doc": "Hands on a part of what the caller holds to another key; an administrator grants anything in any tenant.",
    "request": "GrantCapabilityRequest",
    "response": "GrantCapabilityResponse",
    "streams": false
  },
  "CapabilityService/RevokeCapability": {
    "doc": "Takes back a capability and everything below it. When it answers, nothing of that begins any more.",
    "request": "RevokeCapabilityRequest",
    "response": "RevokeCapabilityResponse",
    "streams": false
  },
  "CapabilityService/RotateKey": {
    "doc": "Goes on with a new key for what is issued in the tenant. For administrators.",
    "request": "RotateKeyRequest",
    "response": "RotateKeyResponse",
    "streams": false
  },
  "CapabilityService/RenounceCapability": {
    "doc": "Takes back what is the caller's own, or was made below it, whatever else the caller may do.",
    "request": "RenounceCapabilityRequest",
    "response": "RenounceCapabilityResponse",
    "streams": false
  },
  "CapabilityService/ListCapabilities": {
    "doc": "Shows what was issued in the tenant and has not expired, newest first.",
    "request": "ListCapabilitiesRequest",
    "response": "ListCapabilitiesResponse",
    "streams": false
  },
  "CapabilityService/PresentCapability": {
    "doc": "Takes up a capability for this connection, so that calls name it by a number in the metadata `solo-capability`.",
    "request": "PresentCapabilityRequest",
    "response": "PresentCapabilityResponse",
    "streams": false
  },
  "CapabilityService/ExplainCapability": {
    "doc": "Says what each link of the caller's capability says to a request, and uses up nothing.",
    "request": "ExplainCapabilityRequest",
    "response": "ExplainCapabilityResponse",
    "streams": false
  },
  "CapabilityService/RequestCapability": {
    "doc": "Asks for grants that somebody else decides on.",
    "request": "RequestCapabilityRequest",
    "response": "RequestCapabilityResponse",
    "streams": false
  },
  "CapabilityService/ListCapabilityRequests": {
    "doc": "Shows one's own requests, or with the ability to approve those of the tenant, newest first.",
    "request": "ListCapabilityRequestsRequest",
    "response": "ListCapabilityRequestsResponse",
    "streams": false
  },
  "CapabilityService/DecideCapabilityRequest": {
    "doc": "Grants a request out of what the caller holds, or refuses it.",
    "request": "DecideCapabilityRequestRequest",
    "response": "DecideCapabilityRequestResponse",
    "streams": false
  },
  "CertificateService/Issue": {
    "doc": "Makes a client certificate of a tenant, with a new key or for a key that the caller names. Whoever may do everything as an\nadministrator may give the new identity all of its tenant; anybody else no more than a part of what it holds itself.",
    "request": "IssueRequest",
    "response": "IssueResponse",
    "streams": false
  },
  "CertificateService/Renew": {
    "doc": "Makes a fresh certificate for the same key and name, for whoever holds a valid one. Best when two thirds of its life are over.",
    "request": "RenewRequest",
    "response": "RenewResponse",
    "streams": false
  },
  "CertificateService/Invite": {
    "doc": "Makes a one-time code by which a client on another machine gets its first certificate, without its key ever leaving it.",
    "request": "InviteRequest",
    "response": "InviteResponse",
    "streams": false
  },
  "CertificateService/Join": {
    "doc": "Gives a client its first certificate in exchange for a code. The one method that is answered without a certificate.",
    "request": "JoinRequest",
    "response": "JoinResponse",
    "streams": false
  },
  "CertificateService/ListCertificates": {
    "doc": "Certificates of a tenant that have not expired, the newest first.",
    "request": "ListCertificatesRequest",
    "response": "ListCertificatesResponse",
    "streams": false
  },
  "CertificateService/RevokeCertificate": {
    "doc": "Takes certificates back for good, with their keys: their open connections and streams end at once, on every face of the\nserver, and no new one is accepted.",
    "request": "RevokeCertificateRequest",
    "response": "RevokeCertificateResponse",
    "streams": false
  },
  "EventService/ListEvents": {
    "doc": "One page, oldest first.",
    "request": "ListEventsRequest",
    "response": "ListEventsResponse",
    "streams": false
  },
  "EventService/TailEvents": {
    "doc": "What is recorded after the cursor, then what follows, without a gap, until cancelled.",
    "request": "TailEventsRequest",
    "response": "TailEventsResponse",
    "streams": true
  },
  "EventService/GetCheckpoint": {
    "doc": "The newest signed checkpoint of the tenant's tamper-evident log, which covers all that is recorded when it is asked for.\nWhoever keeps it can show later that the history was changed or set back.",
    "request": "GetCheckpointRequest",
    "response": "GetCheckpointResponse",
    "streams": false
  },
  "EventService/GetProof": {
    "doc": "A proof that one event is in that log, to be kept and checked without the server.",
    "request": "GetProofRequest",
    "response": "GetProofResponse",
    "streams": false
  },
  "DeploymentService/Deploy": {
    "doc": "Starts a service and answers when `init` has returned, or fails with the reason. The id must be free or killed.",
    "request": "DeployRequest",
    "response": "DeployResponse",
    "streams": false
  },
  "DeploymentService/Status": {
    "doc": "Shows one service.",
    "request": "StatusRequest",
    "response": "StatusResponse",
    "streams": false
  },
  "DeploymentService/Kill": {
    "doc": "Ends a service for good: in order, or at once with `force`. Answers when nothing of it is left.",
    "request": "KillRequest",
    "response": "KillResponse",
    "streams": false
  },
  "DeploymentService/Restart": {
    "doc": "Stops a service if it runs and starts the same version again, with a fresh restart budget.",
    "request": "RestartRequest",
    "response": "RestartResponse",
    "streams": false
  },
  "DeploymentService/List": {
    "doc": "Shows the tenant's services in order of their id.",
    "request": "ListRequest",
    "response": "ListResponse",
    "streams": false
  },
  "DeploymentService/Logs": {
    "doc": "Log lines of one service, oldest first; with `follow`, then live ones until cancelled.",
    "request": "LogsRequest",
    "response": "LogsResponse",
    "streams": true
  },
  "DeploymentService/Watch": {
    "doc": "Events, log lines and usage of one service, or of all of the tenant, live until cancelled.",
    "request": "WatchRequest",
    "response": "WatchResponse",
    "streams": true
  },
  "DeploymentService/GetSigning": {
    "doc": "Says whether the tenant takes signed artifacts only.",
    "request": "GetSigningRequest",
    "response": "GetSigningResponse",
    "streams": false
  },
  "DeploymentService/SetSigning": {
    "doc": "Changes that; for administrators. What runs is left alone.",
    "request": "SetSigningRequest",
    "response": "SetSigningResponse",
    "streams": false
  },
  "KernelService/Help": {
    "doc": "Explains the reason of an error, a method or a page of the documentation; without a topic, lists them all. For everybody.",
    "request": "HelpRequest",
    "response": "HelpResponse",
    "streams": false
  },
  "KernelService/Shutdown": {
    "doc": "Stops in order and ends the server process. Answers before it begins.",
    "request": "ShutdownRequest",
    "response": "ShutdownResponse",
    "streams": false
  },
  "KernelService/Doctor": {
    "doc": "Says what this host enforces, what it cannot, and what would give more.",
    "request": "DoctorRequest",
    "response": "DoctorResponse",
    "streams": false
  },
  "KernelService/GetMetrics": {
    "doc": "What the server counts and measures of itself and its host, for Prometheus; over HTTP `GET /metrics`. No tenant is named in it.",
    "request": "GetMetricsRequest",
    "response": "GetMetricsResponse",
    "streams": false
  },
  "MessagingService/Call": {
    "doc": "Asks and waits for the answer. The deadline of the RPC (default 30 s) is handed on, less the time used.",
    "request": "CallRequest",
    "response": "CallResponse",
    "streams": false
  },
  "MessagingService/Cast": {
    "doc": "Tells, and answers as soon as the service's mailbox has it.",
    "request": "CastRequest",
    "response": "CastResponse",
    "streams": false
  },
  "MessagingService/Session": {
    "doc": "Many calls and casts over one stream, each authorised, bounded in time and answered as over an RPC of its own, in the\norder in which the answers come.\n\nThe first response says how many items may be without an answer at a time; until it is there, 64 may. More end the stream\nwith TOO_MANY_IN_FLIGHT. Who ends its side gets every answer that is still out, then the stream's end. Whatever else ends the\nstream leaves each item without an answer unknown: it may have had its effect.",
    "request": "SessionRequest",
    "response": "SessionResponse",
    "streams": true
  },
  "QuotaService/GetQuota": {
    "doc": "Shows a tenant's limits, used against allowed.",
    "request": "GetQuotaRequest",
    "response": "GetQuotaResponse",
    "streams": false
  },
  "QuotaService/SetQuota": {
    "doc": "Changes limits of a tenant. For administrators. What it has beyond a new limit is left alone; only what is new is refused.",
    "request": "SetQuotaRequest",
    "response": "SetQuotaResponse",
    "streams": false
  },
  "VaultService/StoreSecret": {
    "doc": "Gives a secret its next version; makes it where there was none.",
    "request": "StoreSecretRequest",
    "response": "StoreSecretResponse",
    "streams": false
  },
  "VaultService/FetchSecret": {
    "doc": "Hands out a secret, with a lease that ends no later than the capability. Each time is recorded.",
    "request": "FetchSecretRequest",
    "response": "FetchSecretResponse",
    "streams": false
  },
  "VaultService/ListSecrets": {
    "doc": "One page of names and versions, in order of the names.",
    "request": "ListSecretsRequest",
    "response": "ListSecretsResponse",
    "streams": false
  },
  "VaultService/RotateSecret": {
    "doc": "Gives a secret that there is its next version: a given one, or one that the server makes up.",
    "request": "RotateSecretRequest",
    "response": "RotateSecretResponse",
    "streams": false
  },
  "VaultService/RemoveSecret": {
    "doc": "Removes one version of a secret, or all of it.",
    "request": "RemoveSecretRequest",
    "response": "RemoveSecretResponse",
    "streams": false
  },
  "VaultService/ChangeKey": {
    "doc": "Makes a new key for the tenant's secrets, wraps all of them by it and forgets the keys before.",
    "request": "ChangeKeyRequest",
    "response": "ChangeKeyResponse",
    "streams": false
  },
  "VaultService/Unseal": {
    "doc": "Takes the root key into memory. For administrators.",
    "request": "UnsealRequest",
    "response": "UnsealResponse",
    "streams": false
  },
  "VaultService/Seal": {
    "doc": "Forgets all keys: no secret can be read until it is unsealed. For administrators.",
    "request": "SealRequest",
    "response": "SealResponse",
    "streams": false
  },
  "VaultService/VaultStatus": {
    "doc": "Whether the vault is sealed, and how much of the tenant's is in it.",
    "request": "VaultStatusRequest",
    "response": "VaultStatusResponse",
    "streams": false
  }
} as const satisfies Readonly<Record<string, MethodDoc>>;

/** The name of a method, such as `DeploymentService/Deploy`. */
export type Method = keyof typeof methods;

/** Every message of the API. */
export const messages = {
  "Capability": {
    "doc": "A capability that was issued.",
    "fields": [
      {
        "name": "cid",
        "jsonName": "cid",
        "type": "string",
        "doc": "Names it; what it is revoked by."
      },
      {
        "name": "holder",
        "jsonName": "holder",
        "type": "string",
        "doc": "Thumbprint of the key that it is for (RFC 7638), or the SHA-256 of a certificate."
      },
      {
        "name": "label",
        "jsonName": "label",
        "type": "string",
        "doc": ""
      },
      {
        "name": "grants",
        "jsonName": "grants",
        "type": "repeated string",
        "doc": ""
      },
      {
        "name": "issued_at",
        "jsonName": "issuedAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "expires_at",
        "jsonName": "expiresAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "standing",
        "jsonName": "standing",
        "type": "bool",
        "doc": "Its holder needs not name it."
      },
      {
        "name": "revoked",
        "jsonName": "revoked",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "parents",
        "jsonName": "parents",
        "type": "repeated string",
        "doc": "Those that it is a part of."
      }
    ]
  },
  "GrantCapabilityRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "holder",
        "jsonName": "holder",
        "type": "string",
        "doc": "Whom it is for: `jkt:THUMBPRINT`, a key of any type by its RFC 7638 thumbprint, as a client certificate has it; or `key:X`, an\nEd25519 key by its 32 bytes in base64url, whose holder can hand it on without asking anybody."
      },
      {
        "name": "grants",
        "jsonName": "grants",
        "type": "repeated string",
        "doc": "1 to 16."
      },
      {
        "name": "lifetime_seconds",
        "jsonName": "lifetimeSeconds",
        "type": "uint32",
        "doc": "Seconds from now on; never longer than what it is a part of. Default 3,600."
      },
      {
        "name": "label",
        "jsonName": "label",
        "type": "string",
        "doc": "For people and audits."
      },
      {
        "name": "standing",
        "jsonName": "standing",
        "type": "bool",
        "doc": "The holder needs not name it: it is looked at in calls that name none."
      },
      {
        "name": "depth",
        "jsonName": "depth",
        "type": "uint32",
        "doc": "Links that may follow it, 0 to 7. Default: as many as can."
      }
    ]
  },
  "GrantCapabilityResponse": {
    "doc": "",
    "fields": [
      {
        "name": "capability",
        "jsonName": "capability",
        "type": "Capability",
        "doc": ""
      },
      {
        "name": "bundle",
        "jsonName": "bundle",
        "type": "string",
        "doc": "The token. Worth nothing to who does not hold the key."
      }
    ]
  },
  "RotateKeyRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": "Whose capabilities the key signs; `kernel` for those of administrators."
      },
      {
        "name": "withdraw",
        "jsonName": "withdraw",
        "type": "bool",
        "doc": "The key before was stolen: all that it has signed ends at once. Otherwise that stays good until it expires. Not for `kernel`."
      },
      {
        "name": "voucher",
        "jsonName": "voucher",
        "type": "bool",
        "doc": "The server's own key in place of a tenant's: it signs what the server hands on in callers' places, such as what a service may do.\nWithdrawn, all of that has ended: services are deployed and agents granted to again. `tenant` is not looked at then."
      }
    ]
  },
  "RotateKeyResponse": {
    "doc": "",
    "fields": [
      {
        "name": "kid",
        "jsonName": "kid",
        "type": "string",
        "doc": "Thumbprint of the key that signs from now on. Empty when it was only validated."
      },
      {
        "name": "previous_kid",
        "jsonName": "previousKid",
        "type": "string",
        "doc": "Of the key before."
      }
    ]
  },
  "RevokeCapabilityRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "cid",
        "jsonName": "cid",
        "type": "string",
        "doc": "A link and everything below it."
      },
      {
        "name": "children_of",
        "jsonName": "childrenOf",
        "type": "string",
        "doc": "Everything below a link, not the link itself."
      },
      {
        "name": "holder",
        "jsonName": "holder",
        "type": "string",
        "doc": "Everything for a key, by its thumbprint, and everything below that."
      },
      {
        "name": "everything",
        "jsonName": "everything",
        "type": "bool",
        "doc": "All that was ever issued in the tenant, standing capabilities of its identities too."
      },
      {
        "name": "reason",
        "jsonName": "reason",
        "type": "string",
        "doc": "For the audit."
      }
    ]
  },
  "RevokeCapabilityResponse": {
    "doc": "",
    "fields": []
  },
  "RenounceCapabilityRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "bundle",
        "jsonName": "bundle",
        "type": "string",
        "doc": "The capability, from its root down to the link that is to end."
      },
      {
        "name": "reason",
        "jsonName": "reason",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "RenounceCapabilityResponse": {
    "doc": "",
    "fields": [
      {
        "name": "cid",
        "jsonName": "cid",
        "type": "string",
        "doc": "Of the link that has ended."
      }
    ]
  },
  "ListCapabilitiesRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "ListCapabilitiesResponse": {
    "doc": "",
    "fields": [
      {
        "name": "capabilities",
        "jsonName": "capabilities",
        "type": "repeated Capability",
        "doc": ""
      }
    ]
  },
  "PresentCapabilityRequest": {
    "doc": "",
    "fields": [
      {
        "name": "bundle",
        "jsonName": "bundle",
        "type": "string",
        "doc": ""
      },
      {
        "name": "proof",
        "jsonName": "proof",
        "type": "string",
        "doc": "`solo-pop+jwt` by the capability's key over this connection's exporter; empty where that key is the certificate's."
      }
    ]
  },
  "PresentCapabilityResponse": {
    "doc": "",
    "fields": [
      {
        "name": "handle",
        "jsonName": "handle",
        "type": "uint32",
        "doc": "Good on this connection only."
      }
    ]
  },
  "ExplainCapabilityRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "ability",
        "jsonName": "ability",
        "type": "string",
        "doc": "Such as `svc/call`."
      },
      {
        "name": "resource",
        "jsonName": "resource",
        "type": "string",
        "doc": "Below the tenant, such as `svc/counter`."
      }
    ]
  },
  "ExplainCapabilityResponse": {
    "doc": "",
    "fields": [
      {
        "name": "allowed",
        "jsonName": "allowed",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "reason",
        "jsonName": "reason",
        "type": "string",
        "doc": "Why not; empty where it is allowed."
      },
      {
        "name": "grants",
        "jsonName": "grants",
        "type": "repeated ExplainedGrant",
        "doc": "One line for each grant of each link of each capability looked at."
      }
    ]
  },
  "ExplainedGrant": {
    "doc": "",
    "fields": [
      {
        "name": "cid",
        "jsonName": "cid",
        "type": "string",
        "doc": "Of the link."
      },
      {
        "name": "link",
        "jsonName": "link",
        "type": "uint32",
        "doc": "Its place, the root being 0."
      },
      {
        "name": "label",
        "jsonName": "label",
        "type": "string",
        "doc": ""
      },
      {
        "name": "resource",
        "jsonName": "resource",
        "type": "string",
        "doc": ""
      },
      {
        "name": "abilities",
        "jsonName": "abilities",
        "type": "repeated string",
        "doc": ""
      },
      {
        "name": "objection",
        "jsonName": "objection",
        "type": "string",
        "doc": "Why it does not cover the request, such as `CAP_CAVEAT`; empty where it does."
      },
      {
        "name": "caveat",
        "jsonName": "caveat",
        "type": "string",
        "doc": "The caveat that says so."
      }
    ]
  },
  "CapabilityRequest": {
    "doc": "A wish that somebody decides on.",
    "fields": [
      {
        "name": "id",
        "jsonName": "id",
        "type": "string",
        "doc": ""
      },
      {
        "name": "state",
        "jsonName": "state",
        "type": "CapabilityRequestState",
        "doc": ""
      },
      {
        "name": "spiffe_id",
        "jsonName": "spiffeId",
        "type": "string",
        "doc": "Who asks."
      },
      {
        "name": "grants",
        "jsonName": "grants",
        "type": "repeated string",
        "doc": ""
      },
      {
        "name": "lifetime_seconds",
        "jsonName": "lifetimeSeconds",
        "type": "uint32",
        "doc": ""
      },
      {
        "name": "reason",
        "jsonName": "reason",
        "type": "string",
        "doc": ""
      },
      {
        "name": "requested_at",
        "jsonName": "requestedAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "decided_at",
        "jsonName": "decidedAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "decided_by",
        "jsonName": "decidedBy",
        "type": "string",
        "doc": ""
      },
      {
        "name": "answer",
        "jsonName": "answer",
        "type": "string",
        "doc": "What was said when it was decided."
      },
      {
        "name": "cid",
        "jsonName": "cid",
        "type": "string",
        "doc": "What was granted."
      }
    ]
  },
  "RequestCapabilityRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "grants",
        "jsonName": "grants",
        "type": "repeated string",
        "doc": "1 to 16."
      },
      {
        "name": "lifetime_seconds",
        "jsonName": "lifetimeSeconds",
        "type": "uint32",
        "doc": "Default 3,600."
      },
      {
        "name": "reason",
        "jsonName": "reason",
        "type": "string",
        "doc": "For whoever decides."
      }
    ]
  },
  "RequestCapabilityResponse": {
    "doc": "",
    "fields": [
      {
        "name": "request",
        "jsonName": "request",
        "type": "CapabilityRequest",
        "doc": ""
      }
    ]
  },
  "ListCapabilityRequestsRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "all",
        "jsonName": "all",
        "type": "bool",
        "doc": "Those of the whole tenant, for who may decide; otherwise one's own."
      }
    ]
  },
  "ListCapabilityRequestsResponse": {
    "doc": "",
    "fields": [
      {
        "name": "requests",
        "jsonName": "requests",
        "type": "repeated CapabilityRequest",
        "doc": ""
      }
    ]
  },
  "DecideCapabilityRequestRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "id",
        "jsonName": "id",
        "type": "string",
        "doc": ""
      },
      {
        "name": "grant",
        "jsonName": "grant",
        "type": "bool",
        "doc": "Otherwise it is refused."
      },
      {
        "name": "answer",
        "jsonName": "answer",
        "type": "string",
        "doc": "What the one who asked is told."
      }
    ]
  },
  "DecideCapabilityRequestResponse": {
    "doc": "",
    "fields": [
      {
        "name": "request",
        "jsonName": "request",
        "type": "CapabilityRequest",
        "doc": ""
      }
    ]
  },
  "Certificate": {
    "doc": "A client certificate that this server has issued.",
    "fields": [
      {
        "name": "serial_number",
        "jsonName": "serialNumber",
        "type": "string",
        "doc": "Hexadecimal, upper case."
      },
      {
        "name": "fingerprint",
        "jsonName": "fingerprint",
        "type": "string",
        "doc": "SHA-256 of the certificate, base64url: the `x5t#S256` of RFC 8705."
      },
      {
        "name": "key_thumbprint",
        "jsonName": "keyThumbprint",
        "type": "string",
        "doc": "RFC 7638 thumbprint of its key: the same after a renewal. Capabilities are bound to it."
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "holder",
        "jsonName": "holder",
        "type": "string",
        "doc": ""
      },
      {
        "name": "spiffe_id",
        "jsonName": "spiffeId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "issued_at",
        "jsonName": "issuedAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "expires_at",
        "jsonName": "expiresAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "revoked_at",
        "jsonName": "revokedAt",
        "type": "google.protobuf.Timestamp",
        "doc": "Absent while it is good."
      },
      {
        "name": "revocation_reason",
        "jsonName": "revocationReason",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "ListCertificatesRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": "Default: the caller's own."
      },
      {
        "name": "holder",
        "jsonName": "holder",
        "type": "string",
        "doc": "Only of this holder."
      },
      {
        "name": "page_size",
        "jsonName": "pageSize",
        "type": "uint32",
        "doc": "1 to 1000; 0 for 100."
      },
      {
        "name": "page_token",
        "jsonName": "pageToken",
        "type": "string",
        "doc": "`next_page_token` of the page before."
      }
    ]
  },
  "ListCertificatesResponse": {
    "doc": "",
    "fields": [
      {
        "name": "certificates",
        "jsonName": "certificates",
        "type": "repeated Certificate",
        "doc": ""
      },
      {
        "name": "next_page_token",
        "jsonName": "nextPageToken",
        "type": "string",
        "doc": "Empty on the last page."
      }
    ]
  },
  "RevokeCertificateRequest": {
    "doc": "Names certificates by exactly one of `serial_number`, `fingerprint` and `holder`.",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": "Default: the caller's own."
      },
      {
        "name": "serial_number",
        "jsonName": "serialNumber",
        "type": "string",
        "doc": "This certificate and every other one of the same key, which are its renewals."
      },
      {
        "name": "fingerprint",
        "jsonName": "fingerprint",
        "type": "string",
        "doc": "The same, by SHA-256 of the certificate: base64url, or hexadecimal with or without colons."
      },
      {
        "name": "holder",
        "jsonName": "holder",
        "type": "string",
        "doc": "All certificates of a holder."
      },
      {
        "name": "reason",
        "jsonName": "reason",
        "type": "string",
        "doc": "For the record, at most 200 characters."
      }
    ]
  },
  "RevokeCertificateResponse": {
    "doc": "",
    "fields": [
      {
        "name": "certificates",
        "jsonName": "certificates",
        "type": "repeated Certificate",
        "doc": "As they are now."
      }
    ]
  },
  "IssueRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": "Same form as a service id."
      },
      {
        "name": "holder",
        "jsonName": "holder",
        "type": "string",
        "doc": "Who will hold it, same form as a service id. Default `agent`."
      },
      {
        "name": "key_type",
        "jsonName": "keyType",
        "type": "KeyType",
        "doc": "Of the key that is made."
      },
      {
        "name": "public_key_pem",
        "jsonName": "publicKeyPem",
        "type": "string",
        "doc": "A public key (SPKI) or a certificate request (PKCS #10), PEM, P-256 or Ed25519, in place of a key that is made: its holder\nkeeps the private key. Of a request only the key is used. It must be in no other certificate."
      },
      {
        "name": "grants",
        "jsonName": "grants",
        "type": "repeated string",
        "doc": "What the new identity may do by itself, each as in a manifest: \"kv/read,kv/write on kv/carts/**\". Left out: all of its\ntenant when an administrator issues it, nothing when anybody else does."
      },
      {
        "name": "no_authority",
        "jsonName": "noAuthority",
        "type": "bool",
        "doc": "It may do nothing by itself."
      }
    ]
  },
  "RenewRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      }
    ]
  },
  "RenewResponse": {
    "doc": "",
    "fields": [
      {
        "name": "certificate_chain_pem",
        "jsonName": "certificateChainPem",
        "type": "string",
        "doc": "Leaf and intermediate, PEM."
      },
      {
        "name": "root_pem",
        "jsonName": "rootPem",
        "type": "string",
        "doc": "Root, PEM."
      },
      {
        "name": "spiffe_id",
        "jsonName": "spiffeId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "expires_at",
        "jsonName": "expiresAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      }
    ]
  },
  "InviteRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": "Same form as a service id."
      },
      {
        "name": "holder",
        "jsonName": "holder",
        "type": "string",
        "doc": "Who will hold the certificate, same form as a service id. Default `agent`."
      },
      {
        "name": "grants",
        "jsonName": "grants",
        "type": "repeated string",
        "doc": "As in IssueRequest."
      },
      {
        "name": "no_authority",
        "jsonName": "noAuthority",
        "type": "bool",
        "doc": "As in IssueRequest."
      }
    ]
  },
  "InviteResponse": {
    "doc": "",
    "fields": [
      {
        "name": "code",
        "jsonName": "code",
        "type": "string",
        "doc": "One word: a secret of 128 bits and the fingerprint of the server's root. The server keeps a hash of the secret only."
      },
      {
        "name": "expires_at",
        "jsonName": "expiresAt",
        "type": "google.protobuf.Timestamp",
        "doc": "10 minutes from now."
      },
      {
        "name": "spiffe_id",
        "jsonName": "spiffeId",
        "type": "string",
        "doc": "Of who joins."
      }
    ]
  },
  "JoinRequest": {
    "doc": "Has no request id: the same key that comes again with the same code, before the code's time is over, gets the same answer.",
    "fields": [
      {
        "name": "code",
        "jsonName": "code",
        "type": "string",
        "doc": "As it was invited with."
      },
      {
        "name": "public_key_pem",
        "jsonName": "publicKeyPem",
        "type": "string",
        "doc": "A certificate request (PKCS #10) or public key (SPKI), PEM, P-256 or Ed25519."
      }
    ]
  },
  "JoinResponse": {
    "doc": "",
    "fields": [
      {
        "name": "certificate_chain_pem",
        "jsonName": "certificateChainPem",
        "type": "string",
        "doc": "Leaf and intermediate, PEM."
      },
      {
        "name": "root_pem",
        "jsonName": "rootPem",
        "type": "string",
        "doc": "Root, PEM."
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "spiffe_id",
        "jsonName": "spiffeId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "expires_at",
        "jsonName": "expiresAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      }
    ]
  },
  "IssueResponse": {
    "doc": "",
    "fields": [
      {
        "name": "certificate_chain_pem",
        "jsonName": "certificateChainPem",
        "type": "string",
        "doc": "Leaf and intermediate, PEM."
      },
      {
        "name": "private_key_pem",
        "jsonName": "privateKeyPem",
        "type": "string",
        "doc": "PKCS #8, PEM. Kept with the answer for 24 hours, then nowhere on the server. Empty where the request named a public key."
      },
      {
        "name": "root_pem",
        "jsonName": "rootPem",
        "type": "string",
        "doc": "Root, PEM."
      },
      {
        "name": "spiffe_id",
        "jsonName": "spiffeId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "expires_at",
        "jsonName": "expiresAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      }
    ]
  },
  "Event": {
    "doc": "One recorded fact.",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "sequence",
        "jsonName": "sequence",
        "type": "uint64",
        "doc": "Dense per tenant, from 1."
      },
      {
        "name": "at",
        "jsonName": "at",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "type",
        "jsonName": "type",
        "type": "string",
        "doc": "Such as `service.deployed`, `service.started`, `service.crashed`, `authority.denied`."
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": "Empty when the event is not about one service."
      },
      {
        "name": "causation_sequence",
        "jsonName": "causationSequence",
        "type": "uint64",
        "doc": "Sequence of the event that made this one happen, in the same tenant; 0 when there is none."
      },
      {
        "name": "correlation_id",
        "jsonName": "correlationId",
        "type": "string",
        "doc": "Shared by all that one request caused."
      },
      {
        "name": "actor",
        "jsonName": "actor",
        "type": "string",
        "doc": "Who asked, as a SPIFFE id; `kernel` for what the kernel did by itself."
      },
      {
        "name": "data_json",
        "jsonName": "dataJson",
        "type": "string",
        "doc": "The facts of this type of event as a JSON object."
      },
      {
        "name": "cursor",
        "jsonName": "cursor",
        "type": "string",
        "doc": "Hand back as `after` to go on behind this event."
      }
    ]
  },
  "ListEventsRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "after",
        "jsonName": "after",
        "type": "string",
        "doc": "Empty: from the beginning."
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": "Empty: all services."
      },
      {
        "name": "page_size",
        "jsonName": "pageSize",
        "type": "uint32",
        "doc": "1 to 1,000. Default 100."
      }
    ]
  },
  "ListEventsResponse": {
    "doc": "",
    "fields": [
      {
        "name": "events",
        "jsonName": "events",
        "type": "repeated Event",
        "doc": ""
      },
      {
        "name": "next_cursor",
        "jsonName": "nextCursor",
        "type": "string",
        "doc": "Go on from here; equals the request's `after` when there was nothing."
      },
      {
        "name": "more",
        "jsonName": "more",
        "type": "bool",
        "doc": "More is recorded behind `next_cursor`."
      }
    ]
  },
  "TailEventsRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "after",
        "jsonName": "after",
        "type": "string",
        "doc": "Empty: from the beginning."
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": "Empty: all services."
      },
      {
        "name": "only_new",
        "jsonName": "onlyNew",
        "type": "bool",
        "doc": "Begin at the present end; `after` must be empty."
      }
    ]
  },
  "GetCheckpointRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "GetCheckpointResponse": {
    "doc": "",
    "fields": [
      {
        "name": "checkpoint",
        "jsonName": "checkpoint",
        "type": "string",
        "doc": "A signed note (C2SP tlog-checkpoint); empty when nothing is recorded yet."
      },
      {
        "name": "verifier",
        "jsonName": "verifier",
        "type": "string",
        "doc": "The key that checks it, as one line (C2SP signed-note)."
      },
      {
        "name": "folder",
        "jsonName": "folder",
        "type": "string",
        "doc": "Where the log's files are on the server; empty for callers that are no operators."
      }
    ]
  },
  "GetProofRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "sequence",
        "jsonName": "sequence",
        "type": "uint64",
        "doc": "Sequence of the event."
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": "The service that the event is about, for callers who may read of that alone; empty for who may read the whole history."
      }
    ]
  },
  "GetProofResponse": {
    "doc": "",
    "fields": [
      {
        "name": "proof",
        "jsonName": "proof",
        "type": "string",
        "doc": "The event as it is in the log, its place there, and a signed checkpoint (C2SP tlog-proof)."
      },
      {
        "name": "verifier",
        "jsonName": "verifier",
        "type": "string",
        "doc": "The key that checks it, as one line (C2SP signed-note)."
      }
    ]
  },
  "TailEventsResponse": {
    "doc": "",
    "fields": [
      {
        "name": "event",
        "jsonName": "event",
        "type": "Event",
        "doc": ""
      }
    ]
  },
  "Limits": {
    "doc": "Limits of one service. A zero takes the server's default.",
    "fields": [
      {
        "name": "memory_bytes",
        "jsonName": "memoryBytes",
        "type": "uint64",
        "doc": "Bytes of memory, all threads and scratch files together. Default 64 MiB. Exceeded: killed, cause `oom`."
      },
      {
        "name": "cpu_percent",
        "jsonName": "cpuPercent",
        "type": "uint32",
        "doc": "Share of one core in percent. Default 50. Exceeded: throttled."
      },
      {
        "name": "processes",
        "jsonName": "processes",
        "type": "uint32",
        "doc": "Processes and threads. Default 32. Exceeded: the new one is refused."
      },
      {
        "name": "start_timeout_ms",
        "jsonName": "startTimeoutMs",
        "type": "uint32",
        "doc": "From taking a cell until `init` has returned, in milliseconds. Default 5,000. Exceeded: the start fails."
      },
      {
        "name": "stop_timeout_ms",
        "jsonName": "stopTimeoutMs",
        "type": "uint32",
        "doc": "For `terminate` on an ordered stop, in milliseconds. Default 30,000. Exceeded: killed."
      },
      {
        "name": "mailbox_messages",
        "jsonName": "mailboxMessages",
        "type": "uint32",
        "doc": "Messages accepted and not yet answered. Default 1,000. Exceeded: the sender gets RESOURCE_EXHAUSTED."
      },
      {
        "name": "mailbox_bytes",
        "jsonName": "mailboxBytes",
        "type": "uint64",
        "doc": "Bytes of those messages. Default 8 MiB. Exceeded: the sender gets RESOURCE_EXHAUSTED."
      },
      {
        "name": "message_bytes",
        "jsonName": "messageBytes",
        "type": "uint32",
        "doc": "Bytes of the arguments of one message to it. Default: nearly 4 MiB. Exceeded: the message is refused."
      },
      {
        "name": "reply_bytes",
        "jsonName": "replyBytes",
        "type": "uint32",
        "doc": "Bytes of one reply of it. Default: nearly 4 MiB. Exceeded: its caller gets RESOURCE_EXHAUSTED in place of the reply."
      },
      {
        "name": "calls_in_flight",
        "jsonName": "callsInFlight",
        "type": "uint32",
        "doc": "Its own calls to other services that wait for their answers. Default 1,000. Exceeded: its next call is refused."
      },
      {
        "name": "log_lines_per_second",
        "jsonName": "logLinesPerSecond",
        "type": "uint32",
        "doc": "Log lines in one second. Default 1,000. Exceeded: the other lines of that second are dropped and counted."
      },
      {
        "name": "cpu_time_ms",
        "jsonName": "cpuTimeMs",
        "type": "uint32",
        "doc": "Processor time of one message, in milliseconds. Default 10,000. Exceeded: killed, cause `cpu`; unhealthy from half of it on."
      },
      {
        "name": "call_time_ms",
        "jsonName": "callTimeMs",
        "type": "uint32",
        "doc": "Time in which it must be done with one of its messages, in milliseconds. Default 300,000. Exceeded: killed, cause `stalled`;\nunhealthy from a fifth of it on."
      },
      {
        "name": "open_files",
        "jsonName": "openFiles",
        "type": "uint32",
        "doc": "Open descriptors of each of its processes. Default 256. Exceeded: the next one is refused."
      },
      {
        "name": "scratch_bytes",
        "jsonName": "scratchBytes",
        "type": "uint32",
        "doc": "Bytes of files in its `/tmp`, which count as memory too. Default 1 MiB. Exceeded: writing fails."
      },
      {
        "name": "soft",
        "jsonName": "soft",
        "type": "map<string, uint64>",
        "doc": "Where warnings begin, by the limit's name such as `memory_bytes`. Default for most: 80 % of the limit."
      },
      {
        "name": "actions",
        "jsonName": "actions",
        "type": "map<string, LimitAction>",
        "doc": "What becomes of the service at a limit, by the limit's name. Refused where an action makes no sense for the limit."
      }
    ]
  },
  "Manifest": {
    "doc": "How a service is run. Everything has a default.",
    "fields": [
      {
        "name": "environment",
        "jsonName": "environment",
        "type": "map<string, string>",
        "doc": "Environment of the service; it sees these variables and no others."
      },
      {
        "name": "log_level",
        "jsonName": "logLevel",
        "type": "LogLevel",
        "doc": "Log lines below this level are dropped inside the cell."
      },
      {
        "name": "limits",
        "jsonName": "limits",
        "type": "Limits",
        "doc": ""
      },
      {
        "name": "restart",
        "jsonName": "restart",
        "type": "RestartKind",
        "doc": ""
      },
      {
        "name": "max_restarts",
        "jsonName": "maxRestarts",
        "type": "uint32",
        "doc": "Restarts allowed within `restart_period_ms` before the service is `failed`. Default 3."
      },
      {
        "name": "restart_period_ms",
        "jsonName": "restartPeriodMs",
        "type": "uint32",
        "doc": "Default 5,000."
      },
      {
        "name": "start_arguments",
        "jsonName": "startArguments",
        "type": "bytes",
        "doc": "JSON array of arguments handed to `init` after the setup. Empty: none."
      },
      {
        "name": "http_access",
        "jsonName": "httpAccess",
        "type": "HttpAccess",
        "doc": "Who may send HTTP requests to it, at /TENANT/SERVICE/. Default: the tenant's own identities, and operators."
      },
      {
        "name": "grants",
        "jsonName": "grants",
        "type": "repeated string",
        "doc": "What it may do beside answering, each \"ABILITIES on PATTERN [CAVEAT=VALUE ...]\" below its tenant, such as\n\"kv/read,kv/write on kv/carts/**\" or \"net/fetch on net/egress host=api.example.com rate=10/1m\". Each must be within what\nthe caller holds, and ends with that. At most 16. Default: nothing."
      }
    ]
  },
  "Program": {
    "doc": "How an external binary is run.",
    "fields": [
      {
        "name": "packaging",
        "jsonName": "packaging",
        "type": "Packaging",
        "doc": ""
      },
      {
        "name": "entry",
        "jsonName": "entry",
        "type": "string",
        "doc": "Path of the program inside the tarball; empty for an executable."
      },
      {
        "name": "protocol",
        "jsonName": "protocol",
        "type": "ProgramProtocol",
        "doc": ""
      },
      {
        "name": "arguments",
        "jsonName": "arguments",
        "type": "repeated string",
        "doc": "Handed to the program behind its name. At most 256, of 32,768 bytes together."
      }
    ]
  },
  "Cause": {
    "doc": "Why a service ended, in words that a program can compare.",
    "fields": [
      {
        "name": "kind",
        "jsonName": "kind",
        "type": "string",
        "doc": "One of `artifact`, `arguments`, `compile`, `init`, `not_allowed`, `disk_full`, `start_timeout`, `crash`, `oom`, `cpu`, `stalled`, `limit`, `signal`, `exit`, `protocol`, `stop`, `kill`, `server`."
      },
      {
        "name": "message",
        "jsonName": "message",
        "type": "string",
        "doc": "A sentence."
      },
      {
        "name": "location",
        "jsonName": "location",
        "type": "SourceLocation",
        "doc": "Where in the source, when known."
      },
      {
        "name": "detail",
        "jsonName": "detail",
        "type": "string",
        "doc": "The guest's stack or last words, shortened, when there are any."
      },
      {
        "name": "limit",
        "jsonName": "limit",
        "type": "string",
        "doc": "The limit that ended it, such as `memory_bytes`; empty when none did."
      },
      {
        "name": "stall",
        "jsonName": "stall",
        "type": "string",
        "doc": "How it stood still when it was ended for that: `loop`, `microtasks`, `await`, `busy` or `blocked`; else empty."
      }
    ]
  },
  "SourceLocation": {
    "doc": "A place in the deployed source, both counted from 1.",
    "fields": [
      {
        "name": "file",
        "jsonName": "file",
        "type": "string",
        "doc": ""
      },
      {
        "name": "line",
        "jsonName": "line",
        "type": "uint32",
        "doc": ""
      },
      {
        "name": "column",
        "jsonName": "column",
        "type": "uint32",
        "doc": ""
      }
    ]
  },
  "Usage": {
    "doc": "What a service uses now.",
    "fields": [
      {
        "name": "memory_bytes",
        "jsonName": "memoryBytes",
        "type": "uint64",
        "doc": ""
      },
      {
        "name": "memory_limit_bytes",
        "jsonName": "memoryLimitBytes",
        "type": "uint64",
        "doc": ""
      },
      {
        "name": "cpu_micros",
        "jsonName": "cpuMicros",
        "type": "uint64",
        "doc": "Processor time since its cell was started."
      },
      {
        "name": "processes",
        "jsonName": "processes",
        "type": "uint32",
        "doc": ""
      },
      {
        "name": "processes_limit",
        "jsonName": "processesLimit",
        "type": "uint32",
        "doc": ""
      },
      {
        "name": "mailbox_messages",
        "jsonName": "mailboxMessages",
        "type": "uint32",
        "doc": "Messages accepted and not yet answered."
      },
      {
        "name": "open_files",
        "jsonName": "openFiles",
        "type": "uint32",
        "doc": "Open descriptors of that of its processes which has most, and bytes of files in its `/tmp`: in a list as of the last look,\nhalf a minute ago at most. Unset where the host does not tell."
      },
      {
        "name": "scratch_bytes",
        "jsonName": "scratchBytes",
        "type": "uint64",
        "doc": ""
      }
    ]
  },
  "LimitUse": {
    "doc": "One limit of a service as it stands now.",
    "fields": [
      {
        "name": "limit",
        "jsonName": "limit",
        "type": "string",
        "doc": "Such as `memory_bytes`; says the unit too."
      },
      {
        "name": "used",
        "jsonName": "used",
        "type": "uint64",
        "doc": "Unset where there is nothing to measure now."
      },
      {
        "name": "allowed",
        "jsonName": "allowed",
        "type": "uint64",
        "doc": ""
      },
      {
        "name": "soft",
        "jsonName": "soft",
        "type": "uint64",
        "doc": "Where warnings begin; unset where none are given."
      },
      {
        "name": "action",
        "jsonName": "action",
        "type": "LimitAction",
        "doc": ""
      },
      {
        "name": "kept_by",
        "jsonName": "keptBy",
        "type": "string",
        "doc": "Who keeps it: `kernel`, `enforced` (the operating system), `watched` (sampled: may be overrun), or `nobody` (this host cannot)."
      },
      {
        "name": "times_neared",
        "jsonName": "timesNeared",
        "type": "uint64",
        "doc": "Since this version was deployed or restarted by hand."
      },
      {
        "name": "times_reached",
        "jsonName": "timesReached",
        "type": "uint64",
        "doc": ""
      }
    ]
  },
  "Service": {
    "doc": "One service as it is now.",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "state",
        "jsonName": "state",
        "type": "ServiceState",
        "doc": ""
      },
      {
        "name": "version",
        "jsonName": "version",
        "type": "uint32",
        "doc": "Counts the deployments of this id, from 1."
      },
      {
        "name": "artifact_sha256",
        "jsonName": "artifactSha256",
        "type": "string",
        "doc": "SHA-256 of the artifact, lower-case hex."
      },
      {
        "name": "file_name",
        "jsonName": "fileName",
        "type": "string",
        "doc": ""
      },
      {
        "name": "deployed_at",
        "jsonName": "deployedAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "started_at",
        "jsonName": "startedAt",
        "type": "google.protobuf.Timestamp",
        "doc": "When the present cell answered its start; unset while there is none."
      },
      {
        "name": "restarts",
        "jsonName": "restarts",
        "type": "uint32",
        "doc": "Restarts by the supervisor since this version was deployed or restarted by hand."
      },
      {
        "name": "process_id",
        "jsonName": "processId",
        "type": "uint32",
        "doc": "Process id of the cell on the host; 0 while there is none or the caller may not see it."
      },
      {
        "name": "last_cause",
        "jsonName": "lastCause",
        "type": "Cause",
        "doc": "Why it ended last; unset when it never did."
      },
      {
        "name": "manifest",
        "jsonName": "manifest",
        "type": "Manifest",
        "doc": ""
      },
      {
        "name": "confinement",
        "jsonName": "confinement",
        "type": "Confinement",
        "doc": ""
      },
      {
        "name": "limits_level",
        "jsonName": "limitsLevel",
        "type": "LimitsLevel",
        "doc": ""
      },
      {
        "name": "calls",
        "jsonName": "calls",
        "type": "repeated string",
        "doc": "Names of the calls and casts it answers; without a contract unchecked JSON goes in. Empty for a program that is an HTTP\nserver, which takes any."
      },
      {
        "name": "casts",
        "jsonName": "casts",
        "type": "repeated string",
        "doc": ""
      },
      {
        "name": "usage",
        "jsonName": "usage",
        "type": "Usage",
        "doc": ""
      },
      {
        "name": "health",
        "jsonName": "health",
        "type": "Health",
        "doc": ""
      },
      {
        "name": "health_reason",
        "jsonName": "healthReason",
        "type": "string",
        "doc": "Why it is not healthy, in a sentence; empty when it is."
      },
      {
        "name": "limits",
        "jsonName": "limits",
        "type": "repeated LimitUse",
        "doc": "Every limit, used against allowed. In the answer to `Status` only."
      },
      {
        "name": "kind",
        "jsonName": "kind",
        "type": "ArtifactKind",
        "doc": ""
      },
      {
        "name": "program",
        "jsonName": "program",
        "type": "Program",
        "doc": "How an external binary is run; unset for other kinds."
      },
      {
        "name": "contract_json",
        "jsonName": "contractJson",
        "type": "string",
        "doc": "JSON: `init` with the JSON Schema of its `arguments` (an array), `calls` and `casts`, each by its name with those of its\n`arguments` and its `reply`, and the `$defs` they refer to. Arguments that do not fit are refused before a handler sees\nthem, replies before a caller does. Empty where the service has none, as a single source file has not. In the answer to `Status` only."
      }
    ]
  },
  "DeployRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": "Required: 1 to 64 characters of A-Z a-z 0-9 and - _ chosen by the caller. The same id with the same content gives the same answer for 24 hours."
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": "Checks everything that can be checked without starting, and changes nothing."
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": "1 to 63 characters: a-z 0-9 and -, starts with a letter, ends with a letter or digit."
      },
      {
        "name": "source",
        "jsonName": "source",
        "type": "bytes",
        "doc": "The artifact, at most 50 MB: UTF-8 text of one file, a bundle of `solo build`, or an external binary, as `kind` says."
      },
      {
        "name": "language",
        "jsonName": "language",
        "type": "SourceLanguage",
        "doc": "Of a single source file."
      },
      {
        "name": "file_name",
        "jsonName": "fileName",
        "type": "string",
        "doc": "Shown in error locations. Default `service.ts`."
      },
      {
        "name": "manifest",
        "jsonName": "manifest",
        "type": "Manifest",
        "doc": ""
      },
      {
        "name": "kind",
        "jsonName": "kind",
        "type": "ArtifactKind",
        "doc": ""
      },
      {
        "name": "program",
        "jsonName": "program",
        "type": "Program",
        "doc": "How an external binary is run; for that kind only."
      },
      {
        "name": "signature",
        "jsonName": "signature",
        "type": "string",
        "doc": "A compact JWS of the type `solo-art+jwt` over this very artifact, by somebody who holds `deploy/sign` on the service: what\n`solo sign` makes. Checked whenever it is there; a tenant may take none without."
      }
    ]
  },
  "GetSigningRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "GetSigningResponse": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "required",
        "jsonName": "required",
        "type": "bool",
        "doc": ""
      }
    ]
  },
  "SetSigningRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "required",
        "jsonName": "required",
        "type": "bool",
        "doc": ""
      }
    ]
  },
  "SetSigningResponse": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "required",
        "jsonName": "required",
        "type": "bool",
        "doc": ""
      }
    ]
  },
  "DeployResponse": {
    "doc": "",
    "fields": [
      {
        "name": "service",
        "jsonName": "service",
        "type": "Service",
        "doc": ""
      }
    ]
  },
  "StatusRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "StatusResponse": {
    "doc": "",
    "fields": [
      {
        "name": "service",
        "jsonName": "service",
        "type": "Service",
        "doc": ""
      }
    ]
  },
  "KillRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "force",
        "jsonName": "force",
        "type": "bool",
        "doc": "Do not run `terminate`; SIGKILL at once."
      }
    ]
  },
  "KillResponse": {
    "doc": "",
    "fields": [
      {
        "name": "service",
        "jsonName": "service",
        "type": "Service",
        "doc": ""
      }
    ]
  },
  "RestartRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "RestartResponse": {
    "doc": "",
    "fields": [
      {
        "name": "service",
        "jsonName": "service",
        "type": "Service",
        "doc": ""
      }
    ]
  },
  "ListRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "page_size",
        "jsonName": "pageSize",
        "type": "uint32",
        "doc": "1 to 1,000. Default 100."
      },
      {
        "name": "page_token",
        "jsonName": "pageToken",
        "type": "string",
        "doc": "`next_page_token` of the answer before."
      }
    ]
  },
  "ListResponse": {
    "doc": "",
    "fields": [
      {
        "name": "services",
        "jsonName": "services",
        "type": "repeated Service",
        "doc": ""
      },
      {
        "name": "next_page_token",
        "jsonName": "nextPageToken",
        "type": "string",
        "doc": "Empty on the last page."
      }
    ]
  },
  "LogLine": {
    "doc": "",
    "fields": [
      {
        "name": "sequence",
        "jsonName": "sequence",
        "type": "uint64",
        "doc": "Position in this service's log, from 1. Lines may be missing in front: only the newest are kept."
      },
      {
        "name": "at",
        "jsonName": "at",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "level",
        "jsonName": "level",
        "type": "LogLevel",
        "doc": ""
      },
      {
        "name": "text",
        "jsonName": "text",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "correlation_id",
        "jsonName": "correlationId",
        "type": "string",
        "doc": "Trace id of the call or cast whose handler said it, where that was part of a trace; else empty."
      }
    ]
  },
  "LogsRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "after_sequence",
        "jsonName": "afterSequence",
        "type": "uint64",
        "doc": "Only lines after this sequence."
      },
      {
        "name": "follow",
        "jsonName": "follow",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tail_lines",
        "jsonName": "tailLines",
        "type": "uint32",
        "doc": "Only this many of the newest stored lines first. 0: all that are kept."
      }
    ]
  },
  "LogsResponse": {
    "doc": "",
    "fields": [
      {
        "name": "line",
        "jsonName": "line",
        "type": "LogLine",
        "doc": ""
      },
      {
        "name": "dropped_before",
        "jsonName": "droppedBefore",
        "type": "uint64",
        "doc": "Lines between the one asked for and this one that are no longer kept."
      }
    ]
  },
  "WatchRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": "Empty: all services of the tenant."
      },
      {
        "name": "after_cursor",
        "jsonName": "afterCursor",
        "type": "string",
        "doc": "Events after this cursor first; empty: only new ones."
      },
      {
        "name": "usage_interval_ms",
        "jsonName": "usageIntervalMs",
        "type": "uint32",
        "doc": "How often usage is sent, in milliseconds, 200 or more. 0: 1,000."
      }
    ]
  },
  "WatchResponse": {
    "doc": "",
    "fields": [
      {
        "name": "event",
        "jsonName": "event",
        "type": "Event",
        "doc": ""
      },
      {
        "name": "log_line",
        "jsonName": "logLine",
        "type": "LogLine",
        "doc": ""
      },
      {
        "name": "usage",
        "jsonName": "usage",
        "type": "ServiceUsage",
        "doc": ""
      }
    ]
  },
  "ServiceUsage": {
    "doc": "",
    "fields": [
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "at",
        "jsonName": "at",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      },
      {
        "name": "usage",
        "jsonName": "usage",
        "type": "Usage",
        "doc": ""
      }
    ]
  },
  "FixHint": {
    "doc": "Travels beside google.rpc.ErrorInfo in every error: what to do about it.",
    "fields": [
      {
        "name": "found",
        "jsonName": "found",
        "type": "string",
        "doc": "What was found."
      },
      {
        "name": "wanted",
        "jsonName": "wanted",
        "type": "string",
        "doc": "What is wanted."
      },
      {
        "name": "fix",
        "jsonName": "fix",
        "type": "string",
        "doc": "One sentence that says how to get it."
      },
      {
        "name": "command",
        "jsonName": "command",
        "type": "string",
        "doc": "A command that helps, when there is one."
      },
      {
        "name": "file",
        "jsonName": "file",
        "type": "string",
        "doc": "Set when the error stands at a place in the deployed source."
      },
      {
        "name": "line",
        "jsonName": "line",
        "type": "uint32",
        "doc": ""
      },
      {
        "name": "column",
        "jsonName": "column",
        "type": "uint32",
        "doc": ""
      }
    ]
  },
  "HelpRequest": {
    "doc": "",
    "fields": [
      {
        "name": "topic",
        "jsonName": "topic",
        "type": "string",
        "doc": "Such as `SERVICE_NOT_FOUND`, `DeploymentService/Deploy` or `quickstart`. Empty: the list of all."
      }
    ]
  },
  "HelpResponse": {
    "doc": "",
    "fields": [
      {
        "name": "kind",
        "jsonName": "kind",
        "type": "HelpKind",
        "doc": ""
      },
      {
        "name": "topic",
        "jsonName": "topic",
        "type": "string",
        "doc": "The topic's own name."
      },
      {
        "name": "text",
        "jsonName": "text",
        "type": "string",
        "doc": "Markdown."
      },
      {
        "name": "example",
        "jsonName": "example",
        "type": "HelpExample",
        "doc": "A request that goes through; unset for pages and the list."
      }
    ]
  },
  "HelpExample": {
    "doc": "",
    "fields": [
      {
        "name": "method",
        "jsonName": "method",
        "type": "string",
        "doc": "Such as `DeploymentService/Deploy`."
      },
      {
        "name": "request_json",
        "jsonName": "requestJson",
        "type": "string",
        "doc": "The request in proto3 JSON, where bytes are Base64."
      },
      {
        "name": "command",
        "jsonName": "command",
        "type": "string",
        "doc": "The same as a command line; empty where there is none."
      }
    ]
  },
  "ShutdownRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "grace_ms",
        "jsonName": "graceMs",
        "type": "uint32",
        "doc": "Time for calls to finish and services to stop, in milliseconds. 0: the server's setting."
      }
    ]
  },
  "ShutdownResponse": {
    "doc": "",
    "fields": []
  },
  "DoctorRequest": {
    "doc": "",
    "fields": []
  },
  "DoctorResponse": {
    "doc": "",
    "fields": [
      {
        "name": "confinement",
        "jsonName": "confinement",
        "type": "Confinement",
        "doc": ""
      },
      {
        "name": "limits_level",
        "jsonName": "limitsLevel",
        "type": "LimitsLevel",
        "doc": ""
      },
      {
        "name": "checks",
        "jsonName": "checks",
        "type": "repeated Check",
        "doc": ""
      },
      {
        "name": "server_version",
        "jsonName": "serverVersion",
        "type": "string",
        "doc": ""
      },
      {
        "name": "data_folder",
        "jsonName": "dataFolder",
        "type": "string",
        "doc": ""
      },
      {
        "name": "services_running",
        "jsonName": "servicesRunning",
        "type": "uint32",
        "doc": ""
      },
      {
        "name": "warm_cells",
        "jsonName": "warmCells",
        "type": "uint32",
        "doc": ""
      },
      {
        "name": "frozen_cells",
        "jsonName": "frozenCells",
        "type": "uint32",
        "doc": "Services that are idle and take no processor time until they are sent something."
      }
    ]
  },
  "GetMetricsRequest": {
    "doc": "",
    "fields": []
  },
  "GetMetricsResponse": {
    "doc": "",
    "fields": [
      {
        "name": "text",
        "jsonName": "text",
        "type": "bytes",
        "doc": "In Prometheus' text format, UTF-8."
      }
    ]
  },
  "Check": {
    "doc": "",
    "fields": [
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": ""
      },
      {
        "name": "result",
        "jsonName": "result",
        "type": "CheckResult",
        "doc": ""
      },
      {
        "name": "found",
        "jsonName": "found",
        "type": "string",
        "doc": "What was found."
      },
      {
        "name": "why",
        "jsonName": "why",
        "type": "string",
        "doc": "Why it matters."
      },
      {
        "name": "fix",
        "jsonName": "fix",
        "type": "string",
        "doc": "The one command that gives more; empty when all is well."
      }
    ]
  },
  "CallRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "method",
        "jsonName": "method",
        "type": "string",
        "doc": ""
      },
      {
        "name": "arguments",
        "jsonName": "arguments",
        "type": "bytes",
        "doc": "UTF-8 JSON array of arguments. Empty: no arguments."
      },
      {
        "name": "lend",
        "jsonName": "lend",
        "type": "repeated string",
        "doc": "What the service may do with the caller's authority while this call is open, each as `kv/write on kv/carts/**`: a part of what\nthe caller holds. Its handler gets it apart from the service's own. At most 16; empty: nothing."
      }
    ]
  },
  "CallResponse": {
    "doc": "",
    "fields": [
      {
        "name": "reply",
        "jsonName": "reply",
        "type": "bytes",
        "doc": "UTF-8 JSON value. Empty when the handler replied with undefined."
      }
    ]
  },
  "CastRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "service_id",
        "jsonName": "serviceId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "method",
        "jsonName": "method",
        "type": "string",
        "doc": ""
      },
      {
        "name": "arguments",
        "jsonName": "arguments",
        "type": "bytes",
        "doc": "UTF-8 JSON array of arguments. Empty: no arguments."
      }
    ]
  },
  "CastResponse": {
    "doc": "",
    "fields": []
  },
  "SessionRequest": {
    "doc": "",
    "fields": [
      {
        "name": "items",
        "jsonName": "items",
        "type": "repeated SessionItem",
        "doc": "In the order in which they are to be delivered. At most 1,024, and 5 MiB, in one message."
      }
    ]
  },
  "SessionItem": {
    "doc": "",
    "fields": [
      {
        "name": "id",
        "jsonName": "id",
        "type": "uint32",
        "doc": "Chosen by the client; free again once its answer is there."
      },
      {
        "name": "timeout_ms",
        "jsonName": "timeoutMs",
        "type": "uint32",
        "doc": "Milliseconds that the item may take. 0: 30 s."
      },
      {
        "name": "call",
        "jsonName": "call",
        "type": "CallRequest",
        "doc": ""
      },
      {
        "name": "cast",
        "jsonName": "cast",
        "type": "CastRequest",
        "doc": ""
      },
      {
        "name": "cancel",
        "jsonName": "cancel",
        "type": "SessionCancel",
        "doc": "Nobody waits for the item of this id any more; it is still answered."
      },
      {
        "name": "traceparent",
        "jsonName": "traceparent",
        "type": "string",
        "doc": "W3C Trace Context, for this item. Empty: that of the stream's metadata."
      }
    ]
  },
  "SessionCancel": {
    "doc": "",
    "fields": []
  },
  "SessionResponse": {
    "doc": "",
    "fields": [
      {
        "name": "answers",
        "jsonName": "answers",
        "type": "repeated SessionAnswer",
        "doc": "Exactly one for each item, cancellations aside."
      },
      {
        "name": "max_in_flight",
        "jsonName": "maxInFlight",
        "type": "uint32",
        "doc": "Set in the first response: items that may be without an answer at a time."
      }
    ]
  },
  "SessionAnswer": {
    "doc": "",
    "fields": [
      {
        "name": "id",
        "jsonName": "id",
        "type": "uint32",
        "doc": ""
      },
      {
        "name": "reply",
        "jsonName": "reply",
        "type": "CallResponse",
        "doc": ""
      },
      {
        "name": "accepted",
        "jsonName": "accepted",
        "type": "CastResponse",
        "doc": ""
      },
      {
        "name": "error",
        "jsonName": "error",
        "type": "google.rpc.Status",
        "doc": "As the trailer grpc-status-details-bin of the unary method holds it."
      }
    ]
  },
  "GetQuotaRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "GetQuotaResponse": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "limits",
        "jsonName": "limits",
        "type": "repeated LimitUse",
        "doc": ""
      }
    ]
  },
  "SetQuotaRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "limits",
        "jsonName": "limits",
        "type": "map<string, uint64>",
        "doc": "By name: `services`, `memory_bytes`, `cpu_percent`, `processes`, `mailbox_bytes`, `calls_in_flight`, `kv_keys`, `kv_bytes`, `files_bytes`. Those not named stay as\nthey are; 0 puts one back to the server's setting."
      }
    ]
  },
  "SetQuotaResponse": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "limits",
        "jsonName": "limits",
        "type": "repeated LimitUse",
        "doc": ""
      }
    ]
  },
  "Secret": {
    "doc": "A secret, and never what it is.",
    "fields": [
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": ""
      },
      {
        "name": "versions",
        "jsonName": "versions",
        "type": "repeated SecretVersion",
        "doc": "Oldest first, 8 at most. The last one is used where none is named."
      }
    ]
  },
  "SecretVersion": {
    "doc": "",
    "fields": [
      {
        "name": "version",
        "jsonName": "version",
        "type": "uint32",
        "doc": "Grows by one with each version of the name, from 1."
      },
      {
        "name": "created_at",
        "jsonName": "createdAt",
        "type": "google.protobuf.Timestamp",
        "doc": ""
      }
    ]
  },
  "StoreSecretRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": "1 to 63 characters of a-z, 0-9 and -, a letter first, a letter or digit last."
      },
      {
        "name": "value",
        "jsonName": "value",
        "type": "bytes",
        "doc": "1 to 65,536 bytes."
      }
    ]
  },
  "StoreSecretResponse": {
    "doc": "",
    "fields": [
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": ""
      },
      {
        "name": "version",
        "jsonName": "version",
        "type": "SecretVersion",
        "doc": ""
      }
    ]
  },
  "FetchSecretRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": ""
      },
      {
        "name": "version",
        "jsonName": "version",
        "type": "uint32",
        "doc": "0: the newest."
      },
      {
        "name": "lease_ms",
        "jsonName": "leaseMs",
        "type": "uint32",
        "doc": "Milliseconds of the lease, 24 hours at most; it ends with the capability in any case. 0: one hour."
      }
    ]
  },
  "FetchSecretResponse": {
    "doc": "",
    "fields": [
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": ""
      },
      {
        "name": "version",
        "jsonName": "version",
        "type": "SecretVersion",
        "doc": ""
      },
      {
        "name": "value",
        "jsonName": "value",
        "type": "bytes",
        "doc": ""
      },
      {
        "name": "lease_id",
        "jsonName": "leaseId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "lease_expires_at",
        "jsonName": "leaseExpiresAt",
        "type": "google.protobuf.Timestamp",
        "doc": "Fetch it again, if it is needed longer."
      }
    ]
  },
  "ListSecretsRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "page_size",
        "jsonName": "pageSize",
        "type": "uint32",
        "doc": "1 to 1,000. Default 100."
      },
      {
        "name": "page_token",
        "jsonName": "pageToken",
        "type": "string",
        "doc": "`next_page_token` of the answer before."
      }
    ]
  },
  "ListSecretsResponse": {
    "doc": "",
    "fields": [
      {
        "name": "secrets",
        "jsonName": "secrets",
        "type": "repeated Secret",
        "doc": ""
      },
      {
        "name": "next_page_token",
        "jsonName": "nextPageToken",
        "type": "string",
        "doc": "Empty on the last page."
      }
    ]
  },
  "RotateSecretRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": ""
      },
      {
        "name": "value",
        "jsonName": "value",
        "type": "bytes",
        "doc": "Empty: the server makes one up, 256 random bits as 43 characters of base64url, that nobody has seen."
      }
    ]
  },
  "RotateSecretResponse": {
    "doc": "",
    "fields": [
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": ""
      },
      {
        "name": "version",
        "jsonName": "version",
        "type": "SecretVersion",
        "doc": ""
      }
    ]
  },
  "RemoveSecretRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      },
      {
        "name": "name",
        "jsonName": "name",
        "type": "string",
        "doc": ""
      },
      {
        "name": "version",
        "jsonName": "version",
        "type": "uint32",
        "doc": "0: all of them, and the name."
      }
    ]
  },
  "RemoveSecretResponse": {
    "doc": "",
    "fields": []
  },
  "ChangeKeyRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "ChangeKeyResponse": {
    "doc": "",
    "fields": []
  },
  "UnsealRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "passphrase",
        "jsonName": "passphrase",
        "type": "bytes",
        "doc": "Empty where the root key is a key file."
      }
    ]
  },
  "UnsealResponse": {
    "doc": "",
    "fields": []
  },
  "SealRequest": {
    "doc": "",
    "fields": [
      {
        "name": "request_id",
        "jsonName": "requestId",
        "type": "string",
        "doc": ""
      },
      {
        "name": "validate_only",
        "jsonName": "validateOnly",
        "type": "bool",
        "doc": ""
      }
    ]
  },
  "SealResponse": {
    "doc": "",
    "fields": []
  },
  "VaultStatusRequest": {
    "doc": "",
    "fields": [
      {
        "name": "tenant",
        "jsonName": "tenant",
        "type": "string",
        "doc": ""
      }
    ]
  },
  "VaultStatusResponse": {
    "doc": "",
    "fields": [
      {
        "name": "sealed",
        "jsonName": "sealed",
        "type": "bool",
        "doc": ""
      },
      {
        "name": "unsealed_by",
        "jsonName": "unsealedBy",
        "type": "string",
        "doc": "What the vault is unsealed by: `key-file`, or `passphrase`."
      },
      {
        "name": "fresh",
        "jsonName": "fresh",
        "type": "bool",
        "doc": "It was never unsealed: with a passphrase, the first one given makes its key."
      },
      {
        "name": "secrets",
        "jsonName": "secrets",
        "type": "uint32",
        "doc": "Of the tenant, as all that follows; 0 while it is sealed."
      },
      {
        "name": "leases",
        "jsonName": "leases",
        "type": "uint32",
        "doc": "Secrets that were handed out and may be in use."
      },
      {
        "name": "keys",
        "jsonName": "keys",
        "type": "uint32",
        "doc": "More than one after a change of keys that did not get to its end."
      }
    ]
  }
} as const satisfies Readonly<Record<string, MessageDoc>>;

/** Every enum of the API. */
export const enums = {
  "CapabilityRequestState": {
    "doc": "",
    "values": [
      {
        "name": "CAPABILITY_REQUEST_STATE_UNSPECIFIED",
        "doc": ""
      },
      {
        "name": "CAPABILITY_REQUEST_STATE_PENDING",
        "doc": ""
      },
      {
        "name": "CAPABILITY_REQUEST_STATE_GRANTED",
        "doc": ""
      },
      {
        "name": "CAPABILITY_REQUEST_STATE_REFUSED",
        "doc": ""
      }
    ]
  },
  "KeyType": {
    "doc": "",
    "values": [
      {
        "name": "KEY_TYPE_UNSPECIFIED",
        "doc": "P-256."
      },
      {
        "name": "KEY_TYPE_P256",
        "doc": "Every client that speaks TLS 1.3 has it."
      },
      {
        "name": "KEY_TYPE_ED25519",
        "doc": ""
      }
    ]
  },
  "ServiceState": {
    "doc": "Where a service is in its life.",
    "values": [
      {
        "name": "SERVICE_STATE_UNSPECIFIED",
        "doc": ""
      },
      {
        "name": "SERVICE_STATE_STARTING",
        "doc": "A cell is being prepared or `init` runs."
      },
      {
        "name": "SERVICE_STATE_RUNNING",
        "doc": "Answers calls."
      },
      {
        "name": "SERVICE_STATE_RESTARTING",
        "doc": "Died and waits for its supervisor to start it again."
      },
      {
        "name": "SERVICE_STATE_STOPPING",
        "doc": "Asked to stop; finishes what it is doing."
      },
      {
        "name": "SERVICE_STATE_STOPPED",
        "doc": "Ended by itself as its restart kind allows. `Restart` starts it."
      },
      {
        "name": "SERVICE_STATE_FAILED",
        "doc": "Gave up: restart intensity is spent, or the first start failed. `Restart` starts it."
      },
      {
        "name": "SERVICE_STATE_KILLED",
        "doc": "Ended by `Kill`. `Deploy` starts its next version."
      }
    ]
  },
  "RestartKind": {
    "doc": "When the supervisor starts a service again after it ended.",
    "values": [
      {
        "name": "RESTART_KIND_UNSPECIFIED",
        "doc": "Taken as PERMANENT."
      },
      {
        "name": "RESTART_KIND_PERMANENT",
        "doc": "Always."
      },
      {
        "name": "RESTART_KIND_TRANSIENT",
        "doc": "After an abnormal end only."
      },
      {
        "name": "RESTART_KIND_TEMPORARY",
        "doc": "Never."
      }
    ]
  },
  "LogLevel": {
    "doc": "What is logged at least. Later levels are rarer and graver.",
    "values": [
      {
        "name": "LOG_LEVEL_UNSPECIFIED",
        "doc": "Taken as INFO."
      },
      {
        "name": "LOG_LEVEL_DEBUG",
        "doc": ""
      },
      {
        "name": "LOG_LEVEL_INFO",
        "doc": ""
      },
      {
        "name": "LOG_LEVEL_WARN",
        "doc": ""
      },
      {
        "name": "LOG_LEVEL_ERROR",
        "doc": ""
      }
    ]
  },
  "Confinement": {
    "doc": "How strongly this host separates a cell from everything else.",
    "values": [
      {
        "name": "CONFINEMENT_UNSPECIFIED",
        "doc": ""
      },
      {
        "name": "CONFINEMENT_PROCESS_ONLY",
        "doc": "A process of its own and nothing more."
      },
      {
        "name": "CONFINEMENT_CONFINED",
        "doc": "System calls filtered, own user id where the kernel runs as root; no namespaces."
      },
      {
        "name": "CONFINEMENT_FULL",
        "doc": "Namespaces, read-only root that holds only the runtime, system calls filtered, no capabilities."
      }
    ]
  },
  "LimitsLevel": {
    "doc": "How limits are kept on this host.",
    "values": [
      {
        "name": "LIMITS_LEVEL_UNSPECIFIED",
        "doc": ""
      },
      {
        "name": "LIMITS_LEVEL_WATCHED",
        "doc": "Sampled from /proc and killed by the kernel process: may be overrun between two samples."
      },
      {
        "name": "LIMITS_LEVEL_ENFORCED",
        "doc": "By the operating system, in a control group of the cell's own."
      }
    ]
  },
  "LimitAction": {
    "doc": "What becomes of a service at a limit.",
    "values": [
      {
        "name": "LIMIT_ACTION_UNSPECIFIED",
        "doc": "Taken as the limit's usual one."
      },
      {
        "name": "LIMIT_ACTION_KILL",
        "doc": "It is ended with the limit as the cause, and its supervisor decides what follows."
      },
      {
        "name": "LIMIT_ACTION_THROTTLE",
        "doc": "It is held at the limit and lives: slowed down, or what is too much is refused or dropped."
      },
      {
        "name": "LIMIT_ACTION_WARN",
        "doc": "It goes on, up to the bound that no manifest can lift."
      }
    ]
  },
  "HttpAccess": {
    "doc": "",
    "values": [
      {
        "name": "HTTP_ACCESS_UNSPECIFIED",
        "doc": ""
      },
      {
        "name": "HTTP_ACCESS_TENANT",
        "doc": ""
      },
      {
        "name": "HTTP_ACCESS_PUBLIC",
        "doc": "Anybody who reaches the server's HTTP port, also without a certificate. Recorded as `service.exposed`."
      }
    ]
  },
  "SourceLanguage": {
    "doc": "Language of a single source file.",
    "values": [
      {
        "name": "SOURCE_LANGUAGE_UNSPECIFIED",
        "doc": "Taken as TYPESCRIPT."
      },
      {
        "name": "SOURCE_LANGUAGE_TYPESCRIPT",
        "doc": ""
      },
      {
        "name": "SOURCE_LANGUAGE_JAVASCRIPT",
        "doc": ""
      }
    ]
  },
  "ArtifactKind": {
    "doc": "What an artifact is.",
    "values": [
      {
        "name": "ARTIFACT_KIND_UNSPECIFIED",
        "doc": "Taken as SOURCE."
      },
      {
        "name": "ARTIFACT_KIND_SOURCE",
        "doc": "One TypeScript or JavaScript file."
      },
      {
        "name": "ARTIFACT_KIND_BUNDLE",
        "doc": "What `solo build` makes: code with the npm packages it needs, its contract and the hashes of its files."
      },
      {
        "name": "ARTIFACT_KIND_BINARY",
        "doc": "A program in any language, alone or in a tarball."
      }
    ]
  },
  "Packaging": {
    "doc": "How an external binary is packed.",
    "values": [
      {
        "name": "PACKAGING_UNSPECIFIED",
        "doc": "Taken as EXECUTABLE."
      },
      {
        "name": "PACKAGING_EXECUTABLE",
        "doc": "The artifact is the program: an ELF binary, or a script that begins with `#!`."
      },
      {
        "name": "PACKAGING_TARBALL",
        "doc": "A tar archive, plain or gzip: at most 4,096 files of 200 MB together, no links and no devices."
      }
    ]
  },
  "ProgramProtocol": {
    "doc": "What is spoken with an external binary.",
    "values": [
      {
        "name": "PROGRAM_PROTOCOL_UNSPECIFIED",
        "doc": "Taken as FRAMES."
      },
      {
        "name": "PROGRAM_PROTOCOL_FRAMES",
        "doc": "Binary frames on descriptor 3."
      },
      {
        "name": "PROGRAM_PROTOCOL_LINES",
        "doc": "Lines of words on descriptor 3."
      },
      {
        "name": "PROGRAM_PROTOCOL_HTTP",
        "doc": "Requests of HTTP to the unix socket named by `SOLO_HTTP_SOCKET`."
      }
    ]
  },
  "Health": {
    "doc": "How a service that lives does its work.",
    "values": [
      {
        "name": "HEALTH_UNSPECIFIED",
        "doc": ""
      },
      {
        "name": "HEALTH_HEALTHY",
        "doc": ""
      },
      {
        "name": "HEALTH_DEGRADED",
        "doc": "Over a bound of its mailbox: it refuses messages until half of it is free."
      },
      {
        "name": "HEALTH_UNHEALTHY",
        "doc": "Has messages and is not done with any; ended in the end, where its limits say so."
      }
    ]
  },
  "HelpKind": {
    "doc": "What a topic is.",
    "values": [
      {
        "name": "HELP_KIND_UNSPECIFIED",
        "doc": ""
      },
      {
        "name": "HELP_KIND_REASON",
        "doc": ""
      },
      {
        "name": "HELP_KIND_METHOD",
        "doc": ""
      },
      {
        "name": "HELP_KIND_PAGE",
        "doc": ""
      },
      {
        "name": "HELP_KIND_INDEX",
        "doc": ""
      }
    ]
  },
  "CheckResult": {
    "doc": "",
    "values": [
      {
        "name": "CHECK_RESULT_UNSPECIFIED",
        "doc": ""
      },
      {
        "name": "CHECK_RESULT_OK",
        "doc": ""
      },
      {
        "name": "CHECK_RESULT_DEGRADED",
        "doc": "Works, weaker than it could be."
      },
      {
        "name": "CHECK_RESULT_FAILED",
        "doc": ""
      }
    ]
  }
} as const satisfies Readonly<Record<string, EnumDoc>>;
