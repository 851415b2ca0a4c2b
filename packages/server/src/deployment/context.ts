import type { Authority } from "../authority/authority.ts";
import type { Kept } from "../drivers/tenant-quota.ts";
import type { Directory } from "../messaging/directory.ts";
import type { ArtifactStore } from "../ports/artifact-store.ts";
import type { Sandbox } from "../ports/cell.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Vital } from "../ports/vitals.ts";
import type { Journals } from "../services/journal.ts";
import type { Launcher } from "../services/launcher.ts";
import type { Quotas } from "./quotas.ts";
import type { Requests } from "./requests.ts";
import type { Signing } from "./signing.ts";

/** What the deployment use cases stand on. */
export interface DeploymentContext {
  readonly state: StateStore;
  readonly artifacts: ArtifactStore;
  readonly directory: Directory;
  readonly authority: Authority;
  readonly journals: Journals;
  readonly launcher: Launcher;
  readonly requests: Requests;
  readonly quotas: Quotas;
  readonly signing: Signing;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly load: ServerLoad;
  /** What the services of a tenant keep at the drivers. */
  readonly kept: (tenant: string) => Promise<Kept>;
}

/** How the server itself is. */
export interface ServerLoad {
  /** The resource for whose sake nothing new begins; `undefined` when there is room. */
  readonly refusing: Vital | undefined;
}

/** What this host has at all: a larger limit would promise what nobody can keep. */
export interface Capacity {
  readonly memoryBytes: number;
  /** 100 for each core. */
  readonly cpuPercent: number;
  /** How many times over each may be promised to services: a limit is a ceiling, and few services ever come near it. */
  readonly memoryOvercommit: number;
  readonly cpuOvercommit: number;
}
