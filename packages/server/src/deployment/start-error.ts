import { limitNamed, limitRow } from "@solo/notation";
import { type Reason, SoloError } from "../errors.ts";
import type { Cause, CauseKind } from "../services/cause.ts";
import { limitQuota } from "../services/limit-quota.ts";

const reasons: Readonly<Record<CauseKind, Reason>> = {
  artifact: "ARTIFACT_INVALID",
  arguments: "ARGUMENTS_INVALID",
  not_allowed: "PROGRAM_NOT_ALLOWED",
  disk_full: "DISK_FULL",
  compile: "COMPILE_FAILED",
  start_timeout: "START_TIMED_OUT",
  server: "INTERNAL",
  init: "START_FAILED",
  crash: "START_FAILED",
  oom: "LIMIT_REACHED",
  cpu: "LIMIT_REACHED",
  stalled: "LIMIT_REACHED",
  limit: "LIMIT_REACHED",
  signal: "START_FAILED",
  exit: "START_FAILED",
  protocol: "START_FAILED",
  stop: "START_FAILED",
  kill: "START_FAILED",
  shed: "START_FAILED",
};

const wanted: Readonly<Partial<Record<CauseKind, string>>> = {
  compile: "source that compiles",
  artifact: "an artifact that is what it says, for this host",
  arguments: "the arguments that the contract has for `init`",
  not_allowed: "an artifact that needs nothing of the host, or what its operator allows",
  disk_full: "room for what the archive holds unpacked, as long as the service runs",
};

/** The refusal of a deploy or restart whose service did not come to run. */
export function startError(serviceId: string, cause: Cause): SoloError {
  const limit = cause.limit === undefined ? undefined : limitNamed(cause.limit.name);
  return new SoloError(reasons[cause.kind], `Cannot start "${serviceId}": ${cause.message}`, {
    found: cause.message,
    wanted: wanted[cause.kind] ?? "a service that starts: its `init` returns, or its program says so",
    ...(cause.location === undefined ? {} : { location: cause.location }),
    ...(cause.kind === "arguments" ? { field: "manifest.start_arguments" } : {}),
    ...(cause.kind === "oom" ? { fix: "Use less memory, or raise limits.memory_bytes" } : {}),
    ...(cause.limit === undefined || limit === undefined
      ? {}
      : { quota: limitQuota(limit, cause.limit.allowed, cause.limit.used) }),
    metadata: {
      service_id: serviceId,
      cause: cause.kind,
      ...(limit === undefined ? {} : { limit: limitRow(limit).wireName }),
      ...(cause.detail === undefined ? {} : { detail: cause.detail }),
    },
  });
}
