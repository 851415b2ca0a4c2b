// Holds what would be published to what its users' tools expect.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packedCore } from "./pack.mjs";

const PACKAGE = "packages/actor-core";

/** @returns {[string, () => Promise<void>][]} Checks with their names; each rejects when it does not hold. */
export function packageChecks(root) {
  return [
    ["actor-core: contents of the package", () => contents(root)],
    ["actor-core: publint", () => lint(root)],
    ["actor-core: are the types wrong?", () => types(root)],
  ];
}

/** All that is needed, no tests, no dependency, and nothing that runs at install. */
async function contents(root) {
  const { files } = await packedCore(root);
  const manifest = JSON.parse(readFileSync(join(root, PACKAGE, "package.json"), "utf8"));
  const complaints = ["README.md", "LICENSE", "package.json", "docs/README.md"]
    .filter((needed) => !files.includes(needed))
    .map((needed) => `${needed} is missing`);
  for (const file of files) {
    if (/\.test(-d)?\./.test(file)) complaints.push(`${file} is a test`);
  }
  for (const [entry, targets] of Object.entries(manifest.exports)) {
    const order = Object.keys(targets).filter((condition) => condition !== "solo:source");
    if (order.join() !== "types,default") complaints.push(`exports["${entry}"] must have types, then default`);
    for (const target of Object.values(targets)) {
      if (!files.includes(target.replace("./", "")))
        complaints.push(`exports["${entry}"] leads to ${target}: not there`);
    }
  }
  if (manifest.type !== "module") complaints.push("type must be module");
  if (manifest.sideEffects !== false) complaints.push("sideEffects must be false");
  if (manifest.dependencies !== undefined) complaints.push("there must be no dependencies");
  for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
    if (manifest.scripts?.[script] !== undefined) complaints.push(`there must be no ${script} script`);
  }
  if (manifest.repository?.directory !== PACKAGE) complaints.push(`repository.directory must be ${PACKAGE}`);
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
}

async function lint(root) {
  const { tarball } = await packedCore(root);
  const { messages, pkg } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
    strict: true,
  });
  if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg)).join("\n"));
}

/** Of each way to find types, those that exist for an ES module. */
async function types(root) {
  const { tarball } = await packedCore(root);
  try {
    execFileSync("attw", [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"], { encoding: "utf8" });
  } catch (error) {
    throw new Error(`${error.stdout ?? ""}${error.stderr ?? ""}`);
  }
}
