/**
 * Reads what `solo build` makes, in the cell that is to run it, and believes nothing of it: the format, the hashes of its
 * files, its entry, and whether this cell's library is one that it was made for.
 *
 * A bundle of its own beside the guest's, since a guest that runs a source file has no need of it. What passes the border
 * between the two is plain data.
 */

import { MAX_CONTRACT_BYTES } from "../wire/protocol.ts";
import { bun } from "./bun.ts";
import { checkValue, isSchema, type JsonSchema, type Mismatch } from "./check-value.ts";

/** The code to run, or why there is none. */
export type ReadBundle =
  | { readonly kind: "read"; readonly source: string; readonly contract: Contract | undefined }
  | { readonly kind: "refused"; readonly message: string };

/** The calls and casts that the code has, as its author's machine found them. */
export interface Contract {
  readonly calls: readonly string[];
  readonly casts: readonly string[];
  /** JSON: what they take and answer; empty where that is not known. */
  readonly schemas: string;
  /** What is wrong with the arguments of one, or of `init`; nothing where no schema tells. */
  checkArguments(of: MethodName | "init", args: readonly unknown[]): Mismatch | undefined;
  /** What is wrong with the reply of a call. A value that cannot travel at all is told of when it is sent. */
  checkReply(call: string, reply: unknown): Mismatch | undefined;
}

export interface MethodName {
  readonly group: "calls" | "casts";
  readonly method: string;
}

/** Version of `@solo/actor-core` in this cell; put in when the guest is built. */
declare const ACTOR_CORE_VERSION: string;

/** @param signed SHA-256 of the list of files that it must have; undefined where nobody has signed one. */
export function readBundle(bytes: Uint8Array, signed: string | undefined): ReadBundle {
  try {
    return read(bytes, signed);
  } catch (error) {
    return { kind: "refused", message: error instanceof Refused ? error.message : "it cannot be read" };
  }
}

class Refused extends Error {}

/** First line of every bundle. */
const MAGIC = "solo-bundle 1";

function read(bytes: Uint8Array, signed: string | undefined): ReadBundle {
  const magicEnd = bytes.indexOf(LF);
  const headEnd = bytes.indexOf(LF, magicEnd + 1);
  const [magic, head] = [bytes.subarray(0, Math.max(0, magicEnd)), bytes.subarray(magicEnd + 1, Math.max(0, headEnd))];
  if (magicEnd === -1 || headEnd === -1 || decode(magic) !== MAGIC) {
    throw new Refused(`it does not begin with "${MAGIC}": make it with solo build`);
  }
  const { entry, actorCore, contract, files } = parseManifest(decode(head));
  requireRange(actorCore);
  if (signed !== undefined) requireFiles(files, signed);
  let offset = headEnd + 1;
  let source: string | undefined;
  for (const file of files) {
    // Nobody would read it; and what compiled code would make of a cell, no look at it can tell.
    if (file.path !== entry) {
      throw new Refused(`it has the file ${quoted(file.path)} beside its entry ${quoted(entry)}: wanted is that alone`);
    }
    const content = bytes.subarray(offset, offset + file.bytes);
    offset += file.bytes;
    if (content.length !== file.bytes) throw new Refused(`it ends in the middle of its file ${quoted(file.path)}`);
    const sha256 = new bun.CryptoHasher("sha256").update(content).digest("hex");
    if (sha256 !== file.sha256) {
      throw new Refused(`its file ${quoted(file.path)} has the SHA-256 ${sha256}; wanted: ${file.sha256}`);
    }
    if (file.path === entry) source = decode(content);
  }
  if (offset !== bytes.length) throw new Refused(`${bytes.length - offset} bytes stand behind its last file`);
  if (source === undefined) throw new Refused(`it has no file ${quoted(entry)}, which is to be its entry`);
  return { kind: "read", source, contract };
}

interface Manifest {
  readonly entry: string;
  readonly actorCore: string;
  readonly contract: Contract | undefined;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}

