// The other actor libraries: fetched when they are measured, so that installing and testing SOLO knows nothing of them.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const manifest = JSON.stringify({ private: true, dependencies: { xstate: "5.33.3", effect: "4.1.0", nact: "7.6.2" } });

const folder = resolve(import.meta.dirname, "../../.cache/anchors");

/** Fetches with npm what is not there yet. */
export function installPackages() {
  const file = join(folder, "package.json");
  const done = join(folder, "node_modules");
  if (existsSync(done) && readFileSync(file, "utf8") === manifest) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, manifest);
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, stdio: "pipe" });
}

/** Imports one of them. */
export function load(name) {
  return import(pathToFileURL(createRequire(join(folder, "package.json")).resolve(name)).href);
}
