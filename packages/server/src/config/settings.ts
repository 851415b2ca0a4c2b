import { isIP, isIPv4 } from "node:net";
import {
  byteSizeForm,
  durationForm,
  formatByteSize,
  formatDuration,
  type LimitName,
  limitNames,
  limitRow,
  parseByteSize,
  parseDuration,
  type TenantLimitName,
  tenantLimitNames,
  tenantLimitRow,
} from "@solo/notation";
import * as z from "zod";
import {
  defaultCallsInFlight,
  defaultFreezeAfterMs,
  defaultGraceMs,
  defaultPoolMost,
  defaultPoolSize,
  overcommitDefaults,
  serviceDefaults,
} from "../limits.ts";
import { isAddressRange } from "./address-range.ts";

/** One thing an operator may set. Its flag, variable and file key all mean the same. */
export interface Setting<T> {
  /** Such as `--grace`. */
  readonly flag: string;
  /** Such as `SOLO_GRACE`. */
  readonly variable: string;
  /** Key in the TOML file, its tables joined by dots, such as `listen.port`. */
  readonly key: string;
  /** A sentence for `--help`. */
  readonly doc: string;
  /** What is accepted, as it follows the words "wanted". */
  readonly wanted: string;
  readonly default: T;
  /** Takes text from flags and variables, and TOML values; undefined when it is not what is wanted. */
  read(value: unknown): T | undefined;
  /** Writes a value so that `read` reads it back. */
  format(value: T): string;
}

