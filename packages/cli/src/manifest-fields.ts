import { byteSizeForm, durationForm, parseByteSize, parseDuration } from "@solo/notation";

/** One number of a manifest, as a file or a flag may say it. */
export interface ManifestField {
  /** Key in a manifest file, tables joined by dots. */
  readonly key: string;
  /** The same as the wire and the server's errors spell it, also taken in a file. */
  readonly wireKey: string;
  readonly flag?: string;
  /** What is accepted, as it follows the word "wanted". */
  readonly wanted: string;
  /** The number on the wire; undefined when the value is not what is wanted. */
  readonly read: (value: unknown) => number | undefined;
}

/** Every number of a manifest. What it may be at most is the server's to say. */
export const manifestFields = {
  memoryBytes: size("limits.memory", "limits.memory_bytes", "--memory"),
  cpuPercent: {
    ...whole("limits.cpu_percent", "limits.cpu_percent", "--cpu"),
    wanted: "percent of one core, a whole number such as 50",
    read: (value) => readWhole(typeof value === "string" ? value.replace(/%$/, "") : value),
  },
  processes: whole("limits.processes", "limits.processes", "--processes"),
  startTimeoutMs: duration("limits.start_timeout", "limits.start_timeout_ms", "--start-timeout"),
  stopTimeoutMs: duration("limits.stop_timeout", "limits.stop_timeout_ms"),
  mailboxMessages: whole("limits.mailbox_messages", "limits.mailbox_messages"),
  mailboxBytes: size("limits.mailbox_size", "limits.mailbox_bytes"),
  logLevel: word("log_level", "--log-level", { debug: 1, info: 2, warn: 3, error: 4 }),
  restart: word("restart", "--restart", { permanent: 1, transient: 2, temporary: 3 }),
  maxRestarts: {
    ...whole("max_restarts", "max_restarts", "--max-restarts"),
    wanted: "a whole number, 0 for none",
    read: readWholeOrZero,
  },
  restartPeriodMs: duration("restart_period", "restart_period_ms", "--restart-period"),
} as const satisfies Readonly<Record<string, ManifestField>>;

export type ManifestFieldName = keyof typeof manifestFields;

/** Those that were said; the server fills in the rest. */
export type ManifestNumbers = { readonly [Name in ManifestFieldName]?: number };

function whole(key: string, wireKey: string, flag?: string): ManifestField {
  return {
    key,
    wireKey,
    ...(flag === undefined ? {} : { flag }),
    wanted: "a whole number, 1 or more",
    read: readWhole,
  };
}

function size(key: string, wireKey: string, flag?: string): ManifestField {
  const read = (value: unknown) =>
    readWhole(typeof value === "string" ? parseByteSize(value) : value, Number.MAX_SAFE_INTEGER);
  return { key, wireKey, ...(flag === undefined ? {} : { flag }), wanted: byteSizeForm, read };
}

function duration(key: string, wireKey: string, flag?: string): ManifestField {
  const read = (value: unknown) => readWhole(typeof value === "string" ? (parseDuration(value) ?? value) : value);
  const wanted = `${durationForm}, or whole milliseconds, more than 0`;
  return { key, wireKey, ...(flag === undefined ? {} : { flag }), wanted, read };
}

function word(key: string, flag: string, numbers: Readonly<Record<string, number>>): ManifestField {
  const words = new Map(Object.entries(numbers));
  const read = (value: unknown) => (typeof value === "string" ? words.get(value) : undefined);
  return { key, wireKey: key, flag, wanted: [...words.keys()].join(", "), read };
}

/** A zero would mean "default" on the wire, which is not what somebody who wrote it meant. */
function readWhole(value: unknown, max = 2 ** 32 - 1): number | undefined {
  const number = readWholeOrZero(value, max);
  return number === 0 ? undefined : number;
}

function readWholeOrZero(value: unknown, max = 2 ** 32 - 1): number | undefined {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 && number <= max
    ? number
    : undefined;
}
