import { nearestName } from "@solo/notation";
import { parse as parseToml, TomlError } from "smol-toml";
import { helpText, printedConfig } from "./config-text.ts";
import type { Problem } from "./problem.ts";
import { type Config, type Origins, type Setting, type SettingName, settings } from "./settings.ts";
import { lineOfTomlKey } from "./toml-key-line.ts";

export interface ConfigSources {
  /** Arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a file as UTF-8; throws when it cannot. */
  readonly readFile: (path: string) => string;
}

export type LoadedConfig =
  | { readonly kind: "ok"; readonly config: Config; readonly origins: Origins }
  /** `--help` or `--print-config` was asked: print this and a line end, and exit with 0. */
  | { readonly kind: "text"; readonly text: string }
  /** `--version` was asked: print it and exit with 0. */
  | { readonly kind: "version" }
  | { readonly kind: "problems"; readonly problems: readonly Problem[] };

/**
 * Finds out what solo-server shall run with: flags win over `SOLO_` variables, those over the TOML file, that over defaults.
 *
 * Every problem is reported at once; a value that a stronger source replaces is checked all the same. Unknown flags, keys
 * and `SOLO_` variables are problems too, since a misspelt limit must not be a missing one. Variables that other programs
 * of ours read are let pass. An empty variable counts as not set.
 *
 * @example
 * const loaded = loadConfig({ argv: ["--port", "0"], env: process.env, readFile: (path) => readFileSync(path, "utf8") });
 * // loaded.kind === "ok" && loaded.config.listenPort === 0
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const problems: Problem[] = [];
  const commandLine = readFlags(sources.argv, problems);
  if (commandLine.wish === "--help") return { kind: "text", text: helpText() };
  if (commandLine.wish === "--version") return { kind: "version" };

  const fromVariables = readVariables(sources.env, problems);
  const file = commandLine.configFile ?? variableFile(sources.env);
  const fromFile = file === undefined ? [] : readFileEntries(file, sources.readFile, problems);

  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const name of settingNames) {
    values[name] = settings[name].default;
    origins[name] = "default";
  }
  // Weakest first, so that the strongest is written last.
  for (const entry of [...fromFile, ...fromVariables, ...commandLine.entries]) {
    const setting: Setting<unknown> = settings[entry.name];
    const value = setting.read(entry.value);
    if (value === undefined) {
      problems.push({ origin: entry.origin, found: show(entry.value), wanted: setting.wanted });
      continue;
    }
    values[entry.name] = value;
    origins[entry.name] = entry.origin;
  }
  if (problems.length > 0) return { kind: "problems", problems };
  // Sound: each name holds its default or what its own `read` returned.
  const config = values as unknown as Config;
  if (commandLine.wish === "--print-config") {
    return { kind: "text", text: printedConfig(config, origins as Origins) };
  }
  return { kind: "ok", config, origins: origins as Origins };
}

const settingNames = Object.keys(settings) as SettingName[];
const nameOfFlag = new Map<string, SettingName>(settingNames.map((name) => [settings[name].flag, name]));
const nameOfVariable = new Map<string, SettingName>(settingNames.map((name) => [settings[name].variable, name]));
const nameOfKey = new Map<string, SettingName>(settingNames.map((name) => [settings[name].key, name]));

const configFlag = "--config";
const configVariable = "SOLO_CONFIG";
const wishes = ["--help", "--version", "--print-config"] as const;
type Wish = (typeof wishes)[number];

/** Variables with our prefix that the `solo` command and not the server reads. */
const variablesOfOthers = new Set(["SOLO_PROFILE"]);

interface Entry {
  readonly name: SettingName;
  readonly value: unknown;
  readonly origin: string;
}

interface CommandLine {
  readonly entries: readonly Entry[];
  readonly configFile: NamedFile | undefined;
  readonly wish: Wish | undefined;
}

/** A file, and who asked for it. */
interface NamedFile {
  readonly path: string;
  readonly origin: string;
}

