import type { Bundle, Grant } from "@solo/capabilities";
import { type LimitAction, type LimitName, usualLimits } from "@solo/notation";
import type { LogLevel } from "../cells/guest-session.ts";
import type { ArtifactForm } from "../ports/artifact.ts";
import type { Cause } from "./cause.ts";

/** How a service is run, every default filled in. */
export interface Manifest {
  readonly environment: Readonly<Record<string, string>>;
  readonly logLevel: LogLevel;
  readonly limits: ServiceLimits;
  /** Where warnings begin, for the limits whose manifest says so. */
  readonly softLimits: { readonly [Name in LimitName]?: number };
  /** What becomes of the service at a limit, for those whose manifest says so. */
  readonly limitActions: { readonly [Name in LimitName]?: LimitAction };
  readonly restart: RestartKind;
  /** Restarts allowed within `restartPeriodMs`. */
  readonly maxRestarts: number;
  readonly restartPeriodMs: number;
  /** JSON text of the arguments handed to `init`; empty for none. */
  readonly startArguments: string;
  /** Who may send HTTP requests to it: its tenant's identities, or anybody. Absent in records of older versions: `tenant`. */
  readonly httpAccess?: "tenant" | "public";
  /** What it may do beside answering, each on a pattern below its tenant, such as `kv/carts/**`. Absent: nothing. */
  readonly grants?: readonly Grant[];
}

/** Each limit of the table, in its unit. */
export type ServiceLimits = { readonly [Name in LimitName]: number };

export type RestartKind = "permanent" | "transient" | "temporary";

/** What is kept about one service beside its events; recovery reads nothing else. */
export interface ServiceRecord {
  /** Counts the deployments of the id, from 1. */
  readonly version: number;
  /**
   * - `starting`: accepted and never started; recovery undoes it, since nobody was told that it runs.
   * - `running`: recovery starts it.
   * - `stopping`: a kill was accepted; recovery completes it.
   * - `stopped`, `failed`, `killed`: shown, not started.
   */
  readonly state: "starting" | "running" | "stopping" | "stopped" | "failed" | "killed";
  readonly artifactSha256: string;
  readonly fileName: string;
  readonly form: ArtifactForm;
  readonly manifest: Manifest;
  readonly deployedAtMs: number;
  /** Correlation id of the deployment; what the kernel does by itself for the service carries it. */
  readonly correlationId: string;
  /** What its manifest grants it, as a part of what its deployer holds. Absent where that is nothing. */
  readonly authority?: Bundle;
  /** Who signed the artifact, by the thumbprint of the key, and as which release. */
  readonly signed?: {
    readonly by: string;
    readonly release: number;
    /** SHA-256 of the list of the files inside, of a bundle: looked at whenever it is loaded. */
    readonly contents?: string;
  };
  /** The newest release of the id that was ever signed, where that is not this one. */
  readonly signedFloor?: number;
  readonly lastCause?: Cause;
  /** While `starting`: what was kept of the id before, to be put back when this version never comes to run. */
  readonly replaces?: ServiceRecord;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const encodeRecord = (record: ServiceRecord): Uint8Array => encoder.encode(JSON.stringify(record));

/** Reads what {@link encodeRecord} wrote, or an older server that knew fewer limits and kinds; the store is trusted. */
export function decodeRecord(bytes: Uint8Array): ServiceRecord {
  const { language = "typescript", ...record } = JSON.parse(decoder.decode(bytes)) as ServiceRecord & {
    readonly language?: "typescript" | "javascript";
  };
  const manifest: Partial<Manifest> = record.manifest;
  const { limits, softLimits = {}, limitActions = {} } = manifest;
  return {
    ...record,
    form: (record.form as ServiceRecord["form"] | undefined) ?? { kind: "source", language },
    manifest: { ...record.manifest, limits: { ...usualLimits, ...limits }, softLimits, limitActions },
  };
}
