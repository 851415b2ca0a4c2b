// Where the JavaScript runtimes lie that the actor core is proved on. All are packages of the workspace.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** @returns {{ name: string, path: string }[]} Name with version, as the runtime itself says it. */
export function runtimes(root) {
  const installed = join(root, "tooling", "runtimes", "node_modules");
  const bun = process.arch === "arm64" ? "bun-linux-aarch64" : "bun-linux-x64-baseline";
  const paths = [
    ["Node", join(installed, `node-20-${process.arch}`, "bin", "node")],
    ["Node", join(installed, `node-22-${process.arch}`, "bin", "node")],
    ["Node", process.execPath],
    ["Bun", join(installed, "@oven", bun, "bin", "bun")],
  ];
  return paths.map(([kind, path]) => {
    const version = execFileSync(path, ["--version"], { encoding: "utf8" });
    return { name: `${kind} ${version.trim().replace("v", "")}`, path };
  });
}