/** Every setting of solo-server. `--help`, `--print-config`, the checks and the type of the configuration come from here. */
export const settings = {
  dataFolder: text({
    flag: "--data-folder",
    variable: "SOLO_DATA_FOLDER",
    key: "data_folder",
    doc: "Folder of the database, artifacts, keys and profiles; made when missing",
    wanted: "a path, seen from the folder the server is started in",
    default: ".solo",
  }),
  listenHost: text({
    flag: "--host",
    variable: "SOLO_HOST",
    key: "listen.host",
    doc: "Address that gRPC listens on",
    wanted: "an IP address or host name",
    default: "127.0.0.1",
  }),
  listenNames: {
    flag: "--names",
    variable: "SOLO_NAMES",
    key: "listen.names",
    doc: "Host names and addresses that clients know the server by, for its certificate, such as solo.example.com,10.0.0.5",
    wanted: "DNS names and IP addresses parted by commas, or none",
    default: [],
    read: (value: unknown) => readList(value, z.string().refine(isHostName)),
    format: (value: readonly string[]) => (value.length === 0 ? "none" : value.join(",")),
  } satisfies Setting<readonly string[]> as Setting<readonly string[]>,
  listenPort: whole({
    flag: "--port",
    variable: "SOLO_PORT",
    key: "listen.port",
    doc: "Port of gRPC; 0 takes a free one, which the readiness line tells",
    min: 0,
    max: 65_535,
    default: 50_051,
  }),
  httpPort: {
    flag: "--http-port",
    variable: "SOLO_HTTP_PORT",
    key: "http.port",
    doc: "Port of HTTP on the same address: REST, event streams and services; 0 takes a free one, off opens none",
    wanted: "off, or a whole number from 0 to 65535",
    default: 8_080,
    read: portOrOff,
    format: String,
  } as Setting<number | "off">,
  metricsHost: {
    flag: "--metrics-host",
    variable: "SOLO_METRICS_HOST",
    key: "metrics.host",
    doc: "Address that the open /metrics listens on; without TLS, so this host only",
    wanted: "a loopback address: 127.0.0.1, ::1 or localhost",
    default: "127.0.0.1",
    read: checkedBy(z.string().refine(isLoopback)),
    format: (value: string) => value,
  },
  metricsPort: {
    flag: "--metrics-port",
    variable: "SOLO_METRICS_PORT",
    key: "metrics.port",
    doc: "Port of an open /metrics, which every process of this host may read; 0 takes a free one, off opens none: the one of HTTP asks for authority",
    wanted: "off, or a whole number from 0 to 65535",
    default: "off",
    read: portOrOff,
    format: String,
  } as Setting<number | "off">,
  logLevel: oneOf({
    flag: "--log-level",
    variable: "SOLO_LOG_LEVEL",
    key: "log.level",
    doc: "Least grave level that the server's own log shows",
    values: ["debug", "info", "warn", "error"],
    default: "info",
  }),
  logFormat: oneOf({
    flag: "--log-format",
    variable: "SOLO_LOG_FORMAT",
    key: "log.format",
    doc: "Lines for people or one JSON object a line",
    values: ["text", "json"],
    default: "text",
  }),
  graceMs: duration({
    flag: "--grace",
    variable: "SOLO_GRACE",
    key: "grace",
    doc: "Time that calls and services get when the server stops",
    min: 0,
    max: 3_600_000,
    default: defaultGraceMs,
  }),
  auditFile: text({
    flag: "--audit-file",
    variable: "SOLO_AUDIT_FILE",
    key: "audit.file",
    doc: "File that every event is appended to as a line of JSON, beside the database; off for none",
    wanted: "off, or a path, seen from the folder the server is started in",
    default: "off",
  }),
  auditFileBytes: bytes({
    flag: "--audit-file-size",
    variable: "SOLO_AUDIT_FILE_SIZE",
    key: "audit.file_size",
    doc: "Size at which the audit file is put aside under a number and a new one begun; none is ever removed",
    min: 4_096,
    max: 2 ** 40,
    default: 64 * 2 ** 20,
  }),
  certificateLifeMs: duration({
    flag: "--certificate-life",
    variable: "SOLO_CERTIFICATE_LIFE",
    key: "certificates.life",
    doc: "How long an agent's certificate is good; its holder renews it when two thirds of that are over",
    min: 60_000,
    max: 90 * 86_400_000,
    default: 90 * 86_400_000,
  }),
  isolationMinimum: oneOf({
    flag: "--isolation-minimum",
    variable: "SOLO_ISOLATION_MINIMUM",
    key: "isolation.minimum",
    doc: "Refuse to start on a host that confines services less; best: take what there is",
    values: ["process-only", "confined", "full", "best"],
    default: "confined",
  }),
  limitsMinimum: oneOf({
    flag: "--limits-minimum",
    variable: "SOLO_LIMITS_MINIMUM",
    key: "limits.minimum",
    doc: "Refuse to start on a host that keeps limits less strictly; best: take what there is",
    values: ["watched", "enforced", "best"],
    default: "enforced",
  }),
  poolSize: whole({
    flag: "--pool-size",
    variable: "SOLO_POOL_SIZE",
    key: "pool.size",
    doc: "Cells that wait warm; 0 starts each service cold",
    min: 0,
    max: 256,
    default: defaultPoolSize,
  }),
  poolMost: whole({
    flag: "--pool-most",
    variable: "SOLO_POOL_MOST",
    key: "pool.most",
    doc: "Cells that wait warm at most, while services start fast; fewer than the pool's size keep it at that size",
    min: 0,
    max: 256,
    default: defaultPoolMost,
  }),
  freezeAfterMs: duration({
    flag: "--freeze-after",
    variable: "SOLO_FREEZE_AFTER",
    key: "freeze.after",
    doc: "Freeze a service that was sent nothing for this long and waits for nothing else; 0 for never",
    min: 0,
    max: 86_400_000,
    default: defaultFreezeAfterMs,
  }),
  ...serviceLimitSettings(),
  ...tenantLimitSettings(),
  hostPrograms: {
    flag: "--host-programs",
    variable: "SOLO_HOST_PROGRAMS",
    key: "binaries.host_programs",
    doc: "Programs of this host that external binaries may use, such as sh,python3",
    wanted: "names of programs parted by commas, or none",
    default: [],
    read: (value: unknown) => readList(value, z.string().regex(/^[A-Za-z0-9][\w.+-]{0,63}$/)),
    format: (value: readonly string[]) => (value.length === 0 ? "none" : value.join(",")),
  } satisfies Setting<readonly string[]> as Setting<readonly string[]>,
  hostLibraries: oneOf({
    flag: "--host-libraries",
    variable: "SOLO_HOST_LIBRARIES",
    key: "binaries.host_libraries",
    doc: "Let external binaries load the shared libraries of this host",
    values: ["no", "yes"],
    default: "no",
  }),
  vaultUnseal: oneOf({
    flag: "--vault-unseal",
    variable: "SOLO_VAULT_UNSEAL",
    key: "vault.unseal",
    doc: "What opens the secrets: a key file at each start, or a passphrase that an administrator gives with solo vault unseal",
    values: ["key-file", "passphrase"],
    default: "key-file",
  }),
  vaultKeyFile: text({
    flag: "--vault-key-file",
    variable: "SOLO_VAULT_KEY_FILE",
    key: "vault.key_file",
    doc: "File of 32 random bytes that wraps all keys of secrets; made when missing at the first start",
    wanted: "a path, seen from the data folder",
    default: "vault/root.key",
  }),
  netAllowAddresses: {
    flag: "--net-allow-addresses",
    variable: "SOLO_NET_ALLOW_ADDRESSES",
    key: "net.allow_addresses",
    doc: "Addresses beside the public internet's that services may fetch from, if they are granted the host, such as 10.1.0.0/16",
    wanted: "addresses and ranges such as 10.1.2.3,10.2.0.0/16,::1 parted by commas, or none",
    default: [],
    read: (value: unknown) => readList(value, z.string().refine(isAddressRange)),
    format: (value: readonly string[]) => (value.length === 0 ? "none" : value.join(",")),
  } satisfies Setting<readonly string[]> as Setting<readonly string[]>,
  memoryOvercommit: whole({
    flag: "--memory-overcommit",
    variable: "SOLO_MEMORY_OVERCOMMIT",
    key: "capacity.memory_overcommit",
    doc: "How many times over this machine's memory may be promised to services; 1: never more than there is",
    min: 1,
    max: 1_000_000,
    default: overcommitDefaults.memory,
  }),
  cpuOvercommit: whole({
    flag: "--cpu-overcommit",
    variable: "SOLO_CPU_OVERCOMMIT",
    key: "capacity.cpu_overcommit",
    doc: "How many times over this machine's cores may be promised to services; 1: never more than there are",
    min: 1,
    max: 1_000_000,
    default: overcommitDefaults.cpu,
  }),
  callsInFlight: whole({
    flag: "--calls-in-flight",
    variable: "SOLO_CALLS_IN_FLIGHT",
    key: "capacity.calls_in_flight",
    doc: "Calls and casts of all clients that are served at one time; more are refused before they are read",
    min: 1,
    max: 1_000_000,
    default: defaultCallsInFlight,
  }),
  serviceMaxRestarts: whole({
    flag: "--service-max-restarts",
    variable: "SOLO_SERVICE_MAX_RESTARTS",
    key: "service.max_restarts",
    doc: "Restarts within the period before a service is `failed`",
    min: 0,
    max: 1_000_000,
    default: serviceDefaults.maxRestarts,
  }),
  serviceRestartPeriodMs: duration({
    flag: "--service-restart-period",
    variable: "SOLO_SERVICE_RESTART_PERIOD",
    key: "service.restart_period",
    doc: "Time that a restart is remembered",
    min: 1,
    max: 86_400_000,
    default: serviceDefaults.restartPeriodMs,
  }),
} as const;

