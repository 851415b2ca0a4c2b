import type { Cause, Stall } from "../services/cause.ts";

/** How far a limit is used: enough for a warning, or all of it. */
export type LimitLevel = "soft" | "hard";

/** Every kind of fact the kernel records. Closed: a reader can `switch` over `type`. */
export type EventBody =
  | {
      readonly type: "service.deployed";
      readonly serviceId: string;
      readonly version: number;
      readonly kind: "source" | "bundle" | "binary";
      readonly artifactSha256: string;
      readonly fileName: string;
      /** Thumbprint of the key that signed it, and the release that it is signed as. */
      readonly signedBy?: string;
      readonly release?: number;
    }
  /** Anybody who reaches the server may send HTTP requests to it from now on. */
  | { readonly type: "service.exposed"; readonly serviceId: string; readonly version: number }
  | {
      readonly type: "service.starting";
      readonly serviceId: string;
      readonly version: number;
      readonly attempt: number;
    }
  | {
      readonly type: "service.started";
      readonly serviceId: string;
      readonly version: number;
      readonly attempt: number;
      readonly warm: boolean;
      readonly elapsedMs: number;
    }
  /** The cell or the service in it ended without being asked to. */
  | { readonly type: "service.crashed"; readonly serviceId: string; readonly version: number; readonly cause: Cause }
  /** Ended as planned, by a handler's stop or by its own exit; a permanent service is started again all the same. */
  | { readonly type: "service.ended"; readonly serviceId: string; readonly version: number; readonly cause: Cause }
  | {
      readonly type: "service.restarting";
      readonly serviceId: string;
      readonly version: number;
      readonly restarts: number;
    }
  /** It uses much of a limit (`soft`), or has reached it (`hard`). Told at most once a minute for each limit and level. */
  | {
      readonly type: "service.limit-reached";
      readonly serviceId: string;
      readonly version: number;
      readonly limit: string;
      readonly level: LimitLevel;
      readonly action: "kill" | "throttle" | "warn";
      readonly used: number;
      readonly allowed: number;
      /** Times it was reached since the last event of this kind, this one included. */
      readonly times: number;
    }
  /** It replied with what its own contract does not promise. Told at most once a minute. */
  | {
      readonly type: "service.contract-broken";
      readonly serviceId: string;
      readonly version: number;
      /** Of the last such reply, and where in it. */
      readonly method: string;
      readonly path: string;
      /** A sentence of the cell. */
      readonly problem: string;
      /** Times since the last event of this kind, this one included. */
      readonly times: number;
    }
  /** It is over its mailbox bound and refuses messages; `service.healthy` tells the end. */
  | {
      readonly type: "service.degraded";
      readonly serviceId: string;
      readonly version: number;
      readonly limit: string;
      readonly used: number;
      readonly allowed: number;
    }
  /** It has messages and is not done with any; at the limit itself it is ended where its manifest says so. */
  | {
      readonly type: "service.unhealthy";
      readonly serviceId: string;
      readonly version: number;
      readonly stall: Stall;
      readonly limit: string;
      readonly used: number;
      readonly allowed: number;
      /** Messages that wait or are being handled. */
      readonly messages: number;
    }
  | { readonly type: "service.healthy"; readonly serviceId: string; readonly version: number }
  | { readonly type: "service.stopped"; readonly serviceId: string; readonly version: number; readonly cause: Cause }
  | { readonly type: "service.failed"; readonly serviceId: string; readonly version: number; readonly cause: Cause }
  | {
      readonly type: "service.kill-requested";
      readonly serviceId: string;
      readonly version: number;
      readonly force: boolean;
    }
  | { readonly type: "service.killed"; readonly serviceId: string; readonly version: number }
  | { readonly type: "service.restart-requested"; readonly serviceId: string; readonly version: number }
  | { readonly type: "service.recovered"; readonly serviceId: string; readonly version: number }
  /** The service left a caller's calls unanswered, one after the other: more are refused for a while. */
  | {
      readonly type: "circuit.opened";
      readonly serviceId: string;
      readonly caller: string;
      readonly failures: number;
      readonly openMs: number;
    }
  | { readonly type: "circuit.closed"; readonly serviceId: string; readonly caller: string }
  /** Whether the tenant takes signed artifacts only. */
  | { readonly type: "tenant.signing-set"; readonly required: boolean }
  /** By their names on the wire; null: back to the server's setting. */
  | { readonly type: "tenant.quota-set"; readonly limits: Readonly<Record<string, number | null>> }
  /** Something was refused for it. Told at most once a minute for each limit. */
  | {
      readonly type: "tenant.quota-reached";
      readonly limit: string;
      readonly used: number;
      readonly allowed: number;
      /** Times since the last event of this kind, this one included. */
      readonly times: number;
    }
  | {
      readonly type: "authority.denied";
      readonly method: string;
      readonly reason: string;
      readonly wantedTenant?: string;
      readonly serviceId?: string;
      /** What the capability lacked, where one was shown. */
      readonly code?: string;
      readonly ability?: string;
      readonly resource?: string;
      readonly cid?: string;
      /** Denials before this one that were counted and not recorded, since they came too fast. */
      readonly leftOut?: number;
    }
  /** A key that signs capabilities: a tenant's, or `voucher`, the server's own. */
  | { readonly type: "authority.key-made"; readonly name: string; readonly kid: string }
  | {
      readonly type: "authority.key-rotated";
      readonly name: string;
      readonly kid: string;
      readonly previousKid: string;
      /** All that the key before has signed has ended with it. */
      readonly withdrawn: boolean;
    }
  | {
      readonly type: "capability.granted";
      readonly cid: string;
      /** Thumbprint of the key that it is for, or the hash of a certificate. */
      readonly holder: string;
      readonly label: string;
      /** The holder needs not name it. */
      readonly standing: boolean;
      /** Each as `abilities on resource`. */
      readonly grants: readonly string[];
      readonly expiresAtMs: number;
    }
  /** What was allowed since the last event of this kind, counted exactly, with a sample of it. */
  | {
      readonly type: "capability.used";
      readonly uses: readonly {
        readonly cid: string;
        readonly count: number;
        readonly samples: readonly {
          readonly ability: string;
          readonly resource: string;
          readonly actor: string;
          readonly correlationId: string;
        }[];
      }[];
    }
  /** Somebody wants grants, each as `abilities on resource`. */
  | {
      readonly type: "capability.requested";
      readonly id: string;
      readonly spiffeId: string;
      readonly grants: readonly string[];
      readonly reason: string;
    }
  | { readonly type: "capability.request-refused"; readonly id: string; readonly answer: string }
  | {
      readonly type: "capability.revoked";
      readonly scope: "link" | "children" | "holder" | "epoch";
      /** The cid, the holder, or the new epoch. */
      readonly id: string;
      readonly reason: string;
    }
  | {
      readonly type: "timer.set";
      readonly serviceId: string;
      readonly timer: string;
      readonly method: string;
      readonly dueAtMs: number;
    }
  | { readonly type: "timer.cancelled"; readonly serviceId: string; readonly timer: string }
  /** `unheard`: its service ended each time it was told, and is told no more. */
  | {
      readonly type: "timer.fired";
      readonly serviceId: string;
      readonly timer: string;
      readonly dueAtMs: number;
      /** From 1; one that is told again after the server was killed has the same. */
      readonly firing: number;
      readonly outcome: "heard" | "unheard";
    }
  /** It cannot be told to its service, nor ever. */
  | { readonly type: "timer.dropped"; readonly serviceId: string; readonly timer: string; readonly reason: string }
  | {
      readonly type: "certificate.issued";
      readonly spiffeId: string;
      readonly serialNumber: string;
      readonly expiresAtMs: number;
    }
  /** For the same key, by its holder. */
  | {
      readonly type: "certificate.renewed";
      readonly spiffeId: string;
      readonly serialNumber: string;
      readonly expiresAtMs: number;
    }
  /** A code was made by which somebody can become that identity, once. */
  | { readonly type: "invitation.made"; readonly spiffeId: string; readonly expiresAtMs: number }
  | {
      readonly type: "invitation.used";
      readonly spiffeId: string;
      readonly serialNumber: string;
      readonly expiresAtMs: number;
    }
  | {
      readonly type: "certificate.revoked";
      readonly spiffeId: string;
      readonly serialNumber: string;
      readonly keyThumbprint: string;
      readonly reason: string;
    }
  /** A secret has a new version; never what it is. Those below `oldestVersion` are gone. */
  | {
      readonly type: "secret.stored" | "secret.rotated";
      readonly name: string;
      readonly version: number;
      readonly createdAtMs: number;
      readonly oldestVersion: number;
    }
  /** One version of it, or all. */
  | { readonly type: "secret.removed"; readonly name: string; readonly version?: number }
  /** Handed out to who asked. */
  | {
      readonly type: "secret.fetched";
      readonly name: string;
      readonly version: number;
      readonly leaseId: string;
      readonly expiresAtMs: number;
      /** Of the capability that allowed it. */
      readonly cid?: string;
    }
  /** Put into a request that a service sends, which does not see it. */
  | { readonly type: "secret.used"; readonly name: string; readonly version: number }
  /** Who was given it holds no authority for it any more: time to rotate. */
  | {
      readonly type: "secret.lease-revoked";
      readonly name: string;
      readonly version: number;
      readonly leaseId: string;
    }
  /** A key of the tenant that its secrets are wrapped by from now on. */
  | { readonly type: "vault.key-made"; readonly keyId: string }
  | { readonly type: "vault.rewrapped"; readonly keyId: string; readonly versions: number }
  | { readonly type: "vault.key-removed"; readonly keyId: string }
  | { readonly type: "vault.unsealed"; readonly by: "key-file" | "passphrase"; readonly isNew: boolean }
  | { readonly type: "vault.sealed" }
  /** A place that gets every event lacks some for good, or has lost what it had. */
  | { readonly type: "audit.gap"; readonly sink: string; readonly problem: string }
  /** The tamper-evident log of a tenant, or the history under it, was changed: it does not go on. */
  | { readonly type: "receipts.broken"; readonly ofTenant: string; readonly problem: string }
  /** A resource that the whole server lives on has become scarce, or no longer is. */
  | {
      readonly type: "kernel.load-changed";
      readonly resource: string;
      /** `critical`: new work is refused for its sake. */
      readonly load: "normal" | "high" | "critical";
      readonly usedPercent: number;
      readonly detail: string;
    }
  /** By a service, for whoever subscribes to the topic; `data` is JSON text. */
  | {
      readonly type: "topic.published";
      readonly serviceId: string;
      readonly topic: string;
      readonly data: string;
    }
  /** By a service, in a store; never with the value. */
  | {
      readonly type: "kv.written";
      readonly serviceId: string;
      readonly store: string;
      readonly key: string;
      readonly change: "put" | "delete";
    }
  | { readonly type: "kernel.started"; readonly version: string; readonly recovered: number }
  | { readonly type: "kernel.stopping"; readonly requestedBy: string };
