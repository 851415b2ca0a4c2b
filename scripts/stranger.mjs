// A project of somebody who uses a package and knows nothing of this workspace.
import { execFile } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { packed, packInstalled } from "./pack.mjs";
import { manifest } from "./published.mjs";

const execute = promisify(execFile);

/** Makes a folder a project that has the packed package, what it depends on, and its optional peers. Needs no registry. */
export async function install(root, subject, project) {
  const { tarball } = await packed(root, subject);
  const dependencies = await Promise.all(subject.dependencies.map((name) => packInstalled(root, subject, name)));
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const options = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  await execute("npm", ["install", ...options, tarball, ...dependencies], { cwd: project });
  for (const peer of Object.keys(manifest(root, subject).peerDependencies ?? {})) {
    symlinkSync(join(root, subject.folder, "node_modules", peer), join(project, "node_modules", peer));
  }
}

/**
 * Compiles all TypeScript of a project, strictly.
 *
 * @throws {Error} With what tsc printed.
 */
export async function compile(root, project, options) {
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    ...options,
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
  try {
    await execute(join(root, "node_modules", ".bin", "tsc"), ["-p", project, "--pretty", "false"], { cwd: project });
  } catch (error) {
    throw new Error(`${error.stdout}${error.stderr}`);
  }
}

/** The types of Node, from the workspace; those of a peer, which have their own opinion of strictness, are taken as they are. */
export function onNode(root) {
  return { types: ["node"], typeRoots: [join(root, "node_modules", "@types")], skipLibCheck: true };
}
