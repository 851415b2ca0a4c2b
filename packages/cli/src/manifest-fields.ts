import {
  byteSizeForm,
  durationForm,
  type LimitAction,
  type LimitName,
  limitNames,
  limitRow,
  parseByteSize,
  parseDuration,
} from "@solo/notation";

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

/** Limits that have a flag of their own beside `--limit`. */
const limitFlags: { readonly [Name in LimitName]?: string } = {
  memoryBytes: "--memory",
  cpuPercent: "--cpu",
  processes: "--processes",
  startTimeoutMs: "--start-timeout",
};

/** How a limit of the table is said in a manifest file or a flag. */
export function limitField(name: LimitName): ManifestField {
  const { key, wireName, unit } = limitRow(name);
  const names = [`limits.${key}`, `limits.${wireName}`, limitFlags[name]] as const;
  switch (unit) {
    case "bytes":
      return size(...names);
    case "ms":
      return duration(...names);
    case "percent":
      return {
        ...whole(...names),
        wanted: "percent of one core, a whole number such as 50",
        read: (value) => readWhole(typeof value === "string" ? value.replace(/%$/, "") : value),
      };
    default:
      return whole(...names);
  }
}

const limitFields = Object.fromEntries(limitNames.map((name) => [name, limitField(name)])) as {
  readonly [Name in LimitName]: ManifestField;
};

/** Every number of a manifest. What it may be at most is the server's to say. */
export const manifestFields = {
  ...limitFields,
  logLevel: word("log_level", "--log-level", { debug: 1, info: 2, warn: 3, error: 4 }),
  restart: word("restart", "--restart", { permanent: 1, transient: 2, temporary: 3 }),
  httpAccess: word("http", "--http", { tenant: 1, public: 2 }),
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

/** The numbers of the wire's actions at a limit. */
export const limitActionNumbers: Readonly<Record<LimitAction, number>> = { kill: 1, throttle: 2, warn: 3 };

/** Soft limits and actions by the limit's name, as the wire has them. */
export interface LimitRules {
  readonly soft: Readonly<Record<string, number>>;
  readonly actions: Readonly<Record<string, number>>;
}

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
