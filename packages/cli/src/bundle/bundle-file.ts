import { createHash } from "node:crypto";

/** The calls and casts of a service. */
export interface Contract {
  readonly calls: readonly string[];
  readonly casts: readonly string[];
  /** Left out where there are no types to make them from. */
  readonly schemas?: ContractSchemas;
}

/** A JSON Schema (2020-12), of the keywords that the types of TypeScript need. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What methods take and answer, by their names. */
export interface ContractSchemas {
  /** Left out where it is not known. */
  readonly init?: { readonly arguments: JsonSchema };
  readonly calls: Readonly<Record<string, MethodSchema>>;
  readonly casts: Readonly<Record<string, MethodSchema>>;
  /** What `#/$defs/NAME` in them names. */
  readonly $defs: Readonly<Record<string, JsonSchema>>;
}

export interface MethodSchema {
  /** From the comment above the handler. */
  readonly description?: string;
  /** Of the array of its arguments. */
  readonly arguments: JsonSchema;
  /** Left out for a cast, and for a call that answers without a value. */
  readonly reply?: JsonSchema;
  /** It may answer without a value too. */
  readonly replyOptional?: true;
}

/** What goes into a bundle. */
export interface BundleParts {
  /** Path of the file whose default export is the service. */
  readonly entry: string;
  /** Versions of `@solo/actor-core` that it was made for: `1.2.3`, `~1.2.3` or `^1.2.3`. */
  readonly actorCore: string;
  /** Left out when it could not be found out without a cell. */
  readonly contract: Contract | undefined;
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
}

/**
 * The files inside a bundle, as it says.
 *
 * @throws {SyntaxError | TypeError} It is none.
 */
export function filesInBundle(bundle: Buffer): readonly { path: string; sha256: string; size: number }[] {
  const begin = bundle.indexOf("\n") + 1;
  const { files } = JSON.parse(bundle.toString("utf8", begin, bundle.indexOf("\n", begin))) as {
    readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  };
  return files.map(({ path, bytes, sha256 }) => ({ path, sha256, size: bytes }));
}

/**
 * Writes a bundle: the line `solo-bundle 1`, its manifest as one line of JSON, and the contents of its files one behind the
 * other. The same parts give the same bytes, so the SHA-256 of a bundle names what it does.
 */
export function writeBundle({ entry, actorCore, contract, files }: BundleParts): Buffer {
  const inOrder = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const manifest = {
    entry,
    actorCore,
    ...(contract === undefined ? {} : { contract }),
    files: inOrder.map(({ path, content }) => ({
      path,
      bytes: content.length,
      sha256: createHash("sha256").update(content).digest("hex"),
    })),
  };
  const head = Buffer.from(`solo-bundle 1\n${JSON.stringify(manifest)}\n`);
  return Buffer.concat([head, ...inOrder.map(({ content }) => content)]);
}
