// The JavaScript runtimes that the actor core is proved on: a package of the workspace, installed when they are asked for.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { installRuntimes } from "./setup.mjs";

/** @returns {Promise<{ name: string, path: string }[]>} Name with version, as the runtime itself says it. */
export async function runtimes(root) {
  const installed = join(root, "tooling", "runtimes", "node_modules");
  const bun = process.arch === "arm64" ? "bun-linux-aarch64" : "bun-linux-x64-baseline";
  const paths = [
    ["Node", join(installed, `node-20-${process.arch}`, "bin", "node")],
    ["Node", join(installed, `node-22-${process.arch}`, "bin", "node")],
    ["Node", process.execPath],
    ["Bun", join(installed, "@oven", bun, "bin", "bun")],
  ];
  if (!paths.every(([, path]) => existsSync(path))) await installRuntimes(root);
  return paths.map(([kind, path]) => {
    const version = execFileSync(path, ["--version"], { encoding: "utf8" });
    return { name: `${kind} ${version.trim().replace("v", "")}`, path };
  });
}
