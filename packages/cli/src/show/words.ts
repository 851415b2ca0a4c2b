import type {
  ArtifactKind,
  CheckResult,
  Confinement,
  Health,
  LimitAction,
  LimitsLevel,
  LogLevel,
  Packaging,
  ProgramProtocol,
  RestartKind,
  ServiceState,
} from "@solo/proto";

// The wire's enums as the words that people and programs read. Complete by their types; only types of @solo/proto are
// imported, so that naming them loads nothing. What this version does not know yet is `unknown`.

export const serviceStates: Record<ServiceState, string> = {
  0: "unknown",
  1: "starting",
  2: "running",
  3: "restarting",
  4: "stopping",
  5: "stopped",
  6: "failed",
  7: "killed",
  [-1]: "unknown",
};

export const artifactKinds: Record<ArtifactKind, string> = {
  0: "unknown",
  1: "source",
  2: "bundle",
  3: "binary",
  [-1]: "unknown",
};

export const packagings: Record<Packaging, string> = {
  0: "executable",
  1: "executable",
  2: "tarball",
  [-1]: "unknown",
};

export const protocols: Record<ProgramProtocol, string> = {
  0: "frames",
  1: "frames",
  2: "lines",
  3: "http",
  [-1]: "unknown",
};

export const restartKinds: Record<RestartKind, string> = {
  0: "permanent",
  1: "permanent",
  2: "transient",
  3: "temporary",
  [-1]: "unknown",
};

export const logLevels: Record<LogLevel, string> = {
  0: "info",
  1: "debug",
  2: "info",
  3: "warn",
  4: "error",
  [-1]: "unknown",
};

export const confinements: Record<Confinement, string> = {
  0: "unknown",
  1: "process-only",
  2: "confined",
  3: "full",
  [-1]: "unknown",
};

export const limitsLevels: Record<LimitsLevel, string> = { 0: "unknown", 1: "watched", 2: "enforced", [-1]: "unknown" };

export const limitActions: Record<LimitAction, string> = {
  0: "unknown",
  1: "kill",
  2: "throttle",
  3: "warn",
  [-1]: "unknown",
};

export const healths: Record<Health, string> = {
  0: "unknown",
  1: "healthy",
  2: "degraded",
  3: "unhealthy",
  [-1]: "unknown",
};

export const checkResults: Record<CheckResult, string> = {
  0: "unknown",
  1: "ok",
  2: "degraded",
  3: "failed",
  [-1]: "unknown",
};

/** The word for a number of the wire, which may be newer than this version. */
export function wordOf(words: Readonly<Record<number, string>>, value: number): string {
  return words[value] ?? "unknown";
}
