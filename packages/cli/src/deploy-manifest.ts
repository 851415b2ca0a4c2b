import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { type LimitName, limitNamed, limitNames, limitRow } from "@solo/notation";
import type { Manifest } from "@solo/proto";
import { usageFailure } from "./failure.ts";
import { jsonArguments } from "./json-arguments.ts";
import {
  type LimitRules,
  limitActionNumbers,
  limitField,
  type ManifestFieldName,
  type ManifestNumbers,
  manifestFields,
} from "./manifest-fields.ts";
import { environmentName, type ManifestFile, readManifestFile } from "./manifest-file.ts";

/** What the command line says about how a service is run. */
export interface ManifestFlags {
  readonly manifest?: string;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly arg?: readonly string[];
  /** Each as the server reads it. */
  readonly grant?: readonly string[];
  /** NAME=VALUE, each. */
  readonly limit?: readonly string[];
  readonly softLimit?: readonly string[];
  /** NAME=ACTION, each. */
  readonly onLimit?: readonly string[];
  /** Texts of the flags in `manifestFields`. */
  readonly numbers: { readonly [Name in ManifestFieldName]?: string | undefined };
}

/**
 * Makes the manifest to deploy with: flags win over the manifest file; for the environment `--env` wins over `--env-file`,
 * that over the file. What nobody says is left to the server's defaults.
 *
 * @throws {Failure} If a flag or file is not as wanted.
 */
export async function deployManifest(flags: ManifestFlags, workingFolder: string): Promise<Manifest> {
  const nothing: ManifestFile = {
    numbers: {},
    rules: { soft: {}, actions: {} },
    environment: {},
    startArguments: undefined,
    grants: [],
  };
  const file = flags.manifest === undefined ? nothing : await readManifestFile(flags.manifest, workingFolder);
  const given = readLimitFlags(flags);
  const numbers: ManifestNumbers = { ...file.numbers, ...given.numbers, ...readNumbers(flags.numbers) };
  const soft = Object.entries({ ...file.rules.soft, ...given.rules.soft });
  const startArguments = flags.arg ?? file.startArguments ?? [];
  const numberOf = (name: LimitName) => [name, numbers[name] ?? 0] as const;
  const limits: Manifest["limits"] = {
    ...(Object.fromEntries(limitNames.map(numberOf)) as Record<LimitName, number>),
    memoryBytes: BigInt(numbers.memoryBytes ?? 0),
    mailboxBytes: BigInt(numbers.mailboxBytes ?? 0),
    soft: Object.fromEntries(soft.map(([name, value]) => [name, BigInt(value)])),
    actions: { ...file.rules.actions, ...given.rules.actions } as NonNullable<Manifest["limits"]>["actions"],
  };
  return {
    environment: environmentOf(file, flags, workingFolder),
    logLevel: (numbers.logLevel ?? 0) as Manifest["logLevel"],
    limits,
    restart: (numbers.restart ?? 0) as Manifest["restart"],
    httpAccess: (numbers.httpAccess ?? 0) as Manifest["httpAccess"],
    maxRestarts: numbers.maxRestarts,
    restartPeriodMs: numbers.restartPeriodMs ?? 0,
    grants: [...(flags.grant ?? file.grants)],
    startArguments: Buffer.from(jsonArguments(startArguments, (_, quoted) => `solo deploy ... --arg ${quoted}`)),
  };
}

function readNumbers(texts: ManifestFlags["numbers"]): ManifestNumbers {
  const numbers: Partial<Record<ManifestFieldName, number>> = {};
  for (const name of Object.keys(manifestFields) as ManifestFieldName[]) {
    const text = texts[name];
    if (text === undefined) continue;
    const field: { readonly flag?: string; readonly wanted: string; read(value: unknown): number | undefined } =
      manifestFields[name];
    const number = field.read(text);
    if (number === undefined)
      throw usageFailure(`Cannot use ${field.flag ?? name}`, { found: text, wanted: field.wanted });
    numbers[name] = number;
  }
  return numbers;
}

/** `--limit`, `--soft-limit` and `--on-limit`: any limit by its name. */
function readLimitFlags(flags: ManifestFlags): { readonly numbers: ManifestNumbers; readonly rules: LimitRules } {
  const numbers: Partial<Record<ManifestFieldName, number>> = {};
  const soft: Record<string, number> = {};
  const actions: Record<string, number> = {};
  for (const { name, value } of limitPairs("--limit", flags.limit)) {
    numbers[name] = readLimit("--limit", name, value);
  }
  for (const { name, value } of limitPairs("--soft-limit", flags.softLimit)) {
    soft[limitRow(name).wireName] = readLimit("--soft-limit", name, value);
  }
  for (const { name, value } of limitPairs("--on-limit", flags.onLimit)) {
    const { key, wireName, actions: able } = limitRow(name);
    const action = able.find((each) => each === value);
    if (action === undefined) {
      const found = `${key}=${value}`;
      throw usageFailure("Cannot use --on-limit", { found, wanted: `${key}=${able.join(" or ")}` });
    }
    actions[wireName] = limitActionNumbers[action];
  }
  return { numbers, rules: { soft, actions } };
}

function limitPairs(flag: string, pairs: readonly string[] = []): readonly { name: LimitName; value: string }[] {
  return pairs.map((pair) => {
    const equals = pair.indexOf("=");
    const name = limitNamed(pair.slice(0, Math.max(0, equals)));
    if (name !== undefined) return { name, value: pair.slice(equals + 1) };
    const known = limitNames.map((each) => limitRow(each).key);
    throw usageFailure(`Cannot use ${flag}`, {
      found: pair,
      wanted: `NAME=VALUE, the name one of ${known.join(", ")}`,
    });
  });
}

function readLimit(flag: string, name: LimitName, value: string): number {
  const field = limitField(name);
  const number = field.read(value);
  if (number !== undefined) return number;
  const { key } = limitRow(name);
  throw usageFailure(`Cannot use ${flag} ${key}`, { found: value, wanted: field.wanted });
}

function environmentOf(file: ManifestFile, flags: ManifestFlags, workingFolder: string): Manifest["environment"] {
  const environment = new Map(Object.entries(file.environment));
  for (const path of flags.envFile ?? []) {
    let text: string;
    try {
      text = readFileSync(resolve(workingFolder, path), "utf8");
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      throw usageFailure(`Cannot use --env-file ${path}`, {
        reason: "FILE_UNREADABLE",
        found,
        wanted: "a file of NAME=VALUE lines",
      });
    }
    for (const [name, value] of Object.entries(parseEnv(text))) environment.set(name, value ?? "");
  }
  for (const pair of flags.env ?? []) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(0, equals));
    if (!environmentName.test(name)) {
      throw usageFailure("Cannot use --env", { found: pair, wanted: "NAME=VALUE, the name of letters, digits and _" });
    }
    environment.set(name, pair.slice(equals + 1));
  }
  return Object.fromEntries(environment);
}
