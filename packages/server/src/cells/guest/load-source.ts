import type { Boot, Ending } from "../wire/protocol.ts";
import { bun } from "./bun.ts";
import type { Contract, ReadBundle } from "./bundle-reader.ts";
import { describeError, MODULE_PREFIX } from "./describe-error.ts";
import type { LoadedSource } from "./guest.ts";
import { LoadFailed } from "./load-failed.ts";
import type { FetchHandler } from "./serve-http.ts";
import { SUPPLIED, type SuppliedModule, suppliedModule } from "./supplied-module.ts";

/**
 * Imports one source file and gives its default export, with what runs it.
 *
 * Bun itself strips the types when it imports, with a source map, so that stacks tell the author's own lines.
 *
 * @throws {LoadFailed} `compile` with the place for what does not parse or imports something else; `init` when the top
 *   level throws.
 */
export async function loadSource(boot: Boot, source: Uint8Array): Promise<LoadedSource> {
  const loader = boot.language === "typescript" ? "ts" : "js";
  const { contents, contract } =
    boot.language === "bundle" ? await openBundle(source, boot.contents) : { contents: decodeSource(source) };
  if (boot.language !== "bundle") checkImports(boot.fileName, contents, loader);
  const specifier = `${MODULE_PREFIX}${boot.fileName}`;
  const { library, runtime } = await suppliedModule(contents);
  bun.plugin({
    name: "solo",
    setup(build) {
      build.module(SUPPLIED, () => ({ loader: "object", exports: library }));
      build.module(specifier, () => ({ loader, contents }));
    },
  });
  try {
    const loaded = await loadedModule((await import(specifier)) as ServiceModule, { library, runtime });
    return { ...loaded, ...(contract === undefined ? {} : { contract }) };
  } catch (error) {
    throw new LoadFailed(compileEnding(boot.fileName, error) ?? throwEnding(boot.fileName, error));
  }
}

/** By a program of its own beside this one. */
async function openBundle(
  bundle: Uint8Array,
  signed: string | undefined,
): Promise<{ readonly contents: string; readonly contract?: Contract }> {
  const { readBundle } = (await import(BUNDLE_READER)) as typeof import("./bundle-reader.ts");
  const read: ReadBundle = readBundle(bundle, signed);
  if (read.kind === "refused") {
    throw new LoadFailed({ kind: "artifact", message: `The bundle is refused: ${read.message}` });
  }
  return { contents: read.source, ...(read.contract === undefined ? {} : { contract: read.contract }) };
}

const BUNDLE_READER = "./bundle-reader.js";

interface ServiceModule {
  readonly default?: unknown;
  readonly fetch?: unknown;
}

/**
 * A service serves HTTP by a function `fetch`: exported beside the server, or all of the default export, as other runtimes
 * have it, for one without state.
 */
async function loadedModule(module: ServiceModule, { library, runtime }: SuppliedModule): Promise<LoadedSource> {
  const { default: definition } = module;
  const whole = definition as { readonly fetch?: unknown; readonly calls?: unknown } | null | undefined;
  const fetch = module.fetch ?? (typeof whole === "object" ? whole?.fetch : undefined);
  if (typeof fetch !== "function") return { definition, runtime };
  const { serveHttp } = (await import(SERVE_HTTP)) as typeof import("./serve-http.ts");
  const { defineServer } = library as { defineServer(spec: object): unknown };
  const isStateless = module.fetch === undefined && whole?.calls === undefined;
  return {
    definition: isStateless ? defineServer({ version: 1, init: () => null }) : definition,
    runtime,
    http: (surroundings) => serveHttp(fetch.bind(whole) as FetchHandler, surroundings),
  };
}

/** A bundle of its own beside this one: few services serve HTTP. */
const SERVE_HTTP = "./serve-http.js";

function decodeSource(source: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(source);
  } catch {
    throw new LoadFailed({ kind: "compile", message: "The source is not UTF-8" });
  }
}

/**
 * Refuses other imports with a clear word. A courtesy to authors and no defence, so the exact and slower look, which
 * parses the source once more, is taken only where a quick one finds something.
 */
function checkImports(file: string, contents: string, loader: "ts" | "js"): void {
  if ([...contents.matchAll(IMPORT_LIKE)].every(([, path]) => path === SUPPLIED)) return;
  const foreign = scan(file, contents, loader).find((path) => path !== SUPPLIED);
  if (foreign === undefined) return;
  const message = `Cannot import "${foreign}": a single file may import only "${SUPPLIED}"`;
  const location = findQuoted(contents, foreign);
  throw new LoadFailed({
    kind: "compile",
    message,
    ...(location === undefined ? {} : { location: { file, ...location } }),
  });
}

/** `from "x"`, `import "x"`, `import("x")`, `require("x")`. */
const IMPORT_LIKE = /\b(?:from|import|require)\s*\(?\s*["'`]([^"'`]*)["'`]/g;

function scan(file: string, contents: string, loader: "ts" | "js"): readonly string[] {
  try {
    return new bun.Transpiler({ loader }).scanImports(contents).map(({ path }) => path);
  } catch (error) {
    throw new LoadFailed(compileEnding(file, error) ?? { kind: "compile", message: describeError(error).message });
  }
}

/** What Bun throws for source that does not parse: one message, or several under an AggregateError. */
function compileEnding(file: string, error: unknown): Omit<Ending, "normal"> | undefined {
  const messages = buildMessages(error);
  const [first] = messages;
  if (first === undefined) return undefined;
  const detail = messages.map(
    (message) => `${file}${placeOf(message)}: ${message.message}\n${message.position?.lineText ?? ""}`,
  );
  const { position } = first;
  return {
    kind: "compile",
    message: first.message,
    detail: detail.join("\n"),
    ...(position === undefined ? {} : { location: { file, line: position.line, column: position.column } }),
  };
}

interface BuildMessage {
  readonly message: string;
  readonly position: { readonly line: number; readonly column: number; readonly lineText: string } | undefined;
}

function buildMessages(error: unknown): readonly BuildMessage[] {
  if (typeof error !== "object" || error === null) return [];
  const { name, message, position, errors } = error as Record<string, unknown>;
  if (Array.isArray(errors)) return errors.flatMap(buildMessages);
  if (name !== "BuildMessage" && name !== "ResolveMessage") return [];
  const place = typeof position === "object" && position !== null ? (position as BuildMessage["position"]) : undefined;
  return [{ message: String(message), position: place }];
}

function placeOf({ position }: BuildMessage): string {
  return position === undefined ? "" : `:${position.line}:${position.column}`;
}

function throwEnding(file: string, error: unknown): Omit<Ending, "normal"> {
  const { message, stack } = describeError(error);
  const place = stack
    ?.split("\n")
    .find((line) => line.includes(`${file}:`))
    ?.match(/:(\d+):(\d+)\)?$/);
  return {
    kind: "init",
    message: `The top level of the source threw ${message}`,
    ...(stack === undefined ? {} : { detail: stack }),
    ...(place ? { location: { file, line: Number(place[1]), column: Number(place[2]) } } : {}),
  };
}

function findQuoted(contents: string, path: string): { readonly line: number; readonly column: number } | undefined {
  for (const quoted of [`"${path}"`, `'${path}'`]) {
    const offset = contents.indexOf(quoted);
    if (offset === -1) continue;
    const before = contents.slice(0, offset);
    return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
  }
  return undefined;
}
