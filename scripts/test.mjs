// Runs every test: jest, then the types that tests assert. Arguments go to jest; with some, only jest runs.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

const args = process.argv.slice(2);
const jest = createRequire(import.meta.url).resolve("jest/bin/jest.js");

// As flags of Node and not in NODE_OPTIONS, so that the processes which tests start do not inherit them.
const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
const tests = spawnSync(process.execPath, [...flags, jest, ...args], { stdio: "inherit" });
if (args.length > 0) process.exit(tests.status ?? 1);

const types = spawnSync("tsc", ["-p", "tsconfig.tests.json"], { stdio: "inherit" });
console.log(types.status === 0 ? "Types of the tests: correct" : "Types of the tests: wrong, see above");
process.exit(tests.status || types.status || 0);
