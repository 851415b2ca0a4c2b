const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * What becomes of a service at a limit.
 *
 * - `kill`: it is ended with the limit as the cause, and its supervisor decides what follows.
 * - `throttle`: it is held at the limit and lives: slowed down, or what is too much is refused or dropped.
 * - `warn`: it goes on, up to the bound that no manifest can lift.
 *
 * Whatever the action, there is an event and a count.
 */
export type LimitAction = "kill" | "throttle" | "warn";

export const limitActions: readonly LimitAction[] = ["kill", "throttle", "warn"];

export type LimitUnit = "bytes" | "ms" | "percent" | "processes" | "files" | "messages" | "calls" | "lines";

/** One limit of a service. */
export interface ServiceLimit {
  /** In a manifest file, below `limits`. */
  readonly key: string;
  /** On the wire, in events and in errors. */
  readonly wireName: string;
  readonly unit: LimitUnit;
  /** For a manifest that says nothing. */
  readonly usual: number;
  readonly least: number;
  readonly most: number;
  /** Those that make sense, the usual one first. */
  readonly actions: readonly [LimitAction, ...LimitAction[]];
  /** Share of the limit at which a warning is given unless the manifest names another; undefined where none is by itself. */
  readonly softShare?: number;
  /**
   * Who keeps it. A `watched` host has no control groups, and the kernel samples in their place; what else the host keeps, it
   * keeps or not.
   */
  readonly keptBy: "control group" | "host" | "kernel";
  /** What is counted. */
  readonly doc: string;
  /** What is felt at the limit, by its usual action. */
  readonly effect: string;
}

/**
 * Every limit of a service by its name in code. Manifests are read, errors worded, help, documentation and status written from
 * here.
 */
