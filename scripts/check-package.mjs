// Holds what would be published to what its users' tools expect.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packed } from "./pack.mjs";
import { manifest, published } from "./published.mjs";

/** @returns {[string, () => Promise<void>][]} Checks with their names; each rejects when it does not hold. */
export function packageChecks(root) {
  return published.flatMap((subject) => [
    [`${subject.name}: contents of the package`, () => contents(root, subject)],
    [`${subject.name}: publint`, () => lint(root, subject)],
    [`${subject.name}: are the types wrong?`, () => types(root, subject)],
  ]);
}

/** All that is needed, no tests, no dependency but those it may have, and nothing that runs at install. */
async function contents(root, subject) {
  const { files } = await packed(root, subject);
  const own = manifest(root, subject);
  const complaints = ["README.md", "LICENSE", "package.json", "docs/README.md"]
    .filter((needed) => !files.includes(needed))
    .map((needed) => `${needed} is missing`);
  for (const file of files) {
    if (/\.test(-d)?\./.test(file)) complaints.push(`${file} is a test`);
  }
  for (const [entry, targets] of Object.entries(own.exports)) {
    const order = Object.keys(targets).filter((condition) => condition !== "solo:source");
    if (order.join() !== "types,default") complaints.push(`exports["${entry}"] must have types, then default`);
    for (const target of Object.values(targets)) {
      if (!files.includes(target.replace("./", "")))
        complaints.push(`exports["${entry}"] leads to ${target}: not there`);
    }
  }
  if (own.type !== "module") complaints.push("type must be module");
  if (own.sideEffects !== false) complaints.push("sideEffects must be false");
  const dependencies = Object.keys(own.dependencies ?? {}).sort();
  if (dependencies.join() !== subject.dependencies.join()) {
    complaints.push(
      `the dependencies must be ${subject.dependencies.join(", ") || "none"}: ${dependencies.join(", ")}`,
    );
  }
  for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
    if (own.scripts?.[script] !== undefined) complaints.push(`there must be no ${script} script`);
  }
  if (own.repository?.directory !== subject.folder) complaints.push(`repository.directory must be ${subject.folder}`);
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
}

async function lint(root, subject) {
  const { tarball } = await packed(root, subject);
  const { messages, pkg } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
    strict: true,
  });
  if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg)).join("\n"));
}

/** Of each way to find types, those that exist for an ES module. */
async function types(root, subject) {
  const { tarball } = await packed(root, subject);
  try {
    execFileSync("attw", [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"], { encoding: "utf8" });
  } catch (error) {
    throw new Error(`${error.stdout ?? ""}${error.stderr ?? ""}`);
  }
}
