import { createHash } from "node:crypto";

/** Names of the calls and casts of a service. */
export interface Contract {
  readonly calls: readonly string[];
  readonly casts: readonly string[];
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
