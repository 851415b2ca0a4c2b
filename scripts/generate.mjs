// `npm run generate`: makes the committed TypeScript and descriptor set from `proto/` and `third_party/`.
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";

/** What is generated, seen from the root. */
export const generated = ["packages/proto/src/generated", "packages/proto/descriptor-set.binpb"];

/**
 * Generates into `out` as if it were the root of the checkout.
 *
 * @param {string} root Where the sources and the templates lie.
 * @param {string} out
 * @throws {Error} With what buf said.
 */
export function generate(root, out) {
  const [, descriptorSet] = generated;
  execFileSync("buf", ["generate", "-o", out], { cwd: root, stdio: "pipe" });
  execFileSync("buf", ["build", "--as-file-descriptor-set", "-o", join(out, descriptorSet)], {
    cwd: root,
    stdio: "pipe",
  });
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "..");
  generate(root, root);
}