export type SettingName = keyof typeof settings;

/** What solo-server runs with. Durations are milliseconds, sizes bytes. */
export type Config = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer T> ? T : never;
};

/** Where each value came from: `default`, a flag, a variable, or `file:line key`. */
export type Origins = { readonly [Name in SettingName]: string };

/** Whether `host` can be reached from this host only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** Name of the setting for a limit's default, such as `serviceMemoryBytes`. */
export type LimitSetting<Name extends LimitName = LimitName> = `service${Capitalize<Name>}`;

export function limitSetting<Name extends LimitName>(name: Name): LimitSetting<Name> {
  return `service${name.slice(0, 1).toUpperCase()}${name.slice(1)}` as LimitSetting<Name>;
}

/** What services get whose manifest says nothing: one setting for each row of the table of limits. */
function serviceLimitSettings(): { readonly [Name in LimitName as LimitSetting<Name>]: Setting<number> } {
  const made = limitNames.map((name) => {
    const { key, unit, doc, usual, least, most } = limitRow(name);
    const words = key.replace(/_percent$/, "").replaceAll("_", "-");
    const setting = {
      flag: `--service-${words}`,
      variable: `SOLO_SERVICE_${words.replaceAll("-", "_").toUpperCase()}`,
      key: `service.${key}`,
      doc: `Limit of a service whose manifest says nothing: ${doc}${unit === "percent" ? ", in percent" : ""}`,
      min: least,
      max: most,
      default: usual,
    };
    const make = { bytes, ms: duration }[unit as string] ?? whole;
    return [limitSetting(name), make(setting)] as const;
  });
  return Object.fromEntries(made) as { [Name in LimitName as LimitSetting<Name>]: Setting<number> };
}

