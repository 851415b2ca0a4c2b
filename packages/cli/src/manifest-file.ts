import { readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { type LimitName, limitNamed, limitNames, limitRow, nearestName } from "@solo/notation";
import { usageFailure } from "./failure.ts";
import {
  type LimitRules,
  limitActionNumbers,
  limitField,
  type ManifestFieldName,
  type ManifestNumbers,
  manifestFields,
} from "./manifest-fields.ts";

/** What a manifest file says. */
export interface ManifestFile {
  readonly numbers: ManifestNumbers;
  readonly rules: LimitRules;
  readonly environment: Readonly<Record<string, string>>;
  /** JSON text of each start argument. */
  readonly startArguments: readonly string[] | undefined;
  /** As the server reads them. */
  readonly grants: readonly string[];
}

/** A variable's name, as environments take it. */
export const environmentName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads a manifest file, TOML or JSON by its name.
 *
 * @throws {Failure} That names every problem of the file at once.
 *
 * @example
 * // { "limits": { "memory": "128MiB", "soft": { "memory": "64MiB" }, "actions": { "log_rate": "kill" } },
 * //   "restart": "transient", "environment": { "MODE": "test" } }
 */
export async function readManifestFile(path: string, workingFolder: string): Promise<ManifestFile> {
  const root = await parseFile(path, workingFolder);
  const problems: string[] = [];
  let hasUnknown = false;
  const refuseKey = (key: string, known: readonly string[]): void => {
    hasUnknown = true;
    problems.push(unknownKey(key, known));
  };
  const numbers: Partial<Record<ManifestFieldName, number>> = {};
  const soft: Record<string, number> = {};
  const actions: Record<string, number> = {};
  const environment: Record<string, string> = {};
  let startArguments: readonly string[] | undefined;
  let grants: readonly string[] = [];

  for (const [key, value] of leaves(root)) {
    const name = fieldOfKey.get(key);
    if (name !== undefined) {
      const number = manifestFields[name].read(value);
      if (number === undefined)
        problems.push(`${key} is ${JSON.stringify(value)}, wanted ${manifestFields[name].wanted}`);
      else numbers[name] = number;
    } else if (key === "limits.soft" || key === "limits.actions") {
      if (!isTable(value)) problems.push(`${key} is ${JSON.stringify(value)}, wanted limits with their values`);
      for (const [limit, given] of isTable(value) ? Object.entries(value) : []) {
        const named = limitNamed(limit);
        if (named === undefined) refuseKey(`${key}.${limit}`, limitKeys(key));
        else if (key === "limits.soft") {
          const number = limitField(named).read(given);
          if (number === undefined)
            problems.push(`${key}.${limit} is ${JSON.stringify(given)}, wanted ${limitField(named).wanted}`);
          else soft[limitRow(named).wireName] = number;
        } else {
          const able = limitRow(named).actions;
          const action = able.find((each) => each === given);
          if (action === undefined)
            problems.push(`${key}.${limit} is ${JSON.stringify(given)}, wanted ${able.join(" or ")}`);
          else actions[limitRow(named).wireName] = limitActionNumbers[action];
        }
      }
    } else if (key === "environment") {
      if (!isTable(value)) problems.push(`environment is ${JSON.stringify(value)}, wanted names with their texts`);
      for (const [variable, text] of isTable(value) ? Object.entries(value) : []) {
        if (!environmentName.test(variable))
          problems.push(`environment has ${JSON.stringify(variable)}, wanted names of letters, digits and _`);
        else if (typeof text !== "string")
          problems.push(`environment.${variable} is ${JSON.stringify(text)}, wanted a text`);
        else environment[variable] = text;
      }
    } else if (key === "start_arguments") {
      if (Array.isArray(value)) startArguments = value.map((argument) => JSON.stringify(argument));
      else problems.push(`start_arguments is ${JSON.stringify(value)}, wanted an array`);
    } else if (key === "grants") {
      if (Array.isArray(value) && value.every((grant) => typeof grant === "string")) grants = value;
      else
        problems.push(`grants is ${JSON.stringify(value)}, wanted an array of texts such as "kv/read on kv/carts/**"`);
    } else {
      refuseKey(key, knownKeys);
    }
  }
  if (problems.length > 0) {
    throw usageFailure(
      `Cannot use the manifest ${path}: ${problems.length === 1 ? "it has a problem" : `it has ${problems.length} problems`}`,
      {
        reason: "MANIFEST_INVALID",
        found: problems.join("; "),
        wanted: hasUnknown ? `any of ${knownKeys.join(", ")}` : "fields as each is told to be",
      },
    );
  }
  return { numbers, rules: { soft, actions }, environment, startArguments, grants };
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearestName(key, known);
  return `${key} is not known${meant === undefined ? "" : ` (did you mean ${meant}?)`}`;
}

const limitKeys = (table: string): readonly string[] =>
  limitNames.map((name: LimitName) => `${table}.${limitRow(name).key}`);

const fieldNames = Object.keys(manifestFields) as ManifestFieldName[];
const fieldOfKey = new Map(
  fieldNames.flatMap((name) =>
    [manifestFields[name].wireKey, manifestFields[name].key].map((key) => [key, name] as const),
  ),
);
const knownKeys = [
  ...fieldNames.map((name) => manifestFields[name].key),
  ...["limits.soft", "limits.actions", "environment", "start_arguments", "grants"],
];

async function parseFile(path: string, workingFolder: string): Promise<Record<string, unknown>> {
  const unusable = (found: string, wanted: string) =>
    usageFailure(`Cannot use the manifest ${path}`, { reason: "MANIFEST_INVALID", found, wanted });
  const kind = { ".toml": "TOML", ".json": "JSON" }[extname(path)];
  if (kind === undefined) throw unusable(`a name that ends in "${extname(path)}"`, "a .toml or .json file");
  let root: unknown;
  try {
    const text = readFileSync(resolve(workingFolder, path), "utf8");
    root = kind === "TOML" ? (await import("smol-toml")).parse(text) : JSON.parse(text);
  } catch (error) {
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    const place = error instanceof Error && "line" in error ? ` in line ${String(error.line)}` : "";
    throw unusable(`${why}${place}`, `a file that can be read and holds ${kind}`);
  }
  if (!isTable(root)) throw unusable(JSON.stringify(root).slice(0, 80), "a JSON object");
  return root;
}

/** The values by their dotted keys; only `limits` is a table of our own. */
function* leaves(root: Record<string, unknown>): Generator<[key: string, value: unknown]> {
  for (const [name, value] of Object.entries(root)) {
    if (name === "limits" && isTable(value)) {
      for (const [limit, amount] of Object.entries(value)) yield [`limits.${limit}`, amount];
    } else {
      yield [name, value];
    }
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
