// A project of somebody who uses the actor core and knows nothing of this workspace.
import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { packedCore } from "./pack.mjs";

const execute = promisify(execFile);

const PACKAGE = "packages/actor-core";

/** Makes a folder a project that has the packed package and its optional peers. */
export async function install(root, project) {
  const { tarball } = await packedCore(root);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await execute("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball], {
    cwd: project,
  });
  for (const peer of Object.keys(manifest(root).peerDependencies ?? {})) {
    symlinkSync(join(root, PACKAGE, "node_modules", peer), join(project, "node_modules", peer));
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
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
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

/** The package's own manifest. */
export function manifest(root) {
  return JSON.parse(readFileSync(join(root, PACKAGE, "package.json"), "utf8"));
}

/** What is written to import an entry of the manifest's `exports`. */
export function specifier(root, entry) {
  return entry.replace(".", manifest(root).name);
}