/** Name of the setting for a tenant's limit, such as `tenantMemoryBytes`. */
type TenantSetting<Name extends TenantLimitName = TenantLimitName> = `tenant${Capitalize<Name>}`;

export function tenantSetting<Name extends TenantLimitName>(name: Name): TenantSetting<Name> {
  return `tenant${name.slice(0, 1).toUpperCase()}${name.slice(1)}` as TenantSetting<Name>;
}

/** What tenants get for whom the operator has set nothing. */
function tenantLimitSettings(): { readonly [Name in TenantLimitName as TenantSetting<Name>]: Setting<number> } {
  const made = tenantLimitNames.map((name) => {
    const { key, unit, doc, usual, most } = tenantLimitRow(name);
    const words = key.replace(/_percent$/, "").replaceAll("_", "-");
    const setting = {
      flag: `--tenant-${words}`,
      variable: `SOLO_TENANT_${words.replaceAll("-", "_").toUpperCase()}`,
      key: `tenant.${key}`,
      doc: `Quota of a tenant for which none is set: ${doc}${unit === "percent" ? ", in percent" : ""}`,
      min: 1,
      max: most,
      default: usual,
    };
    return [tenantSetting(name), unit === "bytes" ? bytes(setting) : whole(setting)] as const;
  });
  return Object.fromEntries(made) as { [Name in TenantLimitName as TenantSetting<Name>]: Setting<number> };
}

type Names = Pick<Setting<unknown>, "flag" | "variable" | "key" | "doc">;

function text(setting: Names & { readonly wanted: string; readonly default: string }): Setting<string> {
  // A zero byte would end the path or name early in the system call.
  const schema = z
    .string()
    .min(1)
    .refine((value) => !value.includes("\0"));
  return { ...setting, read: checkedBy(schema), format: (value) => value };
}

function oneOf<const T extends string>(
  setting: Names & { readonly values: readonly [T, ...T[]]; readonly default: NoInfer<T> },
): Setting<T> {
  const { values, ...names } = setting;
  return {
    ...names,
    wanted: values.join(", "),
    read: (value) => values.find((one) => one === value),
    format: (value) => value,
  };
}

/** Text from a flag or variable, or an array from a TOML file. */
const dnsName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const isHostName = (text: string): boolean => isIP(text) !== 0 || dnsName.test(text);

function readList(value: unknown, item: z.ZodType<string>): readonly string[] | undefined {
  if (value === "none" || value === "") return [];
  const items = typeof value === "string" ? value.split(",") : value;
  return z.array(item).safeParse(items).data;
}

function whole(setting: Names & Range): Setting<number> {
  const { min, max, ...names } = setting;
  return {
    ...names,
    wanted: `a whole number from ${min} to ${max}`,
    read: wholeNumber(setting),
    format: String,
  };
}

function wholeNumber(range: Pick<Range, "min" | "max">): (value: unknown) => number | undefined {
  return checkedBy(numeric((value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined)).refine(within(range)));
}

function portOrOff(value: unknown): number | "off" | undefined {
  return value === "off" ? value : wholeNumber({ min: 0, max: 65_535 })(value);
}

function bytes(setting: Names & Range): Setting<number> {
  const { min, max, ...names } = setting;
  return {
    ...names,
    wanted: `${byteSizeForm}, from ${formatByteSize(min)} to ${formatByteSize(max)}`,
    read: checkedBy(numeric(parseByteSize).refine(within(setting))),
    format: formatByteSize,
  };
}

function duration(setting: Names & Range): Setting<number> {
  const { min, max, ...names } = setting;
  return {
    ...names,
    wanted: `${durationForm}, or whole milliseconds, from ${formatDuration(min)} to ${formatDuration(max)}`,
    read: checkedBy(
      numeric((value) => (/^\d{1,15}$/.test(value) ? Number(value) : parseDuration(value))).refine(within(setting)),
    ),
    format: formatDuration,
  };
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

function within({ min, max }: Pick<Range, "min" | "max">): (value: number) => boolean {
  return (value) => value >= min && value <= max;
}

function checkedBy<T>(schema: z.ZodType<T>): (value: unknown) => T | undefined {
  return (value) => schema.safeParse(value).data;
}

/** Text from a flag or variable, or a whole number from a TOML file. */
function numeric(parse: (text: string) => number | undefined) {
  return z.union([z.number().int(), z.string()]).transform((value, context) => {
    const parsed = typeof value === "number" ? value : parse(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: "unreadable" });
    return z.NEVER;
  });
}
