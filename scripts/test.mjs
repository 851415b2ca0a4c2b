// Runs every test: jest, then the types of the tests. Arguments go to jest; with some, only jest runs.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { checkTestTypes } from "./test-types.mjs";

const args = process.argv.slice(2);
const jest = createRequire(import.meta.url).resolve("jest/bin/jest");

// As flags of Node and not in NODE_OPTIONS, so that the processes which tests start do not inherit them.
const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
const { status } = spawnSync(process.execPath, [...flags, jest, ...args], { stdio: "inherit" });
process.exitCode = status ?? 1;

if (args.length === 0) {
  try {
    checkTestTypes(resolve(import.meta.dirname, ".."));
    console.log("Types of the tests: correct");
  } catch (error) {
    console.log(`${error.message}Types of the tests: wrong`);
    process.exitCode = 1;
  }
}
