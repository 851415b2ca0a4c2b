// The packages that are published: for people who know nothing of this workspace.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Published
 * @property {string} folder
 * @property {string} name For people.
 * @property {readonly string[]} dependencies All that it may have.
 * @property {readonly string[]} lib What its types need beside it.
 * @property {readonly string[]} examples Folders whose `demo.ts` is run with the package alone.
 */

/** @type {readonly Published[]} */
export const published = [
  {
    folder: "packages/actor-core",
    name: "actor-core",
    dependencies: [],
    lib: ["es2023", "esnext.disposable"],
    examples: [],
  },
  {
    folder: "packages/capabilities",
    name: "capabilities",
    dependencies: ["@noble/hashes", "jose"],
    lib: ["es2023", "webworker"],
    examples: ["examples/tokens-only"],
  },
];

/** @type {Published} */
export const actorCore = published[0];

/** The package's own manifest. */
export function manifest(root, { folder }) {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
}

/** What is written to import an entry of the manifest's `exports`. */
export function specifier(root, subject, entry) {
  return entry.replace(".", manifest(root, subject).name);
}
