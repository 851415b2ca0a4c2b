import { isUtf8 } from "node:buffer";
import { LogLevel as WireLogLevel, type Manifest as WireManifest, RestartKind as WireRestartKind } from "@solo/proto";
import { z } from "zod";
import { quoted, SoloError } from "../errors.ts";
import { serviceDefaults } from "../limits.ts";
import type { Manifest } from "../services/service-record.ts";

const MiB = 1024 * 1024;
const bounded = (least: number, most: number, unit: string) =>
  z
    .number()
    .refine(
      (value) => Number.isInteger(value) && value >= least && value <= most,
      `must be ${least} to ${most} ${unit}`,
    );

/** Names are compared by the host's environment byte for byte; anything else would be silently changed on the way. */
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

const wantedName = "must be named by at most 256 letters, digits and _, no digit first";

const schema = z.object({
  environment: z
    .record(
      z.string(),
      z
        .string()
        .max(32_768, "must be at most 32,768 characters")
        .refine((value) => !value.includes("\0"), "must not contain NUL"),
    )
    .superRefine((all, context) => {
      for (const name of Object.keys(all)) {
        if (variableName.test(name)) continue;
        context.addIssue({ code: "custom", path: [name], message: wantedName });
      }
    })
    .refine((all) => Object.keys(all).length <= 256, "must have at most 256 variables"),
  logLevel: z.enum(["debug", "info", "warn", "error"], "must be debug, info, warn or error"),
  restart: z.enum(["permanent", "transient", "temporary"], "must be permanent, transient or temporary"),
  maxRestarts: bounded(0, 1_000_000, "restarts"),
  restartPeriodMs: bounded(1, 86_400_000, "ms"),
  startArguments: z.string("must be UTF-8").max(65_536, "must be at most 65,536 characters"),
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

/** Faults that one error tells of; a manifest can have as many as fit a request. */
const mostFaults = 8;

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
  const startArguments = wire?.startArguments ?? new Uint8Array();
  const parsed = schema.safeParse({
    environment: { ...wire?.environment },
    logLevel: logLevels[wire?.logLevel ?? 0],
    restart: restartKinds[wire?.restart ?? 0],
    maxRestarts: wire?.maxRestarts ?? defaults.maxRestarts,
    restartPeriodMs: wire?.restartPeriodMs || defaults.restartPeriodMs,
    startArguments: isUtf8(startArguments) ? Buffer.from(startArguments).toString("utf8") : undefined,
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
  const faults = parsed.error.issues.slice(0, mostFaults).map(({ path, message }) => {
    const names = path.map((part) => wireNames[String(part)] ?? String(part));
    const field = ["manifest", ...names.map((name) => (/^[!#-~]{1,80}$/.test(name) ? name : quoted(name)))].join(".");
    return { field, text: `${field} ${message}` };
  });
  const left = parsed.error.issues.length - faults.length;
  const text = `${faults.map((fault) => fault.text).join("; ")}${left === 0 ? "" : `; and ${left} more`}`;
  throw new SoloError("MANIFEST_INVALID", `Cannot use the manifest: ${text}`, {
    found: text,
    wanted: "a manifest whose fields are within their bounds",
    field: faults[0]?.field ?? "manifest",
  });
}
