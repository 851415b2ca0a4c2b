// `npm run generate`: makes the committed TypeScript and descriptor set from `proto/` and `third_party/`, and the reference of
// the actor core from its doc comments, what the catalogue takes from both, and the test vectors of capabilities.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeCapabilityVectors } from "./capability-vectors.mjs";
import { catalogueFiles, writeCatalogue } from "./generate-catalogue.mjs";
import { writeReference } from "./reference.mjs";

/** What is generated, seen from the root. */
export const generated = [
  "packages/proto/src/generated",
  "packages/proto/descriptor-set.binpb",
  "packages/actor-core/docs/reference",
  "packages/capabilities/vectors",
  ...catalogueFiles,
];

/**
 * Generates into `out` as if it were the root of the checkout.
 *
 * @param {string} root Where the sources and the templates lie.
 * @param {string} out
 * @throws {Error} With what buf said.
 */
export async function generate(root, out) {
  const [, descriptorSet, reference, vectors] = generated;
  execFileSync("buf", ["generate", "-o", out], { cwd: root, stdio: "pipe" });
  execFileSync("buf", ["build", "--as-file-descriptor-set", "-o", join(out, descriptorSet)], {
    cwd: root,
    stdio: "pipe",
  });
  // What the reference is read from, and what the catalogue's sources import.
  execFileSync("tsc", ["-b", "packages/actor-core", "packages/notation", "packages/proto"], {
    cwd: root,
    stdio: "pipe",
  });
  rmSync(join(out, reference), { recursive: true, force: true });
  writeReference(join(root, "packages/actor-core"), join(out, reference));
  await writeCatalogue(root, out);
  await writeCapabilityVectors(join(out, vectors));
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "..");
  try {
    await generate(root, root);
  } catch (error) {
    console.error(`${error.message}\n${error.stdout ?? ""}`.trimEnd());
    process.exit(1);
  }
}
