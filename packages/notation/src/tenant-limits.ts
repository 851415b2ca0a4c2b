import type { LimitUnit } from "./service-limits.ts";

/** One limit of all that a tenant has. */
export interface TenantLimit {
  /** On a command line and in the server's settings. */
  readonly key: string;
  /** On the wire, in events and in errors. */
  readonly wireName: string;
  readonly unit: LimitUnit | "services" | "keys";
  /** Where the operator says nothing. */
  readonly usual: number;
  readonly most: number;
  /** When it is looked at: as a service begins to live, by what its limits promise, as a call arrives, or as something is to be kept. */
  readonly keptAt: "deploy" | "call" | "write";
  readonly doc: string;
}

const most = 2 ** 50;

/** Every limit of a tenant, by its name in code. */
export const tenantLimits = {
  services: {
    key: "services",
    wireName: "services",
    unit: "services",
    usual: 10_000,
    most,
    keptAt: "deploy",
    doc: "services that live at one time",
  },
  memoryBytes: {
    key: "memory",
    wireName: "memory_bytes",
    unit: "bytes",
    usual: most,
    most,
    keptAt: "deploy",
    doc: "memory limits of its services, added up",
  },
  cpuPercent: {
    key: "cpu_percent",
    wireName: "cpu_percent",
    unit: "percent",
    usual: most,
    most,
    keptAt: "deploy",
    doc: "shares of a core of its services, added up",
  },
  processes: {
    key: "processes",
    wireName: "processes",
    unit: "processes",
    usual: most,
    most,
    keptAt: "deploy",
    doc: "process limits of its services, added up",
  },
  mailboxBytes: {
    key: "mailbox_size",
    wireName: "mailbox_bytes",
    unit: "bytes",
    usual: most,
    most,
    keptAt: "deploy",
    doc: "mailbox sizes of its services, added up",
  },
  callsInFlight: {
    key: "calls_in_flight",
    wireName: "calls_in_flight",
    unit: "calls",
    usual: 4_000,
    most: 1_000_000,
    keptAt: "call",
    doc: "calls and casts of its clients that are being served at one time",
  },
  kvKeys: {
    key: "kv_keys",
    wireName: "kv_keys",
    unit: "keys",
    usual: 1_000_000,
    most,
    keptAt: "write",
    doc: "keys in the stores of its services",
  },
  kvBytes: {
    key: "kv_size",
    wireName: "kv_bytes",
    unit: "bytes",
    usual: 2 ** 30,
    most,
    keptAt: "write",
    doc: "keys and values in the stores of its services",
  },
  filesBytes: {
    key: "files_size",
    wireName: "files_bytes",
    unit: "bytes",
    usual: 2 ** 30,
    most,
    keptAt: "write",
    doc: "files of its services",
  },
} as const satisfies Readonly<Record<string, TenantLimit>>;

/** A tenant's limit by its name in code. */
export type TenantLimitName = keyof typeof tenantLimits;

export const tenantLimitNames = Object.keys(tenantLimits) as readonly TenantLimitName[];

export const tenantLimitRow = (name: TenantLimitName): TenantLimit => tenantLimits[name];

/** By its name on the wire or on a command line; undefined when there is none of it. */
export const tenantLimitNamed = (text: string): TenantLimitName | undefined =>
  tenantLimitNames.find((name) => tenantLimits[name].wireName === text || tenantLimits[name].key === text);