export const serviceLimits = {
  memoryBytes: {
    key: "memory",
    wireName: "memory_bytes",
    unit: "bytes",
    usual: 64 * MiB,
    least: 32 * MiB,
    most: 1024 * 1024 * MiB,
    actions: ["kill"],
    softShare: 0.8,
    keptBy: "control group",
    doc: "memory, all threads and scratch files together",
    effect: "killed, cause `oom`",
  },
  cpuPercent: {
    key: "cpu_percent",
    wireName: "cpu_percent",
    unit: "percent",
    usual: 50,
    least: 1,
    most: 10_000,
    actions: ["throttle", "warn", "kill"],
    keptBy: "control group",
    doc: "share of one core, over a few seconds",
    effect: "slowed down",
  },
  processes: {
    key: "processes",
    wireName: "processes",
    unit: "processes",
    usual: 32,
    least: 8,
    most: 4_096,
    actions: ["throttle", "kill"],
    softShare: 0.8,
    keptBy: "control group",
    doc: "processes and threads together",
    effect: "the new one is refused",
  },
  cpuTimeMs: {
    key: "cpu_time",
    wireName: "cpu_time_ms",
    unit: "ms",
    usual: 10_000,
    least: 10,
    most: 86_400_000,
    actions: ["kill", "warn"],
    softShare: 0.5,
    keptBy: "kernel",
    doc: "processor time of one message",
    effect: "killed, cause `cpu`; unhealthy from half of it on",
  },
  callTimeMs: {
    key: "call_time",
    wireName: "call_time_ms",
    unit: "ms",
    usual: 300_000,
    least: 100,
    most: 86_400_000,
    actions: ["kill", "warn"],
    softShare: 0.2,
    keptBy: "kernel",
    doc: "time in which it must be done with one of its messages",
    effect: "killed, cause `stalled`; unhealthy from a fifth of it on",
  },
  openFiles: {
    key: "open_files",
    wireName: "open_files",
    unit: "files",
    usual: 256,
    least: 64,
    most: 65_536,
    actions: ["throttle", "kill"],
    softShare: 0.8,
    keptBy: "host",
    doc: "open descriptors of each of its processes",
    effect: "the next one is refused",
  },
  scratchBytes: {
    key: "scratch",
    wireName: "scratch_bytes",
    unit: "bytes",
    usual: 1 * MiB,
    least: 64 * KiB,
    most: 1024 * MiB,
    actions: ["throttle", "kill"],
    softShare: 0.8,
    keptBy: "host",
    doc: "files in its `/tmp`, which is all that it can write; they count as memory too",
    effect: "writing fails: no space left",
  },
  startTimeoutMs: {
    key: "start_timeout",
    wireName: "start_timeout_ms",
    unit: "ms",
    usual: 5_000,
    least: 1,
    most: 600_000,
    actions: ["kill", "warn"],
    softShare: 0.8,
    keptBy: "kernel",
    doc: "time from taking a cell until `init` has returned",
    effect: "the start fails",
  },
  stopTimeoutMs: {
    key: "stop_timeout",
    wireName: "stop_timeout_ms",
    unit: "ms",
    usual: 30_000,
    least: 1,
    most: 600_000,
    actions: ["kill", "warn"],
    softShare: 0.8,
    keptBy: "kernel",
    doc: "time for `terminate` on an ordered stop",
    effect: "killed",
  },
  mailboxMessages: {
    key: "mailbox_messages",
    wireName: "mailbox_messages",
    unit: "messages",
    usual: 1_000,
    least: 1,
    most: 1_000_000,
    actions: ["throttle", "kill"],
    softShare: 0.8,
    keptBy: "kernel",
    doc: "messages accepted and not yet answered",
    effect: "the sender is refused and told, the service is marked degraded",
  },
  mailboxBytes: {
    key: "mailbox_size",
    wireName: "mailbox_bytes",
    unit: "bytes",
    usual: 8 * MiB,
    least: 1,
    most: 1024 * MiB,
    actions: ["throttle", "kill"],
    softShare: 0.8,
    keptBy: "kernel",
    doc: "bytes of those messages, and of bodies of HTTP requests that it has not taken yet",
    effect: "the sender is refused and told, the service is marked degraded",
  },
  messageBytes: {
    key: "message_size",
    wireName: "message_bytes",
    unit: "bytes",
    usual: 4 * MiB - 4 * KiB,
    least: 1,
    most: 4 * MiB - 4 * KiB,
    actions: ["throttle", "warn"],
    softShare: 0.8,
    keptBy: "kernel",
    doc: "bytes of the arguments of one message to it",
    effect: "the message is refused",
  },
  replyBytes: {
    key: "reply_size",
    wireName: "reply_bytes",
    unit: "bytes",
    usual: 4 * MiB - 4 * KiB,
    least: 1,
    most: 4 * MiB - 4 * KiB,
    actions: ["throttle", "warn", "kill"],
    softShare: 0.8,
    keptBy: "kernel",
    doc: "bytes of one reply of it",
    effect: "its caller gets an error in place of the reply",
  },
  callsInFlight: {
    key: "calls_in_flight",
    wireName: "calls_in_flight",
    unit: "calls",
    usual: 1_000,
    least: 1,
    most: 1_000,
    actions: ["throttle", "warn", "kill"],
    softShare: 0.8,
    keptBy: "kernel",
    doc: "its own calls to other services that wait for their answers",
    effect: "its next call is refused",
  },
  logLinesPerSecond: {
    key: "log_rate",
    wireName: "log_lines_per_second",
    unit: "lines",
    usual: 1_000,
    least: 1,
    most: 10_000,
    actions: ["throttle", "warn", "kill"],
    softShare: 0.8,
    keptBy: "kernel",
    doc: "log lines in one second",
    effect: "the other lines of that second are dropped and counted",
  },
} as const satisfies Readonly<Record<string, ServiceLimit>>;

/** A limit by its name in code, such as `memoryBytes`. */
export type LimitName = keyof typeof serviceLimits;

export const limitNames = Object.keys(serviceLimits) as readonly LimitName[];

/** A row of the table, without the exact numbers in its type. */
export const limitRow = (name: LimitName): ServiceLimit => serviceLimits[name];

/** A limit by its name on the wire or in a manifest file; undefined when there is none of it. */
export const limitNamed = (text: string): LimitName | undefined =>
  limitNames.find((name) => serviceLimits[name].wireName === text || serviceLimits[name].key === text);

/** The numbers of a manifest that says nothing. */
export const usualLimits = Object.fromEntries(limitNames.map((name) => [name, limitRow(name).usual])) as {
  readonly [Name in LimitName]: number;
};
