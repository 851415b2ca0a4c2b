import { LogLevel as WireLogLevel, type Manifest as WireManifest, RestartKind as WireRestartKind } from "@solo/proto";
import { z } from "zod";
import { SoloError } from "../errors.ts";
import { serviceDefaults } from "../limits.ts";
import type { Manifest } from "../services/service-record.ts";

const MiB = 1024 * 1024;
const bounded = (least: number, most: number, unit: string) =>
  z
    .int(`must be a whole number of ${unit}`)
    .min(least, `must be ${least} to ${most} ${unit}`)
    .max(most, `must be ${least} to ${most} ${unit}`);

/** Names are compared by the host's environment byte for byte; anything else would be silently changed on the way. */
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

const schema = z.object({
  environment: z
    .record(
      z.string().regex(variableName, "must be named by letters, digits and _, no digit first"),
      z
        .string()
        .max(32_768, "must be at most 32,768 characters")
        .refine((value) => !value.includes("\0"), "must not contain NUL"),
    )
    .refine((all) => Object.keys(all).length <= 256, "must have at most 256 variables"),
  logLevel: z.enum(["debug", "info", "warn", "error"], "must be debug, info, warn or error"),
  restart: z.enum(["permanent", "transient", "temporary"], "must be permanent, transient or temporary"),
  maxRestarts: bounded(0, 1_000_000, "restarts"),
  restartPeriodMs: bounded(1, 86_400_000, "ms"),
  startArguments: z.string().max(65_536, "must be at most 65,536 characters"),
  limits: z.object({
    memoryBytes: bounded(32 * MiB, 1024 * 1024 * MiB, "bytes"),
    cpuPercent: bounded(1, 10_000, "percent of one core"),
    processes: bounded(8, 4_096, "processes"),
    startTimeoutMs: bounded(1, 600_000, "ms"),
    stopTimeoutMs: bounded(1, 600_000, "ms"),
    mailboxMessages: bounded(1, 1_000_000, "messages"),
    mailboxBytes: bounded(1, 1024 * MiB, "bytes"),
  }),
});

/** Name in the proto of each field of the normalised manifest, for the error. */
const wireNames: Readonly<Record<string, string>> = {
  logLevel: "log_level",
  maxRestarts: "max_restarts",
  restartPeriodMs: "restart_period_ms",
  startArguments: "start_arguments",
  memoryBytes: "memory_bytes",
  cpuPercent: "cpu_percent",
  startTimeoutMs: "start_timeout_ms",
  stopTimeoutMs: "stop_timeout_ms",
  mailboxMessages: "mailbox_messages",
  mailboxBytes: "mailbox_bytes",
};

/** Limits and restart settings that the operator has set in place of the built-in ones. */
export type ManifestDefaults = { readonly [Name in keyof typeof serviceDefaults]: number };

const restartKinds: Readonly<Record<number, string>> = {
  [WireRestartKind.RESTART_KIND_UNSPECIFIED]: "permanent",
  [WireRestartKind.RESTART_KIND_PERMANENT]: "permanent",
  [WireRestartKind.RESTART_KIND_TRANSIENT]: "transient",
  [WireRestartKind.RESTART_KIND_TEMPORARY]: "temporary",
};

const logLevels: Readonly<Record<number, string>> = {
  [WireLogLevel.LOG_LEVEL_UNSPECIFIED]: "info",
  [WireLogLevel.LOG_LEVEL_DEBUG]: "debug",
  [WireLogLevel.LOG_LEVEL_INFO]: "info",
  [WireLogLevel.LOG_LEVEL_WARN]: "warn",
  [WireLogLevel.LOG_LEVEL_ERROR]: "error",
};

/**
 * Fills in the defaults and checks every field.
 *
 * @throws {SoloError} `MANIFEST_INVALID`, naming each field at fault.
 */
export function parseManifest(wire: WireManifest | undefined, defaults: ManifestDefaults = serviceDefaults): Manifest {
  const limits = wire?.limits;
  const parsed = schema.safeParse({
    environment: { ...wire?.environment },
    logLevel: logLevels[wire?.logLevel ?? 0],
    restart: restartKinds[wire?.restart ?? 0],
    maxRestarts: wire?.maxRestarts ?? defaults.maxRestarts,
    restartPeriodMs: wire?.restartPeriodMs || defaults.restartPeriodMs,
    startArguments: Buffer.from(wire?.startArguments ?? []).toString("utf8"),
    limits: {
      memoryBytes: Number(limits?.memoryBytes ?? 0) || defaults.memoryBytes,
      cpuPercent: limits?.cpuPercent || defaults.cpuPercent,
      processes: limits?.processes || defaults.processes,
      startTimeoutMs: limits?.startTimeoutMs || defaults.startTimeoutMs,
      stopTimeoutMs: limits?.stopTimeoutMs || defaults.stopTimeoutMs,
      mailboxMessages: limits?.mailboxMessages || defaults.mailboxMessages,
      mailboxBytes: Number(limits?.mailboxBytes ?? 0) || defaults.mailboxBytes,
    },
  });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const field = issue.path.map((part) => wireNames[String(part)] ?? String(part)).join(".");
    return `manifest.${field} ${issue.message}`;
  });
  throw new SoloError("MANIFEST_INVALID", `Cannot use the manifest: ${faults.join("; ")}`, {
    found: faults.join("; "),
    wanted: "a manifest whose fields are within their bounds",
    field: faults[0]?.split(" ")[0] ?? "manifest",
  });
}
