import { mostNames, namePath } from "../arguments.ts";

/** The resource of a key, below its tenant. */
export const keyPath = (store: string, key: string): string => `kv/${store}/${namePath(key)}`;

/**
 * The resource of all keys below a prefix: deeper than any key can be, so that only a pattern which covers everything below covers
 * it. `x~` is no name.
 */
export function prefixPath(store: string, prefix: string): string {
  const names = prefix === "" ? [] : namePath(prefix.slice(0, -1)).split("/");
  const rest = Array.from({ length: mostNames + 1 - names.length }, () => "x~");
  return ["kv", store, ...names, ...rest].join("/");
}
