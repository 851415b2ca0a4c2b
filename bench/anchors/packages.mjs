// The libraries of others: fetched when they are measured, so that installing and testing SOLO knows nothing of them.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const actors = { xstate: "5.33.3", effect: "4.1.0", nact: "7.6.2" };
const tokens = { "@biscuit-auth/biscuit-wasm": "0.5.0", "@ucans/ucans": "0.12.0" };
/** Programs of their own, with which nothing of ours is linked: workerd is under Apache-2.0, pm2 under AGPL-3.0. */
const hosts = { workerd: "1.20261117.1", pm2: "7.0.4" };
const manifest = JSON.stringify({ private: true, dependencies: { ...actors, ...tokens, ...hosts } });

const folder = resolve(import.meta.dirname, "../../.cache/anchors");

/** Fetches with npm what is not there yet. */
export function installPackages() {
  const file = join(folder, "package.json");
  const done = join(folder, "node_modules");
  if (existsSync(done) && readFileSync(file, "utf8") === manifest) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, manifest);
  // Stands where they are found, and imports them as their own kind of module says.
  writeFileSync(join(folder, "load.mjs"), "export const load = (name) => import(name);\n");
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, stdio: "pipe" });
}

/** Imports one of them. */
export async function load(name) {
  return (await import(pathToFileURL(join(folder, "load.mjs")).href)).load(name);
}

/** Where a file of one of them is. */
export function pathOf(file) {
  return join(folder, "node_modules", file);
}
