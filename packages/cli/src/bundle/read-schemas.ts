import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type {
  CompilerHost,
  CompilerOptions,
  Program,
  Signature,
  Symbol as TsSymbol,
  Type,
  TypeChecker,
} from "typescript";
import type { ContractSchemas, MethodSchema } from "./bundle-file.ts";
import { TypeSchemas } from "./type-schemas.ts";

/** A cell refuses larger ones. */
const MAX_BYTES = 64 * 1024;

/**
 * Makes the schemas of a service's calls and casts from the types of their handlers. Types are read and not checked, so code
 * that does not compile strictly has a contract too; what has no type is taken as it comes.
 *
 * @param entry Path of the file whose default export is the service.
 * @returns undefined where there is no service of `defineServer`, or its schemas would be larger than is of use.
 */
export async function readSchemas(entry: string): Promise<ContractSchemas | undefined> {
  // Loaded when it is wanted: most commands read no types.
  const { default: ts } = await import("typescript");
  const options: CompilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    customConditions: ["bun"],
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    allowJs: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    // The pages' types take a second to read, and nothing of them is JSON.
    lib: ["lib.esnext.d.ts"],
    types: [],
  };
  const host = withSuppliedLibrary(ts, ts.createCompilerHost(options), options);
  const program = ts.createProgram({ rootNames: [entry], options, host });
  const service = exportedService(ts, program, entry);
  if (service === undefined) return undefined;
  const { checker, type } = service;
  const schemas = new TypeSchemas(ts, checker);
  const methodsOf = (group: string) => {
    const found = checker.getPropertyOfType(type, group);
    const handlers = found === undefined ? [] : checker.getPropertiesOfType(checker.getTypeOfSymbol(found));
    return Object.fromEntries(
      handlers.flatMap((handler) => {
        const schema = methodSchema(handler, schemas, checker, group === "calls");
        return schema === undefined ? [] : [[handler.name, schema]];
      }),
    );
  };
  const init = checker.getPropertyOfType(type, "init");
  const start = init === undefined ? undefined : plainSignature(init, checker);
  const contract = {
    ...(start === undefined ? {} : { init: { arguments: schemas.ofArguments(start.getParameters().slice(1)) } }),
    calls: methodsOf("calls"),
    casts: methodsOf("casts"),
    $defs: schemas.definitions(),
  };
  return Buffer.byteLength(JSON.stringify(contract)) > MAX_BYTES ? undefined : contract;
}

type TypeScript = typeof import("typescript");

/** The folder's own `@solo/actor-core` where it is installed; else the one that this command came with, as a cell supplies it. */
function withSuppliedLibrary(ts: TypeScript, host: CompilerHost, options: CompilerOptions): CompilerHost {
  const here = fileURLToPath(import.meta.url);
  const resolve = (name: string, from: string) => ts.resolveModuleName(name, from, options, host);
  return {
    ...host,
    resolveModuleNameLiterals: (literals, from) =>
      literals.map(({ text }) => {
        const found = resolve(text, from);
        return found.resolvedModule === undefined && text === "@solo/actor-core" ? resolve(text, here) : found;
      }),
    getDefaultLibLocation: () => dirname(ts.getDefaultLibFilePath(options)),
    getDefaultLibFileName: (of) => join(dirname(ts.getDefaultLibFilePath(of)), ts.getDefaultLibFileName(of)),
  };
}

function exportedService(ts: TypeScript, program: Program, entry: string) {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(entry);
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  let exported = module === undefined ? undefined : checker.tryGetMemberInModuleExports("default", module);
  if (exported !== undefined && (exported.flags & ts.SymbolFlags.Alias) !== 0)
    exported = checker.getAliasedSymbol(exported);
  if (exported === undefined) return undefined;
  const type = checker.getTypeOfSymbol(exported);
  return checker.getPropertyOfType(type, "init") === undefined ? undefined : { checker, type };
}

/** undefined for a handler that is no plain function: what it takes is unknown. */
function plainSignature(handler: TsSymbol, checker: TypeChecker): Signature | undefined {
  const [signature, ...others] = checker.getTypeOfSymbol(handler).getCallSignatures();
  return others.length > 0 ? undefined : signature;
}

function methodSchema(
  handler: TsSymbol,
  schemas: TypeSchemas,
  checker: TypeChecker,
  answers: boolean,
): MethodSchema | undefined {
  const signature = plainSignature(handler, checker);
  if (signature === undefined) return undefined;
  const description = handler
    .getDocumentationComment(checker)
    .map(({ text }) => text)
    .join("");
  const reply = answers ? replySchema(checker.getReturnTypeOfSignature(signature), schemas, checker) : undefined;
  return {
    ...(description === "" ? {} : { description }),
    arguments: schemas.ofArguments(signature.getParameters().slice(1)),
    ...reply,
  };
}

/** Of all that a handler may answer now or later. */
function replySchema(
  returned: Type,
  schemas: TypeSchemas,
  checker: TypeChecker,
): Pick<MethodSchema, "reply" | "replyOptional"> | undefined {
  const results = checker.getAwaitedType(returned);
  if (results === undefined) return undefined;
  const replies = (results.isUnion() ? results.types : [results]).flatMap((result) => {
    const reply = checker.getPropertyOfType(result, "reply");
    return reply === undefined ? [] : [checker.getTypeOfSymbol(reply)];
  });
  const reply = replies.length === 0 ? undefined : schemas.ofAny(replies);
  if (reply === undefined) return undefined;
  return { reply, ...(replies.some((each) => schemas.mayBeUndefined(each)) ? { replyOptional: true } : {}) };
}
