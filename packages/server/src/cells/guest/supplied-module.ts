/**
 * What `@solo/actor-core` is to a service file.
 *
 * Nearly every service needs the same few names of it. The rest of the library lies in a file of its own that is loaded for
 * those who ask for more: it would take half a megabyte of every cell.
 */

import { refusedCall, runService, type ServiceRuntime } from "./run-service.ts";
import * as usual from "./usual-library.ts";

/** The one module that a single source file may import; the cell supplies it. */
export const SUPPLIED = "@solo/actor-core";

/** What a source is given: the exports of the library, and what runs a service that was made with them. */
export interface SuppliedModule {
  readonly library: object;
  readonly runtime: ServiceRuntime;
}

export async function suppliedModule(source: string): Promise<SuppliedModule> {
  return needsNoMoreThan(Object.keys(usual), source)
    ? { library: usual, runtime: { runService, refusedCall } }
    : // A bundle of its own beside this one.
      ((await import(WHOLE_LIBRARY)) as SuppliedModule);
}

const WHOLE_LIBRARY = "./whole-library.js";

/**
 * Whether all that the source takes of the supplied module is among `names`. Whatever is not plainly so, such as
 * `import * as`, is taken to need more.
 */
export function needsNoMoreThan(names: readonly string[], source: string): boolean {
  const plain = [...source.matchAll(PLAIN_IMPORT)];
  return (
    plain.length === source.split(SUPPLIED).length - 1 &&
    plain.every(
      ([, type, list = ""]) =>
        type !== undefined ||
        list
          .split(",")
          .map(importedName)
          .every((name) => name === undefined || names.includes(name)),
    )
  );
}

/** `import { a, b as c, type D } from "@solo/actor-core"`, the whole of it possibly a type. */
const PLAIN_IMPORT = /\bimport\s+(type\s+)?\{([^}]*)\}\s*from\s*["']@solo\/actor-core["']/g;

/** Of `a`, `a as b` or `type A`; undefined for what is no value. */
function importedName(specifier: string): string | undefined {
  const [first, second] = specifier.trim().split(/\s+/);
  return first === "" || (first === "type" && second !== undefined && second !== "as") ? undefined : first;
}