function parseManifest(text: string): Manifest {
  const { entry, actorCore, contract, files } = record(parseJson(text), "its manifest");
  if (typeof entry !== "string") throw new Refused("its manifest has no entry");
  if (typeof actorCore !== "string") throw new Refused("its manifest has no range of @solo/actor-core");
  if (!Array.isArray(files)) throw new Refused("its manifest has no list of files");
  const seen = new Set<string>();
  return {
    entry,
    actorCore,
    contract: contract === undefined ? undefined : parseContract(contract),
    files: files.map((file) => {
      const { path, bytes, sha256 } = record(file, "a file of its manifest");
      if (typeof path !== "string" || seen.has(path))
        throw new Refused(`it has the file ${quoted(String(path))} twice`);
      if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0) {
        throw new Refused(`its file ${quoted(path)} has no size`);
      }
      if (typeof sha256 !== "string") throw new Refused(`its file ${quoted(path)} has no hash`);
      seen.add(path);
      return { path, bytes, sha256 };
    }),
  };
}

function parseContract(value: unknown): Contract {
  const { calls, casts, schemas } = record(value, "its contract");
  const named = { calls: names(calls), casts: names(casts) };
  if (schemas === undefined) {
    return { ...named, schemas: "", checkArguments: () => undefined, checkReply: () => undefined };
  }
  const text = JSON.stringify(schemas);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_CONTRACT_BYTES) {
    throw new Refused(`its contract has schemas of ${bytes} bytes; at most ${MAX_CONTRACT_BYTES} are allowed`);
  }
  const found = record(schemas, "what its contract has as schemas");
  const definitions = record(found.$defs, "what its contract has as $defs");
  const init = found.init === undefined ? undefined : parseMethod("init", found.init);
  const methods = { calls: parseMethods(found.calls), casts: parseMethods(found.casts) };
  return {
    ...named,
    schemas: text,
    checkArguments: (of, args) => {
      const wanted = of === "init" ? init : methods[of.group].get(of.method);
      return wanted === undefined ? undefined : checkValue(args, wanted.arguments, definitions);
    },
    checkReply: (call, reply) => {
      const { reply: wanted, replyOptional } = methods.calls.get(call) ?? {};
      if (wanted === undefined || (reply === undefined && replyOptional)) return undefined;
      return checkValue(reply, wanted, definitions);
    },
  };
}

/** What one method takes and answers, as far as that is known. */
interface Method {
  readonly arguments: JsonSchema;
  readonly reply: JsonSchema | undefined;
  readonly replyOptional: boolean;
}

function parseMethods(methods: unknown): ReadonlyMap<string, Method> {
  return new Map(
    Object.entries(record(methods, "a part of its contract")).map(([name, method]) => [
      name,
      parseMethod(name, method),
    ]),
  );
}

function parseMethod(name: string, value: unknown): Method {
  const { arguments: wanted, reply, replyOptional } = record(value, `what its contract says of ${quoted(name)}`);
  if (!isSchema(wanted)) throw new Refused(`its contract has no schema for the arguments of ${quoted(name)}`);
  if (reply !== undefined && !isSchema(reply)) {
    throw new Refused(`its contract has no schema for the reply of ${quoted(name)}`);
  }
  return { arguments: wanted, reply, replyOptional: replyOptional === true };
}

function names(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === "string")) return value;
  throw new Refused("its contract has no names");
}

/** Each by its path, size and hash, which its content is compared with anyway. */
function requireFiles(files: Manifest["files"], signed: string): void {
  const lines = files.map(({ path, bytes, sha256 }) => JSON.stringify([path, bytes, sha256]));
  const found = new bun.CryptoHasher("sha256").update(lines.sort().join("\n")).digest("hex");
  if (found !== signed) throw new Refused("its files are not those that its signature lists");
}

/** Of the three forms that `solo build` writes: others would be read as anything at all. */
function requireRange(range: string): void {
  if (/^[\^~]?\d+\.\d+\.\d+$/.test(range) && bun.semver.satisfies(ACTOR_CORE_VERSION, range)) return;
  throw new Refused(`it was made for @solo/actor-core ${quoted(range)}, and this server has ${ACTOR_CORE_VERSION}`);
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Refused(`${what} is no JSON object`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused("its manifest is no JSON");
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refused("its text is not UTF-8");
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

const LF = 10;
