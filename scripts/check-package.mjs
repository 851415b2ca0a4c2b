// Holds what would be published to what its users' tools expect.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { withTarball } from "./pack.mjs";

const PACKAGE = "packages/actor-core";

/** @returns {[string, () => Promise<void>][]} Checks with their names; each rejects when it does not hold. */
export function packageChecks(root) {
  const folder = join(root, PACKAGE);
  return [
    ["actor-core: contents of the package", () => withTarball(folder, ({ files }) => contents(folder, files))],
    ["actor-core: publint", () => withTarball(folder, ({ tarball }) => lint(tarball))],
    ["actor-core: are the types wrong?", () => withTarball(folder, ({ tarball }) => types(tarball))],
  ];
}

/** All that is needed and nothing left over from an earlier build; no dependency, and nothing that runs at install. */
async function contents(folder, files) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const complaints = ["README.md", "LICENSE", "package.json", "docs/README.md"]
    .filter((needed) => !files.includes(needed))
    .map((needed) => `${needed} is missing`);
  for (const file of files) {
    if (/\.test(-d)?\./.test(file)) complaints.push(`${file} is a test`);
    const source = file.replace(/^dist\//, "src/").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (file.startsWith("dist/") && !files.includes(source)) complaints.push(`${file} has no source: remove dist`);
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

async function lint(tarball) {
  const { messages, pkg } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
    strict: true,
  });
  if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg)).join("\n"));
}

/** Of each way to find types, those that exist for an ES module. */
async function types(tarball) {
  try {
    execFileSync("attw", [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"], { encoding: "utf8" });
  } catch (error) {
    throw new Error(`${error.stdout ?? ""}${error.stderr ?? ""}`);
  }
}
