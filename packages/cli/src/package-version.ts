import { readFileSync } from "node:fs";

/** The version of this package. */
export function packageVersion(): string {
  const about: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (about as { readonly version: string }).version;
}
