import { isUtf8 } from "node:buffer";
import type { Grant } from "@solo/capabilities";
import { type LimitAction, type LimitName, limitNamed, limitNames, limitRow, nearestName } from "@solo/notation";
import {
  HttpAccess as WireHttpAccess,
  LimitAction as WireLimitAction,
  type Limits as WireLimits,
  LogLevel as WireLogLevel,
  type Manifest as WireManifest,
  RestartKind as WireRestartKind,
} from "@solo/proto";
import { z } from "zod";
import { parseGrant } from "../authority/grant-text.ts";
import { quoted, SoloError } from "../errors.ts";
import { serviceDefaults } from "../limits.ts";
import type { Manifest, ServiceLimits } from "../services/service-record.ts";

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
  httpAccess: z.enum(["tenant", "public"], "must be tenant or public"),
  startArguments: z.string("must be UTF-8").max(65_536, "must be at most 65,536 characters"),
  limits: z.object(
    Object.fromEntries(
      limitNames.map((name) => [name, bounded(limitRow(name).least, limitRow(name).most, limitRow(name).unit)]),
    ) as { readonly [Name in LimitName]: z.ZodNumber },
  ),
});

/** Name in the proto of each field of the normalised manifest, for the error. */
const wireNames: Readonly<Record<string, string>> = {
  logLevel: "log_level",
  maxRestarts: "max_restarts",
  restartPeriodMs: "restart_period_ms",
  startArguments: "start_arguments",
  httpAccess: "http_access",
  ...Object.fromEntries(limitNames.map((name) => [name, limitRow(name).wireName])),
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

const httpAccesses: Readonly<Record<number, string>> = {
  [WireHttpAccess.HTTP_ACCESS_UNSPECIFIED]: "tenant",
  [WireHttpAccess.HTTP_ACCESS_TENANT]: "tenant",
  [WireHttpAccess.HTTP_ACCESS_PUBLIC]: "public",
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
    httpAccess: httpAccesses[wire?.httpAccess ?? 0],
    maxRestarts: wire?.maxRestarts ?? defaults.maxRestarts,
    restartPeriodMs: wire?.restartPeriodMs || defaults.restartPeriodMs,
    startArguments: isUtf8(startArguments) ? Buffer.from(startArguments).toString("utf8") : undefined,
    limits: limitsOf(limits, defaults),
  });
  const rules = limitRules(limits);
  const granted = grantsOf(wire?.grants ?? []);
  const issues: Fault[] = [...(parsed.error?.issues ?? []), ...rules.faults, ...granted.faults];
  if (parsed.success) {
    const { grants } = granted;
    const manifest = {
      ...parsed.data,
      ...(grants.length > 0 && { grants }),
      softLimits: rules.soft,
      limitActions: rules.actions,
    };
    issues.push(...contradictions(manifest, limits));
    if (issues.length === 0) return manifest;
  }
  const faults = issues.slice(0, mostFaults).map(({ path, message }) => {
    const names = path.map((part) => wireNames[String(part)] ?? String(part));
    const field = ["manifest", ...names.map((name) => (/^[!#-~]{1,80}$/.test(name) ? name : quoted(name)))].join(".");
    const said = saidAt(wire, path);
    const text = `${field} ${message}`;
    if (said === undefined) return { field, text, found: text, wanted: text };
    return { field, text: `${text}, got ${said}`, found: `${field} is ${said}`, wanted: text };
  });
  const left = issues.length - faults.length;
  const all = (kind: "text" | "found" | "wanted"): string =>
    `${faults.map((fault) => fault[kind]).join("; ")}${left === 0 ? "" : `; and ${left} more`}`;
  throw new SoloError("MANIFEST_INVALID", `Cannot use the manifest: ${all("text")}`, {
    found: all("found"),
    wanted: all("wanted"),
    field: faults[0]?.field ?? "manifest",
  });
}

/** What the manifest says there; undefined where it says nothing, and for variables, whose values are nobody's to read. */
function saidAt(wire: WireManifest | undefined, path: readonly PropertyKey[]): string | undefined {
  if (path[0] === "environment") return undefined;
  let value: unknown = wire;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  if (path[1] === "actions" && typeof value === "number" && value in wireActions) return wireActions[value];
  if (typeof value === "string") return quoted(value);
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Grants that one link of a capability can hold. */
export const mostGrants = 16;

function grantsOf(texts: readonly string[]): { readonly grants: readonly Grant[]; readonly faults: readonly Fault[] } {
  const grants: Grant[] = [];
  const faults: Fault[] = [];
  if (texts.length > mostGrants) faults.push({ path: ["grants"], message: `must be at most ${mostGrants}` });
  for (const [index, text] of texts.slice(0, mostGrants).entries()) {
    const grant = parseGrant(text);
    if ("kind" in grant) faults.push({ path: ["grants", String(index)], message: grant.message });
    else grants.push(grant);
  }
  return { grants, faults };
}

/** What was said, or else the default. */
function limitsOf(limits: WireLimits | undefined, defaults: ManifestDefaults): ServiceLimits {
  const numbers = limitNames.map((name) => {
    const said = Number(limits?.[name] ?? 0);
    return [name, said || defaults[name]] as const;
  });
  const filled = Object.fromEntries(numbers) as ServiceLimits;
  // A message that no mailbox takes is no message: a default gives way to what was said.
  return limits?.messageBytes
    ? filled
    : { ...filled, messageBytes: Math.min(filled.messageBytes, filled.mailboxBytes) };
}

const wireActions: Readonly<Record<number, LimitAction>> = {
  [WireLimitAction.LIMIT_ACTION_KILL]: "kill",
  [WireLimitAction.LIMIT_ACTION_THROTTLE]: "throttle",
  [WireLimitAction.LIMIT_ACTION_WARN]: "warn",
};

/** Soft limits and actions, each for a limit that there is and in a way that makes sense for it. */
function limitRules(limits: WireLimits | undefined): {
  readonly soft: Manifest["softLimits"];
  readonly actions: Manifest["limitActions"];
  readonly faults: readonly Fault[];
} {
  const soft: { [Name in LimitName]?: number } = {};
  const actions: { [Name in LimitName]?: LimitAction } = {};
  const faults: Fault[] = [];
  const rowOf = (table: string, key: string): LimitName | undefined => {
    const name = limitNamed(key);
    if (name === undefined) faults.push({ path: ["limits", table, key], message: unknownLimit(key) });
    return name;
  };
  for (const [key, value] of Object.entries(limits?.soft ?? {})) {
    const name = rowOf("soft", key);
    if (name === undefined || value === 0n) continue;
    soft[name] = Number(value);
  }
  for (const [key, value] of Object.entries(limits?.actions ?? {})) {
    const name = rowOf("actions", key);
    if (name === undefined || value === WireLimitAction.LIMIT_ACTION_UNSPECIFIED) continue;
    const action = wireActions[value];
    const able: readonly LimitAction[] = limitRow(name).actions;
    if (action !== undefined && able.includes(action)) actions[name] = action;
    else faults.push({ path: ["limits", "actions", key], message: `must be ${able.join(" or ")}` });
  }
  return { soft, actions, faults };
}

function unknownLimit(key: string): string {
  const known = limitNames.map((name) => limitRow(name).wireName);
  const meant = nearestName(key, known);
  return `is no limit${meant === undefined ? "" : ` (did you mean ${meant}?)`}: there are ${known.join(", ")}`;
}

/** Limits that are right by themselves and wrong beside each other. */
function contradictions(manifest: Manifest, said: WireLimits | undefined): readonly Fault[] {
  const { limits, softLimits } = manifest;
  const faults: Fault[] = [];
  for (const name of limitNames) {
    const soft = softLimits[name];
    if (soft === undefined || (Number.isSafeInteger(soft) && soft <= limits[name])) continue;
    const message = `must be at most the limit itself, ${limits[name]} ${limitRow(name).unit}`;
    faults.push({ path: ["limits", "soft", limitRow(name).wireName], message });
  }
  if (said?.messageBytes && limits.messageBytes > limits.mailboxBytes) {
    const message = `must be at most mailbox_bytes, ${limits.mailboxBytes} bytes: no larger message would ever be taken`;
    faults.push({ path: ["limits", "messageBytes"], message });
  }
  if (limits.scratchBytes >= limits.memoryBytes) {
    const message = `must be below memory_bytes, ${limits.memoryBytes} bytes: files in the scratch are memory`;
    faults.push({ path: ["limits", "scratchBytes"], message });
  }
  return faults;
}
