import type { LimitAction, LimitName } from "@solo/notation";
import type { ArtifactForm } from "../ports/artifact.ts";
import type { CellHoldings, CellUsage, Confinement, LimitsLevel } from "../ports/cell.ts";
import type { Cause } from "./cause.ts";
import type { Health } from "./health.ts";
import type { LifecycleState } from "./lifecycle.ts";
import type { Manifest } from "./service-record.ts";

/** One service as it is at one moment: plain data, for answers. */
export interface ServiceView {
  readonly tenant: string;
  readonly serviceId: string;
  readonly state: LifecycleState;
  readonly version: number;
  readonly artifactSha256: string;
  readonly fileName: string;
  readonly form: ArtifactForm;
  readonly deployedAtMs: number;
  /** When the present cell answered its start; undefined while there is none. */
  readonly startedAtMs?: number;
  /** Restarts by the supervisor since this version was deployed or restarted by hand. */
  readonly restarts: number;
  /** 0 while there is no cell. */
  readonly processId: number;
  readonly lastCause?: Cause;
  readonly manifest: Manifest;
  readonly confinement: Confinement;
  readonly limitsLevel: LimitsLevel;
  readonly calls: readonly string[];
  readonly casts: readonly string[];
  /** JSON, in the guest's words; only in the answer about one service. */
  readonly contract?: string;
  /** Undefined while there is no cell, and in the answers to changes. */
  readonly usage?: CellUsage & CellHoldings;
  /** Messages accepted and not yet answered. */
  readonly mailboxMessages: number;
  readonly health: Health;
  /** What it uses of each limit; only in the answer about one service. */
  readonly limits?: readonly LimitUse[];
}

/** One limit as it stands now. */
export interface LimitUse {
  readonly limit: LimitName;
  readonly allowed: number;
  /** Undefined where there is nothing to measure now. */
  readonly used?: number;
  /** Undefined where no warning is given. */
  readonly soft?: number;
  readonly action: LimitAction;
  /** `nobody` where this host cannot. */
  readonly keptBy: "kernel" | "nobody" | LimitsLevel;
  /** In the present life of this version. */
  readonly timesNeared: number;
  readonly timesReached: number;
}