function readFlags(argv: readonly string[], problems: Problem[]): CommandLine {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  let configFile: NamedFile | undefined;
  let wish: Wish | undefined;
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] as string;
    const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
    const flag = equals < 0 ? argument : argument.slice(0, equals);
    const asked = wishes.find((one) => one === (flag === "-h" ? "--help" : flag));
    if (asked !== undefined && equals < 0) {
      wish ??= asked;
      continue;
    }
    const name = nameOfFlag.get(flag);
    if (name === undefined && flag !== configFlag) {
      problems.push(unknownArgument(flag));
      // What follows an unknown flag is most likely its value: a second complaint about it would only distract.
      if (equals < 0 && flag.startsWith("-") && argv[index + 1]?.startsWith("-") === false) index += 1;
      continue;
    }
    const wanted = name === undefined ? "the path of a TOML file" : settings[name].wanted;
    const next = argv[index + 1];
    if (equals < 0 && (next === undefined || next.startsWith("--"))) {
      problems.push({ origin: flag, found: "no value", wanted });
      continue;
    }
    const value = equals < 0 ? (next as string) : argument.slice(equals + 1);
    if (equals < 0) index += 1;
    if (seen.has(flag)) {
      problems.push({ origin: flag, found: `a second value ${show(value)}`, wanted: "one value" });
      continue;
    }
    seen.add(flag);
    if (name === undefined) configFile = { path: value, origin: flag };
    else entries.push({ name, value, origin: flag });
  }
  return { entries, configFile, wish };
}

function unknownArgument(flag: string): Problem {
  if (!flag.startsWith("-")) return { origin: "command line", found: show(flag), wanted: "flags only; see --help" };
  const suggestion = nearestName(flag, [...nameOfFlag.keys(), configFlag, ...wishes]);
  return {
    origin: flag,
    found: "a flag that is not known",
    wanted: "a flag that --help lists",
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function readVariables(env: ConfigSources["env"], problems: Problem[]): Entry[] {
  const entries: Entry[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith("SOLO_") || value === undefined || value === "") continue;
    if (variable === configVariable || variablesOfOthers.has(variable)) continue;
    const name = nameOfVariable.get(variable);
    if (name !== undefined) {
      entries.push({ name, value, origin: variable });
      continue;
    }
    const suggestion = nearestName(variable, [...nameOfVariable.keys(), configVariable]);
    problems.push({
      origin: variable,
      found: "a variable that is not known",
      wanted: "a variable that --help lists",
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
  return entries;
}

function variableFile(env: ConfigSources["env"]): NamedFile | undefined {
  const path = env[configVariable];
  return path === undefined || path === "" ? undefined : { path, origin: configVariable };
}

function readFileEntries(file: NamedFile, readFile: (path: string) => string, problems: Problem[]): Entry[] {
  let text: string;
  try {
    text = readFile(file.path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.push({ origin: file.origin, found: why, wanted: "a TOML file that can be read" });
    return [];
  }
  let root: Record<string, unknown>;
  try {
    root = parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const why = error.message.split("\n")[0] ?? "";
    problems.push({ origin: `${file.path}:${error.line}:${error.column}`, found: why, wanted: "TOML 1.0" });
    return [];
  }
  const entries: Entry[] = [];
  for (const [key, value] of leaves(root, "")) {
    const line = lineOfTomlKey(text, key);
    const origin = `${file.path}${line === undefined ? "" : `:${line}`} ${key}`;
    const name = nameOfKey.get(key);
    if (name !== undefined) {
      entries.push({ name, value, origin });
      continue;
    }
    const suggestion = nearestName(key, nameOfKey.keys());
    problems.push({
      origin,
      found: "a key that is not known",
      wanted: "a key that --help lists",
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
  return entries;
}

/** The values of a TOML document by their dotted keys. A table that stands where a value is wanted counts as a value. */
function* leaves(table: Record<string, unknown>, prefix: string): Generator<[key: string, value: unknown]> {
  for (const [name, value] of Object.entries(table)) {
    const key = `${prefix}${name}`;
    if (isTable(value) && !nameOfKey.has(key)) yield* leaves(value, `${key}.`);
    else yield [key, value];
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A value as an operator would recognise it, shortened. */
function show(value: unknown): string {
  const text =
    JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part)) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
