import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { basename, join, relative, resolve } from "node:path";
import { type Failure, usageFailure } from "../failure.ts";
import { type Contract, writeBundle } from "./bundle-file.ts";
import { readContract } from "./read-contract.ts";
import { readSchemas } from "./read-schemas.ts";

/** What came of a folder. */
export interface BuiltBundle {
  /** Of the service, from the package's or the folder's name. */
  readonly name: string;
  readonly bytes: Buffer;
  /** As the user named it. */
  readonly entry: string;
  readonly actorCore: string;
  readonly contract: Contract | undefined;
}

/** The one module that a cell supplies. */
const SUPPLIED = "@solo/actor-core";
/** Name of the code inside a bundle. */
const ENTRY = "main.js";
/** Looked for in this order where neither the command line nor package.json names the entry. */
const USUAL_ENTRIES = ["service", "index", "main", "src/service", "src/index", "src/main"].flatMap((name) =>
  [".ts", ".mts", ".js", ".mjs"].map((ending) => `${name}${ending}`),
);

/**
 * Makes a bundle of a folder, on this machine: its code and the packages it imports in one file, `@solo/actor-core` left to the
 * cell. Resolves packages as Node does, from what is installed.
 *
 * @throws {Failure} `FILE_UNREADABLE`, `BUILD_FAILED`
 */
export async function buildBundle(
  path: string,
  options: { readonly workingFolder: string; readonly entry?: string },
): Promise<BuiltBundle> {
  const folder = resolve(options.workingFolder, path);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw usageFailure(`Cannot build ${path}`, {
      reason: "FILE_UNREADABLE",
      found: "no such folder",
      wanted: "a folder",
    });
  }
  const about = readPackage(folder);
  const entry = findEntry(folder, path, options.entry, about);
  const code = await compile(folder, path, entry);
  const names = await readContract(code.commonJs);
  const schemas = names === undefined ? undefined : await readSchemas(join(folder, entry));
  const contract = names === undefined || schemas === undefined ? names : { ...names, schemas };
  const actorCore = rangeOf(folder, about);
  const files = [{ path: ENTRY, content: Buffer.from(code.module) }];
  return {
    name: nameOf(folder, about),
    entry: join(path, entry),
    actorCore,
    contract,
    bytes: writeBundle({ entry: ENTRY, actorCore, contract, files }),
  };
}

type PackageJson = Readonly<Record<string, unknown>>;

function readPackage(folder: string): PackageJson {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8")) as PackageJson;
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw buildFailed(`Cannot build ${folder}: its package.json cannot be read`, found);
  }
}

function findEntry(folder: string, path: string, asked: string | undefined, about: PackageJson): string {
  const isThere = (file: string) => existsSync(join(folder, file)) && statSync(join(folder, file)).isFile();
  if (asked !== undefined) {
    if (isThere(asked)) return asked;
    throw buildFailed(`Cannot build ${path}: its entry is not there`, `no file ${asked} in it`);
  }
  const { main } = about;
  const found = [...(typeof main === "string" ? [main] : []), ...USUAL_ENTRIES].find(isThere);
  if (found !== undefined) return found;
  throw buildFailed(
    `Cannot build ${path}: it has no entry`,
    "no service.ts, index.ts, main.ts or main in package.json",
  );
}

/** Loaded when it is wanted: most commands bundle nothing. */
async function compile(folder: string, path: string, entry: string) {
  const { build, transform } = await import("esbuild");
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: [join(folder, entry)],
      absWorkingDir: folder,
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      // The runtime of a cell has Node's own modules; files, network and processes do not work there.
      platform: "node",
      target: "esnext",
      external: [SUPPLIED],
      conditions: ["bun"],
      logLevel: "silent",
    });
    const [output] = outputFiles;
    const foreign = Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports.map((each) => each.path))
      .find((name) => name !== SUPPLIED && !isBuiltin(name));
    if (output === undefined || foreign !== undefined)
      throw new Error(`it would import ${foreign}, which is no part of it`);
    const commonJs = await transform(output.text, { format: "cjs", logLevel: "silent" }).catch(() => ({ code: "" }));
    return { module: output.text, commonJs: commonJs.code };
  } catch (error) {
    throw compileFailed(error, path, folder);
  }
}

interface Message {
  readonly text: string;
  readonly location: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly lineText: string;
  } | null;
}

function compileFailed(error: unknown, path: string, folder: string): Failure {
  const messages = (error as { readonly errors?: readonly Message[] }).errors ?? [];
  const [first] = messages;
  const found = first?.text ?? (error instanceof Error ? error.message : String(error));
  const failure = buildFailed(`Cannot build ${path}: ${found}`, found);
  if (first?.location == null) return failure;
  const { file, line, column, lineText } = first.location;
  const shown = join(path, relative(folder, resolve(folder, file)));
  return failure.with({ location: { file: shown, line, column: column + 1, sourceLine: lineText } });
}

/** What the package asks for; else what is installed; else what this command came with. */
function rangeOf(folder: string, about: PackageJson): string {
  for (const kind of ["dependencies", "peerDependencies", "devDependencies"]) {
    const range = (about[kind] as PackageJson | undefined)?.[SUPPLIED];
    if (typeof range === "string" && /^[\^~]?\d+\.\d+\.\d+$/.test(range)) return range;
  }
  return `^${installedVersion(folder) ?? ownVersion()}`;
}

function installedVersion(folder: string): string | undefined {
  for (const modules of createRequire(join(folder, "package.json")).resolve.paths(SUPPLIED) ?? []) {
    const file = join(modules, SUPPLIED, "package.json");
    if (existsSync(file)) return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
  }
  return undefined;
}

/** The command, the server and the library are released together. */
function ownVersion(): string {
  const about: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return (about as { readonly version: string }).version;
}

function nameOf(folder: string, { name }: PackageJson): string {
  return typeof name === "string" && name !== "" ? name.slice(name.lastIndexOf("/") + 1) : basename(folder);
}

function buildFailed(message: string, found: string): Failure {
  return usageFailure(message, { reason: "BUILD_FAILED", found });
}
